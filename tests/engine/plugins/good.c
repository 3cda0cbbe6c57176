/* A plugin that uses everything: what a call does is said by spec.do of its object. */
#include <tend/plugin.h>

static const char *start(const struct tend_host *host, struct tend_str config, void **ret_self)
{
    static char self[] = "self";
    host->api->log(host, TEND_WARN, config.ptr);
    *ret_self = self;
    return NULL;
}

static void stop(void *self)
{
    (void)self;
}

static void read_all(struct tend_call *call)
{
    const struct tend_api *api = call->api;
    struct tend_str key;
    tend_node map = tend_get(call, TEND_THIS, "spec.map");
    tend_put_int(call, TEND_THIS, "status.int", tend_int(call, TEND_THIS, "spec.int", -1));
    tend_put_real(call, TEND_THIS, "status.real", tend_real(call, TEND_THIS, "spec.real", -1));
    tend_put_bool(call, TEND_THIS, "status.bool", tend_bool(call, TEND_THIS, "spec.bool", 0));
    tend_put_text(call, TEND_THIS, "status.text", tend_text(call, TEND_THIS, "spec.text", "none"));
    tend_put_text(call, TEND_THIS, "status.none", tend_text(call, TEND_THIS, "spec.none", "none"));
    tend_put_int(call, TEND_THIS, "status.count", api->count(call, map));
    tend_put_int(call, TEND_THIS, "status.second",
                 api->as_int(call, api->item(call, map, 1, &key), 0));
    tend_put_text(call, TEND_THIS, "status.key", key.ptr);
    tend_put(call, TEND_THIS, "status.copy", map);
    tend_put_int(call, TEND_THIS, "status.type", api->type(call, map));
    tend_put_int(call, TEND_THIS, "status.again", tend_int(call, TEND_THIS, "status.int", 0) + 1);
    tend_put_moment(call, TEND_THIS, "status.now", call->now_ms);
    tend_put_moment(call, TEND_THIS, "status.entered", call->entered_ms);
    tend_put_int(call, TEND_THIS, "status.took", tend_duration(call, TEND_THIS, "spec.took", 0));
    tend_put_int(call, TEND_THIS, "status.at", tend_moment(call, TEND_THIS, "spec.at", 0));
    tend_put_text(call, TEND_THIS, "status.self", (const char *)call->self);
    api->append(call, TEND_THIS, "status.list", api->make_int(call, 1));
    api->append(call, TEND_THIS, "status.list", api->make_int(call, 2));
    tend_unset(call, TEND_THIS, "status.old");
}

static void write_all(struct tend_call *call)
{
    tend_node draft = tend_draft(call, "v1/ConfigMap", "mine");
    tend_put_text(call, draft, "data.a", "b");
    tend_apply(call, draft);
    tend_remove(call, "apps/v1/Deployment", "old");
    tend_condition(call, "Ready", TEND_TRUE, "Because", "it is");
    tend_event(call, TEND_WARNING, "Careful", "now");
}

/* What is seen of ConfigMap "mine", before and after writing to it. */
static void ask_around(struct tend_call *call)
{
    tend_node before = tend_fetch(call, "v1/ConfigMap", "mine");
    tend_put_text(call, TEND_THIS, "status.before", tend_text(call, before, "data.a", "absent"));
    write_all(call);
    tend_node after = tend_fetch(call, "v1/ConfigMap", "mine");
    tend_put_text(call, TEND_THIS, "status.after", tend_text(call, after, "data.a", "absent"));
    tend_put_text(call, TEND_THIS, "status.kept", tend_text(call, after, "data.kept", "absent"));
    tend_node removed = tend_fetch(call, "apps/v1/Deployment", "old");
    tend_put_bool(call, TEND_THIS, "status.removed", removed == 0);
}

static void list_them(struct tend_call *call)
{
    write_all(call);
    tend_node all = tend_select(call, "v1/ConfigMap", NULL);
    tend_put_int(call, TEND_THIS, "status.count", call->api->count(call, all));
}

/* As if it could be put off once more. */
static void put_off(struct tend_call *call, tend_node answer, void *data)
{
    struct tend_result result = {.size = sizeof result};
    (void)answer, (void)data;
    tend_later(&result);
    call->api->finish(call, &result);
}

static void answer_never(struct tend_call *call, struct tend_result *result)
{
    tend_node question = call->api->make_map(call);
    tend_put_text(call, question, "fetch.kind", "v1/ConfigMap");
    tend_put_text(call, question, "fetch.name", "a");
    call->api->ask(call, question, put_off, NULL);
    tend_later(result);
}

static void answered(struct tend_call *call, tend_node answer, void *data)
{
    struct tend_result result = {.size = sizeof result};
    int *count = data;
    tend_put_text(call, TEND_THIS, "status.later", tend_text(call, answer, "data.a", "absent"));
    if (--*count == 0) {
        tend_again(&result, 7);
        call->api->finish(call, &result);
    }
}

/* Two questions at once; the outcome comes with the second answer. */
static void answer_later(struct tend_call *call, struct tend_result *result)
{
    int *count = call->api->alloc(call, sizeof *count);
    *count = 2;
    for (int i = 0; i < 2; i++) {
        tend_node question = call->api->make_map(call);
        tend_put_text(call, question, "fetch.kind", "v1/ConfigMap");
        tend_put_text(call, question, "fetch.name", i == 0 ? "a" : "b");
        call->api->ask(call, question, answered, count);
    }
    tend_later(result);
}

