test("is charged once", function(t)
  t:exec("charge", true)
  t:apply [[{apiVersion: sim.tend.dev/v1, kind: Order, metadata: {name: a}, spec: {sum: 1}}]]
  t:settle()
  t:expect("Order/a", { ["status.charged"] = true })
  assert(#t:effects() == 1, ("charged %d times"):format(#t:effects()))
end)
