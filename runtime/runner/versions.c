/* No version ends inside a callback of its own worker. */
#include "runner/versions.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"

/* --- what workers tell --------------------------------------------------------------------------- */

static void on_changed(struct version *version)
{
    struct versions *versions = version->owner;
    versions->ops->changed(versions);
}

static bool serves(const struct version *version)
{
    const struct versions *versions = version->owner;
    return version == versions->serving && versions->leaving == SERVING_STAYS;
}

static void on_up(struct version *version)
{
    for (size_t i = 0; serves(version) && i < version->seat_count; i++) {
        controller_live(version->seats[i].controller);
    }
    on_changed(version);
}

static void tell_lost(const struct version *version, const char *reason)
{
    for (size_t i = 0; i < version->seat_count; i++) {
        if (version->made.worker->is_stuck) {
            controller_leave(version->seats[i].controller, "Stuck", reason);
        } else {
            controller_lost(version->seats[i].controller, reason);
        }
    }
}

static void on_down(struct version *version, const char *reason)
{
    if (version->made.worker->is_stuck) {
        const struct versions *versions = version->owner;
        log_error(version->world->log, LOG_FIELDS({"plugin", versions->file}), "stuck: %s", reason);
    }
    if (serves(version)) {
        tell_lost(version, reason);
    }
}

static void on_gone(struct version *version)
{
    struct versions *versions = version->owner;
    list_remove(&version->link);
    version_free(version);
    if (versions->phase == VERSIONS_CLOSED && list_empty(&versions->retired)) {
        versions->ops->closed(versions);
    }
}

static const struct version_ops version_ops = {
    .changed = on_changed, .up = on_up, .down = on_down, .gone = on_gone};

/* --- on the way out ------------------------------------------------------------------------------ */

static void close_version(struct versions *versions, struct version *version)
{
    if (version != NULL && version->phase != VERSION_CLOSING) {
        list_remove(&version->link);
        list_append(&versions->retired, &version->link);
        version_close(version);
    }
}

static void remove_controllers(const struct version *version)
{
    for (size_t i = 0; version != NULL && i < version->seat_count; i++) {
        controller_remove(version->seats[i].controller);
    }
}

/* Close those that are drained; what is late is run again by who serves now. */
static void close_drained(struct versions *versions)
{
    const struct version *serving = versions->serving;
    LIST_FOREACH_SAFE (link, &versions->retired) {
        struct version *version = CONTAINER_OF(link, struct version, link);
        if (version->phase != VERSION_DRAINING || !version_is_drained(version)) {
            continue;
        }
        for (size_t i = 0; serving != NULL && i < serving->seat_count; i++) {
            controller_recall(serving->seats[i].controller, version->made.worker);
        }
        close_version(versions, version);
    }
}

static size_t count_draining(const struct versions *versions)
{
    size_t count = 0;
    LIST_FOREACH (link, &versions->retired) {
        count += CONTAINER_OF(link, struct version, link)->phase == VERSION_DRAINING ? 1 : 0;
    }
    return count;
}

void versions_leave(struct versions *versions)
{
    versions->leaving = SERVING_LEAVES;
    version_drain(versions->serving);
}

void versions_stay(struct versions *versions)
{
    versions->leaving = SERVING_STAYS;
    version_resume(versions->serving);
}

static void finish_leaving(struct versions *versions)
{
    if (versions->serving != NULL && versions->leaving == SERVING_LEAVES &&
        versions->candidate == NULL && version_is_drained(versions->serving)) {
        remove_controllers(versions->serving);
        close_version(versions, TAKE(versions->serving));
        versions->leaving = SERVING_STAYS;
    }
}

/* --- the candidate ------------------------------------------------------------------------------- */

void versions_try(struct versions *versions, struct loaded *content)
{
    struct error err = ERROR_INIT;
    char hash[SHA256_HEX];
    memcpy(hash, content->hash, sizeof hash);
    succession_forget(&versions->succession); /* it may be refused before it begins */
    struct version_terms terms = {versions->world, versions->maker, &version_ops, versions->file,
                                  versions->settings};
    if (version_new(&terms, content, &versions->candidate, &err) != TEND_OK) {
        versions->candidate = NULL;
        versions->ops->refused(versions, hash, TEND_INVALID, err.message);
        return;
    }
    versions->candidate->owner = versions;
    version_launch(versions->candidate);
}

bool versions_may_drop(const struct versions *versions)
{
    return succession_may_stop(&versions->succession);
}

