/* From libyaml's events to values, in one loop with its own stack.
 *
 * libyaml bounds nothing: its scanner is quadratic in flow depth (64 KiB of '[' keep it busy for ten
 * seconds), its list of %TAG lines is searched line by line, and a composer on top of it would
 * multiply aliases without end. So the limits stand here, and each is checked on the event that would
 * break it, before libyaml is asked for the next: it never scans further ahead than the 1024
 * characters in which a key must end. %TAG lines all come before the first event, so they are
 * counted in the bytes first.
 *
 *     fields: [ a, b, | x: 1, y: | ... ]        one growing array for all open containers;
 *               ^ frame 0   ^ frame 1           a frame remembers where its part begins
 *
 * When a container ends, its part is sorted (a map), checked for keys that stand twice, copied into the
 * arena, and becomes one field of the frame below. An alias shares the value of its anchor, which is
 * immutable; what it would be if it were written out still counts against the limits of the document.
 */
#include "document/yaml.h"

#include <yaml.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/map.h"
#include "document/yaml_problem.h"
#include "document/yaml_scalar.h"

/* What a value amounts to when every alias in it is written out. */
struct weight {
    size_t nodes;
    size_t bytes;   /* of texts and keys */
    unsigned depth; /* containers inside each other; 0: a scalar */
};

struct anchor {
    const struct value *value; /* NULL while its node is open */
    struct weight weight;
    struct text
        key; /* a scalar as it is written, for an alias that is a key; ptr NULL: no scalar */
};

struct frame {
    enum value_type type;
    uint32_t line, column;
    size_t first;             /* in reader->fields */
    struct value_field key;   /* a map's key that waits for its value; key.ptr NULL: none */
    struct anchor *anchor;    /* to fill when the container ends; may be NULL */
    struct weight before;     /* the document's weight when it began */
    unsigned depth_of_inside; /* the deepest value in it so far */
};

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    struct text input;
    struct error *err;

    struct frame frames[DOC_DEPTH_MAX];
    unsigned depth;
    struct value_field *fields;
    size_t field_count, field_capacity;

    /* the document that is being read */
    struct map anchors; /* name to struct anchor, both in the arena */
    struct weight weight;
    unsigned aliases;
    const struct value *root; /* NULL: none yet, or an empty one */

    struct yaml_document *documents;
    size_t document_count, document_capacity, document_starts;
};

/* A value on its way to its place, with what its anchor has to know. */
struct arrival {
    const struct value *value;
    struct text key; /* see struct anchor */
    uint32_t line, column;
    unsigned depth;
};

#define PLACE_FORMAT "line %u, column %u: "

static uint32_t line_of(const yaml_event_t *event)
{
    return (uint32_t)event->start_mark.line + 1;
}

static uint32_t column_of(const yaml_event_t *event)
{
    return (uint32_t)event->start_mark.column + 1;
}

static struct text chars_text(const yaml_char_t *chars)
{
    return text_of((const char *)chars);
}

/* --- limits ------------------------------------------------------------------------------------ */

static enum tend_code check_weight(struct reader *reader, uint32_t line, uint32_t column)
{
    if (reader->weight.nodes > DOC_NODES_MAX) {
        return FAIL(reader->err, TEND_LIMIT,
                    PLACE_FORMAT "expected at most %u values in a document", line, column,
                    DOC_NODES_MAX);
    }
    if (reader->weight.bytes > DOC_BYTES_MAX) {
        return FAIL(reader->err, TEND_LIMIT,
                    PLACE_FORMAT "expected at most %u bytes of text in a document", line, column,
                    DOC_BYTES_MAX);
    }
    return TEND_OK;
}

static enum tend_code check_depth(struct reader *reader, unsigned more, uint32_t line,
                                  uint32_t column)
{
    if (reader->depth + more > DOC_DEPTH_MAX) {
        return FAIL(reader->err, TEND_LIMIT, PLACE_FORMAT "expected at most %u levels of nesting",
                    line, column, DOC_DEPTH_MAX);
    }
    return TEND_OK;
}

