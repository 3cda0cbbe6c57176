-- The words that scripts are written in. This runs once in each script's state, before the script, under
-- the same bounds; `host` holds the functions of ask.c and tell.c. It returns the environment of the script
-- and the function that reads what the script returns.
--
-- Checks raise without a position; the functions that scripts call put that of their caller in front.
local host = ...

local function stop(format, ...)
  error(string.format(format, ...), 0)
end

local told = host.told

local function text_of(format, ...)
  if format == nil then return "" end
  if select("#", ...) == 0 then return tostring(format) end
  return string.format(format, ...)
end

-- The keys that are texts.
local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

local function quoted(value)
  return type(value) == "string" and '"' .. value .. '"' or tostring(value)
end

-- Every key of `options` is one of `known` (a map from name to type), or else what was meant is told.
local function check_keys(options, known, what)
  for key, value in pairs(options) do
    local kind = known[key]
    if kind == nil then
      local near = type(key) == "string" and host.nearest(key, sorted_keys(known))
      stop("unknown key %s in %s%s", type(key) == "string" and quoted(key) or "[" .. tostring(key) .. "]",
        what, near and ', did you mean "' .. near .. '"?' or "")
    end
    if kind ~= "any" and not (" " .. kind .. " "):find(" " .. type(value) .. " ", 1, true) then
      stop("%s: %s is a %s, not a %s", what, key == 1 and "[1]" or key, kind:gsub(" ", " or a "), type(value))
    end
  end
end

local function words_of(value, what)
  if value == nil then return {} end
  if type(value) == "string" then return { value } end
  for _, word in ipairs(value) do
    if type(word) ~= "string" then stop("%s: a name is a text, not a %s", what, type(word)) end
  end
  return value
end

