/* How a file stands: what is wrong with it as it is now, which of its contents went well, which one is not to
 * be tried again; and the sentences that say so. [core]
 */
#ifndef RUNNER_STANDING_H
#define RUNNER_STANDING_H

#include "runner/pin.h"
#include "runner/telling.h"

/* Why a version is to serve. */
enum purpose {
    PURPOSE_FRESH,     /* the file holds it */
    PURPOSE_LAST_GOOD, /* the file holds what cannot serve */
    PURPOSE_ROLLBACK,  /* who serves fails */
};

enum problem {
    PROBLEM_NONE,
    PROBLEM_WAITING, /* it is half there */
    PROBLEM_REFUSED,
    PROBLEM_BLOCKED,  /* another file is in the way */
    PROBLEM_STUCK,    /* no process can be started for it */
    PROBLEM_DISABLED, /* the host is told not to load it */
};

/* Zeroed: nothing is known. */
struct standing {
    enum purpose served_as; /* who serves */
    enum problem problem;
    enum pin pin;           /* PIN_OTHERS: it is blocked because the host is told so */
    char *hash;             /* of the content that has it; NULL: not known */
    char *message;          /* what is wrong */
    struct history history; /* `message`: why `rejected` was rolled back */
    enum { HISTORY_UNREAD, HISTORY_READ } phase;
    char *contested; /* what is told of others that want the same; NULL: it is not known */
    char *stays;     /* why it was not rolled back; NULL: nothing of that sort */
};
void standing_done(struct standing *standing);

/* Know what was told of the file before; once. */
void standing_recall(struct standing *standing, const struct telling *telling);

/* What is wrong with the file, if anything. Texts are copied; NULL allowed. */
void standing_set(struct standing *standing, enum problem problem, const char *hash,
                  const char *message);

/* It is blocked because the host is told that another file has its kind: nobody has to be alarmed. */
void standing_pinned_out(struct standing *standing, const char *hash, const char *message);

/* `file` is not to be loaded. */
void standing_disabled(struct standing *standing, const char *file);

/* Another file, `holder`, is loaded with that content. */
void standing_double(struct standing *standing, const char *hash, const char *holder);

/* Other files want what it serves; "": none does. */
void standing_contest(struct standing *standing, const char *message);

/* The file holds something else than what was rolled back, or that is to be tried once more. */
void standing_forgive(struct standing *standing);

void standing_good(struct standing *standing, const char *hash);
bool standing_is_good(const struct standing *standing, const char *hash);
bool standing_is_rejected(const struct standing *standing, const char *hash);

/* There is a problem, and the last good content `hash` cannot serve in its place. */
void standing_no_fallback(struct standing *standing, const char *hash, const char *reason);

/* `version` fails, and content `previous` is to serve again; and then: it does, or it cannot. */
void standing_roll_back(struct standing *standing, const struct version *version,
                        const char *previous, const char *file);
void standing_rolled_back(struct standing *standing, const char *rejected, const char *serves);
void standing_stays(struct standing *standing, const char *previous, const char *reason);

/* Tell all that, of `serving`; NULL: nothing serves, and there is a problem. */
void standing_tell(const struct standing *standing, struct telling *telling,
                   const struct version *serving);

#endif
