local function heating(kettle)
  local r = exec { "true", name = "switch-on" }
  if not r.ok then return retry("10s", "NoPower", r.problem or r.err) end
  sleep "2s"
  return "Hot"
end

return controller "example.com/v1/Kettle" {
  Cold = state { to = "Heating", function(kettle)
    if kettle.spec.wanted then return "Heating" end
  end },
  Heating = state { heating, to = { "Hot", "Cold" }, within = "5m", otherwise = "Cold", reason = "TooSlow" },
  Hot = state { to = "Cold", within = "10m", otherwise = "Cold" },

  kind = { spec = { wanted = "boolean" }, columns = { { "State", ".status.state" } } },
}
