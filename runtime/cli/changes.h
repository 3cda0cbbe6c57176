/* What changes in a collection, as a host streams it: watch=true, connected again where a stream ends. */
#ifndef CLI_CHANGES_H
#define CLI_CHANGES_H

#include "cli/session.h"

struct changes {
    struct session *session;
    struct text target; /* of the collection, with its selectors; borrowed */
    const char *accept; /* NULL: JSON */
    int64_t timeout_s;  /* 0: as long as it takes; otherwise the first stream is the only one */
    struct text after;  /* resourceVersion to start after; updated, in `revision` */
    char revision[32];
    bool is_open;
    struct reply reply;
    struct arena arena; /* of the event that was handed out */
};

enum changes_end { CHANGES_GO_ON, CHANGES_INTERRUPTED, CHANGES_TIMED_OUT };

struct change_event {
    enum changes_end end;       /* CHANGES_GO_ON: there is an event */
    struct text type;           /* "ADDED", "MODIFIED", "DELETED" */
    const struct value *object; /* borrowed until the next call */
};

/* Zeroed but for session, target, accept, timeout_s and after. */
void changes_done(struct changes *changes);

/* The next event, or why there is none. TEND_GONE where what happened since is no longer kept: list
 * anew. */
NODISCARD enum tend_code changes_next(struct changes *changes, struct change_event *ret_event,
                                      struct error *err);

#endif
