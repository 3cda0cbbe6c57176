/* Two files that want the same kind: the one that the configuration names has it, or else the one that has it
 * already. A file that is named and that cannot serve is as if it were not named. */
#include "host/rivals.h"

#include <string.h>

#include "base/alloc.h"

static bool is_called(const struct entry *entry, const char *name)
{
    return strcmp(configuration_name(plugin_file(entry->plugin)), name) == 0;
}

/* --- who is to tend a kind ------------------------------------------------------------------------ */

enum pin rivals_pinned(const struct entry *entry, const char *kind, const char **ret_file)
{
    const struct plugins *plugins = entry->plugins;
    const char *name = configuration_pin(plugins->options.configuration, kind);
    if (name == NULL) {
        return PIN_NONE;
    }
    if (is_called(entry, name)) {
        return PIN_OURS;
    }
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *other = plugins_entry(link);
        if (is_called(other, name) && plugin_is_present(other->plugin)) {
            *ret_file = plugin_file(other->plugin);
            return PIN_OTHERS;
        }
    }
    return PIN_NONE;
}

void rivals_make_way(const struct entry *entry, const char *kind, const char *file)
{
    struct plugins *plugins = entry->plugins;
    LIST_FOREACH (link, &plugins->entries) {
        const struct entry *other = plugins_entry(link);
        if (strcmp(plugin_file(other->plugin), file) == 0) {
            plugin_make_way(other->plugin, kind, plugin_file(entry->plugin));
            plugins->way = WAY_BEING_MADE;
        }
    }
}

bool rivals_way_is_made(struct plugins *plugins)
{
    if (plugins->way == WAY_CLEAR) {
        return false;
    }
    LIST_FOREACH (link, &plugins->entries) {
        if (plugin_is_making_way(plugins_entry(link)->plugin)) {
            return false;
        }
    }
    plugins->way = WAY_CLEAR;
    return true;
}

/* --- who is kept out ------------------------------------------------------------------------------- */

/* Is `other` refused because of `entry`? */
static bool keeps_out(const struct entry *entry, const struct entry *other)
{
    const char *file = plugin_kept_out_by(other->plugin);
    return file != NULL && strcmp(file, plugin_file(entry->plugin)) == 0;
}

void rivals_look(const struct entry *entry)
{
    LIST_FOREACH (link, &entry->plugins->entries) {
        const struct entry *other = plugins_entry(link);
        if (keeps_out(entry, other)) {
            plugin_look(other->plugin);
        }
    }
}

static void tell(const struct entry *entry)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text files = TEXT("");
    size_t unasked = 0;
    LIST_FOREACH (link, &entry->plugins->entries) {
        const struct entry *other = plugins_entry(link);
        if (keeps_out(entry, other)) {
            files = arena_format(&arena, "%.*s%s%s", TEXT_ARG(files), files.len > 0 ? ", " : "",
                                 plugin_file(other->plugin));
            unasked += plugin_is_pinned_out(other->plugin) ? 0 : 1;
        }
    }
    if (files.len > 0) {
        files = arena_format(&arena, "refused, because it wants what %s has: %.*s; %s",
                             plugin_file(entry->plugin), TEXT_ARG(files),
                             unasked > 0 ? "keep one of them, or name one under `kinds` in the "
                                           "host's configuration"
                                         : "`kinds` of the host's configuration says so");
    }
    plugin_contest(entry->plugin, files.ptr);
}

void rivals_tell(struct plugins *plugins)
{
    LIST_FOREACH (link, &plugins->entries) {
        tell(plugins_entry(link));
    }
}

/* --- who is not there ------------------------------------------------------------------------------ */

static bool is_there(const struct plugins *plugins, const char *name)
{
    LIST_FOREACH (link, &plugins->entries) {
        if (is_called(plugins_entry(link), name)) {
            return true;
        }
    }
    return false;
}

void rivals_tell_missing(const struct plugins *plugins)
{
    const struct configuration *configuration = plugins->options.configuration;
    const struct log *log = plugins->options.world->log;
    for (size_t i = 0; i < configuration->file_count; i++) {
        if (!is_there(plugins, configuration->files[i].name)) {
            log_info(log, LOG_FIELDS({"configuration", configuration->path}),
                     "it says something of %s, which no folder has", configuration->files[i].name);
        }
    }
    for (size_t i = 0; i < configuration->pin_count; i++) {
        const struct kind_pin *pin = &configuration->pins[i];
        if (!is_there(plugins, pin->file)) {
            log_info(log, LOG_FIELDS({"configuration", configuration->path}),
                     "%s is for %s, which no folder has: whoever comes first tends it", pin->kind,
                     pin->file);
        }
    }
}
