/* The plain form of the standard, one block at a time: it names files and documents, nothing waits for
 * it. The constants are the standard's (fractional parts of roots of the first primes). */
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t word, unsigned by)
{
    return (word >> by) | (word << (32 - by));
}

static uint32_t read_word(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void expand(uint32_t *w, const unsigned char *block)
{
    for (int i = 0; i < 16; i++) {
        w[i] = read_word(block + 4 * i);
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3);
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static void compress(struct sha256 *hash, const unsigned char *block)
{
    uint32_t w[64], s[8];
    expand(w, block);
    memcpy(s, hash->state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t sum1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t t1 = s[7] + sum1 + choice + constants[i] + w[i];
        uint32_t sum0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + sum0 + majority;
    }
    for (int i = 0; i < 8; i++) {
        hash->state[i] += s[i];
    }
}

void sha256_init(struct sha256 *hash)
{
    *hash = (struct sha256){0};
    memcpy(hash->state, initial, sizeof initial);
}

void sha256_add(struct sha256 *hash, struct text bytes)
{
    while (bytes.len > 0) {
        size_t used = hash->length % sizeof hash->block;
        size_t room = sizeof hash->block - used;
        struct text part = text_first(bytes, room);
        memcpy(hash->block + used, part.ptr, part.len);
        hash->length += part.len;
        if (part.len == room) {
            compress(hash, hash->block);
        }
        bytes = text_from(bytes, part.len);
    }
}

void sha256_end(struct sha256 *hash, unsigned char *out)
{
    static const char padding[64] = {(char)0x80};
    uint64_t bits = hash->length * 8;
    size_t used = hash->length % 64;
    sha256_add(hash, (struct text){padding, used < 56 ? 56 - used : 120 - used});
    char length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (char)(bits >> (56 - 8 * i));
    }
    sha256_add(hash, (struct text){length, sizeof length});
    for (int i = 0; i < SHA256_BYTES; i++) {
        out[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void sha256(struct text bytes, unsigned char *out)
{
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, bytes);
    sha256_end(&hash, out);
}

void sha256_hex(struct text bytes, char *out)
{
    unsigned char digest[SHA256_BYTES];
    sha256(bytes, digest);
    for (int i = 0; i < SHA256_BYTES; i++) {
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    }
}
