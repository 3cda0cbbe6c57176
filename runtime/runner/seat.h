/* A controller as a version declares it, and its place in the loop.
 *
 * States have a history that a single version does not know. What was renamed once stays renamed, for as
 * long as the new name is a state; and a version that still has the old name and not the new one gets its
 * objects back under the old one. So the machine that is claimed is the declared one with the names that it
 * inherits from the machine in force.
 */
#ifndef RUNNER_SEAT_H
#define RUNNER_SEAT_H

#include "admission/admission.h"
#include "controller/controller.h"
#include "resource/machine.h"
#include "runner/pin.h"

enum seat_place {
    PLACE_NONE,
    PLACE_ADDED, /* new in the loop, for this version */
    PLACE_TAKEN, /* the version before has it under that name, for that kind */
    PLACE_MOVED  /* ... under that name, for another kind, or in another role */
};

struct seat {
    const char *name, *kind; /* in the arena that it was read into, like all else */
    enum controller_role role;
    const char *labels, *annotation; /* of an observer; NULL: any */
    const char *const *owns;         /* NULL-ended */
    uint32_t most;                   /* as in controller_options */
    const struct value *described;
    const struct value *machine; /* to be claimed; NULL: none. After seat_prepare */
    struct machine *becomes;     /* the same; owned */
    struct controller *controller;
    enum seat_place place;
    enum pin pin; /* of its kind */
    const char
        *evicts; /* the controller, which no file has, that owns the kind so far; NULL: none */
};

/* What `described` (protocol/shape.h) says. */
void seat_read(struct seat *seat, const struct value *described, struct arena *arena);

/* Its machine, for the kinds as they are now. *ret_resource: whose objects may be in states that it will
 * not have; NULL: none can be. TEND_INVALID where the machine, or a kind's name, is none. */
NODISCARD enum tend_code seat_prepare(struct seat *seat, const struct catalogue *catalogue,
                                      struct arena *arena, const char **ret_resource,
                                      struct error *err);
void seat_done(struct seat *seat);

/* As the loop takes it. */
struct controller_options seat_options(const struct seat *seat, struct worker *worker,
                                       const char *file, const char *hash, const char *version);

/* The kind that it owns; NULL where it is not there (now), or it is an observer. */
const struct kind *seat_kind(const struct seat *seat, const struct catalogue *catalogue);

#endif
