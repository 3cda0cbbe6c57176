/* The order is that of what can be taken back: reading what it declares touches nothing, a place in the loop
 * is given up without a trace, a claim is durable. */
#include "runner/succession.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/census.h"
#include "controller/report.h"
#include "resource/builtin.h"
#include "resource/key.h"

struct succession_count {
    struct census census;
    struct succession *succession;
};

/* --- the end ----------------------------------------------------------------------------------- */

static void stop_counts(struct succession *succession)
{
    for (size_t i = 0; i < succession->count_count; i++) {
        census_stop(&succession->counts[i].census);
    }
    free(succession->counts);
    succession->counts = NULL;
    succession->count_count = 0;
}

/* Everything as it was before. */
static void give_up(struct succession *succession)
{
    struct version *version = succession->version, *before = succession->before;
    stop_counts(succession);
    for (size_t i = 0; i < version->seat_count; i++) {
        struct seat *seat = &version->seats[i];
        if (seat->place == PLACE_ADDED) {
            controller_remove(seat->controller);
        }
        seat->controller = NULL;
        seat->place = PLACE_NONE;
    }
    for (size_t i = 0; before != NULL && i < before->seat_count; i++) {
        controller_release(before->seats[i].controller);
    }
}

static void end(struct succession *succession)
{
    succession->phase = SUCCESSION_ENDING;
    world_soon(succession->world, &succession->end);
}

static void refuse(struct succession *succession)
{
    succession->code = succession->err.code;
    give_up(succession);
    end(succession);
}

static void accept(struct succession *succession)
{
    stop_counts(succession);
    succession->code = TEND_OK;
    end(succession);
}

static void on_end(struct task *task)
{
    struct succession *succession = CONTAINER_OF(task, struct succession, end);
    succession->phase = SUCCESSION_IDLE;
    succession->ended(succession);
}

/* --- the claim --------------------------------------------------------------------------------- */

static struct claim_terms terms_of(struct succession *succession, const struct version *version,
                                   const struct version *before)
{
    return (struct claim_terms){.store = succession->store,
                                .gate = succession->gate,
                                .file = succession->file,
                                .seats = version->seats,
                                .seat_count = version->seat_count,
                                .before = before == NULL ? NULL : before->seats,
                                .before_count = before == NULL ? 0 : before->seat_count};
}

static void submit_claim(struct succession *succession)
{
    struct version *before = succession->before;
    for (size_t i = 0; before != NULL && i < before->seat_count; i++) {
        controller_hold(before->seats[i].controller);
    }
    succession->phase = SUCCESSION_CLAIMING;
    struct claim_terms terms = terms_of(succession, succession->version, before);
    claim_submit(&succession->claim, &terms);
}

/* What the version before had claimed is claimed again; names that were given meanwhile go back. */
static void revert(struct succession *succession)
{
    const struct catalogue *catalogue = admission_catalogue(succession->gate);
    struct version *before = succession->before;
    struct error err = ERROR_INIT;
    const char *resource;
    for (size_t i = 0; before != NULL && i < before->seat_count; i++) {
        if (seat_prepare(&before->seats[i], catalogue, &before->arena, &resource, &err) !=
            TEND_OK) {
            before = NULL; /* cannot be: it was prepared before */
        }
    }
    if (before == NULL) { /* nobody serves: whoever comes next claims anew */
        refuse(succession);
        return;
    }
    succession->phase = SUCCESSION_REVERTING;
    struct claim_terms terms = terms_of(succession, before, succession->version);
    claim_submit(&succession->claim, &terms);
}

static void on_answered(struct claim *claim, const struct admission_result *result)
{
    struct succession *succession = CONTAINER_OF(claim, struct succession, claim);
    if (succession->phase == SUCCESSION_REVERTING) {
        if (result->code != TEND_OK) {
            log_error(succession->world->log, LOG_FIELDS({"plugin", succession->file}),
                      "its earlier claim is not in force again: %s", result->message);
        }
        refuse(succession);
        return;
    }
    if (result->code != TEND_OK) {
        FAIL(&succession->err, result->code, "%s", result->message);
        refuse(succession);
        return;
    }
    succession->claimed = result->revision;
    succession->phase = SUCCESSION_VERIFYING;
    for (size_t i = 0; i < succession->count_count; i++) {
        census_look(&succession->counts[i].census);
    }
    if (succession->count_count == 0) {
        accept(succession);
    }
}

