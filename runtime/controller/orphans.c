/* What hosts before this one had begun, and nobody has asked for again yet: programs that go on under their
 * keepers. The run that asks again takes them up. Where it never will, because the object is gone or has left
 * the state, they are ended: at the start, and when their record goes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "controller/inside.h"
#include "resource/builtin.h"
#include "resource/key.h"

enum { PAGE = 64 };

struct orphan {
    struct text key; /* of its record */
    int64_t revision;
    char bytes[];
};

/* Has its object left the state that it was asked for in, or is it gone? */
static bool is_left(const struct loop *loop, struct arena *arena,
                    const struct effect_record *record)
{
    char entered[MOMENT_TEXT_MAX];
    const struct value *object = value_field(record->spec, "object"), *root = NULL;
    const struct kind *kind =
        catalogue_kind(admission_catalogue(loop->gate), value_get_text(object, TEXT("apiVersion")),
                       value_get_text(object, TEXT("kind")));
    if (kind == NULL) {
        return false; /* it comes back with its definition, perhaps */
    }
    struct text key =
        key_make(arena, text_of(kind->resource), value_get_text(object, TEXT("namespace")),
                 value_get_text(object, TEXT("name")));
    struct doc *doc = store_get(loop->store, key);
    if (doc == NULL || doc_tree(doc, arena, &root, NULL) != TEND_OK) {
        return doc == NULL;
    }
    moment_format_micro(run_entered_ms(root), entered);
    return !text_is(value_get_text(record->spec, TEXT("entered")), entered);
}

static void orphan_add(struct loop *loop, const struct effect_record *record)
{
    struct orphan *orphan = alloc_new(sizeof *orphan + record->key.len + 1);
    memcpy(orphan->bytes, record->key.ptr, record->key.len);
    orphan->key = (struct text){orphan->bytes, record->key.len};
    orphan->revision = record->revision;
    map_put(&loop->journal.orphans, orphan->key, orphan);
}

static void orphan_free(struct loop *loop, struct orphan *orphan)
{
    map_remove(&loop->journal.orphans, orphan->key);
    free(orphan);
}

void orphans_open(struct loop *loop)
{
    int64_t *wanted = NULL;
    size_t count = 0, got = PAGE;
    struct store_entry entries[PAGE];
    CLEANUP(buffer_done) struct buffer after = BUFFER_INIT(KEY_BYTES_MAX);
    if (loop->options.executor == NULL) {
        return;
    }
    while (got == PAGE) {
        got = store_list(loop->store, store_revision(loop->store), TEXT(BUILTIN_EFFECTS "/"),
                         buffer_view(&after), entries, PAGE);
        wanted = alloc_resize(wanted, count + got + 1, sizeof *wanted);
        for (size_t i = 0; i < got; i++) {
            CLEANUP(arena_done) struct arena arena = {0};
            struct effect_record record;
            if (effect_record_read(&arena, entries[i].key, entries[i].doc, &record) &&
                !effect_record_is_done(&record) && !is_left(loop, &arena, &record)) {
                wanted[count++] = record.revision;
                orphan_add(loop, &record);
            }
        }
        buffer_clear(&after);
        buffer_text(&after, got > 0 ? entries[got - 1].key : TEXT(""));
    }
    executor_sweep(loop->options.executor, wanted, count);
    free(wanted);
}

void orphans_adopt(struct loop *loop, struct text key)
{
    struct orphan *orphan = map_get(&loop->journal.orphans, key);
    if (orphan != NULL) {
        orphan_free(loop, orphan);
    }
}

void orphans_note(struct loop *loop, struct text key)
{
    struct orphan *orphan = map_get(&loop->journal.orphans, key);
    if (orphan != NULL && store_get(loop->store, key) == NULL) {
        struct effect left = {.executor = loop->options.executor, .record = orphan->revision};
        effect_forget(&left);
        orphan_free(loop, orphan);
    }
}

void orphans_close(struct loop *loop)
{
    MAP_FOREACH (slot, &loop->journal.orphans) {
        free(slot->value);
    }
    map_done(&loop->journal.orphans);
}
