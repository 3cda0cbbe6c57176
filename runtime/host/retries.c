/* Where the log does not reach back to what was seen last, it goes on at the head: an asking that is lost costs
 * its asker another one, and nothing that runs. */
#include "host/retries.h"

#include <assert.h>

#include "base/alloc.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "resource/meta.h"

enum { EVENTS_AT_ONCE = 16 };

static void take(struct retries *retries, const struct follow_event *event)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *before = NULL, *now = NULL;
    if (event->op != FOLLOW_MODIFIED || event->change->before == NULL ||
        doc_tree(event->change->before, &arena, &before, NULL) != TEND_OK ||
        doc_tree(event->doc, &arena, &now, NULL) != TEND_OK) {
        return;
    }
    struct meta was = meta_of(before), is = meta_of(now);
    struct text file = value_text_or(value_field(value_field(now, "status"), "file"), TEXT(""));
    if (meta_asks_retry(&was, &is) && file.len > 0) {
        retries->asked(retries, arena_text(&arena, file).ptr);
    }
}

static void follow(struct retries *retries);

static void on_ready(struct follower *follower)
{
    struct retries *retries = CONTAINER_OF(follower, struct retries, follower);
    struct follow_event events[EVENTS_AT_ONCE];
    struct error err = ERROR_INIT;
    size_t count;
    do {
        if (follower_pull(follower, events, COUNT_OF(events), &count, &err) != TEND_OK) {
            follower_stop(follower);
            follow(retries);
            return;
        }
        for (size_t i = 0; i < count; i++) {
            take(retries, &events[i]);
        }
    } while (count > 0);
}

static void follow(struct retries *retries)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct text prefix = key_prefix_kind(&arena, TEXT(BUILTIN_CONTROLLERS));
    retries->follower = (struct follower){.ready = on_ready};
    enum tend_code code = follower_start(
        retries->watch, &retries->follower, selection_of(prefix, NULL),
        &(struct follow_options){.start = FOLLOW_AFTER, .after = store_revision(retries->store)},
        &err);
    assert(code == TEND_OK); /* the head is always there */
    (void)code;
}

void retries_open(struct retries *retries, struct watch *watch, struct store *store)
{
    retries->watch = watch;
    retries->store = store;
    follow(retries);
}

void retries_close(struct retries *retries)
{
    follower_stop(&retries->follower);
}
