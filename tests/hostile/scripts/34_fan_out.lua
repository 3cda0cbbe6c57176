-- soft: 34_fan_out.lua:6:
-- A table of 2^50 items in 50 tables.
local function attack(thing)
  local all = array {}
  for _ = 1, 50 do all = { all, all } end
  thing.status.all = all
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
