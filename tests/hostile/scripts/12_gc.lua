-- soft: __gc is not given to scripts
-- A finalizer would run where nothing can stop it.
local function attack(thing)
  setmetatable({}, { __gc = function() while true do end end })
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
