/* What a file holds and what serves are two things, and this is the policy between them. What is noticed is
 * acted on in a step of its own, in this order:
 *
 *     what came while something was claimed is taken
 *     a file that is gone:           its version leaves
 *     another one is to tend a kind: its version leaves
 *     versions settle                (runner/versions.h)
 *     a version that went well:      is the last good one
 *     one that fails:                the one before becomes the candidate
 *     nothing serves, at start:      the last good one becomes the candidate
 */
#include "runner/plugin.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "runner/plugin_inside.h"

void plugin_step_soon(struct plugin *plugin)
{
    world_soon(plugin->options.world, &plugin->step);
}

void plugin_tell(struct plugin *plugin)
{
    if (plugin_serving(plugin) != NULL && plugin->versions.leaving == SERVING_STAYS) {
        standing_tell(&plugin->standing, &plugin->telling, plugin_serving(plugin));
    }
}

/* --- one takes over ---------------------------------------------------------------------------- */

static struct plugin *of_versions(struct versions *versions)
{
    return CONTAINER_OF(versions, struct plugin, versions);
}

void plugin_try(struct plugin *plugin, struct loaded *content, enum purpose purpose)
{
    plugin->purpose = purpose;
    plugin->content = FILE_AS_TRIED;
    plugin->way = WAY_KEPT;
    versions_try(&plugin->versions, content);
    plugin_step_soon(plugin);
}

/* A proven version needs nothing to go back to, and one that was gone back to has nothing. */
static void set_previous(struct plugin *plugin, const struct version *before)
{
    CLEANUP(freep) char *kept = TAKE(plugin->previous);
    if (plugin_serving(plugin)->record == RECORD_GOOD || plugin->purpose == PURPOSE_ROLLBACK) {
        return;
    }
    if (before == NULL) {
        plugin->previous = alloc_dup(plugin->standing.history.last_good);
    } else if (kept != NULL && before->record == RECORD_OPEN &&
               !standing_is_good(&plugin->standing, before->content.hash)) {
        plugin->previous = TAKE(kept); /* who served was never proven */
    } else {
        plugin->previous = alloc_dup(before->content.hash);
    }
}

static void set_good_alarm(struct plugin *plugin)
{
    struct world *world = plugin->options.world;
    world_alarm_clear(world, &plugin->good);
    if (plugin_serving(plugin)->record == RECORD_OPEN) {
        world_alarm_set(world, &plugin->good, world_ticks_ms(world) + GOOD_AFTER_MS);
    }
}

static void on_serves(struct versions *versions, const struct version *before)
{
    struct plugin *plugin = of_versions(versions);
    struct version *version = versions->serving;
    switch (plugin->purpose) {
    case PURPOSE_FRESH:
        if (plugin->content == FILE_AS_TRIED) {
            standing_set(&plugin->standing, PROBLEM_NONE, NULL, NULL);
        }
        standing_forgive(&plugin->standing);
        telling_serves(&plugin->telling, version);
        break;
    case PURPOSE_LAST_GOOD:
        break;
    case PURPOSE_ROLLBACK:
        standing_rolled_back(&plugin->standing, before->content.hash, version->content.hash);
        break;
    }
    plugin->standing.served_as = plugin->purpose;
    plugin->turns++;
    if (standing_is_good(&plugin->standing, version->content.hash)) {
        version->record = RECORD_GOOD;
    }
    set_previous(plugin, before);
    set_good_alarm(plugin);
    telling_retract(&plugin->telling, version, "NoPlugin",
                    "no plugin in the folders has this controller");
    plugin_tell(plugin);
}

/* The last good one cannot serve. What was rolled back to it is better than nothing. */
static void no_fallback(struct plugin *plugin, const char *hash, const char *reason)
{
    if (plugin->standing.problem == PROBLEM_NONE) {
        standing_forgive(&plugin->standing);
        intake_look(&plugin->intake);
    } else {
        standing_no_fallback(&plugin->standing, hash, reason);
    }
}

