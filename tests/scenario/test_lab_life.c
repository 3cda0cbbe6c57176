/* The life of a lab on the production rooms: every state, deadline and expiry, to the millisecond. Each life
 * is lived twice, tended by the compiled plugin and by the script, and leaves the same rows at the same
 * times: of the lab, with all of its status, and of its events.
 */
#include "scenario/rig.h"

/* The first line of one that is another in the other; both empty where there is none. */
static void first_difference(const struct buffer *a, const struct buffer *b, struct text *ret_a,
                             struct text *ret_b)
{
    struct text left = buffer_view(a), right = buffer_view(b);
    do {
        *ret_a = text_cut(&left, '\n');
        *ret_b = text_cut(&right, '\n');
    } while (text_equal(*ret_a, *ret_b) && left.len + right.len > 0);
    if (text_equal(*ret_a, *ret_b)) {
        *ret_a = *ret_b = TEXT("");
    }
}

static void compare(const struct buffer *compiled, const struct buffer *script)
{
    struct text left, right;
    first_difference(compiled, script, &left, &right);
    if (!CHECK(!compiled->full && compiled->len > 0) || !CHECK(left.len + right.len == 0)) {
        printf("compiled: %.*s\n  script: %.*s\n", TEXT_ARG(left), TEXT_ARG(right));
    }
}

static void live_twice(void (*live)(struct rig *rig))
{
    struct rig compiled, script;
    rig_new_with(&compiled, RIG_COMPILED);
    live(&compiled);
    rig_new_with(&script, RIG_SCRIPT("labinstance"));
    live(&script);
    compare(&compiled.trace, &script.trace);
    rig_free(&compiled);
    rig_free(&script);
}

/* live_NAME is a life; NAME is the case that lives it twice. */
#define LIFE(name)                                                                                 \
    static void live_##name(struct rig *rig);                                                      \
    static void name(void)                                                                         \
    {                                                                                              \
        live_twice(live_##name);                                                                   \
    }                                                                                              \
    static void live_##name(struct rig *rig)

LIFE(lives_from_pending_to_gone)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 5, duration: 60m");
    rig_advance(rig, "4s999ms");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.state"), "provisioning");
    rig_advance(rig, "1ms");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.state"), "ready");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.endpoint"), "https://lab-lab-1.example.com");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.observedGeneration"), "1");
    rig_advance(rig, "2h");
    CHECK_TEXT(rig_life(rig, "lab-1"),
               "0s pending, 0s provisioning, 5s ready, 1h5s deleting, 1h5s gone");
    CHECK(rig_event(rig, "lab-1", "Deleted") || rig->v.now_ms > 3600000);
}

LIFE(times_out_from_entry_and_tries_again)
{
    rig_advance(rig, "10m"); /* the age of the host, or of the object, is nobody's deadline */
    rig_lab(rig, "lab-1", "simulate: hang, retries: 1, provisionTimeout: 30s");
    rig_advance(rig, "10m");
    CHECK_TEXT(rig_life(rig, "lab-1"),
               "10m pending, 10m provisioning, 10m30s failed, 10m40s pending, 10m40s provisioning, "
               "11m10s failed");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.attempts"), "2");
    CHECK(rig_event(rig, "lab-1", "GaveUp"));
}

LIFE(keeps_a_failed_lab_for_its_ttl)
{
    rig_lab(rig, "lab-1", "simulate: fail, provisionSeconds: 2, retries: 0, ttlAfterFailed: 5m");
    rig_advance(rig, "1h");
    CHECK_TEXT(rig_life(rig, "lab-1"),
               "0s pending, 0s provisioning, 2s failed, 5m2s deleting, 5m2s gone");
}

LIFE(is_extended_while_it_runs)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 0, duration: 10m");
    rig_advance(rig, "9m");
    rig_lab(rig, "lab-1", "provisionSeconds: 0, duration: 20m");
    rig_advance(rig, "10m");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.state"), "ready");
    rig_lab(rig, "lab-1", "provisionSeconds: 0, duration: 15m"); /* over already */
    rig_advance(rig, "1s");
    CHECK_TEXT(rig_life(rig, "lab-1"),
               "0s pending, 0s provisioning, 0s ready, 19m deleting, 19m gone");
}

LIFE(is_deleted_in_any_state)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 20");
    rig_advance(rig, "5s");
    rig_delete(rig, "lab-1");
    CHECK_TEXT(rig_life(rig, "lab-1"), "0s pending, 0s provisioning, 5s deleting, 5s gone");
    CHECK(rig_event(rig, "lab-1", "Deleted"));
}

