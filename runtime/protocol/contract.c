/* Everything that crosses the line begins with its size: what is missing there is zero, and what is there
 * and unknown must be zero. Nothing of ours points into the plugin's tables afterwards but texts. */
#include "protocol/contract.h"

#include <string.h>

#include "base/limits.h"
#include "protocol/shape.h"

/* --- copies in our own sizes
 * ------------------------------------------------------------------- */

/* Copy a struct of the contract, whose first field is its size, into ours. What is missing is zero;
 * what we do not know must be zero. */
static enum tend_code adopt(void *ours, size_t our_size, const void *given, const char *what,
                            struct error *err)
{
    uint32_t size;
    memcpy(&size, given, sizeof size);
    if (size < sizeof size || size > 4096) {
        return FAIL(err, TEND_INVALID, "%s says that it has %u bytes", what, size);
    }
    for (size_t i = our_size; i < size; i++) {
        if (((const char *)given)[i] != 0) {
            return FAIL(err, TEND_INVALID,
                        "%s uses something newer than this host (contract %d.%d)", what, TEND_MAJOR,
                        TEND_MINOR);
        }
    }
    memset(ours, 0, our_size);
    memcpy(ours, given, size < our_size ? size : our_size);
    return TEND_OK;
}

static enum tend_code adopt_states(struct arena *arena, struct contract_controller *controller,
                                   struct error *err)
{
    const struct tend_state *const *given = controller->given.states;
    size_t count = 0;
    while (given != NULL && given[count] != NULL && count <= MACHINE_STATES_MAX) {
        count++;
    }
    if (count > MACHINE_STATES_MAX) {
        return FAIL(err, TEND_INVALID, "controller %s has more than %u states",
                    controller->given.name, MACHINE_STATES_MAX);
    }
    controller->states = arena_alloc(arena, (count + 1) * sizeof *controller->states);
    controller->state_count = count;
    for (size_t i = 0; i < count; i++) {
        TRY(adopt(&controller->states[i], sizeof controller->states[i], given[i], "a state", err));
        if (controller->states[i].name == NULL) {
            return FAIL(err, TEND_INVALID, "controller %s has a state without a name",
                        controller->given.name);
        }
    }
    return TEND_OK;
}

static enum tend_code adopt_controller(struct arena *arena, struct contract_controller *controller,
                                       const struct tend_controller *given, struct error *err)
{
    TRY(adopt(&controller->given, sizeof controller->given, given, "a controller", err));
    if (controller->given.name == NULL || controller->given.kind == NULL) {
        return FAIL(err, TEND_INVALID, "a controller has no %s",
                    controller->given.name == NULL ? "name" : "kind");
    }
    const char *field = controller->given.state_field;
    controller->state_field = text_of(field == NULL ? "status.state" : field);
    return adopt_states(arena, controller, err);
}

enum tend_code contract_adopt(const struct tend_plugin *given, struct arena *arena,
                              struct contract *ret_contract, struct error *err)
{
    struct contract contract = {.count = 0};
    TRY(adopt(&contract.plugin, sizeof contract.plugin, given, "the descriptor", err));
    const struct tend_controller *const *list = contract.plugin.controllers;
    while (list != NULL && list[contract.count] != NULL &&
           contract.count <= PLUGIN_CONTROLLERS_MAX) {
        contract.count++;
    }
    if (contract.count > PLUGIN_CONTROLLERS_MAX) {
        return FAIL(err, TEND_INVALID, "the plugin has more than %u controllers",
                    PLUGIN_CONTROLLERS_MAX);
    }
    contract.controllers = arena_alloc(arena, (contract.count + 1) * sizeof *contract.controllers);
    for (size_t i = 0; i < contract.count; i++) {
        TRY(adopt_controller(arena, &contract.controllers[i], list[i], err));
    }
    *ret_contract = contract;
    return TEND_OK;
}

/* --- the descriptor as a value
 * ----------------------------------------------------------------- */

static void put(struct arena *arena, const struct value **map, const char *key,
                const struct value *value)
{
    if (value != NULL) {
        *map = value_with(arena, *map, text_of(key), value);
    }
}

static const struct value *chars_or_none(struct arena *arena, const char *chars)
{
    return chars == NULL ? NULL : value_chars(arena, chars);
}

static const struct value *true_or_none(struct arena *arena, unsigned holds)
{
    return holds == 0 ? NULL : value_bool(arena, true);
}

static const struct value *time_or_none(struct arena *arena, int64_t ms)
{
    return ms <= 0 ? NULL : value_int(arena, ms);
}

static struct text trimmed(struct text word)
{
    while (word.len > 0 && word.ptr[0] == ' ') {
        word = text_from(word, 1);
    }
    while (word.len > 0 && word.ptr[word.len - 1] == ' ') {
        word.len--;
    }
    return word;
}

/* "a, b" as a list of texts; NULL where there is none. In time linear to its length, which nothing bounds
 * before this. */
