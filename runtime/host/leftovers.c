/* Jobs of a lane keep their order, so a copy that is made after the tidying was asked for is made after it.
 * One that is being made when it is asked for is nobody's yet: its owner has to wait for it. */
#include "host/leftovers.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/report.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "resource/meta.h"
#include "runner/loader.h"

/* Call `each` with every Controller that the store knows. */
static void walk(struct leftovers *leftovers, struct arena *arena,
                 void (*each)(struct leftovers *leftovers, const struct value *root,
                              struct arena *arena))
{
    struct store *store = leftovers->store;
    struct store_entry entries[SWEEP_SLICE];
    struct text prefix = key_prefix_kind(arena, TEXT(BUILTIN_CONTROLLERS)), after = TEXT("");
    size_t count;
    do {
        count = store_list(store, store_revision(store), prefix, after, entries, COUNT_OF(entries));
        for (size_t i = 0; i < count; i++) {
            const struct value *root = NULL;
            if (doc_tree(entries[i].doc, arena, &root, NULL) == TEND_OK) {
                each(leftovers, root, arena);
            }
            after = entries[i].key;
        }
    } while (count == COUNT_OF(entries));
}

static struct text status_text(const struct value *root, const char *field)
{
    return value_text_or(value_get(value_field(root, "status"), text_of(field)), TEXT(""));
}

/* --- Controllers -------------------------------------------------------------------------------- */

/* Lost for what became of its process, which the next one would mend: a file that is gone, it does not. */
static bool lacks_a_process(const struct value *root)
{
    struct text reason = status_text(root, "reason");
    return text_is(status_text(root, "phase"), "lost") &&
           (text_is(reason, "WorkerLost") || text_is(reason, "Stuck"));
}

/* Nobody has it any more, and it does not say so. What its file is refused for says more, also where that is
 * only on its way to the store: one that says nothing yet was made a moment ago. */
static bool is_orphan(struct leftovers *leftovers, const struct value *root)
{
    struct text phase = status_text(root, "phase");
    bool told =
        text_is(phase, "refused") || text_is(phase, "waiting") || text_is(phase, "disabled");
    if (phase.len == 0 && report_is_known(leftovers->loop, meta_of(root).name)) {
        return false;
    }
    return (!text_is(phase, "lost") || lacks_a_process(root)) &&
           !(told && leftovers->ops->is_unserved(leftovers, status_text(root, "file")));
}

static void tell_disabled(struct leftovers *leftovers, const struct value *root,
                          struct arena *arena)
{
    struct text file = status_text(root, "file");
    struct text message = arena_format(
        arena, "%.*s, which has it, is not loaded: the host's configuration says `enabled: false`",
        TEXT_ARG(file));
    struct report report = {.name = arena_text(arena, meta_of(root).name).ptr,
                            .phase = "disabled",
                            .reason = "Disabled",
                            .message = message.ptr,
                            .contested = "",
                            .since_ms = world_wall_ms(leftovers->world)};
    report_write(leftovers->loop, &report);
}

static void tell_orphan(struct leftovers *leftovers, const struct value *root, struct arena *arena)
{
    if (leftovers->ops->has_controller(leftovers, meta_of(root).name)) {
        return;
    }
    if (leftovers->ops->is_disabled(leftovers, status_text(root, "file"))) {
        if (!text_is(status_text(root, "phase"), "disabled")) {
            tell_disabled(leftovers, root, arena);
        }
    } else if (is_orphan(leftovers, root)) {
        struct report report = {.name = arena_text(arena, meta_of(root).name).ptr,
                                .phase = "lost",
                                .reason = "NoPlugin",
                                .message = "no plugin in the folders has this controller",
                                .contested = "",
                                .since_ms = world_wall_ms(leftovers->world)};
        report_write(leftovers->loop, &report);
    }
}

void leftovers_tell(struct leftovers *leftovers)
{
    CLEANUP(arena_done) struct arena arena = {0};
    walk(leftovers, &arena, tell_orphan);
}

/* --- copies ------------------------------------------------------------------------------------- */

void leftovers_keep(struct leftovers *leftovers, const char *hash)
{
    leftovers->kept =
        alloc_resize(leftovers->kept, leftovers->kept_count + 1, sizeof *leftovers->kept);
    leftovers->kept[leftovers->kept_count++] = arena_text(&leftovers->arena, text_of(hash)).ptr;
}

void leftovers_forget(struct leftovers *leftovers)
{
    free(leftovers->kept);
    leftovers->kept = NULL;
    leftovers->kept_count = 0;
    arena_done(&leftovers->arena);
}

static void keep_named(struct leftovers *leftovers, const struct value *root, struct arena *arena)
{
    struct text phase = status_text(root, "phase");
    struct text good = status_text(root, "lastGood"), hash = status_text(root, "hash");
    (void)arena;
    if (good.len > 0) {
        leftovers_keep(leftovers, good.ptr);
    }
    if (hash.len > 0 && (text_is(phase, "live") || text_is(phase, "lost"))) {
        leftovers_keep(leftovers, hash.ptr);
    }
}

static void tidy(struct job *job)
{
    struct leftovers *leftovers = CONTAINER_OF(job, struct leftovers, job);
    loader_tidy(leftovers->copies, leftovers->kept, leftovers->kept_count);
}

static void on_tidied(struct job *job)
{
    struct leftovers *leftovers = CONTAINER_OF(job, struct leftovers, job);
    leftovers_forget(leftovers);
    leftovers->phase = LEFTOVERS_IDLE;
    leftovers->ops->tidied(leftovers);
}

void leftovers_tidy(struct leftovers *leftovers)
{
    CLEANUP(arena_done) struct arena arena = {0};
    walk(leftovers, &arena, keep_named);
    leftovers->phase = LEFTOVERS_TIDYING;
    world_offload(leftovers->world, &leftovers->job);
}

/* --- life --------------------------------------------------------------------------------------- */

void leftovers_init(struct leftovers *leftovers)
{
    leftovers->job = (struct job){.lane = LANE_READ, .work = tidy, .done = on_tidied};
}

void leftovers_done(struct leftovers *leftovers)
{
    leftovers_forget(leftovers);
}
