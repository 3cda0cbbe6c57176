-- What says how long it may live is deleted then, whatever it is (reaper.lua).

local function note(name, annotations)
  return ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, annotations: {%s}}\n"):format(name, annotations or "")
end

test("deletes an object when its time is over", function(t)
  t:apply(note("short", "tend.dev/ttl: 90s"))
  t:apply(note("stays"))
  t:advance "89s"
  t:expect("ConfigMap/short", { kind = "ConfigMap" })
  t:advance "1s"
  t:gone "ConfigMap/short"
  t:advance "1h"
  t:expect("ConfigMap/stays", { kind = "ConfigMap" })
end)

test("follows the annotation", function(t)
  t:apply(note("longer", "tend.dev/ttl: 1m"))
  t:apply(note("kept", "tend.dev/ttl: 1m"))
  t:apply(note("over", "tend.dev/ttl: 1h"))
  t:advance "30s"
  t:patch("ConfigMap/longer", { metadata = { annotations = { ["tend.dev/ttl"] = "2m" } } })
  t:patch("ConfigMap/kept", { metadata = { annotations = { ["tend.dev/ttl"] = null } } })
  t:patch("ConfigMap/over", { metadata = { annotations = { ["tend.dev/ttl"] = "10s" } } })
  t:settle()
  t:gone "ConfigMap/over"
  t:advance "89s"
  t:expect("ConfigMap/longer", { kind = "ConfigMap" })
  t:advance "1s"
  t:gone "ConfigMap/longer"
  t:expect("ConfigMap/kept", { kind = "ConfigMap" })
end)

test("says once that a ttl is none", function(t)
  t:apply(note("odd", "tend.dev/ttl: soon"))
  t:advance "10m"
  local events = t:events "ConfigMap/odd"
  assert(#events == 1 and events[1].reason == "TtlInvalid" and events[1].count <= 2) -- and once more after a restart
  assert(events[1].message == 'tend.dev/ttl is "soon"; expected a duration such as 90s or 2h30m')
  t:patch("ConfigMap/odd", { metadata = { annotations = { ["tend.dev/ttl"] = "1m" } } })
  t:settle()
  t:gone "ConfigMap/odd"
end)

test("knows kinds that come later, over a restart", function(t)
  t:apply [[
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
]]
  t:apply "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, annotations: {tend.dev/ttl: 1m}}\n"
  t:settle()
  t:crash()
  t:advance "59s"
  t:expect("Widget/w", { kind = "Widget" })
  t:advance "1s"
  t:gone "Widget/w"
end)

test("the example is gone after five seconds", function(t)
  t:apply_file "../manifests/scripts/reaper.yaml"
  t:settle()
  t:expect("ConfigMap/one-time-code", { kind = "ConfigMap" })
  t:advance "5s"
  t:gone "ConfigMap/one-time-code"
end)
