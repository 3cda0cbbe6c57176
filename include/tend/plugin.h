/* tend/plugin.h -- the whole contract between a controller plugin and the host.
 *
 * A plugin is a shared object that exports one data symbol, `tend_plugin_v1`, made by TEND_PLUGIN.
 * It describes controllers; a controller is a function of one object: given a snapshot it returns
 * writes and an outcome. It may run at any time, twice, or after a crash, and converges. The
 * smallest one:
 *
 *     #include <tend/plugin.h>
 *
 *     static void reconcile(struct tend_call *call, struct tend_result *result)
 *     {
 *         const char *name = tend_text(call, TEND_THIS, "spec.name", "world");
 *         tend_put_text(call, TEND_THIS, "status.greeting", tend_format(call, "Hello, %s", name));
 *         tend_done(result);
 *     }
 *     static const struct tend_controller greeting = {
 *         .size = sizeof greeting, .name = "greeting", .kind = "example.com/v1/Greeting",
 *         .reconcile = reconcile};
 *     static const struct tend_controller *const controllers[] = {&greeting, NULL};
 *     TEND_PLUGIN("greeting", "1.0.0", controllers)
 *
 *     cc -std=c11 -shared -fPIC -fvisibility=hidden -Wl,-z,defs greeting.c -o greeting.so
 *
 * Rules that never change
 *
 *  1 Every struct that crosses the line begins with `size`: its sizeof, as its author compiled it.
 *    Fields are only ever appended. A reader takes what both know and reads the rest as zero; a
 *    host refuses a longer description only where bytes that it does not know are not zero; of what
 *    is handed over while it runs (a result, a series) it does not look at them. Lists are arrays of
 *    pointers, so that an element can grow. Only struct tend_str, which is frozen, goes by value.
 *  2 Numbers have a fixed width, enumerators a written value, unknown values a stated meaning.
 *  3 Who allocates frees. What the host hands to a callback is valid until that call is over, and
 *    what the plugin hands to the host is copied before the host's function returns. A pointer is
 *    NULL only where it says so.
 *  4 Text is UTF-8. Text from the host ends in a NUL as well, and may have others in it, as documents
 *    do: a tend_str says how long it is. Text for the host has none.
 *  5 A plugin links to nothing of the host: all comes through struct tend_api.
 *  6 No exception, longjmp or fork crosses the line; no exit(), signal(), setlocale(), chdir().
 *    (A runner survives most of these; its plugin does not.)
 *
 * What a plugin cannot do. A runner is confined before the plugin's file is opened, constructors
 * included, as far as the kernel can do it. It cannot open files (EACCES), but for reading the
 * libraries where the loader looks for them, the time zones and its own file; make sockets (EACCES)
 * or processes (EPERM); signal, trace or read any other process; change its limits, user or
 * priority. It has threads, clocks, timers, pipes, event descriptors and its memory: by default
 * 1 GiB and 64 descriptors. What is refused fails with an errno, and nobody is killed for it. The
 * outside is asked for through the host. Who runs the host may allow files, or all
 * (`tend run --confine`); a plugin that needs that should say so.
 *
 * Thread tags
 *
 *  [control] one at a time, and never beside [work] of the same controller
 *  [work]    never twice at once for one object; for several objects at once only where
 *            `parallel` > 1
 *  [any]     any thread at any time between start and the return of stop; of a call, while it is
 *            valid. Of a call that is held, what is [work] is of the thread that holds it.
 *
 * What runs at once. Where no controller of a plugin says `parallel` > 1, one thread runs it all: no
 * callback runs beside another, and one that blocks (in wait, or by itself) keeps all others. Where one
 * says it, callbacks run on threads of the host's, at most 32 for a plugin, with stacks of 2 MiB: up to
 * `parallel` of that controller at once, each for another object; and of all controllers that do not say
 * it one, as before, but beside those of the others. A callback is on one thread from its beginning to its
 * return, waits included. Its `then`s, and the next callback, may be on another: what they need is kept in
 * the call or in `self`, not in thread-local storage. A call that blocks is one of the `parallel`; one
 * that has returned TEND_LATER is none. A test, and a plugin that is run inline, has one thread, whatever
 * `parallel` says. A crash, an exit or a hang is charged to the call whose thread it was; all others run again.
 *
 * Mistakes. Functions that write return nothing. A write that cannot be made (a malformed path, a
 * path outside `status.` of the object itself, a draft that is none) is remembered, and the outcome
 * becomes TEND_FAIL, reason "PluginMistake", with a message that names it. Nothing of that call is
 * written. So does more than a call may have: 256 objects applied or removed, 64 events, 64 conditions,
 * 1000 questions (the `then` of one more is not called), a million nodes, 4 MiB of writes.
 *
 * The host keeps status.observedGeneration, where the kind's schema declares it: the metadata.generation that the
 * last run saw which has ended, whatever its outcome.
 *
 * Times are milliseconds. Moments are of the host's wall clock, since 1970 in UTC; use call->now_ms
 * and never a clock of your own: a test runs an hour in milliseconds.
 */
