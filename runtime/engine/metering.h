/* What a plugin counts, gathered where it runs, until it is told to the host (protocol/shape.h, "a report").
 *
 * A series is declared once and named by a number from then on; counting is a lock that nobody else
 * mostly holds, and an addition. What the plugin declares is judged here (base/metrics.h, metric_check): what
 * got through cannot be malformed later. One for each process that holds an engine.
 *
 * [any thread] for all of it but new, free and what tells. */
#ifndef ENGINE_METERING_H
#define ENGINE_METERING_H

#include "base/arena.h"
#include "base/metrics.h"
#include "document/value.h"

struct metering;

struct metering *metering_new(void);
void metering_free(struct metering *metering); /* nobody counts any more; NULL is allowed */

/* The series with that name and those labels of `controller`, made where it is missing; what is given is
 * copied. 0, and a sentence, where it is none (TEND_INVALID), where the name has another type or other bounds
 * (TEND_EXISTS), or where there are too many (TEND_LIMIT, counted). */
uint64_t metering_declare(struct metering *metering, const char *controller,
                          const struct metric_spec *spec, const struct metric_label *labels,
                          struct error *err);

/* Is one more complaint about what was declared worth a line? After a few it is not. */
bool metering_complains(struct metering *metering);

/* Nothing where `series` is 0, none, of another type, or where the number makes no sense (not finite; a
 * counter that goes back). */
void metering_add(struct metering *metering, uint64_t series, double by);
void metering_set(struct metering *metering, uint64_t series, double value);
void metering_observe(struct metering *metering, uint64_t series, double value);

/* --- telling, one thread --- */

/* Readable while there is something to tell. -1 where nothing was ever declared. */
int metering_fd(struct metering *metering);

/* What was counted since the last report, in `arena`; NULL: nothing. There may be more at once: ask again. */
const struct value *metering_report(struct metering *metering, struct arena *arena);

#endif
