/* The life of an object: states, finalizers, deletion. They meet in one place because each causes the
 * other: entering the teardown state marks the object, deleting it enters the teardown state, and
 * taking off the last finalizer ends it. All of it happens within the write that caused it, so no one
 * ever sees an object between the two.
 *
 *      create --> initial ... any state --(move to teardown, or DELETE)--> teardown + mark
 *                                                                              |
 *                                                    last finalizer taken off: final state, gone */
#include "admission/hearing.h"
#include "base/moment.h"
#include "resource/builtin.h"
#include "resource/condition.h"
#include "resource/machine.h"

static const struct value *with_since(struct hearing *hearing, const struct value *root)
{
    char text[MOMENT_TEXT_MAX];
    return meta_with_annotation(&hearing->set->arena, root, MACHINE_SINCE,
                                text_of(moment_format_micro(hearing->set->now_ms, text)));
}

/* Put the object into a state that was judged already. */
static enum tend_code enter(struct hearing *hearing, const struct value **root, struct text state)
{
    struct error err = ERROR_INIT;
    const struct value *moved = NULL;
    if (machine_with_state(hearing->kind->machine, &hearing->set->arena, *root, state, &moved,
                           &err) != TEND_OK) {
        return hearing_problem(hearing, SCHEMA_TYPE, hearing->kind->machine->field, "%s",
                               err.message);
    }
    *root = with_since(hearing, moved);
    return TEND_OK;
}

/* Is it the same state under its new name? */
static bool is_renaming(const struct machine *machine, struct text from, struct text to)
{
    const char *renamed = machine_renamed(machine, from);
    return renamed != NULL && text_is(to, renamed);
}

static enum tend_code check_move(struct hearing *hearing, struct text from, struct text to)
{
    struct error err = ERROR_INIT;
    const struct machine *machine = hearing->kind->machine;
    if (is_renaming(machine, from, to) && hearing_role(hearing) != WRITER_HOST) {
        return hearing_problem(hearing, SCHEMA_INVALID, machine->field,
                               "%.*s was renamed to %.*s; the host writes the new name",
                               TEXT_ARG(from), TEXT_ARG(to));
    }
    if (machine_move(machine, from, to, &err) != TEND_OK) {
        return hearing_problem(hearing, SCHEMA_INVALID, machine->field, "%s", err.message);
    }
    return TEND_OK;
}

static const struct value *marked(struct hearing *hearing, const struct value *root)
{
    struct arena *arena = &hearing->set->arena;
    hearing->entry->marked = true;
    root = meta_with(arena, root, "deletionGracePeriodSeconds", value_int(arena, 0));
    return meta_with_moment(arena, root, "deletionTimestamp", hearing->set->now_ms);
}

/* --- gone -------------------------------------------------------------------------------------- */

/* What its last event shows: the final state that the teardown leads to, where there is one. */
static enum tend_code enter_final(struct hearing *hearing, const struct value **root)
{
    const struct machine *machine = hearing->kind->machine;
    const struct machine_state *teardown = machine == NULL ? NULL : machine->teardown;
    if (teardown == NULL || !text_is(machine_state_of(machine, *root), teardown->name)) {
        return TEND_OK;
    }
    for (size_t i = 0; i < teardown->next_count; i++) {
        const struct machine_state *next = machine_state(machine, text_of(teardown->next[i]));
        if (next->final) {
            return enter(hearing, root, text_of(next->name));
        }
    }
    return TEND_OK;
}

static enum tend_code end(struct hearing *hearing, const struct value *root)
{
    TRY(enter_final(hearing, &root));
    hearing->entry->now = root;
    hearing->entry->gone = true;
    return special_gone(hearing);
}

/* The root as it is now; marked and held by nothing, it ends here. */
static enum tend_code settle(struct hearing *hearing, const struct value *root)
{
    struct meta meta = meta_of(root);
    if (meta_deleting(&meta) && value_count(meta.finalizers) == 0) {
        return end(hearing, root);
    }
    hearing->entry->now = root;
    return TEND_OK;
}

/* --- create and update ------------------------------------------------------------------------- */

static const struct value *held(struct hearing *hearing, const struct value *root)
{
    return hearing->kind->finalizes
               ? meta_with_finalizer(&hearing->set->arena, root, text_of(hearing->kind->finalizer))
               : root;
}

enum tend_code life_create(struct hearing *hearing, const struct value **root)
{
    const struct machine *machine = hearing->kind->machine;
    if (machine != NULL) {
        struct text state = machine_state_of(machine, *root);
        state = state.len > 0 ? state : text_of(machine->initial->name);
        TRY(check_move(hearing, TEXT(""), state));
        TRY(enter(hearing, root, state));
    }
    *root = held(hearing, *root);
    return TEND_OK;
}

/* The state before the set; a new object has none. */
static struct text state_before_set(const struct hearing *hearing)
{
    const struct value *old = hearing->entry->old;
    return old == NULL ? TEXT("") : machine_state_of(hearing->kind->machine, old);
}

/* The moment of entry for a move: now, or what it was where the set comes back to where it started, or
 * only gives the state its new name. */
static const struct value *with_entry(struct hearing *hearing, const struct value *root,
                                      struct text to)
{
    const struct value *old = hearing->entry->old;
    struct text was = state_before_set(hearing);
    if (old == NULL || (!text_equal(was, to) && !is_renaming(hearing->kind->machine, was, to))) {
        return with_since(hearing, root);
    }
    struct meta meta = meta_of(old);
    return meta_with_annotation(&hearing->set->arena, root, MACHINE_SINCE,
                                meta_annotation(&meta, MACHINE_SINCE));
}

/* Judge where it goes; what had no state yet, or no moment of entry, gets one now. A set that moves an
 * object twice writes one row, so the row's own move must be a declared one too. */