#ifndef TEND_PLUGIN_H
#define TEND_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEND_MAJOR 1 /* part of the symbol's name: a new major is a new symbol */
#define TEND_MINOR 0 /* grows with every appended field */
/* Frozen: what stands here keeps its name, place, type and meaning as long as there is a
 * tend_plugin_v1. What comes is appended, as minor 1 and later once version 1 is released. */

/* A value inside a document, in one call: an object, a field, an answer, a draft. 0 is absent where
 * a value is returned, and the object being reconciled where one is given; what is no node of the call
 * is absent. Valid until the call is over, over questions as well, and shows what it showed: a later
 * write changes the object or draft that it writes into, and no node that was read from it. */
typedef uint64_t tend_node;
#define TEND_THIS ((tend_node)0)

struct tend_str { /* frozen */
    const char *ptr;
    size_t len;
};

enum tend_type {
    TEND_ABSENT = 0,
    TEND_NULL = 1,
    TEND_BOOL = 2,
    TEND_INT = 3, /* 64 bits, signed */
    TEND_REAL = 4,
    TEND_TEXT = 5,
    TEND_LIST = 6,
    TEND_MAP = 7
};
enum tend_level { TEND_DEBUG = 0, TEND_INFO = 1, TEND_WARN = 2, TEND_ERROR = 3 };
enum tend_truth { TEND_FALSE = 0, TEND_TRUE = 1, TEND_UNKNOWN = 2 };
enum tend_tone { TEND_NORMAL = 0, TEND_WARNING = 1 };
enum tend_verb {
    TEND_RECONCILE = 0,
    TEND_FINALIZE = 1 /* the object is being deleted */
};

/* --- the outcome of a call -------------------------------------------------------------------- */

enum tend_outcome {
    TEND_DONE = 0,  /* settled; run again when the object, or something that was read, changes */
    TEND_AGAIN = 1, /* and also after `after_ms` */
    TEND_ENTER = 2, /* enter `state`, which the current state must list in `next` */
    /* Failed for now: run again with growing delay, not before `after_ms`. While it lasts, condition
     * Failing says why, where the kind keeps status.conditions, and so do events. Without a reason
     * and a message nothing is said. */
    TEND_RETRY = 3,
    /* Failed until spec or plugin change, and condition Stalled; unknown values are read as this. */
    TEND_FAIL = 4,
    /* Comes through api->finish: from inside a `then`, or, where no question is open, from any thread
     * (see "Calls that are held"). Where the run is cancelled, every open question is answered with 0
     * and time_left_ms is 0: finish soon. */
    TEND_LATER = 5
};

/* The host hands in a zeroed one (TEND_DONE), and reads it after the callback has returned: texts are
 * literals or come from tend_format. */
struct tend_result {
    uint32_t size;
    int32_t outcome;
    int64_t after_ms;    /* of AGAIN and RETRY; 0: at once, or by the growing delay alone */
    const char *state;   /* of ENTER */
    const char *reason;  /* CamelCase, one word; NULL allowed */
    const char *message; /* a sentence for people; NULL allowed */
};

/* --- what the host offers --------------------------------------------------------------------- */

struct tend_api;

/* This controller in its host. Valid from start to the return of stop. */
struct tend_host {
    uint32_t size;
    uint32_t minor; /* the host's TEND_MINOR */
    const struct tend_api *api;
};

/* One run over one object. Valid until its outcome is delivered: the return of the callback, or
 * api->finish where that returned TEND_LATER.
 *
 * Calls that are held. A callback, or a `then`, that returns with TEND_LATER and no question open leaves
 * the call to the plugin: it is held, until any thread calls finish, which may be before the callback has
 * returned. It keeps nobody: other objects are reconciled meanwhile (at most 64 calls of a controller are
 * out). All its functions but ask and wait (a mistake) are there for whoever holds it, one thread at a time.
 * After finish nothing of it may be touched.
 *
 * Cancelled (its limit_ms is over, the object is gone, the plugin is stopped) it sees time_left_ms 0, and
 * stays valid until finish. One that is not finished then ends the process like a call that hangs, and is
 * to blame. At the end of a plugin calls that are held are cancelled, then `stop` is called, which joins
 * the plugin's threads; what they finish is dropped, and after `stop` no call is valid. In a test
 * (`tend test`) nothing else happens, and no time passes, while a call is held: a thread that waits for
 * another call to begin waits in vain, and after 10 s of real time the test ends with that. */
struct tend_call {
    uint32_t size;
    int32_t verb; /* enum tend_verb */
    const struct tend_api *api;
    const struct tend_host *host;
    void *self;         /* what start gave */
    int64_t now_ms;     /* the moment of this call, and of each answer that it gets */
    int64_t entered_ms; /* when the object entered its state, or was created */
    int64_t kinds;      /* another number: what was told of any kind may be outdated */
};

