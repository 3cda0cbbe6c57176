#include "controller/census.h"
#include "controller/fixture.h"

/* A census of labs for a machine that has no "provisioning", and calls "pending" by another name. */
struct count {
    struct ring *r;
    struct census census;
    size_t moved;
};

static const char other[] =
    "{field: status.state, initial: waiting, renamed: {pending: waiting},\n"
    " states: [{name: waiting, next: [ready]}, {name: ready, final: true}]}";

static void on_moved(struct census *census)
{
    CONTAINER_OF(census, struct count, census)->moved++;
}

static struct count *count_new(void)
{
    struct count *c = alloc_new(sizeof *c);
    c->r = ring_new(run_lab);
    c->census.moved = on_moved;
    return c;
}

static void count_start(struct count *c)
{
    CLEANUP(machine_unrefp) struct machine *machine = NULL;
    struct error err = ERROR_INIT;
    CHECK_INT(machine_from_value(yaml_value(&c->r->b->arena, other), &machine, &err), TEND_OK);
    CHECK_TEXT(err.message, "");
    census_start(&c->census, c->r->loop, TEXT(LAB), machine);
}

static void count_free(struct count *c)
{
    census_stop(&c->census);
    ring_free(c->r);
    free(c);
}

static void enter(struct count *c, const char *name, const char *state)
{
    char yaml[64];
    snprintf(yaml, sizeof yaml, "{status: {state: %s}}", state);
    const struct admission_request one = request(c->r->b, ADMIT_PATCH_STATUS, LAB, name, yaml);
    CHECK_INT(ask_as(c->r->b, WRITER_HOST, "", &one)->code, TEND_OK);
}

static const char *sentence(struct count *c)
{
    static struct error err; /* shown before the next one is made */
    CHECK_INT(census_refuse(&c->census, &err), TEND_CONFLICT);
    return err.message;
}

static void counts_what_is_there(void)
{
    struct count *c = count_new();
    create_lab(c->r, "lab-1", ""); /* pending: renamed */
    create_lab(c->r, "lab-2", "");
    create_lab(c->r, "lab-3", "");
    enter(c, "lab-2", "provisioning");
    enter(c, "lab-3", "failed");
    CHECK(!census_reached(&c->census, 0));
    count_start(c);
    CHECK(!census_reached(&c->census, 0));
    virtual_world_run(&c->r->b->v);
    CHECK(census_reached(&c->census, revision(c->r)));
    CHECK_INT(census_homeless(&c->census), 2);
    CHECK_TEXT(sentence(c), "1 object of " LAB " is in state provisioning, 1 in failed, which this "
                            "version does not have; let it say that it was renamed "
                            "(provisioning=waiting), or move it first and touch the file");
    count_free(c);
}

static void follows_what_changes(void)
{
    struct count *c = count_new();
    count_start(c);
    virtual_world_run(&c->r->b->v);
    CHECK(census_reached(&c->census, revision(c->r)));
    CHECK_INT(census_homeless(&c->census), 0);
    create_lab(c->r, "lab-1", "");
    create_lab(c->r, "lab-2", "");
    CHECK_INT(census_homeless(&c->census), 0);
    enter(c, "lab-1", "provisioning");
    enter(c, "lab-2", "provisioning");
    CHECK_INT(census_homeless(&c->census), 2);
    CHECK_TEXT(sentence(c),
               "2 objects of " LAB " are in state provisioning, which this version does "
               "not have; let it say that it was renamed (provisioning=waiting), or move them "
               "first and touch the file");
    patch_lab(c->r, "lab-1", "{metadata: {labels: {a: b}}}");
    CHECK_INT(census_homeless(&c->census), 2);
    enter(c, "lab-1", "ready");
    CHECK_INT(census_homeless(&c->census), 1);
    delete_lab(c->r, "lab-2");
    ask(c->r->b, ADMIT_PATCH, LAB, "lab-2", "{metadata: {finalizers: null}}");
    CHECK_TEXT(lab(c->r, "lab-2", "kind"), "(none)");
    CHECK_INT(census_homeless(&c->census), 0);
    CHECK(census_reached(&c->census, revision(c->r)));
    count_free(c);
}

/* A commit that concerns no lab moves it as well, where it is asked to look. */
static void reaches_what_does_not_concern_it(void)
{
    struct count *c = count_new();
    count_start(c);
    virtual_world_run(&c->r->b->v);
    size_t before = c->moved;
    const struct admission_request one = request(
        c->r->b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}");
    submit(c->r->b, &one, 1);
    while (c->r->b->answered == 0) {
        CHECK(virtual_world_step(&c->r->b->v));
    }
    census_look(&c->census);
    virtual_world_run(&c->r->b->v);
    CHECK_INT(c->moved, before + 1);
    CHECK(census_reached(&c->census, c->r->b->revision));
    count_free(c);
}

/* No more steps than it takes: the census is somewhere in between. */
static void enter_step_by_step(struct count *c, const char *name, const char *state)
{
    char yaml[64];
    snprintf(yaml, sizeof yaml, "{status: {state: %s}}", state);
    const struct admission_request one = request(c->r->b, ADMIT_PATCH_STATUS, LAB, name, yaml);
    c->r->b->writer.role = WRITER_HOST;
    submit(c->r->b, &one, 1);
    while (c->r->b->answered == 0) {
        CHECK(virtual_world_step(&c->r->b->v));
    }
    CHECK_INT(c->r->b->code, TEND_OK);
    c->r->b->writer.role = WRITER_CLIENT;
}

/* Objects move all the time while they are counted the first time; the sum is exact in the end. */
static void is_exact_while_others_write(void)
{
    enum { LABS = 200 };
    static const char *const states[] = {"provisioning", "ready", "failed", "pending"};
    struct count *c = count_new();
    unsigned at[LABS] = {0};
    char name[32];
    for (unsigned i = 0; i < LABS; i++) {
        snprintf(name, sizeof name, "lab-%03u", i);
        create_lab(c->r, name, "");
        enter(c, name, "provisioning");
    }
    count_start(c);
    for (unsigned round = 0; round < 1000; round++) {
        unsigned which = (unsigned)(world_random(&c->r->b->v.world) % LABS);
        unsigned next = (at[which] + 1) % COUNT_OF(states);
        snprintf(name, sizeof name, "lab-%03u", which);
        enter_step_by_step(c, name, states[next]);
        at[which] = next;
    }
    virtual_world_run(&c->r->b->v);
    size_t expected = 0;
    for (unsigned i = 0; i < LABS; i++) {
        expected += at[i] == 0 || at[i] == 2 ? 1 : 0;
    }
    CHECK(census_reached(&c->census, revision(c->r)));
    CHECK_INT(census_homeless(&c->census), expected);
    count_free(c);
}

static void can_be_stopped_at_any_time(void)
{
    struct count *c = count_new();
    create_lab(c->r, "lab-1", "");
    count_start(c);
    census_stop(&c->census);
    census_stop(&c->census);
    virtual_world_run(&c->r->b->v);
    CHECK_INT(c->moved, 0);
    count_start(c);
    virtual_world_run(&c->r->b->v);
    CHECK(c->moved > 0);
    count_free(c);
}

SUITE({"counts what is there", counts_what_is_there},
      {"follows what changes", follows_what_changes},
      {"reaches what does not concern it", reaches_what_does_not_concern_it},
      {"is exact while others write", is_exact_while_others_write},
      {"can be stopped at any time", can_be_stopped_at_any_time})
