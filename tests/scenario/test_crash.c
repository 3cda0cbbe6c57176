/* Several labs live their lives while the host, its worker, its disk and its clock fail, once in each
 * place where they can. What is compared is the whole past, read back from the log: which lab entered
 * which state when, how often it was said why, and how every object ended.
 *
 * A scenario is a list of what clients do and when. A client repeats what it got no answer for, or one
 * that asks it to come again. Faults strike between two steps of the world: a step is a task, an alarm
 * or a job, so between them lies every place where a process can be killed that the disk can tell apart,
 * but one: a commit that is on the disk and of which nobody heard. That one is TEND_IO.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "document/json.h"
#include "document/path.h"
#include "document/yaml.h"
#include "resource/key.h"
#include "scenario/rig.h"

#define LABS "labinstances.lab.neuroglia.com"
#define LAB(name, spec)                                                                            \
    "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: " name                 \
    "}, spec: {template: t, " spec "}}"

enum { MANY_STEPS = 100000, DAY_MS = 86400000 };

/* --- the scenario ------------------------------------------------------------------------------- */

struct deed {
    int64_t at_ms;
    const char *apply;  /* or: */
    const char *delete; /* name of a lab, or: */
    const char *patch;  /* name of a lab: its clean-up is not stuck any more */
};

/* A life, a timeout with a retry, a failure with a ttl, a deletion, an edit, a clean-up that is stuck. */
static const struct deed deeds[] = {
    {.at_ms = 1000, .apply = LAB("life", "provisionSeconds: 5, duration: 2m")},
    {.at_ms = 1000, .apply = LAB("slow", "simulate: hang, retries: 1, provisionTimeout: 10s")},
    {.at_ms = 1000,
     .apply = LAB("ttl", "simulate: fail, provisionSeconds: 2, retries: 0, ttlAfterFailed: 1m")},
    {.at_ms = 2000, .apply = LAB("drop", "provisionSeconds: 25")},
    {.at_ms = 2000, .apply = LAB("edit", "provisionSeconds: 1, duration: 100h")},
    {.at_ms = 3000, .apply = LAB("stuck", "provisionSeconds: 0, duration: 100h, simulate: stuck")},
    {.at_ms = 15000, .delete = "drop"},
    {.at_ms = 60000, .apply = LAB("edit", "provisionSeconds: 1, duration: 200h")},
    {.at_ms = 90000, .delete = "stuck"},
    {.at_ms = 500000, .patch = "stuck"},
};
enum { END_MS = 1200000 };

/* --- a run of it -------------------------------------------------------------------------------- */

enum fault {
    FAULT_NONE,
    FAULT_CRASH,   /* of the host, after each `at` steps, `times` times */
    FAULT_POLLING, /* the same, where controllers look every 2 s only */
    FAULT_WORKER,  /* of the worker, likewise */
    FAULT_FULL,    /* commit `at` and those of the next 3 seconds fail for lack of space */
    FAULT_UNKNOWN, /* commit `at` is on the disk, but nobody knows: the host ends and restarts */
    FAULT_CLOCK_AHEAD, /* the wall clock jumps by a day, once */
    FAULT_CLOCK_BACK,
};

struct play {
    struct rig rig;
    enum fault fault;
    unsigned at, times;
    unsigned steps, done;
    struct admission_call call; /* of the client */
    enum { CLIENT_IDLE, CLIENT_WAITS, CLIENT_ANSWERED, CLIENT_REFUSED } client;
    size_t deed;
    int64_t not_before_ms, mend_ms;
    struct buffer past; /* what there is to compare */
};

static void on_answered(struct admission_call *call, const struct admission_result *result)
{
    struct play *play = CONTAINER_OF(call, struct play, call);
    play->client = result->code == TEND_OK || result->code == TEND_NOT_FOUND ? CLIENT_ANSWERED
                                                                             : CLIENT_REFUSED;
}

