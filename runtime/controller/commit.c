/* A run's writes as one set.
 *
 * The object's own part is a patch from the status that the run saw to the status that it wants, so that
 * what moved in the metadata meanwhile stays. Its precondition is the whole rest: uid, mark of deletion
 * and everything but metadata (admission_expect.content). After DISCARDS_MAX runs that were overtaken
 * the precondition is only the uid, and status.observedGeneration says what was acted on.
 *
 *     requests:  [own status] [release] [other objects ...] [events ...]      first one: the precondition
 *
 * An observer has no part of the object's own but labels and annotations, as a draft of it, and since it acts
 * on these, they are in its precondition.
 *
 * Nothing is built where nothing would change: a run that finds all well does not reach the gate. What a run
 * has written so far is committed before an effect that it asks for by name; such a set says nothing about
 * how the run ended.
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "document/patch.h"
#include "document/schema.h"
#include "resource/condition.h"
#include "resource/key.h"

static bool observes(const struct run *run)
{
    return run->controller->role == ROLE_OBSERVER;
}

static struct arena *arena_of(struct run *run)
{
    return &run->arena;
}

/* Does the kind keep `path`? */
static bool keeps(const struct kind *kind, struct text path)
{
    return kind->schema == NULL || schema_at(kind->schema, path) != NULL;
}

/* --- the object itself ---------------------------------------------------------------------------- */

static const struct value *with_condition(struct run *run, const struct value *root,
                                          struct condition condition)
{
    condition.observed_generation = run->meta.generation;
    if (condition.reason.len == 0) {
        condition.reason = condition.type;
    }
    return condition_set(arena_of(run), root, &condition,
                         world_wall_ms(run->controller->loop->world));
}

static const struct value *with_conditions(struct run *run, const struct value *root,
                                           const struct value *list)
{
    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *item = value_at(list, i);
        root = with_condition(run, root,
                              (struct condition){.type = value_get_text(item, TEXT("type")),
                                                 .status = value_get_text(item, TEXT("status")),
                                                 .reason = value_get_text(item, TEXT("reason")),
                                                 .message = value_get_text(item, TEXT("message"))});
    }
    return root;
}

/* `root` in the state that the run enters; its state's own condition does not outlive it. */
static NODISCARD enum tend_code enter_state(struct run *run, const struct kind *kind,
                                            const struct value *root, const struct value **ret_root,
                                            struct error *err)
{
    const struct machine *machine = kind->machine;
    struct text to = text_of(run->enter);
    if (machine == NULL) {
        return FAIL(err, TEND_INVALID, "%s has no states, it cannot enter \"%s\"", kind->name,
                    run->enter);
    }
    if (machine_state(machine, to) == NULL) {
        return FAIL(err, TEND_INVALID, "%s has no state \"%s\"", kind->name, run->enter);
    }
    TRY(machine_move(machine, run->state, to, err));
    const struct machine_state *from = machine_state(machine, run->state);
    if (from != NULL && from->condition != NULL && !text_equal(run->state, to) &&
        condition_is_true(root, text_of(from->condition))) {
        root = with_condition(run, root,
                              (struct condition){.type = text_of(from->condition),
                                                 .status = TEXT("False"),
                                                 .reason = TEXT("StateLeft")});
    }
    return machine_with_state(machine, arena_of(run), root, to, ret_root, err);
}

static const struct value *with_failure(struct run *run, const struct kind *kind,
                                        const struct value *root, struct text type)
{
    if (!keeps(kind, TEXT("status.conditions"))) {
        return root;
    }
    return with_condition(run, root,
                          (struct condition){.type = type,
                                             .status = TEXT("True"),
                                             .reason = text_of(run->reason),
                                             .message = text_of(run->message)});
}

/* What the host says about the run: the generation that was acted on, and whether it failed. */
static const struct value *with_host_part(struct run *run, const struct kind *kind,
                                          const struct value *root)
{
    struct arena *arena = arena_of(run);
    if (run->outcome == OUTCOME_SO_FAR) {
        return root;
    }
    root = condition_remove(arena, root, TEXT("Stalled"));
    root = condition_remove(arena, root, TEXT("Quarantined"));
    if (run->subject->damped == 0) {
        root = condition_remove(arena, root, TEXT("HotLoop"));
    }
    if (run->outcome == OUTCOME_RETRY && run->reason[0] != '\0') {
        root = with_failure(run, kind, root, TEXT("Failing"));
    } else { /* it lasts while the tries fail */
        root = condition_remove(arena, root, TEXT("Failing"));
    }
    if (run->outcome == OUTCOME_FAIL) {
        root = with_failure(run, kind, root, TEXT("Stalled"));
    }
    if (kind->schema != NULL && keeps(kind, TEXT("status.observedGeneration"))) {
        const struct value *status =
            value_with(arena, value_field(root, "status"), TEXT("observedGeneration"),
                       value_int(arena, run->meta.generation));
        root = value_with(arena, root, TEXT("status"), status);
    }
    return root;
}

