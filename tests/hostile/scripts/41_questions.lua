-- soft: asked more than 1000 questions in one run
local function attack(thing)
  while true do pcall(sleep, "0s") end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
