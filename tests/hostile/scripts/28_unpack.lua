-- soft: too many results to unpack
local function attack(thing)
  return table.unpack({}, 1, 10000000)
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
