-- Counts its own runs, which says nothing about the object.
return controller "sim.tend.dev/v1/Counter" {
  kind = { spec = { size = "integer" }, status = { runs = "integer" } },
  reconcile = function(counter)
    counter.status.runs = (counter.status.runs or 0) + 1
  end,
}
