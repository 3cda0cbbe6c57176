/* The lock is held for list operations only, never while a job works. */
#include "host/worker_lane.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void worker_lane_init(struct worker_lane *lane, int wake_fd)
{
    *lane = (struct worker_lane){.wake_fd = wake_fd};
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->more, NULL);
    list_init(&lane->waiting);
    list_init(&lane->finished);
}

static struct job *next_job(struct worker_lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    while (list_empty(&lane->waiting) && !lane->ending) {
        pthread_cond_wait(&lane->more, &lane->lock);
    }
    struct list *link = list_pop(&lane->waiting);
    pthread_mutex_unlock(&lane->lock);
    return link == NULL ? NULL : CONTAINER_OF(link, struct job, link);
}

static void finish(struct worker_lane *lane, struct job *job)
{
    pthread_mutex_lock(&lane->lock);
    list_append(&lane->finished, &job->link);
    pthread_mutex_unlock(&lane->lock);
    uint64_t one = 1;
    ssize_t put = write(lane->wake_fd, &one, sizeof one);
    (void)put; /* fails only when the counter is full: then the loop is awake already */
}

static void *work(void *argument)
{
    struct worker_lane *lane = argument;
    for (struct job *job = next_job(lane); job != NULL; job = next_job(lane)) {
        job->work(job);
        finish(lane, job);
    }
    return NULL;
}

/* Signals are the core's: a worker thread takes none. */
static void start(struct worker_lane *lane)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&lane->thread, NULL, work, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        fprintf(stderr, "tend: cannot start a thread: %s\n", strerror(failed));
        abort(); /* like memory: without it nothing can be done, and restart is the recovery */
    }
    lane->started = true;
}

void worker_lane_add(struct worker_lane *lane, struct job *job)
{
    if (!lane->started) {
        start(lane);
    }
    pthread_mutex_lock(&lane->lock);
    list_append(&lane->waiting, &job->link);
    pthread_mutex_unlock(&lane->lock);
    pthread_cond_signal(&lane->more); /* afterwards: who wakes would only wait for the lock */
}

void worker_lane_collect(struct worker_lane *lane, struct list *ret_jobs)
{
    list_init(ret_jobs);
    pthread_mutex_lock(&lane->lock);
    list_splice(ret_jobs, &lane->finished);
    pthread_mutex_unlock(&lane->lock);
}

void worker_lane_done(struct worker_lane *lane)
{
    if (lane->started) {
        pthread_mutex_lock(&lane->lock);
        lane->ending = true;
        pthread_cond_signal(&lane->more);
        pthread_mutex_unlock(&lane->lock);
        pthread_join(lane->thread, NULL);
    }
    pthread_cond_destroy(&lane->more);
    pthread_mutex_destroy(&lane->lock);
}
