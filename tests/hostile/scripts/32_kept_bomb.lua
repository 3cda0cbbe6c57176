-- soft, replaced: not enough memory: a script has 64 MiB
-- What outlives the run is given back with the process.
local kept = {}

local function attack(thing)
  while true do
    kept[#kept + 1] = ("x"):rep(8000000) .. #kept
    sleep "0s"
  end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
