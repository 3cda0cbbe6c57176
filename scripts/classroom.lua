--- Classroom: a lab for each student of a list, all alike.
--
-- It owns what it makes: a changed lab wakes its classroom, a student who leaves the list loses the lab, and
-- all labs go with the classroom. A lab that ends while its student is in the list is made anew.

local function reconcile(class)
  local students, status, ready, there = class.spec.students, class.status, 0, {}
  for _, student in ipairs(students) do
    local name = class.name .. "-" .. student
    there[name] = true
    apply { kind = "LabInstance", name = name, labels = { classroom = class.name }, spec = class.spec.lab }
  end
  for _, lab in ipairs(list("LabInstance", { labels = "classroom=" .. class.name, owner = class })) do
    if not there[lab.name] then
      delete(lab)
    elseif lab.state == "ready" then
      ready = ready + 1
    end
  end
  status.total, status.ready = #students, ready
  condition("Ready", ready == #students, ready == #students and "AllReady" or "Waiting",
    "%d of %d labs are ready", ready, #students)
end

return controller "lab.neuroglia.com/v1/Classroom" {
  version = "1.0.0",
  owns = "LabInstance",
  reconcile = reconcile,

  kind = {
    short = "class", plural = "classrooms",
    columns = { { "Ready", ".status.ready", "integer" }, { "Students", ".status.total", "integer" } },
    spec = {
      students = { "list", required = true, maxItems = 100, ["x-kubernetes-list-type"] = "set",
        items = { "string", pattern = "^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$" },
        description = "Who gets a lab each. The name is the end of the lab's." },
      lab = { "map", values = "any", required = true, description = "The spec of every lab." },
    },
    status = { total = "integer", ready = "integer" },
  },
}
