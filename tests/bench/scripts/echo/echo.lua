-- As little as a controller can do: the status repeats a number of the spec.
return controller "bench.tend.dev/v1/Echo" {
  kind = {
    plural = "echoes", singular = "echo",
    spec = { number = "integer", padding = "string" }, status = { number = "integer" },
  },
  reconcile = function(echo) echo.status.number = echo.spec.number end,
}