static const struct value *words(struct arena *arena, const char *chars)
{
    struct text rest = text_of(chars);
    size_t count = 0, most = 1;
    for (size_t i = 0; i < rest.len; i++) {
        most += rest.ptr[i] == ',';
    }
    const struct value **list = arena_alloc(arena, most * sizeof *list);
    while (rest.len > 0) {
        struct text word = trimmed(text_cut(&rest, ','));
        if (word.len > 0) {
            list[count++] = value_text(arena, word);
        }
    }
    return count == 0 ? NULL : value_list(arena, list, count);
}

static const struct value *describe_state(struct arena *arena, const struct tend_state *state)
{
    const struct value *map = value_empty_map();
    put(arena, &map, "name", value_chars(arena, state->name));
    put(arena, &map, "next", words(arena, state->next));
    if (state->within_ms > 0) {
        put(arena, &map, "within", value_int(arena, state->within_ms));
    }
    put(arena, &map, "withinField", chars_or_none(arena, state->within_field));
    put(arena, &map, "from", chars_or_none(arena, state->from));
    put(arena, &map, "otherwise", chars_or_none(arena, state->otherwise));
    put(arena, &map, "condition", chars_or_none(arena, state->condition));
    put(arena, &map, "reason", chars_or_none(arena, state->reason));
    put(arena, &map, "message", chars_or_none(arena, state->message));
    put(arena, &map, "final", true_or_none(arena, state->flags & TEND_FINAL));
    put(arena, &map, "teardown", true_or_none(arena, state->flags & TEND_TEARDOWN));
    put(arena, &map, "alone", true_or_none(arena, state->flags & TEND_ALONE));
    return map;
}

/* "Old=New, ..." as a map; the host judges the names. */
static const struct value *describe_renames(struct arena *arena, const char *chars)
{
    const struct value *list = words(arena, chars);
    size_t count = value_count(list);
    struct value_field *fields = arena_alloc(arena, (count + 1) * sizeof *fields);
    for (size_t i = 0; i < count; i++) {
        struct text to = value_at(list, i)->text, from = text_cut(&to, '=');
        fields[i] = (struct value_field){.key = from, .value = value_text(arena, to)};
    }
    return count == 0 ? NULL : value_map(arena, fields, count);
}

static const struct value *describe_machine(struct arena *arena,
                                            const struct contract_controller *controller)
{
    if (controller->state_count == 0) {
        return NULL;
    }
    const struct value *map = value_empty_map();
    const struct value *states = NULL;
    for (size_t i = 0; i < controller->state_count; i++) {
        states = value_append(arena, states, describe_state(arena, &controller->states[i]));
    }
    put(arena, &map, "field", value_text(arena, controller->state_field));
    put(arena, &map, "initial", value_chars(arena, controller->states[0].name));
    put(arena, &map, "states", states);
    put(arena, &map, "renamed", describe_renames(arena, controller->given.renamed));
    return map;
}

static const struct value *describe_controller(struct arena *arena,
                                               const struct contract_controller *controller)
{
    const struct value *map = value_empty_map();
    uint32_t parallel = controller->given.parallel;
    put(arena, &map, "name", value_chars(arena, controller->given.name));
    put(arena, &map, "kind", value_chars(arena, controller->given.kind));
    put(arena, &map, "parallel", value_int(arena, parallel == 0 ? 1 : parallel));
    put(arena, &map, "owns", words(arena, controller->given.owns));
    put(arena, &map, "finalize", true_or_none(arena, controller->given.finalize != NULL));
    put(arena, &map, "crd", chars_or_none(arena, controller->given.crd));
    put(arena, &map, "machine", describe_machine(arena, controller));
    put(arena, &map, "observer", true_or_none(arena, controller->given.flags & TEND_OBSERVER));
    put(arena, &map, "labels", chars_or_none(arena, controller->given.labels));
    put(arena, &map, "annotation", chars_or_none(arena, controller->given.annotation));
    put(arena, &map, "limitMs", time_or_none(arena, controller->given.limit_ms));
    put(arena, &map, "sliceMs", time_or_none(arena, controller->given.slice_ms));
    return map;
}

enum tend_code contract_describe(const struct contract *contract, struct arena *arena,
                                 const struct value **ret_descriptor, struct error *err)
{
    const struct value *map = value_empty_map();
    const struct value *controllers = value_empty_list();
    for (size_t i = 0; i < contract->count; i++) {
        controllers =
            value_append(arena, controllers, describe_controller(arena, &contract->controllers[i]));
    }
    put(arena, &map, "name", chars_or_none(arena, contract->plugin.name));
    put(arena, &map, "version", chars_or_none(arena, contract->plugin.version));
    put(arena, &map, "controllers", controllers);
    TRY(shape_descriptor(map, err));
    *ret_descriptor = map;
    return TEND_OK;
}
