--- HealthCheck: is a page there? It is asked for every so often, and what is told changes when the answer does.

local function reconcile(check)
  local status, spec = check.status, check.spec
  local answer = http.get(spec.url, { timeout = spec.timeout })
  local message = answer.problem or ("%s answered %d"):format(spec.url, answer.status)
  if status.healthy ~= answer.ok then
    status.healthy, status.since = answer.ok, timestamp()
    if answer.ok then event("Healthy", "%s", message) else warn("Unhealthy", "%s", message) end
  end
  status.lastCode = answer.status
  condition("Healthy", answer.ok, answer.ok and "Answers" or answer.status and "BadAnswer" or "NoAnswer",
    "%s", message)
  return again(spec.every)
end

return controller "checks.tend.dev/v1/HealthCheck" {
  version = "1.0.0",
  reconcile = reconcile,

  kind = {
    short = "hc",
    columns = {
      { "Healthy", ".status.healthy", "boolean" }, { "Code", ".status.lastCode", "integer" },
      { "Since", ".status.since", "date" }, { "URL", ".spec.url" },
    },
    spec = {
      url = { "string!", pattern = "^https?://", description = "What is asked for, with GET." },
      every = { "duration", default = "30s", description = "How long after an answer it is asked for again." },
      timeout = { "duration", default = "5s", description = "How long an answer may take." },
    },
    status = { healthy = "boolean", since = "time", lastCode = "integer" },
  },
}
