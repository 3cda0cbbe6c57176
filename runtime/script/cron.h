/* Schedules as cron has them, in UTC:
 *
 *     minute (0-59)  hour (0-23)  day (1-31)  month (1-12, jan-dec)  weekday (0-7, sun-sat; 0 and 7 are Sunday)
 *
 * Each is `*`, a number, a range `8-18`, any of these with a step `* / 15` (without the spaces), or a list
 * of such. Where day and weekday are both restricted, a day of either kind will do.
 */
#ifndef SCRIPT_CRON_H
#define SCRIPT_CRON_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* The first minute of `schedule` after `after_ms`, both wall clock. TEND_INVALID with a sentence where
 * `schedule` is none, or has no such minute in eight years (29 February comes in less). */
NODISCARD enum tend_code cron_next(struct text schedule, int64_t after_ms, int64_t *ret_ms,
                                   struct error *err);

#endif