static void submit(struct play *play, const struct deed *deed)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    struct admission_request request = {.verb = ADMIT_DELETE,
                                        .resource = TEXT(LABS),
                                        .namespace = TEXT("default"),
                                        .name = text_of(deed->delete == NULL ? "" : deed->delete)};
    if (deed->patch != NULL) {
        CHECK(yaml_parse(&arena, TEXT("{spec: {simulate: none}}"), &stream, &err) == TEND_OK);
        request.verb = ADMIT_PATCH;
        request.name = text_of(deed->patch);
        request.body = stream.documents[0].value;
    } else if (deed->apply != NULL) {
        CHECK(yaml_parse(&arena, text_of(deed->apply), &stream, &err) == TEND_OK);
        request =
            (struct admission_request){.verb = ADMIT_APPLY, .body = stream.documents[0].value};
    }
    play->client = CLIENT_WAITS;
    play->call.answered = on_answered;
    admission_submit(play->rig.rooms.gate, &(struct admission_set){&request, 1, {0}, RUN_REAL},
                     &play->call);
}

static void restart(struct play *play)
{
    rig_crash(&play->rig);
    if (play->client == CLIENT_WAITS) {
        play->client = CLIENT_IDLE; /* its connection broke: it repeats */
    }
    rig_start(&play->rig, RIG_WITH_PLUGIN);
}

static void strike(struct play *play)
{
    switch (play->fault) {
    case FAULT_CRASH:
    case FAULT_POLLING:
        restart(play);
        break;
    case FAULT_WORKER:
        if (play->rig.maker.latest != NULL && inline_worker_worker(play->rig.maker.latest)->is_up) {
            inline_worker_crash(play->rig.maker.latest, BLAME_NONE);
        }
        break;
    case FAULT_CLOCK_AHEAD:
        play->rig.v.wall_ahead += DAY_MS;
        break;
    case FAULT_CLOCK_BACK:
        play->rig.v.wall_ahead -= DAY_MS;
        break;
    case FAULT_NONE:
    case FAULT_FULL:
    case FAULT_UNKNOWN:
        break;
    }
}

static void after_step(struct play *play)
{
    play->steps++;
    if (play->rig.fatals > 0 && play->done == 0) {
        play->done = 1;
        restart(play);
    }
    if (play->fault != FAULT_FULL && play->fault != FAULT_UNKNOWN && play->done < play->times &&
        play->steps % play->at == 0) {
        play->done++;
        strike(play);
    }
    if (play->fault == FAULT_FULL && play->mend_ms == 0 &&
        memory_disk_appends(play->rig.disk) >= play->at) {
        play->mend_ms = play->rig.v.now_ms + 3000;
    }
}

/* What the client does at this moment; whether it did something. */
static bool client_acts(struct play *play)
{
    if (play->client == CLIENT_ANSWERED) {
        play->deed++;
        play->client = CLIENT_IDLE;
    } else if (play->client == CLIENT_REFUSED) {
        play->not_before_ms = play->rig.v.now_ms + 1000;
        play->client = CLIENT_IDLE;
    }
    if (play->deed == COUNT_OF(deeds) || play->client != CLIENT_IDLE ||
        play->rig.v.now_ms < deeds[play->deed].at_ms || play->rig.v.now_ms < play->not_before_ms) {
        return false;
    }
    submit(play, &deeds[play->deed]);
    return true;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_moment(const struct play *play)
{
    const struct virtual_world *v = &play->rig.v;
    struct heap_node *alarm = heap_first(&v->alarms);
    int64_t next = alarm == NULL ? END_MS : sooner(END_MS, alarm->due);
    if (play->deed < COUNT_OF(deeds)) {
        int64_t deed = deeds[play->deed].at_ms;
        next = sooner(next, deed > play->not_before_ms ? deed : play->not_before_ms);
    }
    return play->mend_ms > v->now_ms ? sooner(next, play->mend_ms) : next;
}

static void live(struct play *play)
{
    struct virtual_world *v = &play->rig.v;
    for (unsigned steps = 0; CHECK(steps < MANY_STEPS); steps++) {
        if (play->mend_ms > 0 && v->now_ms >= play->mend_ms) {
            memory_disk_mend(play->rig.disk);
        }
        if (virtual_world_step(v)) {
            after_step(play);
        } else if (!client_acts(play)) {
            if (v->now_ms >= END_MS) {
                return;
            }
            v->now_ms = next_moment(play);
        }
    }
}

/* --- the past ----------------------------------------------------------------------------------- */

struct history {
    struct store_page page;
    enum tend_code code;
    bool done;
};

static void on_page(struct store_page *page, enum tend_code code, const struct error *err)
{
    struct history *history = CONTAINER_OF(page, struct history, page);
    (void)err;
    history->code = code;
    history->done = true;
}

static struct text field_of(struct arena *arena, struct doc *doc, const char *path)
{
    const struct value *root = NULL;
    if (doc == NULL || doc_tree(doc, arena, &root, NULL) != TEND_OK) {
        return TEXT("");
    }
    return value_text_or(path_get(root, text_of(path)), TEXT(""));
}

enum past { PAST_WITH_TIMES, PAST_WITHOUT_TIMES };

static void note_change(struct play *play, const struct change *change, const char *lab,
                        enum past past)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text before = field_of(&arena, change->before, "status.state");
    struct text after =
        change->op == CHANGE_DELETE ? TEXT("gone") : field_of(&arena, change->doc, "status.state");
    if (text_equal(before, after)) {
        return;
    }
    buffer_format(&play->past, "%s %.*s", lab, TEXT_ARG(after));
    if (past == PAST_WITH_TIMES) {
        buffer_format(&play->past, " %lld", (long long)(change->time_ms - VIRTUAL_WALL_START_MS));
    }
    buffer_byte(&play->past, '\n');
}

