local function spin(t, pattern)
  t:apply { apiVersion = "sim.tend.dev/v1", kind = "Spin", metadata = { name = "s" }, spec = { pattern = pattern } }
  t:settle()
end

test("a loop in the controller", function(t)
  spin(t, false)
  t:expect("Spin/s", { ["status.over"] = true })
end)

test("a controller that takes its process with it", function(t)
  spin(t, true)
end)
