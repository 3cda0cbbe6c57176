/* One version follows another, or is refused. */
#include "runner/fixture.h"

/* --- taking over --------------------------------------------------------------------------------- */

static void serves_what_the_file_holds(void)
{
    struct site *s = site_new();
    put(s, V1);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    create_lab(s, "lab-1");
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v1\"");
    CHECK_TEXT(said(s, "status.phase"), "\"live\"");
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    CHECK_INT(times(s, "labinstance", "Serving"), 1);
    site_free(s);
}

static void takes_up_what_the_file_becomes(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    pass(s, 5000);
    put(s, V2);
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v2\""); /* it was looked at anew */
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    CHECK_INT(s->maker.made, 2);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.since"), "\"2026-01-01T00:00:05Z\"");
    CHECK_INT(times(s, "labinstance", "Serving"), 2);
    site_free(s);
}

static void the_same_again_is_nothing(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    pass(s, 60000);
    int64_t before = revision(s);
    put(s, V1);
    pass(s, 60000);
    CHECK_INT(s->maker.made, 1);
    CHECK_INT(revision(s), before);
    site_free(s);
}

static void a_restart_is_no_news(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    pass(s, 60000);
    int64_t before = revision(s);
    restart(s);
    pass(s, 60000);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    CHECK_INT(revision(s), before);
    site_free(s);
}

static void a_run_of_the_old_version_ends_there(void)
{
    struct site *s = site_new();
    s->maker.holds = true;
    put(s, V1);
    create_lab(s, "lab-1");
    struct scripted_worker *first = scripted_maker_worker(&s->maker, 0);
    CHECK_INT(scripted_worker_calls(first), 1);
    s->maker.holds = false;
    put(s, V2);
    CHECK_INT(scripted_maker_count(&s->maker), 2); /* it drains */
    create_lab(s, "lab-2");
    CHECK_TEXT(lab(s, "lab-2", "status.message"), "\"v2\"");
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "(absent)");
    CHECK(scripted_worker_deliver(first));
    virtual_world_run(&s->b->v);
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v2\"");
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    site_free(s);
}

static void what_does_not_end_is_taken_back(void)
{
    struct site *s = site_new();
    s->maker.holds = true;
    put(s, V1);
    create_lab(s, "lab-1");
    s->maker.holds = false;
    put(s, V2);
    pass(s, DRAIN_MS - 1);
    CHECK_INT(scripted_maker_count(&s->maker), 2);
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "(absent)");
    pass(s, 1);
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v2\"");
    CHECK_INT(controller_at(s->loop, 0).failures, 0);
    site_free(s);
}

static void few_drain_at_once(void)
{
    static const char *const contents[] = {V1, V2, V3, V1, V2};
    struct site *s = site_new();
    char name[16];
    s->maker.holds = true;
    for (unsigned i = 0; i < COUNT_OF(contents); i++) {
        put(s, contents[i]);
        snprintf(name, sizeof name, "lab-%u", i);
        create_lab(s, name); /* is out in that version */
    }
    /* one that serves, three that drain, and one that waits until there are two */
    CHECK_INT(scripted_maker_count(&s->maker), DRAINS_MAX + 3);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    pass(s, DRAIN_MS);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    pass(s, DRAIN_MS);
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    site_free(s);
}

/* --- refusing ------------------------------------------------------------------------------------ */

static const char unwilling[] = "{descriptor: {}, refuse: there is no licence}\n";

static void who_serves_goes_on(struct site *s, const char *name)
{
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    create_lab(s, name);
    CHECK_TEXT(lab(s, name, "status.message"), "\"v1\"");
    CHECK_TEXT(said(s, "status.phase"), "\"live\"");
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
}

static void refuses_what_does_not_start(void)
{
    struct site *s = site_new();
    put(s, V1);
    put(s, unwilling);
    who_serves_goes_on(s, "lab-1");
    CHECK_TEXT(said(s, "status.reason"), "\"CandidateRefused\"");
    CHECK(says(s, "status.message", "is refused as it is now: there is no licence; "));
    CHECK_INT(times(s, "labinstance", "CandidateRefused"), 1);
    plugin_look(s->plugin); /* again, and no more is said */
    pass(s, 5000);
    CHECK_INT(times(s, "labinstance", "CandidateRefused"), 1);
    put(s, V1); /* forgiven */
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    CHECK_TEXT(said(s, "status.message"), "\"\"");
    site_free(s);
}

