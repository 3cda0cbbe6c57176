/* The answer is asked for when an effect begins, in a step of its own: whoever answers may look at the world,
 * and what began is seen as begun before it ends. */
#include "sim/recorder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"

struct going {
    struct list link; /* in recorder->going */
    struct recorder *recorder;
    struct effect *effect;
    struct asked *asked;
    struct task begin;
    struct alarm end;
    char *result;
};

static void going_free(struct going *going)
{
    list_remove(&going->link);
    list_remove(&going->begin.link);
    world_alarm_clear(going->recorder->world, &going->end);
    free(going->result);
    free(going);
}

static size_t mark_of(const struct recorder *recorder)
{
    return recorder->mark == NULL ? 0 : *recorder->mark;
}

/* The same, which the host had asked for before it died; it counts once. One that the host died of before it was
 * answered stands for the one of that record before it. NULL: there is none. */
static const struct asked *take_lost(struct recorder *recorder, const struct asked *asked)
{
    const struct asked *found = NULL;
    for (size_t i = recorder->count; i-- > 0;) {
        struct asked *before = recorder->asked[i];
        bool is_it = before->lost && strcmp(before->question, asked->question) == 0 &&
                     strcmp(before->object, asked->object) == 0 &&
                     (found == NULL || (found->record != 0 && found->record == before->record));
        if (is_it) {
            before->lost = false;
            found = before;
        }
        if (is_it && before->end_ms >= 0) {
            break;
        }
    }
    return found;
}

void recorder_lose(struct recorder *recorder, bool (*kept)(const struct asked *asked, void *owner))
{
    for (size_t i = 0; i < recorder->count; i++) {
        struct asked *asked = recorder->asked[i];
        asked->lost = asked->phase == ASKED_CANCELLED ||
                      (asked->phase == ASKED_DONE && !kept(asked, recorder->owner));
    }
}

static void on_end(struct alarm *alarm)
{
    struct going *going = CONTAINER_OF(alarm, struct going, end);
    struct effect *effect = going->effect;
    CLEANUP(freep) char *result = TAKE(going->result);
    going->asked->phase = ASKED_DONE;
    going->asked->end_mark = mark_of(going->recorder);
    going->recorder->ended++;
    going_free(going);
    effect->done(effect, text_of(result));
}

static void on_begin(struct task *task)
{
    struct going *going = CONTAINER_OF(task, struct going, begin);
    struct recorder *recorder = going->recorder;
    struct recorder_answer answer = {0};
    if (recorder->answer(going->asked, &answer, recorder->owner)) {
        int64_t now_ms = world_ticks_ms(recorder->world);
        const struct asked *before = take_lost(recorder, going->asked);
        going->result = answer.result;
        going->asked->end_ms = before == NULL || before->end_ms < 0 ? now_ms + answer.takes_ms
                               : before->end_ms > now_ms            ? before->end_ms
                                                                    : now_ms;
        world_alarm_set(recorder->world, &going->end, going->asked->end_ms);
    }
}

/* Was the same named effect begun before? */
static bool is_known(const struct recorder *recorder, const struct effect *effect)
{
    for (size_t i = 0; effect->record != 0 && i < recorder->count; i++) {
        const struct asked *asked = recorder->asked[i];
        if (asked->record == effect->record && strcmp(asked->object, effect->object) == 0) {
            return true;
        }
    }
    return false;
}

static struct asked *note(struct recorder *recorder, const struct effect *effect,
                          const struct value *question)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(MIB);
    struct asked *asked = alloc_new(sizeof *asked);
    json_write(&bytes, question);
    *asked = (struct asked){
        .at_ms = world_ticks_ms(recorder->world),
        .mark = mark_of(recorder),
        .end_ms = -1,
        .question = buffer_take(&bytes),
        .controller = alloc_dup(effect->controller == NULL ? "" : effect->controller),
        .object = alloc_dup(effect->object == NULL ? "" : effect->object),
        .record = effect->record,
        .again = is_known(recorder, effect),
    };
    if ((recorder->count & (recorder->count - 1)) == 0) { /* 0, 1, 2, 4, 8, ... */
        size_t room = recorder->count == 0 ? 1 : 2 * recorder->count;
        recorder->asked = alloc_resize(recorder->asked, room, sizeof(struct asked *));
    }
    recorder->asked[recorder->count++] = asked;
    return asked;
}

static void start(struct executor *executor, struct effect *effect, const struct value *question)
{
    struct recorder *recorder = CONTAINER_OF(executor, struct recorder, executor);
    struct going *going = alloc_new(sizeof *going);
    going->recorder = recorder;
    going->effect = effect;
    going->asked = note(recorder, effect, question);
    going->begin.run = on_begin;
    going->end.fire = on_end;
    effect->impl = going;
    list_append(&recorder->going, &going->link);
    recorder->began++;
    world_soon(recorder->world, &going->begin);
}

static void cancel(struct executor *executor, struct effect *effect)
{
    struct going *going = effect->impl;
    (void)executor;
    going->asked->phase = ASKED_CANCELLED;
    going_free(going);
}

void recorder_init(struct recorder *recorder)
{
    static const struct executor_ops ops = {.start = start, .cancel = cancel};
    *recorder = (struct recorder){.executor.ops = &ops};
    list_init(&recorder->going);
}

void recorder_done(struct recorder *recorder)
{
    assert(list_empty(&recorder->going));
    for (size_t i = 0; i < recorder->count; i++) {
        free(recorder->asked[i]->question);
        free(recorder->asked[i]->controller);
        free(recorder->asked[i]->object);
        free(recorder->asked[i]);
    }
    free(recorder->asked);
}
