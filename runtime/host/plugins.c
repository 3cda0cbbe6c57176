/* The set of files. What is about one file is its plugin's (runner/plugin.h); here is what is about several:
 *
 *     which there are           folders are listed by jobs, and watched
 *     who goes first            at start, claims are made in the order of folders and names, so that of two
 *                               files that want the same the first one has it, every time
 *     who is in whose way       when a file leaves or changes, those that it kept out are looked at
 *     what is left behind       a Controller whose file is not there any more is told so; copies that
 *                               nobody names are removed
 */
#include "host/plugins.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/paths.h"
#include "document/utf8.h"
#include "host/rivals.h"

static void step_soon(struct plugins *plugins)
{
    world_soon(plugins->options.world, &plugins->step);
}

/* --- the keeper of each plugin ------------------------------------------------------------------ */

static void on_changed(struct plugin *plugin, void *owner)
{
    const struct entry *entry = owner;
    (void)plugin;
    step_soon(entry->plugins);
}

static const char *on_holder(const struct plugin *plugin, const char *hash, void *owner)
{
    const struct entry *entry = owner;
    LIST_FOREACH (link, &entry->plugins->entries) {
        const struct entry *other = CONTAINER_OF(link, struct entry, link);
        if (other->plugin != plugin && plugin_holds(other->plugin, hash)) {
            return plugin_file(other->plugin);
        }
    }
    return NULL;
}

static bool is_listed(const struct plugins *plugins)
{
    bool listed = true;
    for (size_t i = 0; i < plugins->options.folder_count; i++) {
        listed = listed && plugins->folders[i].listed == LISTED_ONCE;
    }
    return listed;
}

static bool on_may_claim(const struct plugin *plugin, void *owner)
{
    const struct entry *entry = owner;
    const struct plugins *plugins = entry->plugins;
    if (plugins->phase == SETTLED || plugins->way == WAY_BEING_MADE) {
        return plugins->way == WAY_CLEAR;
    }
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *other = CONTAINER_OF(link, struct entry, link);
        if (other == entry) {
            break;
        }
        if (plugin_has_to_claim(other->plugin)) {
            return false;
        }
    }
    (void)plugin;
    return is_listed(plugins);
}

static enum pin on_pinned(const struct plugin *plugin, const char *kind, void *owner,
                          const char **ret_file)
{
    (void)plugin;
    return rivals_pinned(owner, kind, ret_file);
}

static void on_wants_way(const struct plugin *plugin, const char *kind, const char *file,
                         void *owner)
{
    (void)plugin;
    rivals_make_way(owner, kind, file);
}

static const struct plugin_keeper keeper = {.changed = on_changed,
                                            .holder = on_holder,
                                            .may_claim = on_may_claim,
                                            .pinned = on_pinned,
                                            .wants_way = on_wants_way};

/* --- entries ------------------------------------------------------------------------------------ */

