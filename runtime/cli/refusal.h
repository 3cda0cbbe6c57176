/* Why a host said no: the metav1.Status in an answer that is none of the good ones. */
#ifndef CLI_REFUSAL_H
#define CLI_REFUSAL_H

#include "cli/reply.h"
#include "document/value.h"

struct refusal {
    enum tend_code code;
    struct text message;
    struct text about_kind;     /* plural of what it is about; empty: nothing in particular */
    const struct value *causes; /* list of {reason, message, field}, or NULL */
};

/* Read it; total: whatever the host sent becomes a refusal with a message. */
struct refusal refusal_of(const struct reply *reply, struct arena *arena);

/* The refusal that a Status object is (of an ERROR event in a watch as well). */
struct refusal refusal_of_status(const struct value *status, int http_status);

/* TEND_OK for 200 to 299; otherwise the refusal's code, with its message in `err`. */
NODISCARD enum tend_code refusal_check(const struct reply *reply, struct error *err);

#endif
