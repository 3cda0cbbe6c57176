-- soft: not enough memory: a script has 64 MiB
local function attack(thing)
  local text = "x"
  while true do
    text = text .. text
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
