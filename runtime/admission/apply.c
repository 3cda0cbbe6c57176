/* The three-way merge of kubectl apply, with the gate as the one who remembers: what was applied last,
 * what is applied now, what is there. */
#include "admission/apply.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/patch.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

static bool declares_all(const struct hearing *hearing)
{
    switch (hearing_role(hearing)) {
    case WRITER_CLIENT:
    case WRITER_MANIFEST:
        return true;
    case WRITER_CONTROLLER:
    case WRITER_OBSERVER:
    case WRITER_HOST:
        return false;
    }
    return false;
}

const struct value *apply_body(struct hearing *hearing, const struct value *body)
{
    struct arena *arena = &hearing->set->arena;
    if (!declares_all(hearing)) {
        return body;
    }
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(APPLIED_BYTES_MAX);
    json_write(&text, meta_with_annotation(arena, body, LAST_APPLIED, TEXT("")));
    if (text.full) {
        hearing_warn(hearing,
                     "too large to be remembered: fields that are dropped later will stay");
        return body;
    }
    return meta_with_annotation(arena, body, LAST_APPLIED, buffer_view(&text));
}

const struct value *apply_base(struct hearing *hearing, const struct value *body)
{
    struct arena *arena = &hearing->set->arena;
    const struct value *now = hearing->entry->now, *last = NULL;
    struct meta meta = meta_of(now);
    struct text text = meta_annotation(&meta, LAST_APPLIED);
    if (!declares_all(hearing) || text.len == 0 ||
        json_parse(arena, text, &last, NULL) != TEND_OK) {
        return now;
    }
    const struct value *dropped = patch_between(arena, last, body);
    return dropped == NULL ? now : patch_merge(arena, now, dropped);
}
