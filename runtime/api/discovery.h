/* What this host serves, for clients that ask before they do anything: groups, versions, resources. */
#ifndef API_DISCOVERY_H
#define API_DISCOVERY_H

#include "document/value.h"
#include "resource/catalogue.h"

const struct value *discovery_version(struct arena *arena);             /* /version */
const struct value *discovery_core(struct arena *arena);                /* /api: APIVersions */
const struct value *discovery_groups(const struct catalogue *catalogue, /* /apis */
                                     struct arena *arena);

/* /apis/GROUP: APIGroup; and /api/v1, /apis/GROUP/VERSION: APIResourceList. NULL where there is no such
 * group or version. */
const struct value *discovery_group(const struct catalogue *catalogue, struct text group,
                                    struct arena *arena);
const struct value *discovery_resources(const struct catalogue *catalogue, struct text group,
                                        struct text version, struct arena *arena);

#endif