/* --- no process can be started ------------------------------------------------------------------- */

static const char in_the_way[] = "cannot start tend-runner: exec: No such file or directory";

static void try_again(struct site *s, const char *stuck)
{
    scripted_maker_unstick(&s->maker, stuck);
    virtual_world_run(&s->b->v);
    pass(s, REPORT_PAUSE_MS);
}

static void waits_where_no_process_can_be_started(void)
{
    struct site *s = site_new();
    s->maker.stuck = in_the_way;
    put(s, V1);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_WAITING);
    try_again(s, in_the_way);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_WAITING);
    try_again(s, NULL);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    CHECK_TEXT(said(s, "status.phase"), "\"live\"");
    site_free(s);
}

static void who_serves_goes_on_where_none_can(void)
{
    struct site *s = site_new();
    put(s, V1);
    s->maker.stuck = in_the_way;
    put(s, V2);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(said(s, "status.phase"), "\"live\"");
    CHECK_TEXT(said(s, "status.reason"), "\"CandidateWaiting\"");
    CHECK(says(s, "status.message", "has no process: cannot start tend-runner"));
    try_again(s, NULL);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    site_free(s);
}

/* It says so as long as it lasts, and it is not the version's fault. */
static void who_cannot_be_started_again_is_not_rolled_back(void)
{
    struct site *s = site_new();
    put(s, V1);
    put(s, V2);
    s->maker.stuck = in_the_way;
    scripted_maker_kill(&s->maker, scripted_maker_worker(&s->maker, 0));
    virtual_world_run(&s->b->v);
    for (unsigned i = 0; i < 2 * PROBATION_DEATHS; i++) {
        try_again(s, in_the_way);
    }
    CHECK_TEXT(said(s, "status.phase"), "\"lost\"");
    CHECK(says(s, "status.message", in_the_way));
    try_again(s, NULL);
    CHECK_TEXT(said(s, "status.phase"), "\"live\"");
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    site_free(s);
}

static void refuses_what_is_no_plugin_at_all(void)
{
    struct site *s = site_new();
    put(s, unwilling);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_REFUSED);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "lab", "status.phase"), "\"refused\"");
    CHECK_TEXT(controller(s, "lab", "status.message"), "\"there is no licence\"");
    CHECK_INT(times(s, "lab", "Refused"), 1);
    CHECK_INT(s->errors, 1);
    int64_t before = revision(s);
    restart(s);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_REFUSED);
    pass(s, 60000);
    CHECK_INT(revision(s), before); /* it is known */
    put(s, V1);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "lab", "status.phase"), "\"lost\"");
    CHECK_TEXT(controller(s, "labinstance", "status.phase"), "\"live\"");
    site_free(s);
}

static void refuses_a_machine_that_is_none(void)
{
    struct site *s = site_new();
    put(s, V1);
    put(s, CONTENT("2", "{field: status.state, initial: gone, states: [{name: here, final: true}]}",
                   SAYS("v2")));
    who_serves_goes_on(s, "lab-1");
    CHECK(says(s, "status.message",
               "controller labinstance: machine: initial names \\\"gone\\\", which is no state"));
    site_free(s);
}

static void refuses_what_the_gate_refuses(void)
{
    struct site *s = site_new();
    put(s, V1);
    put(s,
        "{descriptor: {name: lab, version: '2', controllers: [{name: labinstance, kind: " LAB_KIND
        ",\n crd: {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata:\n"
        "  {name: labinstances.lab.neuroglia.com}, spec: {group: lab.neuroglia.com}}}]}}\n");
    who_serves_goes_on(s, "lab-1"); /* with its machine in force */
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"pending\"");
    CHECK_TEXT(said(s, "status.reason"), "\"CandidateRefused\"");
    site_free(s);
}

static void a_candidate_that_dies_is_refused(void)
{
    struct site *s = site_new();
    put(s, V1);
    virtual_world_hold(&s->b->v, LANE_WRITE); /* it cannot claim */
    write_file(s, V2);
    plugin_look(s->plugin);
    while (scripted_maker_count(&s->maker) < 2) {
        CHECK(virtual_world_step(&s->b->v));
    }
    struct scripted_worker *second = scripted_maker_worker(&s->maker, 1);
    CHECK(virtual_world_step(&s->b->v) && second->worker.is_up);
    scripted_maker_kill(&s->maker, second);
    virtual_world_release(&s->b->v, LANE_WRITE);
    virtual_world_run(&s->b->v);
    who_serves_goes_on(s, "lab-1");
    CHECK(says(s, "status.message", "it ended before it could serve: the runner died"));
    site_free(s);
}

