-- Keeps what it has read first, whatever becomes of it.
return controller "sim.tend.dev/v1/Mirror" {
  kind = { spec = { from = "string" }, status = { value = "string" } },
  reconcile = function(mirror)
    if mirror.status.value then return end
    sleep "1s"
    mirror.status.value = get("ConfigMap", mirror.spec.from).data.value
  end,
}
