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

static void clips_between_characters(void)
{
    CHECK(text_is(text_clip(TEXT("abc"), 2), "ab"));
    CHECK(text_is(text_clip(TEXT("abc"), 9), "abc"));
    CHECK(text_is(text_clip(TEXT("a\xC3\xA9"
                                 "b"),
                            2),
                  "a"));
    CHECK(text_is(text_clip(TEXT("a\xC3\xA9"
                                 "b"),
                            3),
                  "a\xC3\xA9"));
    CHECK(text_is(text_clip(TEXT("\xF0\x9F\x98\x80"), 3), ""));
}

static void names_the_nearest_word(void)
{
    const char *const names[] = {"image", "memory", "duration"};
    const char *near = text_nearest(TEXT("iamge"), names, 3);
    CHECK_TEXT(near, "image");
    CHECK(text_nearest(TEXT("zebra"), names, 3) == NULL);
    CHECK(text_nearest(TEXT("image"), names, 0) == NULL);
}

static void takes_no_other_word_for_a_slip(void)
{
    const char *const names[] = {"x", "no", "yes"};
    char long_word[200];
    memset(long_word, 'x', sizeof long_word);
    CHECK(text_nearest(TEXT("a"), names, 3) == NULL);
    CHECK(text_nearest(TEXT(""), names, 3) == NULL);
    CHECK(text_nearest((struct text){long_word, sizeof long_word}, names, 3) == NULL);
    CHECK_TEXT(text_nearest(TEXT("yess"), names, 3), "yes");
}

static void compares_beginnings_and_ends(void)
{
    CHECK(text_starts(TEXT("spec.image"), TEXT("spec.")));
    CHECK(text_starts(TEXT("spec"), TEXT("")));
    CHECK(!text_starts(TEXT("spec"), TEXT("specs")));
    CHECK(text_ends(TEXT("lab.yaml"), TEXT(".yaml")));
    CHECK(!text_ends(TEXT("yaml"), TEXT(".yaml")));
    CHECK(text_ends((struct text){NULL, 0}, (struct text){NULL, 0}));
}

static void stays_within_its_ends(void)
{
    struct text text = TEXT("abc");
    CHECK(text_is(text_from(text, 1), "bc"));
    CHECK(text_is(text_from(text, 9), ""));
    CHECK(text_is(text_first(text, 2), "ab"));
    CHECK(text_is(text_first(text, 9), "abc"));
    CHECK_INT(text_find(text, 'c'), 2);
    CHECK_INT(text_find(text, 'x'), 3);
    CHECK_INT(text_find(text_of(NULL), 'x'), 0);
    CHECK_INT(text_of(NULL).len, 0);
}

static void searches_for_a_part(void)
{
    struct text text = TEXT("abcabd");
    CHECK_INT(text_search(text, TEXT("abd")), 3);
    CHECK_INT(text_search(text, TEXT("abcabd")), 0);
    CHECK_INT(text_search(text, TEXT("abe")), 6);
    CHECK_INT(text_search(text_first(text, 5), TEXT("abd")), 5); /* its end is where it is cut */
    CHECK_INT(text_search(text_of(NULL), TEXT("a")), 0);
}

static void hashes_by_content(void)
{
    char a[] = "the same words", b[] = "the same words";
    CHECK(text_hash(text_of(a)) == text_hash(text_of(b)));
    CHECK(text_hash(text_of(a)) != text_hash(TEXT("the same word")));
    CHECK(text_hash(TEXT("")) == text_hash(text_of(NULL)));
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
      {"clips between characters", clips_between_characters},
      {"names the nearest word", names_the_nearest_word},
      {"takes no other word for a slip", takes_no_other_word_for_a_slip},
      {"compares beginnings and ends", compares_beginnings_and_ends},
      {"stays within its ends", stays_within_its_ends},
      {"searches for a part", searches_for_a_part}, {"hashes by content", hashes_by_content},
      {"orders by bytes, then by length", orders_by_bytes_then_length})