/* Takes the answer to a question; 0 where there is none: the object is absent, or it could not be
 * answered (api->problem says why). `data` is what was given to ask. [work] */
typedef void tend_then(struct tend_call *call, tend_node answer, void *data);

/* Present in every host of this major, in this order. The inline functions further down are how it
 * is meant to be used. A path is `spec.disks[0].size`, `metadata.annotations['a.b/c']`. */
struct tend_api {
    uint32_t size;
    uint32_t reserved;

    /* An interface by name (TEND_METRICS, TEND_CONFIG), valid as long as `host`; NULL where there is none. [any] */
    const void *(*find)(const struct tend_host *host, const char *id);
    /* A line in the host's log; cut at 1000 bytes, and 100 a second. An unknown level: INFO. [any] */
    void (*log)(const struct tend_host *host, int32_t level, const char *text);

    /* The value at `path` below `root`, and at "" itself; 0 where it is absent or `path` is malformed.
     * `root` 0 is the object, status writes of this call included. [work] */
    tend_node (*get)(struct tend_call *call, tend_node root, const char *path);
    /* enum tend_type. [work] */
    int32_t (*type)(struct tend_call *call, tend_node node);
    /* The value, or `otherwise` where it is absent or of another type. [work] */
    int32_t (*as_bool)(struct tend_call *call, tend_node node, int32_t otherwise);
    /* The same; also a real that is whole. [work] */
    int64_t (*as_int)(struct tend_call *call, tend_node node, int64_t otherwise);
    /* The same; also an integer. [work] */
    double (*as_real)(struct tend_call *call, tend_node node, double otherwise);
    /* The same; `otherwise`, which is returned as it is, may be NULL: "". [work] */
    struct tend_str (*as_text)(struct tend_call *call, tend_node node, const char *otherwise);
    /* How many items a list or map has; 0 for anything else. [work] */
    uint32_t (*count)(struct tend_call *call, tend_node node);
    /* Item `index`, 0 where there is none; `ret_key` (or NULL) receives its key where `node` is a map,
     * else "". Maps are in byte order of their keys. [work] */
    tend_node (*item)(struct tend_call *call, tend_node node, uint32_t index,
                      struct tend_str *ret_key);

    /* The one asynchronous primitive. [work] `then` is called once, from inside wait or after the
     * callback returned TEND_LATER, and never beside it; never from inside ask.
     *
     * Reading subscribes: when the answer is no longer true the object is run again. Answers see the
     * writes of this call. An empty namespace is that of the object.
     *   {"fetch": {"kind": "v1/ConfigMap", "namespace": "", "name": "a"}}   -> object or 0
     *   {"select": {"kind": "v1/ConfigMap", "namespace": "", "labels": "a=b"}}  -> a list
     *   {"kind": {"word": "configmaps"}}      -> {"kind": "v1/ConfigMap", "namespaced", "schema"}
     *
     * The outside world belongs to the host, which does what is asked and answers when it is done:
     *   {"sleep": {"ms": 2000}}                                             -> {}
     *   {"exec": {"argv": ["cmd", "a"], "stdin": "", "env": {}, "directory": "/", "timeoutMs": 60000}}
     *       -> {"ok", "code" or "signal" or "timedOut" or "problem", "out", "err"}
     *   {"http": {"method": "GET", "url": "http://...", "headers": {}, "body": "", "timeoutMs": 30000}}
     *       -> {"ok", "status", "headers", "body"}, or {"ok": false, "problem"}
     * Such a wait is lost with the host or its runner; then the run begins anew and asks again. With a
     * "name" in it an exec or http is done once for the object: first the writes of this call so far
     * and the intent are committed; then it is done; its result is kept with the object, and given
     * to whoever asks the same under that name again. A program by name goes on while the host is
     * replaced or killed; a request that was under way then is sent again, with the same header
     * Idempotency-Key. A result that is not "ok" is forgotten when a
     * run ends in TEND_RETRY or TEND_FAIL, all are when the object enters another state. One such
     * question at a time. */
    void (*ask)(struct tend_call *call, tend_node question, tend_then *then, void *data);
    /* Block until one question of this call was answered. Nonzero where none is open. [work] */
    int32_t (*wait)(struct tend_call *call);
    /* Deliver the outcome of a call that returns TEND_LATER, or did; the call is over. [any] thread, but
     * with a question open only from inside a `then` of the call. */
    void (*finish)(struct tend_call *call, const struct tend_result *result);

    /* A new value; also to be put into others, as often as one likes. [work] */
    tend_node (*make_bool)(struct tend_call *call, int32_t value);
    tend_node (*make_int)(struct tend_call *call, int64_t value); /* [work] */
    /* Not finite: a mistake, and 0. [work] */
    tend_node (*make_real)(struct tend_call *call, double value);
    /* Not UTF-8, or with a NUL in it: a mistake. [work] */
    tend_node (*make_text)(struct tend_call *call, struct tend_str value);
    tend_node (*make_map)(struct tend_call *call);  /* Empty. [work] */
    tend_node (*make_list)(struct tend_call *call); /* Empty. [work] */

