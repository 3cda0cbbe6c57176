-- Charges once, by name.
return controller "sim.tend.dev/v1/Order" {
  kind = { spec = { sum = "integer!" }, status = { charged = "boolean" } },
  reconcile = function(order)
    if order.status.charged then return end
    local charge = exec { "charge", order.name, name = "charge" }
    order.status.charged = charge.ok
  end,
}
