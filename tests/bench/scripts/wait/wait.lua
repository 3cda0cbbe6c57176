-- Waits as its object says: "sleep", "http" (for an answer that does not come), or not at all.
return controller "bench.tend.dev/v1/Waiter" {
  kind = { spec = { on = "string", url = "string" } },
  limits = { run = "2h" },
  reconcile = function(waiter)
    if waiter.spec.on == "sleep" then sleep "1h" end
    if waiter.spec.on == "http" then http.get(waiter.spec.url, { timeout = "1h" }) end
  end,
}
