-- soft: a table that holds itself
local function attack(thing)
  local all = {}
  all[1] = all
  thing.status.all = all
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
