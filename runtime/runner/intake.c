/* Jobs cannot be taken back, so there is one at a time, and what is wanted meanwhile is remembered. */
#include "runner/intake.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/limits.h"

static void next_job(struct intake *intake);

static void set_again(struct intake *intake, int64_t after_ms)
{
    world_alarm_set(intake->world, &intake->again, world_ticks_ms(intake->world) + after_ms);
}

/* --- looking ----------------------------------------------------------------------------------- */

/* Somebody may be writing it: the pauses grow, and then it is said. */
static void on_half(struct intake *intake)
{
    static const int64_t pauses_ms[] = {TAKE_FIRST_MS, TAKE_SECOND_MS, TAKE_LAST_MS};
    if (intake->tries < COUNT_OF(pauses_ms)) {
        set_again(intake, pauses_ms[intake->tries++]);
    } else {
        intake->ops->waiting(intake, intake->err.message);
    }
}

/* Whoever replaces a file may delete it first. */
static void on_missed(struct intake *intake)
{
    if (intake->file_phase == FILE_THERE) {
        intake->file_phase = FILE_MISSED;
        set_again(intake, REMOVAL_SETTLE_MS);
    } else if (!heap_holds(&intake->again.node)) {
        intake->ops->gone(intake);
    }
}

static void on_found(struct intake *intake)
{
    intake->file_phase = FILE_THERE;
    world_alarm_clear(intake->world, &intake->again);
}

static void on_looked(struct intake *intake)
{
    switch (intake->code) {
    case TEND_OK:
        intake->ops->content(intake, &intake->loaded);
        return;
    case TEND_UNAVAILABLE:
        on_half(intake);
        return;
    case TEND_NOT_FOUND:
        on_missed(intake);
        return;
    case TEND_INVALID:
    case TEND_DENIED:
    case TEND_EXISTS:
    case TEND_CONFLICT:
    case TEND_GONE:
    case TEND_LIMIT:
    case TEND_TIMEOUT:
    case TEND_IO:
    case TEND_CORRUPT:
    case TEND_INTERNAL:
        intake->ops->refused(intake, intake->err.message);
        return;
    }
}

/* --- jobs -------------------------------------------------------------------------------------- */

static void work(struct job *job)
{
    struct intake *intake = CONTAINER_OF(job, struct intake, job);
    intake->err = (struct error)ERROR_INIT;
    intake->code = intake->hash[0] != '\0'
                       ? loader_recall(intake->file, intake->hash, intake->copies, &intake->loaded,
                                       &intake->err)
                       : loader_take(intake->file, intake->copies, &intake->loaded, &intake->err);
}

static void tell(struct intake *intake)
{
    if (intake->hash[0] != '\0') {
        intake->ops->recalled(intake, &intake->loaded,
                              intake->code == TEND_OK ? NULL : intake->err.message);
    } else if (intake->look == LOOK_DONE) { /* otherwise it is another one by now */
        if (intake->code != TEND_NOT_FOUND) {
            on_found(intake);
        }
        on_looked(intake);
    }
}

/* A job that is asked for while this one is told waits until nothing of this one is needed. */
static void done(struct job *job)
{
    struct intake *intake = CONTAINER_OF(job, struct intake, job);
    if (intake->closed != NULL) {
        loaded_done(&intake->loaded);
        world_soon(intake->world, intake->closed);
        return;
    }
    tell(intake);
    loaded_done(&intake->loaded);
    intake->hash[0] = '\0';
    intake->phase = INTAKE_IDLE;
    next_job(intake);
}

static void next_job(struct intake *intake)
{
    if (intake->phase != INTAKE_IDLE || intake->closed != NULL) {
        return;
    }
    if (intake->wanted[0] != '\0') {
        memcpy(intake->hash, intake->wanted, sizeof intake->hash);
        intake->wanted[0] = '\0';
        intake->phase = INTAKE_RECALLING;
    } else if (intake->look == LOOK_WANTED) {
        intake->look = LOOK_DONE;
        intake->phase = INTAKE_LOOKING;
    } else {
        return;
    }
    world_offload(intake->world, &intake->job);
}

static void on_again(struct alarm *alarm)
{
    struct intake *intake = CONTAINER_OF(alarm, struct intake, again);
    intake->look = LOOK_WANTED;
    next_job(intake);
}

/* --- life -------------------------------------------------------------------------------------- */

void intake_init(struct intake *intake, const struct intake_ops *ops, struct world *world,
                 const char *file, const char *copies)
{
    *intake = (struct intake){.ops = ops,
                              .world = world,
                              .file = file,
                              .copies = copies,
                              .job = {.lane = LANE_READ, .work = work, .done = done},
                              .again.fire = on_again};
}

void intake_look(struct intake *intake)
{
    intake->tries = 0;
    intake->look = LOOK_WANTED;
    if (intake->file_phase == FILE_THERE) { /* a file that is missed keeps its time */
        world_alarm_clear(intake->world, &intake->again);
    }
    next_job(intake);
}

void intake_recall(struct intake *intake, const char *hash)
{
    snprintf(intake->wanted, sizeof intake->wanted, "%s", hash);
    next_job(intake);
}

bool intake_is_busy(const struct intake *intake)
{
    return intake->phase != INTAKE_IDLE || intake->look == LOOK_WANTED ||
           intake->wanted[0] != '\0' || heap_holds(&intake->again.node);
}

bool intake_is_waiting(const struct intake *intake)
{
    return heap_holds(&intake->again.node);
}

bool intake_is_copying(const struct intake *intake)
{
    return intake->phase != INTAKE_IDLE;
}

void intake_close(struct intake *intake, struct task *closed)
{
    world_alarm_clear(intake->world, &intake->again);
    intake->closed = closed;
    if (intake->phase == INTAKE_IDLE) {
        world_soon(intake->world, closed);
    }
}