static struct entry *find_entry(const struct plugins *plugins, const char *file)
{
    LIST_FOREACH (link, &plugins->entries) {
        struct entry *entry = CONTAINER_OF(link, struct entry, link);
        if (strcmp(plugin_file(entry->plugin), file) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* The entry that it comes after, or the head. */
static struct list *place_of(struct plugins *plugins, size_t folder, const char *file)
{
    struct list *place = &plugins->entries;
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *entry = CONTAINER_OF(link, struct entry, link);
        if (entry->folder > folder ||
            (entry->folder == folder && strcmp(plugin_file(entry->plugin), file) > 0)) {
            break;
        }
        place = link;
    }
    return place;
}

static struct entry *open_entry(struct plugins *plugins, size_t folder, const char *file)
{
    struct entry *entry = alloc_new(sizeof *entry);
    struct plugin_options options = {
        .world = plugins->options.world,
        .store = plugins->options.store,
        .gate = plugins->options.gate,
        .loop = plugins->options.loop,
        .maker = plugins->options.maker,
        .file = file,
        .copies = plugins->copies,
        .entry = plugins->phase == FIRST_PASS ? PLUGIN_AT_START : PLUGIN_DROPPED,
        .settings =
            configuration_settings(plugins->options.configuration, plugins->options.bounds, file),
        .keeper = &keeper,
        .owner = entry};
    entry->plugins = plugins;
    entry->folder = folder;
    entry->plugin = plugin_open(&options);
    list_insert_after(place_of(plugins, folder, file), &entry->link);
    plugins->count++;
    return entry;
}

/* A name that is no text cannot stand in a document. */
static void look_at(struct plugins *plugins, size_t folder, const char *file)
{
    if (!utf8_is_text(file)) {
        log_error(plugins->options.world->log, LOG_FIELDS({"plugin", file}),
                  "it is passed over: its name is no UTF-8 text");
        return;
    }
    struct entry *entry = find_entry(plugins, file);
    if (entry == NULL && plugins->count >= PLUGINS_MAX) {
        log_error(plugins->options.world->log, LOG_FIELDS({"plugin", file}),
                  "it is not looked at: there are %u files already", PLUGINS_MAX);
        return;
    }
    plugin_look(entry != NULL ? entry->plugin : open_entry(plugins, folder, file)->plugin);
}

static void one_less_to_close(struct plugins *plugins);

static void on_entry_closed(struct task *task)
{
    struct entry *entry = CONTAINER_OF(task, struct entry, closed);
    struct plugins *plugins = entry->plugins;
    free(entry);
    plugins->count--;
    if (plugins->closed != NULL) {
        one_less_to_close(plugins);
    }
}

static void close_entry(struct entry *entry)
{
    list_remove(&entry->link);
    entry->closed.run = on_entry_closed;
    plugin_close(entry->plugin, &entry->closed);
}

/* --- folders ------------------------------------------------------------------------------------ */

static bool is_plugin(const char *name)
{
    return text_ends(text_of(name), TEXT(".so"));
}

static bool is_script(const char *name)
{
    return text_ends(text_of(name), TEXT(".lua")) && !text_ends(text_of(name), TEXT("_test.lua"));
}

static size_t index_of(const struct watched *watched)
{
    return (size_t)(watched - watched->plugins->folders);
}

static void on_name(struct folder *folder, const char *name)
{
    struct watched *watched = CONTAINER_OF(folder, struct watched, folder);
    size_t size = strlen(folder->path) + strlen(name) + 2;
    CLEANUP(freep) char *file = alloc_new(size);
    snprintf(file, size, "%s/%s", folder->path, name);
    look_at(watched->plugins, index_of(watched), file);
}

static void list_folder(struct job *job)
{
    struct watched *watched = CONTAINER_OF(job, struct watched, job);
    watched->code = folder_read(watched->path, watched->folder.takes, PLUGINS_MAX, &watched->files,
                                &watched->err);
}

static void start_listing(struct watched *watched)
{
    watched->phase = LIST_RUNNING;
    world_offload(watched->plugins->options.world, &watched->job);
}

/* What is known and was not listed is gone, or its folder cannot be read: each file says which. */
static void look_at_all(struct watched *watched)
{
    struct plugins *plugins = watched->plugins;
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *entry = CONTAINER_OF(link, struct entry, link);
        if (entry->folder == index_of(watched)) {
            plugin_look(entry->plugin);
        }
    }
    for (size_t i = 0; i < watched->files.count; i++) {
        if (find_entry(plugins, watched->files.paths[i]) == NULL) {
            look_at(plugins, index_of(watched), watched->files.paths[i]);
        }
    }
}

static void on_listed(struct job *job)
{
    struct watched *watched = CONTAINER_OF(job, struct watched, job);
    struct plugins *plugins = watched->plugins;
    bool again = watched->phase == LIST_AGAIN;
    watched->phase = LIST_IDLE;
    if (plugins->closed != NULL) {
        folder_files_done(&watched->files);
        one_less_to_close(plugins);
        return;
    }
    if (watched->code != TEND_OK) {
        log_debug(plugins->options.world->log, LOG_NONE, "%s", watched->err.message);
    }
    if (watched->files.left_out > 0) {
        log_error(plugins->options.world->log, LOG_NONE,
                  "%zu files of %s are not looked at: more than %u are in it",
                  watched->files.left_out, watched->path, PLUGINS_MAX);
    }
    look_at_all(watched);
    folder_files_done(&watched->files);
    watched->listed = LISTED_ONCE;
    step_soon(plugins);
    if (again) {
        start_listing(watched);
    }
}

static void on_list(struct folder *folder)
{
    struct watched *watched = CONTAINER_OF(folder, struct watched, folder);
    if (watched->phase == LIST_IDLE) {
        start_listing(watched);
    } else {
        watched->phase = LIST_AGAIN;
    }
}

/* --- what is left behind ------------------------------------------------------------------------ */

static bool has_controller(struct leftovers *leftovers, struct text name)
{
    const struct plugins *plugins = CONTAINER_OF(leftovers, struct plugins, leftovers);
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *entry = CONTAINER_OF(link, struct entry, link);
        if (plugin_has(entry->plugin, name)) {
            return true;
        }
    }
    return false;
}

static bool is_unserved(struct leftovers *leftovers, struct text file)
{
    const struct plugins *plugins = CONTAINER_OF(leftovers, struct plugins, leftovers);
    CLEANUP(freep) char *chars = alloc_text(file.ptr, file.len);
    const struct entry *entry = find_entry(plugins, chars);
    enum plugin_phase phase = entry == NULL ? PLUGIN_GONE : plugin_phase(entry->plugin);
    return phase == PLUGIN_REFUSED || phase == PLUGIN_WAITING || phase == PLUGIN_OFF;
}

