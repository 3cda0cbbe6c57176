/* Many requests in flight over a Unix socket: each lane is a connection with one request under way.
 * One thread; what it costs is part of the figure, since it shares the machine with the host. */
#ifndef BENCH_LANES_H
#define BENCH_LANES_H

#include "base/buffer.h"

enum { LANES_IN_FLIGHT = 64 };

struct lanes_job {
    const char *socket;
    int count; /* requests in all */
    /* Append request number `index`, head and body, to `out`. */
    void (*write)(const struct lanes_job *job, int index, struct buffer *out);
    const char *prefix; /* for `write` */
    int status;         /* that each answer must have */
};

/* Do `job`; returns how many requests a second. Leaves with a sentence where one is refused. */
double lanes_run(const struct lanes_job *job);

/* A connection to `socket`. */
int lanes_connect(const char *socket);

/* Append a request with a JSON body. */
void lanes_request(struct buffer *out, const char *method, const char *target, struct text body);

/* Append the body of a ConfigMap of about 1 KiB as the host stores it. */
void lanes_config_map(struct buffer *out, const char *prefix, int index, char filler);

#endif
