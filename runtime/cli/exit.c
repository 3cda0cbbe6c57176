/* Exhaustive, so that a new code says here what a script is to see. */
#include "cli/exit.h"

enum exit_code exit_of(enum tend_code code)
{
    switch (code) {
    case TEND_OK:
        return EXIT_DONE;
    case TEND_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case TEND_EXISTS:
    case TEND_CONFLICT:
        return EXIT_CONFLICT;
    case TEND_TIMEOUT:
        return EXIT_WAITING;
    case TEND_UNAVAILABLE:
        return EXIT_UNREACHABLE;
    case TEND_INVALID:
    case TEND_DENIED:
    case TEND_GONE:
    case TEND_LIMIT:
    case TEND_IO:
    case TEND_CORRUPT:
    case TEND_INTERNAL:
        return EXIT_FAILED;
    }
    return EXIT_FAILED;
}

const char *exit_meaning(enum exit_code code)
{
    switch (code) {
    case EXIT_DONE:
        return "done";
    case EXIT_FAILED:
        return "refused or failed; the message says why";
    case EXIT_USAGE:
        return "the command line makes no sense";
    case EXIT_UNREACHABLE:
        return "no host answers, or it cannot at the moment";
    case EXIT_NOT_FOUND:
        return "there is no such object or kind";
    case EXIT_CONFLICT:
        return "it exists already, or changed meanwhile";
    case EXIT_WAITING:
        return "not yet: something waits for its kind or namespace, or time ran out";
    }
    return "failed";
}
