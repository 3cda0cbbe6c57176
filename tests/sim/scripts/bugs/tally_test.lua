local function map(t, name)
  t:apply { apiVersion = "v1", kind = "ConfigMap", metadata = { name = name, labels = { of = "x" } } }
end

test("counts all that there is", function(t)
  map(t, "one")
  t:apply [[{apiVersion: sim.tend.dev/v1, kind: Tally, metadata: {name: a}, spec: {of: x}}]]
  t:settle()
  map(t, "two")
  t:advance "2s"
  t:expect("Tally/a", { ["status.count"] = 2 })
end)