static bool is_disabled(struct leftovers *leftovers, struct text file)
{
    const struct plugins *plugins = CONTAINER_OF(leftovers, struct plugins, leftovers);
    CLEANUP(freep) char *chars = alloc_text(file.ptr, file.len);
    const struct entry *entry = find_entry(plugins, chars);
    return entry != NULL && plugin_phase(entry->plugin) == PLUGIN_OFF;
}

static void on_tidied(struct leftovers *leftovers)
{
    struct plugins *plugins = CONTAINER_OF(leftovers, struct plugins, leftovers);
    if (plugins->closed != NULL) {
        one_less_to_close(plugins);
    } else {
        step_soon(plugins);
    }
}

static const struct leftovers_ops leftovers_ops = {.has_controller = has_controller,
                                                   .is_unserved = is_unserved,
                                                   .is_disabled = is_disabled,
                                                   .tidied = on_tidied};

/* False where a copy is being made that nobody names yet. */
static bool keep_copies(struct plugins *plugins)
{
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *entry = CONTAINER_OF(link, struct entry, link);
        const char *hashes[PLUGIN_HASHES];
        size_t count = 0;
        if (!plugin_hashes(entry->plugin, hashes, &count)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            leftovers_keep(&plugins->leftovers, hashes[i]);
        }
    }
    return true;
}

static void tidy(struct plugins *plugins)
{
    if (plugins->leftovers.phase == LEFTOVERS_TIDYING) {
        return;
    }
    if (keep_copies(plugins)) {
        plugins->tidiness = TIDY;
        leftovers_tidy(&plugins->leftovers);
    } else {
        leftovers_forget(&plugins->leftovers);
    }
}

/* --- the step ----------------------------------------------------------------------------------- */

/* Is every file that was found at start as far as it gets? */
static bool is_settled(const struct plugins *plugins, struct plugins_summary *ret_summary)
{
    struct plugins_summary summary = {0};
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *entry = CONTAINER_OF(link, struct entry, link);
        switch (plugin_phase(entry->plugin)) {
        case PLUGIN_STARTING:
            return false;
        case PLUGIN_LIVE:
        case PLUGIN_LOST:
            summary.live++;
            break;
        case PLUGIN_WAITING:
            summary.waiting++;
            break;
        case PLUGIN_REFUSED:
            summary.refused++;
            break;
        case PLUGIN_OFF:
            summary.disabled++;
            break;
        case PLUGIN_GONE:
            break;
        }
    }
    *ret_summary = summary;
    return is_listed(plugins);
}

static void poke_who_may_claim(struct plugins *plugins)
{
    LIST_FOREACH (link, &plugins->entries) {
        struct entry *entry = CONTAINER_OF(link, struct entry, link);
        if (plugin_is_ready(entry->plugin) && on_may_claim(entry->plugin, entry)) {
            plugin_poke(entry->plugin);
        }
    }
}

static void settle(struct plugins *plugins)
{
    struct plugins_summary summary;
    if (!is_settled(plugins, &summary)) {
        poke_who_may_claim(plugins);
        return;
    }
    plugins->phase = SETTLED;
    plugins->tidiness = UNTIDY;
    rivals_tell_missing(plugins);
    leftovers_tell(&plugins->leftovers);
    plugins->options.settled(plugins->options.owner, summary);
}

/* Is it not there any more, or refused, that was there? */
static bool went_away(struct entry *entry)
{
    bool was = entry->seen == WAS_PRESENT, is = plugin_is_present(entry->plugin);
    entry->seen = is ? WAS_PRESENT : WAS_ABSENT;
    return was && !is;
}

/* Did a file leave, or another version take over? Whoever was kept out may come in now. */
static bool take_notice(struct plugins *plugins)
{
    bool moved = false;
    LIST_FOREACH_SAFE (link, &plugins->entries) {
        struct entry *entry = plugins_entry(link);
        moved = moved || entry->turns != plugin_turns(entry->plugin);
        entry->turns = plugin_turns(entry->plugin);
        if (plugin_phase(entry->plugin) == PLUGIN_GONE) {
            close_entry(entry);
            moved = true;
        } else if (went_away(entry)) {
            rivals_look(entry);
        }
    }
    return moved;
}

/* Who does not serve, and is not to be looked at, says so again: its name may be another's now. */
static void look_at_blocked(struct plugins *plugins)
{
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *entry = plugins_entry(link);
        if (plugin_is_blocked(entry->plugin)) {
            plugin_look(entry->plugin);
        } else if (!plugin_is_present(entry->plugin)) {
            plugin_poke(entry->plugin);
        }
    }
}

