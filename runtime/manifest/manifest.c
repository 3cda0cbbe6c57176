/* Files wait in one line and are passed over one at a time: a folder of thousands costs one arena, and
 * the order of reports is the order of files. A file that has to wait, or was refused, is passed over
 * again when a definition or a namespace comes; nothing polls.
 */
#include "manifest/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/folder.h"
#include "base/limits.h"
#include "base/map.h"
#include "document/utf8.h"
#include "manifest/pass.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "watch/follower.h"

struct file {
    struct list link; /* in `dirty`, or in none */
    char *path;
    enum { FILE_NEW, FILE_SETTLED, FILE_UNSETTLED /* waits, or was refused */ } state;
};

/* What is in a folder, listed by a worker. */
struct listing {
    struct job job;
    struct manifests *manifests;
    const char *folder; /* NULL: none is under way */
    struct folder_files files;
    enum tend_code code;
    struct error err;
};

struct watched {
    struct folder folder;
    struct manifests *manifests;
};

struct trigger {
    struct follower follower;
    struct manifests *manifests;
};

struct manifests {
    struct manifests_options options; /* folders and folder_count are not used after the start */
    struct watched *folders;
    size_t folder_count;
    struct map files; /* path -> struct file */
    struct list dirty;
    struct task step;
    struct pass pass;
    struct file *passing;   /* the pass is about this one; NULL: none is under way */
    struct listing listing; /* folder != NULL: under way */
    bool *relist;           /* for each folder: list it */
    struct trigger triggers[2];
};

/* --- the line of files ------------------------------------------------------------------------- */

static void step_soon(struct manifests *manifests)
{
    world_soon(manifests->options.world, &manifests->step);
}

static struct file *file_at(struct manifests *manifests, const char *path)
{
    struct file *file = map_get(&manifests->files, text_of(path));
    if (file == NULL) {
        file = alloc_new(sizeof *file);
        file->path = alloc_dup(path);
        map_put(&manifests->files, text_of(file->path), file);
    }
    return file;
}

static void look_at(struct manifests *manifests, struct file *file)
{
    if (!list_linked(&file->link)) {
        list_append(&manifests->dirty, &file->link);
    }
    step_soon(manifests);
}

/* A name that is no text cannot stand in a document. */
static void look_at_path(struct manifests *manifests, const char *path)
{
    if (utf8_is_text(path)) {
        look_at(manifests, file_at(manifests, path));
    } else {
        log_warn(manifests->options.world->log, LOG_FIELDS({"file", path}),
                 "it is passed over: its name is no UTF-8 text");
    }
}

static void forget(struct manifests *manifests, struct file *file)
{
    list_remove(&file->link);
    map_remove(&manifests->files, text_of(file->path));
    free(file->path);
    free(file);
}

static void on_passed(struct pass *pass)
{
    struct manifests *manifests = CONTAINER_OF(pass, struct manifests, pass);
    struct file *file = manifests->passing;
    manifests->passing = NULL;
    enum record_phase phase = pass->phase;
    pass_done(pass);
    switch (phase) {
    case PHASE_APPLIED:
        file->state = FILE_SETTLED;
        break;
    case PHASE_WAITING:
    case PHASE_REFUSED:
        file->state = FILE_UNSETTLED;
        break;
    case PHASE_REMOVED:
        if (!list_linked(&file->link)) { /* unless it came back meanwhile */
            forget(manifests, file);
        }
        break;
    }
    step_soon(manifests);
}

static void start_pass(struct manifests *manifests, struct file *file)
{
    manifests->passing = file;
    manifests->pass.finished = on_passed;
    pass_start(&manifests->pass, manifests->options.world, manifests->options.store,
               manifests->options.gate, file->path);
}

/* --- listing ----------------------------------------------------------------------------------- */

static bool is_manifest(const char *name)
{
    struct text text = text_of(name);
    return text_ends(text, TEXT(".yaml")) || text_ends(text, TEXT(".yml")) ||
           text_ends(text, TEXT(".json"));
}

static void list_folder(struct job *job)
{
    struct listing *listing = CONTAINER_OF(job, struct listing, job);
    listing->code = folder_read(listing->folder, is_manifest, MANIFEST_FILES_MAX, &listing->files,
                                &listing->err);
}

static void clear_listing(struct listing *listing)
{
    folder_files_done(&listing->files);
    *listing = (struct listing){0};
}

static bool in_folder(const struct file *file, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(file->path, folder, len) == 0 && file->path[len] == '/' &&
           strchr(file->path + len + 1, '/') == NULL;
}

static void on_listed(struct job *job)
{
    struct listing *listing = CONTAINER_OF(job, struct listing, job);
    struct manifests *manifests = listing->manifests;
    if (listing->code != TEND_OK) {
        log_debug(manifests->options.world->log, LOG_NONE, "%s", listing->err.message);
    }
    if (listing->files.left_out > 0) {
        log_warn(manifests->options.world->log, LOG_NONE,
                 "%zu files of %s are not looked at: more than %u are in it",
                 listing->files.left_out, listing->folder, MANIFEST_FILES_MAX);
    }
    for (size_t i = 0; i < listing->files.count; i++) {
        look_at_path(manifests, listing->files.paths[i]);
    }
    MAP_FOREACH (slot, &manifests->files) {
        struct file *file = slot->value;
        if (in_folder(file, listing->folder) && !list_linked(&file->link)) {
            look_at(manifests, file); /* known, and not listed any more: it was removed */
        }
    }
    clear_listing(listing);
    step_soon(manifests);
}

