-- hard: ran for more than 400 ms in something that cannot be stopped
local function attack(thing)
  ("a"):rep(20000000):find(("a"):rep(10000000) .. "b", 1, true)
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
