/* The core schema is a list of regular expressions over ASCII. They are matched by hand: each is a few
 * spans of characters, and the reader asks for every plain scalar of a file.
 *
 * A decimal integer beyond 64 bits becomes a real, as json.h says; the other two bases are for masks and
 * modes, where losing the low bits is never meant, so they are refused instead.
 */
#include "document/yaml_scalar.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t digits_span(struct text text, size_t from)
{
    size_t at = from;
    while (at < text.len && is_digit(text.ptr[at])) {
        at++;
    }
    return at - from;
}

static bool is_one_of(struct text text, const char *const words[3])
{
    return text_is(text, words[0]) || text_is(text, words[1]) || text_is(text, words[2]);
}

static const char *const null_words[] = {"null", "Null", "NULL"};
static const char *const true_words[] = {"true", "True", "TRUE"};
static const char *const false_words[] = {"false", "False", "FALSE"};
static const char *const infinity_words[] = {".inf", ".Inf", ".INF"};
static const char *const nan_words[] = {".nan", ".NaN", ".NAN"};

static int digit_of(char byte)
{
    if (is_digit(byte)) {
        return byte - '0';
    }
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

/* 16 for 0x1F, 8 for 0o17, 0 for neither. */
static int prefixed_base(struct text text)
{
    if (text.len < 3 || text.ptr[0] != '0' || (text.ptr[1] != 'x' && text.ptr[1] != 'o')) {
        return 0;
    }
    int base = text.ptr[1] == 'x' ? 16 : 8;
    for (size_t i = 2; i < text.len; i++) {
        if (digit_of(text.ptr[i]) >= base) {
            return 0;
        }
    }
    return base;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? ; an integer has neither part. */
static enum scalar_kind number_kind(struct text text)
{
    size_t at = text.ptr[0] == '-' || text.ptr[0] == '+' ? 1 : 0;
    size_t whole = digits_span(text, at), fraction = 0;
    enum scalar_kind kind = SCALAR_INT;
    at += whole;
    if (at < text.len && text.ptr[at] == '.') {
        kind = SCALAR_REAL;
        fraction = digits_span(text, at + 1);
        at += 1 + fraction;
    }
    if (whole + fraction == 0) {
        return SCALAR_TEXT;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        kind = SCALAR_REAL;
        at++;
        at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+') ? 1 : 0;
        size_t exponent = digits_span(text, at);
        at += exponent;
        if (exponent == 0) {
            return SCALAR_TEXT;
        }
    }
    return at == text.len ? kind : SCALAR_TEXT;
}

enum scalar_kind scalar_kind(struct text text)
{
    if (text.len == 0 || text_is(text, "~") || is_one_of(text, null_words)) {
        return SCALAR_NULL;
    }
    if (is_one_of(text, true_words) || is_one_of(text, false_words)) {
        return SCALAR_BOOL;
    }
    bool sign = text.ptr[0] == '-' || text.ptr[0] == '+';
    if (is_one_of(text_from(text, sign ? 1 : 0), infinity_words) || is_one_of(text, nan_words)) {
        return SCALAR_NOT_FINITE;
    }
    return prefixed_base(text) != 0 ? SCALAR_INT : number_kind(text);
}

/* --- tags -------------------------------------------------------------------------------------- */

struct scalar_tag {
    const char *tag;
    enum scalar_kind kind;
    const char *expected;
};

static const struct scalar_tag scalar_tags[] = {
    {YAML_CORE_TAG "str", SCALAR_TEXT, "a text"},
    {YAML_CORE_TAG "null", SCALAR_NULL, "null"},
    {YAML_CORE_TAG "bool", SCALAR_BOOL, "true or false"},
    {YAML_CORE_TAG "int", SCALAR_INT, "an integer"},
    {YAML_CORE_TAG "float", SCALAR_REAL, "a number"},
};

static const struct scalar_tag *find_scalar_tag(struct text tag)
{
    for (size_t i = 0; i < COUNT_OF(scalar_tags); i++) {
        if (text_is(tag, scalar_tags[i].tag)) {
            return &scalar_tags[i];
        }
    }
    return NULL;
}

enum tend_code scalar_kind_tagged(struct text tag, struct text text, enum scalar_kind *ret_kind,
                                  struct error *err)
{
    const struct scalar_tag *known = find_scalar_tag(tag);
    if (known == NULL) {
        return FAIL(err, TEND_NOT_FOUND, "no such tag for scalars");
    }
    enum scalar_kind plain = scalar_kind(text);
    if (known->kind == SCALAR_TEXT || known->kind == plain) {
        *ret_kind = known->kind;
    } else if (known->kind == SCALAR_REAL && plain == SCALAR_INT) {
        *ret_kind = SCALAR_REAL;
    } else if (known->kind == SCALAR_REAL && plain == SCALAR_NOT_FINITE) {
        *ret_kind = SCALAR_NOT_FINITE;
    } else {
        struct text shown = text_clip(text, 40);
        return FAIL(err, TEND_INVALID, "expected %s after its tag, found `%.*s`", known->expected,
                    TEXT_ARG(shown));
    }
    return TEND_OK;
}

/* --- values ------------------------------------------------------------------------------------ */

static enum tend_code prefixed_value(struct text text, int base, int64_t *ret_integer,
                                     struct error *err)
{
    int64_t integer = 0;
    for (size_t i = 2; i < text.len; i++) {
        if (__builtin_mul_overflow(integer, base, &integer) ||
            __builtin_add_overflow(integer, digit_of(text.ptr[i]), &integer)) {
            return FAIL(err, TEND_INVALID, "expected an integer of at most 64 bits, found %.40s",
                        text.ptr);
        }
    }
    *ret_integer = integer;
    return TEND_OK;
}

static enum tend_code real_value(struct text text, struct value *ret_value, struct error *err)
{
    double real = strtod(text.ptr, NULL);
    if (!isfinite(real)) {
        return FAIL(err, TEND_INVALID, "expected a number that a double can hold, found %.40s",
                    text.ptr);
    }
    *ret_value = (struct value){.type = VALUE_REAL, .real = real};
    return TEND_OK;
}

static enum tend_code int_value(struct text text, struct value *ret_value, struct error *err)
{
    int64_t integer = 0;
    int base = prefixed_base(text);
    if (base != 0) {
        TRY(prefixed_value(text, base, &integer, err));
    } else if (!text_to_int(text_from(text, text.ptr[0] == '+' ? 1 : 0), &integer)) {
        return real_value(text, ret_value, err);
    }
    *ret_value = (struct value){.type = VALUE_INT, .integer = integer};
    return TEND_OK;
}

enum tend_code scalar_value(struct arena *arena, enum scalar_kind kind, struct text text,
                            struct value *ret_value, struct error *err)
{
    switch (kind) {
    case SCALAR_TEXT:
        *ret_value = (struct value){.type = VALUE_TEXT, .text = arena_text(arena, text)};
        return TEND_OK;
    case SCALAR_NULL:
        *ret_value = (struct value){.type = VALUE_NULL};
        return TEND_OK;
    case SCALAR_BOOL:
        *ret_value = (struct value){.type = VALUE_BOOL, .boolean = is_one_of(text, true_words)};
        return TEND_OK;
    case SCALAR_INT:
        return int_value(text, ret_value, err);
    case SCALAR_REAL:
        return real_value(text, ret_value, err);
    case SCALAR_NOT_FINITE:
        return FAIL(err, TEND_INVALID, "expected a finite number, found %s", text.ptr);
    }
    return FAIL(err, TEND_INTERNAL, "no such kind of scalar");
}
