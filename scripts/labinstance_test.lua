-- The life of a lab (labinstance.lua), told as its owner sees it.

local function lab(name, spec)
  return ("apiVersion: lab.neuroglia.com/v1\nkind: LabInstance\nmetadata: {name: %s}\nspec: {template: t%s}\n")
    :format(name, spec and ", " .. spec or "")
end

test("is provisioned, used and cleaned up", function(t)
  t:apply(lab("lab-1", "provisionSeconds: 5, duration: 1h"))
  t:settle()
  t:expect("LabInstance/lab-1", { ["status.state"] = "provisioning", ["status.attempts"] = 1 })
  t:advance "5s"
  t:expect("LabInstance/lab-1", {
    ["status.state"] = "ready",
    ["status.endpoint"] = "https://lab-lab-1.example.com",
    ["status.conditions.Ready.status"] = "True",
  })
  t:advance "1h"
  t:gone("LabInstance/lab-1")
end)
