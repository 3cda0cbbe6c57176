#include <string.h>

#include "resource/fixture.h"
#include "resource/key.h"

static void makes_and_splits(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct key_parts parts = {0};
    struct error err = ERROR_INIT;
    struct text key =
        key_make(&arena, TEXT("labinstances.lab.neuroglia.com"), TEXT("default"), TEXT("lab-1"));
    CHECK_TEXT(key.ptr, "labinstances.lab.neuroglia.com/default/lab-1");
    CHECK_INT(key_split(key, &parts, &err), TEND_OK);
    CHECK(text_is(parts.resource, "labinstances.lab.neuroglia.com"));
    CHECK(text_is(parts.namespace, "default"));
    CHECK(text_is(parts.name, "lab-1"));
    CHECK_TEXT(key_show(&arena, key).ptr, "labinstances.lab.neuroglia.com default/lab-1");
}

static void leaves_the_namespace_empty(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct key_parts parts = {0};
    struct error err = ERROR_INIT;
    struct text key = key_make(&arena, TEXT("namespaces"), TEXT(""), TEXT("default"));
    CHECK_TEXT(key.ptr, "namespaces//default");
    CHECK_INT(key_split(key, &parts, &err), TEND_OK);
    CHECK_INT(parts.namespace.len, 0);
    CHECK_TEXT(key_show(&arena, key).ptr, "namespaces default");
}

static void refuses_what_is_none(void)
{
    static const char *const wrong[] = {"", "a", "a/b", "/b/c", "a/b/", "a/b/c/d", "a//"};
    struct key_parts parts;
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK_INT(key_split(text_of(wrong[i]), &parts, &err), TEND_INVALID);
    }
}

static void bounds_its_length(void)
{
    char long_name[KEY_BYTES_MAX + 1], out[KEY_BYTES_MAX + 1];
    struct error err = ERROR_INIT;
    struct text key = {0};
    memset(long_name, 'a', sizeof long_name);
    struct text fits = {long_name, KEY_BYTES_MAX - 2 - 1};
    CHECK_INT(key_write(out, TEXT("r"), TEXT(""), fits, &key, &err), TEND_OK);
    CHECK_INT(key.len, KEY_BYTES_MAX);
    struct text over = {long_name, KEY_BYTES_MAX - 2};
    CHECK_INT(key_write(out, TEXT("r"), TEXT(""), over, &key, &err), TEND_LIMIT);
}

static void selects_by_prefix(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text kind = key_prefix_kind(&arena, TEXT("labs.x"));
    struct text home = key_prefix_namespace(&arena, TEXT("labs.x"), TEXT("ns"));
    CHECK(text_starts(TEXT("labs.x/ns/a"), kind));
    CHECK(!text_starts(TEXT("labs.xy/ns/a"), kind));
    CHECK(text_starts(TEXT("labs.x/ns/a"), home));
    CHECK(!text_starts(TEXT("labs.x/ns2/a"), home));
}

SUITE({"makes a key and takes it apart", makes_and_splits},
      {"leaves the namespace of cluster-scoped objects empty", leaves_the_namespace_empty},
      {"refuses what is no key", refuses_what_is_none}, {"bounds its length", bounds_its_length},
      {"selects exactly one kind or namespace by prefix", selects_by_prefix})
