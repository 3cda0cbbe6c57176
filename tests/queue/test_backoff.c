#include "base/limits.h"
#include "queue/backoff.h"
#include "support/suite.h"

static void doubles(void)
{
    for (unsigned failures = 1; failures <= 8; failures++) {
        int64_t plain_ms = (int64_t)BACKOFF_FIRST_MS << (failures - 1);
        int64_t spread_ms = plain_ms / 5;
        CHECK_INT(backoff_ms(failures, 0), plain_ms - spread_ms);
        CHECK_INT(backoff_ms(failures, (uint64_t)(2 * spread_ms)), plain_ms + spread_ms);
        CHECK_INT(backoff_ms(failures, (uint64_t)spread_ms), plain_ms);
    }
}

static void is_capped(void)
{
    CHECK_INT(backoff_ms(13, 60000), BACKOFF_MAX_MS);
    CHECK_INT(backoff_ms(64, 60000), BACKOFF_MAX_MS);
    CHECK_INT(backoff_ms(4000000000u, 60000), BACKOFF_MAX_MS);
    for (uint64_t random = 1; random != 0; random <<= 1) {
        CHECK(backoff_ms(40, random) <= BACKOFF_MAX_MS * 12 / 10);
        CHECK(backoff_ms(40, random) >= BACKOFF_MAX_MS * 8 / 10);
    }
}

static void spreads(void)
{
    CHECK(backoff_ms(5, 7) != backoff_ms(5, 8));
}

SUITE({"doubles with each failure, within the jitter", doubles},
      {"stops growing at five minutes", is_capped}, {"differs with the random number", spreads})
