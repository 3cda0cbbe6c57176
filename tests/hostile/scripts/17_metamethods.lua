-- soft: ran for more than 100 ms without a wait
local function attack(thing)
  local loop = setmetatable({}, { __index = function(self, key) return self[key + 1] or self[1] end })
  while true do pcall(function() return loop[1] end) end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
