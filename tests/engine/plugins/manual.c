/* What the header says of its functions, said by a plugin that tries it: what is not so is in status.broken. */
#include <tend/plugin.h>

static int own;

static void claim(struct tend_call *call, const char *what, int holds)
{
    if (!holds) {
        call->api->append(call, TEND_THIS, "status.broken",
                          call->api->make_text(call, tend_str(what)));
    }
}

static void reads(struct tend_call *call)
{
    const struct tend_api *api = call->api;
    struct tend_str key = {"x", 1};
    int64_t untouched = 7;
    tend_node spec = tend_get(call, TEND_THIS, "spec");
    tend_node list = tend_get(call, spec, "list");
    claim(call, "a malformed path is absent", tend_get(call, TEND_THIS, "spec[") == 0);
    claim(call, "the empty path is the root",
          api->type(call, tend_get(call, spec, "")) == TEND_MAP);
    claim(call, "what is none of the call is absent", api->type(call, 1u << 30) == TEND_ABSENT);
    claim(call, "null is not absent", api->type(call, tend_get(call, spec, "null")) == TEND_NULL);
    claim(call, "another type is otherwise", tend_int(call, spec, "text", 5) == 5);
    claim(call, "a whole real is an integer", tend_int(call, spec, "whole", 5) == 2);
    claim(call, "a real is none", tend_int(call, spec, "real", 5) == 5);
    claim(call, "an integer is a real", tend_real(call, spec, "int", 5) == 3);
    claim(call, "a number is no boolean", tend_bool(call, spec, "int", 1) == 1);
    claim(call, "otherwise may be NULL", strcmp(tend_text(call, spec, "none", NULL), "") == 0);
    struct tend_str nul = api->as_text(call, tend_get(call, spec, "nul"), "");
    claim(call, "a text may have a NUL in it", nul.len == 3 && memcmp(nul.ptr, "a\0b", 4) == 0);
    claim(call, "a text has no items", api->count(call, tend_get(call, spec, "text")) == 0);
    claim(call, "beyond the end is absent", api->item(call, list, 2, NULL) == 0);
    claim(call, "of a list there is no key",
          api->item(call, list, 1, &key) != 0 && key.len == 0 && key.ptr != NULL);
    claim(call, "no moment", api->parse_moment(call, "x", &untouched) != 0 && untouched == 7);
    claim(call, "no duration", api->parse_duration(call, "x", &untouched) != 0 && untouched == 7);
    claim(call, "absent is null", strcmp(api->to_json(call, 0).ptr, "null") == 0);
    claim(call, "memory is zeroed, and its own",
          *(char *)api->alloc(call, 1) == 0 && api->alloc(call, 0) != api->alloc(call, 0));
}

static void reads_its_configuration(struct tend_call *call)
{
    const struct tend_host *host = call->host;
    const struct tend_config *config = tend_config_of(host);
    claim(call, "the interface is there", config != NULL && config->size >= sizeof *config);
    claim(call, "a text", strcmp(config->text(host, "region", "?"), "eu") == 0);
    claim(call, "in a list", strcmp(config->text(host, "zones[1].name", "?"), "b") == 0);
    claim(call, "otherwise", strcmp(config->text(host, "none", "?"), "?") == 0);
    claim(call, "otherwise may be NULL here too",
          strcmp(config->text(host, "none", NULL), "") == 0);
    claim(call, "a number is no text", strcmp(config->text(host, "jobs", "?"), "?") == 0);
    claim(call, "an integer", config->integer(host, "jobs", 0) == 3);
    claim(call, "a text is no integer", config->integer(host, "region", 7) == 7);
    claim(call, "reals",
          config->real(host, "share", 0) == 0.5 && config->real(host, "jobs", 0) == 3);
    claim(call, "a boolean", config->boolean(host, "dry", 0) == 1);
    claim(call, "a number is no boolean", config->boolean(host, "jobs", -1) == -1);
    claim(call, "a duration", config->duration(host, "every", 0) == 90 * 1000);
    claim(call, "a text that is none", config->duration(host, "region", 5) == 5);
    claim(call, "counts",
          config->count(host, "zones") == 2 && config->count(host, "") == 6 &&
              config->count(host, "region") == 0);
    claim(call, "a malformed path is absent there",
          config->integer(host, "zones[", 9) == 9 && config->integer(host, NULL, 9) == 9);
}

