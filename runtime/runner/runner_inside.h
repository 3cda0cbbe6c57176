/* Inside a runner: its record, as the files share it that make it (runner.c, runner_frames.c). */
#ifndef RUNNER_RUNNER_INSIDE_H
#define RUNNER_RUNNER_INSIDE_H

#include "runner/counts.h"
#include "runner/flight.h"
#include "runner/lines.h"
#include "runner/means.h"
#include "runner/patience.h"
#include "runner/runner.h"
#include "runner/wire.h"

enum runner_phase {
    IDLE,
    STARTING, /* there is a process, which has not said what it is */
    UP,
    ENDING,  /* its process is killed, or has hung up; `ended` follows */
    STUCK,   /* what executes does not end and cannot be ended: nothing is started until it did */
    WAITING, /* no process; the alarm starts the next */
    REFUSED, /* no process, for good */
    CLOSING,
};

struct runner {
    struct worker worker;
    /* fixed after new */
    struct world *world;
    char *file, *name;
    struct arena arena; /* holds `config` */
    const struct value *config;
    int64_t grace_ms, run_ms;
    struct runner_means *means;
    const struct page *page; /* its */

    enum runner_phase phase;
    bool was_up;       /* ever */
    bool alive;        /* `ended` follows, by and by */
    unsigned failures; /* deaths in a row without a result between */
    struct flight flight;
    struct patience patience;
    struct wire wire;
    struct lines lines;
    struct alarm alarm; /* start limit, deadline, grace, or backoff: by phase */
    struct task push;   /* send what is queued, or give it back */
    struct task *closed;
    struct metric *starts, *deaths; /* of its processes */
    struct counts counts;           /* of its plugin */

    /* of this process */
    uint64_t accused;         /* the call that broke the stream; 0: none */
    bool garbled;             /* the stream broke; what executes now need not have done it */
    char why[ERROR_TEXT_MAX]; /* it is being ended; "": it ends by itself */
    bool refuse;              /* ... and will not be tried again */
};

/* Kill it, for a reason that is worth telling; what follows a death does the rest. */
void runner_end_process(struct runner *runner, const char *format, ...) PRINTF_LIKE(2, 3);

/* runner_stuck.c: in `why`, what it does instead of ending. */
void runner_describe_stuck(struct runner *runner);

/* runner_stuck.c: why it is down, with the object that is blamed, where one is and `why` does not say it; of
 * `arena`. Before its calls are lost. */
const char *runner_tell_end(const struct runner *runner, uint64_t culprit, struct arena *arena);

/* Its one alarm: by phase. */
void runner_set_alarm(struct runner *runner, int64_t after_ms);

/* While it is up: look at what is out, after `after_ms` at the latest; not at all where nothing is. */
void runner_look_within(struct runner *runner, int64_t after_ms);
void runner_rest(struct runner *runner);

/* runner_frames.c: the answer to a question, or why there is none; and as wire.h's `arrived`. */
void runner_answer(struct runner *runner, uint64_t call, uint32_t ask,
                   const struct worker_answer *given);
void runner_arrived(struct wire *wire, const struct frame *frame, const char *problem);

#endif
