/* A schema in the first line, a value in the rest, both JSON: what compiles judges anything, and filling
 * in and pruning twice is as good as once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void schema_unrefp(struct schema **schema)
{
    *schema = schema_unref(*schema);
}

static void check_problems(const struct schema_problems *problems)
{
    require(problems->count <= SCHEMA_PROBLEMS_MAX, "a bounded number of problems");
    for (size_t i = 0; i < problems->count; i++) {
        require(problems->items[i].message.len > 0, "a problem has a sentence");
    }
}

static void judge(const struct schema *schema, struct arena *arena, const struct value *value)
{
    struct schema_problems unknown = {.arena = arena}, none = {.arena = arena};
    struct schema_problems first = {.arena = arena}, second = {.arena = arena};
    const struct value *filled = schema_default(schema, arena, value);
    const struct value *pruned = schema_prune(schema, arena, filled, &unknown);
    require((pruned == filled) == (unknown.count == 0), "pruning says what it takes");
    require(schema_default(schema, arena, filled) == filled, "defaults twice");
    require(schema_default(schema, arena, pruned) == pruned, "defaults after pruning");
    require(schema_prune(schema, arena, pruned, &none) == pruned, "pruning twice");
    schema_validate(schema, value, &first);
    first.count = 0;
    schema_validate(schema, pruned, &first);
    schema_validate(schema, pruned, &second);
    require(first.count == second.count, "the same judgement twice");
    check_problems(&unknown);
    check_problems(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(schema_unrefp) struct schema *schema = NULL;
    struct text rest = {(const char *)data, size};
    struct text first = text_cut(&rest, '\n');
    struct error err = ERROR_INIT;
    const struct value *text = NULL, *value = NULL;
    if (json_parse(&arena, first, &text, &err) != TEND_OK) {
        return 0;
    }
    if (schema_compile(text, &schema, &err) != TEND_OK) {
        require(err.code == TEND_INVALID && err.message[0] != '\0', "a refusal says why");
        return 0;
    }
    if (json_parse(&arena, rest, &value, &err) == TEND_OK) {
        judge(schema, &arena, value);
    }
    return 0;
}
