/* The rules of names, checked by hand instead of by pattern: they run on every write, and a loop over
 * at most 253 bytes can say what it wants better than a pattern that did not match. */
#include "resource/name.h"

#include "base/limits.h"

static bool is_lower_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

static bool is_letter_or_digit(char byte)
{
    return is_lower_or_digit(byte) || (byte >= 'A' && byte <= 'Z');
}

static const char *check_length(struct text text, size_t max)
{
    if (text.len == 0) {
        return "must not be empty";
    }
    if (text.len > max) {
        return max == LABEL_BYTES_MAX ? "must be at most 63 characters long"
                                      : "must be at most 253 characters long";
    }
    return NULL;
}

static const char *check_lower(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_lower_or_digit(text.ptr[i]) && text.ptr[i] != '-') {
            return "must consist of lower case letters, digits and '-'";
        }
    }
    if (!is_lower_or_digit(text.ptr[0]) || !is_lower_or_digit(text.ptr[text.len - 1])) {
        return "must start and end with a lower case letter or a digit";
    }
    return NULL;
}

const char *name_check_label(struct text text)
{
    const char *wrong = check_length(text, LABEL_BYTES_MAX);
    return wrong != NULL ? wrong : check_lower(text);
}

const char *name_check_subdomain(struct text text)
{
    const char *wrong = check_length(text, NAME_BYTES_MAX);
    if (wrong != NULL) {
        return wrong;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_lower_or_digit(text.ptr[i]) && text.ptr[i] != '-' && text.ptr[i] != '.') {
            return "must consist of lower case letters, digits, '-' and '.'";
        }
    }
    size_t dots = 0;
    for (struct text rest = text; rest.len > 0 || dots == 0;) {
        struct text part = text_cut(&rest, '.');
        if (part.len == 0 || check_lower(part) != NULL) {
            return "must start and end, around every '.', with a lower case letter or a digit";
        }
        dots++;
    }
    return text.ptr[text.len - 1] == '.'
               ? "must start and end, around every '.', with a lower case letter or a digit"
               : NULL;
}

/* "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", at most 63. */
static const char *check_word(struct text text)
{
    const char *wrong = check_length(text, LABEL_BYTES_MAX);
    if (wrong != NULL) {
        return wrong;
    }
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (!is_letter_or_digit(byte) && byte != '-' && byte != '_' && byte != '.') {
            return "must consist of letters, digits, '-', '_' and '.'";
        }
    }
    if (!is_letter_or_digit(text.ptr[0]) || !is_letter_or_digit(text.ptr[text.len - 1])) {
        return "must start and end with a letter or a digit";
    }
    return NULL;
}

const char *name_check_qualified(struct text text)
{
    size_t slash = text_find(text, '/');
    if (slash == text.len) {
        return check_word(text);
    }
    struct text name = text_from(text, slash + 1);
    if (text_find(name, '/') != name.len) {
        return "must have at most one '/', as in \"example.com/name\"";
    }
    const char *wrong = name_check_subdomain(text_first(text, slash));
    return wrong != NULL ? "must have a prefix that is a DNS name, as in \"example.com/name\""
                         : check_word(name);
}

const char *name_check_label_value(struct text text)
{
    return text.len == 0 ? NULL : check_word(text);
}

const char *name_check_finalizer(struct text text)
{
    if (text_is(text, "orphan") || text_is(text, "foregroundDeletion")) {
        return NULL;
    }
    if (text_find(text, '/') == text.len) {
        return "must be qualified, as in \"example.com/cleanup\"";
    }
    return name_check_qualified(text);
}

static bool is_map(const struct value *map, const char *path, struct schema_problems *problems)
{
    if (map != NULL && map->type != VALUE_MAP && map->type != VALUE_NULL) {
        schema_problem_add(problems, SCHEMA_TYPE, text_of(path), map,
                           "must be an object of texts, is %s", value_type_name(map->type));
        return false;
    }
    return value_is(map, VALUE_MAP);
}

/* The key, and that the value is a text; its size, 0 where something is wrong. */
static size_t check_entry(const struct value_field *field, const char *path,
                          struct schema_problems *problems)
{
    const char *wrong = name_check_qualified(field->key);
    if (wrong != NULL) {
        schema_problem_add(problems, SCHEMA_INVALID, text_of(path), field->value,
                           "the key \"%.*s\" %s", (int)(field->key.len > 80 ? 80 : field->key.len),
                           field->key.ptr, wrong);
        return 0;
    }
    if (!value_is(field->value, VALUE_TEXT)) {
        schema_problem_add(problems, SCHEMA_TYPE, text_of(path), field->value,
                           "the value of \"%.*s\" must be a string, is %s; quote it",
                           TEXT_ARG(field->key), value_type_name(field->value->type));
        return 0;
    }
    return field->key.len + field->value->text.len;
}

void name_check_labels(const struct value *labels, const char *path,
                       struct schema_problems *problems)
{
    for (size_t i = 0; is_map(labels, path, problems) && i < labels->count; i++) {
        const struct value_field *field = &labels->fields[i];
        if (check_entry(field, path, problems) == 0) {
            continue;
        }
        const char *wrong = name_check_label_value(field->value->text);
        if (wrong != NULL) {
            schema_problem_add(problems, SCHEMA_INVALID, text_of(path), field->value,
                               "the value of \"%.*s\" %s", TEXT_ARG(field->key), wrong);
        }
    }
}

void name_check_annotations(const struct value *annotations, const char *path,
                            struct schema_problems *problems)
{
    size_t total = 0;
    for (size_t i = 0; is_map(annotations, path, problems) && i < annotations->count; i++) {
        total += check_entry(&annotations->fields[i], path, problems);
    }
    if (total > ANNOTATIONS_MAX) {
        schema_problem_add(problems, SCHEMA_TOO_LONG, text_of(path), annotations,
                           "must have at most %u bytes in all, has %zu", ANNOTATIONS_MAX, total);
    }
}

enum { GENERATED = 5, GENERATE_BASE_MAX = 58 }; /* together what a DNS label holds */

struct text name_generate(struct arena *arena, struct text base, uint64_t random)
{
    /* Without vowels and what looks alike: no words come out, and nobody misreads one. */
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    char tail[GENERATED + 1] = {0};
    for (size_t i = 0; i < GENERATED; i++) {
        tail[i] = letters[random % (sizeof letters - 1)];
        random /= sizeof letters - 1;
    }
    struct text head = text_first(base, GENERATE_BASE_MAX);
    return arena_format(arena, "%.*s%s", TEXT_ARG(head), tail);
}

struct text name_uid(struct arena *arena, uint64_t high, uint64_t low)
{
    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);   /* version 4 */
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62; /* variant of RFC 4122 */
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
                      digits[] = "0123456789abcdef";
    char *text = arena_alloc(arena, sizeof shape);
    size_t nibble = 0;
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == '-') {
            text[i] = '-';
            continue;
        }
        uint64_t half = nibble < 16 ? high : low;
        text[i] = digits[half >> (60 - nibble % 16 * 4) & 0xf];
        nibble++;
    }
    return (struct text){text, sizeof shape - 1};
}
