/* A tab would break columns, and whoever indents source by tabs wants to read it all the same.
 *
 * C0 controls and DEL in one byte, C1 controls (U+0080 to U+009F) in two: some terminals obey the latter
 * as well. */
#include "cli/plain.h"

#include <stdbool.h>

#include "base/alloc.h"
#include "document/utf8.h"

static bool is_control(const char *bytes, size_t i, size_t len)
{
    unsigned char byte = (unsigned char)bytes[i];
    bool is_c1 = byte == 0xc2 && i + 1 < len && (unsigned char)bytes[i + 1] < 0xa0;
    return byte < ' ' || byte == 0x7f || is_c1;
}

struct text plain_text(struct arena *arena, struct text text)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool control = is_control(text.ptr, i, text.len);
        char shown = text.ptr[i] == '\t' ? ' ' : '?';
        i += control && (unsigned char)text.ptr[i] == 0xc2 ? 1 : 0;
        out[len++] = control ? shown : text.ptr[i];
    }
    return (struct text){out, len};
}

struct text plain_utf8(struct arena *arena, struct text given)
{
    struct text text = arena_text(arena, given);
    char *bytes = arena_alloc(arena, text.len + 1);
    if (utf8_is_text(text.ptr)) {
        return text;
    }
    for (size_t i = 0; i < text.len; i++) {
        bytes[i] = (text.ptr[i] & 0x80) != 0 ? '?' : text.ptr[i];
    }
    return (struct text){bytes, text.len};
}

void plain_print(FILE *out, struct text text)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text plain = plain_text(&arena, text);
    fwrite(plain.ptr, 1, plain.len, out);
}

void plain_print_lines(FILE *out, struct text text, int indent)
{
    while (text.len > 0) {
        struct text line = text_cut(&text, '\n');
        fprintf(out, "%*s", line.len > 0 ? indent : 0, "");
        plain_print(out, line);
        fputc('\n', out);
    }
}

void plain_print_titled(FILE *out, const char *title, struct text text)
{
    enum { WIDTH = 14 };
    if (text.len > 0) {
        fprintf(out, "%-*s ", WIDTH, title);
        plain_print(out, text_cut(&text, '\n'));
        fputc('\n', out);
        plain_print_lines(out, text, WIDTH + 1);
    }
}
