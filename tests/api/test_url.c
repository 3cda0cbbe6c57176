/* Targets taken apart, and what they name. */
#include "api/media.h"
#include "api/route.h"
#include "base/alloc.h"
#include "support/suite.h"

static enum tend_code parse(struct arena *arena, const char *target, struct url *url)
{
    struct error err = ERROR_INIT;
    return url_parse(arena, text_of(target), url, &err);
}

static void decodes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct url url;
    CHECK_INT(parse(&arena, "/a/b%2Bc/d+e?x=1%262&y=a+b&z&=q&&x=3#frag", &url), TEND_OK);
    CHECK_INT(url.segment_count, 3);
    CHECK(text_is(url.segments[1], "b+c"));
    CHECK(text_is(url.segments[2], "d+e"));
    CHECK(text_is(url_parameter(&url, "x"), "1&2"));
    CHECK(text_is(url_parameter(&url, "y"), "a b"));
    CHECK(text_is(url_parameter(&url, "nothing"), ""));
    CHECK_INT(parse(&arena, "/", &url), TEND_OK);
    CHECK_INT(url.segment_count, 0);
}

static void refuses(void)
{
    static const char *const broken[] = {"",     "api",     "//",   "/a//b",       "/a%2Fb",
                                         "/%00", "/%",      "/%4",  "/%zz",        "/a?x=%",
                                         "/%ff", "/%c3%28", "/%2f", "/a?%e2%28%a1"};
    CLEANUP(arena_done) struct arena arena = {0};
    struct url url;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        CHECK_INT(parse(&arena, broken[i], &url), TEND_INVALID);
    }
}

static void bounds(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct url url;
    char target[URL_BYTES_MAX + 2] = "/";
    memset(target + 1, 'a', URL_BYTES_MAX);
    CHECK_INT(parse(&arena, target, &url), TEND_LIMIT);
    target[URL_BYTES_MAX] = '\0';
    CHECK_INT(parse(&arena, target, &url), TEND_OK);
    CHECK_INT(parse(&arena, "/1/2/3/4/5/6/7/8/9/10/11/12/13", &url), TEND_LIMIT);
    CHECK_INT(
        parse(&arena, "/a?1&2&3&4&5&6&7&8&9&0&1&2&3&4&5&6&7&8&9&0&1&2&3&4&5&6&7&8&9&0&1&2&3", &url),
        TEND_LIMIT);
}

static void reads_parameters(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct url url;
    bool flag = false;
    int64_t number = 0;
    CHECK_INT(parse(&arena, "/?a=true&b=1&c=false&d=maybe&n=12&m=-1&o=9223372036854775808", &url),
              TEND_OK);
    CHECK(url_flag(&url, "a", &flag, &err) == TEND_OK && flag);
    CHECK(url_flag(&url, "b", &flag, &err) == TEND_OK && flag);
    CHECK(url_flag(&url, "c", &flag, &err) == TEND_OK && !flag);
    CHECK(url_flag(&url, "absent", &flag, &err) == TEND_OK && !flag);
    CHECK_INT(url_flag(&url, "d", &flag, &err), TEND_INVALID);
    CHECK(url_number(&url, "n", &number, &err) == TEND_OK && number == 12);
    CHECK(url_number(&url, "absent", &number, &err) == TEND_OK && number == 0);
    CHECK_INT(url_number(&url, "m", &number, &err), TEND_INVALID);
    CHECK_INT(url_number(&url, "o", &number, &err), TEND_INVALID);
}

struct place {
    const char *target;
    enum route_target route;
    const char *group, *version, *namespace, *plural, *name;
};

