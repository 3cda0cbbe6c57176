/* Inside the room: the structs that its files share. */
#ifndef CONTROLLER_INSIDE_H
#define CONTROLLER_INSIDE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "base/metrics.h"
#include "controller/controller.h"
#include "controller/loop.h"
#include "effect/effect.h"
#include "queue/work_queue.h"
#include "resource/claimed.h"
#include "resource/meta.h"
#include "resource/selector.h"
#include "watch/follower.h"
#include "watch/subscription.h"

/* --- sweep.c: all objects with a prefix, in slices, without holding a snapshot ------------------- */

struct sweeper {
    struct loop *loop;
    char *prefix;
    /* False: not now; the same object is shown again after sweeper_resume. */
    bool (*visit)(struct sweeper *sweeper, const struct store_entry *entry);

    enum sweep_phase { SWEEP_IDLE, SWEEP_GOING, SWEEP_PAUSED } phase;
    bool again;  /* from the start, when it is through */
    char *after; /* the last key that was visited; NULL: none */
    struct task task;
};

void sweeper_init(struct sweeper *sweeper, struct loop *loop, struct text prefix,
                  bool (*visit)(struct sweeper *sweeper, const struct store_entry *entry));
void sweeper_done(struct sweeper *sweeper);

/* Visit everything; where it is going already, once more after that. */
void sweeper_start(struct sweeper *sweeper);
void sweeper_resume(struct sweeper *sweeper);

/* --- feed.c: the changes of one resource --------------------------------------------------------- */

struct feed {
    struct loop *loop;
    struct follower follower;
    struct task more;
    char *resource;
    struct machine *machine; /* what its deadlines were computed with; NULL: none */
    struct sweeper scan;     /* for deadlines and lifetimes */
};

/* The feed of `resource`, opened where it is missing. */
struct feed *feed_open(struct loop *loop, struct text resource);
void feed_free(struct feed *feed);

/* --- chore.c: what the host does by itself, key by key -------------------------------------------- */

struct chores {
    const struct chore_ops {
        void (*run)(struct loop *loop,
                    struct work *work); /* ends in chore_submit or work_queue_done */
        /* The answer to chore_submit. */
        enum work_end (*answered)(struct loop *loop, struct text key,
                                  const struct admission_result *result);
    } * ops;
    struct work_flow *flow;
};

/* Submit `set` for `work`; ops->answered says how the work ends. */
void chore_submit(struct loop *loop, struct work *work, const struct admission_set *set);

/* A queue of chores with `places` sets under way at most. */
void chores_open(struct loop *loop, struct chores *chores, const struct chore_ops *ops,
                 size_t places);
void chores_ready(struct work_listener *listener);
void chores_step(struct task *task);
void chores_cancel(struct loop *loop); /* forget the sets under way */

/* How a work ends whose set was answered so, where there is nothing special to it. */
enum work_end chore_end(const struct admission_result *result);

/* --- owners.c: who names whom as its owner --------------------------------------------------------- */

/* Somebody's owner, there or not. Exists while it is named. */
struct owner {
    struct text uid;
    struct list ties; /* to those that name it ... */
    struct list told; /* ... and were handed out because it is gone */
    struct list link; /* in owners->gone, while there may be ties that were not */
    char *place;      /* the key where it was seen; NULL: not yet */
    enum owner_phase { OWNER_NAMED, OWNER_GONE /* the row of its deletion was shown */ } phase;
    char bytes[];
};

struct owners {
    struct map by_uid;     /* of struct owner */
    struct map dependents; /* by key */
    struct list gone;      /* owners whose dependents are to be handed out */
    struct list waiting;   /* dependents that wait for the kind of an owner ... */
    struct list recalled;  /* ... and are to be handed out */
};

void owners_init(struct owners *owners);
void owners_done(struct owners *owners); /* at once: the walk is no slice of a step */

struct owner *owners_find(const struct owners *owners, struct text uid); /* NULL: not named */