void plugin_refuse(struct plugin *plugin, const char *hash, enum tend_code code, const char *reason)
{
    const struct succession *succession = &plugin->versions.succession;
    telling_blame(&plugin->telling, succession->rival);
    plugin_set_kept_out(plugin, code == TEND_EXISTS ? succession->rival_file : NULL);
    switch (plugin->purpose) {
    case PURPOSE_FRESH:
        if (code == TEND_EXISTS && succession->pin == PIN_OTHERS) {
            standing_pinned_out(&plugin->standing, hash, reason);
        } else {
            standing_set(&plugin->standing, code == TEND_EXISTS ? PROBLEM_BLOCKED : PROBLEM_REFUSED,
                         hash, reason);
        }
        break;
    case PURPOSE_LAST_GOOD:
        no_fallback(plugin, hash, reason);
        break;
    case PURPOSE_ROLLBACK:
        standing_stays(&plugin->standing, hash, reason);
        free(TAKE(plugin->previous)); /* it was tried */
        break;
    }
    plugin_tell(plugin);
    plugin_step_soon(plugin);
}

static void on_refused(struct versions *versions, const char *hash, enum tend_code code,
                       const char *reason)
{
    plugin_refuse(of_versions(versions), hash, code, reason);
}

static bool on_may_claim(struct versions *versions)
{
    const struct plugin *plugin = of_versions(versions);
    const struct plugin_keeper *keeper = plugin->options.keeper;
    return keeper == NULL || keeper->may_claim == NULL ||
           keeper->may_claim(plugin, plugin->options.owner);
}

static enum pin on_pinned(struct versions *versions, const char *kind, const char **ret_file)
{
    const struct plugin *plugin = of_versions(versions);
    const struct plugin_keeper *keeper = plugin->options.keeper;
    return keeper == NULL || keeper->pinned == NULL
               ? PIN_NONE
               : keeper->pinned(plugin, kind, plugin->options.owner, ret_file);
}

static void on_wants_way(struct versions *versions, const char *kind, const char *file)
{
    const struct plugin *plugin = of_versions(versions);
    plugin->options.keeper->wants_way(plugin, kind, file, plugin->options.owner);
}

static void on_changed(struct versions *versions)
{
    plugin_step_soon(of_versions(versions));
}

static void one_less_to_close(struct plugin *plugin);

static void on_closed(struct versions *versions)
{
    one_less_to_close(of_versions(versions));
}

static const struct versions_ops versions_ops = {.changed = on_changed,
                                                 .refused = on_refused,
                                                 .serves = on_serves,
                                                 .may_claim = on_may_claim,
                                                 .pinned = on_pinned,
                                                 .wants_way = on_wants_way,
                                                 .closed = on_closed};

/* --- how it does ------------------------------------------------------------------------------- */

static void note_good(struct plugin *plugin)
{
    world_alarm_clear(plugin->options.world, &plugin->good);
    standing_good(&plugin->standing, plugin_serving(plugin)->content.hash);
    plugin_tell(plugin);
}

static void on_good_for_long(struct alarm *alarm)
{
    struct plugin *plugin = CONTAINER_OF(alarm, struct plugin, good);
    const struct version *serving = plugin_serving(plugin);
    if (serving != NULL && plugin->versions.leaving == SERVING_STAYS && serving->faults == 0 &&
        serving->deaths == 0 && version_is_up(serving)) {
        note_good(plugin);
        plugin_step_soon(plugin);
    }
}

static void check_good(struct plugin *plugin)
{
    const struct version *serving = plugin_serving(plugin);
    if (serving == NULL || serving->record == RECORD_OPEN) {
        return;
    }
    free(TAKE(plugin->previous));
    if (plugin->versions.candidate != NULL && plugin->purpose == PURPOSE_ROLLBACK) {
        (void)versions_drop(&plugin->versions); /* there is no need, after all */
    }
    if (!standing_is_good(&plugin->standing, serving->content.hash)) {
        note_good(plugin);
    }
}

