/* Why one set: a definition without its machine would let objects into states that nobody declared, and
 * a machine whose definition was refused would wait for a kind that never comes. Either the version is
 * there with everything it needs, or its refusal is all that can be seen of it.
 */
#include "runner/claim.h"

#include <string.h>

#include "resource/builtin.h"
#include "resource/claimed.h"
#include "resource/key.h"
#include "resource/meta.h"
#include "runner/notice.h"

#define DEFINED_BY "tend.dev/defined-by"

struct draft {
    const struct claim_terms *terms;
    struct arena *arena;
    struct admission_request *requests;
    size_t count;
};

/* The cluster-scoped object of that name, or NULL. */
static const struct value *stored(struct draft *draft, const char *resource, struct text name)
{
    struct text key = key_make(draft->arena, text_of(resource), TEXT(""), name);
    struct doc *doc = store_get(draft->terms->store, key);
    const struct value *root = NULL;
    return doc != NULL && doc_tree(doc, draft->arena, &root, NULL) == TEND_OK ? root : NULL;
}

static void add(struct draft *draft, enum admission_verb verb, const char *resource,
                const struct value *body)
{
    draft->requests[draft->count++] =
        (struct admission_request){.verb = verb,
                                   .resource = text_of(resource),
                                   .body = body,
                                   .fields = FIELDS_STRICT,
                                   .reason = text_of(draft->terms->file)};
}

/* The definition that a controller carries: created, or brought up to date where it is its own. */
static void add_definition(struct draft *draft, const struct seat *seat)
{
    const struct value *crd = value_field(seat->described, "crd");
    if (crd == NULL) {
        return;
    }
    struct text name = text_of(seat->name);
    const struct value *body = meta_with_annotation(draft->arena, crd, DEFINED_BY, name);
    const struct value *there = stored(draft, BUILTIN_CRDS, meta_of(crd).name);
    struct meta meta = meta_of(there);
    if (there == NULL) {
        add(draft, ADMIT_CREATE, BUILTIN_CRDS, body);
    } else if (text_equal(meta_annotation(&meta, DEFINED_BY), name)) {
        add(draft, ADMIT_UPDATE, BUILTIN_CRDS, body);
    }
}

/* A text of the descriptor, where it has one. */
static const struct value *with_described(struct arena *arena, const struct value *map,
                                          const struct seat *seat, const char *field)
{
    const struct value *said = value_get(seat->described, text_of(field));
    return said == NULL ? map : value_with(arena, map, text_of(field), said);
}

static const struct value *owner_spec(struct draft *draft, const struct seat *seat)
{
    const struct value *owned = claimed_kind(draft->arena, seat->described, seat->machine);
    return value_with(draft->arena, NULL, TEXT("owns"), value_list(draft->arena, &owned, 1));
}

static const struct value *observer_spec(struct draft *draft, const struct seat *seat)
{
    struct arena *arena = draft->arena;
    const struct value *observed =
        value_with(arena, NULL, TEXT("kinds"), controller_kinds(arena, seat->kind));
    observed = with_described(arena, observed, seat, "labels");
    observed = with_described(arena, observed, seat, "annotation");
    return value_with(arena, NULL, TEXT("observes"), observed);
}

static void add_controller(struct draft *draft, const char *name, const struct value *spec)
{
    struct arena *arena = draft->arena;
    const struct value *root =
        value_with(arena, notice_root(arena, text_of(name)), TEXT("spec"), spec);
    bool there = stored(draft, BUILTIN_CONTROLLERS, text_of(name)) != NULL;
    add(draft, there ? ADMIT_UPDATE : ADMIT_CREATE, BUILTIN_CONTROLLERS, root);
}

static bool stands_back(const struct claim_terms *terms, const struct seat *before)
{
    bool claimed = false;
    if (before->role == ROLE_OBSERVER) {
        return false;
    }
    for (size_t i = 0; i < terms->seat_count; i++) {
        if (strcmp(terms->seats[i].name, before->name) == 0) {
            return false;
        }
        claimed = claimed || (terms->seats[i].role == ROLE_OWNER &&
                              strcmp(terms->seats[i].kind, before->kind) == 0);
    }
    return claimed;
}

static void add_all(struct draft *draft)
{
    const struct claim_terms *terms = draft->terms;
    for (size_t i = 0; i < terms->before_count; i++) {
        if (stands_back(terms, &terms->before[i])) {
            add_controller(draft, terms->before[i].name,
                           value_with(draft->arena, NULL, TEXT("owns"), value_empty_list()));
        }
    }
    for (size_t i = 0; i < terms->seat_count; i++) {
        const char *evicted = terms->seats[i].evicts;
        if (evicted != NULL && stored(draft, BUILTIN_CONTROLLERS, text_of(evicted)) != NULL) {
            add_controller(draft, evicted,
                           value_with(draft->arena, NULL, TEXT("owns"), value_empty_list()));
        }
    }
    for (size_t i = 0; i < terms->seat_count; i++) {
        add_definition(draft, &terms->seats[i]);
    }
    for (size_t i = 0; i < terms->seat_count; i++) {
        const struct seat *seat = &terms->seats[i];
        add_controller(draft, seat->name,
                       seat->role == ROLE_OBSERVER ? observer_spec(draft, seat)
                                                   : owner_spec(draft, seat));
    }
}

static void on_answered(struct admission_call *call, const struct admission_result *result)
{
    struct claim *claim = CONTAINER_OF(call, struct claim, call);
    arena_done(&claim->arena);
    claim->answered(claim, result);
}

void claim_submit(struct claim *claim, const struct claim_terms *terms)
{
    struct draft draft = {.terms = terms, .arena = &claim->arena};
    size_t most = terms->before_count + 3 * terms->seat_count;
    draft.requests = arena_alloc(&claim->arena, most * sizeof *draft.requests);
    add_all(&draft);
    claim->call.answered = on_answered;
    admission_submit(terms->gate,
                     &(struct admission_set){.requests = draft.requests,
                                             .count = draft.count,
                                             .writer = {.role = WRITER_HOST}},
                     &claim->call);
}

void claim_done(struct claim *claim)
{
    admission_cancel(&claim->call);
    arena_done(&claim->arena);
}