/* The object at `key` names `references` (not empty), in place of those that it named before. */
void owners_note(struct owners *owners, struct text key, const struct value *references);
void owners_forget(struct owners *owners, struct text key);
bool owners_named_by(const struct owners *owners, struct text key); /* any? */

/* Whom to look at: hand out those that name `owner`; let `key` wait (where it is known) until all that
 * wait are recalled; the next that is handed out, once. */
void owners_gone(struct owners *owners, struct owner *owner);
void owners_wait(struct owners *owners, struct text key);
void owners_recall(struct owners *owners);
bool owners_next(struct owners *owners, struct text *ret_key);

/* --- garbage.c: what is deleted because its owners are gone ---------------------------------------- */

struct garbage {
    struct loop *loop;
    struct follower follower; /* every change of every object */
    struct task more;
    struct sweeper sweep; /* over every object */
    struct owners owners; /* derived: what the sweep and the follower have seen */
    struct task handing;  /* of dependents to the queue */
    struct chores chores; /* by the dependent's key */
};

void garbage_open(struct loop *loop);
void garbage_close(struct loop *loop); /* its chores were cancelled */
bool garbage_is_settled(const struct loop *loop);

/* The kinds may be others: look again at what waited for one. */
void garbage_plan(struct loop *loop);

/* --- journal.c: effects that are asked for by name -------------------------------------------------- */

/* One that is under way. Exists from its start until its result is durable. */
struct errand {
    struct effect effect;
    struct loop *loop;
    struct wait *wait;         /* of the run that waits for it; NULL: none */
    int64_t revision;          /* of its record */
    char *controller, *object; /* whom to wake */
    char *result;              /* JSON; NULL: going on */
    bool storing;              /* it: a set about it is under way */
    struct text key;           /* of its record */
    char bytes[];
};

struct journal {
    struct map errands; /* by key */
    struct map orphans; /* of hosts before: struct orphan, by key */
    struct chores storing;
};

/* --- the loop ------------------------------------------------------------------------------------ */

struct loop {
    struct world *world;
    struct store *store;
    struct watch *watch;
    struct admission *gate;
    struct loop_options options;
    const struct log *log;

    struct work_queue *queue; /* objects for controllers */
    struct work_listener queue_ready;
    struct task dispatch;
    struct alarm tick, resync;

    struct work_queue *chore_queue;
    struct work_listener chores_ready;
    struct task chore_step;
    struct chores deadlines, renames, expiries, reporting;
    struct list chores; /* sets under way */
    struct garbage garbage;
    struct journal journal;

    struct list controllers;
    size_t controller_count;
    struct map feeds; /* by resource */
    struct task plan; /* the catalogue may have changed */
    int64_t kinds;    /* plans that were made */
    struct map reports;
    struct list echoes;  /* subjects whose own rows may still be shown, oldest first */
    struct list turners; /* subjects that nothing but their turns keeps, oldest first */
    size_t turner_count;
    struct metrics_source gauges; /* measure.c */
};

/* The kind that people call so, "configmaps", "cm", "ConfigMap", "v1/ConfigMap", borrowed until control
 * returns to the loop; NULL: there is none (now). */
const struct kind *loop_kind(const struct loop *loop, struct text word);

/* The same; TEND_NOT_FOUND, TEND_INVALID with a sentence. */
NODISCARD enum tend_code loop_find_kind(const struct loop *loop, struct text word,
                                        const struct kind **ret_kind, struct error *err);

/* The kind of the object at `key`, likewise. */
const struct kind *loop_kind_of_key(const struct loop *loop, struct text key);

/* Is there a live controller that owns that resource? */
bool loop_serves(const struct loop *loop, struct text resource);

/* Ask for the plan to be made anew in a later step. */
void loop_replan(struct loop *loop);

/* Continue sweeps that waited for room in the queue. */
void loop_resume_sweeps(struct loop *loop);

