/* A machine is read once, checked whole and then only looked up, so everything that could be wrong with
 * it is said when its controller is loaded and nothing at run time. States are few (MACHINE_STATES_MAX
 * fits the bits of one word): sets of states are masks, and a name is found by walking.
 *
 * Invariants of a machine that machine_from_value returned:
 *   1  every name in `next` and `otherwise` is a state; `otherwise` is in `next`
 *   2  every state is reached from `initial`; each is final or has an exit
 *   3  a deadline has exactly one target and a reason; a target has a deadline
 *   4  at most one state is the teardown, and it is neither initial nor final
 *   5  what was renamed is no state; its new name is one */
#include "resource/machine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/moment.h"
#include "document/path.h"
#include "resource/meta.h"
#include "resource/name.h"

_Static_assert(MACHINE_STATES_MAX <= 64, "sets of states are masks of 64 bits");

enum { NAMES_BYTES_MAX = 4096 };

/* --- reading ----------------------------------------------------------------------------------- */

/* The words of a map are all among `known`. */
static enum tend_code check_words(const struct value *map, const char *const *known, size_t count,
                                  const char *where, struct error *err)
{
    for (size_t i = 0; i < map->count; i++) {
        struct text key = map->fields[i].key;
        bool found = false;
        for (size_t k = 0; k < count && !found; k++) {
            found = text_is(key, known[k]);
        }
        if (!found) {
            const char *near = text_nearest(key, known, count);
            return FAIL(err, TEND_INVALID, "%s: unknown word \"%.*s\"%s%s%s", where,
                        (int)(key.len > 60 ? 60 : key.len), key.ptr,
                        near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
                        near != NULL ? "\"?" : "");
        }
    }
    return TEND_OK;
}

/* The text at `key`, copied; NULL where it is absent. */
static enum tend_code read_text(struct arena *arena, const struct value *map, const char *key,
                                const char *where, const char **ret_text, struct error *err)
{
    const struct value *value = value_get(map, text_of(key));
    *ret_text = NULL;
    if (value == NULL) {
        return TEND_OK;
    }
    if (value->type != VALUE_TEXT || value->text.len == 0) {
        return FAIL(err, TEND_INVALID, "%s: %s must be a text that is not empty", where, key);
    }
    *ret_text = arena_text(arena, value->text).ptr;
    return TEND_OK;
}

static enum tend_code read_bool(const struct value *map, const char *key, const char *where,
                                bool *ret_bool, struct error *err)
{
    const struct value *value = value_get(map, text_of(key));
    if (value != NULL && value->type != VALUE_BOOL) {
        return FAIL(err, TEND_INVALID, "%s: %s must be true or false", where, key);
    }
    *ret_bool = value_bool_or(value, false);
    return TEND_OK;
}

static enum tend_code read_path(struct arena *arena, const struct value *map, const char *key,
                                const char *where, const char **ret_path, struct error *err)
{
    TRY(read_text(arena, map, key, where, ret_path, err));
    if (*ret_path != NULL && path_check(text_of(*ret_path), err) != TEND_OK) {
        return error_wrap(err, "%s: %s", where, key);
    }
    return TEND_OK;
}

static enum tend_code read_within(const struct value *map, const char *where, int64_t *ret_within,
                                  struct error *err)
{
    const struct value *value = value_field(map, "within");
    *ret_within = value_int_or(value, MACHINE_NO_WITHIN);
    if (value != NULL && (*ret_within <= 0 || *ret_within > DURATION_MAX_MS)) {
        return FAIL(err, TEND_INVALID,
                    "%s: within must be a number of milliseconds, above 0 and below a century",
                    where);
    }
    return TEND_OK;
}

static enum tend_code read_next(struct arena *arena, const struct value *map, const char *where,
                                struct machine_state *state, struct error *err)
{
    const struct value *list = value_field(map, "next");
    if (list != NULL && list->type != VALUE_LIST) {
        return FAIL(err, TEND_INVALID, "%s: next must be a list of states", where);
    }
    if (value_count(list) > MACHINE_STATES_MAX) {
        return FAIL(err, TEND_LIMIT, "%s: next has more than %u states", where, MACHINE_STATES_MAX);
    }
    const char **names = arena_alloc(arena, (value_count(list) + 1) * sizeof *names);
    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *item = value_at(list, i);
        if (!value_is(item, VALUE_TEXT)) {
            return FAIL(err, TEND_INVALID, "%s: next must be a list of states", where);
        }
        names[i] = arena_text(arena, item->text).ptr;
    }
    state->next = names;
    state->next_count = value_count(list);
    return TEND_OK;
}

