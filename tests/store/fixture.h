/* A store on a memory disk in virtual time, and short ways to write to it. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "sim/virtual_world.h"
#include "store/backends/memory.h"
#include "store/write.h"
#include "support/suite.h"

struct fixture {
    struct virtual_world v;
    struct memory_disk *disk;
    struct store *store;
    unsigned fatal;
    unsigned filled, freed; /* how often the store said so */
};

static inline void fixture_fatal(void *owner, const struct error *err)
{
    (void)err;
    ((struct fixture *)owner)->fatal++;
}

static inline void fixture_space(void *owner, enum store_state state)
{
    struct fixture *f = owner;
    f->filled += state == STORE_FULL;
    f->freed += state == STORE_READY;
}

static inline void fixture_reopen(struct fixture *f, struct store_options options)
{
    struct error err = ERROR_INIT;
    store_close(f->store);
    options.fatal = fixture_fatal;
    options.space = fixture_space;
    options.owner = f;
    CHECK_INT(store_open(&f->v.world, memory_backend_open(f->disk), &options, &f->store, &err),
              TEND_OK);
}

static inline struct fixture *fixture_new(struct store_options options)
{
    struct fixture *f = alloc_new(sizeof *f);
    virtual_world_init(&f->v, 1);
    f->disk = memory_disk_new();
    fixture_reopen(f, options);
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    store_close(f->store);
    memory_disk_free(f->disk);
    virtual_world_done(&f->v);
    free(f);
}

/* A waiter that remembers. */
struct answer {
    struct store_waiter waiter;
    unsigned times;
    enum tend_code code;
};

static inline void answer_settled(struct store_waiter *waiter, enum tend_code code,
                                  const struct error *err)
{
    (void)err;
    struct answer *answer = CONTAINER_OF(waiter, struct answer, waiter);
    answer->times++;
    answer->code = code;
}

#define ANSWER_INIT                                                                                \
    {                                                                                              \
        .waiter.settled = answer_settled                                                           \
    }

/* One write as a set of its own; `body` is the document. */
static inline enum tend_code put(struct fixture *f, enum change_op op, const char *key,
                                 const char *body, struct answer *answer)
{
    struct error err = ERROR_INIT;
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes(text_of(body));
    struct store_write write = {.op = op, .key = text_of(key), .doc = doc, .reason = TEXT("test")};
    return store_commit(f->store, &write, 1, TEXT("tester"),
                        op == CHANGE_DELETE ? STORE_SHRINKS : STORE_GROWS,
                        answer == NULL ? NULL : &answer->waiter, &err);
}

static inline const char *body_of(const struct doc *doc)
{
    return doc == NULL ? NULL : doc->bytes;
}

/* The document at `key` in the durable head. */
static inline const char *at(struct fixture *f, const char *key)
{
    return body_of(store_get(f->store, text_of(key)));
}

static inline const char *pending_at(struct fixture *f, const char *key)
{
    return body_of(store_pending(f->store, text_of(key)));
}

#endif
