-- Charges without a name: what was done is forgotten where the host dies before it is noted.
return controller "sim.tend.dev/v1/Order" {
  kind = { spec = { sum = "integer" }, status = { charged = "boolean" } },
  reconcile = function(order)
    if order.status.charged then return end
    order.status.charged = exec({ "charge", order.name }).ok
  end,
}
