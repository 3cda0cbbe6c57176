/* The one gate: whatever changes state comes through here.
 *
 *     request --> kind --> defaults --> unknown fields --> schema --> metadata --> state machine
 *             --> owner --> finalizer --> store: all requests of a set, or none --> durable --> answer
 *
 * Requests are judged against the pending head: objects and kinds as they will be when everything that
 * was submitted is durable. Every answer, a refusal and "nothing to do" as well, is given when what it
 * rests on is durable, in a later step than the call, and once.
 *
 * What the gate promises about every object that it lets into the store:
 *
 *   1  It satisfies the schema and the state machine that were in force when it was written. A later
 *      change of either does not touch it; it is judged again when it is next written.
 *   2  metadata.resourceVersion is the revision that wrote it; uid, creationTimestamp and the mark of
 *      deletion never change; generation counts changes outside metadata and status, and the mark.
 *   3  A write that changes nothing is not written.
 *   4  While it is being deleted no finalizer is added; without any it is gone in the same set.
 *   5  The state of a kind with a machine moves along declared moves only, whoever asks; annotation
 *      tend.dev/state-since is the moment of entry, and nobody else's to write. Only the host gives a
 *      renamed state its new name, which is no entry.
 *   6  An object of a kind that a finalizing controller owns carries the kind's finalizer from its
 *      creation, or from its first write where it was older than the owner.
 *   7  The kind's finalizer is taken off by its owner. Anybody else may do so, of an object that is being
 *      deleted, only where that controller is not live or has set the object aside (Quarantined); an Event
 *      ("Abandoned") in the same set says who it was.
 *   8  Whoever but the owner writes another text into annotation tend.dev/retry has taken the conditions
 *      Stalled and Quarantined off by that; an Event ("RetryAsked") says who it was.
 *
 * Kinds: writing a CustomResourceDefinition or a Controller makes another catalogue, pending with the
 * write and durable with it. A definition may change its schema freely (1), but its kind, version and
 * scope only while it has no objects, and goes only then. A namespace goes only when nothing but
 * Events is in it.
 */
#ifndef ADMISSION_ADMISSION_H
#define ADMISSION_ADMISSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/world.h"
#include "document/doc.h"
#include "document/schema.h"
#include "resource/catalogue.h"
#include "resource/event.h"
#include "store/store.h"

struct admission;

enum admission_verb {
    ADMIT_CREATE,        /* must not exist; metadata.generateName makes a name */
    ADMIT_UPDATE,        /* the whole object; status is left as it is */
    ADMIT_UPDATE_STATUS, /* only `status` of the body counts */
    ADMIT_PATCH,         /* a merge patch (RFC 7386); status is left as it is */
    ADMIT_PATCH_STATUS,  /* a merge patch of which only `status` counts */
    /* Create, or lay the body over what is there; status does not count. What a client or manifest
     * applied last and does not name any more goes. */
    ADMIT_APPLY,
    ADMIT_DELETE,  /* mark, or remove where nothing holds it */
    ADMIT_RELEASE, /* take the kind's finalizer off; host and owning controller only */
    ADMIT_EXPECT,  /* write nothing, but refuse the set where `expect` does not hold */
    /* Say `event`. What was said before counts up; twice in one set is once; where its namespace is
     * gone nothing is said, and the set is not refused. */
    ADMIT_EVENT,
};

enum admission_role {
    WRITER_CLIENT,
    WRITER_MANIFEST,
    WRITER_CONTROLLER,
    WRITER_OBSERVER, /* a controller that owns no kind: it writes no status, state or finalizer */
    WRITER_HOST
};
struct admission_writer {
    enum admission_role role;
    struct text
        name; /* of the controller, or who the client is ("uid:0"); may be empty otherwise */
};

/* What must hold of the object in the pending head, otherwise TEND_CONFLICT (TEND_NOT_FOUND where it
 * is not there). Zeroed: nothing is expected. */
#define EXPECT_ABSENT (-1)
struct admission_expect {
    int64_t revision; /* its resourceVersion; 0: any; EXPECT_ABSENT: there is no such object */
    struct text uid;  /* empty: any */
    /* Same uid, same mark of deletion, no retry asked for since (META_RETRY), and the same content except
     * metadata as in this document: what a reconcile acted on. A write on top of it is rebased where only
     * metadata moved. NULL: any. */
    const struct doc *content;
    /* Same uid, mark of deletion, labels and annotations as in this document. NULL: any. */
    const struct doc *marks;
};

