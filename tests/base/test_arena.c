#include <stdint.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "support/dies.h"
#include "support/suite.h"

enum { KEPT = 500 };

/* Sizes that begin new blocks in every way: small, at the edge of a block, larger than any block. */
static size_t size_of_turn(size_t turn)
{
    static const size_t sizes[] = {1, 0, 15, 16, 17, 1000, 1024, 4096, 70000};
    return sizes[turn % COUNT_OF(sizes)];
}

static void keeps_every_allocation_apart(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    unsigned char *kept[KEPT];
    size_t dirty = 0, unaligned = 0, changed = 0;
    for (size_t i = 0; i < KEPT; i++) {
        kept[i] = arena_alloc(&arena, size_of_turn(i));
        unaligned += (uintptr_t)kept[i] % _Alignof(max_align_t) != 0;
        for (size_t j = 0; j < size_of_turn(i); j++) {
            dirty += kept[i][j] != 0;
        }
        memset(kept[i], (int)(i & 0xff), size_of_turn(i));
    }
    for (size_t i = 0; i < KEPT; i++) {
        for (size_t j = 0; j < size_of_turn(i); j++) {
            changed += kept[i][j] != (i & 0xff);
        }
    }
    CHECK_INT(dirty, 0);
    CHECK_INT(unaligned, 0);
    CHECK_INT(changed, 0);
}

static void gives_nothing_an_address(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    void *first = arena_alloc(&arena, 0);
    void *second = arena_alloc(&arena, 0);
    CHECK(first != NULL && second != NULL && first != second);
}

static void copies_text(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char source[] = "changed later";
    struct text copy = arena_text(&arena, text_first(text_of(source), 7));
    source[0] = 'X';
    CHECK_INT(copy.len, 7);
    CHECK_TEXT(copy.ptr, "changed");
    CHECK_TEXT(arena_text(&arena, (struct text){NULL, 0}).ptr, "");
}

static void formats_text_of_any_length(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text shown = arena_format(&arena, "%s/%d", "name", 7);
    CHECK_TEXT(shown.ptr, "name/7");
    CHECK_INT(shown.len, 6);
    struct text wide = arena_format(&arena, "%*d", 100000, 1);
    CHECK_INT(wide.len, 100000);
    CHECK_INT(strlen(wide.ptr), 100000);
}

static void is_usable_again_when_done(void)
{
    struct arena arena = {0};
    arena_alloc(&arena, 100000);
    CHECK(arena.bytes >= 100000);
    arena_done(&arena);
    CHECK_INT(arena.bytes, 0);
    CHECK_TEXT(arena_text(&arena, TEXT("again")).ptr, "again");
    arena_done(&arena);
    arena_done(&arena);
}

static void costs_little_more_than_it_holds(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    for (size_t i = 0; i < 10000; i++) {
        arena_alloc(&arena, 32);
    }
    CHECK(arena.bytes >= 320000);
    CHECK(arena.bytes < 320000 + 70000);
}

static void asks_for_everything(void)
{
    struct arena arena = {0};
    arena_alloc(&arena, SIZE_MAX);
}

static void asks_for_almost_everything(void)
{
    struct arena arena = {0};
    arena_alloc(&arena, SIZE_MAX - 31); /* with the block's header the sum would wrap around */
}

static void refuses_sizes_that_wrap_around(void)
{
    CHECK(dies(asks_for_everything, "tend: out of memory"));
    CHECK(dies(asks_for_almost_everything, "tend: out of memory"));
}

SUITE({"keeps every allocation apart, aligned and zeroed", keeps_every_allocation_apart},
      {"gives nothing an address of its own", gives_nothing_an_address},
      {"copies text and ends it", copies_text},
      {"formats text of any length", formats_text_of_any_length},
      {"is usable again when done", is_usable_again_when_done},
      {"costs little more than it holds", costs_little_more_than_it_holds},
      {"refuses sizes that would wrap around", refuses_sizes_that_wrap_around})
