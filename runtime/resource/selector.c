/* A selector is a list of terms that must all hold. Labels and fields differ in how a value is found, not
 * in how it is compared, so both are the same term. Parsing is by hand: the grammar is four operators
 * and a pair of parentheses, and a hand-written parser can say what it expected where. */
#include "resource/selector.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/path.h"
#include "resource/meta.h"
#include "resource/name.h"

enum term_from { FROM_LABEL, FROM_FIELD, FROM_NAME, FROM_NAMESPACE };
enum term_test { TEST_IN, TEST_NOT_IN, TEST_EXISTS, TEST_ABSENT };
enum { FIELD_BYTES_MAX = 4096 };

struct term {
    enum term_from from;
    enum term_test test;
    struct text key;
    struct text *values;
    size_t count;
};

struct selector {
    struct arena arena;
    struct term terms[SELECTOR_TERMS_MAX];
    size_t count;
};

/* What is left to read, and what was read so far. */
struct parsing {
    struct selector *selector;
    struct text all, rest;
    struct error *err;
};

/* --- parsing ----------------------------------------------------------------------------------- */

static enum tend_code expected(const struct parsing *parsing, const char *what)
{
    return FAIL(parsing->err, TEND_INVALID, "selector \"%.*s\": expected %s at column %zu",
                (int)(parsing->all.len > 200 ? 200 : parsing->all.len), parsing->all.ptr, what,
                parsing->all.len - parsing->rest.len + 1);
}

static void skip_space(struct parsing *parsing)
{
    while (parsing->rest.len > 0 && parsing->rest.ptr[0] == ' ') {
        parsing->rest = text_from(parsing->rest, 1);
    }
}

/* Take `token` off where it comes next. */
static bool take(struct parsing *parsing, const char *token)
{
    skip_space(parsing);
    if (!text_starts(parsing->rest, text_of(token))) {
        return false;
    }
    parsing->rest = text_from(parsing->rest, strlen(token));
    return true;
}

static bool is_word_byte(char byte)
{
    return memchr(" ,=!()", byte, 6) == NULL;
}

/* Everything up to a space or an operator; may be empty. */
static struct text take_word(struct parsing *parsing)
{
    skip_space(parsing);
    size_t len = 0;
    while (len < parsing->rest.len && is_word_byte(parsing->rest.ptr[len])) {
        len++;
    }
    struct text word = text_first(parsing->rest, len);
    parsing->rest = text_from(parsing->rest, len);
    return word;
}

/* "in" or "notin" before '('; left where it is something else. */
static bool take_keyword(struct parsing *parsing, const char *keyword)
{
    struct text before = parsing->rest;
    if (text_is(take_word(parsing), keyword)) {
        skip_space(parsing);
        if (text_starts(parsing->rest, TEXT("("))) {
            return true;
        }
    }
    parsing->rest = before;
    return false;
}

static enum tend_code add_value(struct parsing *parsing, struct term *term, struct text value)
{
    if (term->count == SELECTOR_TERMS_MAX) {
        return FAIL(parsing->err, TEND_LIMIT, "a selector with more than %u values",
                    SELECTOR_TERMS_MAX);
    }
    if (term->from == FROM_LABEL && name_check_label_value(value) != NULL) {
        return FAIL(parsing->err, TEND_INVALID, "selector: the value \"%.*s\" %s",
                    (int)(value.len > 80 ? 80 : value.len), value.ptr,
                    name_check_label_value(value));
    }
    if (term->values == NULL) {
        term->values =
            arena_alloc(&parsing->selector->arena, SELECTOR_TERMS_MAX * sizeof *term->values);
    }
    term->values[term->count++] = arena_text(&parsing->selector->arena, value);
    return TEND_OK;
}

