/* What a folder holds at start: each file is judged and copied by a worker, one after the other, then
 * started in a runner of its own, all at once. What stays behind in the store, a Controller whose file
 * is not there any more, is told so; its machine stays in force for the objects that are there.
 */
#include "host/plugins.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/paths.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "resource/meta.h"
#include "runner/loader.h"
#include "runner/plugin.h"
#include "runner/runner.h"

/* One file, from being found to being live or refused. */
struct found {
    struct plugins *plugins;
    char *file;
    struct job job; /* judge and copy */
    struct loaded loaded;
    enum tend_code code;
    struct error err;
    bool
        refused; /* before there was a runner; the core's, unlike `code` and `err` while the job works */
    struct runner *runner;
    struct plugin *plugin;
    struct plugin_refusal refusal;
    struct task closed; /* its runner is gone */
};

struct plugins {
    struct plugins_options options;
    char *copies;  /* the folder of private copies */
    char *program; /* tend-runner */
    struct found *found;
    size_t count, loading; /* found[loading] is being loaded */
    struct task settle;
    bool settled;
    struct admission_call orphans;
    struct arena arena;  /* of the orphans' set */
    struct task *closed; /* what plugins_close was given */
    size_t closing;
};

/* --- what was found ---------------------------------------------------------------------------- */

static bool is_plugin_name(const char *name)
{
    return name[0] != '.' && text_ends(text_of(name), TEXT(".so"));
}

static void add_found(struct plugins *plugins, const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *file = alloc_new(size);
    snprintf(file, size, "%s/%s", folder, name);
    plugins->found = alloc_resize(plugins->found, plugins->count + 1, sizeof *plugins->found);
    plugins->found[plugins->count++] = (struct found){.plugins = plugins, .file = file};
}

static enum tend_code find_in(struct plugins *plugins, const char *folder, struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) {
        return FAIL(err, TEND_IO, "cannot read the plugin folder %s: %s", folder, strerror(errno));
    }
    bool too_many = false;
    for (int i = 0; i < count; i++) {
        if (is_plugin_name(entries[i]->d_name)) {
            too_many = too_many || plugins->count == PLUGINS_MAX;
            if (!too_many) {
                add_found(plugins, folder, entries[i]->d_name);
            }
        }
        free(entries[i]);
    }
    free(entries);
    return too_many ? FAIL(err, TEND_LIMIT, "more than %u plugins: %s", PLUGINS_MAX, folder)
                    : TEND_OK;
}

/* --- settling ---------------------------------------------------------------------------------- */

static bool is_settled(const struct found *found)
{
    if (found->plugin == NULL) {
        return found->refused;
    }
    return plugin_phase(found->plugin) != PLUGIN_STARTING;
}

static bool has_controller(const struct plugins *plugins, struct text name)
{
    for (size_t i = 0; i < plugins->count; i++) {
        if (plugins->found[i].plugin != NULL && plugin_has(plugins->found[i].plugin, name)) {
            return true;
        }
    }
    return false;
}

static void on_orphans_told(struct admission_call *call, const struct admission_result *result)
{
    struct plugins *plugins = CONTAINER_OF(call, struct plugins, orphans);
    if (result->code != TEND_OK) {
        log_warn(plugins->options.world->log, LOG_NONE,
                 "controllers without a plugin are not marked: %s", result->message);
    }
    arena_done(&plugins->arena);
}

/* Is the file, now, one that was refused? */
static bool is_refused(const struct plugins *plugins, struct text file)
{
    for (size_t i = 0; i < plugins->count; i++) {
        const struct found *found = &plugins->found[i];
        bool refused = found->plugin == NULL || plugin_phase(found->plugin) == PLUGIN_REFUSED;
        if (refused && text_equal(text_of(found->file), file)) {
            return true;
        }
    }
    return false;
}

/* The Controller as it is to be: lost, for want of a file. NULL where it says so already, or where its
 * file was refused: that says more. */
