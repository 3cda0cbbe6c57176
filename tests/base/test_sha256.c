/* The examples that NIST publishes with FIPS 180-4, and the lengths around a block's end. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/sha256.h"
#include "support/suite.h"

static void agrees_with_the_standard(void)
{
    char hex[SHA256_HEX];
    sha256_hex(TEXT(""), hex);
    CHECK_TEXT(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex(TEXT("abc"), hex);
    CHECK_TEXT(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex(TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
    CHECK_TEXT(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = alloc_new(1000001);
    memset(million, 'a', 1000000);
    sha256_hex(text_of(million), hex);
    free(million);
    CHECK_TEXT(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void does_not_depend_on_how_it_is_cut(void)
{
    char bytes[200];
    memset(bytes, 'x', sizeof bytes);
    for (size_t len = 50; len < 140; len++) {
        unsigned char whole[SHA256_BYTES], parts[SHA256_BYTES];
        struct sha256 hash;
        sha256((struct text){bytes, len}, whole);
        sha256_init(&hash);
        sha256_add(&hash, (struct text){bytes, len / 3});
        sha256_add(&hash, (struct text){bytes, len - len / 3});
        sha256_end(&hash, parts);
        CHECK(memcmp(whole, parts, sizeof whole) == 0);
    }
}

SUITE({"agrees with the standard's examples", agrees_with_the_standard},
      {"does not depend on how the input is cut", does_not_depend_on_how_it_is_cut})
