/* The host lists by name, people read by time: the rows of all pages are gathered and sorted here. Ages
 * and columns come from the host, the moments to sort by from the objects that it sends along. */
#include "cli/occurrences.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "cli/target.h"

static const struct served_kind events_kind = {
    .version = {"v1", 2},
    .plural = {"events", 6},
    .is_namespaced = true,
};

struct occurrence {
    int64_t moment_ms;
    int64_t revision; /* in which it was told last: the order of what happened within one second */
    const struct value *row;
};

struct gathering {
    struct arena arena;
    const struct value *columns;
    struct occurrence *items;
    size_t count, capacity;
};

void occurrences_target(const struct occurrences *occurrences, struct buffer *target)
{
    CLEANUP(buffer_done) struct buffer fields = BUFFER_INIT(4096);
    if (occurrences->about_kind.len > 0) {
        buffer_format(&fields, "involvedObject.kind=%.*s", TEXT_ARG(occurrences->about_kind));
    }
    if (occurrences->about_name.len > 0) {
        buffer_format(&fields, "%sinvolvedObject.name=%.*s", fields.len > 0 ? "," : "",
                      TEXT_ARG(occurrences->about_name));
    }
    target_path(target, &events_kind, occurrences->namespace, TEXT(""));
    target_query(target, "fieldSelector", buffer_view(&fields));
}

/* --- gathering --------------------------------------------------------------------------------- */

static int64_t moment_of(const struct value *row)
{
    static const char *const fields[] = {"lastTimestamp", "eventTime", "firstTimestamp"};
    const struct value *object = value_field(row, "object");
    int64_t moment = 0;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct text text = value_text_or(value_get(object, text_of(fields[i])), TEXT(""));
        if (moment_parse(text, &moment)) {
            return moment;
        }
    }
    return 0;
}

static int64_t revision_of(const struct value *row)
{
    const struct value *metadata = value_field(value_field(row, "object"), "metadata");
    int64_t revision = 0;
    (void)text_to_int(value_text_or(value_field(metadata, "resourceVersion"), TEXT("")), &revision);
    return revision;
}

static void gather(struct gathering *gathering, const struct value *page)
{
    const struct value *rows = value_field(page, "rows");
    if (gathering->columns == NULL) {
        gathering->columns = value_field(page, "columnDefinitions");
    }
    for (size_t i = 0; i < value_count(rows); i++) {
        if (gathering->count == gathering->capacity) {
            gathering->capacity = gathering->capacity == 0 ? 64 : gathering->capacity * 2;
            gathering->items =
                alloc_resize(gathering->items, gathering->capacity, sizeof *gathering->items);
        }
        const struct value *row = value_at(rows, i);
        gathering->items[gathering->count++] = (struct occurrence){
            .moment_ms = moment_of(row), .revision = revision_of(row), .row = row};
    }
}

static enum tend_code gather_all(struct occurrences *occurrences, struct gathering *gathering,
                                 struct error *err)
{
    struct text token = TEXT("");
    do {
        CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
        const struct value *page;
        occurrences_target(occurrences, &target);
        target_query(&target, "limit", TEXT("500"));
        target_query(&target, "includeObject", TEXT("Object"));
        target_query(&target, "continue", token);
        TRY(session_get(occurrences->session, buffer_view(&target), ACCEPT_TABLE, &gathering->arena,
                        &page, err));
        gather(gathering, page);
        const struct value *metadata = value_field(page, "metadata");
        struct text revision = value_text_or(value_field(metadata, "resourceVersion"), TEXT(""));
        snprintf(occurrences->revision, sizeof occurrences->revision, "%.*s",
                 TEXT_ARG(text_first(revision, sizeof occurrences->revision - 1)));
        token = value_text_or(value_field(metadata, "continue"), TEXT(""));
    } while (token.len > 0);
    return TEND_OK;
}

static int by_moment(const void *left, const void *right)
{
    const struct occurrence *a = left, *b = right;
    if (a->moment_ms != b->moment_ms) {
        return a->moment_ms < b->moment_ms ? -1 : 1;
    }
    return a->revision < b->revision ? -1 : a->revision > b->revision;
}

/* --- printing ---------------------------------------------------------------------------------- */

static const struct value *sorted_table(struct gathering *gathering)
{
    const struct value **rows = alloc_array(gathering->count + 1, sizeof *rows);
    qsort(gathering->items, gathering->count, sizeof *gathering->items, by_moment);
    for (size_t i = 0; i < gathering->count; i++) {
        rows[i] = gathering->items[i].row;
    }
    struct value_field fields[] = {
        {.key = TEXT("rows"), .value = value_list(&gathering->arena, rows, gathering->count)},
        {.key = TEXT("columnDefinitions"), .value = gathering->columns},
    };
    free(rows);
    return value_map(&gathering->arena, fields, gathering->columns != NULL ? 2 : 1);
}

static enum tend_code print(struct occurrences *occurrences, struct gathering *gathering,
                            struct error *err)
{
    size_t count = 0;
    struct rows rows = {
        .session = occurrences->session,
        .shows_header = occurrences->shows_header,
        .shows_namespace = occurrences->shows_namespace,
        .indent = occurrences->indent,
        .rest = TABLE_REST_BELOW,
    };
    enum tend_code code = rows_add(&rows, sorted_table(gathering), &count, err);
    rows_print(&rows);
    rows_done(&rows);
    return code;
}

enum tend_code occurrences_print(struct occurrences *occurrences, size_t *ret_count,
                                 struct error *err)
{
    struct gathering gathering = {.columns = NULL};
    enum tend_code code = gather_all(occurrences, &gathering, err);
    if (code == TEND_OK && gathering.count > 0) {
        code = print(occurrences, &gathering, err);
    }
    *ret_count = gathering.count;
    free(gathering.items);
    arena_done(&gathering.arena);
    return code;
}
