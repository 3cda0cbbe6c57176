--- CronJob: a program that runs at certain times (UTC).
--
--     Waiting ──> Running ──> Waiting ...
--
-- The time of the next run is in the status, so a run that was due while nobody was there is not forgotten:
-- it comes as soon as somebody is, once, however many were missed. Two runs never overlap.

local function waiting(job)
  local status, schedule = job.status, job.spec.schedule
  if not status.nextRun or status.schedule ~= schedule then
    local at, why = cron(schedule)
    if not at then return fail("ScheduleInvalid", "%s", why) end
    status.schedule, status.nextRun = schedule, timestamp(at)
  end
  local left = moment(status.nextRun) - now()
  if left > 0 then return again(left) end
  return "Running"
end

-- The name makes it one run: a result that is kept is taken, whatever crashes in between.
local function running(job)
  local status, program = job.status, copy(job.spec.command)
  program.name, program.timeout = "run", job.spec.timeout
  local result = exec(program)
  status.lastRun, status.nextRun = timestamp(job.entered), nil
  status.lastResult = result.ok and "Succeeded" or "Failed"
  if not result.ok then warn("Failed", "%s", result.problem) end
  return "Waiting"
end

return controller "jobs.tend.dev/v1/CronJob" {
  version = "1.0.0",
  limits = { run = "25h" }, -- a run waits for its program, which may take a day

  Waiting = state { waiting, to = "Running" },
  Running = state { running, to = "Waiting" },

  kind = {
    columns = {
      { "State", ".status.state" }, { "Schedule", ".spec.schedule" }, { "Next", ".status.nextRun" },
      { "Last", ".status.lastRun", "date" }, { "Result", ".status.lastResult" },
    },
    spec = {
      schedule = { "string!", description = 'Minute, hour, day, month, weekday: "*/5 8-18 * * mon-fri".' },
      command = { "list", items = "string", required = true, minItems = 1, description = "Program and arguments." },
      timeout = { "duration", default = "1h", description = "How long the program may take." },
    },
    status = { schedule = "string", nextRun = "time", lastRun = "time", lastResult = "string" },
  },
}
