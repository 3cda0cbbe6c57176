/* Whose fault a death is. [core]
 *
 * What executed on the lane that died, as the page says; what only waits is innocent. A thread of the plugin's own
 * that dies is charged to what it holds, as far as anybody knows: to the call that is held for longest. Where
 * nobody could note which thread it was (the kernel killed the process for its memory, it called _exit), it is
 * what executes, where that is one call; with several it is not known, and they have to run one by one.
 *
 * The page is hostile: it may only name a call that is out.
 */
#ifndef RUNNER_BLAME_H
#define RUNNER_BLAME_H

#include "protocol/page.h"
#include "runner/flight.h"

/* Does the page say whose fault it is? Then `ret_call` is (0: nobody's). */
bool blame_find(const struct flight *flight, const struct page *page, uint64_t *ret_call);

/* No call that was sent after this one has begun, as far as the page says. */
uint64_t blame_begun(const struct page *page);

/* The call that is held for longest; NULL: none is. */
const struct reconcile_call *blame_held(const struct flight *flight);

#endif
