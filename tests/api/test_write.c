/* POST, PUT, PATCH, DELETE. */
#include "api/fixture.h"

static struct heard write_lab(struct talk *talk, enum method method, const char *target,
                              const char *type, const char *body)
{
    return hear(talk, (struct ask_for){
                          .method = method, .target = target, .content_type = type, .body = body});
}

#define SOME_LAB                                                                                   \
    "{\"apiVersion\":\"lab.neuroglia.com/v1\",\"kind\":\"LabInstance\","                           \
    "\"metadata\":{\"name\":\"lab1\"},\"spec\":{\"template\":\"python\"}}"

static void creates(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard = make_lab(talk, "lab1", "a");
    CHECK_INT(heard.status, 201);
    CHECK_TEXT(heard.effect, "created");
    CHECK_TEXT(at(talk, &heard, "metadata.namespace"), "\"default\"");
    CHECK_TEXT(at(talk, &heard, "metadata.generation"), "1");
    heard = make_lab(talk, "lab1", "a");
    CHECK_INT(heard.status, 409);
    CHECK_TEXT(at(talk, &heard, "reason"), "\"AlreadyExists\"");
    heard = write_lab(talk, METHOD_POST,
                      "/apis/lab.neuroglia.com/v1/namespaces/nowhere/labinstances", NULL, SOME_LAB);
    CHECK_INT(heard.status, 404);
}

static void takes_yaml(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard = write_lab(talk, METHOD_POST, LABS, "application/yaml",
                                   "apiVersion: lab.neuroglia.com/v1\nkind: LabInstance\n"
                                   "metadata: {name: lab1}\nspec: {template: no}\n");
    CHECK_INT(heard.status, 201);
    CHECK_TEXT(at(talk, &heard, "spec.template"), "\"no\"");
    CHECK_INT(write_lab(talk, METHOD_POST, LABS, "application/yaml", "a: 1\n---\nb: 2\n").status,
              400);
    CHECK_INT(write_lab(talk, METHOD_POST, LABS, "text/html", SOME_LAB).status, 415);
}

static void says_what_is_invalid(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard =
        write_lab(talk, METHOD_POST, LABS, NULL,
                  "{\"apiVersion\":\"lab.neuroglia.com/v1\",\"kind\":\"LabInstance\","
                  "\"metadata\":{\"name\":\"lab1\"},\"spec\":{\"template\":\"\",\"retries\":11}}");
    CHECK_INT(heard.status, 422);
    CHECK_TEXT(at(talk, &heard, "reason"), "\"Invalid\"");
    CHECK_INT(value_count(path_get(heard.root, TEXT("details.causes"))), 2);
    heard = write_lab(talk, METHOD_POST, LABS, NULL, "{\"broken\":");
    CHECK_INT(heard.status, 400);
    CHECK(strstr(at(talk, &heard, "message"), "line 1, column ") != NULL);
    CHECK_INT(write_lab(talk, METHOD_POST, LABS, NULL, "[]").status, 400);
    CHECK_INT(write_lab(talk, METHOD_POST, LABS, NULL, "").status, 400);
    CHECK_INT(write_lab(talk, METHOD_POST, LABS, NULL, "{\"a\":1,\"a\":2}").status, 400);
}

#define ODD_LAB                                                                                    \
    "{\"apiVersion\":\"lab.neuroglia.com/v1\",\"kind\":\"LabInstance\","                           \
    "\"metadata\":{\"name\":\"lab1\"},\"spec\":{\"template\":\"python\",\"bogus\":1}}"

static void validates_fields_as_asked(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard =
        write_lab(talk, METHOD_POST, LABS "?fieldValidation=Strict", NULL, ODD_LAB);
    CHECK_INT(heard.status, 400);
    heard = write_lab(talk, METHOD_POST, LABS "?dryRun=All", NULL, ODD_LAB);
    CHECK_INT(heard.status, 201);
    CHECK(strncmp(heard.warning, "299 - \"", 7) == 0);
    heard = write_lab(talk, METHOD_POST, LABS "?fieldValidation=Ignore", NULL, ODD_LAB);
    CHECK_TEXT(heard.warning, "");
    CHECK_TEXT(at(talk, &heard, "spec.bogus"), "(absent)");
    CHECK_INT(write_lab(talk, METHOD_POST, LABS "?fieldValidation=No", NULL, ODD_LAB).status, 400);
}

static void tries_without_writing(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    CHECK_INT(write_lab(talk, METHOD_POST, LABS "?dryRun=All", NULL, SOME_LAB).status, 201);
    CHECK_INT(get(talk, LABS "/lab1").status, 404);
    CHECK_INT(write_lab(talk, METHOD_POST, LABS "?dryRun=Some", NULL, SOME_LAB).status, 400);
}