static bool has_deadline(const struct machine_state *state)
{
    return state->within_ms != MACHINE_NO_WITHIN || state->within_field != NULL;
}

static enum tend_code check_deadline(const struct machine_state *state, const char *where,
                                     struct error *err)
{
    bool target = state->otherwise != NULL || state->condition != NULL;
    if (has_deadline(state) && !target) {
        return FAIL(err, TEND_INVALID,
                    "%s: a deadline without a target, expected otherwise or condition", where);
    }
    if (state->otherwise != NULL && state->condition != NULL) {
        return FAIL(err, TEND_INVALID, "%s: otherwise and condition, expected one of them", where);
    }
    if (!has_deadline(state) && (target || state->from != NULL || state->alone)) {
        return FAIL(err, TEND_INVALID, "%s: %s without a deadline, expected within or withinField",
                    where,
                    target                ? "a target"
                    : state->from != NULL ? "from"
                                          : "alone");
    }
    return TEND_OK;
}

static enum tend_code read_state(struct machine *machine, const struct value *map, size_t index,
                                 struct machine_state *state, struct error *err)
{
    static const char *const words[] = {"name",      "next",   "within",  "withinField",
                                        "from",      "reason", "message", "otherwise",
                                        "condition", "alone",  "final",   "teardown"};
    struct arena *arena = &machine->arena;
    char where[128];
    snprintf(where, sizeof where, "states[%zu]", index);
    if (!value_is(map, VALUE_MAP)) {
        return FAIL(err, TEND_INVALID, "%s: must be an object", where);
    }
    TRY(read_text(arena, map, "name", where, &state->name, err));
    if (state->name == NULL || name_check_label_value(text_of(state->name)) != NULL) {
        return FAIL(err, TEND_INVALID, "%s: name must be one word of at most 63 characters", where);
    }
    snprintf(where, sizeof where, "state %s", state->name);
    TRY(check_words(map, words, COUNT_OF(words), where, err));
    TRY(read_next(arena, map, where, state, err));
    TRY(read_within(map, where, &state->within_ms, err));
    TRY(read_path(arena, map, "withinField", where, &state->within_field, err));
    TRY(read_path(arena, map, "from", where, &state->from, err));
    TRY(read_text(arena, map, "otherwise", where, &state->otherwise, err));
    TRY(read_text(arena, map, "condition", where, &state->condition, err));
    TRY(read_text(arena, map, "reason", where, &state->reason, err));
    TRY(read_text(arena, map, "message", where, &state->message, err));
    TRY(read_bool(map, "alone", where, &state->alone, err));
    TRY(read_bool(map, "final", where, &state->final, err));
    TRY(read_bool(map, "teardown", where, &state->teardown, err));
    state->message = state->message == NULL ? "" : state->message;
    if (state->reason == NULL && has_deadline(state)) {
        state->reason = "DeadlineExceeded";
    }
    return check_deadline(state, where, err);
}

/* --- checking the whole ------------------------------------------------------------------------ */

static enum tend_code require_state(const struct machine *machine, const char *name,
                                    const char *where, const char *word, struct error *err)
{
    if (machine_state(machine, text_of(name)) != NULL) {
        return TEND_OK;
    }
    const char *names[MACHINE_STATES_MAX];
    for (size_t i = 0; i < machine->count; i++) {
        names[i] = machine->states[i].name;
    }
    const char *near = text_nearest(text_of(name), names, machine->count);
    return FAIL(err, TEND_INVALID, "%s: %s names \"%s\", which is no state%s%s%s", where, word,
                name, near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
                near != NULL ? "\"?" : "");
}

static bool in_next(const struct machine_state *state, struct text name)
{
    for (size_t i = 0; i < state->next_count; i++) {
        if (text_is(name, state->next[i])) {
            return true;
        }
    }
    return false;
}

static enum tend_code check_exits(const struct machine *machine, const struct machine_state *state,
                                  struct error *err)
{
    char where[128];
    snprintf(where, sizeof where, "state %s", state->name);
    for (size_t i = 0; i < state->next_count; i++) {
        TRY(require_state(machine, state->next[i], where, "next", err));
        if (strcmp(state->next[i], state->name) == 0) {
            return FAIL(err, TEND_INVALID, "%s: next names itself; staying is always allowed",
                        where);
        }
    }
    if (state->final && (state->next_count > 0 || has_deadline(state))) {
        return FAIL(err, TEND_INVALID, "%s: final, but it has an exit", where);
    }
    if (!state->final && state->next_count == 0) {
        return FAIL(err, TEND_INVALID, "%s: no way out: it names no next state and is not final",
                    where);
    }
    if (state->otherwise != NULL) {
        TRY(require_state(machine, state->otherwise, where, "otherwise", err));
        if (!in_next(state, text_of(state->otherwise))) {
            return FAIL(err, TEND_INVALID, "%s: otherwise leads to %s, which is not in next", where,
                        state->otherwise);
        }
    }
    return TEND_OK;
}

