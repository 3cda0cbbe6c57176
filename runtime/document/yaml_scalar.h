/* What a plain scalar means: the core schema of YAML 1.2.2 (chapter 10.3), shared by the reader, which
 * obeys it, and the writer, which quotes whatever it would turn into something else. */
#ifndef DOCUMENT_YAML_SCALAR_H
#define DOCUMENT_YAML_SCALAR_H

#include "base/arena.h"
#include "base/error.h"
#include "document/value.h"

enum scalar_kind {
    SCALAR_TEXT,
    SCALAR_NULL,       /* null Null NULL ~ and nothing at all */
    SCALAR_BOOL,       /* true True TRUE false False FALSE */
    SCALAR_INT,        /* 12 -7 +0 0o17 0x1F */
    SCALAR_REAL,       /* 1.5 .5 1e3 -2.E-4 */
    SCALAR_NOT_FINITE, /* .inf -.INF .NaN: no value can hold it */
};

#define YAML_CORE_TAG "tag:yaml.org,2002:"

enum scalar_kind scalar_kind(struct text text);

/* What `text` means under an explicit tag. TEND_NOT_FOUND where it is no tag for scalars of the core
 * schema, TEND_INVALID where the text does not fit it. */
NODISCARD enum tend_code scalar_kind_tagged(struct text tag, struct text text,
                                            enum scalar_kind *ret_kind, struct error *err);

/* The value that `text` means as `kind`, without a place, in `arena`. `text` ends in a NUL. TEND_INVALID
 * where no value can hold it: not finite, beyond a double, hexadecimal or octal beyond 64 bits. */
NODISCARD enum tend_code scalar_value(struct arena *arena, enum scalar_kind kind, struct text text,
                                      struct value *ret_value, struct error *err);

#endif
