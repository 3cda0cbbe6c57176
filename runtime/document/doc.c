/* One allocation a document: the count, the length and the bytes lie together, so that a store of
 * many small ones costs little more than their bytes. */
#include "document/doc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"

struct doc *doc_from_bytes(struct text bytes)
{
    assert(bytes.len <= DOC_BYTES_MAX);
    struct doc *doc = alloc_resize(NULL, 1, sizeof *doc + bytes.len + 1);
    atomic_init(&doc->refs, 1);
    doc->len = (uint32_t)bytes.len;
    memcpy(doc->bytes, bytes.ptr, bytes.len);
    doc->bytes[bytes.len] = '\0';
    return doc;
}

enum tend_code doc_from_value(const struct value *value, struct doc **ret_doc, struct error *err)
{
    TRY(value_check_bounds(value, err));
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(DOC_BYTES_MAX);
    json_write(&out, value);
    if (out.full) {
        return FAIL(err, TEND_LIMIT, "the document has more than %u KiB", DOC_BYTES_MAX / KIB);
    }
    *ret_doc = doc_from_bytes(buffer_view(&out));
    return TEND_OK;
}

struct doc *doc_ref(struct doc *doc)
{
    atomic_fetch_add_explicit(&doc->refs, 1, memory_order_relaxed);
    return doc;
}

struct doc *doc_unref(struct doc *doc)
{
    /* Release what this owner did; whoever is last acquires what all did before freeing. */
    if (doc != NULL && atomic_fetch_sub_explicit(&doc->refs, 1, memory_order_acq_rel) == 1) {
        free(doc);
    }
    return NULL;
}

enum tend_code doc_tree(const struct doc *doc, struct arena *arena, const struct value **ret_value,
                        struct error *err)
{
    if (json_parse(arena, doc_text(doc), ret_value, err) != TEND_OK) {
        (void)error_wrap(err, "the stored document is damaged");
        if (err != NULL) {
            err->code = TEND_CORRUPT;
        }
        return TEND_CORRUPT;
    }
    return TEND_OK;
}
