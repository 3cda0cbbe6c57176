/* The first failure is told in full, of the others only where they are: most of them are the same bug. */
#include "sim/trial.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"

/* How to have just this again. */
static void add_again(struct trial *trial, const struct fault *fault)
{
    char name[FAULT_NAME_MAX];
    if (fault == NULL && trial->options->seed == 0) {
        return;
    }
    buffer_format(&trial->failure, "\nagain: tend test %s --filter \"%s\"", trial->file,
                  trial->name);
    if (fault != NULL) {
        buffer_format(&trial->failure, " --chaos=%s", fault_name(*fault, name));
    }
    if (trial->options->seed != 0) {
        buffer_format(&trial->failure, " --seed %" PRIu64, trial->options->seed);
    }
}

/* Once more, with a fault; the first failure is told in full. */
static void try_fault(struct trial *trial, struct fault fault)
{
    char name[FAULT_NAME_MAX];
    struct play_result result;
    trial->play.fault = fault;
    trial->faults++;
    play_run(&trial->play, &result);
    if (result.failure != NULL && trial->failure.len == 0) {
        buffer_format(&trial->failure, "with %s:\n%s", fault_story(fault, name), result.failure);
        add_again(trial, &fault);
    } else if (result.failure != NULL) {
        buffer_format(&trial->failure, "%s%s", ++trial->others == 1 ? "\nand with: " : ", ",
                      fault_name(fault, name));
    }
    play_result_done(&result);
}

static void try_faults(struct trial *trial, const struct play_result *plain)
{
    struct fault fault = trial->options->fault;
    trial->play.end = plain->end;
    if (trial->options->chaos == TEST_ONE_FAULT) {
        try_fault(trial, fault);
        return;
    }
    for (unsigned i = 0; fault_at(plain->places, i, &fault); i++) {
        try_fault(trial, fault);
    }
}

void trial_run(struct trial *trial)
{
    const struct test_options *options = trial->options;
    struct play_result plain;
    trial->play = (struct play_options){.file = trial->file,
                                        .index = trial->index,
                                        .seed = options->seed,
                                        .copies = trial->copies,
                                        .wants_story = options->detail == TEST_VERBOSE};
    trial->failure = (struct buffer)BUFFER_INIT(MIB);
    play_run(&trial->play, &plain);
    trial->play.wants_story = false;
    trial->story = TAKE(plain.story);
    if (plain.failure != NULL) {
        buffer_chars(&trial->failure, plain.failure);
        add_again(trial, NULL);
    } else if (options->chaos != TEST_PLAIN && plain.chaos == PLAY_CHAOS) {
        try_faults(trial, &plain);
    }
    play_result_done(&plain);
}

void trial_done(struct trial *trial)
{
    buffer_done(&trial->failure);
    free(trial->story);
}