bool versions_drop(struct versions *versions)
{
    if (!versions_may_drop(versions)) {
        return false;
    }
    succession_stop(&versions->succession);
    close_version(versions, TAKE(versions->candidate));
    return true;
}

static void refuse(struct versions *versions, enum tend_code code, const char *reason)
{
    char hash[SHA256_HEX], kept[ERROR_TEXT_MAX]; /* they may be the candidate's */
    memcpy(hash, versions->candidate->content.hash, sizeof hash);
    snprintf(kept, sizeof kept, "%s", reason);
    (void)versions_drop(versions);
    versions->ops->refused(versions, hash, code, kept);
}

/* Its own worker says that it will not be. */
static void check_candidate(struct versions *versions)
{
    const struct version *candidate = versions->candidate;
    char reason[ERROR_TEXT_MAX + 64];
    if (candidate == NULL || !versions_may_drop(versions)) {
        return;
    }
    if (candidate->phase == VERSION_REFUSED) {
        refuse(versions, TEND_INVALID, candidate->why);
    } else if (candidate->phase == VERSION_READY && candidate->deaths > 0) {
        snprintf(reason, sizeof reason, "it ended before it could serve: %s", candidate->why);
        refuse(versions, TEND_INVALID, reason);
    }
}

static void succeed(struct versions *versions)
{
    if (versions->candidate != NULL && versions->candidate->phase == VERSION_READY &&
        versions->succession.phase == SUCCESSION_IDLE && count_draining(versions) <= DRAINS_MAX &&
        versions->ops->may_claim(versions)) {
        succession_begin(&versions->succession, versions->candidate, versions->serving);
    }
}

static void take_over(struct versions *versions)
{
    struct version *before = versions->serving;
    succession_install(&versions->succession);
    versions->serving = TAKE(versions->candidate);
    versions->leaving = SERVING_STAYS;
    version_serve(versions->serving);
    versions->ops->serves(versions, before);
    versions_announce(versions);
    if (before != NULL) {
        list_append(&versions->retired, &before->link);
        version_drain(before);
    }
}

static void on_ended(struct succession *succession)
{
    struct versions *versions = CONTAINER_OF(succession, struct versions, succession);
    if (succession->code == TEND_OK) {
        take_over(versions);
    } else if (succession->code == TEND_UNAVAILABLE && succession->way_for != NULL) {
        versions->ops->wants_way(versions, succession->way_for, succession->rival_file);
    } else {
        refuse(versions, succession->code, succession->err.message);
    }
    versions->ops->changed(versions);
}

static enum pin on_pinned(struct succession *succession, const char *kind, const char **ret_file)
{
    struct versions *versions = CONTAINER_OF(succession, struct versions, succession);
    return versions->ops->pinned(versions, kind, ret_file);
}

void versions_announce(struct versions *versions)
{
    const struct version *version = versions->serving;
    char count[24];
    snprintf(count, sizeof count, "%zu", version->seat_count);
    log_info(versions->world->log,
             LOG_FIELDS({"plugin", versions->file}, {"hash", version->content.hash},
                        {"controllers", count}),
             "live");
    for (size_t i = 0; version_is_up(version) && i < version->seat_count; i++) {
        controller_live(version->seats[i].controller);
    }
    if (!version_is_up(version)) {
        tell_lost(version, version->why);
    }
}

/* --- life ---------------------------------------------------------------------------------------- */

void versions_settle(struct versions *versions)
{
    close_drained(versions);
    check_candidate(versions);
    succeed(versions);
    finish_leaving(versions);
}

static void nothing_to_close(struct task *task)
{
    struct versions *versions = CONTAINER_OF(task, struct versions, end);
    versions->ops->closed(versions);
}

void versions_init(struct versions *versions, const struct versions_ops *ops)
{
    versions->ops = ops;
    versions->end.run = nothing_to_close;
    list_init(&versions->retired);
    versions->succession.world = versions->world;
    versions->succession.file = versions->file;
    versions->succession.ended = on_ended;
    versions->succession.pinned = on_pinned;
    succession_init(&versions->succession);
}

void versions_close(struct versions *versions)
{
    succession_stop(&versions->succession);
    versions->phase = VERSIONS_CLOSED;
    remove_controllers(versions->serving);
    LIST_FOREACH_SAFE (link, &versions->retired) {
        close_version(versions, CONTAINER_OF(link, struct version, link));
    }
    close_version(versions, TAKE(versions->candidate));
    close_version(versions, TAKE(versions->serving));
    if (list_empty(&versions->retired)) {
        world_soon(versions->world, &versions->end);
    }
}
