local function probe(t, host, url)
  t:apply { apiVersion = "sim.tend.dev/v1", kind = "Probe", metadata = { name = "p" }, spec = { host = host, url = url } }
end

local function expect_up(t)
  t:expect("Probe/p", { ["status.up"] = true, spec = { host = "x", url = absent }, ["metadata.labels"] = present })
end

test("fields that are otherwise", function(t)
  t:exec("ping", false)
  probe(t, "h")
  t:advance "1m"
  expect_up(t)
end)

test("not settled", function(t)
  t:exec("ping", true)
  probe(t, "h")
  t:expect("Probe/p", { ["status.up"] = true })
end)

test("no program is answered", function(t)
  probe(t, "h")
  t:settle()
end)

test("no request is answered", function(t)
  t:exec("ping", true)
  probe(t, "h", "http://h/x")
  t:settle()
end)

test("an answer that is none", function(t)
  t:exec("ping", function() return { cod = 1 } end)
  probe(t, "h")
  t:settle()
end)

test("an answer that breaks", function(t)
  t:exec("ping", function(request) return request.nothing.at_all end)
  probe(t, "h")
  t:settle()
end)

test("an answer that lets time pass", function(t)
  t:exec("ping", function() t:advance "1s" end)
  probe(t, "h")
  t:settle()
end)

test("a controller that breaks", function(t)
  probe(t, "broken")
  t:settle()
  t:expect("Probe/p", { ["status.up"] = true })
end)

test("in circles", function(t)
  probe(t, "circles")
  t:advance "365d"
end)

test("longer than a test may last", function(t)
  t:advance "1000d"
end)

test("still there", function(t)
  t:exec("ping", true)
  probe(t, "h")
  t:settle()
  t:gone("Probe/p")
end)

test("not there", function(t)
  t:expect("Probe/q", {})
end)

test("no such kind", function(t)
  t:get("Prob/q")
end)

test("refused", function(t)
  probe(t, nil)
end)

test("not refused", function(t)
  t:refused([[{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]], "no")
end)

test("refused for another reason", function(t)
  t:refused([[{apiVersion: v1, kind: ConfigMap, metadata: {name: A}}]], "spec")
end)

test("a mistake in the test", function(t)
  local object = t:get("Probe/p")
  return object.spec
end)

test("a check of its own", function(t)
  assert(#t:effects() == 1, "one effect was expected")
end)

test("no such word", function(t)
  t:expects("Probe/p", {})
end)

test("without a colon", function(t)
  t.settle()
end)

test("no duration", function(t)
  t:advance "soon"
end)

test("for ever", function()
  while true do
    pcall(function() while true do end end)
  end
end)

test("deeper and deeper", function()
  local function deeper(n) return 1 + deeper(n + 1) end
  deeper(1)
end)

test("more and more", function()
  local kept = {}
  while true do kept[#kept + 1] = ("x"):rep(1000000) .. #kept end
end)

test("a table", function() error(setmetatable({}, { __tostring = function() return "said of it" end })) end)

test("what is no UTF-8", function() error("\xff \u{20ac}") end)
