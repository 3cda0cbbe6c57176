/* From a definition to a kind. Everything is read into one new kind; whatever is wrong ends the reading
 * with the path of the field and one sentence, and the half-made kind is dropped. What is not
 * implemented (several versions, conversion) is refused here and not ignored: a definition that was
 * accepted is served as it says. */
#include "resource/crd.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/path.h"
#include "resource/condition.h"
#include "resource/name.h"

/* One definition being read. */
struct reading {
    struct kind *kind;
    enum kind_origin origin;
    char *path; /* CRD_PATH_MAX; where something was wrong */
    struct error *err;
};

static enum tend_code wrong(struct reading *reading, const char *path, const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum tend_code wrong(struct reading *reading, const char *path, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (reading->path != NULL) {
        snprintf(reading->path, CRD_PATH_MAX, "%s", path);
    }
    return FAIL(reading->err, TEND_INVALID, "%s%s%s", path, *path != '\0' ? " " : "", text);
}

static const char *copied(struct reading *reading, struct text text)
{
    return arena_text(&reading->kind->arena, text).ptr;
}

/* A text that is there and not empty. */
static enum tend_code read_text(struct reading *reading, const struct value *map, const char *key,
                                const char *path, const char **ret_text)
{
    const struct value *value = value_get(map, text_of(key));
    if (!value_is(value, VALUE_TEXT) || value->text.len == 0) {
        return wrong(reading, path,
                     value == NULL ? "must be given" : "must be a string that is not empty");
    }
    *ret_text = copied(reading, value->text);
    return TEND_OK;
}

static enum tend_code read_words(struct reading *reading, const struct value *list,
                                 const char *path, struct kind_words *ret_words)
{
    if (list != NULL && list->type != VALUE_LIST) {
        return wrong(reading, path, "must be a list of strings");
    }
    size_t count = value_count(list);
    const char **words = arena_alloc(&reading->kind->arena, (count + 1) * sizeof *words);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value_at(list, i);
        if (!value_is(item, VALUE_TEXT) || name_check_label(item->text) != NULL) {
            return wrong(reading, path, "must be a list of words in lower case");
        }
        words[i] = copied(reading, item->text);
    }
    *ret_words = (struct kind_words){words, count};
    return TEND_OK;
}

static const char *lowered(struct arena *arena, const char *word)
{
    size_t len = strlen(word);
    char *copy = arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        copy[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] - 'A' + 'a') : word[i];
    }
    return copy;
}

static bool is_camel_case(const char *word)
{
    if (*word < 'A' || *word > 'Z') {
        return false;
    }
    return strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
               strlen(word) &&
           strlen(word) <= LABEL_BYTES_MAX;
}

static enum tend_code read_names(struct reading *reading, const struct value *names)
{
    struct kind *kind = reading->kind;
    TRY(read_text(reading, names, "plural", "spec.names.plural", &kind->plural));
    const char *bad = name_check_label(text_of(kind->plural));
    if (bad != NULL) {
        return wrong(reading, "spec.names.plural", "%s", bad);
    }
    TRY(read_text(reading, names, "kind", "spec.names.kind", &kind->name));
    if (!is_camel_case(kind->name)) {
        return wrong(reading, "spec.names.kind", "must be CamelCase, as in \"LabInstance\"");
    }
    kind->singular = lowered(&kind->arena, kind->name);
    if (value_field(names, "singular") != NULL) {
        TRY(read_text(reading, names, "singular", "spec.names.singular", &kind->singular));
    }
    kind->list = arena_format(&kind->arena, "%sList", kind->name).ptr;
    if (value_field(names, "listKind") != NULL) {
        TRY(read_text(reading, names, "listKind", "spec.names.listKind", &kind->list));
    }
    TRY(read_words(reading, value_field(names, "shortNames"), "spec.names.shortNames",
                   &kind->short_names));
    return read_words(reading, value_field(names, "categories"), "spec.names.categories",
                      &kind->categories);
}

