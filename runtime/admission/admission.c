/* The gate itself: it judges a set, commits what came of it, and keeps the answer until it may be given.
 *
 * The catalogue follows the store in two steps. `pending` is what the next set is judged by. A commit
 * that changed it is noted in `coming` with its revision, and becomes `durable`, which is what readers
 * see, when the store says that this revision is on disk: the gate listens before anybody else, so a
 * follower that sees a new definition finds its kind. When commits fail, everything that was judged on
 * top of them fails as well: `coming` is dropped and `pending` is the durable one again. That happens
 * once for a failure and not once for each answer that fails with it, hence the epochs. */
#include "admission/admission.h"

#include <assert.h>
#include <stdlib.h>

#include "admission/set.h"
#include "base/alloc.h"
#include "base/limits.h"
#include "resource/builtin.h"

/* A catalogue that a commit under way brings. */
struct coming {
    struct list link;
    int64_t revision;
    struct catalogue *catalogue;
};

struct admission {
    struct world *world;
    struct store *store;
    struct store_listener listener;
    struct catalogue *pending, *durable;
    struct list coming;    /* of struct coming, oldest first */
    struct list under_way; /* of struct verdict */
    uint64_t epoch;        /* how often commits failed */
};

/* A judged set whose answer is held until what it rests on is durable. */
struct verdict {
    struct list link;
    struct store_waiter waiter;
    struct admission *gate;
    struct admission_call *call; /* NULL: nobody wants the answer */
    struct set set;
    uint64_t epoch;
};

/* --- the two catalogues ------------------------------------------------------------------------ */

static void set_pending(struct admission *gate, struct catalogue *catalogue)
{
    catalogue_unref(gate->pending);
    gate->pending = catalogue_ref(catalogue);
}

static void note_coming(struct admission *gate, struct catalogue *catalogue, int64_t revision)
{
    struct coming *coming = alloc_new(sizeof *coming);
    coming->revision = revision;
    coming->catalogue = catalogue_ref(catalogue);
    list_append(&gate->coming, &coming->link);
    set_pending(gate, catalogue);
}

/* The oldest that is coming, or NULL. */
static struct coming *first_coming(struct admission *gate)
{
    return list_empty(&gate->coming) ? NULL : CONTAINER_OF(gate->coming.next, struct coming, link);
}

static void drop_coming(struct coming *coming)
{
    list_remove(&coming->link);
    catalogue_unref(coming->catalogue);
    free(coming);
}

static void on_advanced(struct store_listener *listener, int64_t revision)
{
    struct admission *gate = CONTAINER_OF(listener, struct admission, listener);
    struct coming *coming = first_coming(gate);
    while (coming != NULL && coming->revision <= revision) {
        catalogue_unref(gate->durable);
        gate->durable = catalogue_ref(coming->catalogue);
        drop_coming(coming);
        coming = first_coming(gate);
    }
}

/* What was pending will not come. */
static void fall_back(struct admission *gate)
{
    struct coming *coming = first_coming(gate);
    while (coming != NULL) {
        drop_coming(coming);
        coming = first_coming(gate);
    }
    set_pending(gate, gate->durable);
    gate->epoch++;
}

const struct catalogue *admission_catalogue(const struct admission *gate)
{
    return gate->durable;
}

/* --- answering --------------------------------------------------------------------------------- */

/* Nothing of this set was written: every answer that does not say why says so. */
static void refuse_all(struct set *set, enum tend_code code, const char *message, size_t failed)
{
    set->result.code = code;
    set->result.message = message;
    set->result.failed = failed;
    set->result.revision = 0;
    for (size_t i = 0; i < set->result.count; i++) {
        struct admission_answer *answer = &set->answers[i];
        answer->effect = EFFECT_NONE;
        answer->doc = NULL;
        if (i != failed) {
            answer->code = failed == set->result.count ? code : TEND_UNAVAILABLE;
            answer->causes = NULL;
            answer->cause_count = 0;
            answer->message =
                failed == set->result.count
                    ? message
                    : arena_format(&set->arena, "nothing was written: %s", message).ptr;
        }
    }
}

