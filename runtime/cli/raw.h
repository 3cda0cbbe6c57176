/* `get --raw PATH`: what the host answers there, as it comes. */
#ifndef CLI_RAW_H
#define CLI_RAW_H

#include "cli/arguments.h"
#include "cli/session.h"

/* TEND_INVALID where the words make no sense with it. */
NODISCARD enum tend_code raw_check(const struct arguments *arguments, struct error *err);

/* Fetch and print it; the exit code. */
int raw_get(struct session *session, const struct arguments *arguments);

#endif
