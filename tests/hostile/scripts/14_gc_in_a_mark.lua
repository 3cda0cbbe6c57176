-- soft: attempt to index a boolean value
-- The metatables of the engine are out of reach.
local function attack(thing)
  getmetatable(array {}).__gc = function() while true do end end
  json.decode "[]"
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
