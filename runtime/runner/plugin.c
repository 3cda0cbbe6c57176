/* What a file holds and what serves are two things, and this is the policy between them. What is noticed is
 * acted on in a step of its own, in this order:
 *
 *     what came while something was claimed is taken
 *     a file that is gone:           its version leaves
 *     versions settle                (runner/versions.h)
 *     a version that went well:      is the last good one
 *     one that fails:                the one before becomes the candidate
 *     nothing serves, at start:      the last good one becomes the candidate
 */
#include "runner/plugin.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "runner/intake.h"
#include "runner/standing.h"
#include "runner/versions.h"

struct plugin {
    struct plugin_options options;
    char *file;
    struct intake intake;
    struct versions versions;
    struct standing standing;
    struct telling telling;
    struct task step;

    enum { FILE_HERE, FILE_GONE } presence;
    enum purpose purpose;                         /* of the candidate */
    enum { FILE_AS_TRIED, FILE_CHANGED } content; /* since the candidate was made of it */
    struct loaded wanted; /* came while something was claimed; path NULL: nothing */

    char *previous; /* content to roll back to while who serves is not proven; NULL: none */
    enum { FALLBACK_OPEN, FALLBACK_TRIED } fallback;
    enum { RECALL_NONE, RECALL_LAST_GOOD, RECALL_PREVIOUS } recall; /* under way */
    struct alarm good;

    unsigned turns;      /* how often another version took over */
    struct task *closed; /* plugin_close */
    struct task intake_closed;
    size_t closing;
};

static struct version *serving_of(const struct plugin *plugin)
{
    return plugin->versions.serving;
}

static void step_soon(struct plugin *plugin)
{
    world_soon(plugin->options.world, &plugin->step);
}

static void tell(struct plugin *plugin)
{
    if (serving_of(plugin) != NULL && plugin->versions.leaving == SERVING_STAYS) {
        standing_tell(&plugin->standing, &plugin->telling, serving_of(plugin));
    }
}

/* --- one takes over ---------------------------------------------------------------------------- */

static struct plugin *of_versions(struct versions *versions)
{
    return CONTAINER_OF(versions, struct plugin, versions);
}

static void try(struct plugin *plugin, struct loaded *content, enum purpose purpose)
{
    plugin->purpose = purpose;
    plugin->content = FILE_AS_TRIED;
    versions_try(&plugin->versions, content);
    step_soon(plugin);
}

