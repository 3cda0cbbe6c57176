#include "base/limits.h"
#include "runner/blame.h"
#include "runner/patience.h"
#include "support/suite.h"

enum { GRACE = 50 };

struct scene {
    struct flight flight;
    struct page page;
    struct patience patience;
    struct reconcile_call calls[3];
    struct doc *object;
    int64_t now_ms;
    struct patience_end end;
};

static void open_scene(struct scene *scene)
{
    *scene = (struct scene){.object = doc_from_bytes(TEXT("{}")), .now_ms = 1000};
    flight_init(&scene->flight);
    for (size_t i = 0; i < COUNT_OF(scene->calls); i++) {
        scene->calls[i] =
            (struct reconcile_call){.object = scene->object, .limit_ms = 1000, .slice_ms = 100};
    }
}

static void close_scene(struct scene *scene)
{
    struct list gone;
    flight_take(&scene->flight, &scene->flight.sent, &gone);
    list_drop(&gone);
    flight_done(&scene->flight);
    doc_unref(scene->object);
}

static struct reconcile_call *send_call(struct scene *scene, int number)
{
    flight_add(&scene->flight, &scene->calls[number]);
    CHECK(flight_send(&scene->flight) == &scene->calls[number]);
    return &scene->calls[number];
}

static void begin_slice_on(struct scene *scene, size_t lane, const struct reconcile_call *call)
{
    scene->page.lanes[lane].executing = call->id;
    scene->page.lanes[lane].began_ms = scene->now_ms;
    scene->page.lanes[lane].slices++;
    scene->page.lanes[lane].thread = 100 + (int32_t)lane;
}

static void begin_slice(struct scene *scene, const struct reconcile_call *call)
{
    begin_slice_on(scene, 0, call);
}

static void expect(struct scene *scene)
{
    struct patience_look look = {&scene->flight, &scene->page, scene->now_ms, GRACE};
    patience_begin(&scene->patience, &look);
}

static bool is_over(struct scene *scene)
{
    struct patience_look look = {&scene->flight, &scene->page, scene->now_ms, GRACE};
    return patience_is_over(&scene->patience, &look, &scene->end);
}

static int64_t next(struct scene *scene)
{
    struct patience_look look = {&scene->flight, &scene->page, scene->now_ms, GRACE};
    return patience_next(&scene->patience, &look);
}

static void ends_a_slice_that_is_too_long(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    CHECK(!is_over(&scene));
    CHECK(next(&scene) == INT64_MAX);
    struct reconcile_call *call = send_call(&scene, 0);
    begin_slice(&scene, call);
    CHECK(!is_over(&scene));
    CHECK_INT(next(&scene), 1000 + 100 + GRACE);
    scene.now_ms += 100 + GRACE - 1;
    CHECK(!is_over(&scene));
    scene.now_ms += 1;
    CHECK(is_over(&scene));
    CHECK_INT(scene.end.call, call->id);
    CHECK_INT(scene.end.limit_ms, 100);
}

/* A slice after the other is progress, however long it goes on. */
static void lets_slices_follow_each_other(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *call = send_call(&scene, 0);
    for (int i = 0; i < 100; i++) {
        begin_slice(&scene, call);
        scene.now_ms += 90;
        CHECK(!is_over(&scene));
        scene.page.lanes[0].slices++;
    }
}

static void does_not_believe_that_it_began_just_now(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    begin_slice(&scene, send_call(&scene, 0));
    for (int i = 0; i < 2; i++) {
        scene.page.lanes[0].began_ms = scene.now_ms + 1000000;
        CHECK(!is_over(&scene));
        scene.now_ms += 74;
    }
    scene.page.lanes[0].began_ms = scene.now_ms;
    scene.now_ms += 2;
    CHECK(is_over(&scene));
}

static void ends_who_takes_no_calls(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    expect(&scene);
    send_call(&scene, 0);
    CHECK(!is_over(&scene));
    scene.now_ms += 100 + GRACE - 1;
    CHECK(!is_over(&scene));
    scene.now_ms += 1;
    CHECK(is_over(&scene));
    CHECK_INT(scene.end.call, 0); /* it executes none */
    CHECK_INT(scene.end.limit_ms, 100);
}

/* It lay still for long because nothing was there to be done. */
static void counts_from_when_something_is_expected(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *waits = send_call(&scene, 0);
    flight_asked(&scene.flight, waits, scene.now_ms);
    CHECK(!is_over(&scene));
    scene.now_ms += 900;
    expect(&scene);
    send_call(&scene, 1);
    CHECK(!is_over(&scene)); /* looked at for the sake of the one that waits */
    scene.now_ms += 100 + GRACE - 1;
    CHECK(!is_over(&scene));
}

/* Nor is it believed that something else executes. */
static void ends_who_names_what_is_not_out(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    expect(&scene);
    begin_slice(&scene, send_call(&scene, 0));
    scene.page.lanes[0].executing = 77;
    CHECK(!is_over(&scene));
    scene.now_ms += 100 + GRACE;
    CHECK(is_over(&scene));
    CHECK_INT(scene.end.call, 0);
    CHECK_INT(scene.end.limit_ms, 100);
}

