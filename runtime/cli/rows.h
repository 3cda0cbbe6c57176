/* A Table that the host rendered (meta.k8s.io/v1), as lines on the terminal. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "cli/session.h"
#include "cli/table.h"

enum rows_width { ROWS_NORMAL, ROWS_WIDE /* also columns of lower priority */ };

struct rows {
    struct session *session;
    enum rows_width width;
    bool shows_header, shows_namespace;
    int indent;              /* spaces before each line */
    enum table_rest rest;    /* of texts of several lines */
    struct text kind_prefix; /* put before names, with a '/'; empty: none */
    bool is_begun;           /* the columns are known */
    struct table table;
    size_t column_count;
    bool is_shown[TABLE_COLUMNS_MAX];
};

/* Zeroed but for session, width, shows_*, indent, rest and kind_prefix. */
void rows_done(struct rows *rows);

/* Gather the rows of a Table; the columns are those of the first one. Says how many there were.
 * TEND_INVALID where `table` is none. */
NODISCARD enum tend_code rows_add(struct rows *rows, const struct value *table, size_t *ret_count,
                                  struct error *err);

/* Print what was gathered. */
void rows_print(struct rows *rows);

#endif
