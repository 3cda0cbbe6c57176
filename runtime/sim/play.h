/* One test, once: a stage, the controller files that it is about, and the test's own Lua (test_prelude.lua),
 * which drives them. scripts/TESTING.md says what a test can say.
 */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sim/chaos.h"

struct play_options {
    const char *file;   /* of tests, as people name it */
    size_t index;       /* which of them */
    uint64_t seed;      /* struct stage_options */
    const char *copies; /* as in struct stage_options, where all that it is about are scripts */
    struct fault fault;
    const char *end; /* how everything has to end, as the run without a fault did; NULL: anyhow */
    bool wants_story;
};

struct play_result {
    char *failure; /* what is told, lines of text; NULL: it passed */
    char *story;   /* lines: the past of every object; NULL where it is not asked for */
    char *end;     /* of the objects; NULL: it did not come so far */
    struct fault_places places;
    enum play_chaos { PLAY_CHAOS, PLAY_NO_CHAOS /* the test says so */ } chaos;
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