/* The states of one lab, from the log. */
static void note_lab(struct play *play, const char *lab, enum past past)
{
    char prefix[96];
    snprintf(prefix, sizeof prefix, LABS "/default/%s", lab);
    struct history history = {0};
    while (history.page.reached < store_revision(play->rig.rooms.store)) {
        history = (struct history){.page = {.after = history.page.reached,
                                            .max = 1000,
                                            .prefix = text_of(prefix),
                                            .done = on_page}};
        store_page_read(play->rig.rooms.store, &history.page);
        virtual_world_run(&play->rig.v);
        if (!CHECK(history.done && history.code == TEND_OK)) {
            return;
        }
        for (size_t i = 0; i < history.page.count; i++) {
            note_change(play, &history.page.changes[i], lab, past);
        }
        store_page_clear(&history.page);
    }
}

/* What is there of a lab in the end. */
static void note_end(struct play *play, const char *lab)
{
    static const char *const paths[] = {"status.message", "status.endpoint",
                                        "metadata.finalizers[0]", "spec.duration"};
    buffer_format(&play->past, "%s:", lab);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        buffer_format(&play->past, " %s,", rig_field(&play->rig, lab, paths[i]));
    }
    buffer_format(&play->past, " %s attempts,", rig_field(&play->rig, lab, "status.attempts"));
    buffer_format(&play->past, " generation %s seen\n",
                  rig_field(&play->rig, lab, "status.observedGeneration"));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ProvisioningTimeout slow 2": how often what was said. How often a clean-up was tried is nobody's
 * promise: tries wait in memory. */
static void note_events(struct play *play)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct store_entry entries[512];
    char *lines[512];
    size_t used = 0;
    size_t count = store_list(play->rig.rooms.store, store_revision(play->rig.rooms.store),
                              TEXT("events/"), TEXT(""), entries, COUNT_OF(entries));
    for (size_t i = 0; i < count; i++) {
        const struct value *root = NULL;
        CHECK(doc_tree(entries[i].doc, &arena, &root, NULL) == TEND_OK);
        struct text kind = value_text_or(path_get(root, TEXT("involvedObject.kind")), TEXT(""));
        struct text reason = value_text_or(value_field(root, "reason"), TEXT(""));
        if (!text_is(kind, "LabInstance") || text_is(reason, "CleanupFailed")) {
            continue;
        }
        struct text about = value_text_or(path_get(root, TEXT("involvedObject.name")), TEXT(""));
        const struct value *times = value_field(root, "count");
        struct text line = arena_format(&arena, "%.*s %.*s %lld", TEXT_ARG(about), TEXT_ARG(reason),
                                        (long long)value_int_or(times, 0));
        lines[used++] = arena_alloc(&arena, line.len + 1);
        memcpy(lines[used - 1], line.ptr, line.len);
        lines[used - 1][line.len] = '\0';
    }
    qsort(lines, used, sizeof *lines, by_text);
    for (size_t i = 0; i < used; i++) {
        buffer_format(&play->past, "%s\n", lines[i]);
    }
}

static void note_past(struct play *play, enum past past)
{
    static const char *const labs[] = {"life", "slow", "ttl", "drop", "edit", "stuck"};
    for (size_t i = 0; i < COUNT_OF(labs); i++) {
        note_lab(play, labs[i], past);
        note_end(play, labs[i]);
    }
    note_events(play);
}

