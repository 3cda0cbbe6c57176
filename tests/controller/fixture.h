/* The loop on a real gate, store and watch, in virtual time, with a scripted worker in place of a plugin. */
#ifndef CONTROLLER_FIXTURE_H
#define CONTROLLER_FIXTURE_H

#include "admission/fixture.h"
#include "base/moment.h"
#include "controller/loop.h"
#include "controller/report.h"
#include "resource/condition.h"
#include "support/scripted_worker.h"

struct ring { /* the whole loop: a bench with the rooms above the gate */
    struct bench *b;
    struct watch *watch;
    struct loop *loop;
    struct scripted_worker worker;
    struct controller *controller; /* NULL: not added */
    struct loop_options options;
    scripted_run *run;
    const char *const *owns;
    size_t parallel, most, declared;
    int64_t limit_ms; /* that the controller declares; 0: none */
    struct log log;
    size_t moves;  /* lines that tell of a state */
    size_t errors; /* lines of level error; none unless a test takes them back */
};

static inline void ring_line(void *to, const char *line)
{
    struct ring *r = to;
    r->moves += strstr(line, "level=info") != NULL && strstr(line, " -> ") != NULL ? 1 : 0;
    r->errors += strstr(line, "level=error") != NULL ? 1 : 0;
}

static inline void ring_open(struct ring *r)
{
    r->log = (struct log){.level = LOG_DEBUG, .fd = -1, .sink = ring_line, .to = r};
    r->b->v.world.log = &r->log;
    r->watch = watch_new(&r->b->v.world, r->b->store);
    r->loop = loop_new(&r->b->v.world, r->b->store, r->watch, r->b->gate, &r->options);
    scripted_worker_init(&r->worker, &r->b->v.world, r->run);
}

static inline void ring_add(struct ring *r)
{
    struct error err = ERROR_INIT;
    struct controller_options options = {.name = "labinstance",
                                         .kind = "lab.neuroglia.com/v1/LabInstance",
                                         .owns = r->owns,
                                         .worker = &r->worker.worker,
                                         .parallel = r->parallel == 0 ? 4 : r->parallel,
                                         .most = r->most,
                                         .declared = r->declared,
                                         .limit_ms = r->limit_ms,
                                         .file = "labinstance.so",
                                         .hash = "abc",
                                         .version = "1.0.0"};
    CHECK_INT(controller_add(r->loop, &options, &r->controller, &err), TEND_OK);
}

static inline void ring_live(struct ring *r)
{
    ring_add(r);
    controller_live(r->controller);
    virtual_world_run(&r->b->v);
}

static inline void ring_close(struct ring *r)
{
    loop_free(r->loop);
    watch_free(r->watch);
    scripted_worker_done(&r->worker);
    r->loop = NULL;
    r->controller = NULL;
}

/* The kind with its machine is there; nothing else. */
static inline struct ring *ring_new(scripted_run *run)
{
    struct ring *r = alloc_new(sizeof *r);
    r->b = bench_with_machine();
    r->run = run;
    ring_open(r);
    return r;
}

/* The same without a machine and an owner: objects have no states and no finalizer. */
static inline struct ring *ring_new_plain(scripted_run *run)
{
    struct ring *r = alloc_new(sizeof *r);
    r->b = bench_with_labs();
    r->run = run;
    ring_open(r);
    ring_live(r);
    return r;
}

static inline struct ring *ring_new_live(scripted_run *run)
{
    struct ring *r = ring_new(run);
    ring_live(r);
    return r;
}

static inline void ring_free(struct ring *r)
{
    CHECK_INT(r->errors, 0);
    ring_close(r);
    bench_free(r->b);
    free(r);
}

/* As after kill -9: nothing is told, what was on its way to the disk did not get there, and what was
 * durable is there again. */
static inline void ring_crash(struct ring *r)
{
    ring_close(r);
    admission_close(r->b->gate);
    r->b->gate = NULL;
    memory_disk_fail(r->b->disk, 1, TEND_UNAVAILABLE);
    virtual_world_run(&r->b->v);
    memory_disk_mend(r->b->disk);
    bench_close(r->b);
    bench_open(r->b);
    ring_open(r);
}

static inline void settle(struct ring *r)
{
    virtual_world_run(&r->b->v);
    CHECK(loop_is_settled(r->loop));
    CHECK_INT(r->worker.overlaps, 0);
}