/* --- counting ---------------------------------------------------------------------------------- */

/* The first of them that has reached `revision` and found somebody; *ret_all: all have reached it. */
static const struct census *find_homeless(const struct succession *succession, int64_t revision,
                                          bool *ret_all)
{
    *ret_all = true;
    for (size_t i = 0; i < succession->count_count; i++) {
        const struct census *census = &succession->counts[i].census;
        if (!census_reached(census, revision)) {
            *ret_all = false;
        } else if (census_homeless(census) > 0) {
            return census;
        }
    }
    return NULL;
}

static void check_counts(struct succession *succession)
{
    bool all, verifying = succession->phase == SUCCESSION_VERIFYING;
    const struct census *census =
        find_homeless(succession, verifying ? succession->claimed : 0, &all);
    if (census != NULL) {
        (void)census_refuse(census, &succession->err);
        stop_counts(succession);
        if (verifying) {
            revert(succession);
        } else {
            refuse(succession);
        }
    } else if (all && verifying) {
        accept(succession);
    } else if (all && succession->way_for != NULL) {
        FAIL(&succession->err, TEND_UNAVAILABLE, "%s has to make way", succession->rival_file);
        refuse(succession);
    } else if (all) {
        submit_claim(succession);
    }
}

static void on_moved(struct census *census)
{
    struct succession *succession =
        CONTAINER_OF(census, struct succession_count, census)->succession;
    if (succession->phase == SUCCESSION_COUNTING || succession->phase == SUCCESSION_VERIFYING) {
        check_counts(succession);
    }
}

/* --- judging ----------------------------------------------------------------------------------- */

/* Each seat's machine, and the counts that it needs; nothing is touched yet. */
static NODISCARD enum tend_code prepare(struct succession *succession, const char **resources)
{
    struct version *version = succession->version;
    const struct catalogue *catalogue = admission_catalogue(succession->gate);
    for (size_t i = 0; i < version->seat_count; i++) {
        TRY(seat_prepare(&version->seats[i], catalogue, &version->arena, &resources[i],
                         &succession->err));
    }
    return TEND_OK;
}

static void note_rival(struct succession *succession, const char *name, const char *file)
{
    struct arena *arena = &succession->version->arena;
    succession->rival = name == NULL ? NULL : arena_text(arena, text_of(name)).ptr;
    succession->rival_file = arena_text(arena, text_of(file)).ptr;
}

/* The controller that owns the seat's kind now, there or not; NULL: none. */
static const char *owner_of(const struct succession *succession, const struct seat *seat)
{
    const struct kind *kind = seat_kind(seat, admission_catalogue(succession->gate));
    return kind == NULL ? NULL : kind->controller;
}

/* Is the kind for this file, and `rival`, which owns it, of one of another name? It has to make way. */
static bool has_to_make_way(struct succession *succession, const struct seat *seat,
                            const struct controller *rival)
{
    const char *file = controller_file(rival), *owner = owner_of(succession, seat);
    const char *name = strrchr(file, '/'), *ours = strrchr(succession->file, '/');
    bool namesake = name != NULL && ours != NULL && strcmp(name, ours) == 0;
    if (seat->pin != PIN_OURS || owner == NULL || namesake ||
        controller_find(succession->loop, owner) != rival) {
        return false;
    }
    note_rival(succession, owner, file);
    succession->way_for = seat->kind;
    return true;
}

/* What the host is told about the kind. */
static NODISCARD enum tend_code check_pin(struct succession *succession, struct seat *seat)
{
    const char *file = NULL, *owner = owner_of(succession, seat);
    seat->pin =
        seat->role == ROLE_OBSERVER ? PIN_NONE : succession->pinned(succession, seat->kind, &file);
    seat->evicts = NULL;
    if (seat->pin != PIN_OTHERS) {
        return TEND_OK;
    }
    const struct controller *rival =
        owner == NULL ? NULL : controller_find(succession->loop, owner);
    bool serves = rival != NULL && strcmp(controller_file(rival), file) == 0;
    note_rival(succession, serves ? owner : NULL, file);
    succession->pin = PIN_OTHERS;
    return FAIL(&succession->err, TEND_EXISTS,
                "%s is for %s: `kinds` of the host's configuration says so", seat->kind, file);
}

