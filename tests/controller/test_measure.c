/* What is counted of controllers, by the names that the field uses. */
#include "controller/fixture.h"
#include "support/exposition.h"

#define TOTAL(result)                                                                              \
    "controller_runtime_reconcile_total{controller=\"labinstance\",result=\"" result "\"}"
#define OF(name)    name "{controller=\"labinstance\"}"
#define QUEUE(name) name "{controller=\"labinstance\",name=\"labinstance\"}"

struct counted {
    struct ring *r;
    struct metrics *metrics;
};

/* A loop that counts; there is no controller. */
static struct counted counted_open(scripted_run *run)
{
    struct counted counted = {alloc_new(sizeof(struct ring)), metrics_new()};
    counted.r->b = bench_with_labs();
    counted.r->run = run;
    counted.r->options.metrics = counted.metrics;
    ring_open(counted.r);
    return counted;
}

static struct counted counted_new(scripted_run *run)
{
    struct counted counted = counted_open(run);
    ring_live(counted.r);
    return counted;
}

static void counted_done(struct counted *counted)
{
    CLEANUP(freep) char *page = exposition_page(counted->metrics);
    exposition_check(page);
    ring_free(counted->r);
    metrics_free(counted->metrics);
}
#define COUNTED CLEANUP(counted_done) struct counted

/* Ends as the label "how" of the object says. */
static const char *run_as_told(struct scripted_worker *worker, struct reconcile_call *call,
                               const struct value *root)
{
    (void)worker;
    (void)call;
    struct text how = value_text_or(path_get(root, TEXT("metadata.labels.how")), TEXT("done"));
    return text_is(how, "again")   ? "{outcome: again, afterMs: 3600000}"
           : text_is(how, "retry") ? "{outcome: retry, reason: No, message: no}"
           : text_is(how, "later") ? "{outcome: retry}"
           : text_is(how, "fail")  ? "{outcome: fail, reason: No, message: no}"
           : text_is(how, "wrong") ? "{outcome: done, status: {nonsense: 1}}"
                                   : "{outcome: done}";
}

static void create_told(struct ring *r, const char *how)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
             " metadata: {name: lab-%s, labels: {how: %s}}, spec: {template: python-basics}}",
             how, how);
    CHECK_INT(ask(r->b, ADMIT_CREATE, "", "", yaml)->code, TEND_OK);
    virtual_world_run(&r->b->v);
}

static void every_end_is_counted_once(void)
{
    COUNTED c = counted_new(run_as_told);
    create_told(c.r, "done");
    create_told(c.r, "again");
    create_told(c.r, "later");
    create_told(c.r, "retry");
    create_told(c.r, "fail");
    create_told(c.r, "wrong"); /* what it wrote is refused */
    CHECK_INT(c.r->worker.started, 6);
    CLEANUP(freep) char *page = exposition_page(c.metrics);
    CHECK(exposition_sample(page, TOTAL("success")) == 1);
    CHECK(exposition_sample(page, TOTAL("requeue_after")) == 1);
    CHECK(exposition_sample(page, TOTAL("requeue")) == 1);
    CHECK(exposition_sample(page, TOTAL("error")) == 3);
    CHECK(exposition_sample(page, OF("controller_runtime_reconcile_errors_total")) == 3);
    CHECK(exposition_sample(page, OF("controller_runtime_terminal_reconcile_errors_total")) == 2);
    CHECK(exposition_sample(page, OF("controller_runtime_reconcile_time_seconds_count")) == 6);
    CHECK(exposition_sample(page, QUEUE("workqueue_adds_total")) == 6);
    CHECK(exposition_sample(page, QUEUE("workqueue_queue_duration_seconds_count")) == 6);
    CHECK(exposition_sample(page, QUEUE("workqueue_retries_total")) == 2);
    CHECK(exposition_sample(page, QUEUE("tend_workqueue_later")) == 1);
}

