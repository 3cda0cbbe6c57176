---@meta tend
-- Made by `tend lua types`, for editors that use the Lua language server: the words of scripts, and the kinds
-- that a host serves. It is read by editors only; make it again when kinds change. Beside it, .luarc.json:
--
--   { "runtime.version": "Lua 5.4",
--     "runtime.builtin": { "io": "disable", "os": "disable", "debug": "disable", "package": "disable" } }
--
-- Above a function say which kind it is called with, and its fields are known:
--
--   ---@param lab LabInstance
--   local function pending(lab)
---@diagnostic disable: duplicate-set-field, lowercase-global, missing-return, unused-local

-- --- objects ----------------------------------------------------------------------------------------

--- A time span: "90s", "1h30m", or a number of seconds.
---@alias tend.Duration string|number

---@class tend.Metadata
---@field name string
---@field namespace? string
---@field uid string
---@field generation integer
---@field resourceVersion string
---@field creationTimestamp string
---@field deletionTimestamp? string
---@field finalizers string[]
---@field labels table<string, string>
---@field annotations table<string, string>
---@field ownerReferences table[]

--- An object of any kind. What is absent reads as nil, or as empty where it is an object or a list.
---@class tend.Object
---@field apiVersion string
---@field kind string
---@field metadata tend.Metadata
---@field name string metadata.name
---@field namespace? string metadata.namespace
---@field uid string metadata.uid
---@field generation integer metadata.generation: counts changes of the spec.
---@field created string metadata.creationTimestamp
---@field deleting boolean Whether it is being deleted.
---@field labels table<string, string> metadata.labels
---@field annotations table<string, string> metadata.annotations
---@field state? string The state that it is in.
---@field entered number When the run's own object entered its state: seconds since 1970.

---@class tend.Condition
---@field type string
---@field status "True"|"False"|"Unknown"
---@field observedGeneration? integer
---@field lastTransitionTime? string
---@field reason? string
---@field message? string

--- Texts under keys.
---@class ConfigMap: tend.Object
---@field data table<string, string>
---@field binaryData table<string, string>
---@field immutable? boolean

-- --- what comes next ---------------------------------------------------------------------------------

---@class tend.Outcome

--- What a function returns: the name of the state to enter, one of retry, again, fail, enter and done, or
--- nothing, which is done().
---@alias tend.Answer string|tend.Outcome|nil

---@alias tend.Function fun(object: any): tend.Answer

--- It failed, and is tried again: after that time, or slower each time where none is given.
---@param after? tend.Duration
---@param reason? string CamelCase
---@param format? string
---@param ... any
---@return tend.Outcome
---@overload fun(reason: string, format?: string, ...: any): tend.Outcome
function retry(after, reason, format, ...) end

--- Nothing is wrong; look again after that time.
---@param after tend.Duration
---@return tend.Outcome
function again(after) end

--- It failed for good: nothing is tried until the spec, or the script, changes.
---@param reason? string CamelCase; a sentence in its place is the message
---@param format? string
---@param ... any
---@return tend.Outcome
function fail(reason, format, ...) end

--- Enter that state, and tell why.
---@param state string
---@param reason? string CamelCase
---@param format? string
---@param ... any
---@return tend.Outcome
function enter(state, reason, format, ...) end

--- Nothing more to do until something changes.
---@return tend.Outcome
function done() end

-- --- controllers -------------------------------------------------------------------------------------

---@class tend.State

---@class tend.StateOptions
---@field [1]? tend.Function What is done in the state. Without it the host waits for its deadline.
---@field to? string|string[] The states that may follow.
---@field within? tend.Duration How long it may last.
---@field within_field? string A field that says so: "spec.timeout".
---@field from? string A field with the moment from which that counts: "status.readyAt".
---@field otherwise? string Where the deadline leads.
---@field condition? string Or the condition that becomes True then.
---@field reason? string Of that move or condition; CamelCase.
---@field message? string
---@field final? boolean Nothing follows.
---@field teardown? boolean Where deleted objects go.
---@field alone? boolean Its deadline fires also while no controller serves the kind.
---@field every? tend.Duration How often the function runs again.

