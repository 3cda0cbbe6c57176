-- A kind that a script carries in itself: from what it says of fields and columns to a
-- CustomResourceDefinition. Part of the prelude, which hands in what it checks with.
local host, stop, check_keys, words_of, sorted_keys = ...

local FIELD_TYPES = {
  string = { type = "string" }, integer = { type = "integer" }, number = { type = "number" },
  boolean = { type = "boolean" }, duration = { type = "string", format = "duration" },
  time = { type = "string", format = "date-time" },
  any = { ["x-kubernetes-preserve-unknown-fields"] = true },
}

local schema_of

-- What OpenAPI says of a value beside its type (and any extension, x-...).
local KEYWORDS = {
  "default", "description", "enum", "example", "exclusiveMaximum", "exclusiveMinimum", "format", "items",
  "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum",
  "multipleOf", "nullable", "pattern", "required", "title", "uniqueItems", "values",
}

local function check_keyword(key, what)
  if type(key) ~= "string" then stop("%s: a type has one name, not two", what) end
  if key:sub(1, 2) == "x-" then return end
  for _, known in ipairs(KEYWORDS) do
    if key == known then return end
  end
  local near = host.nearest(key, KEYWORDS)
  stop('%s: unknown key "%s"%s', what, key, near and ', did you mean "' .. near .. '"?' or "")
end