static void check_bad(struct plugin *plugin)
{
    const struct version *serving = plugin_serving(plugin);
    if (!version_fails(serving) || plugin->previous == NULL || plugin->versions.candidate != NULL ||
        plugin->recall != RECALL_NONE || plugin->presence == FILE_GONE) {
        return;
    }
    standing_roll_back(&plugin->standing, serving, plugin->previous, plugin->file);
    plugin->recall = RECALL_PREVIOUS;
    intake_recall(&plugin->intake, plugin->previous);
}

/* --- nothing serves ---------------------------------------------------------------------------- */

/* At start, what went well last answers for a file that cannot; not where another file is in the way. */
bool plugin_fall_back(struct plugin *plugin)
{
    const char *hash = plugin->standing.history.last_good;
    if (plugin->options.entry != PLUGIN_AT_START || plugin->fallback == FALLBACK_TRIED ||
        plugin->standing.problem == PROBLEM_BLOCKED ||
        plugin->standing.problem == PROBLEM_DISABLED || hash == NULL ||
        (plugin->standing.hash != NULL && strcmp(plugin->standing.hash, hash) == 0)) {
        return false;
    }
    plugin->fallback = FALLBACK_TRIED;
    plugin->recall = RECALL_LAST_GOOD;
    intake_recall(&plugin->intake, hash);
    return true;
}

static void check_unserved(struct plugin *plugin)
{
    bool idle = plugin->versions.candidate == NULL && plugin->recall == RECALL_NONE &&
                !intake_is_busy(&plugin->intake);
    if (plugin_serving(plugin) == NULL && idle && plugin->presence == FILE_HERE &&
        plugin->way == WAY_KEPT && plugin->standing.problem != PROBLEM_NONE &&
        !plugin_fall_back(plugin)) {
        standing_tell(&plugin->standing, &plugin->telling, NULL);
    }
}

static bool is_stuck(const struct plugin *plugin)
{
    const struct version *candidate = plugin->versions.candidate;
    return candidate != NULL && candidate->phase == VERSION_STARTING && candidate->is_down;
}

/* No process can be started: nothing is known of the file but that. It is tried again, and others are not kept
 * waiting for it. */
static void check_stuck(struct plugin *plugin)
{
    const struct version *candidate = plugin->versions.candidate;
    if (is_stuck(plugin) && plugin->purpose == PURPOSE_FRESH) {
        standing_set(&plugin->standing, PROBLEM_STUCK, candidate->content.hash, candidate->why);
        standing_tell(&plugin->standing, &plugin->telling, plugin_serving(plugin));
    }
}

static void check_gone(struct plugin *plugin)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (plugin->presence == FILE_HERE || !versions_drop(&plugin->versions)) {
        return;
    }
    struct text message =
        arena_format(&arena, "%s was removed; its objects stay as they are until it is there again",
                     plugin->file);
    loaded_done(&plugin->wanted);
    standing_set(&plugin->standing, PROBLEM_NONE, NULL, NULL);
    telling_retract(&plugin->telling, plugin_serving(plugin), "FileRemoved", message.ptr);
    if (plugin_serving(plugin) != NULL && plugin->versions.leaving == SERVING_STAYS) {
        versions_leave(&plugin->versions);
        telling_leaves(&plugin->telling, plugin_serving(plugin), "FileRemoved", message.ptr);
    }
}

/* --- other files -------------------------------------------------------------------------------- */

void plugin_set_kept_out(struct plugin *plugin, const char *file)
{
    char *copy = alloc_dup(file);
    free(plugin->kept_out_by);
    plugin->kept_out_by = copy;
}

void plugin_make_way(struct plugin *plugin, const char *kind, const char *rival)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (plugin_serving(plugin) == NULL || plugin_is_making_way(plugin)) {
        return;
    }
    struct text message = arena_format(
        &arena, "%s makes way for %s, which tends %s: `kinds` of the host's configuration says so",
        plugin->file, rival, kind);
    free(plugin->way_message);
    plugin->way_message = alloc_dup(message.ptr);
    plugin_set_kept_out(plugin, rival);
    plugin->way = WAY_WANTED;
    plugin_step_soon(plugin);
}

