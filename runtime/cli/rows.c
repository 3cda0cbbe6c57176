/* The host decides what a cell says, ages included, so that every client shows the same. */
#include "cli/rows.h"

#include "base/alloc.h"
#include "document/json.h"

void rows_done(struct rows *rows)
{
    if (rows->is_begun) {
        table_done(&rows->table);
    }
}

static struct text upper(struct arena *arena, struct text text)
{
    char *out = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        out[i] = byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
    }
    return (struct text){out, text.len};
}

static void add_header(struct rows *rows, const struct value *columns)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text cells[TABLE_COLUMNS_MAX];
    size_t count = 0;
    if (rows->shows_namespace) {
        cells[count++] = TEXT("NAMESPACE");
    }
    for (size_t i = 0; i < rows->column_count; i++) {
        if (rows->is_shown[i]) {
            const struct value *name = value_field(value_at(columns, i), "name");
            cells[count++] = upper(&arena, value_text_or(name, TEXT("")));
        }
    }
    table_add(&rows->table, TABLE_HEADER, cells);
}

static void begin(struct rows *rows, const struct value *columns)
{
    size_t shown = rows->shows_namespace ? 1 : 0;
    size_t count = value_count(columns);
    rows->column_count = count < TABLE_COLUMNS_MAX - 1 ? count : TABLE_COLUMNS_MAX - 1;
    for (size_t i = 0; i < rows->column_count; i++) {
        int64_t priority = value_int_or(value_field(value_at(columns, i), "priority"), 0);
        rows->is_shown[i] = priority == 0 || rows->width == ROWS_WIDE;
        shown += rows->is_shown[i] ? 1 : 0;
    }
    table_init(&rows->table, shown);
    rows->table.indent = rows->indent;
    rows->table.rest = rows->rest;
    if (rows->session->colours == COLOURS_ON) {
        rows->table.header_start = "\033[1m";
        rows->table.header_end = "\033[0m";
    }
    rows->is_begun = true;
    if (rows->shows_header) {
        add_header(rows, columns);
    }
}

static struct text cell_text(struct arena *arena, const struct value *cell)
{
    if (cell == NULL || cell->type == VALUE_NULL) {
        return TEXT("");
    }
    if (cell->type == VALUE_TEXT) {
        return cell->text;
    }
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(4096);
    json_write(&out, cell);
    return arena_text(arena, buffer_view(&out));
}

static void add_row(struct rows *rows, const struct value *row, struct arena *arena)
{
    struct text cells[TABLE_COLUMNS_MAX];
    size_t count = 0;
    const struct value *metadata = value_field(value_field(row, "object"), "metadata");
    const struct value *values = value_field(row, "cells");
    if (rows->shows_namespace) {
        cells[count++] = value_text_or(value_field(metadata, "namespace"), TEXT(""));
    }
    for (size_t i = 0; i < rows->column_count; i++) {
        if (!rows->is_shown[i]) {
            continue;
        }
        cells[count] = cell_text(arena, value_at(values, i));
        if (i == 0 && rows->kind_prefix.len > 0) {
            cells[count] = arena_format(arena, "%.*s/%.*s", TEXT_ARG(rows->kind_prefix),
                                        TEXT_ARG(cells[count]));
        }
        count++;
    }
    table_add(&rows->table, TABLE_ROW, cells);
}

enum tend_code rows_add(struct rows *rows, const struct value *table, size_t *ret_count,
                        struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *list = value_field(table, "rows");
    const struct value *columns = value_field(table, "columnDefinitions");
    *ret_count = value_count(list);
    if (*ret_count == 0) {
        return TEND_OK;
    }
    if (!rows->is_begun && !value_is(columns, VALUE_LIST)) {
        return FAIL(err, TEND_INVALID, "the host's answer is no table");
    }
    if (!rows->is_begun) {
        begin(rows, columns);
    }
    for (size_t i = 0; i < *ret_count; i++) {
        add_row(rows, value_at(list, i), &arena);
    }
    return TEND_OK;
}

void rows_print(struct rows *rows)
{
    if (rows->is_begun) {
        table_print(&rows->table, rows->session->out);
    }
}