static enum tend_code read_values(struct parsing *parsing, struct term *term)
{
    if (!take(parsing, "(")) {
        return expected(parsing, "'('");
    }
    do {
        TRY(add_value(parsing, term, take_word(parsing)));
    } while (take(parsing, ","));
    return take(parsing, ")") ? TEND_OK : expected(parsing, "',' or ')'");
}

static enum tend_code read_test(struct parsing *parsing, struct term *term)
{
    if (take(parsing, "!=")) {
        term->test = TEST_NOT_IN;
        return add_value(parsing, term, take_word(parsing));
    }
    if (take(parsing, "==") || take(parsing, "=")) {
        term->test = TEST_IN;
        return add_value(parsing, term, take_word(parsing));
    }
    if (term->from != FROM_LABEL) {
        return expected(parsing, "'=' or '!='");
    }
    if (take_keyword(parsing, "notin")) {
        term->test = TEST_NOT_IN;
        return read_values(parsing, term);
    }
    if (take_keyword(parsing, "in")) {
        term->test = TEST_IN;
        return read_values(parsing, term);
    }
    term->test = TEST_EXISTS;
    return TEND_OK;
}

static struct term *new_term(struct parsing *parsing)
{
    struct selector *selector = parsing->selector;
    return selector->count == SELECTOR_TERMS_MAX ? NULL : &selector->terms[selector->count++];
}

static enum tend_code set_label_key(struct parsing *parsing, struct term *term, struct text key)
{
    const char *wrong = name_check_qualified(key);
    if (wrong != NULL) {
        return FAIL(parsing->err, TEND_INVALID, "selector: the label \"%.*s\" %s",
                    (int)(key.len > 80 ? 80 : key.len), key.ptr, wrong);
    }
    term->key = arena_text(&parsing->selector->arena, key);
    return TEND_OK;
}

static enum tend_code read_label_term(struct parsing *parsing)
{
    struct term *term = new_term(parsing);
    if (term == NULL) {
        return FAIL(parsing->err, TEND_LIMIT, "a selector with more than %u terms",
                    SELECTOR_TERMS_MAX);
    }
    term->from = FROM_LABEL;
    if (take(parsing, "!")) {
        term->test = TEST_ABSENT;
        return set_label_key(parsing, term, take_word(parsing));
    }
    TRY(set_label_key(parsing, term, take_word(parsing)));
    return read_test(parsing, term);
}

static enum tend_code set_field_key(struct parsing *parsing, struct term *term, struct text key,
                                    const struct kind *kind)
{
    CLEANUP(buffer_done) struct buffer known = BUFFER_INIT(FIELD_BYTES_MAX);
    term->key = arena_text(&parsing->selector->arena, key);
    if (text_is(key, "metadata.name") || text_is(key, "metadata.namespace")) {
        term->from = text_is(key, "metadata.name") ? FROM_NAME : FROM_NAMESPACE;
        return TEND_OK;
    }
    term->from = FROM_FIELD;
    for (size_t i = 0; i < kind->selectable.count; i++) {
        if (text_is(key, kind->selectable.words[i])) {
            return TEND_OK;
        }
        buffer_format(&known, ", %s", kind->selectable.words[i]);
    }
    struct text all = buffer_view(&known);
    return FAIL(parsing->err, TEND_INVALID,
                "field label not supported: %.*s; for %s one may select metadata.name, "
                "metadata.namespace%.*s",
                (int)(key.len > 80 ? 80 : key.len), key.ptr, kind->resource, TEXT_ARG(all));
}

static enum tend_code read_field_term(struct parsing *parsing, const struct kind *kind)
{
    struct term *term = new_term(parsing);
    if (term == NULL) {
        return FAIL(parsing->err, TEND_LIMIT, "a selector with more than %u terms",
                    SELECTOR_TERMS_MAX);
    }
    TRY(set_field_key(parsing, term, take_word(parsing), kind));
    return read_test(parsing, term);
}

