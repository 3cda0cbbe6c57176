--- LabInstance: a lab that is provisioned, used for a while, and cleaned up.
--
--     pending ──> provisioning ──> ready ──> deleting ──> deleted
--        ^    └────────┴─────┬────────┴─────────^
--        └────────────────  failed ─────────────┘
--
-- The same machine as plugins/labinstance, state for state. The host holds it, and fires its deadlines
-- whether or not this script is up. Each function may run at any time, twice, or after a crash, so each
-- says what should be, never what to add.

local RETRY_DELAY = 10 -- seconds

-- What everybody who looks at the lab is told; `say` is event or warn.
local function tell(lab, say, reason, message)
  lab.status.message = message
  condition("Ready", reason == "Ready", reason, message)
  say(reason, message)
end

local function move(lab, say, state, reason, message)
  tell(lab, say, reason, message)
  return enter(state, reason, message)
end

local function pending(lab)
  lab.status.attempts = (lab.status.attempts or 0) + 1
  lab.status.startedAt = timestamp()
  return move(lab, event, "provisioning", "Provisioning", "Starting lab instance provisioning")
end

-- Provisioning is a timer.
local function provisioning(lab)
  local left = lab.entered + lab.spec.provisionSeconds - now()
  if lab.spec.simulate == "hang" then return done() end -- the deadline of this state will end it
  if left > 0 then return again(left) end
  if lab.spec.simulate == "fail" then
    lab.status.failedAt = timestamp()
    return move(lab, warn, "failed", "ProvisioningFailed", "Provisioning failed")
  end
  lab.status.readyAt = timestamp()
  lab.status.endpoint = ("https://lab-%s.example.com"):format(lab.name)
  return move(lab, event, "ready", "Ready", "Lab instance is ready")
end

-- A deadline brought the lab here: the host has told it as an event, and the status does not say so yet.
local function note_timeout(lab)
  local message = lab.status.startedAt and "Provisioning timeout" or "Nobody took the lab instance up"
  lab.status.failedAt = timestamp(lab.entered)
  lab.status.message = message
  condition("Ready", false, "Timeout", message)
end

-- From now on the state has a deadline: its length is status.keptFor, which is there only now.
local function give_up(lab)
  local status = lab.status
  if status.gaveUpAt then return end
  status.gaveUpAt = timestamp()
  status.keptFor = lab.spec.ttlAfterFailed
  warn("GaveUp", "Gave up after %d attempt%s", status.attempts, status.attempts == 1 and "" or "s")
end

local function start_over(lab, attempts, message)
  local status = lab.status
  status.attempts = attempts
  status.startedAt, status.failedAt, status.gaveUpAt, status.keptFor = nil, nil, nil, nil
  return move(lab, event, "pending", "Retrying", message)
end

-- Try again a few times; then keep the lab for ttlAfterFailed. A changed spec starts over.
local function failed(lab)
  local attempts = lab.status.attempts or 0
  local left = lab.entered + RETRY_DELAY - now()
  if not lab.status.failedAt then note_timeout(lab) end
  if (lab.status.observedGeneration or 0) ~= lab.generation then
    return start_over(lab, 0, "Trying again with the changed spec")
  elseif attempts > lab.spec.retries then
    return give_up(lab)
  elseif left > 0 then
    return again(left)
  end
  return start_over(lab, attempts, ("Trying again, attempt %d"):format(attempts + 1))
end

-- Nothing exists outside the host yet, so there is nothing to undo.
local function finalize(lab)
  if lab.spec.simulate == "stuck" then return retry("CleanupFailed", "The simulated cleanup fails") end
  event("Deleted", "Lab instance is deleted")
end

return controller "lab.neuroglia.com/v1/LabInstance" {
  version = "1.0.0",

  pending = state { pending, to = { "provisioning", "failed" },
    within = "1m", otherwise = "failed",
    reason = "PickupTimeout", message = "Nobody took the lab instance up" },

  provisioning = state { provisioning, to = { "ready", "failed" },
    within = "30s", within_field = "spec.provisionTimeout", otherwise = "failed",
    reason = "ProvisioningTimeout", message = "Provisioning timeout" },

  -- A running lab has nothing to do but to live until its deadline.
  ready = state { done, to = "failed",
    within = "60m", within_field = "spec.duration", otherwise = "deleting",
    reason = "SessionExpired", message = "Lab session expired" },

  failed = state { failed, to = "pending",
    within_field = "status.keptFor", otherwise = "deleting",
    reason = "FailedExpired", message = "The failed lab instance was kept long enough" },

  deleting = state { teardown = true, to = { "deleted", "failed" },
    within = "5m", condition = "CleanupStuck",
    reason = "CleanupStuck", message = "The lab instance is not cleaned up after 5 minutes" },

  deleted = state { final = true },

  finalize = finalize,

  kind = {
    short = { "lab", "labs" },
    categories = "all",
    columns = {
      { "State", ".status.state" }, { "Template", ".spec.template" }, { "Endpoint", ".status.endpoint" },
    },
    spec = {
      template = { "string!", minLength = 1, description = "What the lab is made from." },
      studentEmail = { "string", description = "Whose lab it is." },
      duration = { "duration", default = "60m",
        description = "How long the lab lives once it is ready. Raising it extends a running lab." },
      provisionSeconds = { "integer", minimum = 0, default = 5, description = "How long provisioning takes." },
      provisionTimeout = { "duration", default = "30s",
        description = "How long provisioning may take, counted from its start." },
      retries = { "integer", minimum = 0, default = 3,
        description = "How often provisioning is tried again after it failed." },
      ttlAfterFailed = { "duration", description =
        "How long a lab that failed for good is kept. Absent means until somebody deletes it." },
      environment = { "map", values = "string", description = "Variables inside the lab." },
      simulate = { "string", enum = { "none", "fail", "hang", "stuck" }, default = "none", description =
        "For tests and demonstrations. fail makes provisioning fail, hang makes it never end, stuck makes "
        .. "the cleanup of a deleted lab fail." },
    },
    status = {
      message = "string", startedAt = "time", readyAt = "time", failedAt = "time", gaveUpAt = "time",
      keptFor = "duration", endpoint = "string", attempts = "integer",
    },
  },
}
