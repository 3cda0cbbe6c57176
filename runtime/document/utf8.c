/* Written out, not driven by a table: four ranges, each with the second bytes that RFC 3629 excludes. */
#include "document/utf8.h"

#include <stdbool.h>

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0u) == 0x80;
}

size_t utf8_len(const char *at)
{
    unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
    if (first < 0xc2 || first > 0xf4 || !continues(at[1])) {
        return 0;
    }
    if (first < 0xe0) {
        return 2;
    }
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) || !continues(at[2])) {
        return 0;
    }
    if (first < 0xf0) {
        return 3;
    }
    return continues(at[3]) ? 4 : 0;
}

bool utf8_is_text(const char *chars)
{
    for (size_t len; *chars != '\0'; chars += len) {
        len = (unsigned char)*chars < 0x80 ? 1 : utf8_len(chars);
        if (len == 0) {
            return false;
        }
    }
    return true;
}

char *utf8_put(char *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (char)character;
    } else if (character < 0x800) {
        *to++ = (char)(0xc0u | character >> 6);
        *to++ = (char)(0x80u | (character & 0x3fu));
    } else if (character < 0x10000) {
        *to++ = (char)(0xe0u | character >> 12);
        *to++ = (char)(0x80u | (character >> 6 & 0x3fu));
        *to++ = (char)(0x80u | (character & 0x3fu));
    } else {
        *to++ = (char)(0xf0u | character >> 18);
        *to++ = (char)(0x80u | (character >> 12 & 0x3fu));
        *to++ = (char)(0x80u | (character >> 6 & 0x3fu));
        *to++ = (char)(0x80u | (character & 0x3fu));
    }
    return to;
}
