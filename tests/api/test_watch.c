/* watch=true: what clients are told, line by line. */
#include "api/fixture.h"

static struct visit *follow(struct talk *talk, const char *query, const char *accept)
{
    const char *target = arena_format(&talk->b->arena, LABS "?watch=true%s", query).ptr;
    return visit_begin(talk, (struct ask_for){.target = target, .accept = accept});
}

static size_t lines(const struct visit *visit)
{
    size_t count = 0;
    for (size_t i = 0; i < visit->body.len; i++) {
        count += visit->body.data[i] == '\n';
    }
    return count;
}

/* The value at `path` of line `index`, as JSON. */
static const char *line_at(struct talk *talk, const struct visit *visit, size_t index,
                           const char *path)
{
    struct text rest = buffer_view(&visit->body);
    struct text line = text_cut(&rest, '\n');
    const struct value *root = NULL;
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < index; i++) {
        line = text_cut(&rest, '\n');
    }
    if (json_parse(&talk->b->arena, line, &root, &err) != TEND_OK) {
        return "(no line)";
    }
    return json_of(&talk->b->arena, path_get(root, text_of(path)));
}

static void delete_lab(struct talk *talk, const char *name)
{
    const char *target = arena_format(&talk->b->arena, LABS "/%s", name).ptr;
    CHECK_INT(hear(talk, (struct ask_for){.method = METHOD_DELETE, .target = target}).status, 200);
}

static void relabel(struct talk *talk, const char *name, const char *team)
{
    const char *target = arena_format(&talk->b->arena, LABS "/%s", name).ptr;
    const char *body =
        arena_format(&talk->b->arena, "{\"metadata\":{\"labels\":{\"team\":\"%s\"}}}", team).ptr;
    CHECK_INT(hear(talk, (struct ask_for){.method = METHOD_PATCH,
                                          .target = target,
                                          .content_type = MERGE,
                                          .body = body})
                  .status,
              200);
}

static void tells_what_happens(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab0", "a");
    struct visit *visit = follow(talk, "", NULL);
    CHECK_INT(lines(visit), 1);
    CHECK_INT(visit->state, STREAM_WAIT);
    (void)make_lab(talk, "lab1", "a");
    relabel(talk, "lab1", "b");
    delete_lab(talk, "lab1");
    visit_run(talk, visit);
    CHECK_INT(lines(visit), 4);
    CHECK_TEXT(line_at(talk, visit, 0, "object.metadata.name"), "\"lab0\"");
    CHECK_TEXT(line_at(talk, visit, 1, "type"), "\"ADDED\"");
    CHECK_TEXT(line_at(talk, visit, 2, "type"), "\"MODIFIED\"");
    CHECK_TEXT(line_at(talk, visit, 2, "object.metadata.labels.team"), "\"b\"");
    CHECK_TEXT(line_at(talk, visit, 3, "type"), "\"DELETED\"");
    const char *deleted =
        arena_format(&talk->b->arena, "\"%lld\"", (long long)store_revision(talk->b->store)).ptr;
    CHECK_TEXT(line_at(talk, visit, 3, "object.metadata.resourceVersion"), deleted);
    visit_end(visit);
}

static void resumes_after_a_version(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct heard made = make_lab(talk, "lab0", "a");
    (void)make_lab(talk, "lab1", "a");
    struct text version =
        value_text_or(path_get(made.root, TEXT("metadata.resourceVersion")), TEXT(""));
    const char *query =
        arena_format(&talk->b->arena, "&resourceVersion=%.*s", TEXT_ARG(version)).ptr;
    struct visit *visit = follow(talk, query, NULL);
    CHECK_INT(lines(visit), 1);
    CHECK_TEXT(line_at(talk, visit, 0, "object.metadata.name"), "\"lab1\"");
    visit_end(visit);
}

static void follows_a_selection(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab0", "a");
    struct visit *visit = follow(talk, "&labelSelector=team%3Db", NULL);
    CHECK_INT(lines(visit), 0);
    relabel(talk, "lab0", "b");
    relabel(talk, "lab0", "c");
    visit_run(talk, visit);
    CHECK_TEXT(line_at(talk, visit, 0, "type"), "\"ADDED\"");
    CHECK_TEXT(line_at(talk, visit, 1, "type"), "\"DELETED\"");
    CHECK_TEXT(line_at(talk, visit, 1, "object.metadata.labels.team"), "\"b\"");
    CHECK_INT(lines(visit), 2);
    visit_end(visit);
}