--- A state of a controller; the first that is written is the initial one.
---@param options tend.StateOptions
---@return tend.State
function state(options) end

---@class tend.Declaration

---@class tend.KindOptions
---@field plural? string
---@field singular? string
---@field short? string|string[]
---@field categories? string|string[]
---@field scope? "Namespaced"|"Cluster"
---@field spec? table<string, any> "string!" must be given; { "integer", default = 3 } need not.
---@field status? table<string, any>
---@field columns? string[][] { "Name", ".status.field" }
---@field description? string

---@class tend.Limits
---@field run? tend.Duration How long a run may take, its waits included.

---@class tend.ControllerOptions
---@field name? string The file's name where it is not given.
---@field kind? tend.KindOptions The kind itself, where this script brings it.
---@field crd? string Or its CustomResourceDefinition, as YAML or JSON.
---@field owns? string|string[] Kinds that it applies: their changes wake the owner.
---@field initial? string The state that objects begin in.
---@field state_field? string "status.state" where it is not given.
---@field renamed? table<string, string> From names that states had to those that they have.
---@field version? string
---@field limits? tend.Limits
---@field reconcile? tend.Function Where there are no states, or one has no function.
---@field finalize? tend.Function The object is being deleted: undo what exists outside.
---@field [string] tend.State

--- The controller of a kind: return controller "group/version/Kind" { ... }
---@param kind string
---@return fun(options: tend.ControllerOptions): tend.Declaration
--@controller
function controller(kind) end

---@class tend.ObserverOptions
---@field name? string The file's name where it is not given.
---@field labels? string Only objects that match: "a=b,c".
---@field annotation? string Only objects that carry it.
---@field owns? string|string[]
---@field version? string
---@field limits? tend.Limits
---@field reconcile tend.Function

--- It looks at objects that others answer for: observer "v1/ConfigMap" { ... }; "*" is every kind.
---@param kinds string|string[]
---@return fun(options: tend.ObserverOptions): tend.Declaration
function observer(kinds) end

-- --- other objects -----------------------------------------------------------------------------------

--- An object by any name of its kind, in the namespace of this one where none is given; nil where there is
--- none. When it changes, the function runs again.
---@param kind string
---@param name string
---@param namespace? string
---@return any
---@overload fun(kind: "ConfigMap"|"configmap"|"configmaps"|"cm"|"v1/ConfigMap", name: string, namespace?: string): ConfigMap?
--@get
function get(kind, name, namespace) end

---@class tend.ListOptions
---@field labels? string "a=b,c"
---@field namespace? string
---@field owner? any Of these, what this object owns.

--- All objects of a kind. When one comes, changes or goes, the function runs again.
---@param kind string
---@param options? tend.ListOptions
---@return any[]
---@overload fun(kind: "ConfigMap"|"configmap"|"configmaps"|"cm"|"v1/ConfigMap", options?: tend.ListOptions): ConfigMap[]
--@list
function list(kind, options) end

---@class tend.Draft
---@field kind string
---@field apiVersion? string
---@field name string
---@field namespace? string
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field owner? boolean false: the object of this run does not own it.
---@field [string] any

--- The fields that are named here are to be so; others stay as they are. Written when the run is over,
--- together with all that it writes.
---@param object tend.Draft
function apply(object) end

---@param kind string
---@param name string
---@param namespace? string
---@overload fun(object: tend.Object)
function delete(kind, name, namespace) end

-- --- the outside world -------------------------------------------------------------------------------

--- Wait, without holding up anybody else.
---@param duration tend.Duration
function sleep(duration) end

---@class tend.Command
---@field [integer] string|number The program and its arguments.
---@field timeout? tend.Duration
---@field stdin? string
---@field env? table<string, string>
---@field directory? string
---@field name? string Done once under that name for the object, over crashes as well.

---@class tend.ExecResult
---@field ok boolean It ended with code 0.
---@field code? integer
---@field signal? integer
---@field timedOut? boolean
---@field problem? string Why there is no more than that.
---@field out string
---@field err string

--- Run a program, without a shell: exec { "git", "clone", url, timeout = "1m" }
---@param command tend.Command
---@return tend.ExecResult
function exec(command) end

