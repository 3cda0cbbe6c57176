-- soft: the repeated text would not fit into the memory of the script
local function attack(thing)
  ("x"):rep(1 << 40)
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
