--- Deletes what has outlived its time: any object, of any kind, that says how long it may live.
--
--     metadata:
--       annotations: {tend.dev/ttl: 2h30m}   # counted from its creation
--
-- It is an observer: it owns no kind, and objects without the annotation cost nothing. Another value is
-- another moment, and without the annotation the object stays.

local TTL = "tend.dev/ttl"

local function reconcile(object)
  local ttl = duration(object.annotations[TTL])
  if not ttl then -- told once; it runs again when the annotation is another one
    return fail("TtlInvalid", '%s is "%s"; expected a duration such as 90s or 2h30m', TTL, object.annotations[TTL])
  end
  local left = moment(object.created) + ttl - now()
  if left > 0 then return again(left) end
  event("Expired", "Its ttl of %s is over", object.annotations[TTL])
  delete(object)
end

return observer "*" { annotation = TTL, reconcile = reconcile }
