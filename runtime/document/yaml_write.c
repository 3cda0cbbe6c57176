/* Block YAML for people: what `kubectl get -o yaml` looks like, dashes in the column of their key.
 *
 * A text is written in the plainest form that certainly reads back as the same text:
 *   plain          where no reader takes it for something else, nor any character for syntax
 *   literal  |     where it has several lines and nothing that a literal block would change
 *   double quoted  always possible
 * Plain is decided narrowly: a pair of quotes too many harms nobody. What readers of YAML 1.1 would turn
 * into something else (no, 0b1, 1_000, 12:30, dates) is quoted as well, because other tools read this.
 *
 * The literal block always says its indentation where its first line begins with white space, and is two
 * columns deeper than the collection that holds it, which is what the reader counts from.
 */
#include "base/alloc.h"
#include "document/json.h"
#include "document/yaml.h"
#include "document/yaml_scalar.h"

/* A key beyond this many bytes is written as "? key": libyaml looks 1024 characters ahead for the ':'. */
enum { SIMPLE_KEY_MAX = 1000 };

/* --- what may stand plain ---------------------------------------------------------------------- */

/* A character that libyaml prints and reads as it is, in any kind of scalar but a line break. Decodes
 * the UTF-8 at `ptr` (valid, as all texts are) and says how long it is. */
static bool is_printable(const char *ptr, size_t *ret_len)
{
    const unsigned char *bytes = (const unsigned char *)ptr;
    if (bytes[0] < 0x80) {
        *ret_len = 1;
        return bytes[0] >= 0x20 && bytes[0] < 0x7F;
    }
    if (bytes[0] < 0xE0) {
        *ret_len = 2;
        return !(bytes[0] == 0xC2 && bytes[1] < 0xA0); /* C1 controls, with NEL, a line break */
    }
    if (bytes[0] < 0xF0) {
        *ret_len = 3;
        unsigned code = (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
        return code != 0x2028 && code != 0x2029 && code != 0xFEFF && code < 0xFFFE;
    }
    *ret_len = 4;
    return true;
}

static bool all_of(struct text text, const char *allowed)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\0' || strchr(allowed, text.ptr[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_old_boolean(struct text text)
{
    static const char *const words[] = {"y",  "Y",  "yes", "Yes", "YES", "n",   "N",   "no",
                                        "No", "NO", "on",  "On",  "ON",  "off", "Off", "OFF"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (text_is(text, words[i])) {
            return true;
        }
    }
    return false;
}

/* Numbers with '_', base 2, base 60, and dates: YAML 1.1 only. */
static bool is_old_number(struct text text)
{
    bool sign = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    struct text rest = text_from(text, sign ? 1 : 0);
    if (rest.len == 0 || strchr("0123456789.", rest.ptr[0]) == NULL) {
        return false;
    }
    bool date = rest.len >= 8 && all_of(text_first(rest, 4), "0123456789") && rest.ptr[4] == '-';
    bool prefixed = rest.len > 2 && rest.ptr[0] == '0' && strchr("bxo", rest.ptr[1]) != NULL;
    bool parted = text_find(rest, '_') < rest.len || text_find(rest, ':') < rest.len;
    return date || (parted && all_of(rest, "0123456789_:.eE+-")) ||
           (prefixed && all_of(text_from(rest, 2), "0123456789abcdefABCDEF_"));
}

static bool may_begin_plain(struct text text)
{
    if (text_starts(text, TEXT("---")) || text_starts(text, TEXT("...")) || text_is(text, "<<")) {
        return false;
    }
    if (text.ptr[0] == '-') {
        return text.len > 1 && text.ptr[1] != ' ';
    }
    return strchr("?:,[]{}#&*!|>'\"%@`= \t", text.ptr[0]) == NULL;
}

/* ": " and " #" end a plain scalar, and so does ':' at its end. */
static bool has_syntax(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char next = i + 1 < text.len ? text.ptr[i + 1] : ' ';
        if ((text.ptr[i] == ':' && next == ' ') || (text.ptr[i] == ' ' && next == '#')) {
            return true;
        }
    }
    return false;
}

static bool all_printable(struct text text)
{
    for (size_t i = 0, len = 0; i < text.len; i += len) {
        if (!is_printable(text.ptr + i, &len)) {
            return false;
        }
    }
    return true;
}

static bool may_be_plain(struct text text)
{
    return text.len > 0 && text.ptr[text.len - 1] != ' ' && may_begin_plain(text) &&
           !has_syntax(text) && all_printable(text) && scalar_kind(text) == SCALAR_TEXT &&
           !is_old_boolean(text) && !is_old_number(text);
}

/* Several lines, at least one of them with something in it, and only printable characters and tabs. */
static bool may_be_literal(struct text text)
{
    bool breaks = false, content = false;
    for (size_t i = 0, len = 1; i < text.len; i += len) {
        char byte = text.ptr[i];
        len = 1;
        breaks |= byte == '\n';
        content |= byte != '\n' && byte != ' ' && byte != '\t';
        if (byte != '\n' && byte != '\t' && !is_printable(text.ptr + i, &len)) {
            return false;
        }
    }
    return breaks && content;
}