/* What the page says is not used in sums before it is looked at. */
static void bears_what_no_clock_says(void)
{
    static const int64_t moments[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX};
    for (size_t i = 0; i < COUNT_OF(moments); i++) {
        CLEANUP(close_scene) struct scene scene;
        open_scene(&scene);
        expect(&scene);
        begin_slice(&scene, send_call(&scene, 0));
        scene.page.lanes[0].began_ms = moments[i];
        CHECK(is_over(&scene) == (moments[i] <= 0));
        CHECK(next(&scene) <= 1000 + 100 + GRACE);
    }
}

static void waits_as_long_as_a_call_may(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *call = send_call(&scene, 0);
    flight_asked(&scene.flight, call, scene.now_ms);
    CHECK_INT(next(&scene), 1000 + 1000);
    scene.now_ms += 999;
    CHECK(!is_over(&scene) && !patience_overdue(call, scene.now_ms));
    scene.now_ms += 1;
    CHECK(!is_over(&scene) && patience_overdue(call, scene.now_ms));
    call->is_over = true; /* it was told */
    CHECK(!patience_overdue(call, scene.now_ms));
    CHECK_INT(next(&scene), 1000 + 1000 + GRACE);
    scene.now_ms += GRACE;
    CHECK(is_over(&scene));
    CHECK_INT(scene.end.call, call->id);
    CHECK_INT(scene.end.limit_ms, 1000);
}

/* That one does not end may be because another one runs. */
static void blames_who_runs_meanwhile(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *waits = send_call(&scene, 0), *runs = send_call(&scene, 1);
    runs->slice_ms = 100000;
    flight_asked(&scene.flight, waits, scene.now_ms);
    begin_slice(&scene, runs);
    CHECK(!is_over(&scene));
    scene.now_ms += 1000 + GRACE;
    waits->is_over = true;
    CHECK(is_over(&scene));
    CHECK_INT(scene.end.call, runs->id);
}

static void parked_calls_take_no_room(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *first = send_call(&scene, 0);
    size_t bytes = scene.flight.bytes;
    CHECK(bytes > 0);
    flight_asked(&scene.flight, first, scene.now_ms);
    flight_asked(&scene.flight, first, scene.now_ms + 5);
    CHECK(scene.flight.bytes == 0 && scene.flight.busy == 0);
    flight_answered(&scene.flight, first, scene.now_ms);
    CHECK_INT(scene.flight.busy, 0); /* one question is still open */
    flight_answered(&scene.flight, first, scene.now_ms);
    CHECK(scene.flight.bytes == bytes && scene.flight.busy == 1);
    CHECK_INT(first->asked_ticks_ms, 1000);
    flight_asked(&scene.flight, first, scene.now_ms);
    CHECK(flight_cancel(&scene.flight, first));
    struct reconcile_call *ghost = flight_find(&scene.flight, first->id);
    CHECK(ghost != NULL && ghost != first && flight_is_ghost(ghost));
    CHECK(scene.flight.bytes == 0 && scene.flight.busy == 1);
    CHECK(!flight_land(&scene.flight, ghost));
    CHECK(scene.flight.busy == 0 && flight_find(&scene.flight, first->id) == NULL);
}

/* Two began and have no result: nobody knows which of them it was, until they run apart. */
static void sends_one_at_a_time(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    const struct reconcile_call *one;
    struct list gone;
    for (int i = 0; i < 3; i++) {
        send_call(&scene, i);
    }
    CHECK_INT(flight_suspects(&scene.flight, scene.calls[0].id, &one), 1);
    CHECK(one == &scene.calls[0]);
    CHECK_INT(flight_suspects(&scene.flight, scene.calls[1].id, &one), 2);
    flight_be_careful(&scene.flight);
    flight_take(&scene.flight, &scene.flight.sent, &gone);
    list_drop(&gone);
    for (int i = 0; i < 3; i++) {
        flight_add(&scene.flight, &scene.calls[i]);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(flight_send(&scene.flight) == &scene.calls[i]);
        CHECK(flight_send(&scene.flight) == NULL);
        flight_land(&scene.flight, &scene.calls[i]);
    }
    send_call(&scene, 0); /* and then as before */
    send_call(&scene, 1);
}

static void ends_the_lane_that_hangs(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *slow = send_call(&scene, 0), *hangs = send_call(&scene, 1);
    slow->slice_ms = 5000;
    begin_slice_on(&scene, 0, slow);
    begin_slice_on(&scene, 3, hangs);
    CHECK(!is_over(&scene));
    CHECK_INT(next(&scene), 1000 + 100 + GRACE);
    scene.now_ms += 100 + GRACE;
    CHECK(is_over(&scene));
    CHECK_INT(scene.end.call, hangs->id);
}

