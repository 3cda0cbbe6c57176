-- soft: "message":"04_pcall.lua:6: ran for more than 100 ms without a wait
-- What stops a slice is not caught.
local function attack(thing)
  while true do
    pcall(function()
      while true do end
    end)
  end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