static void updates(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard made = make_lab(talk, "lab1", "a");
    CHECK_INT(write_lab(talk, METHOD_PUT, LABS "/lab1", NULL, SOME_LAB).status, 422);
    struct heard same = write_lab(talk, METHOD_PUT, LABS "/lab1", NULL, made.body);
    CHECK_INT(same.status, 200);
    CHECK_TEXT(same.effect, "unchanged");
    CHECK_INT(write_lab(talk, METHOD_PATCH, LABS "/lab1", MERGE, "{\"spec\":{\"template\":\"go\"}}")
                  .status,
              200);
    struct heard stale = write_lab(talk, METHOD_PUT, LABS "/lab1", NULL, made.body);
    CHECK_INT(stale.status, 409);
    CHECK_TEXT(at(talk, &stale, "reason"), "\"Conflict\"");
    CHECK_INT(write_lab(talk, METHOD_PUT, LABS "/lab2", NULL, made.body).status, 400);
}

static void patches(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    struct heard heard = write_lab(talk, METHOD_PATCH, LABS "/lab1", MERGE,
                                   "{\"metadata\":{\"labels\":{\"team\":null,\"x\":\"y\"}}}");
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(heard.effect, "configured");
    CHECK_TEXT(at(talk, &heard, "metadata.labels"), "{\"x\":\"y\"}");
    CHECK_INT(write_lab(talk, METHOD_PATCH, LABS "/none", MERGE, "{}").status, 404);
    CHECK_INT(
        write_lab(talk, METHOD_PATCH, LABS "/lab1", "application/json-patch+json", "[]").status,
        415);
    CHECK_INT(write_lab(talk, METHOD_PATCH, LABS "/lab1", "application/json", "{}").status, 415);
}

static void writes_status_apart(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    struct heard heard =
        write_lab(talk, METHOD_PATCH, LABS "/lab1/status", MERGE,
                  "{\"status\":{\"message\":\"hello\"},\"spec\":{\"template\":\"ignored\"}}");
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(at(talk, &heard, "status.message"), "\"hello\"");
    CHECK_TEXT(at(talk, &heard, "spec.template"), "\"python\"");
    heard = write_lab(talk, METHOD_PATCH, LABS "/lab1", MERGE, "{\"status\":{\"message\":\"no\"}}");
    CHECK_TEXT(heard.effect, "unchanged");
}

static void applies(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard = write_lab(talk, METHOD_PATCH, LABS "/lab1", APPLY, SOME_LAB);
    CHECK_INT(heard.status, 201);
    CHECK_TEXT(heard.effect, "created");
    heard = write_lab(talk, METHOD_PATCH, LABS "/lab1", APPLY, SOME_LAB);
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(heard.effect, "unchanged");
    heard = write_lab(talk, METHOD_PATCH, LABS "/lab1", APPLY,
                      "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,"
                      " metadata: {name: lab1}, spec: {retries: 5, template: python}}");
    CHECK_TEXT(heard.effect, "configured");
    CHECK_TEXT(at(talk, &heard, "spec.retries"), "5");
    CHECK_INT(write_lab(talk, METHOD_PATCH, LABS "/lab1/status", APPLY, SOME_LAB).status, 415);
}

static void deletes(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    struct heard heard = write_lab(talk, METHOD_DELETE, LABS "/lab1", NULL,
                                   "{\"preconditions\":{\"uid\":\"other\"}}");
    CHECK_INT(heard.status, 409);
    CHECK_INT(write_lab(talk, METHOD_DELETE, LABS "/lab1", NULL, "{\"dryRun\":[\"All\"]}").status,
              200);
    CHECK_INT(get(talk, LABS "/lab1").status, 200);
    heard = write_lab(talk, METHOD_DELETE, LABS "/lab1", "application/json",
                      "{\"propagationPolicy\":\"Background\"}");
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(at(talk, &heard, "kind"), "\"Status\"");
    CHECK_TEXT(at(talk, &heard, "status"), "\"Success\"");
    CHECK_TEXT(at(talk, &heard, "details.name"), "\"lab1\"");
    CHECK_INT(write_lab(talk, METHOD_DELETE, LABS "/lab1", NULL, NULL).status, 404);
}

