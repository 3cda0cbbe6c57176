#include <stdint.h>

#include "base/alloc.h"
#include "support/dies.h"
#include "support/suite.h"

static void zeroes_what_it_gives(void)
{
    CLEANUP(freep) unsigned char *memory = alloc_array(64, 4);
    size_t set = 0;
    for (size_t i = 0; i < 256; i++) {
        set += memory[i] != 0;
    }
    CHECK_INT(set, 0);
}

static void gives_an_address_for_nothing(void)
{
    CLEANUP(freep) void *none = alloc_new(0);
    CLEANUP(freep) void *also = alloc_array(0, 16);
    CHECK(none != NULL && also != NULL && none != also);
    none = alloc_resize(none, 0, 8);
    CHECK(none != NULL);
}

static void keeps_content_when_resized(void)
{
    CLEANUP(freep) int *numbers = alloc_array(3, sizeof *numbers);
    numbers[0] = 11;
    numbers[2] = 13;
    numbers = alloc_resize(numbers, 3000, sizeof *numbers);
    CHECK_INT(numbers[0], 11);
    CHECK_INT(numbers[1], 0);
    CHECK_INT(numbers[2], 13);
}

static void copies_text(void)
{
    CLEANUP(freep) char *part = alloc_text("resource", 3);
    CLEANUP(freep) char *empty = alloc_text(NULL, 0);
    CLEANUP(freep) char *whole = alloc_dup("resource");
    CHECK_TEXT(part, "res");
    CHECK_TEXT(empty, "");
    CHECK_TEXT(whole, "resource");
    CHECK(alloc_dup(NULL) == NULL);
}

static void product_overflows(void)
{
    free(alloc_array(SIZE_MAX / 2, 3));
}

static void resize_overflows(void)
{
    free(alloc_resize(NULL, SIZE_MAX / 2, 3));
}

static void text_overflows(void)
{
    free(alloc_text("", SIZE_MAX));
}

static void aborts_where_there_is_no_memory(void)
{
    CHECK(dies(product_overflows, "tend: out of memory"));
    CHECK(dies(resize_overflows, "tend: out of memory"));
    CHECK(dies(text_overflows, "tend: out of memory"));
}

static void gives_ownership_away(void)
{
    char *kept = NULL;
    {
        CLEANUP(freep) char *mine = alloc_dup("given");
        kept = TAKE(mine);
        CHECK(mine == NULL);
    }
    CHECK_TEXT(kept, "given");
    free(kept);
}

static void finds_the_struct_around_a_member(void)
{
    struct outer {
        int before;
        char member;
    } outer = {.before = 5};
    char *member = &outer.member;
    CHECK_INT(CONTAINER_OF(member, struct outer, member)->before, 5);
    int four[4];
    CHECK_INT(COUNT_OF(four), 4);
}

SUITE({"zeroes what it gives", zeroes_what_it_gives},
      {"gives an address for nothing", gives_an_address_for_nothing},
      {"keeps the content when resized", keeps_content_when_resized}, {"copies text", copies_text},
      {"aborts with a sentence where there is no memory", aborts_where_there_is_no_memory},
      {"gives ownership away", gives_ownership_away},
      {"finds the struct around a member", finds_the_struct_around_a_member})