static inline void pass(struct ring *r, int64_t ms)
{
    virtual_world_advance(&r->b->v, ms);
    settle(r);
}

static inline void create_lab(struct ring *r, const char *name, const char *spec)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: %s},\n"
             " spec: {template: python-basics%s%s}}",
             name, spec[0] == '\0' ? "" : ", ", spec);
    CHECK_INT(ask(r->b, ADMIT_CREATE, "", "", yaml)->code, TEND_OK);
}

static inline void patch_lab(struct ring *r, const char *name, const char *yaml)
{
    CHECK_INT(ask(r->b, ADMIT_PATCH, LAB, name, yaml)->code, TEND_OK);
}

static inline void delete_lab(struct ring *r, const char *name)
{
    CHECK_INT(ask(r->b, ADMIT_DELETE, LAB, name, NULL)->code, TEND_OK);
}

static inline const char *lab(struct ring *r, const char *name, const char *path)
{
    char key[128];
    snprintf(key, sizeof key, LAB "/default/%s", name);
    return stored(r->b, key, path);
}

static inline const char *state_of(struct ring *r, const char *name)
{
    return lab(r, name, "status.state");
}

/* The event about `name` with that reason, or NULL. */
static inline const struct value *event_about(struct ring *r, const char *name, const char *reason)
{
    struct store_entry entries[256];
    size_t count = store_list(r->b->store, store_revision(r->b->store), TEXT("events/"), TEXT(""),
                              entries, COUNT_OF(entries));
    for (size_t i = 0; i < count; i++) {
        const struct value *root = NULL;
        struct error err = ERROR_INIT;
        if (doc_tree(entries[i].doc, &r->b->arena, &root, &err) == TEND_OK &&
            text_is(value_text_or(value_field(root, "reason"), TEXT("")), reason) &&
            text_is(value_text_or(path_get(root, TEXT("involvedObject.name")), TEXT("")), name)) {
            return root;
        }
    }
    return NULL;
}

static inline long long times_said(struct ring *r, const char *name, const char *reason)
{
    const struct value *root = event_about(r, name, reason);
    return root == NULL ? 0 : (long long)value_int_or(value_field(root, "count"), 0);
}

/* "True", "False", ... of a condition of lab `name`; "" where there is none. */
static inline const char *condition_of(struct ring *r, const char *name, const char *type)
{
    char key[128];
    struct condition condition;
    snprintf(key, sizeof key, LAB "/default/%s", name);
    const struct value *root = stored_root(r->b, key);
    return root != NULL && condition_get(root, text_of(type), &condition)
               ? chars_of(&r->b->arena, condition.status)
               : "";
}

static inline struct controller_info info(struct ring *r)
{
    return controller_at(r->loop, 0);
}

static inline int64_t revision(struct ring *r)
{
    return store_revision(r->b->store);
}

/* --- scripts --------------------------------------------------------------------------------------- */

static inline const char *run_done(struct scripted_worker *worker, struct reconcile_call *call,
                                   const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: done}";
}

/* The machine of a lab that is ready 5 s after it entered provisioning. */
static inline const char *run_lab(struct scripted_worker *worker, struct reconcile_call *call,
                                  const struct value *root)
{
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    int64_t left_ms = call->entered_ms + 5000 - call->now_ms;
    if (call->verb == VERB_FINALIZE) {
        return "{outcome: done, events: [{type: Normal, reason: Deleted, message: gone}]}";
    }
    if (text_is(state, "pending")) {
        return "{outcome: enter, state: provisioning, reason: Provisioning, message: starts}";
    }
    if (text_is(state, "provisioning") && left_ms > 0) {
        snprintf(worker->text, sizeof worker->text, "{outcome: again, afterMs: %lld}",
                 (long long)left_ms);
        return worker->text;
    }
    if (text_is(state, "provisioning")) {
        char at[MOMENT_TEXT_MAX];
        snprintf(worker->text, sizeof worker->text,
                 "{outcome: enter, state: ready, reason: Ready, status: {readyAt: '%s'},\n"
                 " conditions: [{type: Ready, status: 'True', reason: Ready}]}",
                 moment_format(call->now_ms, at));
        return worker->text;
    }
    return "{outcome: done}";
}

#endif
