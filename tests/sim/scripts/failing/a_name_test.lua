tset("x", function() end)
