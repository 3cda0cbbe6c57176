-- Computes for ever: in a loop, or where nothing can stop it.
return controller "sim.tend.dev/v1/Spin" {
  kind = { spec = { pattern = "boolean" }, status = { over = "boolean" } },
  reconcile = function(spin)
    log("begins")
    while not spin.spec.pattern do end
    string.find(string.rep("a", 100000), string.rep(".-", 30) .. "b")
  end,
}