    /* Put `value` (0: remove what is there) at `path` of `target`: a map, list or draft of this call, or 0,
     * the object (paths under `status.` only; not the state of a kind that has states). Maps and lists
     * are made on the way. What is written is collected in the call, and committed with its outcome
     * against the version that was read, or not at all. [work] */
    void (*put)(struct tend_call *call, tend_node target, const char *path, tend_node value);
    /* The same, at the end of the list at `path`, made where it is absent. No list: a mistake. [work] */
    void (*append)(struct tend_call *call, tend_node target, const char *path, tend_node value);
    /* A draft of another object: apiVersion, kind, name and namespace (NULL: the object's). [work] */
    tend_node (*draft)(struct tend_call *call, const char *kind, const char *name_space,
                       const char *name);
    /* The fields of `draft` are to be so; what it does not name stays. The object will own it, and
     * it is deleted when the object is gone. What another object owns is not taken over: the run is
     * put off as by TEND_RETRY, reason "OwnedByAnother", and repeated when that changes. [work] */
    void (*apply)(struct tend_call *call, tend_node draft);
    /* Delete another object; that it is absent is fine. `name_space` NULL: the object's. [work] */
    void (*remove)(struct tend_call *call, const char *kind, const char *name_space,
                   const char *name);
    /* Kept in status.conditions, which the kind's schema has to declare. An unknown truth is
     * TEND_UNKNOWN; reason and message may be NULL. [work] */
    void (*condition)(struct tend_call *call, const char *type, int32_t truth, const char *reason,
                      const char *message);
    /* An Event about the object. An unknown tone is TEND_WARNING; message may be NULL. [work] */
    void (*event)(struct tend_call *call, int32_t tone, const char *reason, const char *message);

    /* Zeroed memory until the call is over; never NULL. [work] */
    void *(*alloc)(struct tend_call *call, size_t bytes);
    /* What is left of the time that the slice, or a call that is held, may take; 0: cancelled, return or
     * finish soon. [any] */
    int64_t (*time_left_ms)(struct tend_call *call);

    /* A moment as RFC 3339 in UTC; valid until the call is over. [work] */
    const char *(*format_moment)(struct tend_call *call, int64_t moment_ms);
    /* RFC 3339. Nonzero, and *ret_ms unchanged, where `text` is none (or NULL). [work] */
    int32_t (*parse_moment)(struct tend_call *call, const char *text, int64_t *ret_ms);
    /* "1h30m", "250ms"; likewise. [work] */
    int32_t (*parse_duration)(struct tend_call *call, const char *text, int64_t *ret_ms);

    /* Why the answer that was delivered last is none; NULL where it is one, or the object is absent.
     * A question that was not answered fails the call (TEND_RETRY, "NoAnswer") unless this was asked:
     * whoever asks knows what to do about it. [work] */
    const char *(*problem)(struct tend_call *call);

    /* A value from JSON; 0 where `text` is none. [work] */
    tend_node (*from_json)(struct tend_call *call, struct tend_str text);
    /* Canonical JSON, valid until the call is over; of what is absent "null". More than 4 MiB: a mistake,
     * and "". [work] */
    struct tend_str (*to_json)(struct tend_call *call, tend_node node);

    /* 64 random bits, not for secrets; the same again in a test. [work] */
    uint64_t (*random)(struct tend_call *call);

    /* Forget what this call has written, since it began or since the last question that committed it.
     * [work] */
    void (*discard)(struct tend_call *call);
};

/* --- what a plugin is ------------------------------------------------------------------------- */

/* A run over one object; `result` is zeroed but for its size. [work] */
typedef void tend_run(struct tend_call *call, struct tend_result *result);

enum tend_state_flag {
    TEND_FINAL = 1,    /* no exits */
    TEND_TEARDOWN = 2, /* entering it deletes the object; a deleted object is in it */
    TEND_ALONE = 4     /* its deadline fires even while no controller is up */
};

/* One state of the kind's machine. The host holds the machine: an undeclared move is refused
 * whoever asks, and deadlines are durable. */
struct tend_state {
    uint32_t size;
    uint32_t flags; /* enum tend_state_flag, or-ed */
    const char *name;
    const char *next; /* "ready, failed": the states that may follow */
    tend_run *run; /* NULL: the controller's reconcile, and where that is NULL as well, nothing */

    /* The deadline: within_ms (0: none) after the object entered the state. A field of the object,
     * "spec.timeout" (a duration, or whole seconds), goes before the constant where it is there; so
     * does a moment, "status.readyAt", before that of entry. */
    int64_t within_ms;
    const char *within_field;
    const char *from;
    const char *otherwise; /* the state that it leads to ... */
    const char *condition; /* ... or the condition that becomes True; exactly one of the two */
    const char *reason;    /* of the move or the condition; CamelCase */
    const char *message;
};

