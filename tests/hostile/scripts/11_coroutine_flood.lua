-- soft: more than 1000 coroutines in one run
local function attack(thing)
  local kept = {}
  for i = 1, 1000000 do kept[i] = coroutine.create(print) end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