static enum tend_code read_group(struct reading *reading, const struct value *spec)
{
    struct kind *kind = reading->kind;
    struct text group = value_text_or(value_field(spec, "group"), TEXT(""));
    if (reading->origin == ORIGIN_DECLARED) {
        TRY(read_text(reading, spec, "group", "spec.group", &kind->group));
        const char *bad = name_check_subdomain(group);
        if (bad != NULL) {
            return wrong(reading, "spec.group", "%s", bad);
        }
    }
    kind->group = copied(reading, group);
    return TEND_OK;
}

static enum tend_code read_scope(struct reading *reading, const struct value *spec)
{
    struct text scope = value_text_or(value_field(spec, "scope"), TEXT(""));
    if (!text_is(scope, "Namespaced") && !text_is(scope, "Cluster")) {
        return wrong(reading, "spec.scope", "must be Namespaced or Cluster");
    }
    reading->kind->scope = text_is(scope, "Cluster") ? SCOPE_CLUSTER : SCOPE_NAMESPACED;
    return TEND_OK;
}

/* --- the version ------------------------------------------------------------------------------- */

static enum tend_code read_schema(struct reading *reading, const struct value *version)
{
    static const char path[] = "spec.versions[0].schema.openAPIV3Schema";
    const struct value *schema = value_field(value_field(version, "schema"), "openAPIV3Schema");
    if (schema == NULL) {
        return wrong(reading, path, "must be given");
    }
    struct error err = ERROR_INIT;
    if (schema_compile(schema, &reading->kind->schema, &err) != TEND_OK) {
        return wrong(reading, path, "%s", err.message);
    }
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(DOC_BYTES_MAX);
    json_write(&text, schema);
    reading->kind->openapi = arena_text(&reading->kind->arena, buffer_view(&text));
    return TEND_OK;
}

static enum tend_code read_column_type(struct reading *reading, const struct value *value,
                                       const char *path, enum column_type *ret_type)
{
    static const enum column_type types[] = {COLUMN_STRING, COLUMN_INTEGER, COLUMN_NUMBER,
                                             COLUMN_BOOLEAN, COLUMN_DATE};
    struct text type = value_text_or(value_field(value, "type"), TEXT(""));
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (text_is(type, column_type_name(types[i]))) {
            *ret_type = types[i];
            return TEND_OK;
        }
    }
    return wrong(reading, path, "must have a type: string, integer, number, boolean or date");
}

static enum column_show read_show(const struct value *value)
{
    struct text show = value_text_or(value_field(value, "show"), TEXT(""));
    return text_is(show, "count")    ? COLUMN_COUNT
           : text_is(show, "short")  ? COLUMN_SHORT
           : text_is(show, "joined") ? COLUMN_JOINED
           : text_is(show, "object") ? COLUMN_OBJECT
                                     : COLUMN_VALUE;
}

static enum tend_code read_column(struct reading *reading, const struct value *value, size_t index,
                                  struct column *column)
{
    char path[96];
    struct error err = ERROR_INIT;
    snprintf(path, sizeof path, "spec.versions[0].additionalPrinterColumns[%zu]", index);
    TRY(read_text(reading, value, "name", path, &column->name));
    TRY(read_text(reading, value, "jsonPath", path, &column->path));
    if (path_check(text_of(column->path), &err) != TEND_OK) {
        return wrong(reading, path, "has a jsonPath that is not understood: %s", err.message);
    }
    TRY(read_column_type(reading, value, path, &column->type));
    int64_t priority = value_int_or(value_field(value, "priority"), 0);
    if (priority < 0 || priority > INT32_MAX) {
        return wrong(reading, path, "must have a priority of 0 or more");
    }
    column->priority = (int32_t)priority;
    column->format = copied(reading, value_text_or(value_field(value, "format"), TEXT("")));
    column->description =
        copied(reading, value_text_or(value_field(value, "description"), TEXT("")));
    column->show = reading->origin == ORIGIN_BUILTIN ? read_show(value) : COLUMN_VALUE;
    return TEND_OK;
}

static const struct column name_column = {
    .name = "Name",
    .path = ".metadata.name",
    .format = "name",
    .description = "The name, unique among the objects of its kind in its namespace.",
    .type = COLUMN_STRING,
};
static const struct column age_column = {
    .name = "Age",
    .path = ".metadata.creationTimestamp",
    .format = "",
    .description = "How long ago it was created.",
    .type = COLUMN_DATE,
};

