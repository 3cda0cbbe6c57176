/* An "exec" of effect.h, made ready to be run, and its end made a result. */
#ifndef EFFECT_COMMAND_H
#define EFFECT_COMMAND_H

#include "base/arena.h"
#include "base/error.h"
#include "document/value.h"
#include "effect/capture.h"

struct command {
    const char *path; /* absolute, or from `directory` */
    const char *const *argv;
    const char *const *environment;
    const char *directory;
    struct text input;
    int64_t timeout_ms;
};

/* Everything lives in `arena` or is the request's. TEND_NOT_FOUND where PATH has no such program. */
NODISCARD enum tend_code command_read(struct arena *arena, const struct value *request,
                                      struct command *ret_command, struct error *err);

/* How a program ended; borrowed by the result. */
struct command_end {
    int status; /* as from waitpid */
    bool timed_out;
    const struct capture *out, *err;
};

const struct value *command_result(struct arena *arena, const struct command_end *end);
const struct value *command_problem(struct arena *arena, const char *sentence);

/* The same from what a keeper wrote (keep.h). */
const struct value *command_kept_result(struct arena *arena, struct text bytes);

#endif
