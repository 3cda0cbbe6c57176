-- Two controllers of other files at once.
scripts = { "probe.lua", "charge.lua" }

test("both are served", function(t)
  t:exec("", true)
  t:apply [[
apiVersion: sim.tend.dev/v1
kind: Order
metadata: {name: a}
spec: {sum: 1}
---
apiVersion: sim.tend.dev/v1
kind: Probe
metadata: {name: a}
spec: {host: h}
]]
  t:settle()
  t:expect("Order/a", { ["status.charged"] = true })
  t:expect("Probe/a", { ["status.up"] = true })
end)
