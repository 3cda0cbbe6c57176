/* Inputs of the public JSON test suite that are not UTF-8.
 *
 * The package that the suite is fetched from carries its inputs as text, which turned every invalid
 * byte of these into U+FFFD: 25 inputs to parse, 3 to transform. Here they are as bytes again, under
 * the names that they have there.
 */
#ifndef DOCUMENT_DAMAGED_JSON_H
#define DOCUMENT_DAMAGED_JSON_H

#include "base/text.h"

struct damaged_json {
    const char *name;
    struct text bytes;
};

/* As TEXT, but a constant that an array of static life takes. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct damaged_json damaged_json[] = {
    /* another encoding */
    {"i_string_UTF-16LE_with_BOM.json", BYTES("\xff\xfe[\0\"\0\xe9\0\"\0]\0")},
    {"i_string_utf16BE_no_BOM.json", BYTES("\0[\0\"\0\xe9\0\"\0]")},
    {"i_string_utf16LE_no_BOM.json", BYTES("[\0\"\0\xe9\0\"\0]\0")},
    {"i_string_iso_latin_1.json", BYTES("[\"\xe9\"]")},
    {"n_structure_single_eacute.json", BYTES("\xe9")},
    {"n_structure_incomplete_UTF8_BOM.json", BYTES("\xef\xbb{}")},
    /* no such sequence in UTF-8 */
    {"i_string_invalid_utf-8.json", BYTES("[\"\xff\"]")},
    {"i_string_UTF-8_invalid_sequence.json", BYTES("[\"\xe6\x97\xa5\xd1\x88\xfa\"]")},
    {"i_string_UTF8_surrogate_U+D800.json", BYTES("[\"\xed\xa0\x80\"]")},
    {"i_string_lone_utf8_continuation_byte.json", BYTES("[\"\x81\"]")},
    {"i_string_not_in_unicode_range.json", BYTES("[\"\xf4\xbf\xbf\xbf\"]")},
    {"i_string_overlong_sequence_2_bytes.json", BYTES("[\"\xc0\xaf\"]")},
    {"i_string_overlong_sequence_6_bytes.json", BYTES("[\"\xfc\x83\xbf\xbf\xbf\xbf\"]")},
    {"i_string_overlong_sequence_6_bytes_null.json", BYTES("[\"\xfc\x80\x80\x80\x80\x80\"]")},
    {"i_string_truncated-utf-8.json", BYTES("[\"\xe0\xff\"]")},
    /* where no character above ASCII may stand */
    {"n_array_a_invalid_utf8.json", BYTES("[a\xe5]")},
    {"n_array_invalid_utf8.json", BYTES("[\xff]")},
    {"n_number_invalid-utf-8-in-bigger-int.json", BYTES("[123\xe5]")},
    {"n_number_invalid-utf-8-in-exponent.json", BYTES("[1e1\xe5]")},
    {"n_number_invalid-utf-8-in-int.json", BYTES("[0\xe5]\n")},
    {"n_number_real_with_invalid_utf8_after_e.json", BYTES("[1e\xe5]")},
    {"n_object_lone_continuation_byte_in_key_and_trailing_comma.json", BYTES("{\"\xb9\":\"0\",}")},
    {"n_string_invalid-utf-8-in-escape.json", BYTES("[\"\\u\xe5\"]")},
    {"n_string_invalid_utf8_after_escape.json", BYTES("[\"\\\xe5\"]")},
    {"n_structure_lone-invalid-utf-8.json", BYTES("\xe5")},
    /* of the transformations: surrogates as if they were characters */
    {"string_1_invalid_codepoint.json", BYTES("[\"\xed\xa0\x80\"]")},
    {"string_2_invalid_codepoints.json", BYTES("[\"\xed\xa0\x80\xed\xa0\x80\"]")},
    {"string_3_invalid_codepoints.json", BYTES("[\"\xed\xa0\x80\xed\xa0\x80\xed\xa0\x80\"]")},
};

enum { DAMAGED_JSON_COUNT = sizeof damaged_json / sizeof damaged_json[0] };

#endif
