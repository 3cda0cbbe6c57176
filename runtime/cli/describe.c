/* `describe`: one object for a person to read: who it is, spec and status as YAML, conditions as a
 * table, and what happened to it. */
#include "base/alloc.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/controller_part.h"
#include "cli/exit.h"
#include "cli/nearby.h"
#include "cli/occurrences.h"
#include "cli/owner.h"
#include "cli/plain.h"
#include "cli/printer.h"
#include "cli/reference.h"
#include "cli/target.h"
#include "cli/way_on.h"
#include "document/json.h"
#include "document/yaml.h"

static void print_metadata_text(FILE *out, const char *title, const struct value *root,
                                const char *field)
{
    const struct value *metadata = value_field(root, "metadata");
    plain_print_titled(out, title, value_text_or(value_get(metadata, text_of(field)), TEXT("")));
}

/* "key=value" under each other, without the copy of the object that `apply` keeps for itself. */
static void print_map(FILE *out, const char *title, const struct value *map)
{
    size_t shown = 0;
    for (size_t i = 0; i < value_count(map); i++) {
        const struct value_field *field = &map->fields[i];
        if (!text_is(field->key, "kubectl.kubernetes.io/last-applied-configuration")) {
            fprintf(out, "%-14s ", shown++ == 0 ? title : "");
            plain_print(out, field->key);
            fputc('=', out);
            plain_print(out, value_text_or(field->value, TEXT("")));
            fputc('\n', out);
        }
    }
}

static void print_words(FILE *out, const char *title, const struct value *list)
{
    for (size_t i = 0; i < value_count(list); i++) {
        plain_print_titled(out, i == 0 ? title : "", value_text_or(value_at(list, i), TEXT("")));
    }
}

static void print_head(FILE *out, const struct served_kind *kind, const struct value *root)
{
    const struct value *metadata = value_field(root, "metadata");
    print_metadata_text(out, "Name:", root, "name");
    print_metadata_text(out, "Namespace:", root, "namespace");
    fprintf(out, "%-14s ", "Kind:");
    plain_print(out, kind->name);
    fputs(" (", out);
    plain_print(out, kind->api_version);
    fputs(")\n", out);
    print_map(out, "Labels:", value_field(metadata, "labels"));
    print_map(out, "Annotations:", value_field(metadata, "annotations"));
    print_metadata_text(out, "Created:", root, "creationTimestamp");
    print_metadata_text(out, "Deleting since:", root, "deletionTimestamp");
    print_words(out, "Finalizers:", value_field(metadata, "finalizers"));
    fprintf(out, "%-14s %lld\n",
            "Generation:", (long long)value_int_or(value_field(metadata, "generation"), 0));
    print_metadata_text(out, "Revision:", root, "resourceVersion");
}

/* --- who tends it ------------------------------------------------------------------------------ */

static void print_owner(FILE *out, const struct value *controller)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text name = owner_name(controller), phase = owner_phase(controller);
    struct text message =
        value_text_or(value_field(value_field(controller, "status"), "message"), TEXT(""));
    if (controller == NULL) {
        plain_print_titled(out, "Controller:", TEXT("none: nobody tends objects of this kind"));
        return;
    }
    phase = phase.len > 0 ? phase : TEXT("not reported yet");
    plain_print_titled(out, "Controller:",
                       arena_format(&arena, "%.*s (%.*s)%s%.*s", TEXT_ARG(name), TEXT_ARG(phase),
                                    message.len > 0 ? ": " : "", TEXT_ARG(message)));
}

static void print_part(FILE *out, struct text title, const struct value *part)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(CLIENT_BODY_MAX);
    bool is_empty = value_is(part, VALUE_MAP) && part->count == 0;
    fprintf(out, "%.*s:\n", TEXT_ARG(title));
    yaml_write(&text, part);
    print_indented(out, is_empty ? TEXT("(nothing)") : buffer_view(&text), 2);
}