LIFE(says_when_the_cleanup_is_stuck)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 0, simulate: stuck");
    rig_delete(rig, "lab-1");
    rig_advance(rig, "4m59s");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.state"), "deleting");
    CHECK(!rig_event(rig, "lab-1", "CleanupStuck"));
    rig_advance(rig, "2s");
    CHECK(rig_event(rig, "lab-1", "CleanupStuck"));
    CHECK_TEXT(rig_field(rig, "lab-1", "status.state"), "deleting");
    rig_lab(rig, "lab-1", "provisionSeconds: 0");
    rig_advance(rig, "10m");
    CHECK(strstr(rig_life(rig, "lab-1"), "gone") != NULL);
}

LIFE(keeps_its_deadline_over_a_restart)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 5, duration: 60m");
    rig_advance(rig, "30m");
    rig_down(rig);
    rig_advance(rig, "10m");
    rig_up(rig, RIG_WITH_PLUGIN);
    rig_advance(rig, "1h");
    CHECK_TEXT(rig_life(rig, "lab-1"),
               "0s pending, 0s provisioning, 5s ready, 1h5s deleting, 1h5s gone");
}

LIFE(expires_late_rather_than_never)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 0, duration: 10m");
    rig_down(rig);
    rig_advance(rig, "1h");
    rig_up(rig, RIG_WITHOUT_PLUGIN); /* nobody tends labs: the deadline is held */
    rig_advance(rig, "1h");
    CHECK_TEXT(rig_field(rig, "lab-1", "status.state"), "ready");
    rig_down(rig);
    rig_up(rig, RIG_WITH_PLUGIN);
    rig_advance(rig, "1s");
    CHECK_TEXT(rig_life(rig, "lab-1"),
               "0s pending, 0s provisioning, 0s ready, 2h deleting, 2h gone");
}

LIFE(writes_nothing_once_it_has_converged)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 1, duration: 10h");
    rig_advance(rig, "1m");
    int64_t revision = store_revision(rig->rooms.store);
    size_t alarms = rig->v.alarms_fired;
    rig_advance(rig, "30m");
    CHECK_INT(store_revision(rig->rooms.store), revision);
    CHECK_INT((long long)rig->v.alarms_fired, (long long)alarms);
    rig_down(rig);
    rig_up(rig, RIG_WITH_PLUGIN);
    rig_advance(rig, "1m");
    CHECK_INT(store_revision(rig->rooms.store), revision);
}

LIFE(goes_on_when_its_worker_dies)
{
    rig_lab(rig, "lab-1", "provisionSeconds: 5");
    rig_advance(rig, "2s");
    inline_worker_crash(rig->maker.latest, BLAME_NONE);
    rig_advance(rig, "10s");
    CHECK_TEXT(rig_life(rig, "lab-1"), "0s pending, 0s provisioning, 5s ready");
}

LIFE(follows_the_teaching_timeline)
{
    rig_down(rig);
    rig->loop = (struct loop_options){.watch_interval_ms = 2000, .resync_ms = 10000};
    rig_up(rig, RIG_WITH_PLUGIN);
    rig_advance(rig, "1s");
    rig_lab(rig, "lab-1", "provisionSeconds: 5, duration: 20s");
    rig_advance(rig, "2m");
    /* seen at the next look, ready at the first look that is late enough; the host's own deadline is
     * to the point */
    CHECK_TEXT(rig_life(rig, "lab-1"),
               "1s pending, 2s provisioning, 8s ready, 28s deleting, 30s gone");
}

LIFE(tends_a_thousand)
{
    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "lab-%d", i);
        rig_lab(rig, name, "provisionSeconds: 3, duration: 1m");
    }
    rig_advance(rig, "10s");
    CHECK_TEXT(rig_field(rig, "lab-0", "status.state"), "ready");
    CHECK_TEXT(rig_field(rig, "lab-999", "status.state"), "ready");
    rig_advance(rig, "2m");
    CHECK_INT((long long)store_count(rig->rooms.store, TEXT("labinstances.lab.neuroglia.com/")), 0);
}

SUITE({"lives from pending to gone", lives_from_pending_to_gone},
      {"times out from entry into the state, and tries again",
       times_out_from_entry_and_tries_again},
      {"keeps a failed lab for its ttl", keeps_a_failed_lab_for_its_ttl},
      {"is extended while it runs", is_extended_while_it_runs},
      {"is deleted in any state", is_deleted_in_any_state},
      {"says when the cleanup is stuck", says_when_the_cleanup_is_stuck},
      {"keeps its deadline over a restart", keeps_its_deadline_over_a_restart},
      {"expires late rather than never, and not without its controller",
       expires_late_rather_than_never},
      {"writes nothing once it has converged, and wakes for nothing",
       writes_nothing_once_it_has_converged},
      {"goes on when its worker dies", goes_on_when_its_worker_dies},
      {"follows the teaching timeline", follows_the_teaching_timeline},
      {"tends a thousand", tends_a_thousand})
