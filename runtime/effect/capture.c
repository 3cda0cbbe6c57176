/* Bounds first, then text: a program may say gigabytes of anything, and a status is read by people. */
#include "effect/capture.h"

#include "base/alloc.h"
#include "document/utf8.h"

void capture_add(struct capture *capture, const void *bytes, size_t len)
{
    size_t room = capture->bytes.max - capture->bytes.len;
    capture->cut = capture->cut || len > room;
    buffer_add(&capture->bytes, bytes, len < room ? len : room);
}

void capture_done(struct capture *capture)
{
    buffer_done(&capture->bytes);
}

/* How many bytes from `at` are one character; 0: they are none. */
static size_t character_len(const char *at)
{
    unsigned char first = (unsigned char)*at;
    return first >= 0x80 ? utf8_len(at) : first > 0 ? 1 : 0;
}

/* The length without the beginning of a character at its end. */
static size_t whole_len(struct text text)
{
    for (size_t back = 1; back <= 3 && back <= text.len; back++) {
        unsigned char byte = (unsigned char)text.ptr[text.len - back];
        if (byte >= 0xc0) {
            size_t wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
            return wanted > back ? text.len - back : text.len;
        }
        if (byte < 0x80) {
            break;
        }
    }
    return text.len;
}

const struct value *capture_text(struct arena *arena, const struct capture *capture)
{
    CLEANUP(buffer_done) struct buffer clean = BUFFER_INIT(3 * EFFECT_OUTPUT_MAX);
    struct text bytes = buffer_view(&capture->bytes);
    size_t end = capture->cut ? whole_len(bytes) : bytes.len;
    for (size_t at = 0; at < end;) {
        size_t len = character_len(bytes.ptr + at);
        if (len > 0) {
            buffer_add(&clean, bytes.ptr + at, len);
        } else {
            buffer_chars(&clean, "\xef\xbf\xbd");
        }
        at += len > 0 ? len : 1;
    }
    return value_text(arena, buffer_view(&clean));
}

const struct value *capture_clean(struct arena *arena, struct text bytes)
{
    struct capture capture = CAPTURE_INIT;
    capture_add(&capture, bytes.ptr, bytes.len);
    const struct value *value = capture_text(arena, &capture);
    capture_done(&capture);
    return value;
}