/* A kind has one owner. Within a file it may go from one controller to another. */
static NODISCARD enum tend_code check_kind(struct succession *succession, struct seat *seat)
{
    const char *owner = owner_of(succession, seat);
    if (owner == NULL || strcmp(owner, seat->name) == 0 ||
        version_seat(succession->before, text_of(owner)) != NULL) {
        return TEND_OK;
    }
    const struct controller *rival = controller_find(succession->loop, owner);
    if (rival == NULL && seat->pin == PIN_OURS) {
        seat->evicts = arena_text(&succession->version->arena, text_of(owner)).ptr;
        return TEND_OK;
    }
    if (rival == NULL) {
        return FAIL(&succession->err, TEND_EXISTS,
                    "%s is owned by controller %s, which no file has; if its objects are this "
                    "one's now, tend delete controller %s, and touch the file",
                    seat->kind, owner, owner);
    }
    if (has_to_make_way(succession, seat, rival)) {
        return TEND_OK;
    }
    note_rival(succession, owner, controller_file(rival));
    return FAIL(&succession->err, TEND_EXISTS,
                "%s is owned by controller %s of %s already; a kind has one owner, and `kinds` in "
                "the host's configuration can name another one",
                seat->kind, owner, controller_file(rival));
}

static NODISCARD enum tend_code find_place(struct succession *succession, struct seat *seat)
{
    const struct version *version = succession->version;
    const struct seat *before = version_seat(succession->before, text_of(seat->name));
    const struct controller *there = controller_find(succession->loop, seat->name);
    TRY(check_pin(succession, seat));
    TRY(check_kind(succession, seat));
    if (before != NULL) {
        seat->controller = before->controller;
        bool same = before->role == seat->role && strcmp(before->kind, seat->kind) == 0;
        seat->place = same ? PLACE_TAKEN : PLACE_MOVED;
        return TEND_OK;
    }
    if (succession->way_for != NULL ||
        (there != NULL && has_to_make_way(succession, seat, there))) {
        return TEND_OK; /* its place is given when it begins again */
    }
    if (there != NULL) {
        note_rival(succession, seat->name, controller_file(there));
        return FAIL(&succession->err, TEND_EXISTS,
                    "controller %s is in %s already; keep one of the two files%s", seat->name,
                    controller_file(there),
                    seat->role == ROLE_OBSERVER ? ""
                                                : ", or name one under `kinds` in the host's "
                                                  "configuration");
    }
    struct controller_options options = seat_options(seat, version->made.worker, succession->file,
                                                     version->content.hash, version->called);
    TRY(controller_add(succession->loop, &options, &seat->controller, &succession->err));
    seat->place = PLACE_ADDED;
    return TEND_OK;
}

static void start_counts(struct succession *succession, const char *const *resources)
{
    const struct version *version = succession->version;
    succession->counts = alloc_array(version->seat_count, sizeof *succession->counts);
    for (size_t i = 0; i < version->seat_count; i++) {
        if (resources[i] != NULL) {
            struct succession_count *count = &succession->counts[succession->count_count++];
            count->succession = succession;
            count->census.moved = on_moved;
            census_start(&count->census, succession->loop, text_of(resources[i]),
                         version->seats[i].becomes);
        }
    }
}

static NODISCARD enum tend_code judge(struct succession *succession)
{
    struct version *version = succession->version;
    const char **resources = arena_alloc(&version->arena, version->seat_count * sizeof *resources);
    TRY(prepare(succession, resources));
    for (size_t i = 0; i < version->seat_count; i++) {
        TRY(find_place(succession, &version->seats[i]));
    }
    start_counts(succession, resources);
    return TEND_OK;
}

void succession_forget(struct succession *succession)
{
    succession->rival = succession->rival_file = succession->way_for = NULL;
    succession->pin = PIN_NONE;
}

