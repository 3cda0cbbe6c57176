-- done
-- A metatable that gets its __gc afterwards has none, whoever sets it again.
local function attack()
  local meta = {}
  local marked = setmetatable({}, meta)
  meta.__gc = function() while true do end end
  for _ = 1, 100 do copy(marked) end
  for i = 1, 20000 do local _ = { i } end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack() end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
