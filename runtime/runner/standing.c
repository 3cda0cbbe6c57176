/* Sentences name contents by the first twelve characters of their hash, as `tend get controllers` shows
 * them, and hold nothing that changes by itself: a host that comes up says the same again. */
#include "runner/standing.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"

static void set_text(char **text, const char *chars)
{
    char *copy = alloc_dup(chars); /* of the old one, perhaps */
    free(*text);
    *text = copy;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

void standing_done(struct standing *standing)
{
    history_done(&standing->history);
    free(standing->hash);
    free(standing->message);
    free(standing->stays);
    free(standing->contested);
}

/* --- what is known ----------------------------------------------------------------------------- */

void standing_recall(struct standing *standing, const struct telling *telling)
{
    if (standing->phase == HISTORY_UNREAD) {
        standing->phase = HISTORY_READ;
        telling_recall(telling, &standing->history);
    }
}

void standing_set(struct standing *standing, enum problem problem, const char *hash,
                  const char *message)
{
    standing->problem = problem;
    standing->pin = PIN_NONE;
    set_text(&standing->hash, hash);
    set_text(&standing->message, message);
}

void standing_pinned_out(struct standing *standing, const char *hash, const char *message)
{
    standing_set(standing, PROBLEM_BLOCKED, hash, message);
    standing->pin = PIN_OTHERS;
}

void standing_double(struct standing *standing, const char *hash, const char *holder)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text why = arena_format(
        &arena, "the same content as %s, which is loaded already; keep one of the two", holder);
    standing_set(standing, PROBLEM_BLOCKED, hash, why.ptr);
}

void standing_disabled(struct standing *standing, const char *file)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text why = arena_format(&arena,
                                   "%s is not loaded: the host's configuration says `enabled: "
                                   "false`; its objects stay as they are",
                                   file);
    standing_set(standing, PROBLEM_DISABLED, NULL, why.ptr);
}

void standing_contest(struct standing *standing, const char *message)
{
    set_text(&standing->contested, message);
}

void standing_forgive(struct standing *standing)
{
    set_text(&standing->history.rejected, NULL);
    set_text(&standing->history.message, NULL);
    set_text(&standing->stays, NULL);
}

void standing_good(struct standing *standing, const char *hash)
{
    set_text(&standing->history.last_good, hash);
}

bool standing_is_good(const struct standing *standing, const char *hash)
{
    return same(standing->history.last_good, hash);
}

bool standing_is_rejected(const struct standing *standing, const char *hash)
{
    return same(standing->history.rejected, hash);
}

void standing_no_fallback(struct standing *standing, const char *hash, const char *reason)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text message =
        arena_format(&arena, "%s; %.12s, which went well last, cannot serve either: %s",
                     standing->message, hash, reason);
    standing_set(standing, PROBLEM_REFUSED, standing->hash, message.ptr);
}

void standing_roll_back(struct standing *standing, const struct version *version,
                        const char *previous, const char *file)
{
    CLEANUP(arena_done) struct arena arena = {0};
    bool dies = version->deaths >= PROBATION_DEATHS;
    struct text message = arena_format(
        &arena,
        "%.12s is rolled back to %.12s: it %s %u times before any run of it went well, the last "
        "time: %s; replace %s, or `tend retry` its controller, to try again",
        version->content.hash, previous, dies ? "died" : "failed",
        dies ? version->deaths : version->faults, dies ? version->why : version->fault, file);
    set_text(&standing->history.message, message.ptr);
}

void standing_rolled_back(struct standing *standing, const char *rejected, const char *serves)
{
    set_text(&standing->history.rejected, rejected);
    if (standing_is_good(standing, rejected)) { /* for as long as nothing ran */
        standing_good(standing, serves);
    }
}

void standing_stays(struct standing *standing, const char *previous, const char *reason)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text message = arena_format(&arena, "%s; but %.12s cannot serve again: %s",
                                       standing->history.message, previous, reason);
    set_text(&standing->stays, message.ptr);
}

/* --- what is said ------------------------------------------------------------------------------ */

/* What serves meanwhile is said in the first line: below it may stand a line of source with a caret. */
static struct text note_of_problem(const struct standing *standing, const char *file,
                                   const char *hash, struct arena *arena, const char **ret_reason)
{
    struct text below = text_of(standing->message), why = text_cut(&below, '\n');
    const char *what = "is refused as it is now", *meanwhile = "serves on";
    *ret_reason = "CandidateRefused";
    if (standing->served_as == PURPOSE_LAST_GOOD) {
        *ret_reason = "ServingLastGood";
        what = "cannot serve";
        meanwhile = "serves, which went well last: put a good file there";
    } else if (standing->problem == PROBLEM_WAITING) {
        *ret_reason = "CandidateWaiting";
        what = "is not complete";
        meanwhile = "serves on until it is";
    } else if (standing->problem == PROBLEM_STUCK) {
        *ret_reason = "CandidateWaiting";
        what = "has no process";
        meanwhile = "serves on until it has";
    }
    return arena_format(arena, "%s %s: %.*s; %.12s %s%s%.*s", file, what, TEXT_ARG(why), hash,
                        meanwhile, below.len > 0 ? "\n" : "", TEXT_ARG(below));
}

static void tell_unserved(const struct standing *standing, struct telling *telling)
{
    static const struct unserved words[] = {
        [PROBLEM_NONE] = {"refused", "Refused", "Refused", LOG_ERROR, EVENT_WARNING},
        [PROBLEM_WAITING] = {"waiting", "Incomplete", "Waiting", LOG_WARN, EVENT_WARNING},
        [PROBLEM_STUCK] = {"waiting", "RunnerFailed", "Waiting", LOG_WARN, EVENT_WARNING},
        [PROBLEM_REFUSED] = {"refused", "Refused", "Refused", LOG_ERROR, EVENT_WARNING},
        [PROBLEM_BLOCKED] = {"refused", "Conflict", "Refused", LOG_ERROR, EVENT_WARNING},
        [PROBLEM_DISABLED] = {"disabled", "Disabled", "Disabled", LOG_INFO, EVENT_NORMAL}};
    static const struct unserved as_asked = {"refused", "Conflict", "Refused", LOG_INFO,
                                             EVENT_NORMAL};
    telling_unserved(telling, standing->pin == PIN_OTHERS ? &as_asked : &words[standing->problem],
                     standing->hash, standing->message);
}

void standing_tell(const struct standing *standing, struct telling *telling,
                   const struct version *serving)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct controller_note note = {.last_good = standing->history.last_good,
                                   .rejected = standing->history.rejected,
                                   .contested = standing->contested};
    if (serving == NULL) {
        tell_unserved(standing, telling);
        return;
    }
    if (standing->problem != PROBLEM_NONE) {
        note.message =
            note_of_problem(standing, telling->file, serving->content.hash, &arena, &note.reason)
                .ptr;
    } else if (standing->stays != NULL) {
        note.reason = "NotRolledBack";
        note.message = standing->stays;
    } else if (standing->history.rejected != NULL) {
        note.reason = "RolledBack";
        note.message = standing->history.message == NULL ? "" : standing->history.message;
    } else if (serving->made.worker->remark.reason != NULL) {
        note.reason = serving->made.worker->remark.reason;
        note.message = serving->made.worker->remark.message;
    }
    telling_note(telling, serving, &note);
}
