/* Whoever comes second frees the record: the thread that ends, or the core that lets go of it. A plugin may end
 * its thread behind our back (pthread_exit); that is an end like any other. */
#include "host/own_thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

enum tend_code own_thread_prepare(struct thread *thread, struct own_thread **ret_own,
                                  struct error *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return FAIL(err, TEND_IO, "cannot make an eventfd: %s", strerror(errno));
    }
    struct own_thread *own = alloc_new(sizeof *own);
    own->thread = thread;
    own->ended.fd = fd;
    *ret_own = own;
    return TEND_OK;
}

void own_thread_free(struct own_thread *own)
{
    close(own->ended.fd);
    free(own);
}

static void end(void *argument)
{
    struct own_thread *own = argument;
    int fd = own->ended.fd;
    uint64_t one = 1;
    if (atomic_exchange(&own->state, OWN_ENDED) == OWN_FORSAKEN) {
        own_thread_free(own);
        return;
    }
    ssize_t put = write(fd, &one, sizeof one); /* the core joins before it closes it */
    (void)put;
}

static void *run(void *argument)
{
    struct own_thread *own = argument;
    pthread_cleanup_push(end, own);
    own->thread->work(own->thread);
    pthread_cleanup_pop(1);
    return NULL;
}

/* Signals are the core's, but for those that a fault raises: blocked, they would end the process unseen. */
static void block_signals(sigset_t *ret_before)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    sigset_t most;
    sigfillset(&most);
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        sigdelset(&most, faults[i]);
    }
    pthread_sigmask(SIG_SETMASK, &most, ret_before);
}

enum tend_code own_thread_start(struct own_thread *own, struct error *err)
{
    sigset_t before;
    block_signals(&before);
    int failed = pthread_create(&own->id, NULL, run, own);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? TEND_OK
                       : FAIL(err, TEND_IO, "cannot start a thread: %s", strerror(failed));
}

void own_thread_join(struct own_thread *own)
{
    pthread_join(own->id, NULL);
    own_thread_free(own);
}

void own_thread_forsake(struct own_thread *own)
{
    pthread_t id = own->id;
    if (atomic_exchange(&own->state, OWN_FORSAKEN) == OWN_ENDED) {
        own_thread_join(own);
    } else {
        pthread_detach(id);
    }
}
