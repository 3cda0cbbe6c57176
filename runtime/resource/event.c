/* An Event's name is a digest of what it says about whom: saying the same again finds the same object,
 * and counting up is an ordinary update, without a table of what was said before. The digest is FNV-1a,
 * written out because it is stored: it must not change with a library. */
#include "resource/event.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "resource/meta.h"

enum { EVENT_NAME_HEAD_MAX = 236 }; /* NAME_BYTES_MAX less ".0123456789abcdef" */

static uint64_t digest_add(uint64_t digest, struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        digest = (digest ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    }
    return (digest ^ 0xff) * UINT64_C(0x100000001b3); /* "ab", "c" is not "a", "bc" */
}

static struct text type_text(enum event_type type)
{
    switch (type) {
    case EVENT_NORMAL:
        return TEXT("Normal");
    case EVENT_WARNING:
        return TEXT("Warning");
    }
    return TEXT("Normal");
}

struct text event_namespace(const struct event *event)
{
    struct meta about = meta_of(event->about);
    return about.namespace.len > 0 ? about.namespace : TEXT("default");
}

/* At most EVENT_MESSAGE_MAX bytes, not cut inside a character. */
static struct text cut_message(struct text message)
{
    size_t len = message.len > EVENT_MESSAGE_MAX ? EVENT_MESSAGE_MAX : message.len;
    while (len < message.len && len > 0 && ((unsigned char)message.ptr[len] & 0xc0) == 0x80) {
        len--;
    }
    return text_first(message, len);
}

/* The beginning of the object's name, cut so that what follows it can be a '.'. */
static struct text name_head(struct text name)
{
    struct text head = text_first(name, EVENT_NAME_HEAD_MAX);
    while (head.len > 0 && (head.ptr[head.len - 1] == '.' || head.ptr[head.len - 1] == '-')) {
        head.len--;
    }
    return head;
}

struct text event_name(const struct event *event, struct arena *arena)
{
    struct meta about = meta_of(event->about);
    const struct text parts[] = {about.api_version, about.kind,     about.namespace,
                                 about.name,        about.uid,      event->component,
                                 event->reason,     event->message, type_text(event->type)};
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        digest = digest_add(digest, parts[i]);
    }
    struct text head = name_head(about.name);
    return arena_format(arena, "%.*s.%016llx", TEXT_ARG(head), (unsigned long long)digest);
}

static const struct value *reference(struct arena *arena, const struct meta *about)
{
    const struct {
        struct text key, text;
    } parts[] = {
        {TEXT("apiVersion"), about->api_version},
        {TEXT("kind"), about->kind},
        {TEXT("namespace"), about->namespace},
        {TEXT("name"), about->name},
        {TEXT("uid"), about->uid},
        {TEXT("resourceVersion"), about->resource_version},
    };
    const struct value *map = value_empty_map();
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].text.len > 0) {
            map = value_with(arena, map, parts[i].key, value_text(arena, parts[i].text));
        }
    }
    return map;
}

static const struct value *new_metadata(const struct event *event, struct arena *arena)
{
    const struct value_field fields[] = {
        {.key = TEXT("name"), .value = value_text(arena, event_name(event, arena))},
        {.key = TEXT("namespace"), .value = value_text(arena, event_namespace(event))},
    };
    return value_map(arena, fields, COUNT_OF(fields));
}

const struct value *event_root(const struct event *event, struct arena *arena,
                               const struct value *before, int64_t now_ms)
{
    char text[MOMENT_TEXT_MAX];
    struct meta about = meta_of(event->about);
    const struct value *now = value_chars(arena, moment_format(now_ms, text));
    const struct value *first = value_field(before, "firstTimestamp");
    const struct value *metadata = value_field(before, "metadata");
    const struct value *source =
        value_with(arena, NULL, TEXT("component"), value_text(arena, event->component));
    const struct value_field fields[] = {
        {.key = TEXT("apiVersion"), .value = value_chars(arena, "v1")},
        {.key = TEXT("kind"), .value = value_chars(arena, "Event")},
        {.key = TEXT("metadata"),
         .value = metadata != NULL ? metadata : new_metadata(event, arena)},
        {.key = TEXT("involvedObject"), .value = reference(arena, &about)},
        {.key = TEXT("type"), .value = value_text(arena, type_text(event->type))},
        {.key = TEXT("reason"), .value = value_text(arena, event->reason)},
        {.key = TEXT("message"), .value = value_text(arena, cut_message(event->message))},
        {.key = TEXT("source"), .value = source},
        {.key = TEXT("firstTimestamp"), .value = first != NULL ? first : now},
        {.key = TEXT("lastTimestamp"), .value = now},
        {.key = TEXT("count"),
         .value = value_int(arena, value_int_or(value_field(before, "count"), 0) + 1)},
    };
    return value_map(arena, fields, COUNT_OF(fields));
}
