/* Lists are written with their fields in an order that lets them stream: what is known last (the
 * continuation) stands last. YAML items use the fact that a block sequence may stand at the indentation
 * of its key, so that each item is written as if it were a list of one. */
#include "api/form.h"

#include <inttypes.h>

#include "api/tree.h"
#include "base/alloc.h"
#include "document/json.h"
#include "document/yaml.h"

enum tend_code form_include(struct text word, enum form_include *ret_include, struct error *err)
{
    static const struct {
        const char *word;
        enum form_include include;
    } words[] = {
        {"", INCLUDE_METADATA},
        {"Metadata", INCLUDE_METADATA},
        {"Object", INCLUDE_OBJECT},
        {"None", INCLUDE_NONE},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_is(word, words[i].word)) {
            *ret_include = words[i].include;
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID, "includeObject must be Metadata, Object or None, is \"%.*s\"",
                TEXT_ARG(text_first(word, 64)));
}

const char *form_content_type(const struct form *form)
{
    return form->media == FORM_YAML ? "application/yaml" : "application/json";
}

/* --- metadata alone ---------------------------------------------------------------------------- */

static const struct value *partial_of(struct arena *arena, const struct value *root)
{
    struct tree tree = tree_of(arena);
    tree_chars(&tree, "kind", "PartialObjectMetadata");
    tree_chars(&tree, "apiVersion", "meta.k8s.io/v1");
    tree_put(&tree, "metadata", value_field(root, "metadata"));
    return tree_value(&tree);
}

/* --- tables ------------------------------------------------------------------------------------ */

static const struct value *column_definition(struct arena *arena, const struct column *column)
{
    struct tree tree = tree_of(arena);
    tree_chars(&tree, "name", column->name);
    tree_chars(&tree, "type", column_type_name(column->type));
    tree_chars(&tree, "format", column->format);
    tree_chars(&tree, "description", column->description);
    tree_int(&tree, "priority", column->priority);
    return tree_value(&tree);
}

static void table_head(const struct form *form, enum form_columns columns, struct buffer *out)
{
    CLEANUP(arena_done) struct arena arena = {0};
    buffer_chars(out,
                 "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"columnDefinitions\":");
    if (columns == COLUMNS_LEFT_OUT) {
        buffer_chars(out, "null");
    } else {
        const struct value *list = value_empty_list();
        for (size_t i = 0; i < form->kind->column_count; i++) {
            list = value_append(&arena, list, column_definition(&arena, &form->kind->columns[i]));
        }
        json_write(out, list);
    }
    buffer_chars(out, ",\"rows\":[");
}

static void table_cells(const struct form *form, struct arena *arena, const struct value *root,
                        struct buffer *out)
{
    buffer_chars(out, "{\"cells\":[");
    for (size_t i = 0; i < form->kind->column_count; i++) {
        const struct value *cell = column_cell(arena, &form->kind->columns[i], root, form->now_ms);
        buffer_chars(out, i == 0 ? "" : ",");
        json_write(out, cell == NULL ? value_null() : cell);
    }
    buffer_byte(out, ']');
}

static enum tend_code table_row(const struct form *form, const struct doc *doc, struct buffer *out,
                                struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    TRY(doc_tree(doc, &arena, &root, err));
    table_cells(form, &arena, root, out);
    switch (form->include) {
    case INCLUDE_METADATA:
        buffer_chars(out, ",\"object\":");
        json_write(out, partial_of(&arena, root));
        break;
    case INCLUDE_OBJECT:
        buffer_chars(out, ",\"object\":");
        buffer_text(out, doc_text(doc));
        break;
    case INCLUDE_NONE:
        break;
    }
    buffer_byte(out, '}');
    return TEND_OK;
}

/* --- objects ----------------------------------------------------------------------------------- */

static enum tend_code partial_object(const struct doc *doc, struct buffer *out, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    TRY(doc_tree(doc, &arena, &root, err));
    json_write(out, partial_of(&arena, root));
    return TEND_OK;
}

static enum tend_code yaml_object(const struct doc *doc, struct buffer *out, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    TRY(doc_tree(doc, &arena, &root, err));
    yaml_write(out, root);
    return TEND_OK;
}

