/* What is said of the end of a runner, and of one that does not end. Only code inside the host can be stuck: a
 * process that does not end is killed. */
#include <stdio.h>

#include "document/doc.h"
#include "resource/meta.h"
#include "runner/runner_inside.h"

/* "LabInstance default/a"; what was cancelled meanwhile has no name any more. */
static struct text name_of(const struct reconcile_call *call, struct arena *arena)
{
    const struct value *root = NULL;
    if (call == NULL || flight_is_ghost(call) ||
        doc_tree(call->object, arena, &root, NULL) != TEND_OK) {
        return TEXT("an object that was let go");
    }
    struct meta meta = meta_of(root);
    return arena_format(arena, "%.*s %.*s%s%.*s", TEXT_ARG(value_get_text(root, TEXT("kind"))),
                        TEXT_ARG(meta.namespace), meta.namespace.len > 0 ? "/" : "",
                        TEXT_ARG(meta.name));
}

/* Since when `id` executes, as the page says, in ticks; `otherwise` where it does not. */
static int64_t began_ms(const struct page *page, uint64_t id, int64_t otherwise)
{
    for (size_t i = 0; i < RUNNER_LANES_MAX; i++) {
        const struct page_lane *lane = &page->lanes[i];
        uint64_t slices = atomic_load_explicit(&lane->slices, memory_order_acquire);
        if (slices % 2 == 1 && atomic_load_explicit(&lane->executing, memory_order_relaxed) == id) {
            return atomic_load_explicit(&lane->began_ms, memory_order_relaxed);
        }
    }
    return otherwise;
}

void runner_describe_stuck(struct runner *runner)
{
    static const char *const way_out =
        "it is inline, so the host has to be restarted to get rid of it";
    CLEANUP(arena_done) struct arena arena = {0};
    int64_t now_ms = world_ticks_ms(runner->world);
    const struct reconcile_call *call = flight_find(&runner->flight, runner->accused);
    struct text what = arena_text(&arena, text_of(runner->why));
    if (runner->accused != 0) {
        what = arena_format(&arena, "in %s of %.*s for %lld s",
                            call != NULL && call->verb == VERB_FINALIZE ? "finalize" : "reconcile",
                            TEXT_ARG(name_of(call, &arena)),
                            (long long)(now_ms - began_ms(runner->page, runner->accused, now_ms)) /
                                1000);
    } else {
        what = arena_format(&arena, "%.*s, and it does not end", TEXT_ARG(what));
    }
    snprintf(runner->why, sizeof runner->why, "%.*s; %s", TEXT_ARG(what), way_out);
}

const char *runner_tell_end(const struct runner *runner, uint64_t culprit, struct arena *arena)
{
    const struct reconcile_call *call = flight_find(&runner->flight, culprit);
    if (call == NULL || flight_is_ghost(call) || runner->phase == STUCK) {
        return arena_text(arena, text_of(runner->why)).ptr;
    }
    return arena_format(arena, "%s, in a run over %.*s", runner->why,
                        TEXT_ARG(name_of(call, arena)))
        .ptr;
}
