/* Renaming is an equation, not an arrow: Old=New says that the two are one state. It is told as an arrow,
 * because objects are written under one name only, that which the machine in force has. */
#include "runner/seat.h"

#include <string.h>

#include "base/limits.h"
#include "resource/catalogue.h"

static const char *chars_or_null(struct arena *arena, const struct value *map, const char *field)
{
    struct text text = value_get_text(map, text_of(field));
    return text.len == 0 ? NULL : arena_text(arena, text).ptr;
}

void seat_read(struct seat *seat, const struct value *described, struct arena *arena)
{
    const struct value *owns = value_field(described, "owns");
    size_t count = value_count(owns);
    const char **words = arena_alloc(arena, (count + 1) * sizeof *words);
    for (size_t i = 0; i < count; i++) {
        words[i] = arena_text(arena, value_text_or(value_at(owns, i), TEXT(""))).ptr;
    }
    bool observes = value_bool_or(value_field(described, "observer"), false);
    *seat = (struct seat){.name = arena_text(arena, value_get_text(described, TEXT("name"))).ptr,
                          .kind = arena_text(arena, value_get_text(described, TEXT("kind"))).ptr,
                          .role = observes ? ROLE_OBSERVER : ROLE_OWNER,
                          .labels = chars_or_null(arena, described, "labels"),
                          .annotation = chars_or_null(arena, described, "annotation"),
                          .owns = words,
                          .described = described};
}

const struct kind *seat_kind(const struct seat *seat, const struct catalogue *catalogue)
{
    const char *slash = strrchr(seat->kind, '/');
    return slash == NULL || seat->role == ROLE_OBSERVER
               ? NULL
               : catalogue_kind(catalogue, (struct text){seat->kind, (size_t)(slash - seat->kind)},
                                text_of(slash + 1));
}

struct controller_options seat_options(const struct seat *seat, struct worker *worker,
                                       const char *file, const char *hash, const char *version)
{
    return (struct controller_options){
        .name = seat->name,
        .role = seat->role,
        .kind = seat->kind,
        .labels = seat->labels,
        .annotation = seat->annotation,
        .owns = seat->owns,
        .limit_ms = value_int_or(value_field(seat->described, "limitMs"), 0),
        .slice_ms = value_int_or(value_field(seat->described, "sliceMs"), 0),
        .worker = worker,
        /* Objects under way at once. What runs at once inside the plugin is its engine's business:
         * it executes no more than the descriptor allows, and the others wait there, so that
         * neither the way to the runner nor the commit of one object keeps the next from running. */
        .parallel = WORKER_CALLS_MAX,
        .most = seat->most,
        .declared = (size_t)value_int_or(value_field(seat->described, "parallel"), 1),
        .file = file,
        .hash = hash,
        .version = version,
    };
}

/* --- inherited names --------------------------------------------------------------------------- */

/* Where objects in the state `name` go under `machine`; NULL where it does not know it. */
static const char *home_of(const struct machine *machine, const char *name)
{
    const struct machine_state *state = machine_state(machine, text_of(name));
    return state != NULL ? state->name : machine_renamed(machine, text_of(name));
}

/* `renamed`, with `from` called `to` unless something is known of it. */
static const struct value *with_name(struct arena *arena, const struct value *renamed,
                                     const struct machine *machine, const char *from,
                                     const char *to)
{
    bool known = home_of(machine, from) != NULL || value_get(renamed, text_of(from)) != NULL;
    return known || to == NULL ? renamed
                               : value_with(arena, renamed, text_of(from), value_chars(arena, to));
}

/* The names that `machine` declares, and those that the machine in force knows. */
static const struct value *all_names(struct arena *arena, const struct value *declared,
                                     const struct machine *machine, const struct machine *in_force)
{
    const struct value *renamed = value_field(declared, "renamed");
    for (size_t i = 0; i < in_force->rename_count; i++) {
        const struct machine_rename *rename = &in_force->renames[i];
        renamed = with_name(arena, renamed, machine, rename->from, home_of(machine, rename->to));
        renamed = with_name(arena, renamed, machine, rename->to, home_of(machine, rename->from));
    }
    return renamed;
}

/* Is there a state of `before` that `after` does not know? */
static bool drops_a_state(const struct machine *before, const struct machine *after)
{
    for (size_t i = 0; i < before->count; i++) {
        if (home_of(after, before->states[i].name) == NULL) {
            return true;
        }
    }
    return false;
}

static NODISCARD enum tend_code read_machine(struct seat *seat, const struct machine *in_force,
                                             struct arena *arena, struct error *err)
{
    CLEANUP(machine_unrefp) struct machine *declared = NULL;
    const struct value *value = value_field(seat->described, "machine");
    seat->becomes = machine_unref(seat->becomes);
    seat->machine = NULL;
    if (value == NULL) {
        return TEND_OK;
    }
    TRY(machine_from_value(value, &declared, err));
    const struct value *renamed =
        in_force == NULL ? NULL : all_names(arena, value, declared, in_force);
    seat->machine = renamed == NULL ? value : value_with(arena, value, TEXT("renamed"), renamed);
    return machine_from_value(seat->machine, &seat->becomes, err);
}

enum tend_code seat_prepare(struct seat *seat, const struct catalogue *catalogue,
                            struct arena *arena, const char **ret_resource, struct error *err)
{
    struct controller_options options = seat_options(seat, NULL, NULL, NULL, NULL);
    const struct kind *kind = seat_kind(seat, catalogue);
    const struct machine *in_force = kind == NULL ? NULL : kind->machine;
    if (controller_check(&options, err) != TEND_OK) {
        return error_wrap(err, "controller %s", seat->name);
    }
    if (read_machine(seat, in_force, arena, err) != TEND_OK) {
        return error_wrap(err, "controller %s", seat->name);
    }
    bool counts = kind != NULL && seat->becomes != NULL &&
                  (in_force == NULL || drops_a_state(in_force, seat->becomes));
    *ret_resource = counts ? kind->resource : NULL;
    return TEND_OK;
}

void seat_done(struct seat *seat)
{
    seat->becomes = machine_unref(seat->becomes);
}
