/* `get`: lists are fetched in pages of one snapshot and printed page by page; `-w` goes on from the
 * revision that the list was taken at, so nothing between the two is missed. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/changes.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/nearby.h"
#include "cli/printer.h"
#include "cli/raw.h"
#include "cli/reference.h"
#include "cli/rows.h"
#include "cli/target.h"

struct getting {
    struct session *session;
    const struct arguments *arguments;
    struct arena arena;
    struct references references;
    enum output output;
    struct text namespace;
    struct rows rows;
    struct printer printer;
    size_t shown;
    int worst;         /* exit code so far */
    char revision[32]; /* of the last list or object */
};

static bool is_table(const struct getting *getting)
{
    return getting->output == OUTPUT_TABLE || getting->output == OUTPUT_WIDE;
}

static const char *accepted(const struct getting *getting)
{
    if (getting->output == OUTPUT_NAME) {
        return ACCEPT_METADATA;
    }
    return is_table(getting) ? ACCEPT_TABLE : NULL;
}

/* --- showing ----------------------------------------------------------------------------------- */

static void remember(struct getting *getting, const struct value *answer)
{
    struct text revision =
        value_text_or(value_field(value_field(answer, "metadata"), "resourceVersion"), TEXT(""));
    snprintf(getting->revision, sizeof getting->revision, "%.*s",
             TEXT_ARG(text_first(revision, sizeof getting->revision - 1)));
}

static enum tend_code show_table(struct getting *getting, const struct value *table,
                                 struct error *err)
{
    size_t count = 0;
    TRY(rows_add(&getting->rows, table, &count, err));
    getting->shown += count;
    return TEND_OK;
}

static enum tend_code show_page(struct getting *getting, const struct served_kind *kind,
                                const struct value *page, struct error *err)
{
    remember(getting, page);
    if (is_table(getting)) {
        TRY(show_table(getting, page, err));
        rows_print(&getting->rows);
        return TEND_OK;
    }
    const struct value *items = value_field(page, "items");
    for (size_t i = 0; i < value_count(items); i++) {
        printer_object(&getting->printer, kind, value_at(items, i));
        getting->shown++;
    }
    return TEND_OK;
}

static enum tend_code show_object(struct getting *getting, const struct served_kind *kind,
                                  const struct value *object, struct error *err)
{
    remember(getting, object);
    if (is_table(getting)) {
        return show_table(getting, object, err);
    }
    printer_object(&getting->printer, kind, object);
    getting->shown++;
    return TEND_OK;
}

/* --- fetching ---------------------------------------------------------------------------------- */

static void collection_target(struct getting *getting, const struct served_kind *kind,
                              struct text name, struct buffer *target)
{
    target_path(target, kind, getting->namespace, TEXT(""));
    target_query(target, "labelSelector", arguments_value(getting->arguments, OPTION_SELECTOR));
    if (name.len > 0) {
        struct text fields = arena_format(&getting->arena, "metadata.name=%.*s", TEXT_ARG(name));
        target_query(target, "fieldSelector", fields);
    } else {
        target_query(target, "fieldSelector",
                     arguments_value(getting->arguments, OPTION_FIELD_SELECTOR));
    }
}

/* One page after `token`, of at most `limit` objects. */
static enum tend_code fetch_page(struct getting *getting, const struct served_kind *kind,
                                 const char *token, int limit, struct arena *arena,
                                 const struct value **ret_page, struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    collection_target(getting, kind, TEXT(""), &target);
    target_query(&target, "limit", arena_format(arena, "%d", limit));
    target_query(&target, "continue", text_of(token));
    return session_get(getting->session, buffer_view(&target), accepted(getting), arena, ret_page,
                       err);
}

/* A page of large objects may be more than one answer can hold: then it is asked for in parts. */
static enum tend_code fetch_list(struct getting *getting, const struct served_kind *kind,
                                 struct error *err)
{
    CLEANUP(freep) char *token = alloc_dup("");
    int limit = CLIENT_PAGE;
    do {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *page;
        enum tend_code code = fetch_page(getting, kind, token, limit, &arena, &page, err);
        if (code == TEND_LIMIT && limit > 1) {
            limit /= 2;
            continue;
        }
        TRY(code);
        TRY(show_page(getting, kind, page, err));
        struct text next =
            value_text_or(value_field(value_field(page, "metadata"), "continue"), TEXT(""));
        free(token);
        token = next.len > 0 ? alloc_text(next.ptr, next.len) : NULL;
    } while (token != NULL && !session_output_closed(getting->session));
    return TEND_OK;
}