/* Read as absent, each of these wishes would delete what it was meant to spare. */
static void deletes_nothing_by_mistake(void)
{
    static const char *const wrong[] = {
        "{\"dryRun\":\"All\"}",
        "{\"dryRun\":[7]}",
        "{\"dryRun\":[\"All\",\"Some\"]}",
        "{\"preconditions\":\"other\"}",
        "{\"preconditions\":{\"uid\":5}}",
        "{\"preconditions\":{\"resourceVersion\":5}}",
        "{\"propagationPolicy\":[\"Orphan\"]}",
        "{\"propagationPolicy\":\"Orphan\"}",
        "{\"propagationPolicy\":\"Foreground\"}",
        "{\"propagationPolicy\":\"background\"}",
        "{\"orphanDependents\":true}",
        "{\"orphanDependents\":\"true\"}",
    };
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK_INT(write_lab(talk, METHOD_DELETE, LABS "/lab1", NULL, wrong[i]).status, 400);
        CHECK_INT(get(talk, LABS "/lab1").status, 200);
    }
    static const char *const asked[] = {
        LABS "/lab1?propagationPolicy=Orphan", LABS "/lab1?propagationPolicy=Foreground",
        LABS "/lab1?orphanDependents=true", LABS "/lab1?orphanDependents=maybe"};
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        CHECK_INT(write_lab(talk, METHOD_DELETE, asked[i], NULL, NULL).status, 400);
        CHECK_INT(get(talk, LABS "/lab1").status, 200);
    }
    struct heard heard =
        write_lab(talk, METHOD_DELETE, LABS "/lab1?propagationPolicy=Orphan", NULL, NULL);
    CHECK_TEXT(at(talk, &heard, "message"),
               "\"propagationPolicy Orphan is not supported: take this object out of the "
               "metadata.ownerReferences of what is to stay, then delete it\"");
    const char *none = "{\"dryRun\":null,\"preconditions\":null,\"propagationPolicy\":null,"
                       "\"orphanDependents\":false}";
    CHECK_INT(write_lab(talk, METHOD_DELETE, LABS "/lab1", NULL, none).status, 200);
    CHECK_INT(get(talk, LABS "/lab1").status, 404);
}

static void marks_what_is_held(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    (void)write_lab(talk, METHOD_PATCH, LABS "/lab1", MERGE,
                    "{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}");
    struct heard heard = write_lab(talk, METHOD_DELETE, LABS "/lab1", NULL, NULL);
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(at(talk, &heard, "kind"), "\"LabInstance\"");
    CHECK(strcmp(at(talk, &heard, "metadata.deletionTimestamp"), "(absent)") != 0);
}

/* Nothing is said before it is on the disk; and who leaves before hears nothing. */
static void answers_when_it_is_durable(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct ask_for create = {.method = METHOD_POST, .target = LABS, .body = SOME_LAB};
    virtual_world_hold(&talk->b->v, LANE_WRITE);
    struct visit visit = {.body = BUFFER_INIT(1024)};
    exchange_init(&visit.exchange, visit_answered, visit_woken);
    visit.exchange.request = (struct request){
        .method = create.method, .target = text_of(create.target), .body = text_of(create.body)};
    service_handle(talk->service, &visit.exchange);
    virtual_world_run(&talk->b->v);
    CHECK(!visit.exchange.is_answered);
    CHECK_INT(get(talk, LABS "/lab1").status, 404);
    virtual_world_release(&talk->b->v, LANE_WRITE);
    virtual_world_run(&talk->b->v);
    CHECK(visit.exchange.is_answered);
    CHECK_INT(visit.exchange.response.status, 201);
    exchange_done(&visit.exchange);
    buffer_done(&visit.body);
}

static void takes_nothing_back(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct visit visit = {.body = BUFFER_INIT(1024)};
    exchange_init(&visit.exchange, visit_answered, visit_woken);
    visit.exchange.request =
        (struct request){.method = METHOD_POST, .target = TEXT(LABS), .body = TEXT(SOME_LAB)};
    visit.exchange.request.client = TEXT("uid:7");
    service_handle(talk->service, &visit.exchange);
    exchange_done(&visit.exchange); /* the connection ended before the answer */
    virtual_world_run(&talk->b->v);
    CHECK(!visit.exchange.is_answered);
    CHECK_INT(get(talk, LABS "/lab1").status, 200);
    const struct change *change = store_recent(talk->b->store, store_revision(talk->b->store) - 1);
    CHECK(text_is(change->actor, "client/uid:7")); /* who it was is in the log */
    buffer_done(&visit.body);
}

SUITE({"creates, and says what exists or has no namespace", creates},
      {"takes YAML of the core schema, one document", takes_yaml},
      {"says what is invalid, where and why", says_what_is_invalid},
      {"fieldValidation: Strict, Warn, Ignore", validates_fields_as_asked},
      {"dryRun=All writes nothing", tries_without_writing},
      {"PUT needs the version that was read", updates},
      {"merge patches; other patches are 415", patches},
      {"status is written through its subresource only", writes_status_apart},
      {"an apply patch creates, changes, or leaves alone", applies},
      {"deletes, with preconditions", deletes},
      {"a wish of the wrong type deletes nothing", deletes_nothing_by_mistake},
      {"what finalizers hold is marked and answered as an object", marks_what_is_held},
      {"a write is answered when it is durable", answers_when_it_is_durable},
      {"a client that leaves takes nothing back", takes_nothing_back})