/* --- tally.c: how the runs of a controller went --------------------------------------------------- */

struct tally {
    uint64_t runs, failures; /* since it was added */
    char *error, *object;    /* the last failure; NULL: none */
    int64_t error_ms;        /* wall clock */
    struct alarm alarm;      /* its status says so then ... */
    bool has_news;           /* ... while this is set */
    int64_t longest_ms; /* of a run that held its worker for SLOW_RUN_MS or more; 0: none did ... */
    int64_t longest_at_ms; /* ... wall clock */
    char *longest_of;      /* ... the object */
    char *slow;            /* what is to be told of it; NULL: nothing new */
    int64_t next_ms;       /* ticks; not before */
};

/* A run failed; `message` is a sentence. */
void tally_failure(struct controller *controller, struct text key, const char *message);

/* There is something to say: its status follows in a while, or at once. */
void tally_news(struct controller *controller);
void tally_flush(struct controller *controller);

struct run;

/* The worker goes on with the run; and: it asks something, or is done. Between the two others wait. */
void tally_attended(struct run *run);
void tally_heard(struct run *run);
void tally_told(struct controller *controller); /* every report says it */
void tally_done(struct controller *controller);

/* --- measure.c: what is counted for whoever asks (base/metrics.h) ----------------------------------- */

/* How a run ended, as controller-runtime tells them apart. */
enum run_result {
    RESULT_SUCCESS,       /* done, or another state entered */
    RESULT_REQUEUE,       /* later, without a word */
    RESULT_REQUEUE_AFTER, /* again after a time that it named */
    RESULT_ERROR,         /* failed, for now or for good; also where its worker did */
    RUN_RESULTS
};

/* Each is NULL where nobody counts. */
struct measures {
    struct metric *results[RUN_RESULTS], *errors, *terminal, *seconds, *discarded, *lost;
    struct metric *active, *places, *depth, *later, *parked; /* set when they are asked for */
};

void measure_open(struct controller *controller);
void measure_close(struct controller *controller); /* what it is now, is told no more */
void measure_result(struct controller *controller, enum run_result result);
void measure_collect(struct metrics_source *source); /* of a loop's `gauges` */

/* --- scope.c: which objects are a controller's ------------------------------------------------------ */

struct scope {
    struct map resources;      /* of the kinds that are there; each is its own key */
    char *annotation;          /* they have it; NULL: any */
    struct selector *selector; /* their labels match; NULL: any */
};

void scope_select(struct controller *controller, const struct controller_options *options);
void scope_done(struct controller *controller);

/* Look the kinds up anew. False where they are the same as before. */
bool scope_plan(struct controller *controller);

/* Are the objects of `resource` looked at? Is this one? Could it be, as far as its bytes tell without being
 * decoded? */
bool scope_has(const struct controller *controller, struct text resource);
bool scope_takes(const struct controller *controller, const struct value *root);
bool scope_may_take(const struct controller *controller, struct text resource,
                    const struct doc *doc);

/* --- controllers and their objects ---------------------------------------------------------------- */

struct controller {
    struct loop *loop;
    struct list link;
    char *name, *kind, *file, *hash, *version;
    char **owns;
    size_t owns_count;
    enum controller_role role;
    struct scope scope;
    struct worker *worker;
    size_t parallel, most, declared;
    int64_t limit_ms, slice_ms;
    int64_t replaced; /* revision at which its version began to answer; 0: with the controller */

    char *resource; /* that it owns; "": the kind is not there, or it is an observer */
    char **owned;   /* resources of `owns`; "" where not there */
    struct work_flow *flow;
    struct map subjects;
    struct list runs;
    size_t parked; /* runs that wait for something outside: their places are given to others */
    struct sweeper sweep;

