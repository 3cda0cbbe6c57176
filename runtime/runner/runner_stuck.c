/* Only code inside the host can be stuck: a process that does not end is killed. */
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

void runner_describe_stuck(struct runner *runner)
{
    static const char *const way_out =
        "it is inline, so the host has to be restarted to get rid of it";
    CLEANUP(arena_done) struct arena arena = {0};
    uint64_t slices = atomic_load_explicit(&runner->page->slices, memory_order_acquire);
    uint64_t id = atomic_load_explicit(&runner->page->executing, memory_order_relaxed);
    int64_t began_ms = atomic_load_explicit(&runner->page->began_ms, memory_order_relaxed);
    const struct reconcile_call *call = flight_find(&runner->flight, id);
    if (slices % 2 == 0) {
        struct text why = arena_text(&arena, text_of(runner->why));
        snprintf(runner->why, sizeof runner->why, "%.*s, and it does not end; %s", TEXT_ARG(why),
                 way_out);
        return;
    }
    snprintf(runner->why, sizeof runner->why, "in %s of %.*s for %lld s; %s",
             call != NULL && call->verb == VERB_FINALIZE ? "finalize" : "reconcile",
             TEXT_ARG(name_of(call, &arena)),
             (long long)(world_ticks_ms(runner->world) - began_ms) / 1000, way_out);
}
