/* What a plugin says of itself, read by the rules of tend/plugin.h: copies in our own sizes, whatever it was
 * compiled with, and the descriptor that a host is told (protocol/descriptor.h, protocol/shape.h).
 *
 * It is read here for both who ask: the engine, from the memory of a plugin that was loaded, and whoever
 * reads a file (protocol/plugin_file.h). So both say the same.
 */
#ifndef PROTOCOL_CONTRACT_H
#define PROTOCOL_CONTRACT_H

#include <tend/plugin.h>

#include "base/error.h"
#include "document/value.h"

struct contract_controller {
    struct tend_controller given;
    struct tend_state *states; /* copies, in order */
    size_t state_count;
    struct text state_field;
};

struct contract {
    struct tend_plugin plugin;
    struct contract_controller *controllers;
    size_t count;
};

/* Copy `given`, its controllers and their states into `arena`; texts and functions stay where they are.
 * TEND_INVALID with one sentence where it breaks a rule of the contract, or uses what is newer than
 * this host. */
NODISCARD enum tend_code contract_adopt(const struct tend_plugin *given, struct arena *arena,
                                        struct contract *ret_contract, struct error *err);

/* As a value, of the shape that shape_descriptor demands; TEND_INVALID, TEND_LIMIT where it has not. */
NODISCARD enum tend_code contract_describe(const struct contract *contract, struct arena *arena,
                                           const struct value **ret_descriptor, struct error *err);

#endif
