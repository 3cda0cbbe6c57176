/* What a runner may do, as the host tells it by its second argument: a word, which `ps` shows. */
#ifndef PROTOCOL_CONFINEMENT_H
#define PROTOCOL_CONFINEMENT_H

#include <stdbool.h>
#include <string.h>

enum confinement {
    CONFINEMENT_STRICT,     /* no files, no network, no other processes */
    CONFINEMENT_NO_NETWORK, /* files as the host's user may; the rest as above */
    CONFINEMENT_OFF,        /* whatever the host's user may */
};

static inline const char *confinement_name(enum confinement level)
{
    switch (level) {
    case CONFINEMENT_STRICT:
        return "strict";
    case CONFINEMENT_NO_NETWORK:
        return "no-network";
    case CONFINEMENT_OFF:
        break;
    }
    return "off";
}

/* False where `word` names none. */
static inline bool confinement_parse(const char *word, enum confinement *ret_level)
{
    static const enum confinement all[] = {CONFINEMENT_STRICT, CONFINEMENT_NO_NETWORK,
                                           CONFINEMENT_OFF};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(word, confinement_name(all[i])) == 0) {
            *ret_level = all[i];
            return true;
        }
    }
    return false;
}

#endif
