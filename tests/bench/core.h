/* The rooms of a host in this process, on the real world and a real disk: for what only shows from
 * inside. Controllers, HTTP and manifests are left to who needs them. */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

#include "admission/admission.h"
#include "host/world_uv.h"
#include "store/store.h"

enum { CORE_IN_FLIGHT_MAX = 512 };

struct core;
struct core_request {
    struct admission_call call;
    struct core *core;
};

struct core {
    struct world_uv *uv;
    struct world *world;
    struct metrics *metrics; /* it counts as a host does */
    struct store *store;
    struct admission *gate;
    struct store_listener listener;
    size_t commits; /* durable so far */
    struct task finished;

    /* writes under way */
    const struct core_job *job;
    struct core_request requests[CORE_IN_FLIGHT_MAX];
    int started, done;
    double until_ms; /* none is started after it; 0: until job->count is reached */
};

struct core_job {
    /* Make request number `index` in `arena`. */
    void (*make)(const struct core_job *job, int index, struct arena *arena,
                 struct admission_request *request);
    int first, count; /* first, first + 1 ... */
    int in_flight;    /* at most CORE_IN_FLIGHT_MAX */
    double ms;        /* end after it; 0: never */
};

/* A store in `directory`, which may be new. Leaves with a sentence where it cannot be opened. */
void core_open(struct core *core, const char *directory);
void core_close(struct core *core);

/* Do `job`, each request a set of its own; returns how many were durable. */
int core_write(struct core *core, const struct core_job *job);

/* For jobs: create or update ConfigMap number `index`, of 1 KiB as it is stored. */
void core_create(const struct core_job *job, int index, struct arena *arena,
                 struct admission_request *request);
void core_update(const struct core_job *job, int index, struct arena *arena,
                 struct admission_request *request);

#endif