/* What a version gave up is tried by the next one, and by no other: also where the host was down. */
static void what_was_given_up_is_tried_by_the_next_version(void)
{
    struct site *s = site_new();
    put(s, CONTENT("1", MACHINE_1, "'': '{outcome: fail, reason: NoRoom, message: full}'"));
    create_lab(s, "lab-1");
    pass(s, 5000);
    restart(s);
    CHECK_INT(scripted_maker_worker(&s->maker, 0)->started, 0);
    site_unload(s);
    write_file(s, V2);
    restart(s);
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v2\"");
    site_free(s);
}

/* --- files that come and go ---------------------------------------------------------------------- */

static void waits_for_the_rest_of_a_file(void)
{
    struct site *s = site_new();
    put(s, "");
    pass(s, TAKE_FIRST_MS + TAKE_SECOND_MS + TAKE_LAST_MS - 1);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_STARTING);
    pass(s, 1);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_WAITING);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "lab", "status.phase"), "\"waiting\"");
    CHECK_TEXT(controller(s, "lab", "status.message"), "\"the file is empty\"");
    put(s, V1);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    put(s, "");
    pass(s, 1000);
    CHECK_TEXT(said(s, "status.reason"), "\"CandidateWaiting\"");
    write_file(s, V2); /* nobody says so: it is looked at again */
    plugin_look(s->plugin);
    pass(s, 1000);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    site_free(s);
}

static void is_found_complete_by_looking_again(void)
{
    struct site *s = site_new();
    put(s, "");
    pass(s, TAKE_FIRST_MS);
    write_file(s, V1);
    pass(s, TAKE_SECOND_MS);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "lab", "status.phase"), "(none)");
    site_free(s);
}

static void a_file_may_be_missed_for_a_moment(void)
{
    struct site *s = site_new();
    put(s, V1);
    take_away(s);
    plugin_look(s->plugin); /* told twice */
    pass(s, REMOVAL_SETTLE_MS - 1);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    put(s, V1);
    pass(s, 5000);
    CHECK_INT(s->maker.made, 1);
    take_away(s);
    pass(s, REMOVAL_SETTLE_MS - 1);
    put(s, V2);
    pass(s, 5000);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_INT(times(s, "labinstance", "FileRemoved"), 0);
    site_free(s);
}

static void leaves_with_its_file(void)
{
    struct site *s = site_new();
    s->maker.holds = true;
    put(s, V1);
    create_lab(s, "lab-1");
    take_away(s);
    pass(s, REMOVAL_SETTLE_MS);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LOST);
    create_lab(s, "lab-2");
    CHECK_INT(scripted_worker_calls(scripted_maker_worker(&s->maker, 0)), 1); /* nothing new */
    CHECK(scripted_worker_deliver(scripted_maker_worker(&s->maker, 0)));
    virtual_world_run(&s->b->v);
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v1\"");
    CHECK_INT(scripted_maker_count(&s->maker), 0);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_GONE);
    CHECK_INT(controller_count(s->loop), 0);
    CHECK_TEXT(said(s, "status.phase"), "\"lost\"");
    CHECK_TEXT(said(s, "status.reason"), "\"FileRemoved\"");
    CHECK_INT(times(s, "labinstance", "FileRemoved"), 1);
    CHECK_TEXT(lab(s, "lab-2", "status.message"), "(absent)");
    put(s, V2);
    CHECK_TEXT(lab(s, "lab-2", "status.message"), "(absent)");
    scripted_maker_worker(&s->maker, 0)->hold = false;
    while (scripted_worker_deliver(scripted_maker_worker(&s->maker, 0))) {
    }
    virtual_world_run(&s->b->v);
    CHECK_TEXT(lab(s, "lab-2", "status.message"), "\"v2\"");
    site_free(s);
}

