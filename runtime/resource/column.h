/* A printer column of a kind: what a table of its objects shows, as kubectl users know it. */
#ifndef RESOURCE_COLUMN_H
#define RESOURCE_COLUMN_H

#include <stdint.h>

#include "document/value.h"

enum column_type { COLUMN_STRING, COLUMN_INTEGER, COLUMN_NUMBER, COLUMN_BOOLEAN, COLUMN_DATE };

/* How the value at `path` becomes a cell. Declared kinds use COLUMN_VALUE alone. */
enum column_show {
    COLUMN_VALUE,  /* as it is; a date as an age */
    COLUMN_COUNT,  /* how many items or fields it has */
    COLUMN_SHORT,  /* its first twelve characters: hashes */
    COLUMN_JOINED, /* the texts of a list, with ", " between */
    COLUMN_OBJECT, /* an object reference as "kind/name" */
};

struct column {
    const char *name;                 /* "State" */
    const char *path;                 /* ".status.state" (document/path.h) */
    const char *format, *description; /* never NULL */
    enum column_type type;
    enum column_show show;
    int32_t priority; /* above 0: only in wide tables */
};

/* "string", "integer", "number", "boolean", "date". */
const char *column_type_name(enum column_type type);

/* The cell of `root` in `column` at wall moment `now_ms`, of the column's type; NULL where the object
 * has no such value. A date is the age as text ("6s"). */
const struct value *column_cell(struct arena *arena, const struct column *column,
                                const struct value *root, int64_t now_ms);

#endif
