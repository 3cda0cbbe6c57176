/* GET on a collection with watch=true: a stream of changes, one JSON object a line. */
#ifndef API_WATCHING_H
#define API_WATCHING_H

#include "api/operation.h"

/* Answer with the stream: resourceVersion, labelSelector, fieldSelector, allowWatchBookmarks,
 * sendInitialEvents, timeoutSeconds. A revision that is no longer kept is an ERROR event of code 410,
 * after which the stream ends, as kube-apiserver does it. */
void watch_collection(struct operation *operation);

#endif
