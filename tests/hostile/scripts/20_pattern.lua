-- hard: ran for more than 400 ms in something that cannot be stopped
local function attack(thing)
  ("a"):rep(3000):find(".-.-.-.-b")
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
