-- soft: not enough memory: a script has 64 MiB
-- Who has no memory does not go on with half of everything.
local function attack(thing)
  local kept = {}
  while true do
    pcall(function() kept[#kept + 1] = ("x"):rep(8000000) .. #kept end)
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
