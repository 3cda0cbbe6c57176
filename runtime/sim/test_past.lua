-- What a failure is told with: the past of the object that it is about, and the log. Part of the prelude of
-- tests (test_prelude.lua).
local host, values = ...
local check, sorted_keys, is_list, brief, join, named_item =
  values.check, values.sorted_keys, values.is_list, values.brief, values.join, values.named_item
local stop = values.stop

-- --- references -------------------------------------------------------------------------------------

-- "LabInstance/lab-1" in namespace default, "LabInstance/other/lab-1" in another; the kind by any name that
-- people call it, or in full: "lab.neuroglia.com/v1/LabInstance/lab-1".
local function place_of(ref)
  if type(ref) == "table" then return ref.kind, ref.namespace, ref.name end
  if type(ref) ~= "string" then stop(('a reference is a text as "LabInstance/lab-1", not a %s'):format(type(ref))) end
  local kind, rest = ref:match("^([^/]+%.[^/]+/[^/]+/[^/]+)/(.+)$")
  if not kind then kind, rest = ref:match("^([^/]+)/(.+)$") end
  local namespace, name = (rest or ""):match("^([^/]+)/([^/]+)$")
  name = name or (rest or ""):match("^[^/]+$")
  if not name then stop(('"%s" is no reference: write "Kind/name", or "Kind/namespace/name"'):format(ref)) end
  return kind, namespace, name
end

-- The one text for the object that `ref` means.
local function named(ref)
  return host.ref(place_of(ref)) or tostring(ref)
end

local function get(ref)
  local object, message = host.get(place_of(ref))
  if message then stop(message) end
  return object
end

-- --- the past ---------------------------------------------------------------------------------------

local UNTOLD = {
  ["metadata.resourceVersion"] = true, ["metadata.generation"] = true, ["metadata.uid"] = true,
  ["metadata.creationTimestamp"] = true, ["metadata.annotations"] = true, ["status.observedGeneration"] = true,
}

local changes_between

