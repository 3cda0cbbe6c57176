/* Inside the gate: one request being judged. A function that refuses fills in the answer and returns the
 * code; nothing that it did to the entry counts then, because the whole set is dropped. */
#ifndef ADMISSION_HEARING_H
#define ADMISSION_HEARING_H

#include "admission/set.h"

struct hearing {
    struct set *set;
    size_t index; /* of the request */
    const struct admission_request *request;
    struct admission_answer *answer;
    const struct kind *kind;
    struct text namespace, name;
    struct entry *entry;
    struct schema_problems problems;
    struct text *warnings;
    size_t warning_count;
};

/* Refuse with a sentence; returns `code`. TEND_INVALID here is a fault of the request (400). */
enum tend_code hearing_refuse(struct hearing *hearing, enum tend_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Refuse because of `problems`, a fault of the object (422); TEND_OK where there are none. */
NODISCARD enum tend_code hearing_settle_problems(struct hearing *hearing);

/* Refuse with one problem at `path`. */
enum tend_code hearing_problem(struct hearing *hearing, enum schema_reason reason, const char *path,
                               const char *format, ...) PRINTF_LIKE(4, 5);

/* Refuse with what another room said. */
enum tend_code hearing_fail(struct hearing *hearing, const struct error *err);

void hearing_warn(struct hearing *hearing, const char *format, ...) PRINTF_LIKE(2, 3);

/* 'labinstances.lab.neuroglia.com "lab-1"', for sentences. */
const char *hearing_object(const struct hearing *hearing);

static inline enum admission_role hearing_role(const struct hearing *hearing)
{
    return hearing->set->asked->writer.role;
}

/* The same value in both maps, or in neither. */
static inline bool hearing_same_field(const struct value *a, const struct value *b, struct text key)
{
    const struct value *left = value_get(a, key), *right = value_get(b, key);
    return left == right || (left != NULL && right != NULL && value_equal(left, right));
}

/* Is the writer the host, or the controller that owns the kind? */
bool hearing_by_owner(const struct hearing *hearing);

/* The entry with the hearing's kind, namespace and name. */
NODISCARD enum tend_code hearing_find_entry(struct hearing *hearing);

/* --- saying.c: Events ---------------------------------------------------------------------------- */

/* The entry of the request's event; then ADMIT_EVENT itself. */
NODISCARD enum tend_code saying_find(struct hearing *hearing);
NODISCARD enum tend_code saying_hear(struct hearing *hearing);

/* Say `event` in the set that is judged. Refuses the request where it cannot be said. */
NODISCARD enum tend_code saying_add(struct hearing *hearing, const struct event *event);

/* --- object.c: content -------------------------------------------------------------------------- */

/* A new root from the body: the entry is not there. */
NODISCARD enum tend_code object_create(struct hearing *hearing, const struct value *body);

/* The entry is there: its main part becomes what `body` says (a whole object), or only its status. */
enum object_part { PART_MAIN, PART_STATUS };
NODISCARD enum tend_code object_update(struct hearing *hearing, const struct value *body,
                                       enum object_part part);

/* Report fields of `body` that the kind does not have, as the request wants it. */
NODISCARD enum tend_code object_unknown_fields(struct hearing *hearing, const struct value *body,
                                               const struct value **ret_body);

/* --- life.c: states, finalizers, deletion -------------------------------------------------------- */

/* Initial state and finalizer of a new object. */
NODISCARD enum tend_code life_create(struct hearing *hearing, const struct value **root);

/* Moves, marks and finalizers of a changed one; `before` is what it was a moment ago. */
NODISCARD enum tend_code life_update(struct hearing *hearing, const struct value *before,
                                     const struct value **root);

/* DELETE and RELEASE. */
NODISCARD enum tend_code life_delete(struct hearing *hearing);
NODISCARD enum tend_code life_release(struct hearing *hearing);

/* --- special.c: kinds whose objects mean something to the host ----------------------------------- */

/* May this writer do that to an object of this kind at all? */
NODISCARD enum tend_code special_allows(struct hearing *hearing);

/* Called with a new or changed root before it counts; `before` NULL: it is new. */
NODISCARD enum tend_code special_written(struct hearing *hearing, const struct value *before,
                                         const struct value **root);

/* Called before a DELETE is carried out, and when the object is gone. */
NODISCARD enum tend_code special_delete(struct hearing *hearing);
NODISCARD enum tend_code special_gone(struct hearing *hearing);

#endif
