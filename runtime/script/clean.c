/* Texts for people may be anything: half a character that a script has cut off, bytes of a program's
 * output, a zero. They are told all the same. */
#include <string.h>

#include "script/inside.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The character at the begin of `text` in bytes; 0: there is none (or a NUL, which no text holds). */
static size_t char_len(struct text text)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = bytes[0] < 0x80   ? 1
                 : bytes[0] < 0xC2 ? 0
                 : bytes[0] < 0xE0 ? 2
                 : bytes[0] < 0xF0 ? 3
                                   : 4;
    if (len < 2 || len > text.len) {
        return len == 1 && bytes[0] != '\0' ? 1 : 0;
    }
    uint32_t character = bytes[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        character = character << 6 | (bytes[i] & 0x3F);
    }
    bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    return character < smallest[len] || character > 0x10FFFF || surrogate ? 0 : len;
}

const char *clean_text(struct tend_call *call, struct text text)
{
    char *out = call->api->alloc(call, text.len * strlen(REPLACEMENT) + 1), *at = out;
    while (text.len > 0) {
        size_t len = char_len(text);
        const char *from = len > 0 ? text.ptr : REPLACEMENT;
        size_t put = len > 0 ? len : strlen(REPLACEMENT);
        memcpy(at, from, put);
        at += put;
        text = text_from(text, len > 0 ? len : 1);
    }
    *at = '\0';
    return out;
}

const char *clean_argument(lua_State *L, struct tend_call *call, int index)
{
    size_t len;
    const char *chars = luaL_checklstring(L, index, &len);
    return clean_text(call, (struct text){chars, len});
}