static void verdict_free(struct verdict *verdict)
{
    list_remove(&verdict->link);
    set_done(&verdict->set);
    free(verdict);
}

static void on_settled(struct store_waiter *waiter, enum tend_code code, const struct error *err)
{
    struct verdict *verdict = CONTAINER_OF(waiter, struct verdict, waiter);
    struct set *set = &verdict->set;
    if (code != TEND_OK) {
        if (verdict->epoch == verdict->gate->epoch) {
            fall_back(verdict->gate);
        }
        refuse_all(set, code, arena_text(&set->arena, text_of(err->message)).ptr,
                   set->result.count);
    }
    struct admission_call *call = verdict->call;
    if (call != NULL) {
        call->impl = NULL;
        call->answered(call, &set->result);
    }
    verdict_free(verdict);
}

void admission_cancel(struct admission_call *call)
{
    struct verdict *verdict = call->impl;
    if (verdict != NULL) {
        verdict->call = NULL;
        call->impl = NULL;
    }
}

/* --- submitting -------------------------------------------------------------------------------- */

/* Commit what the set writes; TEND_OK and `*ret_held` where the waiter is the store's now. */
static enum tend_code commit(struct verdict *verdict, bool *ret_held, struct error *err)
{
    struct set *set = &verdict->set;
    struct admission *gate = verdict->gate;
    struct store_write *writes = NULL;
    size_t count = 0;
    TRY(set_finish(set, &writes, &count, err));
    if (count == 0 || set->asked->run == RUN_DRY) {
        return TEND_OK;
    }
    set->result.failed = set->result.count;
    int64_t last = store_next_revision(set->store) + (int64_t)count - 1;
    TRY(store_commit(set->store, writes, count, set_actor(&set->arena, &set->asked->writer),
                     set_purpose(set), &verdict->waiter, err));
    *ret_held = true;
    set->result.failed = 0;
    set->result.revision = last;
    if (set->recatalogued) {
        note_coming(gate, set->catalogue, last);
    }
    return TEND_OK;
}

/* Judge and commit; whatever was not committed is refused, with the reason, or has nothing to write. */
static bool judge(struct verdict *verdict)
{
    struct set *set = &verdict->set;
    struct error err = ERROR_INIT;
    bool held = false;
    if (set->asked->count == 0 || set->asked->count > SET_REQUESTS_MAX) {
        refuse_all(set, TEND_LIMIT,
                   arena_format(&set->arena, "a set of %zu requests, expected 1 to %u",
                                set->asked->count, SET_REQUESTS_MAX)
                       .ptr,
                   set->result.count);
    } else if (set_judge(set) != TEND_OK) {
        refuse_all(set, set->result.code, set->result.message, set->result.failed);
    } else if (commit(verdict, &held, &err) != TEND_OK) {
        const char *message = arena_text(&set->arena, text_of(err.message)).ptr;
        size_t failed = set->result.failed;
        if (failed < set->result.count) {
            set->answers[failed].code = err.code;
            set->answers[failed].message = message;
        }
        refuse_all(set, err.code, message, failed);
    }
    return held;
}

void admission_submit(struct admission *gate, const struct admission_set *asked,
                      struct admission_call *call)
{
    struct verdict *verdict = alloc_new(sizeof *verdict);
    verdict->gate = gate;
    verdict->call = call;
    verdict->epoch = gate->epoch;
    verdict->waiter.settled = on_settled;
    list_append(&gate->under_way, &verdict->link);
    if (call != NULL) {
        assert(call->impl == NULL);
        call->impl = verdict;
    }
    set_init(&verdict->set, gate->world, gate->store, gate->pending, asked);
    if (!judge(verdict)) {
        store_settle(gate->store, &verdict->waiter);
    }
    verdict->set.asked = NULL; /* it was borrowed for the call */
}

/* --- life -------------------------------------------------------------------------------------- */

typedef enum tend_code catalogue_step(const struct catalogue *catalogue, const struct value *root,
                                      struct catalogue **ret_catalogue, struct error *err);

