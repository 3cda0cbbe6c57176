/* UTF-8, one character at a time, by the table of RFC 3629. */
#ifndef DOCUMENT_UTF8_H
#define DOCUMENT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character of more than one byte at `at`, or 0 where there is none: no overlong forms,
 * no surrogates, nothing beyond U+10FFFF. The text ends in a NUL, which is no continuation: nothing
 * behind it is read. */
size_t utf8_len(const char *at);

/* Is all of `chars` UTF-8? */
bool utf8_is_text(const char *chars);

/* Write `character` (at most U+10FFFF) at `to`, up to four bytes; returns what is behind them. */
char *utf8_put(char *to, uint32_t character);

#endif
