#include "resource/fixture.h"
#include "resource/machine.h"
#include "resource/meta.h"

static struct machine *lab(struct arena *arena)
{
    struct machine *machine = NULL;
    struct error err = ERROR_INIT;
    if (machine_from_value(yaml_value(arena, LAB_MACHINE), &machine, &err) != TEND_OK) {
        suite_check(false, __LINE__, err.message, __FILE__);
    }
    return machine;
}

static void survives_the_round_trip(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(machine_unrefp) struct machine *machine = lab(&arena);
    CLEANUP(machine_unrefp) struct machine *again = NULL;
    struct error err = ERROR_INIT;
    const struct value *value = machine_to_value(machine, &arena);
    CHECK_INT(machine_from_value(value, &again, &err), TEND_OK);
    CHECK(value_equal(value, machine_to_value(again, &arena)));
    CHECK_INT(machine->count, 6);
    CHECK_TEXT(machine->initial->name, "pending");
    CHECK_TEXT(machine->teardown->name, "deleting");
    CHECK_TEXT(machine_state(machine, TEXT("deleting"))->reason, "DeadlineExceeded");
}

static void refuses_with_a_sentence(void)
{
    static const struct {
        const char *states, *sentence;
    } wrong[] = {
        {"[{name: a, next: [b]}]", "state a: next names \"b\", which is no state"},
        {"[{name: a, next: [redy]}, {name: ready, final: true}]",
         "state a: next names \"redy\", which is no state, did you mean \"ready\"?"},
        {"[{name: a}]", "state a: no way out: it names no next state and is not final"},
        {"[{name: a, next: [a]}]", "state a: next names itself; staying is always allowed"},
        {"[{name: a, final: true}, {name: b, final: true}]", "state b: cannot be reached from a"},
        {"[{name: a, final: true}, {name: a, final: true}]",
         "state a: declared twice (states[0] and [1])"},
        {"[{name: a, next: [b], within: 5}, {name: b, final: true}]",
         "state a: a deadline without a target, expected otherwise or condition"},
        {"[{name: a, next: [b], otherwise: b}, {name: b, final: true}]",
         "state a: a target without a deadline, expected within or withinField"},
        {"[{name: a, next: [b], alone: true}, {name: b, final: true}]",
         "state a: alone without a deadline, expected within or withinField"},
        {"[{name: a, next: [b], within: 5, otherwise: b, condition: C}, {name: b, final: true}]",
         "state a: otherwise and condition, expected one of them"},
        {"[{name: a, next: [b], within: 5, otherwise: c}, {name: b, next: [c]},"
         " {name: c, final: true}]",
         "state a: otherwise leads to c, which is not in next"},
        {"[{name: a, next: [b]}, {name: b, next: [a], final: true}]",
         "state b: final, but it has an exit"},
        {"[{name: a, next: [b], within: 0, otherwise: b}, {name: b, final: true}]",
         "state a: within must be a number of milliseconds, above 0 and below a century"},
        {"[{name: a, next: [b], witihn: 5}, {name: b, final: true}]",
         "state a: unknown word \"witihn\", did you mean \"within\"?"},
        {"[{name: a, next: [b], teardown: true}, {name: b, final: true}]",
         "state a: teardown, but it is initial"},
        {"[]", "machine: expected field, initial and states"},
        {"[{name: 'a b', final: true}]",
         "states[0]: name must be one word of at most 63 characters"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(machine_unrefp) struct machine *machine = NULL;
        struct error err = ERROR_INIT;
        struct text yaml =
            arena_format(&arena, "{field: status.state, initial: a, states: %s}", wrong[i].states);
        CHECK_INT(machine_from_value(yaml_value(&arena, yaml.ptr), &machine, &err), TEND_INVALID);
        CHECK_TEXT(err.message, wrong[i].sentence);
    }
}

static void keeps_the_state_in_status(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(machine_unrefp) struct machine *machine = NULL;
    struct error err = ERROR_INIT;
    CHECK_INT(machine_from_value(yaml_value(&arena, "{field: spec.state, initial: a,\n"
                                                    " states: [{name: a, final: true}]}"),
                                 &machine, &err),
              TEND_INVALID);
    CHECK_TEXT(err.message, "machine: field must be below status, is spec.state");
}

static const char *move(const struct machine *machine, const char *from, const char *to)
{
    static struct error err;
    return machine_move(machine, text_of(from), text_of(to), &err) == TEND_OK ? "ok" : err.message;
}

static void allows_declared_moves_only(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(machine_unrefp) struct machine *machine = lab(&arena);
    CHECK_TEXT(move(machine, "", "pending"), "ok");
    CHECK_TEXT(move(machine, "", "ready"), "an object starts as pending, not as ready");
    CHECK_TEXT(move(machine, "pending", "provisioning"), "ok");
    CHECK_TEXT(move(machine, "ready", "ready"), "ok");
    CHECK_TEXT(move(machine, "pending", "ready"),
               "no move from pending to ready; from pending: provisioning, failed, deleting");
    CHECK_TEXT(move(machine, "deleted", "pending"),
               "no move from deleted to pending; from deleted: nowhere, it is final");
    CHECK_TEXT(move(machine, "ready", "redy"),
               "no state \"redy\"; the states are: pending, provisioning, ready, failed, deleting, "
               "deleted");
}

static void takes_in_objects_of_another_machine(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(machine_unrefp) struct machine *machine = lab(&arena);
    CHECK_TEXT(move(machine, "Running", "pending"), "ok");
    CHECK_TEXT(move(machine, "Running", "deleting"), "ok");
    CHECK(move(machine, "Running", "ready")[0] != 'o');
    CHECK(move(machine, "", "deleting")[0] != 'o');
}

static void counts_a_renamed_state_as_its_new_name(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(machine_unrefp) struct machine *machine = NULL;
    CLEANUP(machine_unrefp) struct machine *again = NULL;
    struct error err = ERROR_INIT;
    const struct value *value =
        value_with(&arena, yaml_value(&arena, LAB_MACHINE), TEXT("renamed"),
                   yaml_value(&arena, "{Booting: provisioning, Up: ready}"));
    if (!CHECK_INT(machine_from_value(value, &machine, &err), TEND_OK)) {
        return;
    }
    CHECK_TEXT(machine_renamed(machine, TEXT("Booting")), "provisioning");
    CHECK(machine_renamed(machine, TEXT("provisioning")) == NULL);
    CHECK_TEXT(move(machine, "Booting", "provisioning"), "ok");
    CHECK_TEXT(move(machine, "Booting", "ready"), "ok");
    CHECK_TEXT(move(machine, "Up", "pending"), "no move from ready to pending; from ready: "
                                               "failed, deleting");
    const struct value *written = machine_to_value(machine, &arena);
    CHECK_INT(machine_from_value(written, &again, &err), TEND_OK);
    CHECK(value_equal(written, machine_to_value(again, &arena)));
    CHECK_INT(again->rename_count, 2);
}

static void refuses_a_renaming_that_is_none(void)
{
    static const struct {
        const char *renamed, *sentence;
    } wrong[] = {
        {"{Booting: provisionin}", "renamed: Booting: the new name names \"provisionin\", which is "
                                   "no state, did you mean \"provisioning\"?"},
        {"{Booting: 5}", "renamed: Booting: the new name names \"\", which is no state"},
        {"{ready: failed}", "renamed: ready: is a state; only what is none any more is renamed"},
        {"{'': ready}", "renamed: : is no name of a state"},
        {"[Booting]", "machine: renamed must be an object of old and new names"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(machine_unrefp) struct machine *machine = NULL;
        struct error err = ERROR_INIT;
        const struct value *value =
            value_with(&arena, yaml_value(&arena, LAB_MACHINE), TEXT("renamed"),
                       yaml_value(&arena, wrong[i].renamed));
        CHECK_INT(machine_from_value(value, &machine, &err), TEND_INVALID);
        CHECK_TEXT(err.message, wrong[i].sentence);
    }
}

#define SINCE "metadata: {annotations: {tend.dev/state-since: '2026-01-01T00:00:10.000000Z'}}"
enum { SINCE_MS = 10000 };
#define START INT64_C(1767225600000)

/* Milliseconds from START to the deadline; -1: none. */
static long long deadline(const char *yaml)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(machine_unrefp) struct machine *machine = lab(&arena);
    int64_t at = 0;
    return machine_deadline(machine, yaml_value(&arena, yaml), &at) ? (long long)(at - START) : -1;
}

static void counts_from_entry(void)
{
    CHECK_INT(deadline("{" SINCE ", status: {state: pending}}"), SINCE_MS + 60000);
    CHECK_INT(deadline("{" SINCE ", status: {state: deleting}}"), SINCE_MS + 300000);
    CHECK_INT(deadline("{" SINCE ", status: {state: failed}}"), -1);
    CHECK_INT(deadline("{" SINCE ", status: {}}"), -1);
    CHECK_INT(deadline("{status: {state: pending}}"), -1);
}

static void lets_the_object_say_how_long(void)
{
    CHECK_INT(deadline("{" SINCE ", spec: {duration: 20m}, status: {state: ready}}"),
              SINCE_MS + 20 * 60000);
    CHECK_INT(deadline("{" SINCE ", spec: {duration: 90}, status: {state: ready}}"),
              SINCE_MS + 90000);
    CHECK_INT(deadline("{" SINCE ", status: {state: ready}}"), -1);
}

static void counts_from_a_field(void)
{
    CHECK_INT(deadline("{" SINCE ", spec: {duration: 1m},\n"
                       " status: {state: ready, readyAt: '2026-01-01T00:01:00Z'}}"),
              60000 + 60000);
}

static void does_not_lose_a_deadline(void)
{
    CHECK_INT(deadline("{" SINCE ", spec: {duration: 1m}, status: {state: ready, readyAt: soon}}"),
              SINCE_MS + 60000);
}

SUITE({"is the same after the round trip", survives_the_round_trip},
      {"refuses a mistake with one sentence that names it", refuses_with_a_sentence},
      {"keeps the state in the status", keeps_the_state_in_status},
      {"allows declared moves only (#11, #12)", allows_declared_moves_only},
      {"takes in objects of another machine by their start or teardown",
       takes_in_objects_of_another_machine},
      {"counts a renamed state as its new name", counts_a_renamed_state_as_its_new_name},
      {"refuses a renaming that is none", refuses_a_renaming_that_is_none},
      {"counts deadlines from the entry into the state (#2)", counts_from_entry},
      {"lets the object say how long a state may last", lets_the_object_say_how_long},
      {"counts from a moment in the object", counts_from_a_field},
      {"does not lose a deadline over a malformed field (#1)", does_not_lose_a_deadline})