static enum tend_code read_terms(struct parsing *parsing, const struct kind *kind)
{
    skip_space(parsing);
    while (parsing->rest.len > 0) {
        TRY(kind == NULL ? read_label_term(parsing) : read_field_term(parsing, kind));
        skip_space(parsing);
        if (parsing->rest.len > 0 && !take(parsing, ",")) {
            return expected(parsing, "','");
        }
    }
    return TEND_OK;
}

enum tend_code selector_parse(struct text labels, struct text fields, const struct kind *kind,
                              struct selector **ret_selector, struct error *err)
{
    CLEANUP(selector_freep) struct selector *selector = alloc_new(sizeof *selector);
    struct parsing for_labels = {.selector = selector, .all = labels, .rest = labels, .err = err};
    struct parsing for_fields = {.selector = selector, .all = fields, .rest = fields, .err = err};
    TRY(read_terms(&for_labels, NULL));
    TRY(read_terms(&for_fields, kind));
    *ret_selector = TAKE(selector);
    return TEND_OK;
}

void selector_free(struct selector *selector)
{
    if (selector != NULL) {
        arena_done(&selector->arena);
        free(selector);
    }
}

/* --- matching ---------------------------------------------------------------------------------- */

static bool is_among(const struct term *term, struct text value)
{
    for (size_t i = 0; i < term->count; i++) {
        if (text_equal(term->values[i], value)) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct term *term, struct text value)
{
    return is_among(term, value) == (term->test == TEST_IN);
}

static bool label_holds(const struct term *term, const struct meta *meta)
{
    const struct value *label = value_get(meta->labels, term->key);
    switch (term->test) {
    case TEST_EXISTS:
        return label != NULL;
    case TEST_ABSENT:
        return label == NULL;
    case TEST_IN:
        return label != NULL && is_among(term, value_text_or(label, TEXT("")));
    case TEST_NOT_IN:
        return label == NULL || !is_among(term, value_text_or(label, TEXT("")));
    }
    return false;
}

/* A field is compared as text: numbers and booleans as JSON writes them. */
static bool field_holds(const struct term *term, const struct value *root)
{
    const struct value *value = path_get(root, term->key);
    if (value == NULL || value->type == VALUE_NULL || value->type == VALUE_TEXT) {
        return holds(term, value_text_or(value, TEXT("")));
    }
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(FIELD_BYTES_MAX);
    json_write(&text, value);
    return holds(term, buffer_view(&text));
}

static bool term_holds(const struct term *term, const struct meta *meta, const struct value *root)
{
    switch (term->from) {
    case FROM_LABEL:
        return label_holds(term, meta);
    case FROM_FIELD:
        return field_holds(term, root);
    case FROM_NAME:
        return holds(term, meta->name);
    case FROM_NAMESPACE:
        return holds(term, meta->namespace);
    }
    return false;
}

bool selector_match(const struct selector *selector, const struct value *root)
{
    if (selector == NULL || selector->count == 0) {
        return true;
    }
    struct meta meta = meta_of(root);
    for (size_t i = 0; i < selector->count; i++) {
        if (!term_holds(&selector->terms[i], &meta, root)) {
            return false;
        }
    }
    return true;
}

enum selector_verdict selector_match_key(const struct selector *selector,
                                         const struct key_parts *key)
{
    enum selector_verdict verdict = SELECT_YES;
    for (size_t i = 0; selector != NULL && i < selector->count; i++) {
        const struct term *term = &selector->terms[i];
        if (term->from == FROM_LABEL || term->from == FROM_FIELD) {
            verdict = SELECT_LOOK;
        } else if (!holds(term, term->from == FROM_NAME ? key->name : key->namespace)) {
            return SELECT_NO;
        }
    }
    return verdict;
}

struct text selector_name(const struct selector *selector)
{
    for (size_t i = 0; selector != NULL && i < selector->count; i++) {
        const struct term *term = &selector->terms[i];
        if (term->from == FROM_NAME && term->test == TEST_IN) {
            return term->values[0];
        }
    }
    return TEXT("");
}