static bool start_listing(struct manifests *manifests)
{
    for (size_t i = 0; i < manifests->folder_count; i++) {
        if (manifests->relist[i]) {
            manifests->relist[i] = false;
            manifests->listing = (struct listing){
                .job = {.lane = LANE_READ, .work = list_folder, .done = on_listed},
                .manifests = manifests,
                .folder = manifests->folders[i].folder.path,
            };
            world_offload(manifests->options.world, &manifests->listing.job);
            return true;
        }
    }
    return false;
}

/* One thing at a time: a listing before files, so that files are taken in order. */
static void on_step(struct task *task)
{
    struct manifests *manifests = CONTAINER_OF(task, struct manifests, step);
    if (manifests->passing != NULL || manifests->listing.folder != NULL ||
        start_listing(manifests)) {
        return;
    }
    struct list *link = list_pop(&manifests->dirty);
    if (link != NULL) {
        start_pass(manifests, CONTAINER_OF(link, struct file, link));
    }
}

static void on_list(struct folder *folder)
{
    struct watched *watched = CONTAINER_OF(folder, struct watched, folder);
    struct manifests *manifests = watched->manifests;
    manifests->relist[watched - manifests->folders] = true;
    step_soon(manifests);
}

static void on_changed(struct folder *folder, const char *name)
{
    struct watched *watched = CONTAINER_OF(folder, struct watched, folder);
    size_t size = strlen(folder->path) + strlen(name) + 2;
    CLEANUP(freep) char *path = alloc_new(size);
    snprintf(path, size, "%s/%s", folder->path, name);
    look_at_path(watched->manifests, path);
}

/* --- what files wait for ----------------------------------------------------------------------- */

/* The one that is passed over now may have been judged before what it waits for came. */
static void look_again(struct manifests *manifests)
{
    MAP_FOREACH (slot, &manifests->files) {
        struct file *file = slot->value;
        if (file->state == FILE_UNSETTLED || file == manifests->passing) {
            look_at(manifests, file);
        }
    }
}

static void on_trigger(struct follower *follower)
{
    struct trigger *trigger = CONTAINER_OF(follower, struct trigger, follower);
    struct follow_event events[16];
    size_t count = 0;
    struct error err;
    bool came = false;
    while (follower_pull(follower, events, COUNT_OF(events), &count, &err) == TEND_OK &&
           count > 0) {
        for (size_t i = 0; i < count; i++) {
            came = came || events[i].op == FOLLOW_ADDED || events[i].op == FOLLOW_MODIFIED;
        }
    }
    if (came) {
        look_again(trigger->manifests);
    }
}

static enum tend_code start_trigger(struct manifests *manifests, struct trigger *trigger,
                                    struct text resource, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct selection selection = selection_of(key_prefix_kind(&arena, resource), NULL);
    struct follow_options options = {.start = FOLLOW_AFTER,
                                     .after = watch_revision(manifests->options.watch)};
    *trigger = (struct trigger){.follower.ready = on_trigger, .manifests = manifests};
    return follower_start(manifests->options.watch, &trigger->follower, selection, &options, err);
}

/* --- life -------------------------------------------------------------------------------------- */

static enum tend_code open_folders(struct manifests *manifests, struct error *err)
{
    for (size_t i = 0; i < manifests->folder_count; i++) {
        struct watched *watched = &manifests->folders[i];
        watched->manifests = manifests;
        watched->folder =
            (struct folder){.takes = is_manifest, .changed = on_changed, .list = on_list};
        TRY(folder_open(&watched->folder, manifests->options.world, manifests->options.folders[i],
                        err));
    }
    TRY(start_trigger(manifests, &manifests->triggers[0], TEXT(BUILTIN_CRDS), err));
    return start_trigger(manifests, &manifests->triggers[1], TEXT(BUILTIN_NAMESPACES), err);
}

enum tend_code manifests_open(const struct manifests_options *options,
                              struct manifests **ret_manifests, struct error *err)
{
    struct manifests *manifests = alloc_new(sizeof *manifests);
    manifests->options = *options;
    manifests->folder_count = options->folder_count;
    manifests->folders = alloc_array(options->folder_count, sizeof *manifests->folders);
    manifests->relist = alloc_array(options->folder_count, sizeof *manifests->relist);
    manifests->step.run = on_step;
    list_init(&manifests->dirty);
    enum tend_code code = open_folders(manifests, err);
    if (code != TEND_OK) {
        manifests_close(manifests);
        return code;
    }
    *ret_manifests = manifests;
    return TEND_OK;
}

bool manifests_idle(const struct manifests *manifests)
{
    bool waiting = manifests->passing != NULL || manifests->listing.folder != NULL ||
                   !list_empty(&manifests->dirty) || list_linked(&manifests->step.link);
    for (size_t i = 0; i < manifests->folder_count; i++) {
        bool listing = heap_holds(&manifests->folders[i].folder.rescan.node);
        waiting =
            waiting || manifests->relist[i] || (listing && !manifests->folders[i].folder.blind);
    }
    return !waiting;
}

void manifests_close(struct manifests *manifests)
{
    if (manifests == NULL) {
        return;
    }
    follower_stop(&manifests->triggers[0].follower);
    follower_stop(&manifests->triggers[1].follower);
    for (size_t i = 0; i < manifests->folder_count; i++) {
        folder_close(&manifests->folders[i].folder);
    }
    list_remove(&manifests->step.link);
    clear_listing(&manifests->listing);
    if (manifests->passing != NULL) {
        admission_cancel(&manifests->pass.call);
        pass_done(&manifests->pass);
    }
    MAP_FOREACH (slot, &manifests->files) {
        struct file *file = slot->value;
        free(file->path);
        free(file);
    }
    map_done(&manifests->files);
    free(manifests->folders);
    free(manifests->relist);
    free(manifests);
}
