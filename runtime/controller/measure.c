/* What is counted of controllers. The names are those of controller-runtime and client-go where they have
 * one, so that boards and alarms that exist read them; what only this loop knows begins with tend_.
 *
 * A series is made when its controller is added, and found again when that comes back: counters go on.
 * Gauges are set when somebody asks. */
#include "controller/inside.h"

static struct metric *series(const struct controller *controller, enum metric_type type,
                             const char *name, const char *help)
{
    struct metric_spec spec = {
        type, name, help, type == METRIC_HISTOGRAM ? metric_seconds() : (struct metric_bounds){0}};
    return metrics_series(controller->loop->options.metrics, &spec,
                          METRIC_LABELS({"controller", controller->name}));
}

/* Labelled twice, as client-go and controller-runtime do. */
static struct metric *queue_series(const struct controller *controller, enum metric_type type,
                                   const char *name, const char *help)
{
    struct metric_spec spec = {
        type, name, help, type == METRIC_HISTOGRAM ? metric_seconds() : (struct metric_bounds){0}};
    return metrics_series(
        controller->loop->options.metrics, &spec,
        METRIC_LABELS({"controller", controller->name}, {"name", controller->name}));
}

static void open_results(struct controller *controller)
{
    static const char *const words[] = {[RESULT_SUCCESS] = "success",
                                        [RESULT_REQUEUE] = "requeue",
                                        [RESULT_REQUEUE_AFTER] = "requeue_after",
                                        [RESULT_ERROR] = "error"};
    static const struct metric_spec spec = {
        METRIC_COUNTER, "controller_runtime_reconcile_total", "Runs by how they ended", {NULL, 0}};
    for (unsigned i = 0; i < RUN_RESULTS; i++) {
        controller->measures.results[i] =
            metrics_series(controller->loop->options.metrics, &spec,
                           METRIC_LABELS({"controller", controller->name}, {"result", words[i]}));
    }
}

static void open_queue(struct controller *controller)
{
    struct measures *measures = &controller->measures;
    struct work_meter meter = {
        .adds = queue_series(controller, METRIC_COUNTER, "workqueue_adds_total",
                             "Objects that had to be looked at"),
        .retries = queue_series(controller, METRIC_COUNTER, "workqueue_retries_total",
                                "Objects that are tried again after a failure"),
        .waited = queue_series(controller, METRIC_HISTOGRAM, "workqueue_queue_duration_seconds",
                               "How long an object waited before it was looked at")};
    work_flow_meter(controller->flow, &meter);
    measures->depth = queue_series(controller, METRIC_GAUGE, "workqueue_depth",
                                   "Objects that wait to be looked at");
    measures->later = queue_series(controller, METRIC_GAUGE, "tend_workqueue_later",
                                   "Objects that are to be looked at at a later moment");
}

void measure_open(struct controller *controller)
{
    struct measures *measures = &controller->measures;
    open_results(controller);
    open_queue(controller);
    measures->errors = series(controller, METRIC_COUNTER,
                              "controller_runtime_reconcile_errors_total", "Runs that failed");
    measures->terminal =
        series(controller, METRIC_COUNTER, "controller_runtime_terminal_reconcile_errors_total",
               "Runs that failed until spec or controller change");
    measures->seconds =
        series(controller, METRIC_HISTOGRAM, "controller_runtime_reconcile_time_seconds",
               "How long a run took, its waits included, until its result was there");
    measures->discarded = series(controller, METRIC_COUNTER, "tend_reconcile_discarded_total",
                                 "Runs that were repeated because their object had changed");
    measures->lost = series(controller, METRIC_COUNTER, "tend_reconcile_lost_total",
                            "Runs that were lost with their worker");
    measures->active =
        series(controller, METRIC_GAUGE, "controller_runtime_active_workers", "Runs under way");
    measures->places =
        series(controller, METRIC_GAUGE, "controller_runtime_max_concurrent_reconciles",
               "Runs that may execute at once");
    measures->parked = series(controller, METRIC_GAUGE, "tend_reconcile_waiting",
                              "Runs under way that wait for something outside");
}

void measure_close(struct controller *controller)
{
    struct measures *measures = &controller->measures;
    metric_hide(measures->active);
    metric_hide(measures->places);
    metric_hide(measures->depth);
    metric_hide(measures->later);
    metric_hide(measures->parked);
}

void measure_result(struct controller *controller, enum run_result result)
{
    metric_add(controller->measures.results[result], 1);
    if (result == RESULT_ERROR) {
        metric_add(controller->measures.errors, 1);
    }
}

/* How many runs may execute at once: it may be told to take fewer objects than its plugin would. */
static size_t places_of(const struct controller *controller)
{
    size_t places = controller->parallel;
    places =
        controller->declared > 0 && controller->declared < places ? controller->declared : places;
    return controller->most > 0 && controller->most < places ? controller->most : places;
}

void measure_collect(struct metrics_source *source)
{
    struct loop *loop = CONTAINER_OF(source, struct loop, gauges);
    LIST_FOREACH (link, &loop->controllers) {
        const struct controller *controller = CONTAINER_OF(link, struct controller, link);
        const struct measures *measures = &controller->measures;
        struct work_count count = work_flow_count(controller->flow);
        metric_set(measures->active, (double)count.running);
        metric_set(measures->places, (double)places_of(controller));
        metric_set(measures->depth, (double)count.waiting);
        metric_set(measures->later, (double)count.later);
        metric_set(measures->parked, (double)controller->parked);
    }
}
