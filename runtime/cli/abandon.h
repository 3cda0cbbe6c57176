/* `delete --abandon`: objects go without their controller's cleaning up. */
#ifndef CLI_ABANDON_H
#define CLI_ABANDON_H

#include "cli/session.h"

/* The finalizer by which a kind's controller holds its objects: "GROUP/tend". */
struct text abandon_finalizer(struct arena *arena, const struct served_kind *kind);

/* May it be asked for? An object whose controller is live is not even marked: TEND_DENIED, what to do
 * instead. One that is being deleted already is left to the host to judge. `path` is the object's. */
NODISCARD enum tend_code abandon_check(struct session *session, const struct served_kind *kind,
                                       struct text path, struct error *err);

/* Take the kind's finalizer off `object`, which is being deleted. Others may hold it still. */
NODISCARD enum tend_code abandon_release(struct session *session, const struct served_kind *kind,
                                         struct text path, const struct value *object,
                                         struct error *err);

#endif
