-- Values as tests see them: how they are shown, how parts of them are named, how they are compared. Part of
-- the prelude of tests (test_prelude.lua): run(host, parts) returns what goes into `parts`.
local host = ...

local function stop(message, fields)
  local failure = fields or {}
  failure.message = message
  error(failure, 0)
end

local function check(ok, message, fields)
  if ok == nil or ok == false then stop(message, fields) end
  return ok
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

-- --- showing -----------------------------------------------------------------------------------------

local absent = setmetatable({}, { __name = "absent" })
local present = setmetatable({}, { __name = "present" })
local null = host.null

local function is_list(value)
  return getmetatable(value) == host.list_mark or value[1] ~= nil
end

local function bare(key)
  return type(key) == "string" and key:match("^[%w_-]+$")
end

-- In one line, as YAML's flow style has it, with texts in quotation marks.
local function show(value, depth)
  depth = depth or 0
  if value == nil or value == absent then return "nothing" end
  if value == present then return "anything" end
  if value == null then return "null" end
  if type(value) == "string" then return '"' .. value:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"' end
  if type(value) ~= "table" then return tostring(value) end
  if depth > 6 then return "..." end
  local parts = {}
  if is_list(value) then
    for i = 1, #value do parts[i] = show(value[i], depth + 1) end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  for i, key in ipairs(sorted_keys(value)) do
    parts[i] = (bare(key) or show(tostring(key))) .. ": " .. show(value[key], depth + 1)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local SHOWN = 200

local function brief(value)
  local text = show(value)
  if #text <= SHOWN then return text end
  local cut = utf8.offset(text, 0, SHOWN)
  return text:sub(1, cut - 1) .. "..."
end

-- The steps of a path: fields, places in lists counted from 0, and in quotation marks what has dots in it:
-- "spec.disks[0].size", "metadata.annotations['a.b/c']".
local function steps_of(path)
  local steps, at = {}, 1
  while at <= #path do
    local quoted, after = path:match("^%.?%['([^']*)'%]()", at)
    local index, behind = path:match("^%[(%d+)%]()", at)
    local field, rest = path:match("^%.?([^.%[%]]+)()", at)
    if quoted then
      steps[#steps + 1], at = quoted, after
    elseif index then
      steps[#steps + 1], at = math.tointeger(index), behind
    elseif field then
      steps[#steps + 1], at = field, rest
    else
      stop(('"%s" is no path, as "spec.disks[0].size" is one'):format(path))
    end
  end
  return steps
end

-- An item of a list by what it is called: conditions have a type, most other things a name.
local function named_item(list, name)
  for _, item in ipairs(list) do
    if type(item) == "table" and (item.type == name or item.name == name) then return item end
  end
end

local function step_into(value, step)
  if type(value) ~= "table" then return nil end
  if math.type(step) == "integer" then return value[step + 1] end
  if is_list(value) then return named_item(value, step) end
  return value[step]
end

local function field_of(value, path)
  for _, step in ipairs(steps_of(path)) do value = step_into(value, step) end
  return value
end

-- --- comparing ---------------------------------------------------------------------------------------

local compare

local function problem(problems, path, expected, got)
  problems[#problems + 1] = ("%s: expected %s, got %s"):format(path, expected, brief(got))
end

local function join(path, key)
  if path == "" then return tostring(key) end
  return bare(key) and path .. "." .. key or ("%s['%s']"):format(path, key)
end

local function compare_lists(expected, got, path, problems)
  if #expected ~= #got then
    problem(problems, path, ("%d item%s: %s"):format(#expected, #expected == 1 and "" or "s", brief(expected)), got)
    return
  end
  for i = 1, #expected do compare(expected[i], got[i], ("%s[%d]"):format(path, i - 1), problems) end
end

local function compare_maps(expected, got, path, problems)
  for _, key in ipairs(sorted_keys(expected)) do
    if type(key) ~= "string" then stop(("%s: a field's name is a text, not %s"):format(path, tostring(key))) end
    local label = bare(key) and join(path, key) or path == "" and key or path .. "." .. key
    compare(expected[key], field_of(got, key), label, problems)
  end
end

-- Everything that `expected` names is so in `got`; what it does not name may be anything.
function compare(expected, got, path, problems)
  if expected == absent then
    if got ~= nil then problem(problems, path, "nothing", got) end
  elseif expected == present then
    if got == nil then problem(problems, path, "anything", got) end
  elseif type(expected) == "function" then
    if not expected(got) then problem(problems, path, "what the function takes", got) end
  elseif type(expected) ~= "table" then
    if expected ~= got then problem(problems, path, brief(expected), got) end
  elseif type(got) ~= "table" then
    problem(problems, path, brief(expected), got)
  elseif next(expected) ~= nil and is_list(expected) then
    compare_lists(expected, got, path, problems)
  elseif next(expected) == nil then
    if next(got) ~= nil then problem(problems, path, "nothing in it", got) end
  else
    compare_maps(expected, got, path, problems)
  end
end

-- Every way in which `got` is not as `expected`, a line each.
local function differences(expected, got)
  local problems = {}
  compare(expected, got, "", problems)
  return problems
end

return {
  stop = stop, check = check, sorted_keys = sorted_keys, absent = absent, present = present, is_list = is_list,
  show = show, brief = brief, join = join, named_item = named_item, differences = differences,
}