    enum controller_phase phase;
    enum controller_gate { GATE_OPEN, GATE_HELD } gate;
    int64_t since_ms;
    uint64_t lives, lost, discarded;
    struct tally tally;
    struct measures measures;
    char *reason, *message; /* why it is lost: a word and a sentence */
    char *told_reason, *told_message, *last_good, *rejected; /* controller_tell */
    char *missing;   /* which of its kinds are not there; NULL: none */
    char *contested; /* likewise */
};

/* Give its queue the places that it may use now. */
void controller_set_places(struct controller *controller);

/* Look the kinds up anew; opens feeds, and sweeps where its kind came. */
void controller_plan(struct controller *controller);

/* `key` has to be looked at. Where the queue is full the next sweep brings it. */
void controller_enqueue(struct controller *controller, struct text key, enum work_class why);

/* --- subject.c: what is known about an object beyond the queue ------------------------------------ */

struct read {
    struct list link;
    struct subject *subject;
    struct subscription subscription;
    int64_t revision; /* of the object; 0: it was absent, or a selection */
    struct text key;  /* empty: a selection */
    char bytes[];
};

/* Exists while there is something to know. */
struct subject {
    struct controller *controller;
    struct text key;
    struct run *run;   /* NULL: none */
    struct list reads; /* what its last run read */

    /* Rows of its last sets, oldest first, as long as a feed may still show one. */
    struct own_rows {
        int64_t first, last;
    } own[OWN_SETS_MAX];
    size_t own_count;
    struct list echo; /* in loop->echoes, while there are such */
    /* Changes that concern it, shown while it runs and not known to be its own; 0: none. */
    int64_t seen_first, seen_last;

    int64_t set_aside; /* generation for which it is not run; 0: none */
    unsigned discards; /* in a row */
    unsigned deaths;   /* of workers that it is blamed for ... */
    int64_t death_ms;  /* ... the first of them, ticks */

    unsigned turns;     /* runs without a cause from outside, ... */
    unsigned stirs;     /* ... and those that other controllers had caused; ... */
    int64_t turns_ms;   /* ... the first of them, ticks */
    int64_t stirred_by; /* the change by another controller that the next run is for; 0: none */
    unsigned damped;    /* runs in a row that had to wait ... */
    int64_t damped_ms;  /* ... the next one until then, ticks */
    struct list turner;
    char bytes[];
};

struct subject *subject_of(struct controller *controller, struct text key); /* made if missing */
struct subject *subject_find(const struct controller *controller, struct text key);
void subject_settle(struct subject *subject); /* free it where there is nothing to know */
void subject_free(struct subject *subject);
void subject_drop_reads(struct subject *subject);

/* A change at `revision` concerns it (INT64_MAX: not known which). Wakes it, unless it is its own write
 * or part of what its run sees. */
enum wake_cause {
    WAKE_OWN,  /* made by its own controller, for whatever object */
    WAKE_PEER, /* by another one */
    WAKE_FOREIGN,
};
enum wake_cause wake_cause(const struct controller *controller, const struct change *change);
void subject_wake(struct controller *controller, struct text key, int64_t revision,
                  enum wake_cause cause);

/* Rows `first` to `last` are its own. */
void subject_own(struct subject *subject, int64_t first, int64_t last);

/* Was anything foreign shown while its run was out? */
bool subject_saw_foreign(const struct subject *subject);

/* Forget own rows that every feed is through with. */
void subject_settle_echoes(struct loop *loop);

/* Remember that its run read `key` at `revision` (0: absent), or a selection (taken), as of `as_of`. */
void subject_read_key(struct subject *subject, struct text key, int64_t revision, int64_t as_of);
void subject_read_selection(struct subject *subject, struct selection selection, int64_t as_of);
/* Its run has written what it may have read: `doc` (NULL: removed) is what it has read now. */
void subject_wrote(struct subject *subject, struct text key, struct doc *doc);
struct read *subject_find_read(const struct subject *subject, struct text key);

/* Its spec is another one, it is being deleted, or a retry was asked for: what was held against it is forgotten. */
void subject_forgive(struct controller *controller, struct text key);

