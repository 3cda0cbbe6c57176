test("x", function(t)
  t:settle(
end)
