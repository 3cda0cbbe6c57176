/* GET: discovery, objects, lists, tables, errors. */
#include "api/fixture.h"

static void discovers(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard = get(talk, "/apis");
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(at(talk, &heard, "kind"), "\"APIGroupList\"");
    CHECK_TEXT(at(talk, &heard, "groups[1].preferredVersion.groupVersion"),
               "\"lab.neuroglia.com/v1\"");
    heard = get(talk, "/apis/lab.neuroglia.com/v1");
    CHECK_TEXT(at(talk, &heard, "resources[0].name"), "\"labinstances\"");
    CHECK_TEXT(at(talk, &heard, "resources[0].shortNames"), "[\"li\"]");
    CHECK_TEXT(at(talk, &heard, "resources[0].namespaced"), "true");
    CHECK_TEXT(at(talk, &heard, "resources[1].name"), "\"labinstances/status\"");
    heard = get(talk, "/api");
    CHECK_TEXT(at(talk, &heard, "versions"), "[\"v1\"]");
    heard = get(talk, "/api/v1");
    CHECK_TEXT(at(talk, &heard, "groupVersion"), "\"v1\"");
    heard = get(talk, "/apis/lab.neuroglia.com");
    CHECK_TEXT(at(talk, &heard, "kind"), "\"APIGroup\"");
    CHECK_INT(get(talk, "/apis/nobody.example").status, 404);
    CHECK_INT(get(talk, "/apis/lab.neuroglia.com/v9").status, 404);
    heard = get(talk, "/version");
    CHECK(strncmp(at(talk, &heard, "gitVersion"), "\"v1.", 4) == 0);
}

static void tells_its_health(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    CHECK_TEXT(get(talk, "/healthz").body, "ok");
    CHECK_INT(get(talk, "/readyz").status, 503);
    service_set_ready(talk->service);
    CHECK_INT(get(talk, "/readyz").status, 200);
}

static void shows_an_object(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    struct heard heard = get(talk, LABS "/lab1");
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(at(talk, &heard, "spec.duration"), "\"60m\"");
    CHECK_TEXT(heard.type, "application/json");
    heard = hear(talk, (struct ask_for){.target = LABS "/lab1", .accept = "application/yaml"});
    CHECK_TEXT(heard.type, "application/yaml");
    CHECK(strstr(heard.body, "\n  duration: 60m\n") != NULL);
    heard = get(talk, LABS "/lab1/status");
    CHECK_INT(heard.status, 200);
}

static void says_what_is_not_there(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard = get(talk, LABS "/nope");
    CHECK_INT(heard.status, 404);
    CHECK_TEXT(at(talk, &heard, "reason"), "\"NotFound\"");
    CHECK_TEXT(at(talk, &heard, "message"),
               "\"labinstances.lab.neuroglia.com \\\"nope\\\" not found\"");
    CHECK_TEXT(at(talk, &heard, "details.kind"), "\"labinstances\"");
    CHECK_TEXT(at(talk, &heard, "details.group"), "\"lab.neuroglia.com\"");
    CHECK_INT(get(talk, "/apis/lab.neuroglia.com/v1/nothings").status, 404);
    CHECK_INT(get(talk, "/api/v1/namespaces/default/configmaps/x/status").status, 404);
    CHECK_INT(get(talk, "/api/v1/namespaces/a/namespaces").status, 404);
    CHECK_INT(get(talk, "/apis/lab.neuroglia.com/v1/labinstances/lab1").status, 404);
    CHECK_INT(get(talk, LABS "/lab%2F1").status, 400);
    heard = get(talk, "/caf\xe9");
    CHECK_INT(heard.status, 400);
    CHECK(heard.root != NULL); /* the answer is JSON whatever was asked */
}

static void lists(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard = get(talk, LABS);
    CHECK_TEXT(at(talk, &heard, "items"), "[]");
    (void)make_lab(talk, "lab2", "b");
    (void)make_lab(talk, "lab1", "a");
    heard = get(talk, LABS_ALL);
    CHECK_TEXT(at(talk, &heard, "kind"), "\"LabInstanceList\"");
    CHECK_TEXT(at(talk, &heard, "items[0].metadata.name"), "\"lab1\"");
    CHECK_TEXT(at(talk, &heard, "items[1].metadata.name"), "\"lab2\"");
    CHECK_INT(value_count(path_get(heard.root, TEXT("items"))), 2);
    CHECK_TEXT(at(talk, &heard, "metadata.resourceVersion"),
               at(talk, &heard, "items[0].metadata.resourceVersion"));
    heard = get(talk, "/apis/lab.neuroglia.com/v1/namespaces/elsewhere/labinstances");
    CHECK_TEXT(at(talk, &heard, "items"), "[]");
}