/* Counts a run. Where it goes in circles it has to wait: TURN_HOT the first time, TURN_WAIT later. */
enum turn { TURN_FINE, TURN_HOT, TURN_WAIT };
enum turn subject_turn(struct subject *subject, int64_t *ret_wait_ms);

/* Something outside is the cause of what comes: its turns are forgotten. */
void subject_calm(struct subject *subject);

/* --- a run --------------------------------------------------------------------------------------- */

enum outcome {
    OUTCOME_DONE,
    OUTCOME_AGAIN,
    OUTCOME_RETRY,
    OUTCOME_FAIL,
    OUTCOME_ENTER,
    OUTCOME_SO_FAR /* it goes on */
};

struct run {
    struct reconcile_call call;
    struct admission_call commit;
    struct controller *controller;
    struct worker *worker;   /* that it was started on */
    struct machine *machine; /* that was in force then; NULL: none */
    struct list waits;       /* wait.c: what it asked and was not told yet */
    struct subject *subject;
    struct work *work;
    struct list link; /* in controller->runs */
    enum run_phase { RUN_CALLED, RUN_COMMITTING } phase;

    struct doc *doc;     /* what it acts on */
    int64_t snapshot;    /* the store's revision then */
    int64_t began_ns;    /* ticks; where that is measured */
    int64_t attended_ms; /* when its worker could go on with it, ticks */
    int64_t generation;  /* of `doc` ... */
    bool deleting;       /* ... and whether it is marked */
    struct arena arena;
    const struct value *root; /* `doc` decoded, as meta and state are; NULL while it waits */
    struct meta meta;
    struct text state; /* empty: none */

    enum outcome outcome;
    int64_t after_ms;
    const char *enter, *reason, *message; /* in call.arena or constant; never NULL */
    bool refused; /* its writes were dropped; only its failure is committed */

    struct admission_request *requests;
    size_t request_count;
    size_t own_request; /* index of the first about its own object; request_count: none */
};

/* dispatch.c */
void dispatch_ready(struct work_listener *listener);
void dispatch_step(struct task *task);
void dispatch_tick(struct alarm *alarm);

/* run.c */
void run_abandon(struct run *run); /* its controller goes */
void run_recall(struct run *run);  /* it is out: take it back, and run it again */
void run_end(struct run *run, enum work_end end);
void run_wait_again(struct run *run); /* its key comes back after after_ms */
void run_commit(struct run *run);     /* its requests; it finishes where there are none */
void run_submit(struct run *run, struct admission_call *call); /* the same, and goes on */

/* The kind of its object, borrowed until control returns to the loop; NULL: there is none (now). */
const struct kind *run_kind(const struct run *run);

/* When the object entered its state, or was created. */
int64_t run_entered_ms(const struct value *root);

/* Decode its object, where that was not done or was given up. */
NODISCARD enum tend_code run_decode(struct run *run, struct error *err);

/* This is the object by now. Where it has another generation, another mark, or was moved to another state,
 * a run that waits need not go on. */
void run_overtaken(struct run *run, const struct value *root);

/* The answer to a set that it committed on its way. False: it was not admitted, and the run is over. */
bool run_committed_so_far(struct run *run, const struct admission_result *result);

/* wait.c: a question that takes time, and is answered later. */
struct wait {
    struct list link; /* in run->waits */
    struct run *run;
    uint32_t ask;
    enum wait_phase {
        WAIT_PAUSE,  /* `alarm` ends it */
        WAIT_EFFECT, /* `effect` does */
        WAIT_COMMIT, /* for the answer to `commit`; goes on as the next */
        WAIT_ERRAND  /* `errand` ends it */
    } phase;
    struct alarm alarm;
    struct effect effect;
    struct admission_call commit;
    struct errand *errand;
    char *key; /* of the effect's record; NULL: it has none */
};

bool wait_takes(const struct value *question);
void wait_begin(struct run *run, uint32_t ask, const struct value *question,
                const struct value *so_far);

