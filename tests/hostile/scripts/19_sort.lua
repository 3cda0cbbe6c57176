-- hard: ran for more than 400 ms in something that cannot be stopped
-- No instruction of the script comes between two comparisons.
local big = {}
for i = 1, 2000000 do big[i] = i * 7919 % 2000003 end

local function attack(thing)
  table.sort(big)
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