/* The name first, then what the definition says, or the age where it says nothing. */
static enum tend_code read_columns(struct reading *reading, const struct value *list)
{
    if (list != NULL && list->type != VALUE_LIST) {
        return wrong(reading, "spec.versions[0].additionalPrinterColumns", "must be a list");
    }
    if (value_count(list) > COLUMNS_MAX) {
        return wrong(reading, "spec.versions[0].additionalPrinterColumns",
                     "must have at most %u items", COLUMNS_MAX);
    }
    struct kind *kind = reading->kind;
    struct column *columns = arena_alloc(&kind->arena, (value_count(list) + 2) * sizeof *columns);
    kind->columns = columns;
    if (reading->origin == ORIGIN_DECLARED) {
        columns[kind->column_count++] = name_column;
    }
    for (size_t i = 0; i < value_count(list); i++) {
        TRY(read_column(reading, value_at(list, i), i, &columns[kind->column_count++]));
    }
    if (value_count(list) == 0) {
        columns[kind->column_count++] = age_column;
    }
    return TEND_OK;
}

static enum tend_code read_selectable(struct reading *reading, const struct value *list)
{
    struct kind *kind = reading->kind;
    size_t count = value_count(list);
    if (count > SELECTOR_TERMS_MAX) {
        return wrong(reading, "spec.versions[0].selectableFields", "must have at most %u items",
                     SELECTOR_TERMS_MAX);
    }
    const char **words = arena_alloc(&kind->arena, (count + 1) * sizeof *words);
    for (size_t i = 0; i < count; i++) {
        struct text path = value_text_or(value_field(value_at(list, i), "jsonPath"), TEXT(""));
        path = text_starts(path, TEXT(".")) ? text_from(path, 1) : path;
        if (path.len == 0 || path_check(path, NULL) != TEND_OK) {
            return wrong(reading, "spec.versions[0].selectableFields",
                         "must have a jsonPath to one field in each item");
        }
        words[i] = copied(reading, path);
    }
    kind->selectable = (struct kind_words){words, count};
    return TEND_OK;
}

static enum tend_code read_version(struct reading *reading, const struct value *spec)
{
    const struct value *versions = value_field(spec, "versions");
    const struct value *version = value_at(versions, 0);
    if (value_count(versions) != 1) {
        return wrong(reading, "spec.versions",
                     "must have exactly one version, has %zu; several are not supported yet",
                     value_count(versions));
    }
    if (!value_bool_or(value_field(version, "served"), false) ||
        !value_bool_or(value_field(version, "storage"), false)) {
        return wrong(reading, "spec.versions[0]", "must have served: true and storage: true");
    }
    TRY(read_text(reading, version, "name", "spec.versions[0].name", &reading->kind->version));
    const char *bad = name_check_label(text_of(reading->kind->version));
    if (bad != NULL) {
        return wrong(reading, "spec.versions[0].name", "%s", bad);
    }
    TRY(read_schema(reading, version));
    reading->kind->has_status = value_field(value_field(version, "subresources"), "status") != NULL;
    TRY(read_columns(reading, value_field(version, "additionalPrinterColumns")));
    return read_selectable(reading, value_field(version, "selectableFields"));
}

static enum tend_code refuse_unsupported(struct reading *reading, const struct value *spec)
{
    struct text strategy =
        value_text_or(value_field(value_field(spec, "conversion"), "strategy"), TEXT("None"));
    if (!text_is(strategy, "None")) {
        return wrong(reading, "spec.conversion.strategy", "must be None, webhooks are not called");
    }
    if (value_bool_or(value_field(spec, "preserveUnknownFields"), false)) {
        return wrong(reading, "spec.preserveUnknownFields",
                     "must be false; use x-kubernetes-preserve-unknown-fields in the schema");
    }
    return TEND_OK;
}

