test("is counted once", function(t)
  t:apply [[{apiVersion: sim.tend.dev/v1, kind: Counter, metadata: {name: a}, spec: {size: 1}}]]
  t:settle()
  t:expect("Counter/a", { ["status.runs"] = present })
end)
