-- soft: ran for more than 100 ms without a wait
-- Errors in error handlers.
local function attack(thing)
  local function handler() error(handler) end
  while true do xpcall(error, handler) end
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