static enum tend_code check_key(struct reader *reader, const struct frame *frame,
                                const struct value_field *key)
{
    if (key->key.len > DOC_KEY_MAX) {
        return FAIL(reader->err, TEND_LIMIT, PLACE_FORMAT "expected a key of at most %u bytes",
                    key->line, key->column, DOC_KEY_MAX);
    }
    if (reader->field_count - frame->first >= DOC_KEYS_MAX) {
        return FAIL(reader->err, TEND_LIMIT, PLACE_FORMAT "expected at most %u keys in a mapping",
                    key->line, key->column, DOC_KEYS_MAX);
    }
    return TEND_OK;
}

/* --- values find their place ------------------------------------------------------------------- */

static void fields_push(struct reader *reader, struct value_field field)
{
    if (reader->field_count == reader->field_capacity) {
        reader->field_capacity = reader->field_capacity == 0 ? 64 : reader->field_capacity * 2;
        reader->fields =
            alloc_resize(reader->fields, reader->field_capacity, sizeof reader->fields[0]);
    }
    reader->fields[reader->field_count++] = field;
}

static struct frame *top_frame(struct reader *reader)
{
    return reader->depth == 0 ? NULL : &reader->frames[reader->depth - 1];
}

static bool awaits_key(const struct frame *frame)
{
    return frame != NULL && frame->type == VALUE_MAP && frame->key.key.ptr == NULL;
}

static enum tend_code take_key(struct reader *reader, struct text key, uint32_t line,
                               uint32_t column)
{
    struct frame *frame = top_frame(reader);
    frame->key = (struct value_field){key, NULL, line, column};
    reader->weight.bytes += key.len;
    TRY(check_weight(reader, line, column));
    return check_key(reader, frame, &frame->key);
}

/* Put what arrived into the open container, or make it the document. A key is no value: of a scalar in
 * the place of a key only the text counts. */
static enum tend_code place_value(struct reader *reader, const struct arrival *arrival)
{
    struct frame *frame = top_frame(reader);
    if (awaits_key(frame)) {
        if (arrival->key.ptr == NULL) {
            return FAIL(reader->err, TEND_INVALID,
                        PLACE_FORMAT "expected a text as key, found an alias of a %s",
                        arrival->line, arrival->column,
                        arrival->value->type == VALUE_MAP ? "mapping" : "list");
        }
        return take_key(reader, arrival->key, arrival->line, arrival->column);
    }
    if (frame == NULL) {
        reader->root = arrival->value;
        return TEND_OK;
    }
    struct value_field field = frame->key;
    field.value = arrival->value;
    fields_push(reader, field);
    frame->key = (struct value_field){0};
    if (arrival->depth > frame->depth_of_inside) {
        frame->depth_of_inside = arrival->depth;
    }
    return TEND_OK;
}

/* --- anchors and aliases ----------------------------------------------------------------------- */

/* The anchor of a node that begins, known by its name from here on; NULL where it has none. */
static struct anchor *anchor_begin(struct reader *reader, const yaml_char_t *name)
{
    if (name == NULL) {
        return NULL;
    }
    struct anchor *anchor = arena_alloc(reader->arena, sizeof *anchor);
    map_put(&reader->anchors, arena_text(reader->arena, chars_text(name)), anchor);
    return anchor;
}

static enum tend_code on_alias(struct reader *reader, const yaml_event_t *event)
{
    uint32_t line = line_of(event), column = column_of(event);
    struct text name = chars_text(event->data.alias.anchor);
    struct text shown = text_clip(name, 40);
    if (++reader->aliases > YAML_ALIASES_MAX) {
        return FAIL(reader->err, TEND_LIMIT,
                    PLACE_FORMAT "expected at most %u aliases in a document", line, column,
                    YAML_ALIASES_MAX);
    }
    const struct anchor *anchor = map_get(&reader->anchors, name);
    if (anchor == NULL) {
        return FAIL(reader->err, TEND_INVALID,
                    PLACE_FORMAT "expected an anchor &%.*s before its alias, found none", line,
                    column, TEXT_ARG(shown));
    }
    if (anchor->value == NULL) {
        return FAIL(reader->err, TEND_INVALID,
                    PLACE_FORMAT "expected a value, found *%.*s inside the value that it names",
                    line, column, TEXT_ARG(shown));
    }
    if (!awaits_key(top_frame(reader))) {
        reader->weight.nodes += anchor->weight.nodes;
        reader->weight.bytes += anchor->weight.bytes;
    }
    TRY(check_weight(reader, line, column));
    TRY(check_depth(reader, anchor->weight.depth, line, column));
    return place_value(
        reader, &(struct arrival){anchor->value, anchor->key, line, column, anchor->weight.depth});
}

