/* One test, once: a stage, the controller files that it is about, and the test's own Lua (test_prelude.lua),
 * which drives them. scripts/TESTING.md says what a test can say.
 */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct play_options {
    const char *file; /* of tests, as people name it */
    size_t index;     /* which of them */
    uint64_t seed;    /* struct stage_options */
};

struct play_result {
    char *failure; /* what is told, lines of text; NULL: it passed */
    unsigned commits, began, ended;
};
void play_result_done(struct play_result *result);

/* Run it. A test that cannot be run at all has failed. */
void play_run(const struct play_options *options, struct play_result *ret_result);

/* The names of the tests of a file, in order. TEND_INVALID with lines of text where it is none. */
struct play_names {
    char **names;
    size_t count;
};
NODISCARD enum tend_code play_list(const char *file, struct play_names *ret_names,
                                   struct error *err);
void play_names_done(struct play_names *names);

#endif
