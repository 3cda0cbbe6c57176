/* The first failure is told in full, of the others only where they are: most of them are the same bug. */
#include "sim/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "sim/apart.h"

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

static void tell_fault(struct trial *trial, struct fault fault);

/* Once more, with a fault; the first failure is told in full. */
static void try_fault(struct trial *trial, struct fault fault)
{
    char name[FAULT_NAME_MAX];
    struct play_result result;
    trial->play.fault = fault;
    trial->faults++;
    tell_fault(trial, fault);
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

static void run_here(struct trial *trial)
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

/* --- in a process of its own ------------------------------------------------------------------- */

/* What comes back: each fault before it is tried, then the outcome, which is followed by two texts. */
struct message {
    enum { MESSAGE_FAULT, MESSAGE_OUTCOME } what;
    struct fault fault;
    unsigned faults;
    size_t failure, story; /* bytes of each */
};

static void run_apart(void *job, FILE *out)
{
    struct trial *trial = job;
    trial->out = out;
    run_here(trial);
    const struct message message = {
        .what = MESSAGE_OUTCOME,
        .faults = trial->faults,
        .failure = trial->failure.len,
        .story = trial->story == NULL ? 0 : strlen(trial->story),
    };
    fwrite(&message, sizeof message, 1, out);
    fwrite(buffer_view(&trial->failure).ptr, 1, message.failure, out);
    fwrite(trial->story == NULL ? "" : trial->story, 1, message.story, out);
    trial_done(trial);
    fflush(stdout);
}

static void tell_fault(struct trial *trial, struct fault fault)
{
    const struct message message = {.what = MESSAGE_FAULT, .fault = fault};
    fwrite(&message, sizeof message, 1, trial->out);
    fflush(trial->out);
}

/* Returns the fault that was tried last; FAULT_NONE: none was. */
static struct fault read_messages(struct trial *trial, struct text said)
{
    struct message message = {0};
    struct fault last = {0};
    while (said.len >= sizeof message && message.what == MESSAGE_FAULT) {
        memcpy(&message, said.ptr, sizeof message);
        said = text_from(said, sizeof message);
        last = message.what == MESSAGE_FAULT ? message.fault : last;
    }
    if (message.what == MESSAGE_OUTCOME) {
        trial->faults = message.faults;
        buffer_text(&trial->failure, text_first(said, message.failure));
    }
    if (message.story > 0) {
        trial->story = alloc_text(said.ptr + message.failure, message.story);
    }
    return last;
}

/* What the controller has done to its process. */
static void add_death(struct trial *trial, const struct apart *apart, struct fault fault)
{
    char story[FAULT_NAME_MAX];
    buffer_clear(&trial->failure);
    if (fault.kind != FAULT_NONE) {
        buffer_format(&trial->failure, "with %s:\n", fault_story(fault, story));
    }
    buffer_chars(&trial->failure, apart->death);
    buffer_chars(&trial->failure, apart->complaints.len > 0 ? ":\n" : "");
    buffer_text(&trial->failure, buffer_view(&apart->complaints));
    add_again(trial, fault.kind != FAULT_NONE ? &fault : NULL);
}

void trial_run(struct trial *trial)
{
    struct apart apart;
    trial->failure = (struct buffer)BUFFER_INIT(16 * MIB);
    apart_run(run_apart, trial, &apart);
    struct fault last = read_messages(trial, buffer_view(&apart.said));
    if (apart.death[0] == '\0') {
        fprintf(stderr, "%s", buffer_view(&apart.complaints).ptr);
    } else {
        add_death(trial, &apart, last);
    }
    apart_done(&apart);
}

void trial_done(struct trial *trial)
{
    buffer_done(&trial->failure);
    free(trial->story);
}
