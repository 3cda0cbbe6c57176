/* A document: the canonical JSON bytes of one object, immutable, shared by counting.
 *
 * This is what is stored, listed and streamed; a tree is decoded from it where fields are needed.
 * The count is atomic: a document may be released by another thread than the one that made it.
 */
#ifndef DOCUMENT_DOC_H
#define DOCUMENT_DOC_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/error.h"
#include "document/value.h"

struct doc {
    atomic_uint refs;
    uint32_t len;
    char bytes[]; /* canonical JSON, then a NUL */
};

/* The document of `value`, owned by the caller. TEND_LIMIT beyond DOC_BYTES_MAX. */
NODISCARD enum tend_code doc_from_value(const struct value *value, struct doc **ret_doc,
                                        struct error *err);

/* The document of bytes that are known to be canonical (they come from a store). */
struct doc *doc_from_bytes(struct text bytes);

struct doc *doc_ref(struct doc *doc);   /* one more owner; returns `doc` */
struct doc *doc_unref(struct doc *doc); /* NULL is allowed; returns NULL */
static inline void doc_unrefp(struct doc **doc)
{
    *doc = doc_unref(*doc);
}

static inline struct text doc_text(const struct doc *doc)
{
    return (struct text){doc->bytes, doc->len};
}

/* Decode into `arena`. TEND_CORRUPT where the bytes are no JSON (they were damaged in the store). */
NODISCARD enum tend_code doc_tree(const struct doc *doc, struct arena *arena,
                                  const struct value **ret_value, struct error *err);

#endif