-- A condition in a word: "Ready" is True because of "Started".
local function changed_condition(old, new, path, out)
  if old and new and old.status == new.status and old.reason == new.reason then return end
  out[#out + 1] = ("%s: %s (%s)"):format(path, new and new.status or "gone", new and new.reason or "")
end

local function changes_in_list(before, after, path, out)
  for i = 1, math.max(#before, #after) do
    local item = after[i] or before[i]
    local name = type(item) == "table" and (item.type or item.name)
    local old = before[i]
    if name then old = named_item(before, name) end
    local label = name and join(path, name) or ("%s[%d]"):format(path, i - 1)
    if type(item) == "table" and item.type and item.status then
      changed_condition(old, after[i], label, out)
    else
      changes_between(old, after[i], label, out)
    end
  end
end

-- The leaves that differ, as "path: new" or "path: old -> new".
function changes_between(before, after, path, out)
  if UNTOLD[path] then return end
  if type(before) == "table" and type(after) == "table" then
    if is_list(before) or is_list(after) then return changes_in_list(before, after, path, out) end
    local keys = {}
    for key in pairs(before) do keys[key] = true end
    for key in pairs(after) do keys[key] = true end
    for _, key in ipairs(sorted_keys(keys)) do
      changes_between(before[key], after[key], join(path, key), out)
    end
  elseif before == nil and type(after) == "table" and next(after) ~= nil then
    changes_between(setmetatable({}, getmetatable(after)), after, path, out)
  elseif after == nil and before ~= nil then
    out[#out + 1] = path .. " is gone"
  elseif before == nil and after ~= nil then
    out[#out + 1] = ("%s: %s"):format(path, brief(after))
  elseif before ~= after then
    out[#out + 1] = ("%s: %s -> %s"):format(path, brief(before), brief(after))
  end
end

-- The leaf that says most of all comes first.
local function by_weight(a, b)
  local function weight(line)
    return line:match("^status%.state:") and 0 or line:match("^status%.phase:") and 0
      or line:match("^status%.conditions%.") and 2 or 1
  end
  return weight(a) < weight(b)
end

local CHANGES_MAX = 6

local function what_changed(change)
  local out = {}
  for _, part in ipairs { "spec", "data", "status" } do
    changes_between((change.before or {})[part], (change.object or {})[part], part, out)
  end
  local before, after = (change.before or {}).metadata or {}, (change.object or {}).metadata or {}
  for _, part in ipairs { "labels", "finalizers", "ownerReferences", "deletionTimestamp" } do
    if change.before then changes_between(before[part], after[part], part, out) end
  end
  for i, line in ipairs(out) do out[i] = { line, i } end
  table.sort(out, function(a, b)
    if by_weight(a[1], b[1]) ~= by_weight(b[1], a[1]) then return by_weight(a[1], b[1]) end
    return a[2] < b[2]
  end)
  local shown = {}
  for i = 1, math.min(#out, CHANGES_MAX) do shown[i] = out[i][1] end
  if #out > CHANGES_MAX then shown[#shown + 1] = ("%d more"):format(#out - CHANGES_MAX) end
  local seen = (change.object.status or {}).observedGeneration
  if #shown == 0 and seen ~= ((change.before or {}).status or {}).observedGeneration then
    shown[1] = ("status.observedGeneration: %s"):format(seen)
  end
  return #shown > 0 and table.concat(shown, ", ") or "metadata"
end

local function line_of_change(change)
  if change.crash then return "-- the host is killed, and starts again --" end
  if change.event then
    local event = change.object
    local times = (event.count or 1) > 1 and (" (%d times)"):format(event.count) or ""
    return ("%s %s: %s%s"):format(event.type == "Warning" and "warning" or "event", event.reason or "",
      event.message or "", times)
  end
  local by = change.actor:gsub("^controller/", "")
  if change.op == "delete" then return ("deleted by %s"):format(by) end
  if change.op == "create" then return ("created by %s: %s"):format(by, what_changed(change)) end
  return ("%s: %s"):format(by, what_changed(change))
end

local function words_of(asked)
  if asked.exec then return "exec", table.concat(asked.exec.argv, " ") end
  return "http", ("%s %s"):format(asked.http.method or "GET", asked.http.url)
end

local function line_of_effect(asked)
  local kind, text = words_of(asked)
  return ("%s asks for %s %s%s"):format(asked.by, kind, text, asked.phase == "done" and "" or ", which has not ended")
end

local HISTORY_MAX = 40

local function add_part(out, title, lines)
  if #lines == 0 then return end
  out[#out + 1] = "    " .. title
  if #lines > HISTORY_MAX then out[#out + 1] = ("      ... %d earlier ..."):format(#lines - HISTORY_MAX) end
  for i = math.max(1, #lines - HISTORY_MAX + 1), #lines do out[#out + 1] = "      " .. lines[i] end
end

local function timed(at, text)
  return ("%-8s %s"):format(host.duration(at), (text:gsub("\n", "\n" .. (" "):rep(15))))
end

-- What is said again and again is one line, with the moment of the last time.
local function add_entry(entries, at, order, text, same)
  local last = entries[#entries]
  if same and last and last.same == same then
    last.till, last.text_again = at, text
    return
  end
  entries[#entries + 1] = { at = at, order = order, number = #entries, text = text, same = same }
end

local function line_of_entry(entry)
  if not entry.till then return timed(entry.at, entry.text) end
  local times = entry.text_again:match("%(%d+ times%)$") or ""
  return timed(entry.at, ("%s %s, until %s"):format((entry.text:gsub(" %(%d+ times%)$", "")), times,
    host.duration(entry.till)))
end

local function history_of(ref)
  local known, changes = pcall(function() return host.history(place_of(ref)) end)
  local entries, lines = {}, {}
  if not known or not changes then return lines end
  ref = named(ref)
  for _, change in ipairs(changes) do
    add_entry(entries, change.at, change.order, line_of_change(change), change.event and change.object.metadata.name)
  end
  for _, asked in ipairs(host.effects()) do
    if asked.object == ref then add_entry(entries, asked.at, asked.order, line_of_effect(asked)) end
  end
  table.sort(entries, function(a, b) return a.order < b.order or a.order == b.order and a.number < b.number end)
  for i, entry in ipairs(entries) do lines[i] = line_of_entry(entry) end
  return lines
end

local function log_lines()
  local lines = {}
  for _, line in ipairs(host.log()) do
    if line.own or line.level ~= "info" then lines[#lines + 1] = timed(line.at, ("%s: %s"):format(line.level, line.text)) end
  end
  return lines
end

-- The lines that tell of a failure, the first one without its place.
local function report(failure, frames)
  local out = {}
  local first = frames[1]
  local message = failure.message
  if first and message:sub(1, #first + 1) == first .. ":" then message = message:sub(#first + 3) end
  out[1] = first and ("%s: %s"):format(first, message) or message
  for _, line in ipairs(failure.details or {}) do out[#out + 1] = "    " .. line end
  for i = 2, #frames do out[#out + 1] = "    called from " .. frames[i] end
  if failure.ref then add_part(out, ("history of %s:"):format(named(failure.ref)), history_of(failure.ref)) end
  add_part(out, "log:", log_lines())
  return table.concat(out, "\n")
end

-- The lines that tell the past of every object.
local function story()
  local out = {}
  for _, ref in ipairs(host.refs()) do add_part(out, ref .. ":", history_of(ref)) end
  add_part(out, "log:", log_lines())
  return table.concat(out, "\n")
end

-- --- the end ----------------------------------------------------------------------------------------

-- Moments may be others after a fault; what came of it may not.
local function without_moments(value)
  if type(value) == "string" then
    return (value:gsub("%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d[%.%d]*Z", "(a moment)"))
  end
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = without_moments(item) end
  return copy
end

-- Every object, without what differs from run to run; those with made-up names by their number.
local function end_state()
  local all, made = {}, {}
  for _, one in ipairs(host.objects()) do
    local object, ref = one.object, one.ref
    local metadata = object.metadata
    if metadata.generateName then
      local base = ref:gsub("[^/]*$", metadata.generateName)
      made[base] = (made[base] or 0) + 1
      ref = ("%s(%d)"):format(base, made[base])
    end
    local kept = { labels = metadata.labels, deleting = metadata.deletionTimestamp ~= nil }
    for key, value in pairs(object) do
      if key ~= "metadata" and key ~= "apiVersion" and key ~= "kind" then kept[key] = value end
    end
    all[ref] = without_moments(kept)
  end
  return check(host.encode(all))
end

-- Ends everything as `wanted` says, which is an end_state() of another run?
local function check_end(wanted, got)
  local before, after = host.yaml(wanted)[1], host.yaml(got)[1]
  local refs, lines, first = {}, {}, nil
  for ref in pairs(before) do refs[ref] = true end
  for ref in pairs(after) do refs[ref] = true end
  for _, ref in ipairs(sorted_keys(refs)) do
    local changes = {}
    if not after[ref] then
      changes[1] = "is not there"
    elseif not before[ref] then
      changes[1] = "is there"
    else
      changes_between(before[ref], after[ref], "", changes)
    end
    first = first or changes[1] and ref
    for _, change in ipairs(changes) do lines[#lines + 1] = ref .. ": " .. change end
  end
  if first then stop("it ends in another state than without the fault", { details = lines, ref = first }) end
end

return { end_state = end_state, check_end = check_end, story = story, named = named, place_of = place_of, get = get, words_of = words_of, report = report }
