test("is charged once, whatever happens", function(t)
  t:exec("charge", { takes = "2s" })
  t:apply [[{apiVersion: sim.tend.dev/v1, kind: Order, metadata: {name: a}, spec: {sum: 1}}]]
  t:advance "2s"
  t:expect("Order/a", { ["status.charged"] = true })
  assert(#t:effects() == 1)
end)

test("ends when it would have ended, over a crash of its own and every other", function(t)
  t:exec("charge", { takes = "30s" })
  t:apply [[{apiVersion: sim.tend.dev/v1, kind: Order, metadata: {name: b}, spec: {sum: 1}}]]
  t:advance "10s"
  t:crash()
  t:advance "20s"
  t:expect("Order/b", { ["status.charged"] = true })
end)
