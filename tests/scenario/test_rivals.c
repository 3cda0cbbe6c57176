/* Two files that want the same: who has it, that both say so, and that what is configured is so. */
#include "scenario/files.h"

#define PIN_A "kinds: {v1/ConfigMap: a.lua}"
#define PIN_B "kinds: {v1/ConfigMap: b.lua}"

/* What the status of a Controller says of others. */
static const char *contested(struct host *host, const char *name)
{
    return said(host, name, "conditions[0].message");
}

static bool is_contested_by(struct host *host, const char *name, const char *file)
{
    return strstr(contested(host, name), file) != NULL &&
           strcmp(said(host, name, "conditions[0].type"), "Contested") == 0;
}

static bool serves(struct host *host, const char *name, struct folder *folder, const char *file)
{
    char path[400];
    snprintf(path, sizeof path, "%s", path_in(folder, file));
    return CHECK_TEXT(said(host, name, "phase"), "live") &&
           CHECK_TEXT(said(host, name, "file"), path);
}

/* --- who lives says so ----------------------------------------------------------------------------- */

static void the_live_one_names_its_rivals(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("first", "1"));
    up(host);
    CHECK_TEXT(contested(host, "first"), "");
    put(&host->scripts, "b.lua", MAPS("second", "1"));
    put(&host->more, "c.lua", MAPS("first", "2")); /* the same name */
    put(&host->more, "d.lua", MAPS("first", "1")); /* the same content */
    notice(host);
    CHECK(is_contested_by(host, "first", path_in(&host->scripts, "b.lua")));
    CHECK(is_contested_by(host, "first", path_in(&host->more, "c.lua")));
    CHECK(is_contested_by(host, "first", path_in(&host->more, "d.lua")));
    CHECK_TEXT(said(host, "first", "message"), ""); /* all is well otherwise */
    take(&host->scripts, "b.lua");
    take(&host->more, "d.lua");
    notice(host);
    CHECK(!is_contested_by(host, "first", path_in(&host->scripts, "b.lua")));
    CHECK(is_contested_by(host, "first", path_in(&host->more, "c.lua")));
    put(&host->more, "c.lua", OF_KIND("third", "C"));
    notice(host);
    CHECK_TEXT(contested(host, "first"), "");
    host_free(host);
}

static void says_so_after_a_restart_and_writes_nothing(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("first", "1"));
    put(&host->scripts, "b.lua", MAPS("second", "1"));
    up(host);
    notice(host);
    pass(host, 60000);
    int64_t before = store_revision(host->rooms.store);
    down(host);
    up(host);
    notice(host);
    CHECK(is_contested_by(host, "first", path_in(&host->scripts, "b.lua")));
    CHECK_INT(store_revision(host->rooms.store), before);
    down(host);
    take(&host->scripts, "b.lua");
    up(host);
    notice(host);
    CHECK_TEXT(contested(host, "first"), "");
    host_free(host);
}

/* Who was in the way of another content has nothing to do with what is wrong with this one. */
static void who_is_refused_for_another_reason_is_no_rival(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    up(host);
    put(&host->scripts, "b.lua", MAPS("maps", "2"));
    notice(host);
    CHECK(is_contested_by(host, "maps", "/b.lua"));
    put(&host->scripts, "b.lua", UNWILLING);
    notice(host);
    CHECK_TEXT(said(host, "b", "message"), "there is no licence");
    CHECK_TEXT(contested(host, "maps"), "");
    host_free(host);
}

static void who_leaves_is_in_nobodys_way(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    put(&host->scripts, "b.lua", MAPS("maps", "2"));
    up(host);
    notice(host);
    CHECK(is_contested_by(host, "maps", "/b.lua"));
    take(&host->scripts, "a.lua");
    notice(host);
    CHECK(serves(host, "maps", &host->scripts, "b.lua"));
    CHECK_TEXT(contested(host, "maps"), "");
    host_free(host);
}

/* --- who is named ----------------------------------------------------------------------------------- */