/* --- scalars ----------------------------------------------------------------------------------- */

static enum tend_code refuse_tag(struct reader *reader, const yaml_event_t *event, struct text tag)
{
    struct text shown = text_clip(tag, 80);
    return FAIL(reader->err, TEND_INVALID,
                PLACE_FORMAT
                "expected no tag, or one of !!str, !!int, !!float, !!bool, !!null, !!seq "
                "and !!map where it fits, found !<%.*s>",
                line_of(event), column_of(event), TEXT_ARG(shown));
}

/* Put the place in front of what was just complained about; returns `code`. */
static enum tend_code complain_at(struct reader *reader, const yaml_event_t *event,
                                  enum tend_code code)
{
    error_wrap(reader->err, "line %u, column %u", line_of(event), column_of(event));
    return code;
}

/* By its tag where it has one (and then its text must fit the tag), else by its text where it is plain;
 * what is quoted is text. */
static enum tend_code kind_of_scalar(struct reader *reader, const yaml_event_t *event,
                                     struct text text, enum scalar_kind *ret_kind)
{
    struct text tag = chars_text(event->data.scalar.tag);
    if (tag.ptr == NULL) {
        *ret_kind = event->data.scalar.plain_implicit ? scalar_kind(text) : SCALAR_TEXT;
        return TEND_OK;
    }
    enum tend_code code = scalar_kind_tagged(tag, text, ret_kind, reader->err);
    if (code == TEND_NOT_FOUND) {
        return refuse_tag(reader, event, tag);
    }
    return code == TEND_OK ? TEND_OK : complain_at(reader, event, code);
}

static enum tend_code refuse_merge(struct reader *reader, const yaml_event_t *event)
{
    return FAIL(reader->err, TEND_INVALID,
                PLACE_FORMAT
                "expected a key, found the merge key <<, which YAML 1.2 does not have: "
                "write the fields out, or quote it",
                line_of(event), column_of(event));
}

static enum tend_code make_scalar(struct reader *reader, const yaml_event_t *event,
                                  struct text text, enum scalar_kind kind,
                                  const struct value **ret_value)
{
    struct value *value = arena_alloc(reader->arena, sizeof *value);
    enum tend_code code = scalar_value(reader->arena, kind, text, value, reader->err);
    if (code != TEND_OK) {
        return complain_at(reader, event, code);
    }
    value->line = line_of(event);
    value->column = column_of(event);
    *ret_value = value;
    return TEND_OK;
}

static enum tend_code on_key(struct reader *reader, const yaml_event_t *event, struct text text,
                             enum scalar_kind kind)
{
    if (text_is(text, "<<") && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
        event->data.scalar.tag == NULL) {
        return refuse_merge(reader, event);
    }
    struct text key = arena_text(reader->arena, text);
    struct anchor *anchor = anchor_begin(reader, event->data.scalar.anchor);
    if (anchor != NULL) {
        TRY(make_scalar(reader, event, text, kind, &anchor->value));
        anchor->key = key;
        anchor->weight = (struct weight){.nodes = 1, .bytes = key.len};
    }
    return take_key(reader, key, line_of(event), column_of(event));
}

static bool is_empty_document(const struct reader *reader, const yaml_event_t *event)
{
    return reader->depth == 0 && event->data.scalar.length == 0 &&
           event->data.scalar.anchor == NULL && event->data.scalar.tag == NULL &&
           event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static enum tend_code on_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct text text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    enum scalar_kind kind = SCALAR_TEXT;
    if (is_empty_document(reader, event)) {
        return TEND_OK;
    }
    TRY(kind_of_scalar(reader, event, text, &kind));
    if (awaits_key(top_frame(reader))) {
        return on_key(reader, event, text, kind);
    }
    reader->weight.nodes++;
    reader->weight.bytes += text.len;
    TRY(check_weight(reader, line_of(event), column_of(event)));
    struct arrival arrival = {.line = line_of(event), .column = column_of(event)};
    TRY(make_scalar(reader, event, text, kind, &arrival.value));
    struct anchor *anchor = anchor_begin(reader, event->data.scalar.anchor);
    if (anchor != NULL) {
        anchor->value = arrival.value;
        anchor->key = arena_text(reader->arena, text);
        anchor->weight = (struct weight){.nodes = 1, .bytes = text.len};
    }
    return place_value(reader, &arrival);
}