static NODISCARD enum tend_code new_root(struct run *run, const struct kind *kind,
                                         const struct value **ret_root, struct error *err)
{
    struct arena *arena = arena_of(run);
    const struct value *patch = value_field(run->call.result, "status");
    const struct value *root = run->root;
    if (patch != NULL) {
        root = value_with(arena, root, TEXT("status"),
                          patch_merge(arena, value_field(root, "status"), patch));
    }
    root = with_conditions(run, root, value_field(run->call.result, "conditions"));
    root = with_host_part(run, kind, root);
    if (run->outcome == OUTCOME_ENTER) {
        TRY(enter_state(run, kind, root, &root, err));
    }
    *ret_root = root;
    return TEND_OK;
}

/* --- requests ------------------------------------------------------------------------------------- */

static struct admission_request *add_request(struct run *run, enum admission_verb verb)
{
    struct admission_request *request = &run->requests[run->request_count++];
    *request = (struct admission_request){.verb = verb, .reason = text_of(run->reason)};
    return request;
}

static struct admission_request *add_own(struct run *run, const struct kind *kind,
                                         enum admission_verb verb)
{
    struct admission_request *request = add_request(run, verb);
    request->resource = text_of(kind->resource);
    request->namespace = run->meta.namespace;
    request->name = run->meta.name;
    return request;
}

/* What must hold for anything of the run to count. */
static struct admission_expect precondition(const struct run *run)
{
    bool overtaken = run->subject->discards >= DISCARDS_MAX;
    return (struct admission_expect){.uid = run->meta.uid,
                                     .content = overtaken ? NULL : run->doc,
                                     .marks = observes(run) ? run->doc : NULL};
}

static void add_status(struct run *run, const struct kind *kind, const struct value *root)
{
    struct arena *arena = arena_of(run);
    const struct value *before =
        value_with(arena, NULL, TEXT("status"), value_field(run->root, "status"));
    const struct value *now = value_with(arena, NULL, TEXT("status"), value_field(root, "status"));
    const struct value *patch = patch_between(arena, before, now);
    if (patch != NULL) {
        struct admission_request *request =
            add_own(run, kind, kind->has_status ? ADMIT_PATCH_STATUS : ADMIT_PATCH);
        request->body = patch;
        request->fields = run->refused ? FIELDS_IGNORE : FIELDS_STRICT;
    }
}

static bool releases(const struct run *run)
{
    return run->call.verb == VERB_FINALIZE && run->outcome == OUTCOME_DONE;
}

/* --- other objects -------------------------------------------------------------------------------- */

/* The version that the run read, where it read it. */
static struct admission_expect expect_read(const struct run *run, const struct kind *kind,
                                           struct text namespace, struct text name)
{
    char bytes[KEY_BYTES_MAX + 1];
    struct text key;
    if (key_write(bytes, text_of(kind->resource), namespace, name, &key, NULL) != TEND_OK) {
        return (struct admission_expect){0};
    }
    const struct read *read = subject_find_read(run->subject, key);
    if (read == NULL) {
        return (struct admission_expect){0};
    }
    return (struct admission_expect){.revision =
                                         read->revision == 0 ? EXPECT_ABSENT : read->revision};
}

static struct text namespace_of(const struct run *run, const struct kind *kind, struct text asked)
{
    if (!kind_namespaced(kind)) {
        return TEXT("");
    }
    if (asked.len > 0) {
        return asked;
    }
    return run->meta.namespace.len > 0 ? run->meta.namespace : TEXT("default");
}

/* An owner is in the namespace of what it owns, or in none. */
static bool may_own(const struct run *run, struct text namespace)
{
    return run->meta.namespace.len == 0 || text_equal(run->meta.namespace, namespace);
}

