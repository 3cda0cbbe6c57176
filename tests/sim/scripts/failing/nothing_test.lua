test("x", function() end)
