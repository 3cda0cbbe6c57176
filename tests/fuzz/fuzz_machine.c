/* JSON read as a state machine: what is accepted is the same after the round trip, and every state has
 * exactly the exits that it declares. */
#include <string.h>

#include "base/alloc.h"
#include "document/json.h"
#include "resource/machine.h"
#include "support/require.h"

static bool names(const struct machine_state *state, const char *name)
{
    for (size_t i = 0; i < state->next_count; i++) {
        if (strcmp(state->next[i], name) == 0) {
            return true;
        }
    }
    return strcmp(state->name, name) == 0;
}

static void check_moves(const struct machine *machine)
{
    for (size_t i = 0; i < machine->count; i++) {
        const struct machine_state *from = &machine->states[i];
        require(from->final == (from->next_count == 0), "final or with exits");
        for (size_t k = 0; k < machine->count; k++) {
            const char *to = machine->states[k].name;
            struct error err = ERROR_INIT;
            bool may = machine_move(machine, text_of(from->name), text_of(to), &err) == TEND_OK;
            require(may == names(from, to), "declared moves only");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(machine_unrefp) struct machine *machine = NULL;
    CLEANUP(machine_unrefp) struct machine *again = NULL;
    struct text text = {(const char *)data, size};
    struct error err = ERROR_INIT;
    const struct value *value;
    int64_t deadline;
    if (json_parse(&arena, text, &value, NULL) != TEND_OK) {
        return 0;
    }
    if (machine_from_value(value, &machine, &err) != TEND_OK) {
        require(err.message[0] != '\0', "a refusal has a sentence");
        return 0;
    }
    const struct value *written = machine_to_value(machine, &arena);
    require(machine_from_value(written, &again, &err) == TEND_OK, "reads what it writes");
    require(value_equal(written, machine_to_value(again, &arena)), "the same after the round trip");
    (void)machine_deadline(machine, value, &deadline);
    check_moves(machine);
    return 0;
}
