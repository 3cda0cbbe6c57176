/* Inside the gate: a set of requests while it is judged.
 *
 * The set sees the pending head of the store through what its own requests have done so far: `entry` is
 * one object in that view. Nothing here outlives the step in which the set is judged, except the
 * answers, which live in the set's arena until they were given.
 */
#ifndef ADMISSION_SET_H
#define ADMISSION_SET_H

#include "admission/admission.h"
#include "base/map.h"
#include "resource/key.h"
#include "resource/meta.h"
#include "store/write.h"

/* One object as this set sees it. */
struct entry {
    struct text key;
    struct key_parts parts;  /* of the key */
    struct doc *before;      /* in the pending head, counted; NULL: not there */
    const struct value *old; /* its root; NULL: not there */
    const struct value *now; /* its root as the set leaves it; of a gone one, what it was last */
    bool gone;               /* it was there and the set removes it */
    bool marked;             /* the set marked it as being deleted */
    size_t request;          /* the last request that touched it */
    struct doc *after; /* once finished: what is (or would be) written, counted; NULL: nothing */
    enum change_op op; /* ... and how */
};

struct set {
    struct arena arena;
    struct world *world;
    struct store *store;
    const struct admission_set *asked; /* while it is judged */
    int64_t now_ms;
    struct catalogue *catalogue; /* as the set leaves it, counted */
    bool recatalogued;           /* it differs from the pending one */
    struct entry **entries;      /* in the order in which they were first touched */
    size_t count, capacity;
    struct map by_key;
    struct kind **kinds; /* counted: every kind that an answer mentions */
    size_t kind_count;
    struct admission_answer *answers; /* one for each request */
    struct entry **touched;           /* the entry of each request; NULL: none */
    struct admission_result result;
};

void set_init(struct set *set, struct world *world, struct store *store,
              struct catalogue *catalogue, const struct admission_set *asked);
void set_done(struct set *set);

/* The object at that key in this set's view. TEND_CORRUPT where its stored bytes are no document. */
NODISCARD enum tend_code set_entry(struct set *set, struct text key, struct entry **ret_entry,
                                   struct error *err);

static inline bool entry_is_there(const struct entry *entry)
{
    return entry->now != NULL && !entry->gone;
}

/* Is there such an object in this set's view? It is not decoded for that. */
bool set_has(const struct set *set, struct text key);

/* The first key after `after` that starts with `prefix` and is there in this set's view; the empty text
 * where there is none. Lives in the set's arena. */
struct text set_next_key(struct set *set, struct text prefix, struct text after);

/* How many there are; counts no further than `max`. */
size_t set_count(struct set *set, struct text prefix, size_t max);

/* Replace the catalogue (takes `catalogue`). */
void set_catalogue(struct set *set, struct catalogue *catalogue);

/* Make the documents of everything that changed, numbered from the store's next revision, and fill in
 * effects and documents of the answers. TEND_LIMIT where a document is too large; then `result.failed`
 * is the request. Sets `*ret_writes` (in the arena) and `*ret_count`. */
NODISCARD enum tend_code set_finish(struct set *set, struct store_write **ret_writes,
                                    size_t *ret_count, struct error *err);

/* Is what it writes worth doing when there is no space? */
enum store_purpose set_purpose(const struct set *set);

/* Who asks, as the log of changes names them: "client/uid:1000". */
struct text set_actor(struct arena *arena, const struct admission_writer *writer);

/* Judge every request in turn; stops at the first refusal, which is then in `result`. */
NODISCARD enum tend_code set_judge(struct set *set);

#endif