static const struct value *owned(struct run *run, const struct value *object)
{
    struct arena *arena = arena_of(run);
    struct meta meta = meta_of(object);
    if (meta.owners != NULL) {
        return object; /* it says itself whose it is */
    }
    const struct value *owners =
        value_append(arena, value_empty_list(), meta_owner_ref(arena, run->root));
    return meta_with(arena, object, "ownerReferences", owners);
}

/* Who owns what is applied: the run's object, if it makes it. What somebody else made stays his, and is changed
 * only: it would be deleted with an object that he may not know. And what has a controller already is not taken
 * from him, or the two would take turns; when it changes, this run is repeated. What nobody owns may be
 * contested all the same. */
static NODISCARD enum tend_code claim(struct run *run, const struct kind *kind,
                                      struct admission_request *request, struct error *err)
{
    struct text key = key_make(arena_of(run), request->resource, request->namespace, request->name);
    const struct store *store = run->controller->loop->store;
    struct doc *doc = store_get(store, key);
    const struct value *root = NULL;
    if (doc == NULL || doc_tree(doc, arena_of(run), &root, NULL) != TEND_OK) {
        request->body =
            may_own(run, request->namespace) ? owned(run, request->body) : request->body;
        return TEND_OK;
    }
    struct meta meta = meta_of(root);
    const struct value *owner = meta_controller_ref(&meta);
    if (owner == NULL || !may_own(run, request->namespace)) {
        return contest_check(run, kind->name, request->name, meta.revision, err);
    }
    if (text_equal(value_get_text(owner, TEXT("uid")), run->meta.uid)) {
        request->body = owned(run, request->body);
        return contest_check(run, kind->name, request->name, meta.revision, err);
    }
    subject_read_key(run->subject, key, meta.revision, store_revision(store));
    struct text owner_kind = value_get_text(owner, TEXT("kind")),
                owner_name = value_get_text(owner, TEXT("name"));
    return FAIL(err, TEND_EXISTS, "%s \"%.*s\" belongs to %.*s \"%.*s\", and is not taken over",
                kind->name, TEXT_ARG(request->name), TEXT_ARG(owner_kind), TEXT_ARG(owner_name));
}

static bool is_itself(const struct run *run, const struct kind *kind, struct text namespace,
                      struct text name)
{
    char bytes[KEY_BYTES_MAX + 1];
    struct text key;
    return key_write(bytes, text_of(kind->resource), namespace, name, &key, NULL) == TEND_OK &&
           text_equal(key, run->work->key);
}

/* The first field of `map` that is none of `names`; empty where all are. */
static struct text other_field(const struct value *map, const char *const *names, size_t count)
{
    for (size_t i = 0; value_is(map, VALUE_MAP) && i < map->count; i++) {
        size_t k = 0;
        while (k < count && !text_is(map->fields[i].key, names[k])) {
            k++;
        }
        if (k == count) {
            return map->fields[i].key;
        }
    }
    return TEXT("");
}

static NODISCARD enum tend_code check_marks(const struct value *object, struct error *err)
{
    static const char *const root[] = {"apiVersion", "kind", "metadata"};
    static const char *const metadata[] = {"name", "namespace", "labels", "annotations"};
    struct text other = other_field(object, root, COUNT_OF(root));
    if (other.len == 0) {
        other = other_field(value_field(object, "metadata"), metadata, COUNT_OF(metadata));
    }
    return other.len == 0 ? TEND_OK
                          : FAIL(err, TEND_DENIED,
                                 "an observer writes of its object labels and annotations, not "
                                 "\"%.*s\"",
                                 TEXT_ARG(other));
}

static NODISCARD enum tend_code add_apply(struct run *run, const struct value *object,
                                          struct error *err)
{
    struct meta meta = meta_of(object);
    const struct catalogue *catalogue = admission_catalogue(run->controller->loop->gate);
    const struct kind *kind = catalogue_kind(catalogue, meta.api_version, meta.kind);
    if (kind == NULL) {
        return catalogue_unknown(catalogue, meta.api_version, meta.kind, err);
    }
    struct admission_request *request = add_request(run, ADMIT_APPLY);
    request->resource = text_of(kind->resource);
    request->namespace = namespace_of(run, kind, meta.namespace);
    request->name = meta.name;
    request->expect = expect_read(run, kind, request->namespace, meta.name);
    if (is_itself(run, kind, request->namespace, meta.name)) {
        request->body = object;
        TRY(observes(run) ? check_marks(object, err) : TEND_OK);
        return contest_check(run, kind->name, meta.name, run->meta.revision, err);
    }
    request->body = object;
    return claim(run, kind, request, err);
}

