/* A plugin in the host itself: the means of its runner are a thread, which runs what a runner's process runs
 * (engine/serving.h), over the same kind of socket. Nobody can end it but itself. [core]
 */
#ifndef HOST_TENANT_H
#define HOST_TENANT_H

#include "host/tenants.h"
#include "runner/means.h"

/* `name`: the plugin's file, for people; copied. `tenants` outlives it. */
struct runner_means *tenant_new(struct tenants *tenants, const char *name);

#endif
