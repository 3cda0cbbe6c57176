/* From what a file holds to what is tried. What comes while something is claimed is taken after that. */
#include <string.h>

#include "base/alloc.h"
#include "runner/plugin_inside.h"

static const char *holder_of(const struct plugin *plugin, const char *hash)
{
    const struct plugin_keeper *keeper = plugin->options.keeper;
    return keeper == NULL || keeper->holder == NULL
               ? NULL
               : keeper->holder(plugin, hash, plugin->options.owner);
}

/* What serves already: whatever was wrong with the file meanwhile is over. */
static void take_same(struct plugin *plugin)
{
    (void)versions_drop(&plugin->versions);
    standing_set(&plugin->standing, PROBLEM_NONE, NULL, NULL);
    standing_forgive(&plugin->standing);
    plugin->standing.served_as = PURPOSE_FRESH;
    plugin->way = WAY_KEPT;
    if (plugin->versions.leaving == SERVING_LEAVES) {
        versions_stay(&plugin->versions);
        versions_announce(&plugin->versions);
    }
    plugin_tell(plugin);
}

/* What was rolled back. Where nothing serves, at start, what it was rolled back to is tried. */
static void take_rejected(struct plugin *plugin, struct loaded *content)
{
    standing_set(&plugin->standing, PROBLEM_NONE, NULL, NULL);
    if (plugin_serving(plugin) != NULL) {
        (void)versions_drop(&plugin->versions);
        plugin_tell(plugin);
    } else if (plugin->versions.candidate == NULL && !plugin_fall_back(plugin)) {
        standing_forgive(&plugin->standing);
        plugin_try(plugin, content, PURPOSE_FRESH);
    }
}

static void take_double(struct plugin *plugin, const char *hash, const char *holder)
{
    (void)versions_drop(&plugin->versions);
    standing_double(&plugin->standing, hash, holder);
    plugin_set_kept_out(plugin, holder);
    plugin->way = WAY_KEPT;
    plugin_tell(plugin);
}

static void take_content(struct plugin *plugin, struct loaded *content)
{
    const struct version *serving = plugin_serving(plugin), *candidate = plugin->versions.candidate;
    const char *holder = holder_of(plugin, content->hash);
    if (version_has(serving, content->hash)) {
        take_same(plugin);
    } else if (version_has(candidate, content->hash) && plugin->purpose == PURPOSE_FRESH) {
        return; /* it is being tried */
    } else if (standing_is_rejected(&plugin->standing, content->hash)) {
        take_rejected(plugin, content);
    } else if (holder != NULL) {
        take_double(plugin, content->hash, holder);
    } else {
        (void)versions_drop(&plugin->versions);
        plugin_try(plugin, content, PURPOSE_FRESH);
    }
}

/* What came while something was claimed. */
void plugin_take_wanted(struct plugin *plugin)
{
    if (plugin->wanted.path != NULL && versions_may_drop(&plugin->versions)) {
        struct loaded content = plugin->wanted;
        plugin->wanted = (struct loaded){0};
        take_content(plugin, &content);
        loaded_done(&content);
    }
}

static struct plugin *of_intake(struct intake *intake)
{
    return CONTAINER_OF(intake, struct plugin, intake);
}

/* The file holds nothing that could be tried, or that may be. */
static void take_nothing(struct plugin *plugin, enum problem problem, const char *reason)
{
    plugin->presence = FILE_HERE;
    standing_recall(&plugin->standing, &plugin->telling);
    loaded_done(&plugin->wanted);
    plugin->content = FILE_CHANGED;
    plugin->way = WAY_KEPT;
    (void)versions_drop(&plugin->versions);
    if (plugin->versions.leaving == SERVING_LEAVES) {
        versions_stay(&plugin->versions); /* something is there again */
        versions_announce(&plugin->versions);
    }
    standing_forgive(&plugin->standing);
    if (plugin->options.settings.use == PLUGIN_DISABLED) {
        standing_disabled(&plugin->standing, plugin->file);
    } else {
        standing_set(&plugin->standing, problem, NULL, reason);
    }
    plugin_tell(plugin);
    plugin_step_soon(plugin);
}

static void on_content(struct intake *intake, struct loaded *content)
{
    struct plugin *plugin = of_intake(intake);
    if (plugin->options.settings.use == PLUGIN_DISABLED) { /* it was read to know when it is gone */
        take_nothing(plugin, PROBLEM_DISABLED, NULL);
        return;
    }
    plugin->presence = FILE_HERE;
    standing_recall(&plugin->standing, &plugin->telling);
    loaded_done(&plugin->wanted);
    plugin->wanted = *content;
    *content = (struct loaded){0};
    plugin_take_wanted(plugin);
    plugin_step_soon(plugin);
}

static void on_half(struct intake *intake, const char *reason)
{
    take_nothing(of_intake(intake), PROBLEM_WAITING, reason);
}

static void on_unfit(struct intake *intake, const char *reason)
{
    take_nothing(of_intake(intake), PROBLEM_REFUSED, reason);
}

static void on_file_gone(struct intake *intake)
{
    of_intake(intake)->presence = FILE_GONE;
    plugin_step_soon(of_intake(intake));
}

static void on_recalled(struct intake *intake, struct loaded *content, const char *problem)
{
    struct plugin *plugin = of_intake(intake);
    enum purpose purpose = plugin->recall == RECALL_PREVIOUS ? PURPOSE_ROLLBACK : PURPOSE_LAST_GOOD;
    plugin->recall = RECALL_NONE;
    plugin_step_soon(plugin);
    if (plugin->versions.candidate != NULL || plugin->presence == FILE_GONE ||
        (purpose == PURPOSE_ROLLBACK && !version_fails(plugin_serving(plugin)))) {
        return; /* there is something newer */
    }
    if (problem == NULL) {
        plugin_try(plugin, content, purpose);
    } else {
        plugin->purpose = purpose;
        plugin_refuse(plugin, "the copy", TEND_NOT_FOUND, problem);
    }
}

const struct intake_ops plugin_intake_ops = {.content = on_content,
                                             .waiting = on_half,
                                             .refused = on_unfit,
                                             .gone = on_file_gone,
                                             .recalled = on_recalled};
