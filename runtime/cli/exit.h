/* Exit codes of the client commands: scripts act on them, so they never change their meaning. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#include "base/error.h"

enum exit_code {
    EXIT_DONE = 0,        /* what was asked for is so */
    EXIT_FAILED = 1,      /* refused or failed; the message says why */
    EXIT_USAGE = 2,       /* the command line makes no sense */
    EXIT_UNREACHABLE = 3, /* no host answers, or it cannot at the moment */
    EXIT_NOT_FOUND = 4,   /* there is no such object or kind */
    EXIT_CONFLICT = 5,    /* it exists already, or changed meanwhile */
    EXIT_WAITING = 6,     /* not yet: something waits for its kind or namespace, or time ran out */
};

/* The exit code that an outcome means. */
enum exit_code exit_of(enum tend_code code);

/* One line about an exit code, for the help. */
const char *exit_meaning(enum exit_code code);

#endif
