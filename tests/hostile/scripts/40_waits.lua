-- soft: the run took longer than its limit of 50 ms
-- Its time is over, and it does not want to know.
local function attack(thing)
  while true do pcall(sleep, "1h") end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