/* A proven version needs nothing to go back to, and one that was gone back to has nothing. */
static void set_previous(struct plugin *plugin, const struct version *before)
{
    CLEANUP(freep) char *kept = TAKE(plugin->previous);
    if (serving_of(plugin)->record == RECORD_GOOD || plugin->purpose == PURPOSE_ROLLBACK) {
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
    if (serving_of(plugin)->record == RECORD_OPEN) {
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
    tell(plugin);
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

static void on_refused(struct versions *versions, const char *hash, enum tend_code code,
                       const char *reason)
{
    struct plugin *plugin = of_versions(versions);
    telling_blame(&plugin->telling, versions->succession.rival);
    switch (plugin->purpose) {
    case PURPOSE_FRESH:
        standing_set(&plugin->standing, code == TEND_EXISTS ? PROBLEM_BLOCKED : PROBLEM_REFUSED,
                     hash, reason);
        break;
    case PURPOSE_LAST_GOOD:
        no_fallback(plugin, hash, reason);
        break;
    case PURPOSE_ROLLBACK:
        standing_stays(&plugin->standing, hash, reason);
        free(TAKE(plugin->previous)); /* it was tried */
        break;
    }
    tell(plugin);
    step_soon(plugin);
}

static bool on_may_claim(struct versions *versions)
{
    const struct plugin *plugin = of_versions(versions);
    const struct plugin_keeper *keeper = plugin->options.keeper;
    return keeper == NULL || keeper->may_claim == NULL ||
           keeper->may_claim(plugin, plugin->options.owner);
}

static void on_changed(struct versions *versions)
{
    step_soon(of_versions(versions));
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
                                                 .closed = on_closed};

/* --- how it does ------------------------------------------------------------------------------- */

static void note_good(struct plugin *plugin)
{
    world_alarm_clear(plugin->options.world, &plugin->good);
    standing_good(&plugin->standing, serving_of(plugin)->content.hash);
    tell(plugin);
}

static void on_good_for_long(struct alarm *alarm)
{
    struct plugin *plugin = CONTAINER_OF(alarm, struct plugin, good);
    const struct version *serving = serving_of(plugin);
    if (serving != NULL && plugin->versions.leaving == SERVING_STAYS && serving->faults == 0 &&
        serving->deaths == 0 && version_is_up(serving)) {
        note_good(plugin);
        step_soon(plugin);
    }
}

static void check_good(struct plugin *plugin)
{
    const struct version *serving = serving_of(plugin);
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
    const struct version *serving = serving_of(plugin);
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
static bool fall_back(struct plugin *plugin)
{
    const char *hash = plugin->standing.history.last_good;
    if (plugin->options.entry != PLUGIN_AT_START || plugin->fallback == FALLBACK_TRIED ||
        plugin->standing.problem == PROBLEM_BLOCKED || hash == NULL ||
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
    if (serving_of(plugin) == NULL && idle && plugin->presence == FILE_HERE &&
        plugin->standing.problem != PROBLEM_NONE && !fall_back(plugin)) {
        standing_tell(&plugin->standing, &plugin->telling, NULL);
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
    telling_retract(&plugin->telling, serving_of(plugin), "FileRemoved", message.ptr);
    if (serving_of(plugin) != NULL && plugin->versions.leaving == SERVING_STAYS) {
        versions_leave(&plugin->versions);
        telling_leaves(&plugin->telling, serving_of(plugin), message.ptr);
    }
}

/* --- what the file holds ------------------------------------------------------------------------ */

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
    if (plugin->versions.leaving == SERVING_LEAVES) {
        versions_stay(&plugin->versions);
        versions_announce(&plugin->versions);
    }
    tell(plugin);
}

/* What was rolled back. Where nothing serves, at start, what it was rolled back to is tried. */
static void take_rejected(struct plugin *plugin, struct loaded *content)
{
    standing_set(&plugin->standing, PROBLEM_NONE, NULL, NULL);
    if (serving_of(plugin) != NULL) {
        (void)versions_drop(&plugin->versions);
        tell(plugin);
    } else if (plugin->versions.candidate == NULL && !fall_back(plugin)) {
        standing_forgive(&plugin->standing);
        try(plugin, content, PURPOSE_FRESH);
    }
}

static void take_double(struct plugin *plugin, const char *hash, const char *holder)
{
    (void)versions_drop(&plugin->versions);
    standing_double(&plugin->standing, hash, holder);
    tell(plugin);
}

static void take_content(struct plugin *plugin, struct loaded *content)
{
    const struct version *serving = serving_of(plugin), *candidate = plugin->versions.candidate;
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
        try(plugin, content, PURPOSE_FRESH);
    }
}

/* What came while something was claimed. */
static void take_wanted(struct plugin *plugin)
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

static void on_content(struct intake *intake, struct loaded *content)
{
    struct plugin *plugin = of_intake(intake);
    plugin->presence = FILE_HERE;
    standing_recall(&plugin->standing, &plugin->telling);
    loaded_done(&plugin->wanted);
    plugin->wanted = *content;
    *content = (struct loaded){0};
    take_wanted(plugin);
    step_soon(plugin);
}

/* The file holds nothing that could be tried. */
static void take_nothing(struct plugin *plugin, enum problem problem, const char *reason)
{
    plugin->presence = FILE_HERE;
    standing_recall(&plugin->standing, &plugin->telling);
    loaded_done(&plugin->wanted);
    plugin->content = FILE_CHANGED;
    (void)versions_drop(&plugin->versions);
    if (plugin->versions.leaving == SERVING_LEAVES) {
        versions_stay(&plugin->versions); /* something is there again */
        versions_announce(&plugin->versions);
    }
    standing_forgive(&plugin->standing);
    standing_set(&plugin->standing, problem, NULL, reason);
    tell(plugin);
    step_soon(plugin);
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
    step_soon(of_intake(intake));
}

static void on_recalled(struct intake *intake, struct loaded *content, const char *problem)
{
    struct plugin *plugin = of_intake(intake);
    enum purpose purpose = plugin->recall == RECALL_PREVIOUS ? PURPOSE_ROLLBACK : PURPOSE_LAST_GOOD;
    plugin->recall = RECALL_NONE;
    step_soon(plugin);
    if (plugin->versions.candidate != NULL || plugin->presence == FILE_GONE ||
        (purpose == PURPOSE_ROLLBACK && !version_fails(serving_of(plugin)))) {
        return; /* there is something newer */
    }
    if (problem == NULL) {
        try(plugin, content, purpose);
    } else {
        plugin->purpose = purpose;
        on_refused(&plugin->versions, "the copy", TEND_NOT_FOUND, problem);
    }
}

static const struct intake_ops intake_ops = {.content = on_content,
                                             .waiting = on_half,
                                             .refused = on_unfit,
                                             .gone = on_file_gone,
                                             .recalled = on_recalled};

/* --- life -------------------------------------------------------------------------------------- */

static void on_step(struct task *task)
{
    struct plugin *plugin = CONTAINER_OF(task, struct plugin, step);
    const struct plugin_keeper *keeper = plugin->options.keeper;
    take_wanted(plugin);
    check_gone(plugin);
    versions_settle(&plugin->versions);
    check_good(plugin);
    check_bad(plugin);
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
    intake_init(&plugin->intake, &intake_ops, options->world, plugin->file, options->copies);
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
    standing_forgive(&plugin->standing);
    plugin_look(plugin);
}

void plugin_poke(struct plugin *plugin)
{
    step_soon(plugin);
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
    const struct version *serving = serving_of(plugin);
    if (serving != NULL) {
        return plugin->versions.leaving == SERVING_STAYS && version_is_up(serving) ? PLUGIN_LIVE
                                                                                   : PLUGIN_LOST;
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
        return PLUGIN_WAITING;
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
    return version_seat(serving_of(plugin), controller) != NULL;
}

bool plugin_holds(const struct plugin *plugin, const char *hash)
{
    return version_has(serving_of(plugin), hash) || version_has(plugin->versions.candidate, hash);
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
    const struct version *serving = serving_of(plugin), *candidate = plugin->versions.candidate;
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
