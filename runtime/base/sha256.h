/* SHA-256 (FIPS 180-4): names of content that outlive the process. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { SHA256_BYTES = 32, SHA256_HEX = 2 * SHA256_BYTES + 1 };

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[64];
};

void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, struct text bytes);
void sha256_end(struct sha256 *hash, unsigned char *out); /* SHA256_BYTES */

/* All at once. */
void sha256(struct text bytes, unsigned char *out);

/* Lower-case hex with a NUL; `out` holds SHA256_HEX. */
void sha256_hex(struct text bytes, char *out);

#endif