static enum tend_code fetch_object(struct getting *getting, const struct reference *reference,
                                   struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    const struct value *object;
    target_path(&target, reference->kind, getting->namespace, reference->name);
    TRY(session_get(getting->session, buffer_view(&target), accepted(getting), &arena, &object,
                    err));
    return show_object(getting, reference->kind, object, err);
}

/* One that is not there does not keep the others from being shown. */
static enum tend_code fetch(struct getting *getting, const struct reference *reference,
                            struct error *err)
{
    if (reference->name.len == 0) {
        return fetch_list(getting, reference->kind, err);
    }
    enum tend_code code = fetch_object(getting, reference, err);
    if (code != TEND_NOT_FOUND) {
        return code;
    }
    if (!arguments_has(getting->arguments, OPTION_IGNORE_NOT_FOUND)) {
        nearby_add(getting->session, reference, getting->namespace, code, err);
        getting->worst = session_fail(getting->session, err);
    }
    return TEND_OK;
}

/* --- tables of several kinds ------------------------------------------------------------------- */

static void begin_rows(struct getting *getting, const struct served_kind *kind, bool is_one_kind)
{
    rows_done(&getting->rows);
    getting->rows = (struct rows){
        .session = getting->session,
        .width = getting->output == OUTPUT_WIDE ? ROWS_WIDE : ROWS_NORMAL,
        .shows_header = !arguments_has(getting->arguments, OPTION_NO_HEADERS),
        .shows_namespace =
            arguments_has(getting->arguments, OPTION_ALL_NAMESPACES) && kind->is_namespaced,
        .kind_prefix = is_one_kind ? TEXT("") : kind->shown,
    };
}

static bool is_one_kind(const struct references *references)
{
    for (size_t i = 1; i < references->count; i++) {
        if (references->items[i].kind != references->items[0].kind) {
            return false;
        }
    }
    return true;
}

static enum tend_code fetch_tables(struct getting *getting, struct error *err)
{
    const struct references *references = &getting->references;
    const struct served_kind *kind = NULL;
    bool single = is_one_kind(references);
    for (size_t i = 0; i < references->count; i++) {
        if (references->items[i].kind != kind) {
            rows_print(&getting->rows);
            fputs(kind != NULL && getting->shown > 0 ? "\n" : "", getting->session->out);
            kind = references->items[i].kind;
            begin_rows(getting, kind, single);
        }
        TRY(fetch(getting, &references->items[i], err));
    }
    rows_print(&getting->rows);
    return TEND_OK;
}

static enum tend_code fetch_objects(struct getting *getting, struct error *err)
{
    const struct references *references = &getting->references;
    bool is_single = references->count == 1 && references->items[0].name.len > 0;
    getting->printer = (struct printer){
        .out = getting->session->out,
        .output = getting->output,
        .shape = is_single                                         ? PRINT_SINGLE
                 : arguments_has(getting->arguments, OPTION_WATCH) ? PRINT_STREAM
                                                                   : PRINT_LIST,
    };
    printer_begin(&getting->printer);
    for (size_t i = 0; i < references->count; i++) {
        TRY(fetch(getting, &references->items[i], err));
    }
    printer_end(&getting->printer);
    return TEND_OK;
}

static void say_nothing_found(const struct getting *getting)
{
    if (getting->shown > 0 || getting->worst != EXIT_DONE || !is_table(getting)) {
        return;
    }
    if (getting->namespace.len == 0 || !getting->references.items[0].kind->is_namespaced) {
        fputs("No resources found\n", getting->session->err);
    } else {
        fprintf(getting->session->err, "No resources found in %.*s namespace\n",
                TEXT_ARG(getting->namespace));
    }
}