/* --- lists and maps ---------------------------------------------------------------------------- */

static enum tend_code on_container(struct reader *reader, const yaml_event_t *event,
                                   enum value_type type)
{
    bool map = type == VALUE_MAP;
    uint32_t line = line_of(event), column = column_of(event);
    struct text tag =
        chars_text(map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    if (awaits_key(top_frame(reader))) {
        return FAIL(reader->err, TEND_INVALID, PLACE_FORMAT "expected a text as key, found a %s",
                    line, column, map ? "mapping" : "list");
    }
    if (tag.ptr != NULL && !text_is(tag, "!") &&
        !text_is(tag, map ? YAML_CORE_TAG "map" : YAML_CORE_TAG "seq")) {
        return refuse_tag(reader, event, tag);
    }
    TRY(check_depth(reader, 1, line, column));
    struct weight before = reader->weight;
    reader->weight.nodes++;
    TRY(check_weight(reader, line, column));
    reader->frames[reader->depth++] = (struct frame){
        .type = type,
        .line = line,
        .column = column,
        .first = reader->field_count,
        .anchor = anchor_begin(reader, map ? event->data.mapping_start.anchor
                                           : event->data.sequence_start.anchor),
        .before = before,
    };
    return TEND_OK;
}

static enum tend_code finish_map(struct reader *reader, struct value_field *fields, size_t count,
                                 struct value *value)
{
    const struct value_field *twice = value_sort_fields(fields, count);
    if (twice != NULL) {
        struct text shown = text_clip(twice->key, 60);
        return FAIL(reader->err, TEND_INVALID,
                    PLACE_FORMAT "expected each key once, found \"%.*s\" again (first in line %u, "
                                 "column %u)",
                    twice->line, twice->column, TEXT_ARG(shown), twice[-1].line, twice[-1].column);
    }
    struct value_field *kept = arena_alloc(reader->arena, count * sizeof kept[0]);
    memcpy(kept, fields, count * sizeof kept[0]);
    value->fields = kept;
    return TEND_OK;
}

static void finish_list(struct reader *reader, const struct value_field *fields, size_t count,
                        struct value *value)
{
    const struct value **items = arena_alloc(reader->arena, count * sizeof(struct value *));
    for (size_t i = 0; i < count; i++) {
        items[i] = fields[i].value;
    }
    value->items = items;
}

static enum tend_code on_container_end(struct reader *reader)
{
    struct frame frame = *top_frame(reader);
    size_t count = reader->field_count - frame.first;
    struct value *value = arena_alloc(reader->arena, sizeof *value);
    *value = (struct value){
        .type = frame.type, .count = (uint32_t)count, .line = frame.line, .column = frame.column};
    if (count > 0 && frame.type == VALUE_MAP) {
        TRY(finish_map(reader, reader->fields + frame.first, count, value));
    } else if (count > 0) {
        finish_list(reader, reader->fields + frame.first, count, value);
    }
    reader->field_count = frame.first;
    reader->depth--;
    unsigned depth = frame.depth_of_inside + 1;
    if (frame.anchor != NULL) {
        frame.anchor->value = value;
        frame.anchor->weight = (struct weight){reader->weight.nodes - frame.before.nodes,
                                               reader->weight.bytes - frame.before.bytes, depth};
    }
    return place_value(
        reader, &(struct arrival){
                    .value = value, .line = frame.line, .column = frame.column, .depth = depth});
}

/* --- documents --------------------------------------------------------------------------------- */

static enum tend_code on_document_start(struct reader *reader, const yaml_event_t *event)
{
    if (++reader->document_starts > INPUT_DOCS_MAX) {
        return FAIL(reader->err, TEND_LIMIT, "line %u: expected at most %u documents",
                    line_of(event), INPUT_DOCS_MAX);
    }
    map_done(&reader->anchors);
    reader->anchors = (struct map){0};
    reader->weight = (struct weight){0};
    reader->aliases = 0;
    reader->root = NULL;
    if (reader->document_count == reader->document_capacity) {
        reader->document_capacity = reader->document_capacity * 2 + 8;
        reader->documents =
            alloc_resize(reader->documents, reader->document_capacity, sizeof reader->documents[0]);
    }
    reader->documents[reader->document_count].line = line_of(event);
    return TEND_OK;
}

static void on_document_end(struct reader *reader)
{
    if (reader->root != NULL) {
        reader->documents[reader->document_count++].value = reader->root;
    }
}

static enum tend_code on_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        return TEND_OK;
    case YAML_DOCUMENT_START_EVENT:
        return on_document_start(reader, event);
    case YAML_DOCUMENT_END_EVENT:
        on_document_end(reader);
        return TEND_OK;
    case YAML_ALIAS_EVENT:
        return on_alias(reader, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_container(reader, event, VALUE_LIST);
    case YAML_MAPPING_START_EVENT:
        return on_container(reader, event, VALUE_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_container_end(reader);
    }
    return FAIL(reader->err, TEND_INTERNAL, "libyaml has an event that is not known here");
}

static enum tend_code read_events(struct reader *reader)
{
    yaml_event_type_t type = YAML_NO_EVENT;
    while (type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event)) {
            return yaml_problem(&reader->parser, reader->input, reader->err);
        }
        type = event.type;
        enum tend_code code = on_event(reader, &event);
        yaml_event_delete(&event);
        TRY(code);
    }
    return TEND_OK;
}

