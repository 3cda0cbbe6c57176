-- A page that is asked for every so often (healthcheck.lua).

local check = [[
apiVersion: checks.tend.dev/v1
kind: HealthCheck
metadata: {name: shop}
spec: {url: "http://shop.example/health", every: 1m}
]]

test("asks every so often, and tells only what changed", function(t)
  t:http("GET http://shop.example/health", { status = 200 })
  t:apply(check)
  t:settle()
  t:expect("HealthCheck/shop", { ["status.healthy"] = true, ["status.lastCode"] = 200,
    ["status.conditions.Healthy.status"] = "True", ["status.since"] = "2026-01-01T00:00:00Z" })
  local version = t:get("HealthCheck/shop").metadata.resourceVersion
  t:advance "10m"
  assert(#t:effects() >= 10)
  assert(t:get("HealthCheck/shop").metadata.resourceVersion == version, "nothing changed, and it was written")
end)

test("says since when it is not well, and why", function(t)
  t:http("GET http://shop.example/health", 200)
  t:apply(check)
  t:advance "90s"
  t:http("GET http://shop.example/health", 503)
  t:advance "1m"
  local since = t:expect("HealthCheck/shop", { ["status.healthy"] = false, ["status.lastCode"] = 503,
    ["status.conditions.Healthy.reason"] = "BadAnswer" }).status.since
  t:advance "5m"
  t:http("GET http://shop.example/health", { problem = "connection refused" })
  t:advance "1m"
  t:expect("HealthCheck/shop", { ["status.lastCode"] = absent, ["status.since"] = since,
    ["status.conditions.Healthy.message"] = "connection refused" })
  t:http("GET http://shop.example/health", 200)
  t:advance "1m"
  t:expect("HealthCheck/shop", { ["status.healthy"] = true })
  local events = t:events "HealthCheck/shop" -- well, not well, and well again: the first is said twice
  assert(#events == 2 and events[1].reason == "Healthy" and events[1].count == 2)
end)

test("the example asks this machine", function(t)
  t:http("GET http://127.0.0.1:8080/", { problem = "connection refused" })
  t:apply_file "../manifests/scripts/healthcheck.yaml"
  t:settle()
  t:expect("HealthCheck/local", { ["status.healthy"] = false })
end)

test("looks at once where the check changes", function(t)
  t:http("GET http://shop.example", 200)
  t:http("GET http://old.example", 404)
  t:apply(check)
  t:advance "10s"
  t:patch("HealthCheck/shop", { spec = { url = "http://old.example/" } })
  t:settle()
  t:expect("HealthCheck/shop", { ["status.healthy"] = false, ["status.lastCode"] = 404 })
end)
