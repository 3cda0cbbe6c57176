-- Looks whether a host answers, by a program and by a request.
local program = config.program or "ping"

return controller "sim.tend.dev/v1/Probe" {
  kind = {
    spec = { host = "string!", url = "string" },
    status = { up = "boolean", said = "string", why = "string", code = "integer", checkedAt = "time" },
  },
  reconcile = function(probe)
    local status = probe.status
    local left = status.checkedAt and moment(status.checkedAt) + 60 - now() or 0
    if left > 0 then return again(left) end
    metrics.count("looks_total", { host = probe.spec.host })
    local ping = exec { program, "-c1", probe.spec.host, timeout = "5s" }
    status.up, status.said = ping.ok, ping.out
    status.why = ping.timedOut and "timeout" or ping.signal and "signal" or ping.problem
    if probe.spec.url then
      local page = http.get(probe.spec.url, { timeout = "3s" })
      status.code, status.why = page.status, page.problem
    end
    status.checkedAt = timestamp()
    return again "1m"
  end,
}