static void the_named_one_has_it_whatever_the_order(void)
{
    static const struct {
        const char *pin, *winner, *loser, *version;
    } cases[] = {{PIN_A, "a.lua", "b", "1"}, {PIN_B, "b.lua", "a", "2"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct host *host = host_new();
        put(&host->scripts, "a.lua", MAPS("maps", "1"));
        put(&host->scripts, "b.lua", MAPS("maps", "2"));
        configure(host, cases[i].pin);
        up(host);
        notice(host);
        CHECK(serves(host, "maps", &host->scripts, cases[i].winner));
        CHECK_TEXT(said(host, "maps", "version"), cases[i].version);
        CHECK_TEXT(said(host, cases[i].loser, "phase"), "refused");
        CHECK_TEXT(said(host, cases[i].loser, "reason"), "Conflict");
        CHECK(strstr(said(host, cases[i].loser, "message"), "v1/ConfigMap is for ") != NULL);
        CHECK(strstr(said(host, cases[i].loser, "message"),
                     "`kinds` of the host's configuration") != NULL);
        CHECK(is_contested_by(host, "maps", "/"));
        CHECK(strstr(contested(host, "maps"), "configuration says so") != NULL);
        CHECK(strstr(buffer_view(&host->lines).ptr, "level=error") == NULL); /* it was asked for */
        CHECK_INT(host->summary.live, 1);
        CHECK_INT(host->summary.refused, 1);
        host_free(host);
    }
}

/* Who was contested and does not serve any more is not: under the name of its file, which says then why it is
 * refused, and under another one. */
static void who_lost_a_kind_is_not_contested(void)
{
    static const char *const contents[] = {MAPS("a", "1"), MAPS("first", "1")};
    static const char *const names[] = {"a", "first"}, *const phases[] = {"refused", "lost"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct host *host = host_new();
        put(&host->scripts, "a.lua", contents[i]);
        put(&host->scripts, "b.lua", MAPS("second", "2"));
        up(host);
        notice(host);
        CHECK(is_contested_by(host, names[i], "/b.lua"));
        CHECK(strstr(contested(host, names[i]), "name one under `kinds`") != NULL);
        CHECK(strstr(said(host, "b", "message"), "`kinds` in the host's configuration") != NULL);
        down(host);
        configure(host, PIN_B);
        up(host);
        notice(host);
        CHECK(serves(host, "second", &host->scripts, "b.lua"));
        CHECK_TEXT(said(host, names[i], "phase"), phases[i]);
        CHECK_TEXT(contested(host, names[i]), "");
        CHECK(is_contested_by(host, "second", "/a.lua"));
        host_free(host);
    }
}

/* Back and forth over restarts, under one name of the controller and under two. */
static void a_pin_that_changes_moves_the_kind(void)
{
    static const char *const names[] = {"maps", "other"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct host *host = host_new();
        put(&host->scripts, "a.lua", MAPS("maps", "1"));
        put(&host->scripts, "b.lua",
            i == 0 ? MAPS("maps", "2") : MAPS("other", "2")); /* literals */
        up(host);
        notice(host);
        CHECK(serves(host, "maps", &host->scripts, "a.lua"));
        for (int round = 0; round < 2; round++) {
            down(host);
            configure(host, PIN_B);
            up(host);
            notice(host);
            CHECK(serves(host, names[i], &host->scripts, "b.lua"));
            down(host);
            configure(host, PIN_A);
            up(host);
            notice(host);
            CHECK(serves(host, "maps", &host->scripts, "a.lua"));
        }
        host_free(host);
    }
}

static void a_named_one_that_comes_takes_over(void)
{
    static const char *const contents[] = {MAPS("maps", "2"), MAPS("other", "2")};
    static const char *const names[] = {"maps", "other"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct host *host = host_new();
        put(&host->scripts, "a.lua", MAPS("maps", "1"));
        configure(host, PIN_B);
        up(host);
        CHECK(serves(host, "maps", &host->scripts, "a.lua"));
        put(&host->scripts, "b.lua", contents[i]);
        notice(host);
        CHECK(serves(host, names[i], &host->scripts, "b.lua"));
        CHECK_TEXT(said(host, "a", "phase"), "refused");
        CHECK(is_contested_by(host, names[i], "/a.lua"));
        CHECK(has_event(host, "maps", "MadeWay"));
        CHECK_INT(scripted_maker_count(&host->maker), 1);
        if (i == 0) { /* and when it goes, whoever is left has it */
            take(&host->scripts, "b.lua");
            notice(host);
            CHECK(serves(host, "maps", &host->scripts, "a.lua"));
            CHECK_TEXT(contested(host, "maps"), "");
        }
        host_free(host);
    }
}

static void a_named_one_that_cannot_serve_is_not_waited_for(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    put(&host->scripts, "b.lua", UNWILLING);
    configure(host, PIN_B);
    up(host);
    notice(host);
    CHECK(serves(host, "maps", &host->scripts, "a.lua"));
    CHECK_TEXT(said(host, "b", "phase"), "refused");
    put(&host->scripts, "b.lua", MAPS("maps", "2"));
    notice(host);
    CHECK(serves(host, "maps", &host->scripts, "b.lua"));
    put(&host->scripts, "b.lua", UNWILLING); /* who serves goes on */
    notice(host);
    CHECK_TEXT(said(host, "maps", "reason"), "CandidateRefused");
    CHECK_TEXT(said(host, "maps", "version"), "2");
    host_free(host);
}

/* All that can be known before is known before anybody leaves. */
static void nobody_leaves_for_one_that_is_refused(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    configure(host, PIN_B);
    up(host);
    put(&host->scripts, "b.lua",
        "{descriptor: {name: x, version: '2', controllers: [{name: maps, kind: v1/ConfigMap},\n"
        "  {name: other, kind: no kind}]}}\n");
    notice(host);
    CHECK(serves(host, "maps", &host->scripts, "a.lua"));
    CHECK(!has_event(host, "maps", "MadeWay"));
    CHECK_TEXT(said(host, "b", "phase"), "refused");
    host_free(host);
}

static void namesakes_are_equals(void)
{
    struct host *host = host_new();
    put(&host->scripts, "b.lua", MAPS("maps", "1"));
    put(&host->more, "b.lua", MAPS("maps", "2"));
    configure(host, PIN_B);
    up(host);
    notice(host);
    pass(host, 60000);
    CHECK(serves(host, "maps", &host->scripts, "b.lua"));
    CHECK(!has_event(host, "maps", "MadeWay"));
    host_free(host);
}

static void comes_up_as_it_went_down_with_a_pin(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    put(&host->scripts, "b.lua", MAPS("other", "2"));
    put(&host->scripts, "c.lua", OF_KIND("c", "C"));
    configure(host, PIN_B "\nfiles: {c.lua: {enabled: false}}");
    up(host);
    notice(host);
    pass(host, 60000);
    int64_t before = store_revision(host->rooms.store);
    for (int i = 0; i < 2; i++) {
        down(host);
        up(host);
        notice(host);
        pass(host, 60000);
        CHECK_INT(store_revision(host->rooms.store), before);
    }
    host_free(host);
}

/* --- what was given up ------------------------------------------------------------------------------- */

/* A kind with a status, where what was given up says so, and a controller that gives up whatever it sees. */
#define ITEMS                                                                                      \
    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,\n"                      \
    "  metadata: {name: items.example.com}, spec: {group: example.com, scope: Namespaced,\n"       \
    "  names: {kind: Item, plural: items, singular: item}, versions: [{name: v1, served: true,\n"  \
    "  storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object,\n"      \
    "  properties: {status: {type: object, properties: {conditions: {type: array, items:\n"        \
    "  {type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}}}]}}"
#define GIVES_UP(name, version)                                                                    \
    "{descriptor: {name: x, version: '" version "', controllers: [{name: " name                    \
    ", kind: example.com/v1/Item,\n crd: " ITEMS "}]}, run: {'': '{outcome: fail}'}}\n"

static void answered(struct admission_call *call, const struct admission_result *result)
{
    (void)call;
    CHECK_INT(result->code, TEND_OK);
}

static void create_item(struct host *host)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *metadata =
        value_with(&arena, value_empty_map(), TEXT("name"), value_chars(&arena, "i"));
    const struct value *item = value_with(&arena, value_empty_map(), TEXT("apiVersion"),
                                          value_chars(&arena, "example.com/v1"));
    item = value_with(&arena, item, TEXT("kind"), value_chars(&arena, "Item"));
    struct admission_request request = {
        .verb = ADMIT_CREATE, .body = value_with(&arena, item, TEXT("metadata"), metadata)};
    struct admission_set set = {.requests = &request, .count = 1};
    struct admission_call call = {.answered = answered};
    admission_submit(host->rooms.gate, &set, &call);
    virtual_world_run(&host->v);
}

static unsigned runs_started(const struct host *host)
{
    unsigned started = 0;
    for (size_t i = 0; i < scripted_maker_count(&host->maker); i++) {
        started += (unsigned)scripted_maker_worker(&host->maker, i)->started;
    }
    return started;
}

/* Each file that takes over looks at it once, over restarts as well; and then it is left alone. */
static void what_one_file_gave_up_is_tried_by_the_other(void)
{
    static const char *const contents[] = {GIVES_UP("b", "2"), GIVES_UP("other", "2"),
                                           GIVES_UP("items", "2")};
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        struct host *host = host_new();
        put(&host->scripts, "a.lua", GIVES_UP("items", "1"));
        put(&host->scripts, "b.lua", contents[i]);
        up(host);
        create_item(host);
        notice(host);
        CHECK_INT(runs_started(host), 1);
        for (int round = 0; round < 4; round++) {
            down(host);
            configure(host, round % 2 == 0 ? "kinds: {example.com/v1/Item: b.lua}"
                                           : "kinds: {example.com/v1/Item: a.lua}");
            up(host);
            notice(host);
            CHECK_INT(runs_started(host), 1);
        }
        down(host);
        up(host);
        notice(host);
        CHECK_INT(runs_started(host), 0);
        host_free(host);
    }
}

/* --- what else is said of files ---------------------------------------------------------------------- */

static void what_is_disabled_is_not_loaded(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    put(&host->scripts, "b.lua", MAPS("late", "1"));
    up(host);
    CHECK(serves(host, "maps", &host->scripts, "a.lua"));
    down(host);
    configure(host, "files: {a.lua: {enabled: false}, n.lua: {enabled: false}}");
    up(host);
    notice(host);
    CHECK_INT(host->summary.disabled, 1);
    CHECK_TEXT(said(host, "maps", "phase"), "disabled");
    CHECK_TEXT(said(host, "maps", "reason"), "Disabled");
    put(&host->more, "n.lua", ""); /* neither whole nor broken: it is not looked at so far */
    notice(host);
    CHECK_TEXT(said(host, "n", "phase"), "disabled");
    take(&host->more, "n.lua");
    notice(host);
    CHECK_TEXT(said(host, "n", "phase"), "lost");
    put(&host->more, "c.lua", MAPS("maps", "2")); /* who comes may have its name, and what it had */
    notice(host);
    CHECK(serves(host, "maps", &host->more, "c.lua"));
    CHECK(strstr(buffer_view(&host->lines).ptr, "a.lua is not loaded") != NULL);
    take(&host->more, "c.lua");
    notice(host);
    down(host);
    configure(host, "");
    up(host);
    notice(host);
    CHECK(serves(host, "maps", &host->scripts, "a.lua"));
    host_free(host);
}

static void what_is_named_and_not_there_is_told_once(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    configure(host, "files: {a.lua: {parallel: 1}, c.so: {parallel: 1}}\nkinds: {v1/Pod: b.lua}");
    up(host);
    const char *lines = buffer_view(&host->lines).ptr;
    CHECK(strstr(lines, "it says something of c.so, which no folder has") != NULL);
    CHECK(strstr(lines, "v1/Pod is for b.lua, which no folder has") != NULL);
    CHECK(strstr(lines, "says something of a.lua") == NULL);
    buffer_clear(&host->lines);
    notice(host);
    CHECK(strstr(buffer_view(&host->lines).ptr, "which no folder has") == NULL);
    host_free(host);
}

SUITE({"the live one names its rivals", the_live_one_names_its_rivals},
      {"says so after a restart, and writes nothing", says_so_after_a_restart_and_writes_nothing},
      {"who is refused for another reason is no rival",
       who_is_refused_for_another_reason_is_no_rival},
      {"who leaves is in nobody's way", who_leaves_is_in_nobodys_way},
      {"the named one has it, whatever the order", the_named_one_has_it_whatever_the_order},
      {"who lost a kind is not contested", who_lost_a_kind_is_not_contested},
      {"a pin that changes moves the kind", a_pin_that_changes_moves_the_kind},
      {"a named one that comes takes over", a_named_one_that_comes_takes_over},
      {"a named one that cannot serve is not waited for",
       a_named_one_that_cannot_serve_is_not_waited_for},
      {"nobody leaves for one that is refused", nobody_leaves_for_one_that_is_refused},
      {"namesakes are equals", namesakes_are_equals},
      {"comes up as it went down, with a pin", comes_up_as_it_went_down_with_a_pin},
      {"what one file gave up is tried by the other", what_one_file_gave_up_is_tried_by_the_other},
      {"what is disabled is not loaded", what_is_disabled_is_not_loaded},
      {"what is named and not there is told once", what_is_named_and_not_there_is_told_once})
