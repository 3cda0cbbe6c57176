#include "base/text.h"
#include "support/suite.h"

static void converts_integers(void)
{
    int64_t value = 7;
    CHECK(text_to_int(TEXT("-9223372036854775808"), &value));
    CHECK(value == INT64_MIN);
    CHECK(text_to_int(TEXT("9223372036854775807"), &value));
    CHECK(value == INT64_MAX);
    CHECK(!text_to_int(TEXT("9223372036854775808"), &value));
    CHECK(!text_to_int(TEXT("-"), &value));
    CHECK(!text_to_int(TEXT(""), &value));
    CHECK(!text_to_int(TEXT("1 "), &value));
    CHECK(value == INT64_MAX);
}

static void cuts_at_a_separator(void)
{
    struct text rest = TEXT("a/b//c");
    CHECK(text_is(text_cut(&rest, '/'), "a"));
    CHECK(text_is(text_cut(&rest, '/'), "b"));
    CHECK(text_is(text_cut(&rest, '/'), ""));
    CHECK(text_is(text_cut(&rest, '/'), "c"));
    CHECK(rest.len == 0);
}

static void names_the_nearest_word(void)
{
    const char *const names[] = {"image", "memory", "duration"};
    const char *near = text_nearest(TEXT("iamge"), names, 3);
    CHECK_TEXT(near, "image");
    CHECK(text_nearest(TEXT("zebra"), names, 3) == NULL);
}

static void orders_by_bytes_then_length(void)
{
    CHECK(text_compare(TEXT("a"), TEXT("b")) < 0);
    CHECK(text_compare(TEXT("a"), TEXT("ab")) < 0);
    CHECK(text_compare(TEXT("ab"), TEXT("ab")) == 0);
    CHECK(text_compare(TEXT("\xff"), TEXT("a")) > 0);
}

SUITE({"converts integers, and refuses what is none", converts_integers},
      {"cuts at a separator", cuts_at_a_separator},
      {"names the nearest word", names_the_nearest_word},
      {"orders by bytes, then by length", orders_by_bytes_then_length})
