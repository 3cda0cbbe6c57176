/* States that a new version calls by another name.
 *
 * The machine that is in force says which (resource/machine.h); an object that is still in the old state is
 * given the new name here, with its moment of entry, and its controller sees it after that. Whoever meets
 * one (the scan that follows a change of the machine, or a run that was about to start) notes its key; what
 * is to be done is decided when it is done, on the object as it is then.
 */
#include "controller/inside.h"
#include "document/patch.h"

bool rename_note(struct loop *loop, struct text key, const struct machine *machine,
                 const struct value *root)
{
    struct error err = ERROR_INIT;
    if (machine_renamed(machine, machine_state_of(machine, root)) == NULL) {
        return false;
    }
    if (work_queue_add(loop->renames.flow, key, WORK_CHANGE, &err) != TEND_OK) {
        log_error(loop->log, LOG_FIELDS({"object", key.ptr}), "its state keeps its old name: %s",
                  err.message);
    }
    return true;
}

struct renaming {
    const struct kind *kind;
    struct doc *doc;
    const struct value *root, *renamed;
};

/* What `key` becomes; false where it is in no old state. */
static bool find_renaming(struct loop *loop, struct text key, struct arena *arena,
                          struct renaming *ret_renaming)
{
    struct renaming found = {.doc = store_get(loop->store, key),
                             .kind = loop_kind_of_key(loop, key)};
    if (found.doc == NULL || found.kind == NULL || found.kind->machine == NULL ||
        doc_tree(found.doc, arena, &found.root, NULL) != TEND_OK) {
        return false;
    }
    const struct machine *machine = found.kind->machine;
    const char *to = machine_renamed(machine, machine_state_of(machine, found.root));
    if (to == NULL || machine_with_state(machine, arena, found.root, text_of(to), &found.renamed,
                                         NULL) != TEND_OK) {
        return false;
    }
    *ret_renaming = found;
    return true;
}

static void rename_run(struct loop *loop, struct work *work)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct renaming renaming;
    if (!find_renaming(loop, work->key, &arena, &renaming)) {
        work_queue_done(work, WORK_SETTLED);
        return;
    }
    struct meta meta = meta_of(renaming.root);
    struct admission_request request = {
        .verb = renaming.kind->has_status ? ADMIT_PATCH_STATUS : ADMIT_PATCH,
        .resource = text_of(renaming.kind->resource),
        .namespace = meta.namespace,
        .name = meta.name,
        .body = patch_between(&arena, renaming.root, renaming.renamed),
        .expect = {.uid = meta.uid, .content = renaming.doc},
        .reason = TEXT("StateRenamed")};
    chore_submit(
        loop, work,
        &(struct admission_set){.requests = &request, .count = 1, .writer = {.role = WRITER_HOST}});
}

static enum work_end rename_answered(struct loop *loop, struct text key,
                                     const struct admission_result *result)
{
    if (result->code == TEND_CONFLICT) { /* the object is another one by now: look again */
        struct error err = ERROR_INIT;
        return work_queue_add(loop->renames.flow, key, WORK_CHANGE, &err) == TEND_OK ? WORK_STAYED
                                                                                     : WORK_FAILED;
    }
    enum work_end end = chore_end(result);
    if (end == WORK_FAILED) {
        log_error(loop->log, LOG_FIELDS({"object", key.ptr}), "its state keeps its old name: %s",
                  result->message);
    }
    return end;
}

const struct chore_ops rename_ops = {.run = rename_run, .answered = rename_answered};