static enum tend_code read_renames(struct machine *machine, const struct value *map,
                                   struct error *err)
{
    struct arena *arena = &machine->arena;
    if (map != NULL && map->type != VALUE_MAP) {
        return FAIL(err, TEND_INVALID, "machine: renamed must be an object of old and new names");
    }
    if (value_count(map) > MACHINE_STATES_MAX) {
        return FAIL(err, TEND_LIMIT, "machine: more than %u states are renamed",
                    MACHINE_STATES_MAX);
    }
    struct machine_rename *renames = arena_alloc(arena, value_count(map) * sizeof *renames);
    for (size_t i = 0; i < value_count(map); i++) {
        struct text from = map->fields[i].key;
        char where[128];
        snprintf(where, sizeof where, "renamed: %.*s", TEXT_ARG(text_clip(from, LABEL_BYTES_MAX)));
        if (from.len == 0 || name_check_label_value(from) != NULL) {
            return FAIL(err, TEND_INVALID, "%s: is no name of a state", where);
        }
        if (machine_state(machine, from) != NULL) {
            return FAIL(err, TEND_INVALID, "%s: is a state; only what is none any more is renamed",
                        where);
        }
        renames[i].from = arena_text(arena, from).ptr;
        renames[i].to = arena_text(arena, value_text_or(map->fields[i].value, TEXT(""))).ptr;
        TRY(require_state(machine, renames[i].to, where, "the new name", err));
    }
    machine->renames = renames;
    machine->rename_count = value_count(map);
    return TEND_OK;
}

static uint64_t mask_of(const struct machine *machine, const struct machine_state *state)
{
    return UINT64_C(1) << (state - machine->states);
}

/* Everything that can be reached from the initial state: grow the set until it stays. */
static enum tend_code check_reached(const struct machine *machine, struct error *err)
{
    uint64_t reached = mask_of(machine, machine->initial), before = 0;
    while (reached != before) {
        before = reached;
        for (size_t i = 0; i < machine->count; i++) {
            const struct machine_state *state = &machine->states[i];
            for (size_t n = 0; (before & mask_of(machine, state)) && n < state->next_count; n++) {
                reached |= mask_of(machine, machine_state(machine, text_of(state->next[n])));
            }
        }
    }
    for (size_t i = 0; i < machine->count; i++) {
        if ((reached & mask_of(machine, &machine->states[i])) == 0) {
            return FAIL(err, TEND_INVALID, "state %s: cannot be reached from %s",
                        machine->states[i].name, machine->initial->name);
        }
    }
    return TEND_OK;
}

static enum tend_code check_double(const struct machine *machine, size_t index, struct error *err)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(machine->states[i].name, machine->states[index].name) == 0) {
            return FAIL(err, TEND_INVALID, "state %s: declared twice (states[%zu] and [%zu])",
                        machine->states[i].name, i, index);
        }
    }
    return TEND_OK;
}

static enum tend_code note_teardown(struct machine *machine, const struct machine_state *state,
                                    struct error *err)
{
    if (machine->teardown != NULL) {
        return FAIL(err, TEND_INVALID, "state %s: teardown, but %s is the teardown already",
                    state->name, machine->teardown->name);
    }
    if (state->final || state == machine->initial) {
        return FAIL(err, TEND_INVALID, "state %s: teardown, but it is %s", state->name,
                    state->final ? "final" : "initial");
    }
    machine->teardown = state;
    return TEND_OK;
}

static enum tend_code check_whole(struct machine *machine, const char *initial, struct error *err)
{
    for (size_t i = 1; i < machine->count; i++) {
        TRY(check_double(machine, i, err));
    }
    TRY(require_state(machine, initial, "machine", "initial", err));
    machine->initial = machine_state(machine, text_of(initial));
    for (size_t i = 0; i < machine->count; i++) {
        TRY(check_exits(machine, &machine->states[i], err));
        if (machine->states[i].teardown) {
            TRY(note_teardown(machine, &machine->states[i], err));
        }
    }
    return check_reached(machine, err);
}

