/* The target of a request, taken apart: path segments and query parameters, percent-decoded.
 *
 *     /api/v1/namespaces/default/configmaps?limit=5     {"api","v1","namespaces","default","configmaps"}
 *
 * A segment never holds a '/' or a NUL, whatever was escaped in it, so that it can be a part of a key.
 */
#ifndef API_URL_H
#define API_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

struct url_parameter {
    struct text name, value;
};

struct url {
    struct text segments[URL_SEGMENTS_MAX];
    size_t segment_count;
    struct url_parameter parameters[URL_PARAMETERS_MAX];
    size_t parameter_count;
};

/* Decode `target` ("/path?query", RFC 3986; '+' in the query is a space) into `arena`. TEND_INVALID
 * naming what is malformed, TEND_LIMIT where there is too much of it. */
NODISCARD enum tend_code url_parse(struct arena *arena, struct text target, struct url *ret_url,
                                   struct error *err);

/* The value of the first parameter called `name`; empty where there is none. */
struct text url_parameter(const struct url *url, const char *name);

/* A parameter that is a boolean: "true" or "1"; absent: false. TEND_INVALID for any other word. */
NODISCARD enum tend_code url_flag(const struct url *url, const char *name, bool *ret_flag,
                                  struct error *err);

/* A parameter that is a number from 0 on; absent: 0. TEND_INVALID otherwise. */
NODISCARD enum tend_code url_number(const struct url *url, const char *name, int64_t *ret_number,
                                    struct error *err);

#endif
