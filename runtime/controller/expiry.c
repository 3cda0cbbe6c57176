/* Events live for an hour after they were last said. Each has a moment in the queue; one that was said
 * again meanwhile is looked at once too early, and then again. */
#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "controller/inside.h"
#include "resource/key.h"

static int64_t expires_ms(const struct value *root)
{
    int64_t last_ms;
    if (!moment_parse(value_text_or(value_field(root, "lastTimestamp"), TEXT("")), &last_ms)) {
        last_ms = meta_of(root).creation_ms;
    }
    return last_ms == META_NO_MOMENT ? 0 : last_ms + EVENT_LIFE_MS;
}

void expiry_note(struct loop *loop, struct text key, const struct value *root)
{
    int64_t rest_ms = expires_ms(root) - world_wall_ms(loop->world);
    struct error err = ERROR_INIT;
    if (work_queue_after(loop->expiries.flow, key, rest_ms < 0 ? 0 : rest_ms, &err) != TEND_OK) {
        log_debug(loop->log, LOG_FIELDS({"event", key.ptr}), "it stays until the next start: %s",
                  err.message);
    }
}

void expiry_forget(struct loop *loop, struct text key)
{
    work_queue_drop(loop->expiries.flow, key);
}

static void expiry_run(struct loop *loop, struct work *work)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct doc *doc = store_get(loop->store, work->key);
    const struct value *root;
    struct key_parts parts;
    if (doc == NULL || doc_tree(doc, &arena, &root, NULL) != TEND_OK ||
        key_split(work->key, &parts, NULL) != TEND_OK) {
        work_queue_done(work, WORK_SETTLED);
        return;
    }
    if (expires_ms(root) > world_wall_ms(loop->world)) {
        expiry_note(loop, work->key, root);
        work_queue_done(work, WORK_SETTLED);
        return;
    }
    struct admission_request request = {.verb = ADMIT_DELETE,
                                        .resource = parts.resource,
                                        .namespace = parts.namespace,
                                        .name = parts.name,
                                        .expect = {.revision = meta_of(root).revision},
                                        .reason = TEXT("expired")};
    chore_submit(
        loop, work,
        &(struct admission_set){.requests = &request, .count = 1, .writer = {.role = WRITER_HOST}});
}

static enum work_end expiry_answered(struct loop *loop, struct text key,
                                     const struct admission_result *result)
{
    (void)loop;
    (void)key;
    return chore_end(result); /* a conflict: it was said again; looked at again after a backoff */
}

const struct chore_ops expiry_ops = {.run = expiry_run, .answered = expiry_answered};