static void nodes_stay(struct tend_call *call)
{
    const struct tend_api *api = call->api;
    tend_node draft = tend_draft(call, "v1/ConfigMap", "a");
    tend_put_int(call, TEND_THIS, "status.n", 1);
    tend_node one = tend_get(call, TEND_THIS, "status.n");
    tend_put_int(call, TEND_THIS, "status.n", 2);
    tend_put_int(call, draft, "data.n", 1);
    tend_node inner = tend_get(call, draft, "data");
    tend_put_int(call, draft, "data.n", 2);
    claim(call, "a node shows what it showed", api->as_int(call, one, 0) == 1);
    claim(call, "also inside of a draft", tend_int(call, inner, "n", 0) == 1);
    claim(call, "what is written is read", tend_int(call, TEND_THIS, "status.n", 0) == 2);
    claim(call, "the draft is what was put", tend_int(call, draft, "data.n", 0) == 2);
    tend_node answer = tend_fetch(call, "v1/ConfigMap", "b");
    claim(call, "and after a question",
          api->as_int(call, one, 0) == 1 && tend_int(call, draft, "data.n", 0) == 2);
    tend_fetch(call, "v1/ConfigMap", "c");
    claim(call, "an answer as well", strcmp(tend_text(call, answer, "data.a", ""), "x") == 0);
    api->discard(call);
    claim(call, "discarded", tend_get(call, TEND_THIS, "status.n") == 0);
}

static void note(struct tend_call *call, tend_node answer, void *data)
{
    (void)call, (void)answer;
    ++*(int *)data;
}

static tend_node question(struct tend_call *call)
{
    tend_node made = call->api->make_map(call);
    tend_put_text(call, made, "fetch.kind", "v1/ConfigMap");
    tend_put_text(call, made, "fetch.name", "a");
    return made;
}

static void asks(struct tend_call *call)
{
    int first = 0, second = 0;
    claim(call, "nothing to wait for", call->api->wait(call) != 0);
    call->api->ask(call, question(call), note, &first);
    claim(call, "not from inside ask", first == 0);
    call->api->ask(call, question(call), note, &second);
    claim(call, "one by one", call->api->wait(call) == 0 && first + second == 1);
    claim(call, "the other", call->api->wait(call) == 0 && first == 1 && second == 1);
    claim(call, "and no more", call->api->wait(call) != 0);
}

/* Longer than what is expected: its end is not read. */
struct longer_result {
    struct tend_result known;
    int64_t more;
};

static void finish_early(struct tend_call *call, tend_node answer, void *data)
{
    struct longer_result mine = {.more = -1};
    char reason[] = "Early";
    (void)answer, (void)data;
    mine.known.size = sizeof mine;
    mine.known.outcome = TEND_RETRY;
    mine.known.reason = reason;
    call->api->finish(call, &mine.known);
    reason[0] = 'x'; /* it was copied */
}

static void lists(struct tend_call *call)
{
    tend_node draft = tend_draft(call, "v1/ConfigMap", "a");
    call->api->append(call, draft, "data", call->api->make_int(call, 1));
    call->api->append(call, draft, "data", call->api->make_int(call, 2));
    claim(call, "a list is made", call->api->count(call, tend_get(call, draft, "data")) == 2);
    tend_unset(call, draft, "data[0]");
    claim(call, "an item goes", tend_int(call, draft, "data[0]", 0) == 2);
    tend_unset(call, draft, "nothing.there");
    claim(call, "nothing is made of nothing", tend_get(call, draft, "nothing") == 0);
    tend_condition(call, "Odd", 77, NULL, NULL);
    tend_event(call, 77, "Odd", NULL);
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    claim(call, "a result is zeroed but for its size",
          result->size == sizeof *result && result->outcome == TEND_DONE && result->state == NULL &&
              result->reason == NULL && result->message == NULL && result->after_ms == 0);
    claim(call, "self is data where there is no start", call->self == &own);
    claim(call, "one api", call->api == call->host->api && call->size >= sizeof *call);
    if (strcmp(what, "read") == 0) {
        reads(call);
    } else if (strcmp(what, "config") == 0) {
        reads_its_configuration(call);
    } else if (strcmp(what, "nodes") == 0) {
        nodes_stay(call);
    } else if (strcmp(what, "ask") == 0) {
        asks(call);
    } else if (strcmp(what, "lists") == 0) {
        lists(call);
    } else if (strcmp(what, "finish") == 0) {
        call->api->ask(call, question(call), finish_early, NULL);
        tend_later(result);
    } else if (strcmp(what, "append") == 0) {
        call->api->append(call, TEND_THIS, "status.x", 0);
    } else if (strcmp(what, "into") == 0) {
        tend_put_int(call, TEND_THIS, "status.a", 1);
        tend_put_int(call, TEND_THIS, "status.a.b", 1);
    } else if (strcmp(what, "state") == 0) {
        tend_put_text(call, TEND_THIS, "status.state", "x");
    } else if (strcmp(what, "log") == 0) {
        call->api->log(call->host, 77, "a level of a later minor");
        call->api->log(call->host, TEND_ERROR, "\xff");
    } else if (strcmp(what, "broken") == 0) {
        claim(call, "this does not hold", 0);
    }
}

static const struct tend_controller manual = {.size = sizeof manual,
                                              .name = "manual",
                                              .kind = "example.com/v1/Manual",
                                              .reconcile = reconcile,
                                              .data = &own};
static const struct tend_controller *const controllers[] = {&manual, NULL};
TEND_PLUGIN("manual", "1.0.0", controllers)
