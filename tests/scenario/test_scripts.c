/* The shipped scripts over hours in which no host was there. The rest of what they promise is in the tests
 * beside them. */
#include "base/alloc.h"
#include "document/path.h"
#include "resource/key.h"
#include "scenario/rig.h"
#include "support/noted_executor.h"

#define NOTHING "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"\"}"

/* A text of the object, "" where there is none; "gone" where there is no object. */
static const char *field(struct rig *rig, const char *resource, const char *name, const char *path)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    struct text key = key_make(&arena, text_of(resource), TEXT("default"), text_of(name));
    struct doc *doc = store_get(rig->rooms.store, key);
    snprintf(rig->answer, sizeof rig->answer, "gone");
    if (doc != NULL && CHECK(doc_tree(doc, &arena, &root, NULL) == TEND_OK)) {
        struct text text = value_text_or(path_get(root, text_of(path)), TEXT(""));
        snprintf(rig->answer, sizeof rig->answer, "%.*s", TEXT_ARG(text));
    }
    return rig->answer;
}

static void new_with_executor(struct rig *rig, const char *file, struct noted_executor *noted)
{
    noted_init(noted);
    rig_new_with(rig, file);
    rig_down(rig);
    rig->loop.executor = &noted->executor;
    rig_up(rig, RIG_WITH_PLUGIN);
}

static const char *job(struct rig *rig, const char *path)
{
    return field(rig, "cronjobs.jobs.tend.dev", "backup", path);
}

static void apply_job(struct rig *rig)
{
    CHECK_TEXT(rig_apply(rig,
                         "apiVersion: jobs.tend.dev/v1\nkind: CronJob\nmetadata: {name: backup}\n"
                         "spec: {schedule: '0 * * * *', command: [backup]}\n"),
               "");
}

static void runs_once_what_was_missed(void)
{
    struct noted_executor noted;
    struct rig rig;
    new_with_executor(&rig, RIG_SCRIPT("cronjob"), &noted);
    apply_job(&rig);
    CHECK_TEXT(job(&rig, "status.nextRun"), "2026-01-01T01:00:00Z");
    rig_down(&rig);
    rig_advance(&rig, "5h30m");
    rig_up(&rig, RIG_WITH_PLUGIN);
    CHECK_TEXT(job(&rig, "status.state"), "Running");
    noted_end(&noted, NOTHING);
    rig_advance(&rig, "1m");
    CHECK_TEXT(job(&rig, "status.lastRun"), "2026-01-01T05:30:00Z");
    CHECK_TEXT(job(&rig, "status.nextRun"), "2026-01-01T06:00:00Z");
    CHECK_INT(noted.started, 1);
    rig_advance(&rig, "29m");
    CHECK_INT(noted.started, 2);
    rig_free(&rig);
}

/* The program ends and the host crashes `steps` later. How often the program was begun. */
static size_t crash_after(int steps)
{
    struct noted_executor noted;
    struct rig rig;
    new_with_executor(&rig, RIG_SCRIPT("cronjob"), &noted);
    apply_job(&rig);
    rig_advance(&rig, "1h");
    noted_end(&noted, NOTHING);
    for (int i = 0; i < steps; i++) {
        virtual_world_step(&rig.v);
    }
    rig_crash(&rig);
    rig_up(&rig, RIG_WITH_PLUGIN);
    while (noted_first(&noted) != NULL) {
        noted_end(&noted, NOTHING);
        rig_advance(&rig, "1s");
    }
    CHECK_TEXT(job(&rig, "status.state"), "Waiting");
    CHECK_TEXT(job(&rig, "status.lastRun"), "2026-01-01T01:00:00Z");
    CHECK_TEXT(job(&rig, "status.lastResult"), "Succeeded");
    CHECK_TEXT(job(&rig, "status.nextRun"), "2026-01-01T02:00:00Z");
    rig_free(&rig);
    return noted.started;
}

/* A result that is durable is the end of it. One that was lost with the host is asked for anew, and is one
 * run all the same. */
static void a_crash_makes_no_second_run_of_one(void)
{
    CHECK_INT(crash_after(0), 2);
    size_t before = 2;
    for (int steps = 1; steps < 16; steps++) {
        size_t started = crash_after(steps);
        CHECK(started <= before);
        before = started;
    }
    CHECK_INT(before, 1);
}

static void reaps_what_expired_meanwhile(void)
{
    struct rig rig;
    rig_new_with(&rig, RIG_SCRIPT("reaper"));
    CHECK_TEXT(rig_apply(&rig, "apiVersion: v1\nkind: ConfigMap\n"
                               "metadata: {name: short, annotations: {tend.dev/ttl: 1h}}\n"),
               "");
    CHECK_TEXT(rig_apply(&rig, "apiVersion: v1\nkind: ConfigMap\n"
                               "metadata: {name: long, annotations: {tend.dev/ttl: 5h}}\n"),
               "");
    rig_down(&rig);
    rig_advance(&rig, "2h");
    rig_up(&rig, RIG_WITH_PLUGIN);
    CHECK_TEXT(field(&rig, "configmaps", "short", "kind"), "gone");
    CHECK(rig_event(&rig, "short", "Expired"));
    rig_advance(&rig, "2h59m");
    CHECK_TEXT(field(&rig, "configmaps", "long", "kind"), "ConfigMap");
    rig_advance(&rig, "1m");
    CHECK_TEXT(field(&rig, "configmaps", "long", "kind"), "gone");
    rig_free(&rig);
}

SUITE({"runs once what was missed", runs_once_what_was_missed},
      {"a crash makes no second run of one", a_crash_makes_no_second_run_of_one},
      {"reaps what expired meanwhile", reaps_what_expired_meanwhile})