enum admission_fields {
    FIELDS_STRICT, /* unknown fields refuse the request */
    FIELDS_WARN,   /* they are dropped, with a warning each */
    FIELDS_IGNORE, /* they are dropped */
};

/* Everything is borrowed until admission_submit returns. */
struct admission_request {
    enum admission_verb verb;
    struct text
        resource; /* "labinstances.lab.neuroglia.com"; empty: by body's apiVersion and kind */
    struct text namespace;     /* empty: as the body says, or "default" for namespaced kinds */
    struct text name;          /* empty: as the body says; both given must agree */
    const struct value *body;  /* NULL for DELETE, RELEASE, EXPECT, EVENT */
    const struct event *event; /* for EVENT, otherwise NULL */
    struct admission_expect expect;
    enum admission_fields fields;
    struct text reason; /* why, for the log of changes; may be empty */
};

enum admission_run { RUN_REAL, RUN_DRY /* everything but the writing */ };
struct admission_set {
    const struct admission_request *requests; /* several may be about one object: one row then */
    size_t count;                             /* 1 .. SET_REQUESTS_MAX */
    struct admission_writer writer;
    enum admission_run run;
};

enum admission_effect {
    EFFECT_NONE, /* nothing changed, nothing was written */
    EFFECT_CREATED,
    EFFECT_UPDATED,
    EFFECT_DELETING, /* marked; finalizers hold it */
    EFFECT_DELETED,  /* gone; `doc` is what it was last */
};

/* Whose fault a TEND_INVALID is: HTTP's 400 or 422. */
enum admission_fault { FAULT_OBJECT, FAULT_REQUEST };

/* The answer to one request; everything is borrowed until the callback returns. */
struct admission_answer {
    enum tend_code code;
    enum admission_fault fault;          /* where `code` is TEND_INVALID */
    const char *message;                 /* one sentence; "" where all is well */
    const struct schema_problem *causes; /* what is wrong where, may be none */
    size_t cause_count;
    const struct text *warnings;
    size_t warning_count;
    enum admission_effect effect;
    const char *resource; /* "" where no kind was found */
    struct text key;      /* empty where none was found */
    struct doc *doc;      /* the object as it is now; NULL where there is none, or on failure */
};

struct admission_result {
    enum tend_code code; /* TEND_OK: every request was admitted */
    size_t failed; /* otherwise the index of the one that refused the set; `count` where it was
                             the set itself (no space, too much under way) */
    const char *message; /* its sentence */
    const struct admission_answer
        *answers; /* one for each request; those that were fine in a refused
                                               set say TEND_UNAVAILABLE */
    size_t count;
    int64_t revision; /* of the last row written; 0: nothing was written */
};

/* Where the answer goes; the caller's, at its place until `answered` was called or it was cancelled. */
struct admission_call {
    void (*answered)(struct admission_call *call, const struct admission_result *result);
    void *impl; /* the gate's */
};

/* The gate of `store`; reads the stored definitions and controllers, and creates namespace "default"
 * where it is missing. One for each store, opened before the loop runs and before any other listener.
 * TEND_CORRUPT where a stored definition is none. */
NODISCARD enum tend_code admission_open(struct world *world, struct store *store,
                                        struct admission **ret_gate, struct error *err);

/* Close, before the store. Answers under way are not given any more. */
void admission_close(struct admission *gate); /* NULL is allowed */

/* Judge and commit `set`; the answer comes to `call` in a later step. */
void admission_submit(struct admission *gate, const struct admission_set *set,
                      struct admission_call *call);

/* The answer is not wanted any more; what was submitted happens all the same. Harmless where `call` is
 * not under way. */
void admission_cancel(struct admission_call *call);

/* The kinds as readers may see them (durable); borrowed until control returns to the loop. */
const struct catalogue *admission_catalogue(const struct admission *gate);

/* "FieldValueRequired", ...: the word of metav1.StatusCause. */
const char *admission_reason(enum schema_reason reason);

#endif