/* What it is refused for is told when it is tried again, and the other one serves: until then its Controllers
 * say why they left. */
static void check_way(struct plugin *plugin)
{
    if (plugin->way != WAY_WANTED || !versions_drop(&plugin->versions)) {
        return;
    }
    plugin->way = WAY_MADE;
    standing_pinned_out(&plugin->standing, NULL, plugin->way_message);
    if (plugin_serving(plugin) != NULL && plugin->versions.leaving == SERVING_STAYS) {
        versions_leave(&plugin->versions);
        telling_leaves(&plugin->telling, plugin_serving(plugin), "MadeWay", plugin->way_message);
    }
}

bool plugin_is_making_way(const struct plugin *plugin)
{
    return plugin->way == WAY_WANTED ||
           (plugin_serving(plugin) != NULL && plugin->versions.leaving == SERVING_LEAVES);
}

void plugin_contest(struct plugin *plugin, const char *message)
{
    const char *told = plugin->standing.contested;
    if (told == NULL || strcmp(told, message) != 0) {
        standing_contest(&plugin->standing, message);
        plugin_tell(plugin);
    }
}

const char *plugin_kept_out_by(const struct plugin *plugin)
{
    return plugin_is_blocked(plugin) ? plugin->kept_out_by : NULL;
}

bool plugin_is_pinned_out(const struct plugin *plugin)
{
    return plugin->standing.pin == PIN_OTHERS;
}

bool plugin_is_present(const struct plugin *plugin)
{
    enum plugin_phase phase = plugin_phase(plugin);
    return phase == PLUGIN_STARTING || phase == PLUGIN_LIVE || phase == PLUGIN_LOST;
}

/* --- life -------------------------------------------------------------------------------------- */

static void on_step(struct task *task)
{
    struct plugin *plugin = CONTAINER_OF(task, struct plugin, step);
    const struct plugin_keeper *keeper = plugin->options.keeper;
    plugin_take_wanted(plugin);
    check_gone(plugin);
    check_way(plugin);
    versions_settle(&plugin->versions);
    check_good(plugin);
    check_bad(plugin);
    check_stuck(plugin);
    check_unserved(plugin);
    if (keeper != NULL && keeper->changed != NULL) {
        keeper->changed(plugin, plugin->options.owner);
    }
}

static void one_less_to_close(struct plugin *plugin)
{
    if (--plugin->closing == 0) {
        world_soon(plugin->options.world, plugin->closed);
        standing_done(&plugin->standing);
        loaded_done(&plugin->wanted);
        free(plugin->previous);
        free(plugin->way_message);
        free(plugin->kept_out_by);
        free(plugin->file);
        free(plugin);
    }
}

static void on_intake_closed(struct task *task)
{
    one_less_to_close(CONTAINER_OF(task, struct plugin, intake_closed));
}

struct plugin *plugin_open(const struct plugin_options *options)
{
    struct plugin *plugin = alloc_new(sizeof *plugin);
    plugin->options = *options;
    plugin->file = alloc_dup(options->file);
    plugin->step.run = on_step;
    plugin->good.fire = on_good_for_long;
    plugin->intake_closed.run = on_intake_closed;
    intake_init(&plugin->intake, &plugin_intake_ops, options->world, plugin->file, options->copies);
    plugin->versions = (struct versions){
        .world = options->world,
        .maker = options->maker,
        .file = plugin->file,
        .settings = &plugin->options.settings,
        .succession = {.loop = options->loop, .store = options->store, .gate = options->gate}};
    versions_init(&plugin->versions, &versions_ops);
    plugin->telling = (struct telling){.world = options->world,
                                       .store = options->store,
                                       .loop = options->loop,
                                       .file = plugin->file};
    telling_init(&plugin->telling, options->gate);
    return plugin;
}

void plugin_look(struct plugin *plugin)
{
    intake_look(&plugin->intake);
}

