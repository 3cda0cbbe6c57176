-- soft: ran for more than 100 ms without a wait
-- What is said of the error is the script's as well.
local function attack(thing)
  error(setmetatable({}, { __tostring = function() while true do end end }))
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
