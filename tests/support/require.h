/* What a fuzz target demands: where it does not hold, the target says what and ends as a crash. */
#ifndef SUPPORT_REQUIRE_H
#define SUPPORT_REQUIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

#endif