static const struct value *orphan_status(struct plugins *plugins, const struct value *root)
{
    struct arena *arena = &plugins->arena;
    const struct value *status = value_field(root, "status");
    struct text phase = value_text_or(value_field(status, "phase"), TEXT(""));
    struct text file = value_text_or(value_field(status, "file"), TEXT(""));
    if (text_is(phase, "lost") || (text_is(phase, "refused") && is_refused(plugins, file))) {
        return NULL;
    }
    status = value_with(arena, status, TEXT("phase"), value_chars(arena, "lost"));
    status = value_with(arena, status, TEXT("reason"), value_chars(arena, "NoPlugin"));
    status = value_with(arena, status, TEXT("message"),
                        value_chars(arena, "no plugin in the folders has this controller"));
    return value_with(arena, root, TEXT("status"), status);
}

/* Controllers that the store knows and no plugin brought: say so on them, in one set. */
static void tell_orphans(struct plugins *plugins)
{
    struct arena *arena = &plugins->arena;
    struct store_entry entries[PLUGINS_MAX];
    struct text prefix = key_prefix_kind(arena, TEXT(BUILTIN_CONTROLLERS));
    size_t count = store_list(plugins->options.store, store_revision(plugins->options.store),
                              prefix, TEXT(""), entries, COUNT_OF(entries));
    struct admission_request *requests = arena_alloc(arena, count * sizeof *requests);
    struct admission_set set = {.requests = requests, .writer = {.role = WRITER_HOST}};
    for (size_t i = 0; i < count; i++) {
        const struct value *root, *body = NULL;
        if (doc_tree(entries[i].doc, arena, &root, NULL) == TEND_OK &&
            !has_controller(plugins, meta_of(root).name)) {
            body = orphan_status(plugins, root);
        }
        if (body != NULL) {
            requests[set.count++] = (struct admission_request){
                .verb = ADMIT_UPDATE_STATUS, .resource = TEXT(BUILTIN_CONTROLLERS), .body = body};
        }
    }
    if (set.count > 0) {
        plugins->orphans.answered = on_orphans_told;
        admission_submit(plugins->options.gate, &set, &plugins->orphans);
    }
}

static void on_settle(struct task *task)
{
    struct plugins *plugins = CONTAINER_OF(task, struct plugins, settle);
    struct plugins_summary summary = {0};
    for (size_t i = 0; i < plugins->count; i++) {
        if (!is_settled(&plugins->found[i])) {
            return;
        }
        bool live = plugins->found[i].plugin != NULL &&
                    plugin_phase(plugins->found[i].plugin) != PLUGIN_REFUSED;
        summary.live += live;
        summary.refused += !live;
    }
    if (!plugins->settled) {
        plugins->settled = true;
        tell_orphans(plugins);
        plugins->options.settled(plugins->options.owner, summary);
    }
}

static void on_phase(struct plugin *plugin, void *owner)
{
    struct plugins *plugins = owner;
    (void)plugin;
    world_soon(plugins->options.world, &plugins->settle);
}

/* --- loading ----------------------------------------------------------------------------------- */

static void load_next(struct plugins *plugins);

static void free_plugins(struct plugins *plugins)
{
    for (size_t i = 0; i < plugins->count; i++) {
        loaded_done(&plugins->found[i].loaded);
        free(plugins->found[i].file);
    }
    arena_done(&plugins->arena);
    free(plugins->found);
    free(plugins->copies);
    free(plugins->program);
    free(plugins);
}

/* A runner that was closing is gone, or a copy that was under way is done. */
static void one_less_to_close(struct plugins *plugins)
{
    if (--plugins->closing == 0) {
        world_soon(plugins->options.world, plugins->closed);
        free_plugins(plugins);
    }
}

static void on_copy(struct job *job)
{
    struct found *found = CONTAINER_OF(job, struct found, job);
    found->code = loader_take(found->file, found->plugins->copies, &found->loaded, &found->err);
}

