/* Labels in the first line, fields in the second: what is accepted matches anything without harm, and
 * what the key alone decides the whole object decides alike. */
#include "base/alloc.h"
#include "document/json.h"
#include "resource/selector.h"
#include "support/require.h"

static const char object[] =
    "{\"metadata\":{\"labels\":{\"env\":\"lab\",\"team\":\"a\"},\"name\":\"lab-1\","
    "\"namespace\":\"default\"},\"reason\":\"Ready\",\"type\":\"Normal\"}";

static void check_verdict(const struct selector *selector, const struct value *root)
{
    const struct key_parts key = {TEXT("events"), TEXT("default"), TEXT("lab-1")};
    switch (selector_match_key(selector, &key)) {
    case SELECT_NO:
        require(!selector_match(selector, root), "no is no");
        return;
    case SELECT_YES:
        require(selector_match(selector, root), "yes is yes");
        return;
    case SELECT_LOOK:
        (void)selector_match(selector, root);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const char *const words[] = {"reason", "type"};
    const struct kind kind = {.resource = "events", .selectable = {words, COUNT_OF(words)}};
    CLEANUP(selector_freep) struct selector *selector = NULL;
    struct text rest = {(const char *)data, size};
    struct text labels = text_cut(&rest, '\n');
    struct error err = ERROR_INIT;
    const struct value *root;
    require(json_parse(&arena, text_of(object), &root, NULL) == TEND_OK, "the object is one");
    if (selector_parse(labels, rest, &kind, &selector, &err) != TEND_OK) {
        require(err.message[0] != '\0', "a refusal has a sentence");
        return 0;
    }
    check_verdict(selector, root);
    (void)selector_name(selector);
    (void)selector_match(selector, value_empty_map());
    return 0;
}
