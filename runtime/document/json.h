/* JSON (RFC 8259) in and out.
 *
 * In: strict; UTF-8 checked, lone surrogates, duplicate keys and a byte order mark refused, depth, size
 * and number of values capped (base/limits.h); positions kept, columns in characters. An integer beyond
 * 64 bits becomes a real, a number beyond a double is refused, one too small for it is 0.0.
 *
 * Out: canonical, the one byte sequence for a value: no space, keys in byte order, only the escapes that
 * JSON demands (in the forms of RFC 8785), numbers in the fewest digits that read back as the same, a
 * real always with '.' or 'e', minus zero as 0.0.
 */
#ifndef DOCUMENT_JSON_H
#define DOCUMENT_JSON_H

#include "base/buffer.h"
#include "base/error.h"
#include "document/value.h"

/* The one value in `text`, which is copied. TEND_INVALID with "line L, column C: expected ..., found
 * ..."; TEND_LIMIT beyond INPUT_BYTES_MAX and the limits of a document. */
NODISCARD enum tend_code json_parse(struct arena *arena, struct text text,
                                    const struct value **ret_value, struct error *err);

/* Append the canonical bytes of `value`; buffer->full where they do not fit. */
void json_write(struct buffer *out, const struct value *value);

/* The same, indented by two spaces, for people. */
void json_write_pretty(struct buffer *out, const struct value *value);

/* Append `text` as a JSON string, quotes included. */
void json_write_text(struct buffer *out, struct text text);

#endif
