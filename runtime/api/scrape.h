/* /metrics: what the host has counted, for Prometheus. */
#ifndef API_SCRAPE_H
#define API_SCRAPE_H

#include "api/operation.h"

/* Answer it; the service has metrics. */
void scrape_answer(struct operation *operation);

#endif
