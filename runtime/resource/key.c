/* Keys are text because the store orders, scans and stores them as bytes and need not know what they
 * mean. The separator cannot stand in a name, so no escaping is needed, and a key is taken apart by
 * looking for it twice. */
#include "resource/key.h"

#include <string.h>

static char *put(char *out, struct text part)
{
    if (part.len > 0) {
        memcpy(out, part.ptr, part.len);
    }
    return out + part.len;
}

/* Two bytes more than the parts, and a NUL. */
static void join(char *out, struct text resource, struct text namespace, struct text name)
{
    out = put(out, resource);
    *out++ = '/';
    out = put(out, namespace);
    *out++ = '/';
    *put(out, name) = '\0';
}

struct text key_make(struct arena *arena, struct text resource, struct text namespace,
                     struct text name)
{
    size_t len = resource.len + namespace.len + name.len + 2;
    char *key = arena_alloc(arena, len + 1);
    join(key, resource, namespace, name);
    return (struct text){key, len};
}

enum tend_code key_write(char *out, struct text resource, struct text namespace, struct text name,
                         struct text *ret_key, struct error *err)
{
    size_t len = resource.len + namespace.len + name.len + 2;
    if (len > KEY_BYTES_MAX) {
        return FAIL(err, TEND_LIMIT, "a key of %zu bytes, at most %u are allowed", len,
                    KEY_BYTES_MAX);
    }
    join(out, resource, namespace, name);
    *ret_key = (struct text){out, len};
    return TEND_OK;
}

struct text key_prefix_kind(struct arena *arena, struct text resource)
{
    return arena_format(arena, "%.*s/", TEXT_ARG(resource));
}

struct text key_prefix_namespace(struct arena *arena, struct text resource, struct text namespace)
{
    return arena_format(arena, "%.*s/%.*s/", TEXT_ARG(resource), TEXT_ARG(namespace));
}

enum tend_code key_split(struct text key, struct key_parts *ret_parts, struct error *err)
{
    size_t first = text_find(key, '/');
    struct text rest = text_from(key, first == key.len ? first : first + 1);
    size_t second = text_find(rest, '/');
    struct text name = text_from(rest, second == rest.len ? second : second + 1);
    if (key.len > KEY_BYTES_MAX || first == 0 || second == rest.len || name.len == 0 ||
        text_find(name, '/') != name.len) {
        return FAIL(err, TEND_INVALID, "\"%.*s\" is no key, expected RESOURCE/NAMESPACE/NAME",
                    (int)(key.len > KEY_BYTES_MAX ? KEY_BYTES_MAX : key.len), key.ptr);
    }
    *ret_parts = (struct key_parts){text_first(key, first), text_first(rest, second), name};
    return TEND_OK;
}

struct text key_show(struct arena *arena, struct text key)
{
    struct key_parts parts;
    if (key_split(key, &parts, NULL) != TEND_OK) {
        return arena_text(arena, key);
    }
    return arena_format(arena, "%.*s %.*s%s%.*s", TEXT_ARG(parts.resource),
                        TEXT_ARG(parts.namespace), parts.namespace.len > 0 ? "/" : "",
                        TEXT_ARG(parts.name));
}
