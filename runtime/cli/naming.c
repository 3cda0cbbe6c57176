/* The rules are those that the host has for the names of kinds. They are told here, before there are files:
 * a file that the host refuses is a poor beginning. */
#include "cli/naming.h"

#include "base/limits.h"

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_upper(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static char lower(char byte)
{
    return is_upper(byte) ? (char)(byte - 'A' + 'a') : byte;
}

static char upper(char byte)
{
    return is_lower(byte) ? (char)(byte - 'a' + 'A') : byte;
}

/* A DNS label: lower case letters, digits and '-', the last within. */
static bool is_label(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool within = i > 0 && i + 1 < text.len;
        char byte = text.ptr[i];
        if (!is_lower(byte) && !is_digit(byte) && !(byte == '-' && within)) {
            return false;
        }
    }
    return text.len > 0 && text.len <= LABEL_BYTES_MAX;
}

static bool is_group(struct text text)
{
    bool is = text.len > 0 && text.len <= NAME_BYTES_MAX && text.ptr[text.len - 1] != '.';
    while (is && text.len > 0) {
        is = is_label(text_cut(&text, '.'));
    }
    return is;
}

/* The plural is a label as well, and one letter longer. */
static bool is_kind(struct text text)
{
    bool is = text.len > 0 && text.len < LABEL_BYTES_MAX && is_upper(text.ptr[0]);
    for (size_t i = 0; is && i < text.len; i++) {
        is = is_upper(text.ptr[i]) || is_lower(text.ptr[i]) || is_digit(text.ptr[i]);
    }
    return is;
}

/* "web-check" as "WebCheck". */
static struct text camel_case(struct arena *arena, struct text name)
{
    char *out = arena_alloc(arena, name.len + 1);
    size_t len = 0;
    bool starts = true;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != '-') {
            out[len++] = starts ? upper(name.ptr[i]) : name.ptr[i];
        }
        starts = name.ptr[i] == '-';
    }
    return (struct text){out, len};
}

static struct text lower_case(struct arena *arena, struct text name)
{
    char *out = arena_alloc(arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++) {
        out[i] = lower(name.ptr[i]);
    }
    return (struct text){out, name.len};
}

static enum tend_code read_identity(struct text identity, struct naming *naming, struct error *err)
{
    struct text rest = identity;
    naming->group = text_cut(&rest, '/');
    naming->version = text_cut(&rest, '/');
    naming->kind = rest;
    if (!is_group(naming->group) || !is_label(naming->version) || !is_kind(naming->kind)) {
        return FAIL(
            err, TEND_INVALID,
            "--kind takes GROUP/VERSION/KIND, such as example.com/v1/Greeting, not \"%.*s\"",
            TEXT_ARG(text_clip(identity, 200)));
    }
    return TEND_OK;
}

enum tend_code naming_make(struct arena *arena, struct text name, struct text identity,
                           struct naming *ret_naming, struct error *err)
{
    struct naming naming = {.name = name,
                            .group = TEXT("example.com"),
                            .version = TEXT("v1"),
                            .folder = TEXT("."),
                            .at = TEXT("")};
    if (!is_label(name) || !is_lower(name.ptr[0])) {
        return FAIL(
            err, TEND_INVALID,
            "\"%.*s\" is no name: it begins with a lower case letter and goes on with such, "
            "digits and '-', 63 at the most",
            TEXT_ARG(text_clip(name, 200)));
    }
    if (identity.len > 0) {
        TRY(read_identity(identity, &naming, err));
    } else {
        naming.kind = camel_case(arena, name);
    }
    if (!is_kind(naming.kind)) {
        return FAIL(err, TEND_INVALID, "\"%.*s\" is too long to name a kind: say one with --kind",
                    TEXT_ARG(name));
    }
    naming.singular = lower_case(arena, naming.kind);
    naming.plural = arena_format(arena, "%.*ss", TEXT_ARG(naming.singular));
    *ret_naming = naming;
    return TEND_OK;
}
