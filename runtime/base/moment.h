/* Moments and durations as text.
 *
 * A moment is wall-clock milliseconds since 1970-01-01T00:00:00Z; a duration is milliseconds. Which
 * clock is read is the world's business (base/world.h); this file only converts.
 */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { MOMENT_TEXT_MAX = 32, DURATION_TEXT_MAX = 32 };

/* RFC 3339 has years of four digits: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z. */
#define MOMENT_MIN_MS (-INT64_C(62167219200000))
#define MOMENT_MAX_MS INT64_C(253402300799999)

/* RFC 3339 in UTC, whole seconds (cut): "2026-01-02T03:04:05Z" (metav1.Time). `out` holds
 * MOMENT_TEXT_MAX. A moment beyond the range prints as its nearest end. Returns `out`. */
const char *moment_format(int64_t moment_ms, char *out);

/* The same with six decimals: "2026-01-02T03:04:05.678000Z" (metav1.MicroTime). */
const char *moment_format_micro(int64_t moment_ms, char *out);

/* RFC 3339 with any fraction (cut to milliseconds) and any offset. A second 60 is the first of the
 * next minute. False where it is none, or lies beyond the range. */
bool moment_parse(struct text text, int64_t *ret_moment_ms);

/* "90s", "1h30m", "1.5h", "250ms", "2d"; units d h m s ms, largest first, or a bare "0". Cut to
 * milliseconds. Not negative. False where it is none or exceeds DURATION_MAX_MS (a hundred years). */
bool duration_parse(struct text text, int64_t *ret_duration_ms);
#define DURATION_MAX_MS ((int64_t)36500 * 24 * 3600 * 1000)

/* Exact and shortest: "1h30m", "1.5s" is "1s500ms", "0s". `out` holds DURATION_TEXT_MAX. */
const char *duration_format(int64_t duration_ms, char *out);

/* One or two units, as kubectl prints ages: "6s", "3m2s", "4d" (the table of HumanDuration in
 * k8s.io/apimachinery). */
const char *duration_age(int64_t duration_ms, char *out);

#endif
