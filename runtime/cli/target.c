/* Everything but the unreserved characters of RFC 3986 is escaped, so no name can change the path. */
#include "cli/target.h"

#include <string.h>

#include "cli/kinds.h"

static void add_escaped(struct buffer *target, struct text text)
{
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~";
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte != '\0' && strchr(unreserved, byte) != NULL) {
            buffer_byte(target, byte);
        } else {
            buffer_format(target, "%%%02X", (unsigned)(unsigned char)byte);
        }
    }
}

static void add_segment(struct buffer *target, struct text segment)
{
    buffer_byte(target, '/');
    add_escaped(target, segment);
}

void target_path(struct buffer *target, const struct served_kind *kind, struct text namespace,
                 struct text name)
{
    buffer_chars(target, kind->group.len == 0 ? "/api" : "/apis");
    if (kind->group.len > 0) {
        add_segment(target, kind->group);
    }
    add_segment(target, kind->version);
    if (kind->is_namespaced && namespace.len > 0) {
        add_segment(target, TEXT("namespaces"));
        add_segment(target, namespace);
    }
    add_segment(target, kind->plural);
    if (name.len > 0) {
        add_segment(target, name);
    }
}

void target_query(struct buffer *target, const char *name, struct text value)
{
    if (value.len > 0) {
        struct text so_far = buffer_view(target);
        buffer_byte(target, text_find(so_far, '?') < so_far.len ? '&' : '?');
        buffer_chars(target, name);
        buffer_byte(target, '=');
        add_escaped(target, value);
    }
}
