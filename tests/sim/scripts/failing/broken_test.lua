scripts = { "broken.lua" }
test("x", function() end)