enum tend_controller_flag {
    /* It watches: any number may observe a kind, beside the one controller that owns its status and
     * states. It writes other objects, events, and of its object labels and annotations (as a draft
     * of it); it may remove it. `kind` is a list ("v1/ConfigMap, lab.neuroglia.com/v1/LabInstance"),
     * or "*" for every kind but Events and the host's own, also those that come later. It is not run
     * for an object that is being deleted. No states, finalize or crd. */
    TEND_OBSERVER = 1
};

struct tend_controller {
    uint32_t size;
    /* Callbacks at once, 64 at most; 0 is 1, and one at a time inline. See "What runs at once". */
    uint32_t parallel;
    const char *name; /* one DNS label */
    const char *kind; /* "GROUP/VERSION/KIND" */
    /* "v1/ConfigMap, pods": kinds that it applies, by any of their names, there or not yet; their
     * changes wake the owner. NULL: none. */
    const char *owns;
    /* The kind's CustomResourceDefinition, as YAML or JSON. NULL: it comes from elsewhere. */
    const char *crd;
    /* Where the state's name is kept. NULL: "status.state". */
    const char *state_field;
    /* NULL-ended, the first is the initial one. NULL: the kind has no machine. */
    const struct tend_state *const *states;

    /* Before any work. NULL, or a sentence that says why this controller cannot work here (it is
     * refused with that); the text stays valid until the plugin is gone. `config` is JSON, "{}"
     * where there is none, valid until the return. *ret_self is handed to every call. May be NULL.
     * At most 5 s. It may be called again in one process, after stop (inline, and where a test crashes the
     * host), and for each controller: what it needs is allocated here, and no static. [control] */
    const char *(*start)(const struct tend_host *host, struct tend_str config, void **ret_self);
    /* No call follows: join threads, close descriptors, free what start has allocated. Calls that are held
     * are valid until its return. Not after a failed start. May be NULL. [control] */
    void (*stop)(void *self);

    /* One run over one object. [work] */
    tend_run *reconcile;
    /* The object is being deleted: undo what exists outside; TEND_DONE lets it go. NULL: nothing to
     * undo. [work] */
    tend_run *finalize;

    /* "Old=New, ...": states that an earlier version had, and what they are called now. A version
     * is refused while objects are in a state that it neither has nor lists here. Objects in an old
     * state are moved to the new one by the host, before they are seen here. NULL: none. */
    const char *renamed;

    uint32_t flags; /* enum tend_controller_flag, or-ed */
    uint32_t reserved;
    /* What an observer looks at: objects that match `labels` ("a=b,c") and have `annotation`. NULL:
     * all. */
    const char *labels;
    const char *annotation;
    /* How long a run may take, its waits included, before it is told that its time is over; 0: 30 s.
     * And how long of that without a wait, before the runner is ended; 0: as long. */
    int64_t limit_ms;
    int64_t slice_ms;

    void *data; /* what start finds in *ret_self, and calls as `self` where there is no start */
};

/* It, and all that it points to, are constants of the plugin. Controllers: 1 to 64. */
struct tend_plugin {
    uint32_t size;
    uint16_t major, minor; /* that the plugin was compiled with */
    const char *name, *version;
    const struct tend_controller *const *controllers; /* NULL-ended */
};

/* --- interfaces by name -------------------------------------------------------------------------
 *
 * What not every host has is a constant table that api->find gives, NULL where there is none by that
 * name and number. It grows at its end as every struct does; whatever else changes in it gets another
 * number, and a host may have both.
 *
 * Metrics: counters, gauges and histograms of the plugin's own, on the host's page for Prometheus
 * (`tend get --raw /metrics`) with the labels plugin (its file) and controller. They are told to the host
 * ten times a second at most, and what was not is lost with the process; a counter goes on when it is
 * born again, a gauge does not. */
#define TEND_METRICS "tend.metrics/1"

enum tend_metric_type { TEND_COUNTER = 0, TEND_GAUGE = 1, TEND_HISTOGRAM = 2 };

/* One series. Copied by declare. */
struct tend_metric_spec {
    uint32_t size;
    int32_t type; /* enum tend_metric_type */
    /* "jobs_total": letters, digits and _. What begins with tend_, process_, apiserver_, workqueue_ or
     * controller_runtime_ is the host's. A name has one type. */
    const char *name;
    const char *help; /* a sentence; NULL: none */
    /* name, value, name, value, ..., NULL; NULL: none. At most 8, none of them plugin, controller or le.
     * Values are few: a state, a queue, and no uid; the host keeps 256 series of a plugin. */
    const char *const *labels;
    /* Of a histogram: the upper ends of its buckets, ascending, at most 40. NULL: from 0.1 ms to 60 s. */
    const double *bounds;
    uint64_t bound_count;
};
typedef uint64_t tend_metric; /* 0: none; whatever is done to it is nothing */

