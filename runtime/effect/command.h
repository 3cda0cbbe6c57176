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

/* Results; `status` as from waitpid. */
const struct value *command_result(struct arena *arena, int status, bool timed_out,
                                   const struct capture *out, const struct capture *err);
const struct value *command_problem(struct arena *arena, const char *sentence);

#endif