static void selects(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    (void)make_lab(talk, "lab2", "b");
    struct heard heard = get(talk, LABS "?labelSelector=team%3Db");
    CHECK_INT(value_count(path_get(heard.root, TEXT("items"))), 1);
    CHECK_TEXT(at(talk, &heard, "items[0].metadata.name"), "\"lab2\"");
    heard = get(talk, LABS "?fieldSelector=metadata.name%3Dlab1");
    CHECK_INT(value_count(path_get(heard.root, TEXT("items"))), 1);
    heard = get(talk, LABS "?fieldSelector=spec.template%3Dpython,metadata.name!%3Dlab1");
    CHECK_TEXT(at(talk, &heard, "items[0].metadata.name"), "\"lab2\"");
    heard = get(talk, LABS "?fieldSelector=spec.owner%3Dme");
    CHECK_INT(heard.status, 400);
    CHECK_TEXT(at(talk, &heard, "reason"), "\"BadRequest\"");
    CHECK_INT(get(talk, LABS "?labelSelector=a%20in%20(").status, 400);
    CHECK_INT(get(talk, LABS "?limit=many").status, 400);
}

/* The token of a page, escaped for a target. */
static const char *next_page(struct talk *talk, const struct heard *heard, const char *limit)
{
    struct text token = value_text_or(path_get(heard->root, TEXT("metadata.continue")), TEXT(""));
    return arena_format(&talk->b->arena, LABS "?limit=%s&continue=%.*s", limit, TEXT_ARG(token))
        .ptr;
}

static void pages_over_one_snapshot(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    (void)make_lab(talk, "lab2", "a");
    (void)make_lab(talk, "lab4", "a");
    struct heard first = get(talk, LABS "?limit=2");
    CHECK_INT(value_count(path_get(first.root, TEXT("items"))), 2);
    (void)make_lab(talk, "lab3", "a"); /* between two pages: not of this list */
    struct heard second = get(talk, next_page(talk, &first, "1"));
    CHECK_TEXT(at(talk, &second, "items[0].metadata.name"), "\"lab4\"");
    CHECK_TEXT(at(talk, &second, "metadata.continue"), "(absent)");
    CHECK_TEXT(at(talk, &second, "metadata.resourceVersion"),
               at(talk, &first, "metadata.resourceVersion"));
    CHECK_INT(get(talk, next_page(talk, &first, "1")).status, 410); /* nobody kept it any more */
    struct heard all = get(talk, LABS "?limit=4");
    CHECK_TEXT(at(talk, &all, "metadata.continue"), "(absent)");
    CHECK_INT(get(talk, LABS "?continue=nonsense").status, 400);
}

static void says_when_a_page_is_too_late(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    (void)make_lab(talk, "lab2", "a");
    struct heard first = get(talk, LABS "?limit=1");
    virtual_world_advance(&talk->b->v, 2 * READER_AGE_MAX_MS);
    struct heard second = get(talk, next_page(talk, &first, "1"));
    CHECK_INT(second.status, 410);
    CHECK_TEXT(at(talk, &second, "reason"), "\"Expired\"");
}

static void lists_as_of_a_version(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab1", "a");
    CHECK_INT(get(talk, LABS "?resourceVersion=0").status, 200);
    CHECK_INT(get(talk, LABS "?resourceVersion=1&resourceVersionMatch=NotOlderThan").status, 200);
    struct heard heard = get(talk, LABS "?resourceVersion=99999");
    CHECK_INT(heard.status, 504);
    CHECK_TEXT(at(talk, &heard, "details.causes[0].reason"), "\"ResourceVersionTooLarge\"");
    CHECK_INT(get(talk, LABS "?resourceVersion=1&resourceVersionMatch=Exact").status, 410);
    CHECK_INT(get(talk, LABS "?resourceVersionMatch=Exact").status, 400);
    CHECK_INT(get(talk, LABS "?resourceVersion=1&resourceVersionMatch=Perhaps").status, 400);
}

static void makes_tables(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard heard = hear(talk, (struct ask_for){.target = LABS, .accept = AS_TABLE});
    CHECK_TEXT(at(talk, &heard, "rows"), "[]");
    (void)make_lab(talk, "lab1", "a");
    virtual_world_advance(&talk->b->v, 65000);
    heard = hear(talk, (struct ask_for){.target = LABS, .accept = AS_TABLE});
    CHECK_TEXT(at(talk, &heard, "kind"), "\"Table\"");
    CHECK_TEXT(at(talk, &heard, "columnDefinitions[0].name"), "\"Name\"");
    CHECK_TEXT(at(talk, &heard, "columnDefinitions[2].priority"), "1");
    CHECK_TEXT(at(talk, &heard, "rows[0].cells"), "[\"lab1\",null,\"python\",\"65s\"]");
    CHECK_TEXT(at(talk, &heard, "rows[0].object.kind"), "\"PartialObjectMetadata\"");
    CHECK_TEXT(at(talk, &heard, "rows[0].object.metadata.name"), "\"lab1\"");
    heard =
        hear(talk, (struct ask_for){.target = LABS "/lab1?includeObject=None", .accept = AS_TABLE});
    CHECK_TEXT(at(talk, &heard, "rows[0].object"), "(absent)");
    CHECK_INT(hear(talk, (struct ask_for){.target = LABS "?includeObject=Some", .accept = AS_TABLE})
                  .status,
              400);
}

