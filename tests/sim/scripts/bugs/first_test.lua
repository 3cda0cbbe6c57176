local function map(t, value)
  t:apply { apiVersion = "v1", kind = "ConfigMap", metadata = { name = "m" }, data = { value = value } }
end

test("has the newest value", function(t)
  map(t, "one")
  t:apply [[{apiVersion: sim.tend.dev/v1, kind: Mirror, metadata: {name: a}, spec: {from: m}}]]
  t:settle()
  map(t, "two")
  t:advance "2s"
  t:expect("Mirror/a", { ["status.value"] = "two" })
end)