/* --- the text as a whole ----------------------------------------------------------------------- */

/* libyaml compares each %TAG line with all before it, and hands out no event before the last. A line of
 * a text that begins so in the first column counts as well: too few documents hold a hundred. */
static enum tend_code check_tag_lines(struct text input, struct error *err)
{
    struct text rest = input;
    uint32_t line = 1;
    for (unsigned count = 0; rest.len > 0; line++) {
        if (text_starts(rest, TEXT("%TAG")) && ++count > YAML_TAG_LINES_MAX) {
            return FAIL(err, TEND_LIMIT, "line %u: expected at most %u lines that begin with %%TAG",
                        line, YAML_TAG_LINES_MAX);
        }
        text_cut(&rest, '\n');
    }
    return TEND_OK;
}

static void reader_done(struct reader *reader)
{
    free(reader->documents);
    map_done(&reader->anchors);
    free(reader->fields);
    yaml_parser_delete(&reader->parser);
}

static void give_documents(const struct reader *reader, struct yaml_stream *ret_stream)
{
    size_t size = reader->document_count * sizeof reader->documents[0];
    *ret_stream = (struct yaml_stream){.count = reader->document_count};
    if (size > 0) {
        ret_stream->documents = arena_alloc(reader->arena, size);
        memcpy(ret_stream->documents, reader->documents, size);
    }
}

enum tend_code yaml_parse(struct arena *arena, struct text text, struct yaml_stream *ret_stream,
                          struct error *err)
{
    CLEANUP(reader_done) struct reader reader = {.arena = arena, .err = err};
    reader.input = text.len == 0 ? TEXT("") : text; /* libyaml takes no NULL */
    if (text_starts(text, TEXT("\xEF\xBB\xBF"))) {
        reader.input = text_from(text, 3);
    }
    if (text.len > INPUT_BYTES_MAX) {
        return FAIL(err, TEND_LIMIT, "expected at most %u bytes, found %zu", INPUT_BYTES_MAX,
                    text.len);
    }
    TRY(check_tag_lines(reader.input, err));
    if (!yaml_parser_initialize(&reader.parser)) {
        return FAIL(err, TEND_LIMIT, "no memory to read this text");
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.input.ptr,
                                 reader.input.len);
    TRY(read_events(&reader));
    give_documents(&reader, ret_stream);
    return TEND_OK;
}
