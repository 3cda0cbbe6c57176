return controller "example.com/v1/Greeting" {
  kind = {
    spec = { name = "string!", every = { "duration", default = "1m" } },
    status = { text = "string", count = "integer" },
    columns = { { "Text", ".status.text" }, { "Count", ".status.count", "integer" } },
  },

  reconcile = function(greeting)
    local status = greeting.status
    status.text = "Hello, " .. greeting.spec.name
    status.count = (status.count or 0) + 1
    return again(greeting.spec.every)
  end,
}