/* It is over; the record is gone on return. */
void wait_answer(struct wait *wait, const struct worker_answer *answer);

/* Nothing that the run waits for is answered any more. */
void waits_end(struct run *run);

/* journal.c */
void journal_open(struct loop *loop);
void journal_close(struct loop *loop); /* its chores were cancelled; what is under way is ended */

/* Has the question a name in it? */
bool journal_takes(const struct value *question);

/* What has to be committed, beside what the run has written, before it may be begun; nothing where it is
 * done or under way already. In the run's arena. TEND_INVALID, TEND_LIMIT. */
struct journal_plan {
    struct text key;
    struct admission_request requests[EFFECTS_KEPT_MAX + 1];
    size_t count;
};
NODISCARD enum tend_code journal_prepare(struct run *run, const struct value *question,
                                         struct journal_plan *ret_plan, struct error *err);

/* The plan was committed: begin it, wait for it, or answer. */
void journal_join(struct wait *wait);

/* An object of kind Effect, decoded in an arena. */
struct effect_record {
    struct text key;
    const struct value *root, *spec, *status;
    int64_t revision;
};
bool effect_record_read(struct arena *arena, struct text key, struct doc *doc,
                        struct effect_record *ret_record);
bool effect_record_is_done(const struct effect_record *record);

/* orphans.c: what goes on from hosts before this one. Somebody asks for it again; its record may be gone. */
void orphans_open(struct loop *loop);
void orphans_close(struct loop *loop);
void orphans_adopt(struct loop *loop, struct text key);
void orphans_note(struct loop *loop, struct text key);

/* Requests that forget what the outcome of the run ends; at most EFFECTS_KEPT_MAX. Returns how many. */
size_t journal_settle(struct run *run, struct admission_request *out);

/* A record was changed, or is gone: what is under way for it is ended where it is not that one any more. */
void journal_note(struct loop *loop, struct text key);
void journal_check(struct loop *loop); /* any of them */

/* commit.c: what the run wrote, as requests in run->arena. TEND_INVALID, TEND_LIMIT: the writes cannot
 * be made; TEND_EXISTS, TEND_CONFLICT: not now, because of somebody else. Nothing was built then. */
NODISCARD enum tend_code commit_build(struct run *run, struct error *err);

/* What it has written so far, and `effect`: requests about records of effects. */
NODISCARD enum tend_code commit_build_so_far(struct run *run, const struct value *so_far,
                                             const struct admission_request *effect, size_t count,
                                             struct error *err);

/* Only that it failed: condition `type` and an event. Or: an event that its worker died of it. */
void commit_build_failure(struct run *run, const char *condition);
void commit_build_death(struct run *run, const char *reason);

/* contest.c: the run is to write the object of that kind and name, which is at `revision`. TEND_CONFLICT where
 * another controller has done so last, and the two take turns: the run has to wait for run->after_ms. */
NODISCARD enum tend_code contest_check(struct run *run, const char *kind, struct text name,
                                       int64_t revision, struct error *err);

/* rename.c: is the object in a state under its old name? Then it is given the new one. */
bool rename_note(struct loop *loop, struct text key, const struct machine *machine,
                 const struct value *root);

/* deadline.c, rename.c, expiry.c, report.c */
extern const struct chore_ops deadline_ops, rename_ops, expiry_ops, report_ops;
void deadline_note(struct loop *loop, struct text key, const struct machine *machine,
                   const struct value *root);
void deadline_forget(struct loop *loop, struct text key);
void expiry_note(struct loop *loop, struct text key, const struct value *root);
void expiry_forget(struct loop *loop, struct text key);
void report_controller(struct controller *controller);

/* It is removed: the next one of its name counts on from where it ended. */
void report_keep_counts(const struct controller *controller);
void report_appeared(struct loop *loop, struct text name);
void report_done(struct loop *loop);

#endif