static void tells_what_runs_and_what_waits(void)
{
    COUNTED c = counted_new(run_as_told);
    c.r->worker.hold = true;
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "lab-%d", i);
        create_lab(c.r, name, "");
    }
    virtual_world_run(&c.r->b->v);
    CLEANUP(freep) char *page = exposition_page(c.metrics);
    CHECK(exposition_sample(page, OF("controller_runtime_active_workers")) == 4);
    CHECK(exposition_sample(page, OF("controller_runtime_max_concurrent_reconciles")) == 4);
    CHECK(exposition_sample(page, QUEUE("workqueue_depth")) == 2);
    virtual_world_advance(&c.r->b->v, 2000);
    c.r->worker.hold = false;
    while (scripted_worker_deliver(&c.r->worker)) {
    }
    settle(c.r);
    CLEANUP(freep) char *later = exposition_page(c.metrics);
    CHECK(exposition_sample(later, QUEUE("workqueue_depth")) == 0);
    CHECK(exposition_sample(later, OF("controller_runtime_active_workers")) == 0);
    CHECK(exposition_sample(later, OF("controller_runtime_reconcile_time_seconds_sum")) >= 8);
    CHECK(exposition_sample(later, QUEUE("workqueue_queue_duration_seconds_sum")) >= 4);
}

static void what_is_lost_or_overtaken_is_counted(void)
{
    COUNTED c = counted_new(run_as_told);
    c.r->worker.hold = true;
    create_lab(c.r, "lab-1", "");
    virtual_world_run(&c.r->b->v);
    scripted_worker_die(&c.r->worker, true); /* blamed: a failure */
    virtual_world_advance(&c.r->b->v, 1000);
    CHECK(exposition_now(c.metrics, OF("tend_reconcile_lost_total")) == 1);
    CHECK(exposition_now(c.metrics, TOTAL("error")) == 1);
    c.r->worker.hold = false;
    while (scripted_worker_deliver(&c.r->worker)) {
    }
    settle(c.r);
    CHECK(exposition_now(c.metrics, TOTAL("success")) == 1);
    CHECK(exposition_now(c.metrics, OF("tend_reconcile_discarded_total")) == 0);
}

static void counters_outlive_their_controller_and_gauges_do_not(void)
{
    COUNTED c = counted_new(run_as_told);
    create_told(c.r, "done");
    CHECK(exposition_now(c.metrics, QUEUE("workqueue_depth")) == 0);
    controller_remove(c.r->controller);
    virtual_world_run(&c.r->b->v);
    CHECK(exposition_now(c.metrics, TOTAL("success")) == 1);
    CHECK(isnan(exposition_now(c.metrics, QUEUE("workqueue_depth"))));
    ring_live(c.r);
    create_told(c.r, "later");
    CHECK(exposition_now(c.metrics, QUEUE("workqueue_depth")) == 0);
    CHECK(exposition_now(c.metrics, TOTAL("success")) == 2); /* the sweep ran it again */
    CHECK(exposition_now(c.metrics, TOTAL("requeue")) == 1);
}

/* Objects under way are more than that: most of them wait in the plugin for their turn. */
static void tells_how_many_may_execute_at_once(void)
{
    static const struct {
        size_t parallel, declared, most;
        double executing;
    } cases[] = {{64, 0, 0, 64}, {64, 3, 0, 3}, {64, 3, 2, 2}, {2, 3, 0, 2}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        COUNTED c = counted_open(run_as_told);
        c.r->parallel = cases[i].parallel;
        c.r->declared = cases[i].declared;
        c.r->most = cases[i].most;
        ring_live(c.r);
        CLEANUP(freep) char *page = exposition_page(c.metrics);
        CHECK(exposition_sample(page, OF("controller_runtime_max_concurrent_reconciles")) ==
              cases[i].executing);
    }
}

SUITE({"every end is counted once", every_end_is_counted_once},
      {"tells what runs and what waits", tells_what_runs_and_what_waits},
      {"tells how many may execute at once", tells_how_many_may_execute_at_once},
      {"what is lost or overtaken is counted", what_is_lost_or_overtaken_is_counted},
      {"counters outlive their controller and gauges do not",
       counters_outlive_their_controller_and_gauges_do_not})
