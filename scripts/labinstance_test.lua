-- The lives of labs (labinstance.lua), as their owners see them.

local LAB = [[
apiVersion: lab.neuroglia.com/v1
kind: LabInstance
metadata: {name: lab-1}
spec: {template: router%s}
]]

local function lab(spec)
  return LAB:format(spec and ", " .. spec or "")
end

local function expect_state(t, state, fields)
  fields = fields or {}
  fields["status.state"] = state
  t:expect("LabInstance/lab-1", fields)
end

test("is provisioned, used until its time is over, and cleaned up", function(t)
  t:apply(lab "duration: 1h")
  t:settle()
  expect_state(t, "provisioning", { ["status.attempts"] = 1, ["status.conditions.Ready.status"] = "False" })
  t:advance "5s"
  expect_state(t, "ready", {
    ["status.endpoint"] = "https://lab-lab-1.example.com",
    ["status.readyAt"] = "2026-01-01T00:00:05Z",
    ["status.conditions.Ready.status"] = "True",
  })
  t:advance "59m59s"
  expect_state(t, "ready")
  t:advance "1s"
  t:gone("LabInstance/lab-1")
  assert(t:events("LabInstance/lab-1")[3].reason == "SessionExpired")
end)

test("lives longer where its duration is raised", function(t)
  t:apply(lab "duration: 10m")
  t:advance "9m"
  t:apply(lab "duration: 1h")
  t:advance "50m"
  expect_state(t, "ready")
  t:advance "2m"
  t:gone("LabInstance/lab-1")
end)

test("is tried again after it failed, then given up", function(t)
  t:apply(lab "simulate: fail, retries: 1, ttlAfterFailed: 5m")
  t:advance "5s"
  expect_state(t, "failed", {
    ["status.attempts"] = 1, ["status.failedAt"] = "2026-01-01T00:00:05Z", ["status.gaveUpAt"] = absent,
  })
  t:advance "10s"
  expect_state(t, "provisioning", { ["status.attempts"] = 2, ["status.failedAt"] = absent })
  t:advance "5s"
  expect_state(t, "failed", { ["status.gaveUpAt"] = "2026-01-01T00:00:20Z", ["status.keptFor"] = "5m" })
  t:advance "5m"
  t:gone("LabInstance/lab-1")
end)

test("starts over with a changed spec", function(t)
  t:apply(lab "simulate: fail, retries: 0")
  t:advance "1m"
  expect_state(t, "failed", { ["status.gaveUpAt"] = present })
  t:apply(lab "retries: 0")
  t:settle()
  expect_state(t, "provisioning", { ["status.attempts"] = 1, ["status.gaveUpAt"] = absent })
  t:advance "5s"
  expect_state(t, "ready")
end)

test("does not wait for ever to be provisioned", function(t)
  t:apply(lab "simulate: hang, provisionTimeout: 20s, retries: 0")
  t:advance "19s"
  expect_state(t, "provisioning")
  t:advance "1s"
  expect_state(t, "failed", { ["status.message"] = "Provisioning timeout", ["status.conditions.Ready.reason"] = "Timeout" })
end)

test("is deleted while it is provisioned", function(t)
  t:apply(lab "provisionSeconds: 20")
  t:advance "5s"
  t:delete("LabInstance/lab-1")
  t:settle()
  t:gone("LabInstance/lab-1")
end)

test("is held until it is cleaned up, and says that it is stuck", function(t)
  t:apply(lab "simulate: stuck")
  t:advance "5s"
  t:delete("LabInstance/lab-1")
  t:advance "5m"
  expect_state(t, "deleting", { ["status.conditions.CleanupStuck.status"] = "True" })
  t:patch("LabInstance/lab-1", { spec = { simulate = "none" } })
  t:advance "5m"
  t:gone("LabInstance/lab-1")
end)

test("survives that the host is killed", function(t)
  t:apply(lab "duration: 30m")
  t:settle()
  t:crash()
  t:advance "5s"
  expect_state(t, "ready", { ["status.attempts"] = 1 })
  t:crash()
  t:advance "30m"
  t:gone("LabInstance/lab-1")
end)

test("refuses what makes no sense", function(t)
  t:refused(lab "duration: soon", "spec.duration")
  t:refused(lab "tempate: router", 'did you mean "template"?')
  t:gone("LabInstance/lab-1")
end)
