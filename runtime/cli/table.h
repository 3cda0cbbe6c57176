/* Rows of text in aligned columns, for a terminal or a pipe.
 *
 * Rows are gathered and printed together; widths only grow, so that what is printed later (another page, a
 * change that is watched) stays under the same header where it can. Nothing that a cell holds can reach
 * the terminal as anything but text: control characters are shown as '?'.
 *
 * A cell shows the first line of its text. The others are cut off ("..."), or stand below the row, indented
 * farther than any row begins: nothing in a text passes for a row.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdio.h>

#include "base/arena.h"

enum { TABLE_COLUMNS_MAX = 40 };
enum table_line { TABLE_HEADER, TABLE_ROW };
enum table_rest { TABLE_REST_CUT, TABLE_REST_BELOW };

struct table_entry; /* a gathered line */

struct table {
    struct arena arena; /* of the lines that are gathered */
    size_t column_count;
    size_t widths[TABLE_COLUMNS_MAX];
    struct table_entry *first, *last;
    int indent;                            /* spaces before each line */
    enum table_rest rest;                  /* of texts of several lines */
    const char *header_start, *header_end; /* written around a header: colours, or "" */
};

/* Up to TABLE_COLUMNS_MAX columns. */
void table_init(struct table *table, size_t column_count);
void table_done(struct table *table);

/* Gather a line; the cells are copied. */
void table_add(struct table *table, enum table_line line, const struct text *cells);

/* Print what was gathered, and forget it. */
void table_print(struct table *table, FILE *out);

#endif