/* [any], all of it, and cheap: a lock and an addition. */
struct tend_metrics {
    uint32_t size;
    uint32_t reserved;
    /* The series of that name and labels, made where it is missing; valid as long as `host`. 0 where it is
     * malformed or one too many: the log says why (the first times). */
    tend_metric (*declare)(const struct tend_host *host, const struct tend_metric_spec *spec);
    /* Each for its own type, and for numbers that are finite; a counter only grows. */
    void (*add)(const struct tend_host *host, tend_metric counter, double by);
    void (*set)(const struct tend_host *host, tend_metric gauge, double value);
    void (*observe)(const struct tend_host *host, tend_metric histogram, double value);
};

/* Configuration: what the host's configuration file says for the plugin's file. `start` has it as JSON, and
 * reads it with these; so may every call. */
#define TEND_CONFIG "tend.config/1"

/* What stands at `path` ("regions[0].name"), or `otherwise` where that is absent or of another type. [any], all
 * of it. */
struct tend_config {
    uint32_t size;
    uint32_t reserved;
    /* Valid as long as `host`; `otherwise` NULL: "". */
    const char *(*text)(const struct tend_host *host, const char *path, const char *otherwise);
    int64_t (*integer)(const struct tend_host *host, const char *path, int64_t otherwise);
    double (*real)(const struct tend_host *host, const char *path, double otherwise);
    int32_t (*boolean)(const struct tend_host *host, const char *path, int32_t otherwise);
    /* A text such as "1m30s", in ms. */
    int64_t (*duration)(const struct tend_host *host, const char *path, int64_t otherwise_ms);
    /* How many items the list or map there has; 0 for anything else. */
    uint32_t (*count)(const struct tend_host *host, const char *path);
};

/* --- everyday use: inline functions over the table; what takes a call is [work] ----------------- */

static inline struct tend_str tend_str(const char *text)
{
    struct tend_str str;
    str.ptr = text == NULL ? "" : text;
    str.len = strlen(str.ptr);
    return str;
}

static inline void tend_set_result(struct tend_result *result, int32_t outcome, int64_t after_ms,
                                   const char *state, const char *reason, const char *message)
{
    result->outcome = outcome;
    result->after_ms = after_ms;
    result->state = state;
    result->reason = reason;
    result->message = message;
}
static inline void tend_done(struct tend_result *result)
{
    tend_set_result(result, TEND_DONE, 0, NULL, NULL, NULL);
}
static inline void tend_again(struct tend_result *result, int64_t after_ms)
{
    tend_set_result(result, TEND_AGAIN, after_ms, NULL, NULL, NULL);
}
static inline void tend_enter(struct tend_result *result, const char *state, const char *reason,
                              const char *message)
{
    tend_set_result(result, TEND_ENTER, 0, state, reason, message);
}
static inline void tend_retry(struct tend_result *result, const char *reason, const char *message)
{
    tend_set_result(result, TEND_RETRY, 0, NULL, reason, message);
}
static inline void tend_fail(struct tend_result *result, const char *reason, const char *message)
{
    tend_set_result(result, TEND_FAIL, 0, NULL, reason, message);
}
static inline void tend_later(struct tend_result *result)
{
    tend_set_result(result, TEND_LATER, 0, NULL, NULL, NULL);
}

/* Reading at a path. `root` is TEND_THIS, or a node. */
static inline tend_node tend_get(struct tend_call *call, tend_node root, const char *path)
{
    return call->api->get(call, root, path);
}
static inline const char *tend_text(struct tend_call *call, tend_node root, const char *path,
                                    const char *otherwise)
{
    return call->api->as_text(call, tend_get(call, root, path), otherwise).ptr;
}
static inline int64_t tend_int(struct tend_call *call, tend_node root, const char *path,
                               int64_t otherwise)
{
    return call->api->as_int(call, tend_get(call, root, path), otherwise);
}
static inline double tend_real(struct tend_call *call, tend_node root, const char *path,
                               double otherwise)
{
    return call->api->as_real(call, tend_get(call, root, path), otherwise);
}
static inline int32_t tend_bool(struct tend_call *call, tend_node root, const char *path,
                                int32_t otherwise)
{
    return call->api->as_bool(call, tend_get(call, root, path), otherwise);
}
static inline int64_t tend_duration(struct tend_call *call, tend_node root, const char *path,
                                    int64_t otherwise_ms)
{
    int64_t ms;
    return call->api->parse_duration(call, tend_text(call, root, path, ""), &ms) == 0
               ? ms
               : otherwise_ms;
}
static inline int64_t tend_moment(struct tend_call *call, tend_node root, const char *path,
                                  int64_t otherwise_ms)
{
    int64_t ms;
    return call->api->parse_moment(call, tend_text(call, root, path, ""), &ms) == 0 ? ms
                                                                                    : otherwise_ms;
}

