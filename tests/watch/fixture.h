/* A watch on a store in virtual time, and a follower that keeps what it was told. */
#ifndef WATCH_FIXTURE_H
#define WATCH_FIXTURE_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "resource/meta.h"
#include "store/fixture.h"
#include "watch/follower.h"

#define KIND "things.example.com"

static inline void set_up(struct fixture **ret_store, struct watch **ret_watch)
{
    *ret_store = fixture_new((struct store_options){0});
    *ret_watch = watch_new(&(*ret_store)->v.world, (*ret_store)->store);
}

static inline void tear_down(struct fixture *f, struct watch *watch)
{
    watch_free(watch);
    fixture_free(f);
}

/* The content of a thing: its name, one label, and a resourceVersion that says who made the document. */
static inline const char *thing(char *out, size_t size, const char *name, const char *team,
                                long long revision)
{
    snprintf(out, size,
             "{\"metadata\":{\"labels\":{\"team\":\"%s\"},\"name\":\"%s\","
             "\"resourceVersion\":\"%lld\"}}",
             team, name, revision);
    return out;
}

static inline void write_thing(struct fixture *f, enum change_op op, const char *resource,
                               const char *name, const char *team)
{
    char key[160], body[256];
    snprintf(key, sizeof key, "%s/default/%s", resource, name);
    thing(body, sizeof body, name, team, store_next_revision(f->store));
    CHECK_INT(put(f, op, key, body, NULL), TEND_OK);
}

static inline void create(struct fixture *f, const char *name, const char *team)
{
    write_thing(f, CHANGE_CREATE, KIND, name, team);
}

static inline void update(struct fixture *f, const char *name, const char *team)
{
    write_thing(f, CHANGE_UPDATE, KIND, name, team);
}

static inline void drop(struct fixture *f, const char *name, const char *team)
{
    write_thing(f, CHANGE_DELETE, KIND, name, team);
}

/* Pulls all there is whenever it is ready, and keeps it as text: "+a@3 ~a@4 -a@5 *3 " */
struct reader {
    struct follower follower;
    struct buffer told;
    char *last;   /* what told() gave */
    size_t batch; /* events in one pull; 0: 8 */
    bool idle;    /* does not pull when it is ready */
    unsigned readies;
    enum tend_code code;
    char message[ERROR_TEXT_MAX];
    bool stamps; /* resourceVersions of documents agree with their events */
};

static inline void reader_note(struct reader *reader, const struct follow_event *event)
{
    static const char signs[] = {[FOLLOW_ADDED] = '+',
                                 [FOLLOW_MODIFIED] = '~',
                                 [FOLLOW_DELETED] = '-',
                                 [FOLLOW_SYNCED] = '*'};
    struct text name = event->key;
    for (size_t cut = text_find(name, '/'); cut < name.len; cut = text_find(name, '/')) {
        name = text_from(name, cut + 1);
    }
    buffer_format(&reader->told, "%c%.*s@%lld ", signs[event->op], TEXT_ARG(name),
                  (long long)event->revision);
    if (event->doc != NULL) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *root = NULL;
        struct error err = ERROR_INIT;
        reader->stamps = reader->stamps && doc_tree(event->doc, &arena, &root, &err) == TEND_OK &&
                         meta_of(root).revision == event->revision;
    }
}

/* One pull; how many events it gave. */
static inline size_t reader_pull(struct reader *reader)
{
    struct follow_event events[64];
    struct error err = ERROR_INIT;
    size_t count = 0;
    reader->code = follower_pull(&reader->follower, events, reader->batch == 0 ? 8 : reader->batch,
                                 &count, &err);
    if (reader->code != TEND_OK) {
        snprintf(reader->message, sizeof reader->message, "%s", err.message);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        reader_note(reader, &events[i]);
    }
    return count;
}

static inline void reader_ready(struct follower *follower)
{
    struct reader *reader = CONTAINER_OF(follower, struct reader, follower);
    reader->readies++;
    while (!reader->idle && reader_pull(reader) > 0) {
    }
}

static inline struct reader *reader_new(void)
{
    struct reader *reader = alloc_new(sizeof *reader);
    reader->follower.ready = reader_ready;
    reader->told = (struct buffer)BUFFER_INIT(16u * MIB);
    reader->stamps = true;
    return reader;
}

static inline enum tend_code reader_start(struct reader *reader, struct watch *watch,
                                          const char *prefix, struct selector *selector,
                                          enum follow_start start, int64_t after)
{
    struct error err = ERROR_INIT;
    enum tend_code code =
        follower_start(watch, &reader->follower, selection_of(text_of(prefix), selector),
                       &(struct follow_options){.start = start, .after = after}, &err);
    snprintf(reader->message, sizeof reader->message, "%s", err.message);
    return code;
}

static inline void reader_free(struct reader *reader)
{
    follower_stop(&reader->follower);
    buffer_done(&reader->told);
    free(reader->last);
    free(reader);
}

/* What it was told so far; forgotten by this. Valid until the next call. */
static inline const char *told(struct reader *reader)
{
    free(reader->last);
    reader->last = alloc_dup(buffer_view(&reader->told).ptr);
    buffer_clear(&reader->told);
    return reader->last;
}

#endif