static enum tend_code move(struct hearing *hearing, const struct value *before,
                           const struct value **root)
{
    const struct machine *machine = hearing->kind->machine;
    struct text from = machine_state_of(machine, before), to = machine_state_of(machine, *root);
    if (from.len == 0 && to.len == 0) {
        return enter(hearing, root, text_of(machine->initial->name));
    }
    if (text_equal(from, to)) {
        *root = machine_entered_ms(*root) == META_NO_MOMENT ? with_since(hearing, *root) : *root;
        return TEND_OK;
    }
    TRY(check_move(hearing, from, to));
    TRY(check_move(hearing, state_before_set(hearing), to));
    *root = with_entry(hearing, *root, to);
    struct meta meta = meta_of(*root);
    if (machine->teardown != NULL && text_is(to, machine->teardown->name) &&
        !meta_deleting(&meta)) {
        *root = marked(hearing, *root);
    }
    return TEND_OK;
}

/* --- let go without its owner ------------------------------------------------------------------ */

/* Does the owner answer, and will it come to this object? One that killed its runner twice it will not. */
static bool is_tended(struct hearing *hearing, const struct value *root)
{
    const struct kind *kind = hearing->kind;
    struct set *set = hearing->set;
    struct entry *owner = NULL;
    struct error err = ERROR_INIT;
    if (kind->controller == NULL || !kind->finalizes ||
        condition_is_true(root, TEXT("Quarantined"))) {
        return false;
    }
    struct text key =
        key_make(&set->arena, TEXT(BUILTIN_CONTROLLERS), TEXT(""), text_of(kind->controller));
    if (set_entry(set, key, &owner, &err) != TEND_OK || !entry_is_there(owner)) {
        return false;
    }
    const struct value *status = value_field(owner->now, "status");
    return text_is(value_text_or(value_field(status, "phase"), TEXT("")), "live");
}

/* Somebody takes the kind's finalizer off in the owner's place, and nothing is cleaned up: that is for those
 * whose controller is not there, and it is told. */
static enum tend_code check_abandoned(struct hearing *hearing, const struct value *before,
                                      const struct value *root)
{
    struct arena *arena = &hearing->set->arena;
    struct meta was = meta_of(before), now = meta_of(root);
    struct text finalizer = kind_finalizer(hearing->kind, arena);
    if (!meta_deleting(&was) || !meta_has_finalizer(&was, finalizer) ||
        meta_has_finalizer(&now, finalizer) || hearing_by_owner(hearing)) {
        return TEND_OK;
    }
    if (is_tended(hearing, before)) {
        return hearing_refuse(
            hearing, TEND_DENIED,
            "%s is held by controller %s, which is live and cleans up; only without it may "
            "finalizer %.*s be taken off",
            hearing_object(hearing), hearing->kind->controller, TEXT_ARG(finalizer));
    }
    struct text actor = set_actor(arena, &hearing->set->asked->writer);
    struct event event = {.about = before,
                          .type = EVENT_WARNING,
                          .reason = TEXT("Abandoned"),
                          .message = arena_format(arena,
                                                  "let go without its controller's cleaning up, "
                                                  "as %.*s asked",
                                                  TEXT_ARG(actor)),
                          .component = TEXT("tend")};
    return saying_add(hearing, &event);
}

enum tend_code life_update(struct hearing *hearing, const struct value *before,
                           const struct value **root)
{
    struct meta was = meta_of(before);
    if (!meta_deleting(&was)) {
        *root = held(hearing, *root);
    }
    TRY(check_abandoned(hearing, before, *root));
    if (hearing->kind->machine != NULL) {
        TRY(move(hearing, before, root));
    }
    return settle(hearing, *root);
}

/* --- delete and release ------------------------------------------------------------------------ */

/* Where a finalizing controller tears down, and the state allows it, deletion is that move. */
static enum tend_code enter_teardown(struct hearing *hearing, const struct value **root)
{
    const struct machine *machine = hearing->kind->machine;
    if (machine == NULL || machine->teardown == NULL || !hearing->kind->finalizes) {
        return TEND_OK;
    }
    struct text state = machine_state_of(machine, *root), to = text_of(machine->teardown->name);
    if (text_equal(state, to) || machine_move(machine, state, to, NULL) != TEND_OK ||
        machine_move(machine, state_before_set(hearing), to, NULL) != TEND_OK) {
        return TEND_OK;
    }
    return enter(hearing, root, to);
}

enum tend_code life_delete(struct hearing *hearing)
{
    const struct value *root = hearing->entry->now;
    struct meta meta = meta_of(root);
    if (meta_deleting(&meta)) {
        return TEND_OK;
    }
    TRY(special_delete(hearing));
    if (value_count(meta.finalizers) == 0) {
        return end(hearing, root);
    }
    root = marked(hearing, root);
    TRY(enter_teardown(hearing, &root));
    hearing->entry->now = root;
    return TEND_OK;
}

enum tend_code life_release(struct hearing *hearing)
{
    const struct kind *kind = hearing->kind;
    struct meta meta = meta_of(hearing->entry->now);
    if (!hearing_by_owner(hearing)) {
        return hearing_refuse(hearing, TEND_DENIED, "%s is held by controller %s",
                              hearing_object(hearing),
                              kind->controller == NULL ? "(none)" : kind->controller);
    }
    if (!meta_deleting(&meta)) {
        return hearing_refuse(hearing, TEND_INVALID, "%s is not being deleted",
                              hearing_object(hearing));
    }
    if (kind->finalizer == NULL) {
        return TEND_OK;
    }
    return settle(hearing, meta_without_finalizer(&hearing->set->arena, hearing->entry->now,
                                                  text_of(kind->finalizer)));
}
