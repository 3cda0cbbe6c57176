-- Looks whether a host answers; one that is called "broken" is too much for it.
return controller "sim.tend.dev/v1/Probe" {
  kind = { spec = { host = "string!", url = "string" }, status = { up = "boolean", count = "integer" } },
  reconcile = function(probe)
    if probe.spec.host == "broken" then error("it broke") end
    if probe.spec.host == "circles" then
      probe.status.count = (probe.status.count or 0) + 1
      return again(0)
    end
    probe.status.up = exec({ "ping", "-c1", probe.spec.host }).ok
    if probe.spec.url then http.get(probe.spec.url) end
    event("Looked", "at %s", probe.spec.host)
  end,
}
