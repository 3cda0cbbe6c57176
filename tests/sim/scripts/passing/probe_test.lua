local function probe(t, url)
  t:apply {
    apiVersion = "sim.tend.dev/v1", kind = "Probe", metadata = { name = "p", labels = { a = "b" } },
    spec = { host = "h", url = url },
  }
  t:settle()
end

test("the longest pattern answers, and a later answer replaces", function(t)
  t:exec("ping", "plain")
  t:exec("ping -c1 h", "longer")
  probe(t)
  t:expect("Probe/p", { ["status.up"] = true, ["status.said"] = "longer" })
  t:exec("ping -c1 h", false)
  t:advance "1m"
  t:expect("probes/p", { ["status.up"] = false, ["status.said"] = "" })
end)

test("answers are texts, numbers, tables and functions", function(t)
  t:exec("ping", 3)
  probe(t)
  t:expect("Probe/p", { ["status.up"] = false })
  t:exec("ping", { problem = "no such program" })
  t:advance "1m"
  t:expect("Probe/p", { ["status.up"] = false, ["status.why"] = "no such program" })
  t:exec("ping", { signal = 9 })
  t:advance "1m"
  t:expect("Probe/p", { ["status.why"] = "signal" })
  t:exec("ping", function(request)
    assert(request.kind == "exec" and request.argv[3] == "h" and request.text == "ping -c1 h")
    assert(request.by == "probe" and request.object == "Probe/p" and request.timeoutMs == 5000)
    return { out = request.argv[2] }
  end)
  t:advance "1m"
  t:expect("Probe/p", { ["status.up"] = true, ["status.said"] = "-c1", ["status.why"] = absent })
end)

test("what is counted is seen", { chaos = false }, function(t)
  t:exec("ping", true)
  assert(t:metric("looks_total") == nil)
  probe(t)
  assert(t:metric("looks_total") == 1 and t:metric("looks_total", { host = "h" }) == 1)
  t:advance "2m"
  assert(t:metric("looks_total", { host = "h", controller = "probe", plugin = "probe.lua" }) == 3)
  assert(t:metric("looks_total", { host = "other" }) == nil)
  t:crash()
  t:settle()
  assert(t:metric("looks_total") == nil)
end)

test("what takes too long is ended", function(t)
  t:exec("ping", { takes = "3s" })
  probe(t)
  t:expect("Probe/p", { ["status.up"] = absent })
  t:advance "2s999ms"
  t:expect("Probe/p", { ["status.up"] = absent })
  t:advance "1ms"
  t:expect("Probe/p", { ["status.up"] = true })
  t:exec("ping", { takes = "1h" })
  t:advance "1m5s"
  t:expect("Probe/p", { ["status.up"] = false, ["status.why"] = "timeout" })
end)

test("requests are answered by method and address, or by the address alone", function(t)
  t:exec("ping", true)
  t:http("http://h/", 503)
  t:http("GET http://h/status", { json = { fine = true }, headers = { ["content-type"] = "application/json" } })
  probe(t, "http://h/other")
  t:expect("Probe/p", { ["status.code"] = 503 })
  probe(t, "http://h/status")
  t:advance "1m"
  t:expect("Probe/p", { ["status.code"] = 200 })
  t:http("GET http://h/status", { problem = "refused" })
  t:advance "1m"
  t:expect("Probe/p", { ["status.code"] = absent, ["status.why"] = "refused" })
  t:http("GET http://h/status", { takes = "4s" })
  t:advance "1m3s"
  t:expect("Probe/p", { ["status.why"] = "no answer within 3s" })
end)

test("what was asked for is listed", { chaos = false }, function(t)
  t:exec("ping", true)
  t:http("http://h/", 200)
  probe(t, "http://h/x")
  t:advance "1m"
  local effects = t:effects()
  assert(#effects == 4)
  assert(effects[1].kind == "exec" and effects[1].text == "ping -c1 h" and effects[1].at == 0)
  assert(effects[4].kind == "http" and effects[4].method == "GET" and effects[4].url == "http://h/x")
  assert(effects[4].at == 60 and effects[4].phase == "done")
end)

test("objects are found by name, kind and label", function(t)
  t:exec("ping", true)
  probe(t)
  t:apply [[
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: sim.tend.dev/v1
kind: Probe
metadata: {name: q, namespace: other}
spec: {host: h2}
]]
  t:settle()
  assert(t:get("Probe/q") == nil and t:get("Probe/other/q").spec.host == "h2")
  assert(#t:list "Probe" == 2 and #t:list("Probe", "a=b") == 1 and #t:list("Probe", nil, "other") == 1)
  assert(t:list("Probe", "a=c")[1] == nil)
  t:delete("Probe/other/q")
  t:settle()
  t:gone("Probe/other/q")
  t:expect("sim.tend.dev/v1/Probe/p", { kind = "Probe" })
end)

test("a pod of fields is matched as far as it is named", function(t)
  t:apply [[
apiVersion: v1
kind: ConfigMap
metadata: {name: m, labels: {app: x}, annotations: {a.b/c: d}}
data: {one: "1", two: "2", empty: ""}
]]
  t:expect("cm/m", {
    data = { one = "1", three = absent },
    ["metadata.labels.app"] = "x",
    ["metadata.annotations['a.b/c']"] = "d",
    ["data.two"] = function(two) return tonumber(two) > 1 end,
    ["metadata.uid"] = present,
  })
  local map = t:get "cm/m"
  map.data.one = nil
  t:apply { apiVersion = "v1", kind = "ConfigMap", metadata = { name = "m" }, data = map.data }
  t:expect("cm/m", { data = { one = absent, two = "2" } })
  t:refused({ apiVersion = "v1", kind = "ConfigMap", metadata = { name = "M" } }, "metadata.name")
  assert(t:now() == 0)
  t:advance(1.5)
  assert(t:now() == 1.5)
end)

test("what it is configured with is found", { config = { program = "fping" } }, function(t)
  t:exec("fping -c1 h", "fast")
  probe(t)
  t:expect("Probe/p", { ["status.said"] = "fast" })
end)
