/* Interfaces that a plugin finds by name (tend/plugin.h). Private to the engine. */
#ifndef ENGINE_NATIVE_FIND_H
#define ENGINE_NATIVE_FIND_H

#include "base/alloc.h"
#include "engine/native_call.h"

/* The controller that holds `host`. */
static inline struct native_controller *native_controller_of(const struct tend_host *host)
{
    union {
        const struct tend_host *given;
        struct tend_host *ours;
    } of_host = {host};
    return CONTAINER_OF(of_host.ours, struct native_controller, host);
}

/* struct tend_config. */
const void *native_config_interface(void);

/* As api->find. */
const void *native_find(const struct tend_host *host, const char *id);

#endif
