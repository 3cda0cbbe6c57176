/* Errors are values on the caller's stack. The text is cut, never allocated: the path that reports
 * "out of memory" or "disk full" must not need either. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

const char *code_name(enum tend_code code)
{
    switch (code) {
    case TEND_OK:
        return "ok";
    case TEND_INVALID:
        return "invalid";
    case TEND_DENIED:
        return "denied";
    case TEND_NOT_FOUND:
        return "not-found";
    case TEND_EXISTS:
        return "exists";
    case TEND_CONFLICT:
        return "conflict";
    case TEND_GONE:
        return "gone";
    case TEND_LIMIT:
        return "limit";
    case TEND_TIMEOUT:
        return "timeout";
    case TEND_UNAVAILABLE:
        return "unavailable";
    case TEND_IO:
        return "io";
    case TEND_CORRUPT:
        return "corrupt";
    case TEND_INTERNAL:
        return "internal";
    }
    return "unknown";
}

/* End a text that was cut in "...", and not within a UTF-8 character: messages travel in JSON. */
static void mark_cut(char *text, size_t size, int wanted)
{
    if (wanted < 0 || (size_t)wanted < size) {
        return;
    }
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) {
        end--;
    }
    memcpy(text + end, "...", 4);
}

enum tend_code error_set(struct error *err, enum tend_code code, const char *origin,
                         const char *format, ...)
{
    if (err == NULL) {
        return code;
    }
    char text[ERROR_TEXT_MAX] = ""; /* not in place: the arguments may point into err->message */
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mark_cut(text, sizeof text, wanted);
    err->code = code;
    err->origin = origin;
    memcpy(err->message, text, sizeof text);
    return code;
}

enum tend_code error_wrap(struct error *err, const char *format, ...)
{
    if (err == NULL) {
        return TEND_INTERNAL;
    }
    char text[ERROR_TEXT_MAX] = "";
    va_list args;
    va_start(args, format);
    int used = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (used < 0 || (size_t)used >= sizeof text) {
        return err->code;
    }
    size_t room = sizeof text - (size_t)used;
    int wanted = snprintf(text + used, room, ": %.*s", ERROR_TEXT_MAX - 1, err->message);
    mark_cut(text, sizeof text, used + wanted);
    memcpy(err->message, text, sizeof text);
    return err->code;
}