static void sends_bookmarks_when_asked(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct visit *visit =
        follow(talk, "&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dx", NULL);
    struct visit *silent = follow(talk, "&fieldSelector=metadata.name%3Dx", NULL);
    (void)make_lab(talk, "lab0", "a");
    virtual_world_advance(&talk->b->v, WATCH_BOOKMARK_MS + 1);
    visit_run(talk, visit);
    visit_run(talk, silent);
    CHECK_INT(lines(visit), 1);
    CHECK_INT(lines(silent), 0);
    CHECK_TEXT(line_at(talk, visit, 0, "type"), "\"BOOKMARK\"");
    const char *now =
        arena_format(&talk->b->arena, "\"%lld\"", (long long)store_revision(talk->b->store)).ptr;
    CHECK_TEXT(line_at(talk, visit, 0, "object.metadata.resourceVersion"), now);
    virtual_world_advance(&talk->b->v, 3 * WATCH_BOOKMARK_MS);
    visit_run(talk, visit);
    CHECK_INT(lines(visit), 1); /* nothing new to say */
    visit_end(visit);
    visit_end(silent);
}

static void marks_the_end_of_the_beginning(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab0", "a");
    struct visit *visit = follow(talk,
                                 "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                 "&allowWatchBookmarks=true",
                                 NULL);
    CHECK_INT(lines(visit), 2);
    CHECK_TEXT(line_at(talk, visit, 1, "type"), "\"BOOKMARK\"");
    CHECK_TEXT(line_at(talk, visit, 1, "object.metadata.annotations"),
               "{\"k8s.io/initial-events-end\":\"true\"}");
    visit_end(visit);
    CHECK_INT(get(talk, LABS "?watch=true&sendInitialEvents=true").status, 400);
}

static void ends_after_its_time(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct visit *visit = follow(talk, "&timeoutSeconds=5", NULL);
    virtual_world_advance(&talk->b->v, 4999);
    visit_run(talk, visit);
    CHECK_INT(visit->state, STREAM_WAIT);
    virtual_world_advance(&talk->b->v, 1);
    visit_run(talk, visit);
    CHECK_INT(visit->state, STREAM_END);
    visit_end(visit);
    visit = follow(talk, "", NULL);
    virtual_world_advance(&talk->b->v, (int64_t)WATCH_TIMEOUT_MAX_S * 1000);
    visit_run(talk, visit);
    CHECK_INT(visit->state, STREAM_END); /* none is for ever */
    visit_end(visit);
}

static void makes_rows(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "lab0", "a");
    struct visit *visit = follow(talk, "", AS_TABLE);
    relabel(talk, "lab0", "b");
    visit_run(talk, visit);
    CHECK_TEXT(line_at(talk, visit, 0, "object.kind"), "\"Table\"");
    CHECK_TEXT(line_at(talk, visit, 0, "object.columnDefinitions[0].name"), "\"Name\"");
    CHECK_TEXT(line_at(talk, visit, 0, "object.rows[0].cells[0]"), "\"lab0\"");
    CHECK_TEXT(line_at(talk, visit, 1, "object.columnDefinitions"), "null");
    visit_end(visit);
}

static void refuses_what_it_cannot_tell(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    CHECK_INT(get(talk, LABS "?watch=true&resourceVersion=99999").status, 504);
    CHECK_INT(get(talk, LABS "?watch=perhaps").status, 400);
    CHECK_INT(get(talk, LABS "?watch=true&fieldSelector=spec.owner%3Dx").status, 400);
    CHECK_INT(hear(talk, (struct ask_for){.target = LABS "?watch=1", .accept = "application/yaml"})
                  .status,
              406);
}

/* What is pulled waits in the log and nowhere else. */
static void keeps_nothing_for_the_slow(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct visit *visit = follow(talk, "", NULL);
    (void)make_lab(talk, "lab0", "a");
    for (int i = 0; i < 200; i++) {
        relabel(talk, "lab0", i % 2 == 0 ? "b" : "c");
    }
    CHECK_INT(lines(visit), 0); /* it did not read, and nothing was written for it */
    visit_run(talk, visit);
    CHECK_INT(lines(visit), 201);
    visit_end(visit);
}

SUITE({"what exists, then what happens, in order", tells_what_happens},
      {"resourceVersion=N: everything after N", resumes_after_a_version},
      {"entering a selection is ADDED, leaving it DELETED", follows_a_selection},
      {"bookmarks when asked for, and only where something moved", sends_bookmarks_when_asked},
      {"sendInitialEvents ends with a marked bookmark", marks_the_end_of_the_beginning},
      {"timeoutSeconds, and a bound where there is none", ends_after_its_time},
      {"tables: columns once, a row an event", makes_rows},
      {"refuses what it cannot tell", refuses_what_it_cannot_tell},
      {"a client that does not read costs nothing", keeps_nothing_for_the_slow})