static enum tend_code fetch_all(struct getting *getting, struct error *err)
{
    TRY(is_table(getting) ? fetch_tables(getting, err) : fetch_objects(getting, err));
    say_nothing_found(getting);
    return TEND_OK;
}

/* --- watching ---------------------------------------------------------------------------------- */

static enum tend_code show_change(struct getting *getting, const struct served_kind *kind,
                                  const struct value *object, struct error *err)
{
    TRY(show_object(getting, kind, object, err));
    rows_print(&getting->rows);
    return TEND_OK;
}

static enum tend_code follow(struct getting *getting, struct changes *changes, struct error *err)
{
    const struct served_kind *kind = getting->references.items[0].kind;
    while (!session_output_closed(getting->session)) {
        struct change_event event;
        TRY(changes_next(changes, &event, err));
        if (event.end != CHANGES_GO_ON) {
            return TEND_OK;
        }
        TRY(show_change(getting, kind, event.object, err));
    }
    return TEND_OK;
}

static enum tend_code watch(struct getting *getting, struct error *err)
{
    const struct reference *reference = &getting->references.items[0];
    TRY(session_catch_interrupts(getting->session, err));
    getting->printer.shape = PRINT_STREAM;
    for (;;) {
        CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
        collection_target(getting, reference->kind, reference->name, &target);
        CLEANUP(changes_done)
        struct changes changes = {
            .session = getting->session,
            .target = buffer_view(&target),
            .accept = accepted(getting),
            .after = text_of(getting->revision),
        };
        enum tend_code code = follow(getting, &changes, err);
        if (code != TEND_GONE) {
            return code;
        }
        session_say(getting->session, "changes were missed; this is how it is now:");
        TRY(fetch(getting, reference, err));
        rows_print(&getting->rows);
    }
}

/* --- the command ------------------------------------------------------------------------------- */

static enum tend_code prepare(struct getting *getting, struct error *err)
{
    const struct arguments *arguments = getting->arguments;
    getting->namespace = command_namespace(arguments);
    TRY(output_parse(arguments_value(arguments, OPTION_OUTPUT), &getting->output, err));
    TRY(references_parse(getting->session, arguments->words, arguments->word_count, &getting->arena,
                         &getting->references, err));
    bool has_name = getting->references.items[0].name.len > 0;
    if (arguments_has(arguments, OPTION_WATCH) && getting->references.count > 1) {
        return FAIL(err, TEND_INVALID, "-w watches one kind or one object at a time");
    }
    if (has_name && (arguments_has(arguments, OPTION_SELECTOR) ||
                     arguments_has(arguments, OPTION_FIELD_SELECTOR))) {
        return FAIL(err, TEND_INVALID, "a selector and a name exclude each other");
    }
    if (has_name && arguments_has(arguments, OPTION_ALL_NAMESPACES)) {
        return FAIL(err, TEND_INVALID, "a name and -A exclude each other: say -n NAMESPACE");
    }
    return TEND_OK;
}

static int get_objects(struct session *session, const struct arguments *arguments)
{
    struct error err = ERROR_INIT;
    struct getting getting = {.session = session, .arguments = arguments};
    enum tend_code code = prepare(&getting, &err);
    int result = EXIT_DONE;
    if (code != TEND_OK) {
        result = code == TEND_INVALID ? command_misused(session, "get", &err)
                                      : session_fail(session, &err);
    } else {
        code = fetch_all(&getting, &err);
        bool goes_on = arguments_has(arguments, OPTION_WATCH) && getting.worst == EXIT_DONE;
        if (code == TEND_OK && goes_on) {
            code = watch(&getting, &err);
        }
        result = code == TEND_OK ? getting.worst : session_fail(session, &err);
    }
    rows_done(&getting.rows);
    arena_done(&getting.arena);
    return result;
}

int command_get(struct session *session, const struct arguments *arguments)
{
    struct error err = ERROR_INIT;
    if (!arguments_has(arguments, OPTION_RAW)) {
        return get_objects(session, arguments);
    }
    return raw_check(arguments, &err) == TEND_OK ? raw_get(session, arguments)
                                                 : command_misused(session, "get", &err);
}
