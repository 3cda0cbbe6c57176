-- soft: stack overflow
local function attack(thing)
  local function down(...) return 1 + down(...) end
  down(table.unpack({}, 1, 200))
end

return controller "example.com/v1/Thing" {
  reconcile = function(thing)
    if thing.spec.attack then attack(thing) end
    if thing.spec.wait then sleep "1h" end
    thing.status.n = thing.spec.n
  end,
}