static void join_names(struct kind *kind)
{
    bool core = kind->group[0] == '\0';
    kind->api_version =
        core ? kind->version : arena_format(&kind->arena, "%s/%s", kind->group, kind->version).ptr;
    kind->resource =
        core ? kind->plural : arena_format(&kind->arena, "%s.%s", kind->plural, kind->group).ptr;
    kind->identity = arena_format(&kind->arena, "%s/%s", kind->api_version, kind->name).ptr;
}

enum tend_code crd_define(const struct value *spec, enum kind_origin origin, char *ret_path,
                          struct kind **ret_kind, struct error *err)
{
    CLEANUP(kind_unrefp) struct kind *kind = alloc_new(sizeof *kind);
    atomic_init(&kind->refs, 1);
    kind->origin = origin;
    struct reading reading = {.kind = kind, .origin = origin, .path = ret_path, .err = err};
    TRY(read_group(&reading, spec));
    TRY(read_names(&reading, value_field(spec, "names")));
    TRY(read_scope(&reading, spec));
    TRY(refuse_unsupported(&reading, spec));
    TRY(read_version(&reading, spec));
    join_names(kind);
    if (strlen(kind->resource) > NAME_BYTES_MAX) {
        return wrong(&reading, "spec.group", "is too long together with spec.names.plural");
    }
    *ret_kind = TAKE(kind);
    return TEND_OK;
}

enum tend_code crd_kind(const struct value *root, char *ret_path, struct kind **ret_kind,
                        struct error *err)
{
    struct reading reading = {.path = ret_path, .err = err};
    CLEANUP(kind_unrefp) struct kind *kind = NULL;
    TRY(crd_define(value_field(root, "spec"), ORIGIN_DECLARED, ret_path, &kind, err));
    struct text name = value_text_or(value_field(value_field(root, "metadata"), "name"), TEXT(""));
    if (!text_is(name, kind->resource)) {
        return wrong(&reading, "metadata.name",
                     "must be spec.names.plural and spec.group, \"%s\", is \"%.*s\"",
                     kind->resource, TEXT_ARG(name));
    }
    *ret_kind = TAKE(kind);
    return TEND_OK;
}

/* --- status ------------------------------------------------------------------------------------ */

static const struct value *words_value(struct arena *arena, const struct kind_words *words)
{
    const struct value *list = NULL;
    for (size_t i = 0; i < words->count; i++) {
        list = value_append(arena, list, value_chars(arena, words->words[i]));
    }
    return list;
}

static const struct value *accepted_names(struct arena *arena, const struct kind *kind)
{
    const struct value_field fields[] = {
        {.key = TEXT("kind"), .value = value_chars(arena, kind->name)},
        {.key = TEXT("listKind"), .value = value_chars(arena, kind->list)},
        {.key = TEXT("plural"), .value = value_chars(arena, kind->plural)},
        {.key = TEXT("singular"), .value = value_chars(arena, kind->singular)},
    };
    const struct value *names = value_map(arena, fields, COUNT_OF(fields));
    if (kind->short_names.count > 0) {
        names =
            value_with(arena, names, TEXT("shortNames"), words_value(arena, &kind->short_names));
    }
    if (kind->categories.count > 0) {
        names = value_with(arena, names, TEXT("categories"), words_value(arena, &kind->categories));
    }
    return names;
}

const struct value *crd_with_status(struct arena *arena, const struct value *root,
                                    const struct kind *kind, int64_t now_ms)
{
    const struct condition conditions[] = {
        {.type = TEXT("NamesAccepted"),
         .status = TEXT("True"),
         .reason = TEXT("NoConflicts"),
         .message = TEXT("its names are its own")},
        {.type = TEXT("Established"),
         .status = TEXT("True"),
         .reason = TEXT("InitialNamesAccepted"),
         .message = TEXT("its objects are served")},
    };
    for (size_t i = 0; i < COUNT_OF(conditions); i++) {
        root = condition_set(arena, root, &conditions[i], now_ms);
    }
    const struct value *status = value_field(root, "status");
    status = value_with(arena, status, TEXT("acceptedNames"), accepted_names(arena, kind));
    status = value_with(arena, status, TEXT("storedVersions"),
                        value_append(arena, NULL, value_chars(arena, kind->version)));
    return value_with(arena, root, TEXT("status"), status);
}
