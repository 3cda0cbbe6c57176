-- What tests are written in; scripts/TESTING.md describes it. This runs once in the Lua state of each test,
-- before the test's file; `host` holds the functions of play_api.c, the others are the parts that ran before.
-- It returns the environment of the file and the functions that play.c calls: run(index, end), answer(asked),
-- report(failure, frames), story(), files(index), names(), load(text) of tests
-- in YAML.
--
-- A failure is a table { message, details = lines, ref = whose past is told }; its place is where the test
-- stood when it was raised.
local host, values, past, tables = ...
local stop, check, sorted_keys, show = values.stop, values.check, values.sorted_keys, values.show
local place_of, get, words_of, named = past.place_of, past.get, past.words_of, past.named

-- --- answers ----------------------------------------------------------------------------------------

local answers = { exec = {}, http = {} }

-- The longest pattern that fits.
local function find_answer(kind, words)
  local best
  for pattern in pairs(answers[kind]) do
    if words:sub(1, #pattern) == pattern and (not best or #pattern > #best) then best = pattern end
  end
  if best then return answers[kind][best] end
  if kind == "http" and words:find(" ", 1, true) then
    return find_answer(kind, words:match(" (.*)$"))
  end
end

local function request_of(asked, kind, words)
  local request = {}
  for key, value in pairs(asked[kind]) do request[key] = value end
  request.kind, request.text, request.by, request.object = kind, words, asked.by, asked.object
  if kind == "http" then request.method = request.method or "GET" end
  return request
end

local ANSWER_KEYS = {
  exec = { ok = "boolean", code = "number", signal = "number", timedOut = "boolean", problem = "string",
    out = "string", err = "string", takes = "string number" },
  http = { ok = "boolean", status = "number", headers = "table", body = "string", json = "table", problem = "string",
    takes = "string number" },
}

local function check_answer(given, kind)
  for key, value in pairs(given) do
    local types = ANSWER_KEYS[kind][key]
    if not types then
      stop(('an answer to %s has no field "%s"; it has %s'):format(kind, tostring(key),
        table.concat(sorted_keys(ANSWER_KEYS[kind]), ", ")))
    end
    if not (" " .. types .. " "):find(" " .. type(value) .. " ", 1, true) then
      stop(("an answer to %s: %s is a %s, not a %s"):format(kind, key, types, type(value)))
    end
  end
end

local function answer_exec(given)
  if type(given) == "string" then given = { out = given } end
  if type(given) == "number" then given = { code = given } end
  if type(given) == "boolean" then given = { ok = given } end
  check_answer(given, "exec")
  local result = { out = given.out or "", err = given.err or "", signal = given.signal, timedOut = given.timedOut,
    problem = given.problem }
  if not (given.signal or given.timedOut or given.problem) then
    result.code = given.code or (given.ok == false and 1 or 0)
  end
  result.ok = result.code == 0
  return result
end

local function encode(value)
  return check(host.encode(value))
end

local function answer_http(given)
  if type(given) == "string" then given = { body = given } end
  if type(given) == "number" then given = { status = given } end
  if type(given) == "boolean" then given = { ok = given } end
  check_answer(given, "http")
  if given.problem then return { ok = false, problem = given.problem } end
  local status = given.status or (given.ok == false and 500 or 200)
  return { ok = status < 400, status = status, headers = given.headers or {},
    body = given.body or given.json and encode(given.json) or "" }
end

local function in_time(result, kind, takes, request)
  local limit = (request.timeoutMs or (kind == "exec" and 60000 or 30000)) / 1000
  if takes <= limit then return result, takes end
  if kind == "exec" then return { ok = false, timedOut = true, out = "", err = "" }, limit end
  return { ok = false, problem = ("no answer within %s"):format(host.duration(limit)) }, limit
end

local function unanswered(asked, kind, words)
  local said = kind == "exec" and {} or nil
  for i, word in ipairs(said and asked.exec.argv or {}) do said[i] = show(word) end
  local example = kind == "exec" and ('t:exec("%s", {ok = true})'):format(asked.exec.argv[1])
    or ('t:http("%s", {status = 200})'):format(words)
  stop(("nothing answers %s %s, asked by %s for %s: %s"):format(kind,
    said and "{" .. table.concat(said, ", ") .. "}" or words, asked.by, asked.object, example), { ref = asked.object })
end

-- How what was asked for ends: the result, and after how many seconds.
local function answer(asked)
  local kind, words = words_of(asked)
  local given = find_answer(kind, words)
  local request = request_of(asked, kind, words)
  if type(given) == "function" then given = given(request) end
  if given == nil then unanswered(asked, kind, words) end
  local takes = type(given) == "table" and given.takes and check(host.seconds(given.takes)) or 0
  local result = (kind == "exec" and answer_exec or answer_http)(given)
  return in_time(result, kind, takes, request)
end

local function set_answer(kind, pattern, given, example)
  if type(pattern) ~= "string" or given == nil then stop(("t:%s takes what is asked for and the answer: %s"):format(kind, example)) end
  if type(given) == "table" then check_answer(given, kind) end
  answers[kind][pattern] = given
end

-- --- t ----------------------------------------------------------------------------------------------

local t = {}

-- Whatever goes on from here may have ended a step with a failure that has its own story.
local halted

local function go(ok, message)
  if ok then return end
  if halted then
    local failure = halted
    halted = nil
    error(failure, 0)
  end
  stop(message)
end

function t:apply(what) go(host.apply(what)) end

function t:apply_file(path)
  go(host.apply(check(host.read(path))))
end

function t:delete(ref) go(host.delete(place_of(ref))) end

function t:patch(ref, fields)
  local kind, namespace, name = place_of(ref)
  go(host.patch(kind, namespace, name, fields))
end

function t:settle() go(host.settle()) end
function t:advance(duration) go(host.advance(duration)) end
function t:crash() go(host.crash()) end
function t:now() return host.now() end
function t:get(ref) return get(ref) end

function t:list(kind, labels, namespace)
  return check(host.list(kind, namespace, labels))
end

function t:events(ref)
  local kind, namespace, name = place_of(ref)
  local found = {}
  for _, change in ipairs(check(host.history(kind, namespace, name))) do
    if change.event then
      local event = change.object
      local known = found[event.metadata.name]
      if not known then
        known = {}
        found[#found + 1], found[event.metadata.name] = known, known
      end
      known.type, known.reason, known.message = event.type, event.reason, event.message
      known.count, known.by = event.count, (event.source or {}).component
    end
  end
  for key in pairs(found) do
    if type(key) == "string" then found[key] = nil end
  end
  return found
end

local function hint()
  if host.is_busy() then return { "something is left to do now: t:settle() first?" } end
end

function t:expect(ref, fields)
  local object = get(ref)
  if object == nil then stop(("there is no %s"):format(named(ref)), { ref = ref, details = hint() }) end
  if type(fields) ~= "table" then stop('t:expect takes a reference and fields: t:expect("Kind/name", {["status.state"] = "ready"})') end
  local problems = values.differences(fields, object)
  if #problems > 0 then
    for _, line in ipairs(hint() or {}) do problems[#problems + 1] = line end
    stop(("%s is not as expected at %s"):format(named(ref), host.duration(host.now())), { ref = ref, details = problems })
  end
  return object
end

function t:gone(ref)
  local object = get(ref)
  if object ~= nil then
    local state = object.metadata.deletionTimestamp and "is being deleted" or "is still there"
    stop(("%s %s at %s"):format(named(ref), state, host.duration(host.now())), { ref = ref, details = hint() })
  end
end

function t:refused(what, text)
  local ok, message = host.apply(what)
  if ok then stop(("this was accepted, and should have been refused%s"):format(text and ": " .. text or "")) end
  if text and not message:find(text, 1, true) then
    stop("it was refused for another reason", { details = { "expected: " .. text, "got:      " .. message } })
  end
  return message
end

function t:exec(pattern, given) set_answer("exec", pattern, given, 't:exec("ping", {ok = true})') end
function t:http(pattern, given) set_answer("http", pattern, given, 't:http("GET http://host/path", {status = 200})') end

-- What was asked for outside, oldest first. A named effect is one, however often a crash had it begun.
function t:effects()
  local list = {}
  for _, asked in ipairs(host.effects()) do
    if not asked.again then
      local kind, words = words_of(asked)
      local request = request_of(asked, kind, words)
      request.at, request.phase = asked.at, asked.phase
      list[#list + 1] = request
    end
  end
  return list
end

-- What the controllers have counted since the host came up; nil where nothing.
function t:metric(name, labels)
  if type(name) ~= "string" or labels ~= nil and type(labels) ~= "table" then
    stop('t:metric takes a name and labels: t:metric("jobs_total", {queue = "a"})')
  end
  local list = {}
  for label, value in pairs(labels or {}) do list[#list + 1], list[#list + 2] = tostring(label), tostring(value) end
  return host.metric(name, list)
end

setmetatable(t, { __index = function(_, name)
  local names = {}
  for key in pairs(t) do names[#names + 1] = key end
  table.sort(names)
  stop(("there is no t:%s; there are %s"):format(tostring(name), table.concat(names, ", ")))
end })

for name, method in pairs(t) do
  t[name] = function(self, ...)
    if self ~= t then stop(("say t:%s(...), with a colon"):format(name)) end
    return method(self, ...)
  end
end

-- --- the file ---------------------------------------------------------------------------------------

local tests = {}

local function add_test(name, options, run)
  tests[#tests + 1] = { name = name, run = run, chaos = options.chaos ~= false, scripts = options.scripts,
    config = options.config }
end

local words = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, select = select,
  setmetatable = setmetatable, getmetatable = getmetatable, tonumber = tonumber, tostring = tostring, type = type,
  rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = rawset, xpcall = xpcall,
  string = string, table = table, math = math, utf8 = utf8, coroutine = coroutine, print = print,
  absent = values.absent, present = values.present, null = host.null,
  array = function(items) return setmetatable(items or {}, host.list_mark) end,
}

local TEST_KEYS = { chaos = "boolean", config = "table" }

-- test("name", function(t) ... end), or test("name", { chaos = false, config = {} }, function(t) ... end)
function words.test(name, options, run)
  if type(options) == "function" then options, run = {}, options end
  if type(name) ~= "string" or type(options) ~= "table" or type(run) ~= "function" then
    stop('test takes a name and a function: test("becomes ready", function(t) ... end)')
  end
  for key, value in pairs(options) do
    if type(value) ~= TEST_KEYS[key] then stop(("a test has no option %s = %s"):format(tostring(key), show(value))) end
  end
  add_test(name, options, run)
end

local environment = setmetatable({}, {
  __index = function(_, name)
    local word = words[name]
    if word == nil and name ~= "scripts" then stop(('there is no "%s" in a test'):format(tostring(name))) end
    return word
  end,
})

-- `wanted` is how a run without a fault has ended, nil in that run itself. Returns how this one has, and
-- whether the test is one for faults at all.
local function run(index, wanted)
  local one = tests[index]
  one.run(t)
  t:settle()
  local got = past.end_state()
  if wanted then past.check_end(wanted, got) end
  return got, one.chaos
end

local function names()
  local list = {}
  for i, one in ipairs(tests) do list[i] = one.name end
  return list
end

-- The controller files that a test is about; nil: the one beside the file.
local function files(index)
  return tests[index].scripts or rawget(environment, "scripts")
end

-- What its controllers are configured with; nil: nothing.
local function config(index)
  return tests[index].config
end

local function load(text)
  tables.load(text, t, add_test)
end

local function safe_answer(asked)
  local results = table.pack(pcall(answer, asked))
  if results[1] then return results[2], results[3] end
  halted = type(results[2]) == "table" and results[2] or { message = tostring(results[2]), ref = asked.object }
  error(halted.message, 0)
end

return environment, { run = run, answer = safe_answer, report = past.report, story = past.story, files = files, config = config, names = names, load = load }