void plugin_retry(struct plugin *plugin)
{
    struct version *serving = plugin_serving(plugin);
    standing_forgive(&plugin->standing);
    if (serving != NULL && worker_forgive(plugin->options.maker, serving->content.path)) {
        serving->outdated = true;
    }
    plugin_look(plugin);
}

void plugin_poke(struct plugin *plugin)
{
    plugin_step_soon(plugin);
}

void plugin_close(struct plugin *plugin, struct task *closed)
{
    plugin->closed = closed;
    plugin->closing = 2;
    list_remove(&plugin->step.link);
    world_alarm_clear(plugin->options.world, &plugin->good);
    telling_done(&plugin->telling);
    intake_close(&plugin->intake, &plugin->intake_closed);
    versions_close(&plugin->versions);
}

/* --- what is there ----------------------------------------------------------------------------- */

enum plugin_phase plugin_phase(const struct plugin *plugin)
{
    const struct version *serving = plugin_serving(plugin);
    if (serving != NULL) {
        return plugin->versions.leaving == SERVING_STAYS && version_is_up(serving) ? PLUGIN_LIVE
                                                                                   : PLUGIN_LOST;
    }
    if (is_stuck(plugin)) {
        return PLUGIN_WAITING;
    }
    if (plugin->versions.candidate != NULL || plugin->recall != RECALL_NONE ||
        intake_is_busy(&plugin->intake)) {
        return PLUGIN_STARTING;
    }
    if (plugin->presence == FILE_GONE) {
        return PLUGIN_GONE;
    }
    switch (plugin->standing.problem) {
    case PROBLEM_NONE:
        return PLUGIN_STARTING;
    case PROBLEM_WAITING:
    case PROBLEM_STUCK:
        return PLUGIN_WAITING;
    case PROBLEM_DISABLED:
        return PLUGIN_OFF;
    case PROBLEM_REFUSED:
    case PROBLEM_BLOCKED:
        break;
    }
    return PLUGIN_REFUSED;
}

const char *plugin_file(const struct plugin *plugin)
{
    return plugin->file;
}

bool plugin_has(const struct plugin *plugin, struct text controller)
{
    return version_seat(plugin_serving(plugin), controller) != NULL;
}

bool plugin_holds(const struct plugin *plugin, const char *hash)
{
    return version_has(plugin_serving(plugin), hash) ||
           version_has(plugin->versions.candidate, hash);
}

bool plugin_is_blocked(const struct plugin *plugin)
{
    return plugin->standing.problem == PROBLEM_BLOCKED;
}

unsigned plugin_turns(const struct plugin *plugin)
{
    return plugin->turns;
}

bool plugin_has_to_claim(const struct plugin *plugin)
{
    return plugin_phase(plugin) == PLUGIN_STARTING && !intake_is_waiting(&plugin->intake) &&
           plugin->versions.succession.phase == SUCCESSION_IDLE;
}

bool plugin_is_ready(const struct plugin *plugin)
{
    const struct version *candidate = plugin->versions.candidate;
    return candidate != NULL && candidate->phase == VERSION_READY &&
           plugin->versions.succession.phase == SUCCESSION_IDLE;
}

bool plugin_hashes(const struct plugin *plugin, const char **ret_hashes, size_t *ret_count)
{
    const struct version *serving = plugin_serving(plugin), *candidate = plugin->versions.candidate;
    const char *hashes[] = {plugin->previous, plugin->standing.history.last_good,
                            plugin->wanted.path == NULL ? NULL : plugin->wanted.hash,
                            serving == NULL ? NULL : serving->content.hash,
                            candidate == NULL ? NULL : candidate->content.hash};
    _Static_assert(COUNT_OF(hashes) <= PLUGIN_HASHES, "the caller has room for all of them");
    *ret_count = 0;
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        if (hashes[i] != NULL) {
            ret_hashes[(*ret_count)++] = hashes[i];
        }
    }
    return !intake_is_copying(&plugin->intake);
}