/* --- comparing ---------------------------------------------------------------------------------- */

static struct play *play_new(enum fault fault, unsigned at, unsigned times)
{
    struct play *play = alloc_new(sizeof *play);
    rig_new(&play->rig);
    if (fault == FAULT_POLLING) {
        rig_down(&play->rig);
        play->rig.loop = (struct loop_options){.watch_interval_ms = 2000, .resync_ms = 10000};
        rig_up(&play->rig, RIG_WITH_PLUGIN);
    }
    play->fault = fault;
    play->at = at;
    play->times = times;
    play->past = (struct buffer)BUFFER_INIT(MIB);
    return play;
}

static void play_free(struct play *play)
{
    rig_free(&play->rig);
    buffer_done(&play->past);
    free(play);
}

/* After the end nothing is written any more, and a restart changes nothing either. */
static void check_rest(struct play *play)
{
    CHECK_INT(play->deed, COUNT_OF(deeds));
    rig_advance(&play->rig, "2m");
    if (play->fault != FAULT_POLLING) { /* whose keys may wait for the next look */
        CHECK(loop_is_settled(play->rig.rooms.loop));
    }
    int64_t revision = store_revision(play->rig.rooms.store);
    rig_down(&play->rig);
    rig_up(&play->rig, RIG_WITH_PLUGIN);
    rig_advance(&play->rig, "2m");
    CHECK_INT(store_revision(play->rig.rooms.store), revision);
}

static struct play *play_through(enum fault fault, unsigned at, unsigned times, enum past past)
{
    struct play *play = play_new(fault, at, times);
    unsigned appends = memory_disk_appends(play->rig.disk);
    if (fault == FAULT_FULL || fault == FAULT_UNKNOWN) {
        memory_disk_fail(play->rig.disk, at - appends,
                         fault == FAULT_FULL ? TEND_UNAVAILABLE : TEND_IO);
        play->rig.fatals_expected = fault == FAULT_UNKNOWN ? 1 : 0;
    }
    live(play);
    note_past(play, past);
    check_rest(play);
    return play;
}

static char *past_of(struct play *play)
{
    struct text past = buffer_view(&play->past);
    char *chars = alloc_new(past.len + 1);
    memcpy(chars, past.ptr, past.len);
    return chars;
}

/* The first line that is another one. */
static bool same_past(const char *past, const char *expected, const char *what, unsigned at)
{
    if (strcmp(past, expected) == 0) {
        return CHECK(true);
    }
    printf("\n%s at %u: got\n%s\nexpected\n%s\n", what, at, past, expected);
    return CHECK(!"the same past");
}

struct quiet {
    char *past;
    unsigned steps, first_append, appends;
};

static struct quiet without_faults(enum past past)
{
    struct play *play = play_new(FAULT_NONE, 1, 0);
    struct quiet quiet = {.first_append = memory_disk_appends(play->rig.disk)};
    live(play);
    note_past(play, past);
    quiet.steps = play->steps;
    quiet.appends = memory_disk_appends(play->rig.disk);
    quiet.past = past_of(play);
    check_rest(play);
    play_free(play);
    return quiet;
}

/* One run with that fault; whether its past is the expected one. */
static bool strikes_well(const struct quiet *quiet, enum fault fault, unsigned at, unsigned times,
                         enum past past, const char *what)
{
    struct play *play = play_through(fault, at, times, past);
    CLEANUP(freep) char *chars = past_of(play);
    bool same = same_past(chars, quiet->past, what, at);
    play_free(play);
    return same;
}

static void strike_everywhere(enum fault fault, enum past past, unsigned stride, const char *what)
{
    struct quiet quiet = without_faults(past);
    unsigned runs = 0;
    for (unsigned at = 1; at <= quiet.steps; at += stride, runs++) {
        if (!strikes_well(&quiet, fault, at, 1, past, what)) {
            break;
        }
    }
    printf("%u runs, %u steps each ...", runs, quiet.steps);
    free(quiet.past);
}

