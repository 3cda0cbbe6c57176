-- refused: 46_load_pattern.lua:2: ran for more than 400 ms in something that cannot be stopped
local _ = ("a"):rep(3000):find(".-.-.-.-b")

return controller "example.com/v1/Thing" { reconcile = print }
