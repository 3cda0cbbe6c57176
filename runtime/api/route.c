/* One irregularity: in the core group /namespaces/NAME is an object, /namespaces/NAME/status its
 * status, and /namespaces/NAME/PLURAL a collection in it. */
#include "api/route.h"

#include <stdbool.h>

struct words {
    const struct text *at;
    size_t count;
};

static struct words skip(struct words words, size_t count)
{
    return (struct words){words.at + count, words.count - count};
}

static bool is(struct words words, size_t index, const char *chars)
{
    return index < words.count && text_is(words.at[index], chars);
}

/* What stands after the group and version: "PLURAL", "PLURAL/NAME", "PLURAL/NAME/status". */
static void name_target(struct route *route, struct words words)
{
    static const enum route_target by_length[] = {ROUTE_RESOURCES, ROUTE_COLLECTION, ROUTE_OBJECT,
                                                  ROUTE_STATUS};
    bool is_known = words.count <= 3 && (words.count < 3 || is(words, 2, "status"));
    route->target = is_known ? by_length[words.count] : ROUTE_NONE;
    route->plural = words.count > 0 ? words.at[0] : TEXT("");
    route->name = words.count > 1 ? words.at[1] : TEXT("");
}

static void name_resource(struct route *route, struct words words)
{
    bool in_namespace = words.count >= 3 && is(words, 0, "namespaces") &&
                        !(route->group.len == 0 && words.count == 3 && is(words, 2, "status"));
    if (in_namespace) {
        route->namespace = words.at[1];
        words = skip(words, 2);
    }
    name_target(route, words);
}

static struct route route_single(struct text word)
{
    static const struct {
        const char *word;
        enum route_target target;
    } singles[] = {
        {"version", ROUTE_VERSION}, {"healthz", ROUTE_HEALTH}, {"livez", ROUTE_HEALTH},
        {"readyz", ROUTE_READY},    {"api", ROUTE_CORE},       {"apis", ROUTE_GROUPS},
        {"metrics", ROUTE_METRICS},
    };
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        if (text_is(word, singles[i].word)) {
            return (struct route){.target = singles[i].target};
        }
    }
    return (struct route){.target = ROUTE_NONE};
}

struct route route_of(const struct url *url)
{
    struct words words = {url->segments, url->segment_count};
    struct route route = {.target = ROUTE_NONE};
    if (words.count == 1) {
        return route_single(words.at[0]);
    }
    if (is(words, 0, "api")) {
        route.version = words.at[1];
        name_resource(&route, skip(words, 2));
    } else if (is(words, 0, "apis")) {
        route.group = words.at[1];
        route.target = ROUTE_GROUP;
        if (words.count > 2) {
            route.version = words.at[2];
            name_resource(&route, skip(words, 3));
        }
    }
    return route;
}