static void may_come_back_while_it_leaves(void)
{
    static const char *const back[] = {V1, V2};
    for (size_t i = 0; i < COUNT_OF(back); i++) {
        struct site *s = site_new();
        s->maker.holds = true;
        put(s, V1);
        create_lab(s, "lab-1");
        take_away(s);
        pass(s, REMOVAL_SETTLE_MS);
        s->maker.holds = false;
        put(s, back[i]);
        CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
        CHECK_TEXT(said(s, "status.phase"), "\"live\"");
        CHECK(scripted_worker_deliver(scripted_maker_worker(&s->maker, 0)));
        pass(s, 2 * DRAIN_MS);
        CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
        CHECK_INT(scripted_maker_count(&s->maker), 1);
        CHECK_INT(s->maker.made, i + 1);
        site_free(s);
    }
}

/* --- while something is claimed ------------------------------------------------------------------ */

static void the_newest_counts(void)
{
    struct site *s = site_new();
    put(s, V1);
    virtual_world_hold(&s->b->v, LANE_WRITE);
    put(s, CONTENT("2", MACHINE_2, SAYS("v2"))); /* its claim is on its way to the disk */
    put(s, unwilling);
    put(s, V3);
    CHECK_INT(scripted_maker_count(&s->maker), 2);
    virtual_world_release(&s->b->v, LANE_WRITE);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(said(s, "status.version"), "\"3\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    site_free(s);
}

/* What the file became while a claim was under way is not forgotten when that version serves. */
static void a_file_that_breaks_meanwhile_is_told(void)
{
    struct site *s = site_new();
    put(s, V1);
    virtual_world_hold(&s->b->v, LANE_WRITE);
    put(s, CONTENT("2", MACHINE_2, SAYS("v2")));
    put(s, "");
    pass(s, TAKE_FIRST_MS + TAKE_SECOND_MS + TAKE_LAST_MS);
    virtual_world_release(&s->b->v, LANE_WRITE);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.reason"), "\"CandidateWaiting\"");
    site_free(s);
}

static void nothing_new_is_run_between_claim_and_end(void)
{
    struct site *s = site_new();
    put(s, CONTENT("1", MACHINE_1, "'': '{outcome: again, afterMs: 100}'"));
    create_lab(s, "lab-1");
    pass(s, 1000);
    virtual_world_hold(&s->b->v, LANE_WRITE);
    put(s, CONTENT("2", MACHINE_2, SAYS("v2")));
    size_t before = scripted_maker_worker(&s->maker, 0)->started;
    pass(s, 1000);
    CHECK_INT(scripted_maker_worker(&s->maker, 0)->started, before);
    CHECK_INT(scripted_maker_worker(&s->maker, 1)->started, 0);
    virtual_world_release(&s->b->v, LANE_WRITE);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v2\"");
    site_free(s);
}

static void may_be_closed_at_any_time(void)
{
    for (unsigned steps = 0; steps < 120; steps++) {
        struct site *s = site_new();
        put(s, V1);
        create_lab(s, "lab-1");
        write_file(s, CONTENT("2", MACHINE_2, SAYS("v2")));
        plugin_look(s->plugin);
        for (unsigned i = 0; i < steps; i++) {
            (void)virtual_world_step(&s->b->v);
        }
        site_unload(s);
        CHECK_INT(controller_count(s->loop), 0);
        site_free(s);
    }
}

/* --- controllers --------------------------------------------------------------------------------- */

#define TWO(version, second)                                                                       \
    "{descriptor: {name: lab, version: '" version "', controllers: [{name: labinstance,\n"         \
    " kind: " LAB_KIND ", crd: " LAB_CRD ", machine: " MACHINE_1 "}" second "]},\n"                \
    " run: {'': '{outcome: done}'}}\n"

static void controllers_come_and_go(void)
{
    struct site *s = site_new();
    put(s, TWO("1", ", {name: maps, kind: v1/ConfigMap}"));
    CHECK_INT(controller_count(s->loop), 2);
    CHECK(plugin_has(s->plugin, TEXT("maps")));
    put(s, TWO("2", ""));
    CHECK_INT(controller_count(s->loop), 1);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "maps", "status.phase"), "\"lost\"");
    CHECK_TEXT(controller(s, "maps", "status.reason"), "\"NotInPlugin\"");
    CHECK_TEXT(controller(s, "labinstance", "status.phase"), "\"live\"");
    put(s, TWO("3", ", {name: maps, kind: v1/ConfigMap}"));
    CHECK_INT(controller_count(s->loop), 2);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "maps", "status.phase"), "\"live\"");
    CHECK_TEXT(controller(s, "maps", "status.version"), "\"3\"");
    site_free(s);
}