static void routes(void)
{
    static const struct place places[] = {
        {"/version", ROUTE_VERSION, "", "", "", "", ""},
        {"/healthz", ROUTE_HEALTH, "", "", "", "", ""},
        {"/livez?verbose", ROUTE_HEALTH, "", "", "", "", ""},
        {"/readyz", ROUTE_READY, "", "", "", "", ""},
        {"/", ROUTE_NONE, "", "", "", "", ""},
        {"/nothing", ROUTE_NONE, "", "", "", "", ""},
        {"/api", ROUTE_CORE, "", "", "", "", ""},
        {"/api/v1", ROUTE_RESOURCES, "", "v1", "", "", ""},
        {"/api/v1/namespaces", ROUTE_COLLECTION, "", "v1", "", "namespaces", ""},
        {"/api/v1/namespaces/a", ROUTE_OBJECT, "", "v1", "", "namespaces", "a"},
        {"/api/v1/namespaces/a/status", ROUTE_STATUS, "", "v1", "", "namespaces", "a"},
        {"/api/v1/namespaces/a/events", ROUTE_COLLECTION, "", "v1", "a", "events", ""},
        {"/api/v1/namespaces/a/events/b", ROUTE_OBJECT, "", "v1", "a", "events", "b"},
        {"/api/v1/namespaces/a/events/b/status", ROUTE_STATUS, "", "v1", "a", "events", "b"},
        {"/api/v1/events", ROUTE_COLLECTION, "", "v1", "", "events", ""},
        {"/apis", ROUTE_GROUPS, "", "", "", "", ""},
        {"/apis/g", ROUTE_GROUP, "g", "", "", "", ""},
        {"/apis/g/v1", ROUTE_RESOURCES, "g", "v1", "", "", ""},
        {"/apis/g/v1/ks", ROUTE_COLLECTION, "g", "v1", "", "ks", ""},
        {"/apis/g/v1/ks/n", ROUTE_OBJECT, "g", "v1", "", "ks", "n"},
        {"/apis/g/v1/ks/n/status", ROUTE_STATUS, "g", "v1", "", "ks", "n"},
        {"/apis/g/v1/namespaces/a/ks", ROUTE_COLLECTION, "g", "v1", "a", "ks", ""},
        {"/apis/g/v1/namespaces/a/ks/n", ROUTE_OBJECT, "g", "v1", "a", "ks", "n"},
        {"/apis/g/v1/namespaces/a/ks/n/status", ROUTE_STATUS, "g", "v1", "a", "ks", "n"},
        {"/apis/g/v1/namespaces/a/ks/n/log", ROUTE_NONE, "g", "v1", "a", "ks", "n"},
        {"/apis/g/v1/namespaces/a/ks/n/status/x", ROUTE_NONE, "g", "v1", "a", "ks", "n"},
    };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct place *place = &places[i];
        struct url url;
        CHECK_INT(parse(&arena, place->target, &url), TEND_OK);
        struct route route = route_of(&url);
        bool same = route.target == place->route;
        if (place->route != ROUTE_NONE) {
            same = same && text_is(route.group, place->group) &&
                   text_is(route.version, place->version) &&
                   text_is(route.namespace, place->namespace) &&
                   text_is(route.plural, place->plural) && text_is(route.name, place->name);
        }
        suite_check(same, __LINE__, place->target, __FILE__);
    }
}

static void negotiates(void)
{
    static const struct {
        const char *accept;
        enum media_form form;
    } cases[] = {
        {"", FORM_JSON},
        {"*/*", FORM_JSON},
        {"application/json", FORM_JSON},
        {"application/json;stream=watch", FORM_JSON},
        {"application/vnd.kubernetes.protobuf,application/json", FORM_JSON},
        {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", FORM_TABLE},
        {"application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", FORM_JSON},
        {"application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1", FORM_PARTIAL},
        {"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
         FORM_JSON},
        {"text/html, application/yaml", FORM_YAML},
    };
    struct error err = ERROR_INIT;
    enum media_form form;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_INT(media_accept(text_of(cases[i].accept), &form, &err), TEND_OK);
        suite_check(form == cases[i].form, __LINE__, cases[i].accept, __FILE__);
    }
    CHECK_INT(media_accept(TEXT("text/html"), &form, &err), TEND_INVALID);
    CHECK_INT(media_accept(TEXT("application/json;as=Table;v=v9;g=meta.k8s.io"), &form, &err),
              TEND_INVALID);
    CHECK_INT(media_body(TEXT("")), MEDIA_JSON);
    CHECK_INT(media_body(TEXT("application/json; charset=utf-8")), MEDIA_JSON);
    CHECK_INT(media_body(TEXT("application/json-patch+json")), MEDIA_OTHER);
}

SUITE({"decodes after splitting", decodes}, {"refuses malformed targets", refuses},
      {"bounds length, segments and parameters", bounds},
      {"reads booleans and numbers, or says that they are none", reads_parameters},
      {"names what a path stands for", routes},
      {"takes the first representation that it can serve", negotiates})
