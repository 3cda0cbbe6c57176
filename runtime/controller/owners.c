/* Two tables and the ties between them: an owner (a uid) knows who names it, a dependent (a key) knows
 * whom it names. Nothing in them is older than the row that was shown last, and all of it can be found
 * again by looking at every object: it is never stored.
 *
 * When an owner is gone, a whole list of dependents has to be looked at, and there may be many. They are
 * handed out one by one, so that whoever asks decides how many fit into a step; a tie that was handed out
 * moves to the other list of its owner, which is the only place that has to be remembered.
 */
#include <assert.h>

#include "base/alloc.h"
#include "controller/inside.h"

/* An object that names owners. */
struct dependent {
    struct text key;
    struct list link; /* in owners->waiting or owners->recalled */
    size_t count;
    struct tie {
        struct list link; /* in owner->ties or owner->told */
        struct owner *owner;
        struct dependent *dependent;
    } ties[]; /* one for each reference; the bytes of the key follow */
};

void owners_init(struct owners *owners)
{
    *owners = (struct owners){0};
    list_init(&owners->gone);
    list_init(&owners->waiting);
    list_init(&owners->recalled);
}

/* --- ties ----------------------------------------------------------------------------------------- */

struct owner *owners_find(const struct owners *owners, struct text uid)
{
    return map_get(&owners->by_uid, uid);
}

static struct owner *owner_of(struct owners *owners, struct text uid)
{
    struct owner *owner = owners_find(owners, uid);
    if (owner == NULL) {
        owner = alloc_new(sizeof *owner + uid.len + 1);
        memcpy(owner->bytes, uid.ptr, uid.len);
        owner->uid = (struct text){owner->bytes, uid.len};
        list_init(&owner->ties);
        list_init(&owner->told);
        map_put(&owners->by_uid, owner->uid, owner);
    }
    return owner;
}

static void untie(struct owners *owners, struct tie *tie)
{
    struct owner *owner = tie->owner;
    list_remove(&tie->link);
    if (list_empty(&owner->ties) && list_empty(&owner->told)) {
        map_remove(&owners->by_uid, owner->uid);
        list_remove(&owner->link);
        free(owner->place);
        free(owner);
    }
}

static void dependent_free(struct owners *owners, struct dependent *dependent)
{
    for (size_t i = 0; i < dependent->count; i++) {
        untie(owners, &dependent->ties[i]);
    }
    list_remove(&dependent->link);
    free(dependent);
}

void owners_note(struct owners *owners, struct text key, const struct value *references)
{
    size_t count = value_count(references);
    struct dependent *dependent =
        alloc_new(sizeof *dependent + count * sizeof(struct tie) + key.len + 1);
    char *bytes = (char *)&dependent->ties[count];
    memcpy(bytes, key.ptr, key.len);
    dependent->key = (struct text){bytes, key.len};
    dependent->count = count;
    for (size_t i = 0; i < count; i++) {
        struct tie *tie = &dependent->ties[i];
        const struct value *uid = value_field(value_at(references, i), "uid");
        tie->dependent = dependent;
        tie->owner = owner_of(owners, value_text_or(uid, TEXT("")));
        list_append(&tie->owner->ties, &tie->link);
    }
    struct dependent *before = map_put(&owners->dependents, dependent->key, dependent);
    if (before != NULL) { /* after the new ties: what is known of an owner is kept */
        dependent_free(owners, before);
    }
}

bool owners_named_by(const struct owners *owners, struct text key)
{
    return map_get(&owners->dependents, key) != NULL;
}

void owners_forget(struct owners *owners, struct text key)
{
    struct dependent *dependent = map_remove(&owners->dependents, key);
    if (dependent != NULL) {
        dependent_free(owners, dependent);
    }
}

void owners_done(struct owners *owners)
{
    MAP_FOREACH (slot, &owners->dependents) {
        dependent_free(owners, slot->value);
    }
    map_done(&owners->dependents);
    assert(owners->by_uid.count == 0 && list_empty(&owners->gone));
    map_done(&owners->by_uid);
}

/* --- whom to look at ------------------------------------------------------------------------------ */

void owners_gone(struct owners *owners, struct owner *owner)
{
    owner->phase = OWNER_GONE;
    if (!list_linked(&owner->link)) {
        list_append(&owners->gone, &owner->link);
    }
}

void owners_wait(struct owners *owners, struct text key)
{
    struct dependent *dependent = map_get(&owners->dependents, key);
    if (dependent != NULL) {
        list_remove(&dependent->link);
        list_append(&owners->waiting, &dependent->link);
    }
}

void owners_recall(struct owners *owners)
{
    list_splice(&owners->recalled, &owners->waiting);
}

bool owners_next(struct owners *owners, struct text *ret_key)
{
    struct list *link = list_pop(&owners->recalled);
    if (link != NULL) {
        *ret_key = CONTAINER_OF(link, struct dependent, link)->key;
        return true;
    }
    while (!list_empty(&owners->gone)) {
        struct owner *owner = CONTAINER_OF(owners->gone.next, struct owner, link);
        link = list_pop(&owner->ties);
        if (link != NULL) {
            list_append(&owner->told, link);
            *ret_key = CONTAINER_OF(link, struct tie, link)->dependent->key;
            return true;
        }
        list_remove(&owner->link);
    }
    return false;
}
