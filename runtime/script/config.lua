-- What a host is told for this file, as a table that nobody can change: a change would be there for all later
-- runs. It comes as JSON that the host wrote. Part of the prelude, which hands in what it raises with.
local host, stop = ...

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function unescaped(letter, digits)
  if letter == "u" then return utf8.char(tonumber(digits, 16)) end
  return (ESCAPES[letter] or letter) .. digits
end

-- Each reads the value that begins at `at`, and returns it and the place behind it.
local read_value

local function read_text(json, at)
  local last = at + 1
  while json:sub(last, last) ~= '"' do
    last = json:find('["\\]', json:sub(last, last) == "\\" and last + 2 or last)
  end
  return json:sub(at + 1, last - 1):gsub("\\(.)(%x?%x?%x?%x?)", unescaped), last + 1
end

-- `source`, to be read only.
local function frozen(source)
  return setmetatable({}, {
    __index = source, __metatable = false, __name = "config", [host.read_field] = source,
    __newindex = function(_, key)
      error(string.format("config.%s cannot be set: it is the host's; copy(config) is yours", tostring(key)), 2)
    end,
    __pairs = function() return function(_, key) return next(source, key) end end,
    __len = function() return #source end,
  })
end

-- The items, each read by `read_item`, up to `close`.
local function read_items(json, at, close, read_item)
  at = at + 1
  while json:sub(at, at) ~= close do
    at = read_item(at)
    if json:sub(at, at) == "," then at = at + 1 end
  end
  return at + 1
end

local function read_map(json, at)
  local map = setmetatable({}, host.object_mark)
  at = read_items(json, at, "}", function(place)
    local key
    key, place = read_text(json, place)
    map[key], place = read_value(json, place + 1)
    return place
  end)
  return frozen(map), at
end

local function read_list(json, at)
  local list = setmetatable({}, host.array_mark)
  at = read_items(json, at, "]", function(place)
    list[#list + 1], place = read_value(json, place)
    return place
  end)
  return frozen(list), at
end

local WORDS = { ["true"] = true, ["false"] = false, null = host.null }

function read_value(json, at)
  local first = json:sub(at, at)
  if first == '"' then return read_text(json, at) end
  if first == "{" then return read_map(json, at) end
  if first == "[" then return read_list(json, at) end
  local word = json:match("^[%w+.-]+", at)
  local value = WORDS[word]
  if value == nil then value = tonumber(word) or stop("config is no JSON at %q", word) end
  return value, at + #word
end

return (read_value(host.config_text() or "{}", 1))