/* Writing at a path. `target` is TEND_THIS (paths under `status.`), or a draft. */
static inline void tend_put(struct tend_call *call, tend_node target, const char *path,
                            tend_node value)
{
    call->api->put(call, target, path, value);
}
static inline void tend_put_text(struct tend_call *call, tend_node target, const char *path,
                                 const char *value)
{
    tend_put(call, target, path, call->api->make_text(call, tend_str(value)));
}
static inline void tend_put_int(struct tend_call *call, tend_node target, const char *path,
                                int64_t value)
{
    tend_put(call, target, path, call->api->make_int(call, value));
}
static inline void tend_put_real(struct tend_call *call, tend_node target, const char *path,
                                 double value)
{
    tend_put(call, target, path, call->api->make_real(call, value));
}
static inline void tend_put_bool(struct tend_call *call, tend_node target, const char *path,
                                 int32_t value)
{
    tend_put(call, target, path, call->api->make_bool(call, value));
}
static inline void tend_put_moment(struct tend_call *call, tend_node target, const char *path,
                                   int64_t moment_ms)
{
    tend_put_text(call, target, path, call->api->format_moment(call, moment_ms));
}
static inline void tend_unset(struct tend_call *call, tend_node target, const char *path)
{
    tend_put(call, target, path, 0);
}

/* Ask, and wait for the answer. */
static inline void tend_keep_answer(struct tend_call *call, tend_node answer, void *data)
{
    tend_node *kept = (tend_node *)data;
    (void)call;
    kept[0] = answer;
    kept[1] = 1;
}
static inline tend_node tend_ask(struct tend_call *call, tend_node question)
{
    tend_node kept[2] = {0, 0};
    call->api->ask(call, question, tend_keep_answer, kept);
    while (kept[1] == 0 && call->api->wait(call) == 0) {
    }
    return kept[0];
}

/* Another object, in the namespace of this one; 0 where it is absent. Subscribes either way. */
static inline tend_node tend_fetch(struct tend_call *call, const char *kind, const char *name)
{
    tend_node question = call->api->make_map(call);
    tend_put_text(call, question, "fetch.kind", kind);
    tend_put_text(call, question, "fetch.name", name);
    return tend_ask(call, question);
}

/* The objects of `kind` in this object's namespace that match `labels` ("a=b,c"; NULL: all): a
 * list. Subscribes to the selection. */
static inline tend_node tend_select(struct tend_call *call, const char *kind, const char *labels)
{
    tend_node question = call->api->make_map(call);
    tend_put_text(call, question, "select.kind", kind);
    tend_put_text(call, question, "select.labels", labels);
    return tend_ask(call, question);
}

/* A draft of another object in the namespace of this one; apply it when its fields are set. */
static inline tend_node tend_draft(struct tend_call *call, const char *kind, const char *name)
{
    return call->api->draft(call, kind, NULL, name);
}
static inline void tend_apply(struct tend_call *call, tend_node draft)
{
    call->api->apply(call, draft);
}
static inline void tend_remove(struct tend_call *call, const char *kind, const char *name)
{
    call->api->remove(call, kind, NULL, name);
}
static inline void tend_condition(struct tend_call *call, const char *type, int32_t truth,
                                  const char *reason, const char *message)
{
    call->api->condition(call, type, truth, reason, message);
}
static inline void tend_event(struct tend_call *call, int32_t tone, const char *reason,
                              const char *message)
{
    call->api->event(call, tone, reason, message);
}

/* NULL: a host that has no such interface. [any] */
static inline const struct tend_config *tend_config_of(const struct tend_host *host)
{
    return (const struct tend_config *)host->api->find(host, TEND_CONFIG);
}

/* Metrics, where the host has them; where it has none these do nothing. [any] */
static inline const struct tend_metrics *tend_metrics_of(const struct tend_host *host)
{
    return (const struct tend_metrics *)host->api->find(host, TEND_METRICS);
}
static inline tend_metric tend_declare(const struct tend_host *host, int32_t type, const char *name,
                                       const char *help, const char *const *labels)
{
    const struct tend_metrics *metrics = tend_metrics_of(host);
    struct tend_metric_spec spec;
    memset(&spec, 0, sizeof spec);
    spec.size = (uint32_t)sizeof spec;
    spec.type = type;
    spec.name = name;
    spec.help = help;
    spec.labels = labels;
    return metrics == NULL ? 0 : metrics->declare(host, &spec);
}
static inline void tend_count(const struct tend_host *host, tend_metric counter, double by)
{
    if (counter != 0) {
        tend_metrics_of(host)->add(host, counter, by);
    }
}
static inline void tend_gauge(const struct tend_host *host, tend_metric gauge, double value)
{
    if (gauge != 0) {
        tend_metrics_of(host)->set(host, gauge, value);
    }
}
static inline void tend_observe(const struct tend_host *host, tend_metric histogram, double value)
{
    if (histogram != 0) {
        tend_metrics_of(host)->observe(host, histogram, value);
    }
}