/* A text of the kind that is asked for by name: the writes so far go first. */
static void do_once(struct tend_call *call)
{
    tend_node question = call->api->make_map(call);
    tend_put_text(call, TEND_THIS, "status.before", "yes");
    tend_event(call, TEND_NORMAL, "Before", "it is asked");
    tend_put_text(call, question, "exec.name", "once");
    tend_put_text(call, question, "exec.argv[0]", "true");
    tend_node answer = tend_ask(call, question);
    tend_put_text(call, TEND_THIS, "status.after", tend_text(call, answer, "data.a", "absent"));
}

static void know_better(struct tend_call *call)
{
    tend_node answer = tend_fetch(call, "v1/ConfigMap", "a");
    const char *problem = call->api->problem(call);
    tend_put_text(call, TEND_THIS, "status.problem", problem == NULL ? "none" : problem);
    tend_put_bool(call, TEND_THIS, "status.absent", answer == 0);
}

static void convert(struct tend_call *call)
{
    tend_node value = call->api->from_json(call, tend_str("{\"b\":[1,2.5],\"a\":null}"));
    struct tend_str text = call->api->to_json(call, value);
    tend_put_text(call, TEND_THIS, "status.json",
                  tend_format(call, "%.*s", (int)text.len, text.ptr));
    tend_put_bool(call, TEND_THIS, "status.broken", call->api->from_json(call, tend_str("{")) == 0);
    tend_put_bool(call, TEND_THIS, "status.random",
                  call->api->random(call) != call->api->random(call));
}

static void blunder(struct tend_call *call, const char *what)
{
    if (strcmp(what, "spec") == 0) {
        tend_put_int(call, TEND_THIS, "spec.x", 1);
    } else if (strcmp(what, "path") == 0) {
        tend_put_int(call, TEND_THIS, "status.x[", 1);
    } else if (strcmp(what, "utf8") == 0) {
        tend_put_text(call, TEND_THIS, "status.x", "\xff");
    } else if (strcmp(what, "real") == 0) {
        tend_put_real(call, TEND_THIS, "status.x", 1e308 * 10);
    } else if (strcmp(what, "node") == 0) {
        tend_put(call, 12345, "x", call->api->make_int(call, 1));
    } else if (strcmp(what, "draft") == 0) {
        tend_apply(call, call->api->make_map(call));
    } else if (strcmp(what, "kind") == 0) {
        tend_remove(call, "ConfigMap", "x");
    } else if (strcmp(what, "question") == 0) {
        tend_ask(call, call->api->make_map(call));
    } else if (strcmp(what, "asks") == 0) {
        for (int i = 0; i < 1010; i++) {
            tend_fetch(call, "v1/ConfigMap", "a");
        }
    } else if (strcmp(what, "events") == 0) {
        for (int i = 0; i < 1000; i++) {
            tend_event(call, TEND_NORMAL, "Again", "and again");
        }
    }
    tend_put_int(call, TEND_THIS, "status.written", 1);
}

static void outcome(struct tend_result *result, const char *what)
{
    if (strcmp(what, "enter") == 0) {
        tend_enter(result, "there", "Because", "of that");
    } else if (strcmp(what, "nowhere") == 0) {
        tend_enter(result, NULL, NULL, NULL);
    } else if (strcmp(what, "retry") == 0) {
        tend_retry(result, "NotYet", "wait");
        result->after_ms = 9;
    } else if (strcmp(what, "fail") == 0) {
        tend_fail(result, "Never", "give up");
    } else if (strcmp(what, "unknown") == 0) {
        result->outcome = 77;
    } else if (strcmp(what, "never") == 0) {
        tend_later(result);
    }
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    tend_done(result);
    if (strcmp(what, "read") == 0) {
        read_all(call);
    } else if (strcmp(what, "write") == 0) {
        write_all(call);
    } else if (strcmp(what, "ask") == 0) {
        ask_around(call);
    } else if (strcmp(what, "list") == 0) {
        list_them(call);
    } else if (strcmp(what, "later") == 0) {
        answer_later(call, result);
    } else if (strcmp(what, "later-later") == 0) {
        answer_never(call, result);
    } else if (strcmp(what, "once") == 0) {
        do_once(call);
    } else if (strcmp(what, "knows") == 0) {
        know_better(call);
    } else if (strcmp(what, "convert") == 0) {
        convert(call);
    } else if (strncmp(what, "blunder-", 8) == 0) {
        blunder(call, what + 8);
    } else {
        outcome(result, what);
    }
}

static void finalize(struct tend_call *call, struct tend_result *result)
{
    tend_put_bool(call, TEND_THIS, "status.finalizing", call->verb == TEND_FINALIZE);
    tend_done(result);
}

static const struct tend_controller good = {
    .size = sizeof good,
    .parallel = 4,
    .name = "good",
    .kind = "example.com/v1/Good",
    .owns = " v1/ConfigMap ,apps/v1/Deployment",
    .crd = "kind: CustomResourceDefinition",
    .start = start,
    .stop = stop,
    .reconcile = reconcile,
    .finalize = finalize,
};
static const struct tend_controller idle = {
    .size = sizeof idle, .name = "idle", .kind = "example.com/v1/Idle"};
static const struct tend_controller *const controllers[] = {&good, &idle, NULL};
TEND_PLUGIN("good", "1.2.3", controllers)
