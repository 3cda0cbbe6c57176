-- Counts what there is when it looks first, and never again.
return controller "sim.tend.dev/v1/Tally" {
  kind = { spec = { of = "string" }, status = { count = "integer" } },
  reconcile = function(tally)
    if tally.status.count then return end
    sleep "1s"
    tally.status.count = #list("ConfigMap", { labels = "of=" .. tally.spec.of })
  end,
}