/* It blocks in its call: that is no slice, and the one after it begins with the answer. */
static void lets_a_lane_wait(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *waits = send_call(&scene, 0);
    waits->limit_ms = 1000000;
    begin_slice_on(&scene, 0, waits);
    flight_asked(&scene.flight, waits, scene.now_ms);
    send_call(&scene, 1); /* it waits for a lane */
    scene.now_ms += 500000;
    CHECK(!is_over(&scene));
    CHECK_INT(next(&scene), scene.now_ms + QUEUED_LOOK_MS);
    flight_answered(&scene.flight, waits, scene.now_ms);
    CHECK(!is_over(&scene));
    scene.now_ms += 100 + GRACE;
    CHECK(is_over(&scene));
    CHECK_INT(scene.end.call, waits->id);
}

static void waits_for_who_holds_a_call(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *held = send_call(&scene, 0), *runs = send_call(&scene, 1);
    runs->slice_ms = 100000;
    flight_held(&scene.flight, held, scene.now_ms);
    flight_held(&scene.flight, held, scene.now_ms); /* it says so again */
    CHECK_INT(scene.flight.busy, 1);
    begin_slice(&scene, runs);
    scene.now_ms += 1000;
    CHECK(!is_over(&scene) && patience_overdue(held, scene.now_ms));
    held->is_over = true;
    scene.now_ms += GRACE;
    CHECK(is_over(&scene));
    CHECK(scene.end.held && scene.end.call == held->id);
    CHECK(flight_cancel(&scene.flight, held));
    struct reconcile_call *ghost = flight_find(&scene.flight, held->id);
    CHECK(flight_is_ghost(ghost) && ghost->held && scene.flight.busy == 1);
    CHECK(!flight_land(&scene.flight, ghost));
    CHECK_INT(scene.flight.busy, 1);
}

/* --- whose fault a death is
 * --------------------------------------------------------------------- */

enum { NOT_KNOWN = 1000 };

static uint64_t blamed(const struct scene *scene)
{
    uint64_t call;
    return blame_find(&scene->flight, &scene->page, &call) ? call : NOT_KNOWN;
}

static void blames_the_lane_that_died(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *first = send_call(&scene, 0), *second = send_call(&scene, 1);
    begin_slice_on(&scene, 1, first);
    scene.now_ms++;
    begin_slice_on(&scene, 2, second);
    CHECK_INT(blamed(&scene), NOT_KNOWN);
    CHECK_INT(blame_begun(&scene.page), second->id);
    scene.page.died = 102;
    CHECK_INT(blamed(&scene), second->id);
    flight_asked(&scene.flight, second, scene.now_ms);
    CHECK_INT(blamed(&scene), second->id); /* it does not wait, it died */
    scene.page.died = 0;
    CHECK_INT(blamed(&scene), first->id); /* the only one that does not wait */
    flight_asked(&scene.flight, first, scene.now_ms);
    CHECK_INT(blamed(&scene), 0); /* both wait */
    scene.page.died = 102;
    scene.page.lanes[2].executing = 12345; /* a page may say anything */
    CHECK_INT(blamed(&scene), NOT_KNOWN);
}

static void blames_what_is_held_for_a_thread(void)
{
    CLEANUP(close_scene) struct scene scene;
    open_scene(&scene);
    struct reconcile_call *runs = send_call(&scene, 0), *held = send_call(&scene, 1),
                          *newer = send_call(&scene, 2);
    begin_slice(&scene, runs);
    scene.page.died = 7;
    CHECK_INT(blamed(&scene), runs->id); /* it may work for that one */
    flight_held(&scene.flight, newer, scene.now_ms + 1);
    flight_held(&scene.flight, held, scene.now_ms);
    CHECK_INT(blamed(&scene), held->id);
    scene.page.died = 0;
    CHECK_INT(blamed(&scene), runs->id);
    scene.page.lanes[0].slices++;
    CHECK_INT(blamed(&scene), NOT_KNOWN);
    CHECK(blame_held(&scene.flight) == held);
}

SUITE({"ends a slice that is too long", ends_a_slice_that_is_too_long},
      {"lets slices follow each other", lets_slices_follow_each_other},
      {"does not believe that it began just now", does_not_believe_that_it_began_just_now},
      {"ends who takes no calls", ends_who_takes_no_calls},
      {"counts from when something is expected", counts_from_when_something_is_expected},
      {"ends who names what is not out", ends_who_names_what_is_not_out},
      {"bears what no clock says", bears_what_no_clock_says},
      {"sends one at a time where nobody can be blamed", sends_one_at_a_time},
      {"waits as long as a call may", waits_as_long_as_a_call_may},
      {"blames who runs meanwhile", blames_who_runs_meanwhile},
      {"parked calls take no room", parked_calls_take_no_room},
      {"ends the lane that hangs", ends_the_lane_that_hangs},
      {"lets a lane wait", lets_a_lane_wait},
      {"waits for who holds a call", waits_for_who_holds_a_call},
      {"blames the lane that died", blames_the_lane_that_died},
      {"blames what is held for a thread", blames_what_is_held_for_a_thread})
