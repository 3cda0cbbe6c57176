#include "document/utf8.h"
#include "support/suite.h"

/* What a sequence of `len` bytes would mean, without asking whether it may. */
static uint32_t meaning(const unsigned char *bytes, size_t len)
{
    uint32_t character = bytes[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    return character;
}

/* RFC 3629 by its definition: the sequence is valid where its meaning may be written and is written so. */
static bool by_definition(const unsigned char *bytes, size_t len)
{
    char written[4];
    uint32_t character = meaning(bytes, len);
    if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)) {
        return false;
    }
    return utf8_put(written, character) == written + len && memcmp(written, bytes, len) == 0;
}

static void writes_by_length(void)
{
    static const struct {
        uint32_t character;
        const char *bytes;
    } cases[] = {
        {'A', "A"},
        {0x7f, "\x7f"},
        {0x80, "\xc2\x80"},
        {0x7ff, "\xdf\xbf"},
        {0x800, "\xe0\xa0\x80"},
        {0x20ac, "\xe2\x82\xac"},
        {0xffff, "\xef\xbf\xbf"},
        {0x10000, "\xf0\x90\x80\x80"},
        {0x1f600, "\xf0\x9f\x98\x80"},
        {0x10ffff, "\xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char written[5] = {0};
        *utf8_put(written, cases[i].character) = '\0';
        CHECK_TEXT(written, cases[i].bytes);
    }
}

/* The number of sequences of `first` and every continuation that are judged wrongly. */
static size_t misjudged(unsigned char first, size_t len)
{
    size_t wrong = 0;
    size_t last = (size_t)1 << 6 * (len - 1);
    for (size_t bits = 0; bits < last; bits++) {
        unsigned char bytes[5] = {first};
        for (size_t i = 1; i < len; i++) {
            bytes[i] = (unsigned char)(0x80u | (bits >> 6 * (len - 1 - i) & 0x3fu));
        }
        size_t expected = by_definition(bytes, len) ? len : 0;
        wrong += utf8_len((const char *)bytes) != expected;
    }
    return wrong;
}

static void judges_every_sequence(void)
{
    for (unsigned first = 0xc0; first <= 0xf7; first++) {
        size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        CHECK_INT(misjudged((unsigned char)first, len), 0);
    }
}

static void judges_first_bytes(void)
{
    for (unsigned first = 0; first <= 0xff; first++) {
        char bytes[5] = {(char)first, '\x90', '\x80', '\x80', '\0'};
        bool begins = first >= 0xc2 && first <= 0xf4 && first != 0xe0 && first != 0xf4;
        CHECK((utf8_len(bytes) > 0) == begins);
    }
}

static void needs_every_continuation(void)
{
    static const char *const whole[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(utf8_len(whole[i]), i + 2);
        for (size_t cut = 1; cut < i + 2; cut++) {
            char bytes[5] = {0};
            memcpy(bytes, whole[i], i + 2);
            bytes[cut] = '\0';
            CHECK_INT(utf8_len(bytes), 0);
            bytes[cut] = '\xc3'; /* begins another one */
            CHECK_INT(utf8_len(bytes), 0);
        }
    }
}

SUITE({"writes a character in as many bytes as it needs", writes_by_length},
      {"judges every sequence as the definition does", judges_every_sequence},
      {"judges every first byte", judges_first_bytes},
      {"needs every continuation", needs_every_continuation})
