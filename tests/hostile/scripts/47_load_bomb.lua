-- refused: 47_load_bomb.lua:3: not enough memory: a script has 64 MiB
local all = {}
for i = 1, 1000 do all[i] = ("x"):rep(8000000) .. i end

return controller "example.com/v1/Thing" { reconcile = print }
