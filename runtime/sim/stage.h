/* The whole host on a virtual world: the production rooms over a disk in memory, and the controller files of
 * a test, loaded as the host loads them.
 *
 *     TRY(stage_open(&stage, &options, &err));
 *     TRY(stage_submit(&stage, &request, &err));       -- as a client; the answer is durable
 *     TRY(stage_settle(&stage, &err));                 -- until nothing is left to do now
 *     TRY(stage_advance(&stage, 120000, &err));        -- two minutes pass
 *     stage_close(&stage);
 *
 * Every change is kept as it became durable, with its moment: the past that a failure is told with. What
 * goes on for ever ends in a sentence: there is a bound on steps and on time.
 */
#ifndef SIM_STAGE_H
#define SIM_STAGE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "effect/effect.h"
#include "host/assembly.h"
#include "runner/plugin.h"
#include "sim/inline_maker.h"
#include "sim/virtual_world.h"
#include "store/backends/memory.h"

struct stage;

/* A folder for copies in TMPDIR, and the end of it. `out` holds STAGE_FOLDER_MAX. TEND_IO. */
enum { STAGE_FOLDER_MAX = 512 };
NODISCARD enum tend_code stage_folder_make(char *out, struct error *err);
void stage_folder_remove(const char *folder);

struct stage_options {
    const char *const *files; /* of controllers: .lua, .so; absolute; they outlive the stage */
    size_t file_count;
    const struct value *config; /* of each of them: a map; outlives the stage; NULL: {} */
    struct executor *executor;  /* outlives the stage */
    struct read_source *reads;  /* likewise; NULL allowed */
    /* A folder of stage_folder_make for private copies of the files, which other stages may use as well: a copy that
     * is there is not made again. NULL: one of its own, so that a shared object begins with fresh variables. */
    const char *copies;
    uint64_t seed; /* of what is due at once; 0: in the order in which it was asked for */
    /* Between two steps, where a process can die; NULL allowed. */
    void (*between)(struct stage *stage, void *owner);
    void (*crashed)(struct stage *stage, void *owner); /* it is down; NULL allowed */
    void *owner;
};

/* One durable change, or, where `key` is empty, a crash. */
struct stage_change {
    int64_t at_ms; /* ticks: since the start of the world */
    int64_t revision;
    enum change_op op;
    char *key, *actor, *reason;
    struct doc *doc, *before; /* as in struct change */
};

/* One line of the log: who says what, and how much it matters. */
struct stage_line {
    int64_t at_ms;
    enum log_level level;
    enum { LINE_HOST, LINE_CONTROLLER } from;
    char *text;
};

struct stage {
    struct stage_options options;
    struct virtual_world v;
    struct memory_disk *disk;
    struct assembly rooms;
    struct loop_options loop;
    struct inline_maker maker;
    struct metrics *metrics; /* what the controllers have counted since it was opened, or crashed */
    struct plugin **plugins; /* of each file */
    struct task *closed;
    char folder[STAGE_FOLDER_MAX]; /* its own, of private copies; empty: it uses options.copies */
    struct store_listener listener;
    int64_t seen;                /* revision up to which `changes` is written */
    struct store_reader kept[2]; /* stage_keep, by turns ... */
    unsigned turn;               /* ... the newer one */
    unsigned commits;            /* times that something became durable, since it was opened */
    unsigned crashes;
    struct stage_change *changes;
    size_t change_count;
    struct stage_line *lines; /* of the log, the newest */
    size_t line_count;
    struct log log;
    unsigned steps; /* since it was opened */
    char *halted;   /* a sentence: why nothing goes on; NULL: it does */
};

/* Open, and run until every file serves. TEND_INVALID with a sentence where one is refused. The stage stays
 * at its place until it is closed, which is due on failure as well. */
NODISCARD enum tend_code stage_open(struct stage *stage, const struct stage_options *options,
                                    struct error *err);
void stage_close(struct stage *stage);

/* Ask the gate, as a client, and step until it has answered; a crash meanwhile is a broken connection, and
 * the client repeats. The answer's code and sentence. */
NODISCARD enum tend_code stage_submit(struct stage *stage, const struct admission_request *request,
                                      struct error *err);

/* Step until nothing is left to do now. TEND_LIMIT where there is no end to it, TEND_INVALID where it was
 * halted. */
NODISCARD enum tend_code stage_settle(struct stage *stage, struct error *err);

/* Settle, then let `ms` pass, settling at every moment where something is due. */
NODISCARD enum tend_code stage_advance(struct stage *stage, int64_t ms, struct error *err);

/* Does the host only tell of itself and of runs at `key`? A change there is nobody's doing. */
bool stage_is_talk(const char *key);

/* Is something left to do now? */
bool stage_is_busy(const struct stage *stage);

/* As kill -9, and a restart on the same disk: nothing is told, and what was on its way to the disk did not get
 * there. Between two steps. */
void stage_crash(struct stage *stage);

/* Keep the state of now readable, and that of the last time as long as this one: a minute at most. */
void stage_keep(struct stage *stage);

/* The revision that was kept the last time but one; 0: it is not any more, or was not. */
int64_t stage_kept(const struct stage *stage);

/* Stop everything with a sentence, from inside a step. The first one counts. */
void stage_halt(struct stage *stage, const char *why);

/* The kind that people call `word`; TEND_NOT_FOUND, TEND_INVALID with a sentence. */
NODISCARD enum tend_code stage_kind(const struct stage *stage, struct text word,
                                    const struct kind **ret_kind, struct error *err);

#endif
