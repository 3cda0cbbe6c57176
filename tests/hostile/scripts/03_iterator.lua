-- soft: ran for more than 100 ms without a wait
local function attack(thing)
  for _ in function() return 1 end do end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
