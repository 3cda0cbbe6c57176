/* A file and what it holds: looked at by a job, again while it is half there, left alone while it is gone
 * for a moment.
 *
 *     look --job--> content            the copy that was taken
 *           |-----> half there --100 ms, 300 ms, 1 s--> ... --> waiting
 *           |-----> refused
 *           +-----> gone --500 ms, and still gone--> gone
 *
 * A file that changes while it is looked at is looked at once more after that. [core]
 */
#ifndef RUNNER_INTAKE_H
#define RUNNER_INTAKE_H

#include "base/world.h"
#include "runner/loader.h"

struct intake;

struct intake_ops {
    void (*content)(struct intake *intake, struct loaded *loaded); /* takes what it wants of it */
    void (*waiting)(struct intake *intake, const char *reason);    /* for the rest of the file */
    void (*refused)(struct intake *intake, const char *reason);
    void (*gone)(struct intake *intake);
    /* The answer to intake_recall: the copy (taken), or why there is none. */
    void (*recalled)(struct intake *intake, struct loaded *loaded, const char *problem);
};

struct intake {
    const struct intake_ops *ops;
    struct world *world;
    const char *file, *copies; /* the owner's */

    struct job job;
    struct alarm again; /* half there, or gone for a moment */
    enum { INTAKE_IDLE, INTAKE_LOOKING, INTAKE_RECALLING } phase;
    enum { LOOK_DONE, LOOK_WANTED } look; /* once more, after this job */
    unsigned tries;                       /* in a row, that found it half there */
    enum { FILE_THERE, FILE_MISSED } file_phase;
    char wanted[SHA256_HEX]; /* what is to be recalled; "": nothing */
    char hash[SHA256_HEX];   /* what is being recalled */
    struct task *closed;

    /* the job's, while there is one */
    struct loaded loaded;
    enum tend_code code;
    struct error err;
};

/* `file` and `copies` outlive it. Nothing happens yet. */
void intake_init(struct intake *intake, const struct intake_ops *ops, struct world *world,
                 const char *file, const char *copies);

/* The file may have changed: look at it. */
void intake_look(struct intake *intake);

/* Bring the copy of content `hash`, which was taken before. */
void intake_recall(struct intake *intake, const char *hash);

/* Has it still to say something? */
bool intake_is_busy(const struct intake *intake);

/* Does it wait for its file: for the rest of it, or for it to come back? */
bool intake_is_waiting(const struct intake *intake);

/* Is a job of it under way, that may have made a copy which nobody knows of? */
bool intake_is_copying(const struct intake *intake);

/* No callback follows; `closed` runs in a later step, when no job is under way any more. */
void intake_close(struct intake *intake, struct task *closed);

#endif
