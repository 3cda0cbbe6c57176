-- soft: more than 1000 coroutines in one run
local function attack(thing)
  local function nest()
    while true do pcall(coroutine.wrap(nest)) end
  end
  nest()
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