static enum tend_code step_definition(const struct catalogue *catalogue, const struct value *root,
                                      struct catalogue **ret_catalogue, struct error *err)
{
    return catalogue_with_crd(catalogue, root, NULL, ret_catalogue, err);
}

/* Take one stored definition or controller into the catalogue. */
static enum tend_code load_one(struct admission *gate, const struct store_entry *stored,
                               catalogue_step *step, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    struct catalogue *changed = NULL;
    if (doc_tree(stored->doc, &arena, &root, err) != TEND_OK ||
        step(gate->durable, root, &changed, err) != TEND_OK) {
        err->code = TEND_CORRUPT;
        return error_wrap(err, "%.*s, as it is stored", TEXT_ARG(stored->key));
    }
    catalogue_unref(gate->durable);
    gate->durable = changed;
    return TEND_OK;
}

static enum tend_code load_all(struct admission *gate, const char *resource, catalogue_step *step,
                               struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text prefix = key_prefix_kind(&arena, text_of(resource));
    struct text after = TEXT("");
    struct store_entry entry;
    while (store_list(gate->store, store_revision(gate->store), prefix, after, &entry, 1) == 1) {
        TRY(load_one(gate, &entry, step, err));
        after = arena_text(&arena, entry.key);
    }
    return TEND_OK;
}

static void create_default_namespace(struct admission *gate)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (store_get(gate->store, TEXT(BUILTIN_NAMESPACES "//default")) != NULL) {
        return;
    }
    struct admission_request request = {
        .verb = ADMIT_CREATE,
        .body = builtin_default_namespace(&arena),
        .reason = TEXT("a new store"),
    };
    struct admission_set set = {.requests = &request, .count = 1, .writer = {.role = WRITER_HOST}};
    admission_submit(gate, &set, NULL);
}

static void admission_closep(struct admission **gate)
{
    admission_close(*gate);
}

enum tend_code admission_open(struct world *world, struct store *store, struct admission **ret_gate,
                              struct error *err)
{
    CLEANUP(admission_closep) struct admission *gate = alloc_new(sizeof *gate);
    gate->world = world;
    gate->store = store;
    list_init(&gate->coming);
    list_init(&gate->under_way);
    gate->durable = catalogue_new();
    gate->listener.advanced = on_advanced;
    store_listen(store, &gate->listener);
    TRY(load_all(gate, BUILTIN_CRDS, step_definition, err));
    TRY(load_all(gate, BUILTIN_CONTROLLERS, catalogue_with_machine, err));
    gate->pending = catalogue_ref(gate->durable);
    create_default_namespace(gate);
    *ret_gate = TAKE(gate);
    return TEND_OK;
}

void admission_close(struct admission *gate)
{
    if (gate == NULL) {
        return;
    }
    store_unlisten(&gate->listener);
    LIST_FOREACH_SAFE (link, &gate->under_way) {
        struct verdict *verdict = CONTAINER_OF(link, struct verdict, link);
        store_forget(&verdict->waiter);
        if (verdict->call != NULL) {
            verdict->call->impl = NULL;
        }
        verdict_free(verdict);
    }
    LIST_FOREACH_SAFE (link, &gate->coming) {
        drop_coming(CONTAINER_OF(link, struct coming, link));
    }
    catalogue_unref(gate->pending);
    catalogue_unref(gate->durable);
    free(gate);
}

const char *admission_reason(enum schema_reason reason)
{
    switch (reason) {
    case SCHEMA_REQUIRED:
        return "FieldValueRequired";
    case SCHEMA_TYPE:
        return "FieldValueTypeInvalid";
    case SCHEMA_INVALID:
    case SCHEMA_UNKNOWN:
        return "FieldValueInvalid";
    case SCHEMA_NOT_SUPPORTED:
        return "FieldValueNotSupported";
    case SCHEMA_TOO_LONG:
        return "FieldValueTooLong";
    case SCHEMA_TOO_MANY:
        return "FieldValueTooMany";
    case SCHEMA_DUPLICATE:
        return "FieldValueDuplicate";
    case SCHEMA_FORBIDDEN:
        return "FieldValueForbidden";
    }
    return "FieldValueInvalid";
}