/* labinstance owns the kind, and is in that phase. */
static void set_controller(struct talk *talk, const char *phase)
{
    const struct admission_request one = request(
        talk->b, ADMIT_PATCH_STATUS, "controllers.tend.dev", "labinstance",
        arena_format(&talk->b->arena, "{status: {phase: %s, reason: FileRemoved}}", phase).ptr);
    CHECK_INT(ask_as(talk->b, WRITER_HOST, "", &one)->code, TEND_OK);
}

static const char *warning_beside(struct talk *talk, const char *target, const char *accept)
{
    return hear(talk, (struct ask_for){.target = target, .accept = accept}).warning;
}

static void says_who_is_not_there(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    const char *warning =
        "299 - \"nobody tends labinstances now: controller labinstance is lost (FileRemoved); see "
        "tend describe controller labinstance\"";
    (void)make_lab(talk, "lab1", "a");
    (void)make_lab(talk, "lab2", "a");
    CHECK_TEXT(warning_beside(talk, LABS, AS_TABLE), ""); /* a kind that nobody owns */
    const struct admission_request one = request(talk->b, ADMIT_CREATE, "", "", LAB_CONTROLLER);
    CHECK_INT(ask_as(talk->b, WRITER_HOST, "", &one)->code, TEND_OK);
    set_controller(talk, "lost");
    CHECK_TEXT(warning_beside(talk, LABS, AS_TABLE), warning);
    CHECK_TEXT(warning_beside(talk, LABS "/lab1", AS_TABLE), warning);
    CHECK_TEXT(warning_beside(talk, LABS, NULL), ""); /* programs do not look for it */
    struct heard page = hear(talk, (struct ask_for){.target = LABS "?limit=1", .accept = AS_TABLE});
    CHECK_TEXT(page.warning, warning);
    struct text token = value_text_or(path_get(page.root, TEXT("metadata.continue")), TEXT(""));
    CHECK(token.len > 0);
    const char *next =
        arena_format(&talk->b->arena, LABS "?limit=1&continue=%.*s", TEXT_ARG(token)).ptr;
    CHECK_TEXT(warning_beside(talk, next, AS_TABLE), ""); /* once a list */
    set_controller(talk, "live");
    CHECK_TEXT(warning_beside(talk, LABS, AS_TABLE), "");
}

static void makes_other_forms(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct error err = ERROR_INIT;
    struct yaml_stream stream;
    struct heard heard = hear(talk, (struct ask_for){.target = LABS, .accept = "application/yaml"});
    CHECK_INT(yaml_parse(&talk->b->arena, text_of(heard.body), &stream, &err), TEND_OK);
    (void)make_lab(talk, "lab1", "a");
    (void)make_lab(talk, "lab2", "a");
    heard = hear(talk, (struct ask_for){.target = LABS, .accept = "application/yaml"});
    CHECK_INT(yaml_parse(&talk->b->arena, text_of(heard.body), &stream, &err), TEND_OK);
    struct heard plain = get(talk, LABS);
    CHECK(stream.count == 1 && value_equal(stream.documents[0].value, plain.root));
    heard =
        hear(talk, (struct ask_for){.target = LABS,
                                    .accept = "application/json;as=PartialObjectMetadataList;v=v1;"
                                              "g=meta.k8s.io"});
    CHECK_TEXT(at(talk, &heard, "kind"), "\"PartialObjectMetadataList\"");
    CHECK_TEXT(at(talk, &heard, "items[1].spec"), "(absent)");
    heard = hear(talk, (struct ask_for){.target = LABS, .accept = "text/html"});
    CHECK_INT(heard.status, 406);
}

static void refuses_other_methods(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    CHECK_INT(hear(talk, (struct ask_for){.method = METHOD_DELETE, .target = LABS}).status, 405);
    CHECK_INT(hear(talk, (struct ask_for){.method = METHOD_POST, .target = LABS_ALL}).status, 405);
    CHECK_INT(hear(talk, (struct ask_for){.method = METHOD_POST, .target = LABS "/x"}).status, 405);
    CHECK_INT(hear(talk, (struct ask_for){.method = METHOD_OTHER, .target = LABS}).status, 405);
    CHECK_INT(hear(talk, (struct ask_for){.method = METHOD_POST, .target = "/version"}).status,
              405);
}

SUITE({"discovery says what is served", discovers}, {"healthz, readyz", tells_its_health},
      {"shows an object, as JSON and as YAML", shows_an_object},
      {"says what is not there, as metav1.Status", says_what_is_not_there},
      {"lists in order of names, with the revision", lists},
      {"labels and fields select; what is no selector is refused", selects},
      {"pages of a list show one moment", pages_over_one_snapshot},
      {"a page that is asked for too late is Expired", says_when_a_page_is_too_late},
      {"resourceVersion: any, not older, exact, future", lists_as_of_a_version},
      {"tables have the kind's columns, with ages", makes_tables},
      {"a table of what nobody tends says so", says_who_is_not_there},
      {"YAML lists and metadata alone", makes_other_forms},
      {"methods that a place does not know are 405", refuses_other_methods})