/* What is not there need not be removed. */
static NODISCARD enum tend_code add_remove(struct run *run, const struct value *write,
                                           struct error *err)
{
    struct loop *loop = run->controller->loop;
    struct text word = value_get_text(write, TEXT("kind")),
                name = value_get_text(write, TEXT("name"));
    const struct kind *kind = loop_kind(loop, word);
    if (kind == NULL) {
        return FAIL(err, TEND_NOT_FOUND, "there is no kind %.*s", TEXT_ARG(word));
    }
    struct text namespace = namespace_of(run, kind, value_get_text(write, TEXT("namespace")));
    struct text key = key_make(arena_of(run), text_of(kind->resource), namespace, name);
    if (store_get(loop->store, key) != NULL) {
        struct admission_request *request = add_request(run, ADMIT_DELETE);
        request->resource = text_of(kind->resource);
        request->namespace = namespace;
        request->name = name;
        request->expect = expect_read(run, kind, namespace, name);
    }
    return TEND_OK;
}

static NODISCARD enum tend_code add_writes(struct run *run, struct error *err)
{
    const struct value *writes = value_field(run->call.result, "writes");
    for (size_t i = 0; i < value_count(writes); i++) {
        const struct value *write = value_at(writes, i);
        if (text_is(value_get_text(write, TEXT("verb")), "apply")) {
            TRY(add_apply(run, value_field(write, "object"), err));
        } else {
            TRY(add_remove(run, write, err));
        }
    }
    return TEND_OK;
}

/* --- events --------------------------------------------------------------------------------------- */

static void add_event(struct run *run, enum event_type type, struct text reason,
                      struct text message)
{
    struct event *event = arena_alloc(arena_of(run), sizeof *event);
    *event = (struct event){.about = run->root,
                            .type = type,
                            .reason = reason,
                            .message = message,
                            .component = text_of(run->controller->name)};
    add_request(run, ADMIT_EVENT)->event = event;
}

static bool says(const struct value *events, struct text reason)
{
    for (size_t i = 0; i < value_count(events); i++) {
        if (text_equal(value_get_text(value_at(events, i), TEXT("reason")), reason)) {
            return true;
        }
    }
    return false;
}

/* What the outcome itself tells, a move or why there was none, unless the run has said it already. */
static void add_outcome_event(struct run *run, const struct value *events)
{
    struct text reason = text_of(run->reason), message = text_of(run->message);
    switch (run->outcome) {
    case OUTCOME_SO_FAR:
        return;
    case OUTCOME_DONE:
        if (releases(run) && value_count(events) == 0) {
            add_event(run, EVENT_NORMAL, TEXT("Finalized"), TEXT("cleaned up and deleted"));
        }
        return;
    case OUTCOME_AGAIN:
        return;
    case OUTCOME_ENTER:
        if (reason.len > 0 && !says(events, reason)) {
            add_event(run, EVENT_NORMAL, reason, message);
        }
        return;
    case OUTCOME_RETRY:
    case OUTCOME_FAIL:
        if (reason.len > 0 && !says(events, reason)) {
            add_event(run, EVENT_WARNING, reason, message);
        }
        return;
    }
}

static void add_events(struct run *run)
{
    const struct value *events = value_field(run->call.result, "events");
    for (size_t i = 0; i < value_count(events); i++) {
        const struct value *item = value_at(events, i);
        add_event(run,
                  text_is(value_get_text(item, TEXT("type")), "Warning") ? EVENT_WARNING
                                                                         : EVENT_NORMAL,
                  value_get_text(item, TEXT("reason")), value_get_text(item, TEXT("message")));
    }
    add_outcome_event(run, events);
}

/* --- sets ----------------------------------------------------------------------------------------- */

/* The precondition goes with the first request about the object; where the set only writes others, it
 * is a request of its own. */
static void set_precondition(struct run *run, const struct kind *kind)
{
    if (run->request_count == 0) {
        return;
    }
    if (run->own_request == 0) {
        run->requests[0].expect = precondition(run);
        return;
    }
    size_t count = run->request_count;
    memmove(&run->requests[1], &run->requests[0], count * sizeof *run->requests);
    run->request_count = 0;
    add_own(run, kind, ADMIT_EXPECT)->expect = precondition(run);
    run->request_count = count + 1;
    run->own_request = 0;
}

/* Status, release, precondition and what the outcome tells; effects that begin or are forgotten. */
enum { OWN_REQUESTS = 4 + EFFECTS_KEPT_MAX };