---@class tend.Request
---@field method? string
---@field url? string
---@field headers? table<string, string>
---@field body? string
---@field json? any A value to send as JSON instead of a body.
---@field timeout? tend.Duration
---@field name? string Done once under that name for the object, over crashes as well.

---@class tend.Response
---@field ok boolean Answered, with a status below 400.
---@field status? integer
---@field headers? table<string, string>
---@field body? string
---@field problem? string Why there is no answer.
---@field json fun(self: tend.Response): any, string? The body as a value; nil and a sentence where it is no JSON.

---@class tend.Http
---@field request fun(request: tend.Request): tend.Response
---@field get fun(url: string, request?: tend.Request): tend.Response
---@field head fun(url: string, request?: tend.Request): tend.Response
---@field post fun(url: string, request?: tend.Request): tend.Response
---@field put fun(url: string, request?: tend.Request): tend.Response
---@field patch fun(url: string, request?: tend.Request): tend.Response
---@field delete fun(url: string, request?: tend.Request): tend.Response

--- Requests: http.get(url), http.post(url, { json = value })
---@type tend.Http
http = {}

-- --- telling -----------------------------------------------------------------------------------------

--- An event about the object.
---@param reason string CamelCase
---@param format? string
---@param ... any
function event(reason, format, ...) end

--- An event of type Warning.
---@param reason string CamelCase
---@param format? string
---@param ... any
function warn(reason, format, ...) end

--- A condition of the object, kept in status.conditions.
---@param type string CamelCase
---@param truth boolean|"Unknown"|nil nil is "Unknown".
---@param reason? string CamelCase
---@param format? string
---@param ... any
function condition(type, truth, reason, format, ...) end

---@class tend.Log
---@field debug fun(format: any, ...: any)
---@field info fun(format: any, ...: any)
---@field warn fun(format: any, ...: any)
---@field error fun(format: any, ...: any)
---@overload fun(format: any, ...: any)

--- Lines in the host's log: log("..."), log.warn("...")
---@type tend.Log
log = {}

---@class tend.Metrics
---@field count fun(name: string, labels?: table<string, string|number|boolean>, by?: number) A counter: one more.
---@field set fun(name: string, value: number, labels?: table<string, string|number|boolean>) A gauge.
---@field observe fun(name: string, value: number, labels?: table<string, string|number|boolean>) A histogram, of seconds.

--- On the host's /metrics: metrics.count("jobs_total", { queue = "a" }). Labels have few values.
---@type tend.Metrics
metrics = {}

--- A line in the host's log.
---@param ... any
function print(...) end

-- --- times and values --------------------------------------------------------------------------------

--- The moment of this run: seconds since 1970.
---@return number
function now() end

--- A moment as RFC 3339; of now where none is given.
---@param seconds? number
---@return string
function timestamp(seconds) end

--- From RFC 3339 to seconds since 1970; nil where it is no moment.
---@param text? string
---@return number?
function moment(text) end

--- From "1h30m" to seconds; nil where it is no duration.
---@param text? string
---@return number?
function duration(text) end

--- The next moment of a schedule in UTC, after now or another moment: "*/5 8-18 * * mon-fri". nil and a
--- sentence where it is none.
---@param schedule string
---@param after? number
---@return number?, string?
function cron(schedule, after) end

--- Whether the field is there, also where it would read as empty.
---@param object any
---@param field string
---@return boolean
function has(object, field) end

--- Plain tables, the script's own: what is kept when the run is over, or changed.
---@generic T
---@param object T
---@return T
function copy(object) end

--- null, where nil would be an absent field.
---@type any
null = {}

--- What the host's configuration says for this file; to be read only.
---@type table<string, any>
config = {}

---@class tend.Json
---@field encode fun(value: any): string
---@field decode fun(text: string): any, string? nil and a sentence where it is no JSON.

---@type tend.Json
json = {}

--- A list, also where it is empty.
---@param items? any[]
---@return any[]
function array(items) end

--- An object, also where it is empty.
---@param fields? table<string, any>
---@return table<string, any>
function object(fields) end
