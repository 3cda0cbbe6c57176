/* YAML in, by libyaml's events, into values; and out, for people.
 *
 * The core schema of YAML 1.2: `no`, `on` and `0777` are text, text and the integer 777; null, true,
 * false, integers (also 0x, 0o), floats (.inf and .nan refused: JSON has none). Duplicate keys, keys
 * that are no scalars, tags beyond the core schema and merge keys are refused with their place. A key is
 * the text that is written (1: is "1"). Decimal integers beyond 64 bits become reals, as in JSON; numbers
 * beyond a double are refused. Aliases are resolved by sharing (immutable values make that safe), capped
 * in number and in what they amount to when written out. Size, depth, aliases and keys are checked before
 * libyaml becomes slow. A byte order mark at the start is skipped; only UTF-8 is read. Lines and columns
 * count from 1, columns in characters.
 */
#ifndef DOCUMENT_YAML_H
#define DOCUMENT_YAML_H

#include "base/buffer.h"
#include "base/error.h"
#include "document/value.h"

struct yaml_document {
    const struct value *value; /* never NULL; an empty document is skipped, not null */
    uint32_t line;             /* where it starts, 1-based */
};

struct yaml_stream {
    struct yaml_document *documents; /* in the arena */
    size_t count;
};

/* Every document in `text` (JSON is YAML, and is read by this as well). Nothing is returned when one
 * of them is broken. TEND_INVALID "line L, column C: what was expected"; TEND_LIMIT. */
NODISCARD enum tend_code yaml_parse(struct arena *arena, struct text text,
                                    struct yaml_stream *ret_stream, struct error *err);

/* Append `value` as block YAML, ending in a newline, such that yaml_parse reads it back as equal (where it
 * is within the limits of a document). Several documents: write "---\n" before each. */
void yaml_write(struct buffer *out, const struct value *value);

#endif