static void on_step(struct task *task)
{
    struct plugins *plugins = CONTAINER_OF(task, struct plugins, step);
    if (take_notice(plugins)) {
        look_at_blocked(plugins);
        plugins->tidiness = UNTIDY;
    }
    if (plugins->phase == FIRST_PASS) {
        settle(plugins);
    }
    if (plugins->phase == SETTLED) {
        rivals_tell(plugins);
    }
    if (rivals_way_is_made(plugins)) {
        poke_who_may_claim(plugins);
    }
    if (plugins->phase == SETTLED && plugins->tidiness == UNTIDY) {
        tidy(plugins);
    }
}

static void on_retry(struct retries *retries, const char *file)
{
    struct plugins *plugins = CONTAINER_OF(retries, struct plugins, retries);
    struct entry *entry = find_entry(plugins, file);
    if (entry != NULL) {
        plugin_retry(entry->plugin);
    }
}

/* --- life --------------------------------------------------------------------------------------- */

static void free_plugins(struct plugins *plugins)
{
    leftovers_done(&plugins->leftovers);
    for (size_t i = 0; i < plugins->options.folder_count; i++) {
        free(plugins->folders[i].path);
    }
    free(plugins->folders);
    free(plugins->copies);
    free(plugins);
}

static void one_less_to_close(struct plugins *plugins)
{
    if (--plugins->closing == 0) {
        world_soon(plugins->options.world, plugins->closed);
        free_plugins(plugins);
    }
}

static enum tend_code open_folder(struct plugins *plugins, size_t index, struct error *err)
{
    const struct plugins_folder *given = &plugins->options.folders[index];
    struct watched *watched = &plugins->folders[index];
    watched->plugins = plugins;
    watched->path = alloc_dup(given->path);
    watched->job = (struct job){.lane = LANE_READ, .work = list_folder, .done = on_listed};
    watched->folder =
        (struct folder){.takes = given->holds == HOLDS_SCRIPTS ? is_script : is_plugin,
                        .changed = on_name,
                        .list = on_list};
    return folder_open(&watched->folder, plugins->options.world, given->path, err);
}

static enum tend_code prepare(struct plugins *plugins, struct error *err)
{
    size_t size = strlen(plugins->options.data) + sizeof "/plugins";
    plugins->copies = alloc_new(size);
    snprintf(plugins->copies, size, "%s/plugins", plugins->options.data);
    if (plugins->options.folder_count > 0) {
        TRY(paths_make_private(plugins->copies, err));
    }
    plugins->leftovers = (struct leftovers){.ops = &leftovers_ops,
                                            .world = plugins->options.world,
                                            .store = plugins->options.store,
                                            .loop = plugins->options.loop,
                                            .copies = plugins->copies};
    leftovers_init(&plugins->leftovers);
    for (size_t i = 0; i < plugins->options.folder_count; i++) {
        TRY(open_folder(plugins, i, err));
    }
    return TEND_OK;
}

static void close_folders(struct plugins *plugins)
{
    for (size_t i = 0; i < plugins->options.folder_count; i++) {
        folder_close(&plugins->folders[i].folder);
    }
}

enum tend_code plugins_open(const struct plugins_options *options, struct plugins **ret_plugins,
                            struct error *err)
{
    struct plugins *plugins = alloc_new(sizeof *plugins);
    plugins->options = *options;
    plugins->folders = alloc_array(options->folder_count, sizeof *plugins->folders);
    plugins->step.run = on_step;
    list_init(&plugins->entries);
    enum tend_code code = prepare(plugins, err);
    if (code != TEND_OK) {
        close_folders(plugins);
        free_plugins(plugins);
        return code;
    }
    step_soon(plugins);
    plugins->retries.asked = on_retry;
    retries_open(&plugins->retries, options->watch, options->store);
    *ret_plugins = plugins;
    return TEND_OK;
}

void plugins_close(struct world *world, struct plugins *plugins, struct task *closed)
{
    if (plugins == NULL) {
        world_soon(world, closed);
        return;
    }
    plugins->closed = closed;
    plugins->closing = 1 + plugins->count; /* this call, and each entry */
    list_remove(&plugins->step.link);
    retries_close(&plugins->retries);
    close_folders(plugins);
    for (size_t i = 0; i < plugins->options.folder_count; i++) {
        plugins->closing += plugins->folders[i].phase == LIST_IDLE ? 0 : 1;
    }
    plugins->closing += plugins->leftovers.phase == LEFTOVERS_TIDYING ? 1 : 0;
    LIST_FOREACH_SAFE (link, &plugins->entries) {
        close_entry(CONTAINER_OF(link, struct entry, link));
    }
    one_less_to_close(plugins);
}
