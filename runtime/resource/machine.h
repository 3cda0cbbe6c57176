/* A state machine as data: the states of a kind, the allowed moves, and how long a state may last.
 *
 * A controller declares it; it is stored in the controller's object and held by the host: an
 * undeclared move is refused whoever asks, and a deadline fires whether or not a runner is up. As a
 * value:
 *
 *     {"field": "status.state", "initial": "pending", "states": [
 *        {"name": "pending", "next": ["provisioning", "failed", "deleting"],
 *         "within": 60000, "withinField": "spec.pickupTimeout", "from": "status.queuedAt",
 *         "otherwise": "failed", "reason": "PickupTimeout", "message": "nobody took it up",
 *         "alone": true},
 *        {"name": "deleting", "next": ["deleted"], "within": 300000, "condition": "CleanupStuck",
 *         "teardown": true},
 *        {"name": "deleted", "final": true}, ...],
 *      "renamed": {"booting": "provisioning"}}
 *
 * A deadline is `within` milliseconds (or what the object says at `withinField`: a duration text, or
 * whole seconds) after the object entered the state (or after the moment that it has at `from`). At the
 * deadline the host moves it to `otherwise`, or sets condition `condition` to True; never both. It is
 * held while the kind's controller is not live, unless `alone`. Entering the `teardown` state (at most
 * one) is deletion. A `final` state has no exits.
 *
 * `renamed` says what became of states that an earlier machine had and this one has not. An object that is
 * still in one counts as being in the state under its new name; the host writes that name, and keeps the
 * moment of entry.
 *
 * The moment of entry is kept in annotation tend.dev/state-since (RFC 3339, microseconds), written by
 * admission alone.
 */
#ifndef RESOURCE_MACHINE_H
#define RESOURCE_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document/value.h"

#define MACHINE_SINCE     "tend.dev/state-since"
#define MACHINE_NO_WITHIN (-1)

struct machine_state {
    const char *name;
    const char *const *next; /* names of the states that may follow */
    size_t next_count;
    int64_t within_ms; /* MACHINE_NO_WITHIN: no constant */
    const char
        *within_field;     /* NULL: none; the constant counts where the object has no such field */
    const char *from;      /* NULL: from entry */
    const char *otherwise; /* NULL: none */
    const char *condition; /* NULL: none */
    const char *reason;    /* CamelCase; never NULL where there is a deadline */
    const char *message;   /* "" where none was given */
    bool alone, final, teardown;
};

struct machine_rename {
    const char *from; /* no state any more */
    const char *to;
};

struct machine {
    atomic_uint refs;
    struct arena arena;
    const char *field; /* path of the state's name, below status */
    const struct machine_state *initial;
    const struct machine_state *teardown; /* NULL: none */
    const struct machine_state *states;
    size_t count;
    const struct machine_rename *renames;
    size_t rename_count;
};

/* Read and check a machine. TEND_INVALID with one sentence that names the state and the mistake:
 * an unknown or double state, an unknown word, a state that cannot be reached, one that is not final
 * and has no exit, a final one with an exit, `otherwise` not in `next`, a deadline without a target or
 * a target without a deadline, a renamed state that is still one. */
NODISCARD enum tend_code machine_from_value(const struct value *value, struct machine **ret_machine,
                                            struct error *err);

/* The machine as a value again; equal for equal machines. */
const struct value *machine_to_value(const struct machine *machine, struct arena *arena);

struct machine *machine_ref(struct machine *machine);
struct machine *machine_unref(struct machine *machine); /* NULL is allowed; returns NULL */
static inline void machine_unrefp(struct machine **machine)
{
    *machine = machine_unref(*machine);
}

/* The state called `name`, or NULL. */
const struct machine_state *machine_state(const struct machine *machine, struct text name);

/* What the state `name` is called now, where it was renamed; NULL where it was not. */
const char *machine_renamed(const struct machine *machine, struct text name);

/* The name of the state that `root` is in; empty where it has none yet. */
struct text machine_state_of(const struct machine *machine, const struct value *root);

/* `root` in state `name` (which is not checked). TEND_INVALID where the field cannot be set. */
NODISCARD enum tend_code machine_with_state(const struct machine *machine, struct arena *arena,
                                            const struct value *root, struct text name,
                                            const struct value **ret_root, struct error *err);

/* May an object go from `from` (empty: it is created) to `to`? Staying is always allowed, also under the
 * state's new name, and from a state that this machine does not know (it had another one before) to
 * `initial` and to `teardown`.
 * TEND_INVALID with "no move from ready to pending; from ready: failed, deleting". */
NODISCARD enum tend_code machine_move(const struct machine *machine, struct text from,
                                      struct text to, struct error *err);

/* When `root` entered its state, wall ms; META_NO_MOMENT where nothing says so. */
int64_t machine_entered_ms(const struct value *root);

/* The wall moment of the deadline of the state that `root` is in; false where it has none: no state, no
 * deadline, or nothing says since when. What the object does not say (an absent or malformed duration
 * at `withinField`, no moment at `from`) does not lose the deadline: the constant and the moment of
 * entry count instead. */
bool machine_deadline(const struct machine *machine, const struct value *root,
                      int64_t *ret_deadline_ms);

#endif