enum tend_code machine_from_value(const struct value *value, struct machine **ret_machine,
                                  struct error *err)
{
    static const char *const words[] = {"field", "initial", "states", "renamed"};
    if (!value_is(value, VALUE_MAP)) {
        return FAIL(err, TEND_INVALID, "machine: must be an object");
    }
    CLEANUP(machine_unrefp) struct machine *machine = alloc_new(sizeof *machine);
    atomic_init(&machine->refs, 1);
    const char *initial = NULL;
    TRY(check_words(value, words, COUNT_OF(words), "machine", err));
    TRY(read_path(&machine->arena, value, "field", "machine", &machine->field, err));
    TRY(read_text(&machine->arena, value, "initial", "machine", &initial, err));
    if (machine->field != NULL && !text_starts(text_of(machine->field), TEXT("status."))) {
        return FAIL(err, TEND_INVALID, "machine: field must be below status, is %s",
                    machine->field);
    }
    const struct value *list = value_field(value, "states");
    if (machine->field == NULL || initial == NULL || !value_is(list, VALUE_LIST) ||
        list->count == 0) {
        return FAIL(err, TEND_INVALID, "machine: expected field, initial and states");
    }
    if (list->count > MACHINE_STATES_MAX) {
        return FAIL(err, TEND_LIMIT, "machine: %u states, at most %u are allowed", list->count,
                    MACHINE_STATES_MAX);
    }
    struct machine_state *states = arena_alloc(&machine->arena, list->count * sizeof *states);
    for (size_t i = 0; i < list->count; i++) {
        TRY(read_state(machine, value_at(list, i), i, &states[i], err));
    }
    machine->states = states;
    machine->count = list->count;
    TRY(check_whole(machine, initial, err));
    TRY(read_renames(machine, value_field(value, "renamed"), err));
    *ret_machine = TAKE(machine);
    return TEND_OK;
}

/* --- writing ----------------------------------------------------------------------------------- */

static const struct value *put_text(struct arena *arena, const struct value *map, const char *key,
                                    const char *text)
{
    return text == NULL || *text == '\0'
               ? map
               : value_with(arena, map, text_of(key), value_chars(arena, text));
}

static const struct value *put_flag(struct arena *arena, const struct value *map, const char *key,
                                    bool flag)
{
    return flag ? value_with(arena, map, text_of(key), value_bool(arena, true)) : map;
}

static const struct value *state_to_value(const struct machine_state *state, struct arena *arena)
{
    const struct value *next = NULL;
    for (size_t i = 0; i < state->next_count; i++) {
        next = value_append(arena, next, value_chars(arena, state->next[i]));
    }
    const struct value *map = put_text(arena, NULL, "name", state->name);
    if (next != NULL) {
        map = value_with(arena, map, TEXT("next"), next);
    }
    if (state->within_ms != MACHINE_NO_WITHIN) {
        map = value_with(arena, map, TEXT("within"), value_int(arena, state->within_ms));
    }
    map = put_text(arena, map, "withinField", state->within_field);
    map = put_text(arena, map, "from", state->from);
    map = put_text(arena, map, "otherwise", state->otherwise);
    map = put_text(arena, map, "condition", state->condition);
    map = put_text(arena, map, "reason", state->reason);
    map = put_text(arena, map, "message", state->message);
    map = put_flag(arena, map, "alone", state->alone);
    map = put_flag(arena, map, "final", state->final);
    return put_flag(arena, map, "teardown", state->teardown);
}

const struct value *machine_to_value(const struct machine *machine, struct arena *arena)
{
    const struct value *states = NULL;
    for (size_t i = 0; i < machine->count; i++) {
        states = value_append(arena, states, state_to_value(&machine->states[i], arena));
    }
    const struct value *map = put_text(arena, NULL, "field", machine->field);
    map = put_text(arena, map, "initial", machine->initial->name);
    const struct value *renamed = NULL;
    for (size_t i = 0; i < machine->rename_count; i++) {
        renamed = put_text(arena, renamed, machine->renames[i].from, machine->renames[i].to);
    }
    map = renamed == NULL ? map : value_with(arena, map, TEXT("renamed"), renamed);
    return value_with(arena, map, TEXT("states"), states);
}

struct machine *machine_ref(struct machine *machine)
{
    atomic_fetch_add_explicit(&machine->refs, 1, memory_order_relaxed);
    return machine;
}

struct machine *machine_unref(struct machine *machine)
{
    if (machine != NULL &&
        atomic_fetch_sub_explicit(&machine->refs, 1, memory_order_acq_rel) == 1) {
        arena_done(&machine->arena);
        free(machine);
    }
    return NULL;
}

/* --- asking ------------------------------------------------------------------------------------ */

const struct machine_state *machine_state(const struct machine *machine, struct text name)
{
    for (size_t i = 0; i < machine->count; i++) {
        if (text_is(name, machine->states[i].name)) {
            return &machine->states[i];
        }
    }
    return NULL;
}

