#include "base/alloc.h"
#include "base/buffer.h"
#include "support/suite.h"

static void grows_and_stays_ended(void)
{
    CLEANUP(buffer_done) struct buffer buffer = BUFFER_INIT(100000);
    size_t wrong = 0;
    for (size_t i = 0; i < 5000; i++) {
        buffer_format(&buffer, "%zu,", i);
        wrong += buffer.data[buffer.len] != '\0';
    }
    CHECK_INT(wrong, 0);
    CHECK(!buffer.full);
    CHECK(text_starts(buffer_view(&buffer), TEXT("0,1,2,3,")));
    CHECK(text_ends(buffer_view(&buffer), TEXT(",4998,4999,")));
}

static void takes_every_kind_of_piece(void)
{
    CLEANUP(buffer_done) struct buffer buffer = BUFFER_INIT(100);
    buffer_add(&buffer, "a\0b", 3);
    buffer_text(&buffer, TEXT("-text"));
    buffer_chars(&buffer, "-chars");
    buffer_byte(&buffer, '-');
    buffer_add(&buffer, NULL, 0);
    buffer_text(&buffer, (struct text){NULL, 0});
    CHECK(text_equal(buffer_view(&buffer), TEXT("a\0b-text-chars-")));
}

static void keeps_a_true_beginning_when_full(void)
{
    CLEANUP(buffer_done) struct buffer buffer = BUFFER_INIT(8);
    buffer_chars(&buffer, "12345");
    buffer_chars(&buffer, "6789"); /* one too many */
    CHECK(buffer.full);
    buffer_chars(&buffer, "X"); /* would fit, but not where it belongs */
    CHECK_TEXT(buffer_view(&buffer).ptr, "12345");
    buffer_clear(&buffer);
    CHECK(!buffer.full);
    CHECK_TEXT(buffer_view(&buffer).ptr, "");
    buffer_chars(&buffer, "12345678");
    CHECK(!buffer.full);
    CHECK_TEXT(buffer_view(&buffer).ptr, "12345678");
}

static void holds_nothing_with_no_maximum(void)
{
    CLEANUP(buffer_done) struct buffer buffer = BUFFER_INIT(0);
    buffer_chars(&buffer, "");
    CHECK(!buffer.full);
    buffer_byte(&buffer, 'x');
    CHECK(buffer.full);
    CHECK_INT(buffer_view(&buffer).len, 0);
}

static void reserves_space_to_write(void)
{
    CLEANUP(buffer_done) struct buffer buffer = BUFFER_INIT(SIZE_MAX);
    char *space = buffer_reserve(&buffer, 600);
    memset(space, 'x', 600);
    buffer.len += 600;
    buffer_byte(&buffer, 'y');
    CHECK_INT(buffer_view(&buffer).len, 601);
    CHECK(text_ends(buffer_view(&buffer), TEXT("xxy")));
    CHECK(buffer_reserve(&buffer, SIZE_MAX) == NULL);
    CHECK(buffer.full);
}

static void consumes_from_the_front(void)
{
    CLEANUP(buffer_done) struct buffer buffer = BUFFER_INIT(100);
    buffer_consume(&buffer, 3);
    CHECK_INT(buffer.len, 0);
    buffer_chars(&buffer, "head tail");
    buffer_consume(&buffer, 5);
    CHECK_TEXT(buffer_view(&buffer).ptr, "tail");
    buffer_consume(&buffer, 99);
    CHECK_TEXT(buffer_view(&buffer).ptr, "");
}

static void views_and_gives_away_even_nothing(void)
{
    struct buffer buffer = BUFFER_INIT(100);
    CHECK_TEXT(buffer_view(&buffer).ptr, "");
    CLEANUP(freep) char *nothing = buffer_take(&buffer);
    CHECK_TEXT(nothing, "");
    buffer_chars(&buffer, "something");
    CLEANUP(freep) char *something = buffer_take(&buffer);
    CHECK_TEXT(something, "something");
    CHECK(buffer.data == NULL && buffer.len == 0 && buffer.max == 100);
    buffer_done(&buffer);
}

SUITE({"grows, and always ends in a NUL", grows_and_stays_ended},
      {"takes every kind of piece", takes_every_kind_of_piece},
      {"keeps a true beginning when full", keeps_a_true_beginning_when_full},
      {"holds nothing where its maximum is nothing", holds_nothing_with_no_maximum},
      {"reserves space to write into", reserves_space_to_write},
      {"consumes from the front", consumes_from_the_front},
      {"views and gives away even nothing", views_and_gives_away_even_nothing})
