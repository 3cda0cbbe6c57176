/* Requests that are sent: "http" of effect.h, by libcurl over the world's descriptors and alarms.
 *
 * HTTP/1.1 and HTTP/2, http and https with the system's certificates, the proxies that the environment
 * names. Up to HTTP_REDIRECTS_MAX redirects are followed for GET and HEAD; others are an answer like any.
 * Headers come back in lower case; those that came several times are joined by ", " (RFC 9110, section 5.3);
 * more than EFFECT_OUTPUT_MAX in all is a problem.
 * A body longer than EFFECT_OUTPUT_MAX ends the transfer: the rest is not fetched. HTTP_TRANSFERS_MAX
 * are on the way at once. All on the core.
 */
#ifndef EFFECT_TRANSFER_H
#define EFFECT_TRANSFER_H

#include "base/world.h"
#include "effect/effect.h"

struct transfers;

struct transfers *transfers_new(struct world *world);

/* Every effect was cancelled before, and the world's jobs are done. NULL is allowed. */
void transfers_free(struct transfers *transfers);

/* Takes what is under "http". */
struct executor *transfers_executor(struct transfers *transfers);

#endif
