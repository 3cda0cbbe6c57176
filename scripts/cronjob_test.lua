-- A program at its times (cronjob.lua). The tests begin at 2026-01-01T00:00:00Z, a Thursday.

local function job(schedule)
  return ([[
apiVersion: jobs.tend.dev/v1
kind: CronJob
metadata: {name: backup}
spec: {schedule: "%s", command: [backup, --all], timeout: 10m}
]]):format(schedule)
end

test("runs when it is time, again and again", function(t)
  t:exec("backup --all", { ok = true, takes = "90s" })
  t:apply(job "*/15 * * * *")
  t:settle()
  t:expect("CronJob/backup", { ["status.state"] = "Waiting", ["status.nextRun"] = "2026-01-01T00:15:00Z" })
  t:advance "15m"
  t:expect("CronJob/backup", { ["status.state"] = "Running" })
  t:advance "90s"
  t:expect("CronJob/backup", {
    ["status.state"] = "Waiting", ["status.lastResult"] = "Succeeded",
    ["status.lastRun"] = "2026-01-01T00:15:00Z", ["status.nextRun"] = "2026-01-01T00:30:00Z",
  })
  t:advance "1h"
  assert(#t:effects() == 5)
end)

test("tells why a run failed, and goes on", function(t)
  t:exec("backup", { code = 3, err = "disk is full" })
  t:apply(job "0 3 * * mon-fri")
  t:advance "3h"
  t:expect("CronJob/backup", { ["status.lastResult"] = "Failed", ["status.nextRun"] = "2026-01-02T03:00:00Z" })
  assert(t:events("CronJob/backup")[1].message == "it ended with code 3: disk is full")
end)

test("does not outlast its timeout", function(t)
  t:exec("backup", { ok = true, takes = "2h" })
  t:apply(job "0 * * * *")
  t:advance "70m"
  t:expect("CronJob/backup", { ["status.lastResult"] = "Failed", ["status.state"] = "Waiting" })
  assert(t:events("CronJob/backup")[1].message == "it took too long, and was ended")
end)

test("a crash does not run it twice", function(t)
  t:exec("backup", { ok = true, takes = "5m" })
  t:apply(job "0 * * * *")
  t:advance "62m"
  t:crash()
  t:advance "10m"
  t:expect("CronJob/backup", { ["status.lastResult"] = "Succeeded", ["status.lastRun"] = "2026-01-01T01:00:00Z" })
  assert(#t:effects() == 1)
end)

test("a changed schedule counts from now", function(t)
  t:exec("backup", true)
  t:apply(job "30 * * * *")
  t:advance "10m"
  t:apply(job "5 * * * *")
  t:settle()
  t:expect("CronJob/backup", { ["status.nextRun"] = "2026-01-01T01:05:00Z" })
  t:apply(job "5 25 * * *")
  t:settle()
  t:expect("CronJob/backup", { ["status.conditions.Stalled.reason"] = "ScheduleInvalid" })
  t:apply(job "20 * * * *")
  t:advance "10m"
  t:expect("CronJob/backup", { ["status.lastRun"] = "2026-01-01T00:20:00Z", ["status.conditions.Stalled"] = absent })
end)

test("the example runs on a working day", function(t)
  t:exec("logger", true)
  t:apply_file "../manifests/scripts/cronjob.yaml"
  t:advance "9h"
  t:expect("CronJob/still-there", { ["status.lastResult"] = "Succeeded", ["status.nextRun"] = "2026-01-01T09:05:00Z" })
end)
