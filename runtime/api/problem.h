/* What went wrong, as metav1.Status: the one place that turns an outcome into HTTP. */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "admission/admission.h"
#include "api/exchange.h"

struct problem {
    enum tend_code code;
    enum admission_fault fault; /* where the code is TEND_INVALID */
    const char *message;
    const char *reason;                  /* NULL: what the code implies */
    const char *cause;                   /* a word for machines beside `causes`; NULL: none */
    int status;                          /* 0: what the code implies */
    struct text group, plural, name;     /* what it is about; empty: nothing in particular */
    const struct schema_problem *causes; /* may be none */
    size_t cause_count;
};

/* Problems that have no code of their own. */
enum problem_other {
    PROBLEM_METHOD,         /* 405 */
    PROBLEM_NOT_ACCEPTABLE, /* 406 */
    PROBLEM_MEDIA,          /* 415 */
    PROBLEM_TOO_LARGE,      /* 413 */
    PROBLEM_BUSY,           /* 429, try again in a second */
    PROBLEM_AHEAD,          /* 504: the revision lies in the future, with its cause */
};

/* The problem that `err` is, about nothing in particular; the message is borrowed from it. An invalid
 * input is the request's fault. */
struct problem problem_of(const struct error *err);
struct problem problem_other(enum problem_other other, const char *message);

/* The Status object, in `arena`. */
const struct value *problem_status(const struct problem *problem, struct arena *arena);

/* Answer with it; says when to come back where that helps. */
void problem_answer(struct exchange *exchange, const struct problem *problem);
void problem_answer_error(struct exchange *exchange, const struct error *err);

#endif