static void start(struct found *found)
{
    struct plugins *plugins = found->plugins;
    struct runner_options options = {.world = plugins->options.world,
                                     .program = plugins->program,
                                     .file = found->loaded.path,
                                     .name = found->file};
    found->runner = runner_new(&options);
    struct plugin_options plugin = {.world = plugins->options.world,
                                    .store = plugins->options.store,
                                    .gate = plugins->options.gate,
                                    .loop = plugins->options.loop,
                                    .worker = runner_worker(found->runner),
                                    .file = found->file,
                                    .hash = found->loaded.hash,
                                    .changed = on_phase,
                                    .owner = plugins};
    found->plugin = plugin_open(&plugin);
    runner_start(found->runner);
}

static void on_copied(struct job *job)
{
    struct found *found = CONTAINER_OF(job, struct found, job);
    struct plugins *plugins = found->plugins;
    if (plugins->closed != NULL) {
        one_less_to_close(plugins);
        return;
    }
    if (found->code == TEND_OK) {
        start(found);
    } else {
        found->refused = true;
        plugin_refuse_file(&found->refusal, plugins->options.world, plugins->options.gate,
                           found->file, NULL, found->err.message);
    }
    plugins->loading++;
    load_next(plugins);
}

static void load_next(struct plugins *plugins)
{
    if (plugins->loading == plugins->count) {
        world_soon(plugins->options.world, &plugins->settle);
        return;
    }
    struct found *found = &plugins->found[plugins->loading];
    found->job = (struct job){.lane = LANE_READ, .work = on_copy, .done = on_copied};
    world_offload(plugins->options.world, &found->job);
}

/* --- life -------------------------------------------------------------------------------------- */

/* tend-runner stands beside the program that runs now. */
static enum tend_code find_program(struct plugins *plugins, struct error *err)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - sizeof "tend-runner");
    if (len <= 0) {
        return FAIL(err, TEND_IO, "cannot tell where this program is: %s", strerror(errno));
    }
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    snprintf(slash + 1, sizeof "tend-runner", "tend-runner");
    if (access(self, X_OK) != 0) {
        return FAIL(err, TEND_IO, "%s: %s (it belongs beside tend)", self, strerror(errno));
    }
    plugins->program = alloc_dup(self);
    return TEND_OK;
}

static enum tend_code prepare(struct plugins *plugins, struct error *err)
{
    for (size_t i = 0; i < plugins->options.folder_count; i++) {
        TRY(find_in(plugins, plugins->options.folders[i], err));
    }
    if (plugins->count == 0) {
        return TEND_OK;
    }
    size_t size = strlen(plugins->options.data) + sizeof "/plugins";
    plugins->copies = alloc_new(size);
    snprintf(plugins->copies, size, "%s/plugins", plugins->options.data);
    TRY(paths_make_private(plugins->copies, err));
    return find_program(plugins, err);
}

enum tend_code plugins_open(const struct plugins_options *options, struct plugins **ret_plugins,
                            struct error *err)
{
    struct plugins *plugins = alloc_new(sizeof *plugins);
    plugins->options = *options;
    plugins->settle.run = on_settle;
    enum tend_code code = prepare(plugins, err);
    if (code != TEND_OK) {
        free_plugins(plugins);
        return code;
    }
    load_next(plugins);
    *ret_plugins = plugins;
    return TEND_OK;
}

static void on_closed(struct task *task)
{
    one_less_to_close(CONTAINER_OF(task, struct found, closed)->plugins);
}

static void close_found(struct found *found)
{
    plugin_close(found->plugin);
    plugin_refusal_done(&found->refusal);
    if (found->runner != NULL) {
        found->plugins->closing++;
        found->closed.run = on_closed;
        runner_close(found->runner, &found->closed);
    }
}

void plugins_close(struct world *world, struct plugins *plugins, struct task *closed)
{
    if (plugins == NULL) {
        world_soon(world, closed);
        return;
    }
    plugins->closed = closed;
    plugins->closing = plugins->loading < plugins->count ? 2 : 1; /* this call, and a copy */
    list_remove(&plugins->settle.link);
    admission_cancel(&plugins->orphans);
    for (size_t i = 0; i < plugins->count; i++) {
        close_found(&plugins->found[i]);
    }
    one_less_to_close(plugins);
}
