-- A lab for each student (classroom.lua), with the labs tended as they are shipped.
scripts = { "classroom.lua", "labinstance.lua" }

local function class(students)
  return ([[
apiVersion: lab.neuroglia.com/v1
kind: Classroom
metadata: {name: math}
spec:
  students: [%s]
  lab: {template: algebra, provisionSeconds: 5, duration: 4h}
]]):format(students)
end

local function names(t)
  local list = {}
  for _, lab in ipairs(t:list "LabInstance") do list[#list + 1] = lab.metadata.name end
  table.sort(list)
  return table.concat(list, " ")
end

test("makes a lab for each student, and counts them", function(t)
  t:apply(class "ada, bob")
  t:settle()
  t:expect("LabInstance/math-ada", { ["spec.template"] = "algebra", ["metadata.labels.classroom"] = "math" })
  t:expect("Classroom/math", { ["status.total"] = 2, ["status.ready"] = 0 })
  t:advance "5s"
  t:expect("Classroom/math", { ["status.ready"] = 2, ["status.conditions.Ready.status"] = "True" })
end)

test("follows the list", function(t)
  t:apply(class "ada, bob")
  t:advance "10s"
  t:apply(class "bob, eve")
  t:advance "10s"
  assert(names(t) == "math-bob math-eve")
  t:expect("Classroom/math", { ["status.total"] = 2, ["status.ready"] = 2 })
  t:apply(class "")
  t:advance "10s"
  assert(names(t) == "")
  t:expect("Classroom/math", { ["status.total"] = 0, ["status.ready"] = 0 })
end)

test("makes a lab that is gone anew, and leaves the labs of others alone", function(t)
  t:apply "apiVersion: lab.neuroglia.com/v1\nkind: LabInstance\nmetadata: {name: mine, labels: {classroom: math}}\nspec: {template: t}\n"
  t:apply(class "ada")
  t:advance "10s"
  t:delete "LabInstance/math-ada"
  t:advance "10s"
  assert(names(t) == "math-ada mine")
  t:expect("LabInstance/math-ada", { ["status.state"] = "ready" })
end)

test("takes its labs with it", function(t)
  t:apply(class "ada, bob")
  t:advance "10s"
  t:delete "Classroom/math"
  t:advance "10s"
  assert(names(t) == "")
end)

test("refuses a list that makes no names", function(t)
  t:refused(class "ada, ada", "students")
  t:refused(class "'Ada Lovelace'", "students")
end)

test("the example has two labs", function(t)
  t:apply_file "../manifests/scripts/classroom.yaml"
  t:advance "1s"
  t:expect("Classroom/algebra", { ["status.ready"] = 2 })
end)
