/* The real `tend run`, started as a user would, and what the kernel says of its processes. */
#ifndef BENCH_HOSTED_H
#define BENCH_HOSTED_H

#include <sys/types.h>

struct hosted_options {
    const char *program;     /* tend; tend-runner stands beside it */
    const char *data;        /* a folder that may not exist yet; the socket is made beside it */
    const char *controllers; /* a folder of plugins or scripts; NULL: none */
    const char *run_time;    /* of a reconcile; NULL: tend's own */
};

struct hosted {
    pid_t pid;
    int output;       /* its standard output */
    double ready_ms;  /* from the start of the process to its line with "ready" */
    char socket[300]; /* DATA.sock; its log is DATA.log */
};

/* Start it and wait until it is ready; leaves with a sentence where it does not get there. */
void hosted_start(struct hosted *hosted, const struct hosted_options *options);

/* End it by SIGTERM, which it must obey with exit code 0. */
void hosted_stop(struct hosted *hosted);

/* Its only child: the runner of its only plugin. */
pid_t hosted_runner(const struct hosted *hosted);

struct process_memory {
    double rss_mib,
        pss_mib;        /* resident; and with each shared page split among those who share it */
    double private_mib; /* what nobody shares */
};
struct process_memory process_memory(pid_t pid);

/* Milliseconds of processor time that a process has used so far. */
double process_cpu_ms(pid_t pid);

/* How often the threads of a process were given a processor after waiting, so far. */
double process_wakeups(pid_t pid);

#endif
