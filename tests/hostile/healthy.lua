-- Stands beside the others, and must not notice.
return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