void succession_begin(struct succession *succession, struct version *version,
                      struct version *before)
{
    succession->version = version;
    succession->before = before;
    succession_forget(succession);
    succession->claimed = 0;
    succession->err = (struct error)ERROR_INIT;
    succession->phase = SUCCESSION_COUNTING;
    if (judge(succession) == TEND_OK) {
        check_counts(succession);
    } else {
        refuse(succession);
    }
}

/* --- taking over ------------------------------------------------------------------------------- */

/* Is it what served under that name when it was told last, which may be in another life of the host? A file that
 * was refused under that name did not serve. */
static bool served_before(struct succession *succession, const struct seat *seat)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text key = key_make(&arena, TEXT(BUILTIN_CONTROLLERS), TEXT(""), text_of(seat->name));
    struct doc *doc = store_get(succession->store, key);
    const struct value *root = NULL;
    if (doc == NULL || doc_tree(doc, &arena, &root, NULL) != TEND_OK) {
        return false;
    }
    const struct value *status = value_field(root, "status");
    struct text phase = value_get_text(status, TEXT("phase"));
    return (text_is(phase, "live") || text_is(phase, "lost")) &&
           text_is(value_get_text(status, TEXT("hash")), succession->version->content.hash);
}

static void install_seat(struct succession *succession, struct seat *seat)
{
    const struct version *version = succession->version;
    struct controller_options options = seat_options(seat, version->made.worker, succession->file,
                                                     version->content.hash, version->called);
    struct error err = ERROR_INIT;
    enum tend_code code = TEND_OK;
    switch (seat->place) {
    case PLACE_TAKEN:
        controller_replace(seat->controller, &options);
        break;
    case PLACE_MOVED: /* its keys are another kind's */
        controller_remove(seat->controller);
        code = controller_add(succession->loop, &options, &seat->controller, &err);
        assert(code == TEND_OK); /* its name is free, and all else was checked */
        controller_renew(seat->controller);
        break;
    case PLACE_ADDED:
        if (seat->evicts != NULL || !served_before(succession, seat)) {
            controller_renew(seat->controller);
        }
        break;
    case PLACE_NONE:
        break;
    }
    (void)code;
}

static void remove_seat(struct succession *succession, const struct seat *seat)
{
    char message[ERROR_TEXT_MAX];
    snprintf(message, sizeof message,
             "%s does not have this controller any more; its objects are kept", succession->file);
    struct report report = {.name = seat->name,
                            .phase = "lost",
                            .reason = "NotInPlugin",
                            .message = message,
                            .contested = "",
                            .since_ms = world_wall_ms(succession->world)};
    controller_remove(seat->controller);
    report_write(succession->loop, &report);
}

void succession_install(struct succession *succession)
{
    struct version *version = succession->version, *before = succession->before;
    for (size_t i = 0; before != NULL && i < before->seat_count; i++) {
        struct seat *seat = &before->seats[i];
        if (version_seat(version, text_of(seat->name)) == NULL) {
            remove_seat(succession, seat);
        }
        seat->controller = NULL;
    }
    for (size_t i = 0; i < version->seat_count; i++) {
        install_seat(succession, &version->seats[i]);
    }
}

/* --- life -------------------------------------------------------------------------------------- */

void succession_init(struct succession *succession)
{
    succession->claim.answered = on_answered;
    succession->end.run = on_end;
}

bool succession_may_stop(const struct succession *succession)
{
    switch (succession->phase) {
    case SUCCESSION_IDLE:
    case SUCCESSION_COUNTING:
        return true;
    case SUCCESSION_ENDING:
        return succession->code != TEND_OK;
    case SUCCESSION_CLAIMING:
    case SUCCESSION_VERIFYING:
    case SUCCESSION_REVERTING:
        break;
    }
    return false;
}

void succession_stop(struct succession *succession)
{
    bool underway = succession->phase != SUCCESSION_IDLE &&
                    (succession->phase != SUCCESSION_ENDING || succession->code == TEND_OK);
    list_remove(&succession->end.link);
    claim_done(&succession->claim);
    if (underway) {
        give_up(succession);
    }
    succession->phase = SUCCESSION_IDLE;
}
