/* Which controller answers for the objects of a kind, and whether it is there. */
#ifndef CLI_OWNER_H
#define CLI_OWNER_H

#include "cli/session.h"

/* Kinds that the host itself looks after. */
bool owner_is_host(const struct served_kind *kind);

/* Its Controller object, in `arena`; NULL: there is none. Asks the host. */
NODISCARD enum tend_code owner_find(struct session *session, const struct served_kind *kind,
                                    struct arena *arena, const struct value **ret_controller,
                                    struct error *err);

struct text owner_name(const struct value *controller); /* empty: NULL, or it has none */
struct text owner_phase(
    const struct value *controller); /* "live", "lost", ...; empty: not reported */

#endif
