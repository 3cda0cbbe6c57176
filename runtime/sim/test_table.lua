-- Tests as YAML, for those who write no Lua: each document is a test.
--
--     test: is provisioned, then ready
--     answers:                                       # to what is asked for outside
--       - {exec: ping, answer: {ok: true}}
--     given: [objects]                               # applied, in order
--     steps:                                         # one thing each; everything settles after each
--       - advance: 5s
--     expect: [objects, as far as they matter]       # at the end
--     gone: [LabInstance/lab-2]
--
-- Part of the prelude of tests (test_prelude.lua): returns load(text, t, add).
local host, values = ...
local stop, sorted_keys, show = values.stop, values.sorted_keys, values.show

local DOCUMENT = {
  test = "string", scripts = "table", chaos = "boolean", config = "table", answers = "table", given = "table", steps = "table",
  expect = "table", gone = "string table",
}

-- Where the tables of the file are written; and where it stands.
local lines, line = {}, 1

local function stand_at(value)
  line = lines[value] or line
end

local function each(value)
  if value == nil then return ipairs {} end
  if type(value) ~= "table" or not values.is_list(value) then value = { value } end
  return ipairs(value)
end

local function check_keys(map, known, what)
  for _, key in ipairs(sorted_keys(map)) do
    local types = known[key]
    if not types then
      stop(("%s has no field %s; it has %s"):format(what, show(key), table.concat(sorted_keys(known), ", ")))
    end
    if not (" " .. types .. " "):find(" " .. type(map[key]) .. " ", 1, true) then
      stop(("%s: %s is not as it should be: %s"):format(what, key, show(map[key])))
    end
  end
end

-- The text for an object in a list of expectations, and what is expected of it.
local function expected(object)
  local metadata = object.metadata or {}
  if type(object.kind) ~= "string" or type(metadata.name) ~= "string" then
    stop("an expected object has a kind and a metadata.name")
  end
  local kind = object.apiVersion and object.apiVersion .. "/" .. object.kind or object.kind
  return kind, metadata.namespace, metadata.name
end

-- In a file without words for it, a field that is null is one that is not there.
local function null_is_absent(value)
  if value == host.null then return values.absent end
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = null_is_absent(item) end
  return copy
end

local step = {}

function step.answers(t, list)
  for _, one in each(list) do
    stand_at(one)
    check_keys(one, { exec = "string", http = "string", answer = "table string number boolean" }, "an answer")
    if one.exec then t:exec(one.exec, one.answer) else t:http(one.http, one.answer) end
  end
end

function step.apply(t, list)
  for _, object in each(list) do
    stand_at(object)
    t:apply(object)
  end
end

function step.delete(t, list)
  for _, ref in each(list) do t:delete(ref) end
end

function step.advance(t, duration) t:advance(duration) end
function step.crash(t) t:crash() end

function step.expect(t, list)
  for _, object in each(list) do
    stand_at(object)
    local kind, namespace, name = expected(object)
    local wanted = null_is_absent(object)
    t:expect({ kind = kind, namespace = namespace, name = name }, wanted)
  end
end

function step.gone(t, list)
  for _, ref in each(list) do t:gone(ref) end
end

local function do_step(t, one)
  stand_at(one)
  local word = type(one) == "table" and next(one) or one
  if not step[word] or type(one) == "table" and next(one, word) ~= nil then
    stop(("a step is one of %s, not %s"):format(table.concat(sorted_keys(step), ", "), show(one)))
  end
  step[word](t, type(one) == "table" and one[word] or nil)
  t:settle()
end

local function run(t, document)
  stand_at(document)
  step.answers(t, document.answers)
  step.apply(t, document.given)
  stand_at(document)
  t:settle()
  for _, one in each(document.steps) do do_step(t, one) end
  step.expect(t, document.expect)
  stand_at(document)
  step.gone(t, document.gone)
end

-- f, whose failures stand where the file is at then.
local function placed(f, ...)
  local ok, failure = pcall(f, ...)
  if ok then return end
  if type(failure) ~= "table" then failure = { message = tostring(failure) } end
  failure.frames = { ("%s:%d"):format(host.file, line) }
  error(failure, 0)
end

local function load(text, t, add)
  local documents, found = host.yaml(text)
  if not documents then stop(("%s: %s"):format(host.file, found)) end
  lines = found
  placed(function()
    for _, document in ipairs(documents) do
      stand_at(document)
      if type(document) ~= "table" or type(document.test) ~= "string" then stop("a document has a name: test: ...") end
      check_keys(document, DOCUMENT, "a test")
      add(document.test, document, function() placed(run, t, document) end)
    end
  end)
end

return { load = load }