/* What does not depend on the clock: nobody is lost, nobody is stuck, and no state is skipped. */
static void strikes_after_all(enum fault fault, unsigned at)
{
    struct play *play = play_new(fault, at, 1);
    live(play);
    rig_advance(&play->rig, "72h");
    CHECK_TEXT(rig_field(&play->rig, "life", "metadata.name"), "");
    CHECK_TEXT(rig_field(&play->rig, "ttl", "metadata.name"), "");
    CHECK_TEXT(rig_field(&play->rig, "drop", "metadata.name"), "");
    CHECK_TEXT(rig_field(&play->rig, "stuck", "metadata.name"), "");
    CHECK_TEXT(rig_field(&play->rig, "slow", "status.state"), "failed");
    CHECK_TEXT(rig_field(&play->rig, "slow", "status.attempts"), "2");
    CHECK_TEXT(rig_field(&play->rig, "edit", "status.state"), "ready");
    CHECK_TEXT(rig_field(&play->rig, "edit", "status.observedGeneration"), "2");
    check_rest(play);
    play_free(play);
}

/* --- cases -------------------------------------------------------------------------------------- */

static void the_scenario_is_what_it_should_be(void)
{
    struct quiet quiet = without_faults(PAST_WITHOUT_TIMES);
    CHECK(strstr(quiet.past, "life pending\nlife provisioning\nlife ready\nlife deleting\n"
                             "life gone\n") != NULL);
    CHECK(strstr(quiet.past, "slow ProvisioningTimeout 2\n") != NULL);
    CHECK(strstr(quiet.past, "stuck CleanupStuck 1\n") != NULL);
    free(quiet.past);
}

static void survives_a_kill_after_each_step(void)
{
    strike_everywhere(FAULT_CRASH, PAST_WITH_TIMES, 3, "a kill");
}

static void survives_many_kills(void)
{
    struct quiet quiet = without_faults(PAST_WITH_TIMES);
    for (unsigned every = 23; every < 123; every += 10) {
        if (!strikes_well(&quiet, FAULT_CRASH, every, 12, PAST_WITH_TIMES,
                          "a kill every n steps")) {
            break;
        }
    }
    free(quiet.past);
}

static void survives_a_commit_that_nobody_heard_of(void)
{
    struct quiet quiet = without_faults(PAST_WITH_TIMES);
    unsigned runs = 0;
    for (unsigned at = quiet.first_append + 1; at <= quiet.appends; at++, runs++) {
        if (!strikes_well(&quiet, FAULT_UNKNOWN, at, 1, PAST_WITH_TIMES, "an unknown commit")) {
            break;
        }
    }
    printf("%u runs ...", runs);
    free(quiet.past);
}

static void survives_the_death_of_its_worker(void)
{
    strike_everywhere(FAULT_WORKER, PAST_WITH_TIMES, 5, "a worker's death");
}

static void survives_a_kill_while_polling(void)
{
    strike_everywhere(FAULT_POLLING, PAST_WITHOUT_TIMES, 11, "a kill while polling");
}

static void survives_a_full_disk(void)
{
    struct quiet quiet = without_faults(PAST_WITHOUT_TIMES);
    unsigned runs = 0;
    for (unsigned at = quiet.first_append + 1; at <= quiet.appends; at++, runs++) {
        if (!strikes_well(&quiet, FAULT_FULL, at, 1, PAST_WITHOUT_TIMES, "a full disk")) {
            break;
        }
    }
    printf("%u runs ...", runs);
    free(quiet.past);
}

/* The clock is the one thing that may shift what happens when; how everything ends it may not. */
static void survives_a_jump_of_the_clock(void)
{
    struct quiet quiet = without_faults(PAST_WITHOUT_TIMES);
    unsigned runs = 0;
    for (unsigned at = 1; at <= quiet.steps; at += 37, runs += 2) {
        strikes_after_all(FAULT_CLOCK_AHEAD, at);
        strikes_after_all(FAULT_CLOCK_BACK, at);
    }
    printf("%u runs ...", runs);
    free(quiet.past);
}

SUITE({"the scenario is what it should be", the_scenario_is_what_it_should_be},
      {"a kill after any step changes nothing of the past", survives_a_kill_after_each_step},
      {"nor do many kills in a row", survives_many_kills},
      {"nor does a commit that is on the disk and that nobody heard of",
       survives_a_commit_that_nobody_heard_of},
      {"nor does the death of the worker after any step", survives_the_death_of_its_worker},
      {"nor does polling, with kills", survives_a_kill_while_polling},
      {"a full disk delays, and changes nothing else", survives_a_full_disk},
      {"a jump of the clock loses and skips nobody", survives_a_jump_of_the_clock})
