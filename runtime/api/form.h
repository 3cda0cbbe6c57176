/* Objects in the form that a client asked for: as they are stored, as YAML, as rows of a Table
 * (meta.k8s.io/v1), or as their metadata alone.
 *
 * Plain JSON is the stored bytes, copied; every other form decodes one object at a time.
 */
#ifndef API_FORM_H
#define API_FORM_H

#include "api/media.h"
#include "base/buffer.h"
#include "document/doc.h"
#include "resource/kind.h"

/* What stands at `object` in a row of a table. */
enum form_include { INCLUDE_METADATA, INCLUDE_OBJECT, INCLUDE_NONE };

enum form_columns { COLUMNS_SHOWN, COLUMNS_LEFT_OUT /* they were said before */ };

struct form {
    enum media_form media;
    enum form_include include;
    const struct kind *kind;
    int64_t now_ms; /* wall clock, for ages */
};

/* "includeObject" as sent; empty is Metadata. TEND_INVALID for an unknown word. */
NODISCARD enum tend_code form_include(struct text word, enum form_include *ret_include,
                                      struct error *err);

/* "application/json" or "application/yaml". */
const char *form_content_type(const struct form *form);

/* One object for itself. TEND_CORRUPT where `doc` cannot be decoded. */
NODISCARD enum tend_code form_object(const struct form *form, const struct doc *doc,
                                     enum form_columns columns, struct buffer *out,
                                     struct error *err);

/* A list, piece by piece: head, items (`index` from 0), tail. `continuation` is empty at the end. */
void form_list_head(const struct form *form, struct buffer *out);
NODISCARD enum tend_code form_list_item(const struct form *form, const struct doc *doc,
                                        size_t index, struct buffer *out, struct error *err);
void form_list_tail(const struct form *form, size_t count, int64_t revision,
                    struct text continuation, struct buffer *out);

#endif
