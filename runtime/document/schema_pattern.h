/* The `pattern` of a schema: a regular expression that may match anywhere in a text (PCRE2 syntax, which
 * holds that of RE2 but for rarities), bounded in steps and memory. Immutable, usable by any thread. */
#ifndef DOCUMENT_SCHEMA_PATTERN_H
#define DOCUMENT_SCHEMA_PATTERN_H

#include "base/error.h"
#include "base/text.h"

struct pattern;

enum pattern_outcome {
    PATTERN_MATCHES,
    PATTERN_DIFFERS,
    PATTERN_EXHAUSTED, /* the limits were reached before there was an answer */
};

/* TEND_INVALID with the reason and the offset where `text` is no pattern, or too large a one. */
NODISCARD enum tend_code pattern_compile(struct text text, struct pattern **ret_pattern,
                                         struct error *err);
void pattern_free(struct pattern *pattern); /* NULL is allowed */

enum pattern_outcome pattern_match(const struct pattern *pattern, struct text text);

#endif
