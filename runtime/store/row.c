/* One allocation holds a row and its texts: there are tens of thousands in the ring. */
#include "store/row.h"

#include "base/alloc.h"

static struct text copy(char **place, struct text text)
{
    char *start = *place;
    if (text.len > 0) {
        memcpy(start, text.ptr, text.len);
    }
    *place += text.len + 1; /* the NUL is there: the row was zeroed */
    return (struct text){start, text.len};
}

struct row *row_new(const struct change *change)
{
    size_t chars = change->key.len + change->actor.len + change->reason.len + 3;
    struct row *row = alloc_new(sizeof *row + chars);
    char *place = row->chars;
    row->change = *change;
    row->change.key = copy(&place, change->key);
    row->change.actor = copy(&place, change->actor);
    row->change.reason = copy(&place, change->reason);
    row->change.doc = doc_ref(change->doc);
    row->change.before = change->before == NULL ? NULL : doc_ref(change->before);
    return row;
}

void row_free(struct row *row)
{
    if (row != NULL) {
        doc_unref(row->change.doc);
        doc_unref(row->change.before);
        free(row);
    }
}

size_t row_weight(const struct row *row)
{
    return row->change.doc->len + (row->change.before == NULL ? 0 : row->change.before->len);
}
