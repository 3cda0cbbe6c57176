/* An executor that does nothing: it notes what is asked for, and the test says how it ended. */
#ifndef SUPPORT_NOTED_EXECUTOR_H
#define SUPPORT_NOTED_EXECUTOR_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/list.h"
#include "document/json.h"
#include "effect/effect.h"

struct noted {
    struct list link; /* in executor->going */
    struct effect *effect;
    char *question; /* canonical JSON */
};

struct noted_executor {
    struct executor executor;
    struct list going; /* oldest first */
    size_t started, cancelled;
    void (*on_start)(void *owner); /* NULL, or looks around before it begins */
    void *owner;
};

static inline struct noted *noted_first(const struct noted_executor *noted)
{
    return list_empty(&noted->going) ? NULL : CONTAINER_OF(noted->going.next, struct noted, link);
}

static inline void noted_drop(struct noted *note)
{
    list_remove(&note->link);
    free(note->question);
    free(note);
}

static inline void noted_start(struct executor *executor, struct effect *effect,
                               const struct value *question)
{
    struct noted_executor *noted = CONTAINER_OF(executor, struct noted_executor, executor);
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(MIB);
    struct noted *note = alloc_new(sizeof *note);
    json_write(&bytes, question);
    note->effect = effect;
    note->question = alloc_text(bytes.data, bytes.len);
    list_append(&noted->going, &note->link);
    noted->started++;
    if (noted->on_start != NULL) {
        noted->on_start(noted->owner);
    }
}

static inline void noted_cancel(struct executor *executor, struct effect *effect)
{
    struct noted_executor *noted = CONTAINER_OF(executor, struct noted_executor, executor);
    LIST_FOREACH_SAFE (link, &noted->going) {
        struct noted *note = CONTAINER_OF(link, struct noted, link);
        if (note->effect == effect) {
            noted_drop(note);
            noted->cancelled++;
        }
    }
}

static inline void noted_init(struct noted_executor *noted)
{
    static const struct executor_ops ops = {.start = noted_start, .cancel = noted_cancel};
    *noted = (struct noted_executor){.executor.ops = &ops};
    list_init(&noted->going);
}

/* What the oldest that is under way was asked; "" where there is none. */
static inline const char *noted_question(const struct noted_executor *noted)
{
    const struct noted *first = noted_first(noted);
    return first == NULL ? "" : first->question;
}

/* The oldest ends, with a result in JSON. */
static inline void noted_end(struct noted_executor *noted, const char *result)
{
    struct noted *first = noted_first(noted);
    struct effect *effect = first->effect;
    noted_drop(first);
    effect->done(effect, text_of(result));
}

#endif