/* Formatted text that lives as long as the call. */
#if defined(__GNUC__)
static inline const char *tend_format(struct tend_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#endif
static inline const char *tend_format(struct tend_call *call, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = (char *)call->api->alloc(call, len < 0 ? 1 : (size_t)len + 1);
    if (len >= 0) {
        vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    va_end(args);
    return text;
}

/* --- the symbol and the note ------------------------------------------------------------------ */

#if defined(__GNUC__)
#    define TEND_EXPORT __attribute__((visibility("default")))
/* An ELF note of owner "TEND", type 1: {major, minor, sizeof(struct tend_plugin)}. A host reads it,
 * and refuses what it cannot serve, before any code of the plugin has run. */
#    define TEND_NOTE                                                                              \
        static const struct {                                                                      \
            uint32_t name_bytes, note_bytes, type;                                                 \
            char name[8];                                                                          \
            uint32_t note[3];                                                                      \
        } tend_note_v1 __attribute__((section(".note.tend"), aligned(4), used)) = {                \
            5, 12, 1, "TEND", {TEND_MAJOR, TEND_MINOR, (uint32_t)sizeof(struct tend_plugin)}};
#else
#    error "a plugin needs a compiler that understands __attribute__ (gcc, clang)"
#endif
#ifdef __cplusplus
#    define TEND_LINKAGE extern "C"
#else
#    define TEND_LINKAGE extern
#endif

/* Once in a plugin, without a semicolon: its name, its version, its controllers. */
#define TEND_PLUGIN(plugin_name, plugin_version, plugin_controllers)                               \
    TEND_NOTE                                                                                      \
    TEND_LINKAGE TEND_EXPORT const struct tend_plugin tend_plugin_v1;                              \
    const struct tend_plugin tend_plugin_v1 = {(uint32_t)sizeof(struct tend_plugin),               \
                                               TEND_MAJOR,                                         \
                                               TEND_MINOR,                                         \
                                               plugin_name,                                        \
                                               plugin_version,                                     \
                                               plugin_controllers};

/* Layout is law on 64-bit machines: a line that fails here is a break of the contract. */
#ifdef __cplusplus
#    define TEND_LAW(holds) static_assert(holds, "the layout is part of the contract");
#else
#    define TEND_LAW(holds) _Static_assert(holds, "the layout is part of the contract");
#endif
#define TEND_LAW_SIZE(name, bytes)     TEND_LAW(sizeof(struct name) == (bytes))
#define TEND_LAW_AT(name, field, byte) TEND_LAW(offsetof(struct name, field) == (byte))
#if UINTPTR_MAX == 0xffffffffffffffffu
TEND_LAW_SIZE(tend_str, 16)
TEND_LAW_SIZE(tend_result, 40)
TEND_LAW_AT(tend_result, after_ms, 8)
TEND_LAW_AT(tend_result, state, 16)
TEND_LAW_AT(tend_result, message, 32)
TEND_LAW_SIZE(tend_host, 16)
TEND_LAW_SIZE(tend_call, 56)
TEND_LAW_AT(tend_call, api, 8)
TEND_LAW_AT(tend_call, self, 24)
TEND_LAW_AT(tend_call, entered_ms, 40)
TEND_LAW_SIZE(tend_api, 296)
TEND_LAW_AT(tend_api, find, 8)
TEND_LAW_AT(tend_api, get, 24)
TEND_LAW_AT(tend_api, item, 80)
TEND_LAW_AT(tend_api, ask, 88)
TEND_LAW_AT(tend_api, make_bool, 112)
TEND_LAW_AT(tend_api, put, 160)
TEND_LAW_AT(tend_api, event, 208)
TEND_LAW_AT(tend_api, parse_duration, 248)
TEND_LAW_AT(tend_api, random, 280)
TEND_LAW_SIZE(tend_state, 88)
TEND_LAW_AT(tend_state, run, 24)
TEND_LAW_AT(tend_state, within_ms, 32)
TEND_LAW_AT(tend_state, otherwise, 56)
TEND_LAW_AT(tend_state, message, 80)
TEND_LAW_SIZE(tend_controller, 144)
TEND_LAW_AT(tend_controller, kind, 16)
TEND_LAW_AT(tend_controller, states, 48)
TEND_LAW_AT(tend_controller, start, 56)
TEND_LAW_AT(tend_controller, finalize, 80)
TEND_LAW_AT(tend_controller, renamed, 88)
TEND_LAW_AT(tend_controller, labels, 104)
TEND_LAW_AT(tend_controller, slice_ms, 128)
TEND_LAW_AT(tend_controller, data, 136)
TEND_LAW_SIZE(tend_plugin, 32)
TEND_LAW_AT(tend_plugin, controllers, 24)
TEND_LAW_SIZE(tend_metric_spec, 48)
TEND_LAW_AT(tend_metric_spec, labels, 24)
TEND_LAW_AT(tend_metric_spec, bound_count, 40)
TEND_LAW_SIZE(tend_config, 56)
TEND_LAW_AT(tend_config, integer, 16)
TEND_LAW_AT(tend_config, count, 48)
TEND_LAW_SIZE(tend_metrics, 40)
TEND_LAW_AT(tend_metrics, declare, 8)
TEND_LAW_AT(tend_metrics, observe, 32)
#endif

#ifdef __cplusplus
}
#endif

#endif