local function object_schema(fields, what)
  for name in pairs(fields) do
    if type(name) ~= "string" then stop('%s: a field has a name: name = "string"', what) end
  end
  local schema = { type = "object", properties = setmetatable({}, host.object_mark) }
  local required = {}
  for _, name in ipairs(sorted_keys(fields)) do
    local field, needed = schema_of(fields[name], what .. "." .. name)
    schema.properties[name] = field
    if needed then required[#required + 1] = name end
  end
  if #required > 0 then schema.required = required end
  return schema
end

local function named_type(word, what)
  local name, needed = word:match("^(%a+)(!?)$")
  local base = name and FIELD_TYPES[name]
  if not base then
    local near = host.nearest(word, sorted_keys(FIELD_TYPES))
    stop('%s: there is no type "%s"%s', what, word, near and ', did you mean "' .. near .. '"?' or "")
  end
  local schema = {}
  for key, value in pairs(base) do schema[key] = value end
  return schema, needed == "!"
end

-- "string!", { "integer", default = 3 }, { "list", items = "string" }, { "map", values = "string" },
-- { field = ..., ... }, or plain OpenAPI, which has a `type`.
function schema_of(field, what)
  if type(field) == "string" then return named_type(field, what) end
  if type(field) ~= "table" then stop("%s: a type is a text or a table, not a %s", what, type(field)) end
  if field.type ~= nil and type(field.type) == "string" and field[1] == nil then return field end
  if field[1] == nil then return object_schema(field, what) end
  local schema, needed
  if field[1] == "list" then
    schema = { type = "array", items = (schema_of(field.items or "any", what .. "[]")) }
  elseif field[1] == "map" then
    schema = { type = "object", additionalProperties = (schema_of(field.values or "string", what .. "[]")) }
  else
    schema, needed = named_type(field[1], what)
  end
  for key, value in pairs(field) do
    if key ~= 1 then check_keyword(key, what) end
    if key == "required" then
      needed = value
    elseif key ~= 1 and key ~= "items" and key ~= "values" then
      schema[key] = value
    end
  end
  return schema, needed
end

local CONDITIONS = {
  type = "array", ["x-kubernetes-list-type"] = "map", ["x-kubernetes-list-map-keys"] = { "type" },
  items = {
    type = "object", required = { "type", "status" },
    properties = {
      type = { type = "string" }, status = { type = "string", enum = { "True", "False", "Unknown" } },
      observedGeneration = { type = "integer" },
      lastTransitionTime = { type = "string", format = "date-time" },
      reason = { type = "string" }, message = { type = "string" },
    },
  },
}

local function status_schema(fields, has_states)
  local schema = object_schema(fields or {}, "status")
  local properties = schema.properties
  properties.conditions = properties.conditions or CONDITIONS
  properties.observedGeneration = properties.observedGeneration or { type = "integer" }
  if has_states then properties.state = properties.state or { type = "string" } end
  return schema
end

local function columns_of(columns)
  local list = {}
  for i, column in ipairs(columns or {}) do
    if type(column) ~= "table" or type(column[1]) ~= "string" or type(column[2]) ~= "string" then
      stop('kind: column %d is no { "Name", ".status.field" }', i)
    end
    list[i] = { name = column[1], jsonPath = column[2], type = column[3] or "string" }
  end
  list[#list + 1] = { name = "Age", type = "date", jsonPath = ".metadata.creationTimestamp" }
  return list
end

local KIND_KEYS = {
  plural = "string", singular = "string", short = "string table", categories = "string table",
  scope = "string", spec = "table", status = "table", columns = "table", description = "string",
}

local function names_of(declared, name)
  local short = words_of(declared.short, "kind.short")
  local categories = words_of(declared.categories, "kind.categories")
  return {
    kind = name, listKind = name .. "List", plural = declared.plural or name:lower() .. "s",
    singular = declared.singular or name:lower(),
    shortNames = #short > 0 and short or nil, categories = #categories > 0 and categories or nil,
  }
end

-- What the schema says of "spec.a.b"; nil where it says nothing of that part, and a stop where there is no such
-- field. Lists and filters are not followed.
local function field_at(schema, path, what)
  local so_far = ""
  for name in path:gmatch("[^.]+") do
    local fields = schema.properties
    if name:find("[", 1, true) or not fields or schema["x-kubernetes-preserve-unknown-fields"] then return nil end
    if not fields[name] then
      local near = host.nearest(name, sorted_keys(fields))
      stop('%s: there is no field "%s"%s%s', what, name, so_far ~= "" and " in " .. so_far or "",
        near and ', did you mean "' .. near .. '"?' or "")
    end
    so_far = so_far == "" and name or so_far .. "." .. name
    schema = fields[name]
  end
  return schema
end

local function check_columns(schema, columns)
  for _, column in ipairs(columns or {}) do
    local part = column[2]:match("^%.(%a+)")
    if part == "spec" or part == "status" then
      field_at(schema, column[2]:sub(2), ('kind: column "%s"'):format(column[1]))
    end
  end
end

local function check_deadlines(schema, states)
  for _, one in ipairs(states) do
    local what = ("state %s: `within_field`"):format(one.name)
    local field = one.within_field and field_at(schema, one.within_field, what)
    if field and field.type == "string" and field.format ~= "duration" then
      stop('%s: %s is a string; a deadline is a "duration"', what, one.within_field)
    end
    if one.from then field_at(schema, one.from, ("state %s: `from`"):format(one.name)) end
  end
end

-- The CustomResourceDefinition of `identity`, as JSON.
local function definition(identity, declared, states)
  check_keys(declared, KIND_KEYS, "kind")
  local group, version, name = identity:match("^(.+)/([^/]+)/([^/]+)$")
  if not group then stop('kind: "%s" has no group; a kind of your own is GROUP/VERSION/KIND', identity) end
  local names = names_of(declared, name)
  local properties = { status = status_schema(declared.status, #states > 0) }
  local schema = { type = "object", description = declared.description, properties = properties }
  if declared.spec then
    properties.spec = object_schema(declared.spec, "spec")
    if properties.spec.required then schema.required = { "spec" } end
  end
  local columns = columns_of(declared.columns)
  check_columns(schema, declared.columns)
  check_deadlines(schema, states)
  return host.encode {
    apiVersion = "apiextensions.k8s.io/v1", kind = "CustomResourceDefinition",
    metadata = { name = names.plural .. "." .. group },
    spec = {
      group = group, scope = declared.scope or "Namespaced", names = names,
      versions = { {
        name = version, served = true, storage = true,
        subresources = { status = setmetatable({}, host.object_mark) },
        additionalPrinterColumns = columns,
        schema = { openAPIV3Schema = schema },
      } },
    },
  }
end

return definition