const char *machine_renamed(const struct machine *machine, struct text name)
{
    for (size_t i = 0; i < machine->rename_count; i++) {
        if (text_is(name, machine->renames[i].from)) {
            return machine->renames[i].to;
        }
    }
    return NULL;
}

struct text machine_state_of(const struct machine *machine, const struct value *root)
{
    return value_text_or(path_get(root, text_of(machine->field)), TEXT(""));
}

enum tend_code machine_with_state(const struct machine *machine, struct arena *arena,
                                  const struct value *root, struct text name,
                                  const struct value **ret_root, struct error *err)
{
    return path_set(arena, root, text_of(machine->field), value_text(arena, name), ret_root, err);
}

static enum tend_code refuse_unknown(const struct machine *machine, struct text to,
                                     struct error *err)
{
    CLEANUP(buffer_done) struct buffer names = BUFFER_INIT(NAMES_BYTES_MAX);
    for (size_t i = 0; i < machine->count; i++) {
        buffer_format(&names, "%s%s", i == 0 ? "" : ", ", machine->states[i].name);
    }
    struct text all = buffer_view(&names);
    return FAIL(err, TEND_INVALID, "%s%.*s%s; the states are: %.*s",
                to.len == 0 ? "must not be empty" : "no state \"", (int)(to.len > 63 ? 63 : to.len),
                to.ptr, to.len == 0 ? "" : "\"", TEXT_ARG(all));
}

static enum tend_code refuse_move(const struct machine_state *from, struct text to,
                                  struct error *err)
{
    CLEANUP(buffer_done) struct buffer names = BUFFER_INIT(NAMES_BYTES_MAX);
    for (size_t i = 0; i < from->next_count; i++) {
        buffer_format(&names, "%s%s", i == 0 ? "" : ", ", from->next[i]);
    }
    struct text all = from->next_count == 0 ? TEXT("nowhere, it is final") : buffer_view(&names);
    return FAIL(err, TEND_INVALID, "no move from %s to %.*s; from %s: %.*s", from->name,
                TEXT_ARG(to), from->name, TEXT_ARG(all));
}

enum tend_code machine_move(const struct machine *machine, struct text from, struct text to,
                            struct error *err)
{
    const struct machine_state *target = machine_state(machine, to);
    if (target == NULL) {
        return refuse_unknown(machine, to, err);
    }
    const char *renamed = machine_renamed(machine, from);
    const struct machine_state *source =
        machine_state(machine, renamed == NULL ? from : text_of(renamed));
    if (source == target || (source != NULL && in_next(source, to))) {
        return TEND_OK;
    }
    if (source != NULL) {
        return refuse_move(source, to, err);
    }
    if (target == machine->initial || (from.len > 0 && target == machine->teardown)) {
        return TEND_OK;
    }
    return FAIL(err, TEND_INVALID, "an object starts as %s, not as %s", machine->initial->name,
                target->name);
}

int64_t machine_entered_ms(const struct value *root)
{
    struct meta meta = meta_of(root);
    int64_t moment = META_NO_MOMENT;
    return moment_parse(meta_annotation(&meta, MACHINE_SINCE), &moment) ? moment : META_NO_MOMENT;
}

/* How long the state may last for this object, MACHINE_NO_WITHIN where nothing says so. */
static int64_t within_of(const struct machine_state *state, const struct value *root)
{
    const struct value *value =
        state->within_field == NULL ? NULL : path_get(root, text_of(state->within_field));
    int64_t duration = 0;
    if (value_is(value, VALUE_TEXT) && duration_parse(value->text, &duration)) {
        return duration;
    }
    int64_t seconds = value_int_or(value, -1);
    return seconds >= 0 && seconds <= DURATION_MAX_MS / 1000 ? seconds * 1000 : state->within_ms;
}

bool machine_deadline(const struct machine *machine, const struct value *root,
                      int64_t *ret_deadline_ms)
{
    const struct machine_state *state = machine_state(machine, machine_state_of(machine, root));
    if (state == NULL || !has_deadline(state)) {
        return false;
    }
    int64_t within = within_of(state, root);
    int64_t start = machine_entered_ms(root), from = 0;
    if (state->from != NULL &&
        moment_parse(value_text_or(path_get(root, text_of(state->from)), TEXT("")), &from)) {
        start = from;
    }
    if (within == MACHINE_NO_WITHIN || start == META_NO_MOMENT) {
        return false;
    }
    assert(within >= 0);
    *ret_deadline_ms = start + within;
    return true;
}
