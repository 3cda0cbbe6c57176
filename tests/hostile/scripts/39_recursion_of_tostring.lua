-- soft: stack overflow
local function attack(thing)
  local thing_of_mine = setmetatable({}, {})
  getmetatable(thing_of_mine).__tostring = tostring
  tostring(thing_of_mine)
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
