-- soft: ran for more than 100 ms without a wait
-- A handler runs where it can be stopped.
local function attack(thing)
  xpcall(error, function()
    while true do end
  end)
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