static void print_conditions(FILE *out, const struct value *conditions)
{
    static const char *const fields[] = {"type", "status", "reason", "lastTransitionTime",
                                         "message"};
    struct text cells[COUNT_OF(fields)] = {TEXT("TYPE"), TEXT("STATUS"), TEXT("REASON"),
                                           TEXT("SINCE"), TEXT("MESSAGE")};
    struct table table;
    table_init(&table, COUNT_OF(fields));
    table.indent = 2;
    table.rest = TABLE_REST_BELOW;
    table_add(&table, TABLE_HEADER, cells);
    for (size_t i = 0; i < value_count(conditions); i++) {
        for (size_t k = 0; k < COUNT_OF(fields); k++) {
            const struct value *value = value_get(value_at(conditions, i), text_of(fields[k]));
            cells[k] = value_text_or(value, TEXT(""));
        }
        table_add(&table, TABLE_ROW, cells);
    }
    fputs("Conditions:\n", out);
    table_print(&table, out);
    table_done(&table);
}

/* Whatever the object has beside what identifies it; conditions are taken out of the status. */
static void print_parts(FILE *out, struct arena *arena, const struct value *root)
{
    const struct value *conditions = NULL;
    for (size_t i = 0; i < value_count(root); i++) {
        const struct value_field *field = &root->fields[i];
        const struct value *part = field->value;
        bool is_head = text_is(field->key, "metadata") || text_is(field->key, "apiVersion") ||
                       text_is(field->key, "kind");
        if (is_head) {
            continue;
        }
        if (text_is(field->key, "status") && value_count(value_field(part, "conditions")) > 0) {
            conditions = value_field(part, "conditions");
            part = value_with(arena, part, TEXT("conditions"), NULL);
            if (value_count(part) == 0) {
                continue; /* they are all of it */
            }
        }
        print_part(out, field->key, part);
    }
    if (conditions != NULL) {
        print_conditions(out, conditions);
    }
}

/* Events of cluster-scoped objects are in namespace "default". */
static enum tend_code print_events(struct session *session, const struct served_kind *kind,
                                   const struct value *root, struct error *err)
{
    const struct value *metadata = value_field(root, "metadata");
    size_t count = 0;
    struct occurrences occurrences = {
        .session = session,
        .namespace = value_text_or(value_field(metadata, "namespace"), TEXT("default")),
        .about_kind = kind->name,
        .about_name = value_text_or(value_field(metadata, "name"), TEXT("")),
        .shows_header = true,
        .indent = 2,
    };
    fputs("Events:\n", session->out);
    TRY(occurrences_print(&occurrences, &count, err));
    if (count == 0) {
        fputs("  (none)\n", session->out);
    }
    return TEND_OK;
}

static enum tend_code describe_object(struct session *session, const struct served_kind *kind,
                                      const struct value *root, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *owner = NULL;
    print_head(session->out, kind, root);
    if (!owner_is_host(kind)) {
        TRY(owner_find(session, kind, &arena, &owner, err));
        print_owner(session->out, owner);
    }
    bool is_controller = text_is(kind->name, "Controller") && owner_is_host(kind);
    print_parts(session->out, &arena,
                is_controller ? controller_part_print(session->out, root, &arena) : root);
    way_on_print(session->out, kind, root, owner);
    return print_events(session, kind, root, err);
}

static enum tend_code describe_reference(struct session *session, const struct arguments *arguments,
                                         const struct reference *reference, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    const struct value *answer;
    target_path(&target, reference->kind, command_namespace(arguments), reference->name);
    enum tend_code code = session_get(session, buffer_view(&target), NULL, &arena, &answer, err);
    nearby_add(session, reference, command_namespace(arguments), code, err);
    TRY(code);
    if (reference->name.len > 0) {
        return describe_object(session, reference->kind, answer, err);
    }
    const struct value *items = value_field(answer, "items");
    for (size_t i = 0; i < value_count(items); i++) {
        fputs(i > 0 ? "\n" : "", session->out);
        TRY(describe_object(session, reference->kind, value_at(items, i), err));
    }
    if (value_count(items) == 0) {
        fputs("No resources found\n", session->err);
    }
    return TEND_OK;
}

int command_describe(struct session *session, const struct arguments *arguments)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct references references;
    enum tend_code code = references_parse(session, arguments->words, arguments->word_count, &arena,
                                           &references, &err);
    if (code == TEND_INVALID) {
        return command_misused(session, "describe", &err);
    }
    for (size_t i = 0; code == TEND_OK && i < references.count; i++) {
        fputs(i > 0 ? "\n" : "", session->out);
        code = describe_reference(session, arguments, &references.items[i], &err);
    }
    return code == TEND_OK ? EXIT_DONE : session_fail(session, &err);
}