/* --- texts ------------------------------------------------------------------------------------- */

static void write_indent(struct buffer *out, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++) {
        buffer_byte(out, ' ');
    }
}

static void write_escape(struct buffer *out, const char *ptr, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)ptr;
    if (len == 1) {
        buffer_format(out, "\\x%02X", bytes[0]);
    } else if (len == 2) {
        buffer_format(out, "\\x%02X", (bytes[0] & 0x1Fu) << 6 | (bytes[1] & 0x3Fu));
    } else {
        buffer_format(out, "\\u%04X",
                      (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu));
    }
}

static void write_quoted(struct buffer *out, struct text text)
{
    static const char named[] = "\n\t\r\"\\";
    static const char letters[] = "ntr\"\\";
    buffer_byte(out, '"');
    for (size_t i = 0, len = 1; i < text.len; i += len) {
        const char *name = text.ptr[i] == '\0' ? NULL : strchr(named, text.ptr[i]);
        len = 1;
        if (name != NULL) {
            buffer_byte(out, '\\');
            buffer_byte(out, letters[name - named]);
        } else if (is_printable(text.ptr + i, &len)) {
            buffer_add(out, text.ptr + i, len);
        } else {
            write_escape(out, text.ptr + i, len);
        }
    }
    buffer_byte(out, '"');
}

/* `indent` is that of the lines of the block. */
static void write_literal(struct buffer *out, struct text text, unsigned indent)
{
    bool ends = text.ptr[text.len - 1] == '\n';
    bool blank_end = ends && (text.len == 1 || text.ptr[text.len - 2] == '\n');
    buffer_byte(out, '|');
    buffer_chars(out, strchr(" \t\n", text.ptr[0]) != NULL ? "2" : "");
    buffer_chars(out, !ends ? "-" : blank_end ? "+" : "");
    for (struct text rest = text_first(text, text.len - (ends ? 1 : 0)); rest.ptr != NULL;) {
        size_t at = text_find(rest, '\n');
        buffer_byte(out, '\n');
        write_indent(out, at > 0 ? indent : 0);
        buffer_text(out, text_first(rest, at));
        rest = at < rest.len ? text_from(rest, at + 1) : (struct text){0};
    }
}

static void write_text(struct buffer *out, struct text text, unsigned indent)
{
    if (may_be_plain(text)) {
        buffer_text(out, text);
    } else if (may_be_literal(text)) {
        write_literal(out, text, indent);
    } else {
        write_quoted(out, text);
    }
}

/* With the ':' behind it. An escape is at most four bytes for one. */
static void write_key(struct buffer *out, struct text key, unsigned indent)
{
    bool complex = key.len * (all_printable(key) ? 2 : 4) + 2 > SIMPLE_KEY_MAX;
    buffer_chars(out, complex ? "? " : "");
    if (may_be_plain(key)) {
        buffer_text(out, key);
    } else {
        write_quoted(out, key);
    }
    if (complex) {
        buffer_byte(out, '\n');
        write_indent(out, indent);
    }
    buffer_byte(out, ':');
}

/* --- collections ------------------------------------------------------------------------------- */

static void write_lines(struct buffer *out, const struct value *collection, unsigned indent);

static bool is_leaf(const struct value *value)
{
    return value_count(value) == 0;
}

/* A scalar, {} or []; `indent` is that of a block's lines, should it become one. */
static void write_leaf(struct buffer *out, const struct value *leaf, unsigned indent)
{
    if (leaf->type == VALUE_TEXT) {
        write_text(out, leaf->text, indent);
    } else {
        json_write(out, leaf);
    }
    buffer_byte(out, '\n');
}

static void write_field(struct buffer *out, const struct value_field *field, unsigned indent)
{
    write_key(out, field->key, indent);
    if (is_leaf(field->value)) {
        buffer_byte(out, ' ');
        write_leaf(out, field->value, indent + 2);
        return;
    }
    unsigned inside = field->value->type == VALUE_LIST ? indent : indent + 2;
    buffer_byte(out, '\n');
    write_indent(out, inside);
    write_lines(out, field->value, inside);
}

static void write_item(struct buffer *out, const struct value *item, unsigned indent)
{
    buffer_chars(out, "- ");
    if (is_leaf(item)) {
        write_leaf(out, item, indent + 2);
    } else {
        write_lines(out, item, indent + 2);
    }
}

/* The lines of a collection that is not empty, every one but the first after `indent` spaces. */
static void write_lines(struct buffer *out, const struct value *collection, unsigned indent)
{
    for (size_t i = 0; i < collection->count; i++) {
        write_indent(out, i == 0 ? 0 : indent);
        if (collection->type == VALUE_MAP) {
            write_field(out, &collection->fields[i], indent);
        } else {
            write_item(out, collection->items[i], indent);
        }
    }
}

void yaml_write(struct buffer *out, const struct value *value)
{
    if (is_leaf(value)) {
        write_leaf(out, value, 2);
    } else {
        write_lines(out, value, 0);
    }
}
