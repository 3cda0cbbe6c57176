/* What is no JSON gives some text or none, and is never read beyond its end. */
#include "host/json_peek.h"

#include <stdbool.h>

/* Behind the text that begins at `at`. */
static size_t skip_text(struct text json, size_t at)
{
    for (at++; at < json.len && json.ptr[at] != '"'; at++) {
        at += json.ptr[at] == '\\' ? 1 : 0;
    }
    return at < json.len ? at + 1 : json.len;
}

/* Behind the value that begins at `at`: where its comma or its closing bracket stands. */
static size_t skip_value(struct text json, size_t at)
{
    int depth = 0;
    while (at < json.len) {
        char byte = json.ptr[at];
        bool opens = byte == '{' || byte == '[', closes = byte == '}' || byte == ']';
        if (depth == 0 && (byte == ',' || closes)) {
            break;
        }
        depth += opens ? 1 : closes ? -1 : 0;
        at = byte == '"' ? skip_text(json, at) : at + 1;
    }
    return at;
}

static struct text between(struct text json, size_t from, size_t to)
{
    bool quoted = to >= from + 2 && json.ptr[from] == '"';
    return quoted ? (struct text){json.ptr + from + 1, to - from - 2}
                  : (struct text){json.ptr + from, to - from};
}

struct text json_peek(struct text json, struct text key)
{
    size_t at = 1;
    while (at < json.len && json.ptr[0] == '{' && json.ptr[at] == '"') {
        size_t colon = skip_text(json, at);
        struct text name = between(json, at, colon);
        size_t end = colon < json.len ? skip_value(json, colon + 1) : json.len;
        if (colon < json.len && text_equal(name, key)) {
            return between(json, colon + 1, end);
        }
        at = end + 1;
    }
    return TEXT("");
}
