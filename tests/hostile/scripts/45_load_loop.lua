-- refused: 45_load_loop.lua:3: ran for more than 500 ms without a wait
while true do
  pcall(function() while true do end end)
end

return controller "example.com/v1/Thing" { reconcile = print }
