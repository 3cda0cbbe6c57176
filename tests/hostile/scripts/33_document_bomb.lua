-- soft: not enough memory: one run makes documents of 64 MiB at most
-- Values of the host count as well.
local function attack(thing)
  local text = '"' .. ("x"):rep(1500000) .. '"'
  while true do json.decode(text) sleep "0s" end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