static NODISCARD enum tend_code start_set(struct run *run, struct error *err)
{
    size_t others = value_count(value_field(run->call.result, "writes")) +
                    value_count(value_field(run->call.result, "events"));
    if (others > SET_REQUESTS_MAX - OWN_REQUESTS) {
        return FAIL(err, TEND_LIMIT,
                    "it writes %zu objects and events, at most %u may be in one set", others,
                    SET_REQUESTS_MAX - OWN_REQUESTS);
    }
    run->requests = arena_alloc(arena_of(run), (others + OWN_REQUESTS) * sizeof *run->requests);
    run->request_count = 0;
    run->own_request = 1;
    return TEND_OK;
}

static NODISCARD enum tend_code check_observer(const struct run *run, const struct kind *kind,
                                               struct error *err)
{
    const struct value *result = run->call.result;
    const char *what = run->outcome == OUTCOME_ENTER                        ? "moves no object"
                       : value_count(value_field(result, "status")) > 0     ? "writes no status"
                       : value_count(value_field(result, "conditions")) > 0 ? "sets no conditions"
                                                                            : NULL;
    return what == NULL ? TEND_OK
                        : FAIL(err, TEND_DENIED, "controller %s observes %s, and an observer %s",
                               run->controller->name, kind->plural, what);
}

static NODISCARD enum tend_code build_own(struct run *run, const struct kind *kind,
                                          struct error *err)
{
    const struct value *root;
    if (observes(run)) {
        return check_observer(run, kind, err);
    }
    TRY(new_root(run, kind, &root, err));
    add_status(run, kind, root);
    if (releases(run)) {
        add_own(run, kind, ADMIT_RELEASE);
    }
    return TEND_OK;
}

static NODISCARD enum tend_code build(struct run *run, const struct kind *kind, struct error *err)
{
    TRY(start_set(run, err));
    TRY(build_own(run, kind, err));
    run->own_request = run->request_count > 0 ? 0 : 1;
    TRY(add_writes(run, err));
    add_events(run);
    return TEND_OK;
}

enum tend_code commit_build(struct run *run, struct error *err)
{
    const struct kind *kind = run_kind(run);
    run->request_count = 0;
    if (kind == NULL) {
        return TEND_OK; /* its definition is gone, and with it the object */
    }
    TRY(build(run, kind, err));
    run->request_count += journal_settle(run, &run->requests[run->request_count]);
    set_precondition(run, kind);
    return TEND_OK;
}

enum tend_code commit_build_so_far(struct run *run, const struct value *so_far,
                                   const struct admission_request *effect, size_t count,
                                   struct error *err)
{
    const struct kind *kind = run_kind(run);
    if (kind == NULL) {
        return FAIL(err, TEND_NOT_FOUND, "there is no kind %s any more", run->controller->kind);
    }
    run->outcome = OUTCOME_SO_FAR;
    run->call.result = so_far;
    enum tend_code code = build(run, kind, err);
    run->call.result = NULL;
    if (code == TEND_OK) {
        for (size_t i = 0; i < count; i++) {
            run->requests[run->request_count++] = effect[i];
        }
        set_precondition(run, kind);
    }
    return code;
}

void commit_build_failure(struct run *run, const char *condition)
{
    const struct kind *kind = run_kind(run);
    run->call.result = NULL;
    run->refused = true;
    if (start_set(run, NULL) != TEND_OK || kind == NULL) {
        return;
    }
    const struct value *root = run->root;
    if (!observes(run) && keeps(kind, TEXT("status.conditions"))) {
        root = condition_remove(arena_of(run), root, TEXT("Failing"));
        root = condition_remove(arena_of(run), root, text_of(condition)); /* it happened anew */
        root = with_failure(run, kind, root, text_of(condition));
        add_status(run, kind, root);
    }
    run->own_request = run->request_count > 0 ? 0 : 1;
    add_event(run, EVENT_WARNING, text_of(run->reason), text_of(run->message));
    run->request_count += journal_settle(run, &run->requests[run->request_count]);
    set_precondition(run, kind);
}

void commit_build_death(struct run *run, const char *reason)
{
    run->request_count = 0;
    run->call.result = NULL;
    if (run_kind(run) != NULL && start_set(run, NULL) == TEND_OK) {
        add_event(run, EVENT_WARNING, TEXT("RunnerDied"), text_of(reason));
    }
}