static struct text revision_of(const struct value *root)
{
    return value_text_or(value_field(value_field(root, "metadata"), "resourceVersion"), TEXT(""));
}

static enum tend_code table_object(const struct form *form, const struct doc *doc,
                                   enum form_columns columns, struct buffer *out, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    TRY(doc_tree(doc, &arena, &root, err));
    table_head(form, columns, out);
    TRY(table_row(form, doc, out, err));
    buffer_chars(out, "],\"metadata\":{\"resourceVersion\":");
    json_write_text(out, revision_of(root));
    buffer_chars(out, "}}");
    return TEND_OK;
}

enum tend_code form_object(const struct form *form, const struct doc *doc,
                           enum form_columns columns, struct buffer *out, struct error *err)
{
    switch (form->media) {
    case FORM_JSON:
        buffer_text(out, doc_text(doc));
        return TEND_OK;
    case FORM_YAML:
        return yaml_object(doc, out, err);
    case FORM_TABLE:
        return table_object(form, doc, columns, out, err);
    case FORM_PARTIAL:
        return partial_object(doc, out, err);
    }
    return TEND_OK;
}

/* --- lists ------------------------------------------------------------------------------------- */

void form_list_head(const struct form *form, struct buffer *out)
{
    switch (form->media) {
    case FORM_JSON:
        buffer_format(out, "{\"apiVersion\":\"%s\",\"items\":[", form->kind->api_version);
        break;
    case FORM_YAML:
        buffer_format(out, "apiVersion: %s\nitems:", form->kind->api_version);
        break;
    case FORM_TABLE:
        table_head(form, COLUMNS_SHOWN, out);
        break;
    case FORM_PARTIAL:
        buffer_chars(out, "{\"apiVersion\":\"meta.k8s.io/v1\",\"items\":[");
        break;
    }
}

static enum tend_code yaml_item(const struct doc *doc, size_t index, struct buffer *out,
                                struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    TRY(doc_tree(doc, &arena, &root, err));
    buffer_chars(out, index == 0 ? "\n" : "");
    yaml_write(out, value_list(&arena, &root, 1));
    return TEND_OK;
}

enum tend_code form_list_item(const struct form *form, const struct doc *doc, size_t index,
                              struct buffer *out, struct error *err)
{
    if (form->media == FORM_YAML) {
        return yaml_item(doc, index, out, err);
    }
    buffer_chars(out, index == 0 ? "" : ",");
    return form->media == FORM_TABLE ? table_row(form, doc, out, err)
                                     : form_object(form, doc, COLUMNS_SHOWN, out, err);
}

static const struct value *list_metadata(struct arena *arena, int64_t revision,
                                         struct text continuation)
{
    struct tree tree = tree_of(arena);
    tree_text_if(&tree, "continue", continuation);
    tree_put(&tree, "resourceVersion",
             value_text(arena, arena_format(arena, "%" PRId64, revision)));
    return tree_value(&tree);
}

/* kind and metadata as JSON fields, for the three forms of JSON. */
static void json_tail(const char *kind, const struct value *metadata, struct buffer *out)
{
    buffer_byte(out, ']');
    if (kind != NULL) {
        buffer_format(out, ",\"kind\":\"%s\"", kind);
    }
    buffer_chars(out, ",\"metadata\":");
    json_write(out, metadata);
    buffer_byte(out, '}');
}

void form_list_tail(const struct form *form, size_t count, int64_t revision,
                    struct text continuation, struct buffer *out)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *metadata = list_metadata(&arena, revision, continuation);
    switch (form->media) {
    case FORM_JSON:
        json_tail(form->kind->list, metadata, out);
        break;
    case FORM_TABLE:
        json_tail(NULL, metadata, out);
        break;
    case FORM_PARTIAL:
        json_tail("PartialObjectMetadataList", metadata, out);
        break;
    case FORM_YAML:
        buffer_format(out, "%skind: %s\n", count == 0 ? " []\n" : "", form->kind->list);
        yaml_write(out, value_with(&arena, NULL, TEXT("metadata"), metadata));
        break;
    }
}
