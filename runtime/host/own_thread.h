/* A thread of its own (base/world.h, struct thread): how it is started, and how its end is told by a descriptor.
 * [core]
 */
#ifndef HOST_OWN_THREAD_H
#define HOST_OWN_THREAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/world.h"

enum own_thread_state { OWN_RUNS, OWN_ENDED, OWN_FORSAKEN };

struct own_thread {
    struct list link; /* the owner's, as the next two */
    struct world *world;
    struct readiness ended; /* its descriptor is readable when the thread is about to be gone */
    struct thread *thread;
    pthread_t id;
    _Atomic enum own_thread_state state;
};

/* One that is not started. TEND_IO. */
NODISCARD enum tend_code own_thread_prepare(struct thread *thread, struct own_thread **ret_own,
                                            struct error *err);
NODISCARD enum tend_code own_thread_start(struct own_thread *own, struct error *err);
void own_thread_free(struct own_thread *own); /* one that was never started */

/* It is ended: wait for the rest of its way, and free it. */
void own_thread_join(struct own_thread *own);

/* Nobody waits for it any more: it is freed when it ends. */
void own_thread_forsake(struct own_thread *own);

#endif
