/* Decoding comes after splitting: an escaped '/' or '&' is content, never structure. What it would
 * be once decoded is then checked where it matters, in path segments. */
#include "api/url.h"

#include "base/alloc.h"
#include "document/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "%XY" at `at` stands for, or -1. */
static int escaped_byte(struct text raw, size_t at)
{
    if (at + 2 >= raw.len) {
        return -1;
    }
    int high = hex_digit(raw.ptr[at + 1]), low = hex_digit(raw.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* `bytes` end in a NUL that is not counted, and hold none. */
static bool is_utf8(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = (unsigned char)bytes[i] < 0x80 ? 1 : utf8_len(bytes + i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

static enum tend_code decode(struct arena *arena, struct text raw, char plus, struct text *ret_text,
                             struct error *err)
{
    char *out = arena_alloc(arena, raw.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        int byte = (unsigned char)raw.ptr[i];
        if (byte == '%') {
            byte = escaped_byte(raw, i);
            i += 2;
        } else if (byte == '+') {
            byte = plus;
        }
        if (byte <= 0) {
            return FAIL(err, TEND_INVALID, "malformed escape in the URL at \"%.*s\"",
                        TEXT_ARG(text_first(text_from(raw, i < 2 ? 0 : i - 2), 16)));
        }
        out[len++] = (char)byte;
    }
    if (!is_utf8(out, len)) {
        return FAIL(err, TEND_INVALID, "the URL holds bytes that are no UTF-8");
    }
    *ret_text = (struct text){out, len};
    return TEND_OK;
}

static enum tend_code add_segment(struct arena *arena, struct text raw, struct url *url,
                                  struct error *err)
{
    struct text segment;
    if (url->segment_count == COUNT_OF(url->segments)) {
        return FAIL(err, TEND_LIMIT, "the path has more than %u segments", URL_SEGMENTS_MAX);
    }
    TRY(decode(arena, raw, '+', &segment, err));
    if (text_find(segment, '/') < segment.len) {
        return FAIL(err, TEND_INVALID, "a path segment may not hold an escaped '/'");
    }
    url->segments[url->segment_count++] = segment;
    return TEND_OK;
}

static enum tend_code parse_path(struct arena *arena, struct text path, struct url *url,
                                 struct error *err)
{
    if (!text_starts(path, TEXT("/"))) {
        return FAIL(err, TEND_INVALID, "the path must start with '/'");
    }
    path = text_from(path, 1);
    while (path.len > 0) {
        struct text raw = text_cut(&path, '/');
        if (raw.len == 0) {
            return FAIL(err, TEND_INVALID, "the path has an empty segment");
        }
        TRY(add_segment(arena, raw, url, err));
    }
    return TEND_OK;
}

static enum tend_code parse_query(struct arena *arena, struct text query, struct url *url,
                                  struct error *err)
{
    while (query.len > 0) {
        struct text value = text_cut(&query, '&');
        if (value.len == 0) {
            continue;
        }
        if (url->parameter_count == COUNT_OF(url->parameters)) {
            return FAIL(err, TEND_LIMIT, "the query has more than %u parameters",
                        URL_PARAMETERS_MAX);
        }
        struct url_parameter *parameter = &url->parameters[url->parameter_count];
        struct text name = text_cut(&value, '=');
        TRY(decode(arena, name, ' ', &parameter->name, err));
        TRY(decode(arena, value, ' ', &parameter->value, err));
        url->parameter_count++;
    }
    return TEND_OK;
}

enum tend_code url_parse(struct arena *arena, struct text target, struct url *ret_url,
                         struct error *err)
{
    struct url url = {.segment_count = 0};
    struct text query = text_first(target, text_find(target, '#'));
    struct text path = text_cut(&query, '?');
    if (target.len > URL_BYTES_MAX) {
        return FAIL(err, TEND_LIMIT, "the URL is longer than %u bytes", URL_BYTES_MAX);
    }
    TRY(parse_path(arena, path, &url, err));
    TRY(parse_query(arena, query, &url, err));
    *ret_url = url;
    return TEND_OK;
}

struct text url_parameter(const struct url *url, const char *name)
{
    for (size_t i = 0; i < url->parameter_count; i++) {
        if (text_is(url->parameters[i].name, name)) {
            return url->parameters[i].value;
        }
    }
    return TEXT("");
}

enum tend_code url_flag(const struct url *url, const char *name, bool *ret_flag, struct error *err)
{
    struct text value = url_parameter(url, name);
    bool is_true = text_is(value, "true") || text_is(value, "1");
    if (!is_true && value.len > 0 && !text_is(value, "false") && !text_is(value, "0")) {
        return FAIL(err, TEND_INVALID, "%s must be true or false, is \"%.*s\"", name,
                    TEXT_ARG(text_first(value, 64)));
    }
    *ret_flag = is_true;
    return TEND_OK;
}

enum tend_code url_number(const struct url *url, const char *name, int64_t *ret_number,
                          struct error *err)
{
    struct text value = url_parameter(url, name);
    int64_t number = 0;
    if (value.len > 0 && (!text_to_int(value, &number) || number < 0)) {
        return FAIL(err, TEND_INVALID, "%s must be a number from 0 on, is \"%.*s\"", name,
                    TEXT_ARG(text_first(value, 64)));
    }
    *ret_number = number;
    return TEND_OK;
}
