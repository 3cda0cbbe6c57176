/* Two passes: widths while gathering, padding while printing. Widths count characters, not bytes (what is
 * wider or narrower than one place on a terminal is not looked up). */
#include "cli/table.h"

#include <assert.h>

#include "cli/plain.h"

enum { GAP = 3, BELOW = 8 /* how far what stands below a row is indented */ };

struct table_entry {
    struct table_entry *next;
    enum table_line line;
    struct text below; /* lines */
    struct text cells[];
};

void table_init(struct table *table, size_t column_count)
{
    *table = (struct table){
        .column_count = column_count < TABLE_COLUMNS_MAX ? column_count : TABLE_COLUMNS_MAX,
        .header_start = "",
        .header_end = "",
    };
}

void table_done(struct table *table)
{
    arena_done(&table->arena);
}

static size_t width_of(struct text text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++) {
        width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80; /* a continuation byte of UTF-8 */
    }
    return width;
}

/* What of `text` is in the cell; the rest is added to what stands below the entry. */
static struct text take_cell(struct table *table, struct table_entry *entry, struct text text)
{
    struct text line = plain_text(&table->arena, text_cut(&text, '\n'));
    if (text.len > 0 && table->rest == TABLE_REST_CUT) {
        return arena_format(&table->arena, "%.*s ...", TEXT_ARG(line));
    }
    if (text.len > 0) {
        entry->below = arena_format(&table->arena, "%.*s%s%.*s", TEXT_ARG(entry->below),
                                    entry->below.len > 0 ? "\n" : "", TEXT_ARG(text));
    }
    return line;
}

void table_add(struct table *table, enum table_line line, const struct text *cells)
{
    size_t size = sizeof(struct table_entry) + table->column_count * sizeof *cells;
    struct table_entry *entry = arena_alloc(&table->arena, size);
    entry->line = line;
    for (size_t i = 0; i < table->column_count; i++) {
        entry->cells[i] = take_cell(table, entry, cells[i]);
        size_t width = width_of(entry->cells[i]);
        table->widths[i] = width > table->widths[i] ? width : table->widths[i];
    }
    if (table->last == NULL) {
        table->first = entry;
    } else {
        table->last->next = entry;
    }
    table->last = entry;
}

/* Nothing stands behind the last cell that is not empty. */
static size_t cells_to_print(const struct table *table, const struct table_entry *entry)
{
    size_t count = table->column_count;
    while (count > 0 && entry->cells[count - 1].len == 0) {
        count--;
    }
    return count;
}

static void print_entry(const struct table *table, const struct table_entry *entry, FILE *out)
{
    size_t count = cells_to_print(table, entry);
    fprintf(out, "%*s%s", table->indent, "",
            entry->line == TABLE_HEADER ? table->header_start : "");
    for (size_t i = 0; i < count; i++) {
        fwrite(entry->cells[i].ptr, 1, entry->cells[i].len, out);
        if (i + 1 < count) {
            size_t width = width_of(entry->cells[i]);
            assert(width <= table->widths[i]);
            fprintf(out, "%*s", (int)(table->widths[i] - width + GAP), "");
        }
    }
    fputs(entry->line == TABLE_HEADER ? table->header_end : "", out);
    fputc('\n', out);
    plain_print_lines(out, entry->below, table->indent + BELOW);
}

void table_print(struct table *table, FILE *out)
{
    for (const struct table_entry *entry = table->first; entry != NULL; entry = entry->next) {
        print_entry(table, entry, out);
    }
    table->first = table->last = NULL;
    arena_done(&table->arena);
}