static void a_kind_may_go_to_another_controller_of_the_file(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    put(s, "{descriptor: {name: lab, version: '2', controllers: [{name: other, kind: " LAB_KIND
           ", machine: " MACHINE_1 "}]}, run: {" SAYS("other") "}}\n");
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"other\"");
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "labinstance", "status.reason"), "\"NotInPlugin\"");
    CHECK_TEXT(controller(s, "labinstance", "spec.owns"), "[]");
    CHECK_TEXT(controller(s, "other", "status.phase"), "\"live\"");
    site_free(s);
}

static void a_controller_may_take_another_kind(void)
{
    struct site *s = site_new();
    put(s,
        "{descriptor: {name: lab, version: '1', controllers: [{name: one, kind: v1/ConfigMap}]}}\n");
    put(s, "{descriptor: {name: lab, version: '2', controllers: [{name: one, kind: " LAB_KIND
           ", crd: " LAB_CRD "}]}, run: {" SAYS("one") "}}\n");
    create_lab(s, "lab-1");
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"one\"");
    CHECK_INT(controller_count(s->loop), 1);
    CHECK_TEXT(controller_at(s->loop, 0).kind, LAB_KIND);
    site_free(s);
}

static void a_kind_has_one_owner(void)
{
    struct site *s = site_new();
    const struct admission_request one =
        request(s->b, ADMIT_CREATE, "", "",
                "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: left},\n"
                " spec: {owns: [{apiVersion: v1, kind: ConfigMap}]}}");
    CHECK_INT(ask_as(s->b, WRITER_HOST, "", &one)->code, TEND_OK);
    put(s, TWO("1", ", {name: maps, kind: v1/ConfigMap}"));
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_REFUSED);
    CHECK(plugin_is_blocked(s->plugin));
    CHECK_INT(controller_count(s->loop), 0);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "lab", "status.message"),
               "\"v1/ConfigMap is owned by controller left, which no file has; if its objects are "
               "this one's now, tend delete controller left, and touch the file\"");
    CHECK_TEXT(controller(s, "labinstance", "kind"), "(none)"); /* nothing was claimed */
    site_free(s);
}

SUITE({"serves what the file holds", serves_what_the_file_holds},
      {"takes up what the file becomes", takes_up_what_the_file_becomes},
      {"the same again is nothing", the_same_again_is_nothing},
      {"nor is a restart news", a_restart_is_no_news},
      {"a run of the old version ends there", a_run_of_the_old_version_ends_there},
      {"what does not end is taken back", what_does_not_end_is_taken_back},
      {"few versions drain at once", few_drain_at_once},
      {"refuses what does not start", refuses_what_does_not_start},
      {"refuses what is no plugin at all", refuses_what_is_no_plugin_at_all},
      {"refuses a machine that is none", refuses_a_machine_that_is_none},
      {"refuses what the gate refuses", refuses_what_the_gate_refuses},
      {"a candidate that dies is refused", a_candidate_that_dies_is_refused},
      {"waits where no process can be started", waits_where_no_process_can_be_started},
      {"who serves goes on where none can", who_serves_goes_on_where_none_can},
      {"who cannot be started again is not rolled back",
       who_cannot_be_started_again_is_not_rolled_back},
      {"what was given up is tried by the next version",
       what_was_given_up_is_tried_by_the_next_version},
      {"waits for the rest of a file", waits_for_the_rest_of_a_file},
      {"a file is found complete by looking again", is_found_complete_by_looking_again},
      {"a file may be missed for a moment", a_file_may_be_missed_for_a_moment},
      {"leaves with its file", leaves_with_its_file},
      {"may come back while it leaves", may_come_back_while_it_leaves},
      {"the newest content counts", the_newest_counts},
      {"a file that breaks meanwhile is told", a_file_that_breaks_meanwhile_is_told},
      {"nothing new is run between claim and end", nothing_new_is_run_between_claim_and_end},
      {"may be closed at any time", may_be_closed_at_any_time},
      {"controllers come and go with versions", controllers_come_and_go},
      {"a kind may go to another controller of the file",
       a_kind_may_go_to_another_controller_of_the_file},
      {"a controller may take another kind", a_controller_may_take_another_kind},
      {"a kind has one owner", a_kind_has_one_owner})