local function has(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end

local function one_of(name, names, what)
  if has(names, name) then return end
  local near = host.nearest(name, names)
  stop('%s names unknown state "%s"%s', what, name, near and ', did you mean "' .. near .. '"?' or "")
end

-- `items` as a list or an object, whatever it was.
local function marked(mark, items)
  if items == nil then return setmetatable({}, mark) end
  if type(items) ~= "table" then stop("array and object take a table, not a %s", type(items)) end
  if getmetatable(items) == nil then return setmetatable(items, mark) end
  local copy = {}
  for key, value in next, items do copy[key] = value end
  return setmetatable(copy, mark)
end

-- --- outcomes ---------------------------------------------------------------------------------------

local DONE, AGAIN, ENTER, RETRY, FAIL = 0, 1, 2, 3, 4

local function outcome(fields)
  return setmetatable(fields, host.outcome_mark)
end

local function is_duration(value)
  return type(value) == "number" or type(value) == "string" and host.duration(value) ~= nil
end

local function milliseconds(value, what)
  if type(value) ~= "string" and type(value) ~= "number" then
    stop('%s takes a duration such as "5s" or a number of seconds, not a %s', what, type(value))
  end
  local ms = host.milliseconds(value)
  if not ms then stop('%s: %s is no duration; expected one such as "2s" or "1h30m"', what, quoted(value)) end
  return ms
end

-- A reason is one word; a sentence in its place is the message, and `otherwise` the reason.
local function told_as(fields, otherwise, reason, ...)
  if reason ~= nil and type(reason) ~= "string" then
    stop("a reason is a text such as NotReady, not a %s", type(reason))
  end
  if reason ~= nil and not reason:match("^%a[%w_,:]*$") then
    fields.reason, fields.message = otherwise, text_of(reason, ...)
  else
    fields.reason, fields.message = reason, text_of(...)
  end
  return outcome(fields)
end

-- retry(), retry "5s", retry("5s", "Reason", "why %s", x), retry("Reason", "why %s", x)
local function retry(after, ...)
  local fields = { outcome = RETRY, after_ms = 0 }
  if type(after) == "string" and not is_duration(after) then return told_as(fields, "Retrying", after, ...) end
  fields.after_ms = after and milliseconds(after, "retry") or 0
  return told_as(fields, "Retrying", ...)
end

local function again(after)
  return outcome { outcome = AGAIN, after_ms = milliseconds(after, "again") }
end

local function fail(reason, ...)
  return told_as({ outcome = FAIL, after_ms = 0 }, "Failed", reason or "Failed", ...)
end

local function enter(state, ...)
  if type(state) ~= "string" then stop("enter takes the name of a state, not a %s", type(state)) end
  return told_as({ outcome = ENTER, after_ms = 0, state = state }, "Entered", ...)
end

local function done()
  return outcome { outcome = DONE, after_ms = 0 }
end

-- --- telling ----------------------------------------------------------------------------------------

local NORMAL, WARNING = 0, 1
local DEBUG_LEVEL, INFO_LEVEL, WARN_LEVEL, ERROR_LEVEL = 0, 1, 2, 3

local function teller(tone, what)
  return function(reason, ...)
    if type(reason) ~= "string" then stop('%s takes a reason and a message: %s("Reason", "message")', what, what) end
    host.event(tone, reason, text_of(...))
  end
end

local event, warn = teller(NORMAL, "event"), teller(WARNING, "warn")

local function condition(kind, truth, reason, ...)
  if type(kind) ~= "string" then stop('condition takes a type: condition("Ready", true, "Reason", "message")') end
  if truth == "Unknown" then truth = nil end
  if truth ~= nil and type(truth) ~= "boolean" then
    stop('condition %s is true, false or "Unknown", not %s', kind, quoted(truth))
  end
  host.condition(kind, truth, reason or kind, text_of(...))
end

local function logger(level)
  return told(function(...) host.log(level, text_of(...)) end)
end

local log = {
  debug = logger(DEBUG_LEVEL), info = logger(INFO_LEVEL),
  warn = logger(WARN_LEVEL), error = logger(ERROR_LEVEL),
}

local function print(...)
  local words = table.pack(...)
  for i = 1, words.n do words[i] = tostring(words[i]) end
  host.log(INFO_LEVEL, table.concat(words, "\t"))
end

-- --- other objects ----------------------------------------------------------------------------------

local LIST_KEYS = { labels = "string", namespace = "string", owner = "userdata" }

-- list("Pod", { labels = "a=b", namespace = "x", owner = object }): of these, those that `owner` owns.
local function list(kind, options)
  if options ~= nil and type(options) ~= "table" then stop("list: the options are a table, not a %s", type(options)) end
  check_keys(options or {}, LIST_KEYS, "list")
  local found = host.list(kind, options)
  if not options or not options.owner then return found end
  local owned, uid = {}, options.owner.metadata.uid
  for _, object in ipairs(found) do
    local references = object.metadata.ownerReferences
    for i = 1, #references do
      if references[i].uid == uid then owned[#owned + 1] = object end
    end
  end
  return owned
end

-- --- the outside world ------------------------------------------------------------------------------

local EXEC_KEYS = {
  timeout = "string number", stdin = "string", env = "table", directory = "string", name = "string",
}

-- Why a program did not do what it should, in one sentence; its own last line says most.
local function problem_of_exec(r)
  if r.timedOut then return "it took too long, and was ended" end
  if r.signal then return ("it was ended by signal %d"):format(r.signal) end
  local last = (r.err or ""):match("([^\n]+)%s*$")
  return ("it ended with code %s%s"):format(tostring(r.code), last and ": " .. last or "")
end

-- exec { "cmd", "argument", timeout = "1m", stdin = "", env = {}, directory = "/", name = "once" }
local function exec(options)
  if type(options) ~= "table" then stop('exec takes a table: exec { "program", "argument" }') end
  local argv, named = {}, {}
  for i, word in ipairs(options) do
    if type(word) == "table" then stop("exec: argument %d is a table", i) end
    argv[i] = tostring(word)
  end
  for key, value in pairs(options) do
    if math.type(key) ~= "integer" or key < 1 or key > #argv then named[key] = value end
  end
  if named.cwd then stop("exec: its folder is `directory`, not `cwd`") end
  check_keys(named, EXEC_KEYS, "exec")
  if #argv == 0 then stop('exec: there is no program to run: exec { "program", "argument" }') end
  local result = host.outside("exec", {
    argv = marked(host.array_mark, argv), stdin = named.stdin, directory = named.directory,
    env = named.env and marked(host.object_mark, named.env),
    timeoutMs = named.timeout and milliseconds(named.timeout, "exec: timeout"), name = named.name,
  })
  if type(result) == "table" and result.ok == false and not result.problem then
    result.problem = problem_of_exec(result)
  end
  return result
end

local response = {}
response.__index = response
response.__metatable = false

-- The body as a value: nil and a sentence where it is no JSON.
function response:json()
  return host.decode(self.body or "")
end

local HTTP_KEYS = {
  url = "string", method = "string", headers = "table", body = "string", json = "any",
  timeout = "string number", name = "string",
}

local function request(options)
  if type(options) ~= "table" then stop('http.request takes a table: http.request { url = "http://..." }') end
  check_keys(options, HTTP_KEYS, "http")
  if not options.url then stop('http: there is no url: http.get "http://..."') end
  local headers = {}
  for name, value in pairs(options.headers or {}) do headers[name] = tostring(value) end
  local body = options.body
  if options.json ~= nil then
    body = host.encode(options.json)
    headers["content-type"] = headers["content-type"] or "application/json"
  end
  local result = host.outside("http", {
    url = options.url, method = options.method, body = body,
    headers = marked(host.object_mark, headers),
    timeoutMs = options.timeout and milliseconds(options.timeout, "http: timeout"), name = options.name,
  })
  if type(result) == "table" and result.ok == false and not result.problem then
    result.problem = ("%s answered %d"):format(options.url, result.status)
  end
  return marked(response, result)
end

local function requester(method)
  return told(function(url, options)
    local all = { url = url, method = method }
    if options ~= nil and type(options) ~= "table" then stop("http: the options are a table, not a %s", type(options)) end
    for key, value in pairs(options or {}) do all[key] = value end
    return request(all)
  end)
end

local http = {
  request = told(request), get = requester "GET", head = requester "HEAD", post = requester "POST",
  put = requester "PUT", patch = requester "PATCH", delete = requester "DELETE",
}

-- --- metrics ----------------------------------------------------------------------------------------

local COUNTER, GAUGE, HISTOGRAM = 0, 1, 2

-- Name and value by turns, in one order: the same labels are the same series.
local function labels_of(labels, what)
  local list = {}
  if labels ~= nil and type(labels) ~= "table" then stop("%s: labels are a table, not a %s", what, type(labels)) end
  for name in pairs(labels or {}) do
    if type(name) ~= "string" then stop('%s: labels are { name = "value" }', what) end
  end
  for _, name in ipairs(sorted_keys(labels or {})) do
    local value = labels[name]
    if type(value) ~= "string" and type(value) ~= "number" and type(value) ~= "boolean" then
      stop("%s: the label %s is a %s, not a text", what, name, type(value))
    end
    list[#list + 1], list[#list + 2] = name, tostring(value)
  end
  return list
end

local function meter(what, kind, name, value, labels)
  if type(name) ~= "string" then stop('%s takes a name: %s "jobs_total"', what, what) end
  if type(value) ~= "number" then stop("%s: a %s is no number", what, type(value)) end
  host.meter(kind, name, value, labels_of(labels, what))
end

local metrics = {
  count = told(function(name, labels, by) meter("metrics.count", COUNTER, name, by == nil and 1 or by, labels) end),
  set = told(function(name, value, labels) meter("metrics.set", GAUGE, name, value, labels) end),
  observe = told(function(name, value, labels) meter("metrics.observe", HISTOGRAM, name, value, labels) end),
}

local definition = host.kind(host, stop, check_keys, words_of, sorted_keys)

-- --- states -----------------------------------------------------------------------------------------

local STATE_KEYS = {
  [1] = "function", to = "string table", within = "string number", within_field = "string", from = "string",
  otherwise = "string", condition = "string", reason = "string", message = "string", final = "boolean",
  teardown = "boolean", alone = "boolean", every = "string number",
}
local FINAL, TEARDOWN, ALONE = 1, 2, 4

local state_mark = {}
local states_made = 0

local function state(options)
  if type(options) ~= "table" then stop("state takes a table: state { to = \"Next\", function(object) end }") end
  check_keys(options, STATE_KEYS, "a state")
  local timed = options.within ~= nil or options.within_field ~= nil
  if timed and not options.otherwise and not options.condition then
    stop("a state has `within` and neither `otherwise` (a state) nor `condition`")
  end
  if options.otherwise and options.condition then
    stop("a state has both `otherwise` and `condition`: its deadline leads to one of them")
  end
  if options.every and not options[1] then stop("a state has `every` and no function") end
  if options.teardown and options[1] then
    stop("a teardown state has no function: what is done for an object that is being deleted is `finalize`")
  end
  states_made = states_made + 1
  return setmetatable({
    order = states_made, run = options[1], to = words_of(options.to, "to"),
    within_ms = options.within and milliseconds(options.within, "within") or 0,
    every_ms = options.every and milliseconds(options.every, "every") or 0,
    within_field = options.within_field, from = options.from, otherwise = options.otherwise,
    condition = options.condition, reason = options.reason, message = options.message,
    flags = (options.final and FINAL or 0) | (options.teardown and TEARDOWN or 0) | (options.alone and ALONE or 0),
  }, state_mark)
end

-- The states of `options`, in the order in which they were written, the initial one first.
local function take_states(options)
  local states, names = {}, {}
  for name, value in pairs(options) do
    if getmetatable(value) == state_mark then
      if type(name) ~= "string" then stop("a state has a name: Name = state { ... }") end
      if value.name then stop("state %s is there twice, the second time as %s: write state { ... } for each", value.name, name) end
      value.name = name
      states[#states + 1] = value
    end
  end
  table.sort(states, function(a, b) return a.order < b.order end)
  for i, one in ipairs(states) do
    if one.name == options.initial then
      table.insert(states, 1, table.remove(states, i))
      break
    end
  end
  for i, one in ipairs(states) do names[i] = one.name end
  if options.initial and names[1] ~= options.initial then one_of(options.initial, names, "initial") end
  return states, names
end

-- Where deadlines and deletions lead need not be said twice.
local function complete_moves(states, names)
  local teardown
  for _, one in ipairs(states) do
    if one.flags & TEARDOWN ~= 0 then teardown = one.name end
  end
  for _, one in ipairs(states) do
    for _, name in ipairs(one.to) do one_of(name, names, "state " .. one.name .. ": `to`") end
    local next = { table.unpack(one.to) }
    if one.otherwise then
      one_of(one.otherwise, names, "state " .. one.name .. ": `otherwise`")
      if not has(next, one.otherwise) then next[#next + 1] = one.otherwise end
    end
    if teardown and one.name ~= teardown and one.flags & FINAL == 0 and not has(next, teardown) then
      next[#next + 1] = teardown
    end
    one.next = table.concat(next, ", ")
  end
end

-- --- controllers ------------------------------------------------------------------------------------

local declaration_mark = {}

local CONTROLLER_KEYS = {
  name = "string", kind = "table", crd = "string", owns = "string table", initial = "string",
  state_field = "string", renamed = "table", version = "string", limits = "table",
  reconcile = "function", finalize = "function",
}
local OBSERVER_KEYS = {
  name = "string", labels = "string", annotation = "string", owns = "string table", version = "string",
  limits = "table", reconcile = "function",
}
local LIMIT_KEYS = { run = "string number" }

local function run_limit(limits)
  check_keys(limits or {}, LIMIT_KEYS, "limits")
  return limits and limits.run and milliseconds(limits.run, "limits.run") or host.run_ms
end

local function renames_of(renamed, names)
  local list = {}
  for old in pairs(renamed or {}) do
    if type(old) ~= "string" then stop('renamed says old = "new": an old name is a text, not a %s', type(old)) end
  end
  for _, old in ipairs(sorted_keys(renamed or {})) do
    one_of(renamed[old], names, "renamed")
    list[#list + 1] = old .. "=" .. renamed[old]
  end
  return #list > 0 and table.concat(list, ", ") or nil
end

local function owned(owns)
  local list = words_of(owns, "owns")
  return #list > 0 and table.concat(list, ", ") or nil
end

local function declare_controller(identity, options)
  if type(options) ~= "table" then stop('controller takes a table: controller "g/v1/Kind" { ... }') end
  local states, names = take_states(options)
  local plain = {}
  for key, value in pairs(options) do
    if getmetatable(value) ~= state_mark then plain[key] = value end
  end
  check_keys(plain, CONTROLLER_KEYS, "the controller")
  complete_moves(states, names)
  if #states == 0 and not options.reconcile then stop("the controller has neither states nor `reconcile`") end
  if options.kind and options.crd then stop("the controller has both `kind` and `crd`: one says what the other does") end
  local crd = options.crd
  if options.kind then crd = definition(identity, options.kind, states) end
  return setmetatable({
    name = options.name, kind = identity, flags = 0, owns = owned(options.owns), crd = crd,
    state_field = options.state_field, renamed = renames_of(options.renamed, names),
    version = options.version, limit_ms = run_limit(options.limits),
    states = #states > 0 and states or nil, reconcile = options.reconcile, finalize = options.finalize,
  }, declaration_mark)
end

local OBSERVER = 1

local function declare_observer(kinds, options)
  if type(options) ~= "table" then stop('observer takes a table: observer "*" { ... }') end
  check_keys(options, OBSERVER_KEYS, "the observer")
  if not options.reconcile then stop("the observer has no `reconcile`") end
  return setmetatable({
    name = options.name, kind = table.concat(words_of(kinds, "observer"), ", "), flags = OBSERVER,
    owns = owned(options.owns), labels = options.labels, annotation = options.annotation,
    version = options.version, limit_ms = run_limit(options.limits), reconcile = options.reconcile,
  }, declaration_mark)
end

-- controller "group/version/Kind" { ... }
local function controller(identity)
  if type(identity) ~= "string" or not identity:match("^[^/]+/[^/]+") then
    stop('controller takes a kind: controller "group/version/Kind" { ... }')
  end
  return told(function(options) return declare_controller(identity, options) end)
end

local function observer(kinds)
  if type(kinds) ~= "string" and type(kinds) ~= "table" then
    stop('observer takes kinds: observer "*" { ... }')
  end
  return told(function(options) return declare_observer(kinds, options) end)
end

-- What the script returned, as a list of declarations with names.
local function read(returned, ...)
  if select("#", ...) > 0 then
    stop("%s.lua returns %d things; several are one list: return { controller ..., observer ... }", host.name,
      select("#", ...) + 1)
  end
  local list = getmetatable(returned) == declaration_mark and { returned } or returned
  if type(list) ~= "table" or #list == 0 then
    stop('%s.lua declares nothing: it ends in `return controller "group/version/Kind" { ... }`', host.name)
  end
  for i, one in ipairs(list) do
    if getmetatable(one) ~= declaration_mark then
      stop("%s.lua returns a list, and item %d is neither a controller nor an observer", host.name, i)
    end
    if not one.name and i > 1 then stop("%s.lua declares several controllers: number %d has no `name`", host.name, i) end
    one.name = one.name or host.name
  end
  return list
end

-- --- the environment --------------------------------------------------------------------------------

-- A library as scripts have it: what one run would change in it, all later ones would find.
local function frozen(name, library)
  return setmetatable({}, {
    __index = library, __metatable = false, __name = name,
    __newindex = function() error(string.format("%s cannot be changed; keep what is yours in a local", name), 2) end,
    __pairs = function() return function(_, key) return next(library, key) end end,
    __call = library == log and told(function(_, ...) host.log(INFO_LEVEL, text_of(...)) end) or nil,
  })
end

local words = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall,
  rawequal = rawequal, rawget = rawget, rawlen = rawlen, select = select, setmetatable = setmetatable,
  getmetatable = getmetatable, tonumber = tonumber, tostring = tostring, type = type, xpcall = xpcall,
  string = frozen("string", string), table = frozen("table", table), math = frozen("math", math),
  utf8 = frozen("utf8", utf8), coroutine = frozen("coroutine", coroutine), print = told(print),

  controller = told(controller), observer = told(observer), state = told(state),
  retry = told(retry), again = told(again), fail = told(fail), enter = told(enter), done = done,
  get = host.get, list = told(list), apply = host.apply, delete = host.delete,
  sleep = told(function(duration) return host.sleep(milliseconds(duration, "sleep")) end), exec = told(exec), http = frozen("http", http),
  event = told(event), warn = told(warn), condition = told(condition), log = frozen("log", log),
  metrics = frozen("metrics", metrics),
  now = host.now, timestamp = host.timestamp, moment = host.moment, duration = host.duration, cron = host.cron,
  has = host.has, copy = host.copy, null = host.null, config = host.config(host, stop),
  json = frozen("json", { encode = host.encode, decode = host.decode }),
  array = told(function(items) return marked(host.array_mark, items) end),
  object = told(function(fields) return marked(host.object_mark, fields) end),
}

local INSTEAD = {
  os = "now(), timestamp() and exec {} are what scripts have instead", io = "scripts reach no files",
  require = "scripts stand alone", load = "scripts make no code", dofile = "scripts make no code",
  loadstring = "scripts make no code", debug = "tracebacks come by themselves",
  package = "scripts stand alone", collectgarbage = "memory is bounded and collected by itself",
}

setmetatable(words, {
  __index = function(_, name)
    local hint = INSTEAD[name]
    local near = not hint and host.nearest(tostring(name), sorted_keys(words))
    error(string.format('unknown global "%s"%s', tostring(name),
      hint and ": " .. hint or near and ', did you mean "' .. near .. '"?' or ""), 2)
  end,
})

local environment = setmetatable({}, {
  __index = words,
  __newindex = function(_, name)
    error(string.format('global "%s" cannot be set; say `local %s`', tostring(name), tostring(name)), 2)
  end,
  __metatable = false,
})

return environment, read
