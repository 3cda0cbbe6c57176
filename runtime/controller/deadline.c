/* How long a state may last.
 *
 * What is durable is the moment of entry (in the object) and the rule (in the machine); the moment in
 * the queue is only when to look. Whoever looks computes the deadline anew from the durable object and
 * compares it with the wall clock:
 *
 *     not due        look again when it is      (the spec was changed, the wall clock was set back)
 *     due, held      nothing; when a controller is live, all objects of the kind are looked at again
 *     due            move it, or set its condition, with an event, in one set
 *
 * The queue waits on ticks, so a wall clock that jumps ahead fires nothing at that moment: every object
 * is looked at when its own time has passed. The set is refused where the object is not the one that
 * was looked at, so the effect happens once, also where the host was killed in between: after a restart
 * the object says whether it did.
 */
#include "base/alloc.h"
#include "base/moment.h"
#include "controller/inside.h"
#include "document/patch.h"
#include "resource/condition.h"

struct due {
    const struct kind *kind;
    const struct machine_state *state;
    struct doc *doc;
    const struct value *root;
    int64_t deadline_ms;
};

/* Has the deadline of `state` taken its effect? A move shows in the state itself. */
static bool is_spent(const struct machine_state *state, const struct value *root)
{
    return state->condition != NULL && condition_is_true(root, text_of(state->condition));
}

void deadline_note(struct loop *loop, struct text key, const struct machine *machine,
                   const struct value *root)
{
    int64_t deadline_ms;
    struct error err = ERROR_INIT;
    if (!machine_deadline(machine, root, &deadline_ms) ||
        is_spent(machine_state(machine, machine_state_of(machine, root)), root)) {
        deadline_forget(loop, key);
        return;
    }
    int64_t rest_ms = deadline_ms - world_wall_ms(loop->world);
    if (work_queue_after(loop->deadlines.flow, key, rest_ms < 0 ? 0 : rest_ms, &err) != TEND_OK) {
        log_error(loop->log, LOG_FIELDS({"object", key.ptr}), "its deadline is not kept: %s",
                  err.message);
    }
}

void deadline_forget(struct loop *loop, struct text key)
{
    work_queue_drop(loop->deadlines.flow, key);
}

/* What is due for `key`, if anything; what is due later is noted. */
static bool find_due(struct loop *loop, struct text key, struct arena *arena, struct due *ret_due)
{
    struct due due = {.doc = store_get(loop->store, key), .kind = loop_kind_of_key(loop, key)};
    if (due.doc == NULL || due.kind == NULL || due.kind->machine == NULL ||
        doc_tree(due.doc, arena, &due.root, NULL) != TEND_OK) {
        return false;
    }
    const struct machine *machine = due.kind->machine;
    due.state = machine_state(machine, machine_state_of(machine, due.root));
    if (!machine_deadline(machine, due.root, &due.deadline_ms) || is_spent(due.state, due.root)) {
        return false;
    }
    if (due.deadline_ms > world_wall_ms(loop->world)) {
        deadline_note(loop, key, machine, due.root);
        return false;
    }
    *ret_due = due;
    return due.state->alone || loop_serves(loop, text_of(due.kind->resource));
}

static NODISCARD enum tend_code apply_due(const struct due *due, struct arena *arena,
                                          int64_t now_ms, const struct value **ret_root,
                                          struct error *err)
{
    const struct machine_state *state = due->state;
    if (state->otherwise != NULL) {
        return machine_with_state(due->kind->machine, arena, due->root, text_of(state->otherwise),
                                  ret_root, err);
    }
    struct condition condition = {.type = text_of(state->condition),
                                  .status = TEXT("True"),
                                  .reason = text_of(state->reason),
                                  .message = text_of(state->message),
                                  .observed_generation = meta_of(due->root).generation};
    *ret_root = condition_set(arena, due->root, &condition, now_ms);
    return TEND_OK;
}

static struct text due_message(const struct due *due, struct arena *arena)
{
    if (due->state->message[0] != '\0') {
        return text_of(due->state->message);
    }
    return arena_format(arena, "state %s lasted longer than it may", due->state->name);
}

static void submit_due(struct loop *loop, struct work *work, const struct due *due,
                       struct arena *arena)
{
    struct error err = ERROR_INIT;
    const struct value *root;
    if (apply_due(due, arena, world_wall_ms(loop->world), &root, &err) != TEND_OK) {
        log_error(loop->log, LOG_FIELDS({"object", work->key.ptr}), "%s", err.message);
        work_queue_done(work, WORK_FAILED);
        return;
    }
    struct meta meta = meta_of(due->root);
    struct event event = {.about = due->root,
                          .type = EVENT_WARNING,
                          .reason = text_of(due->state->reason),
                          .message = due_message(due, arena),
                          .component = TEXT("tend")};
    struct admission_request base = {.resource = text_of(due->kind->resource),
                                     .namespace = meta.namespace,
                                     .name = meta.name,
                                     .reason = text_of(due->state->reason)};
    struct admission_request requests[2] = {base, base};
    /* Entering the teardown state marks it as well. */
    requests[0].verb = due->kind->has_status ? ADMIT_PATCH_STATUS : ADMIT_PATCH;
    requests[0].body = patch_between(arena, due->root, root);
    requests[0].expect = (struct admission_expect){.uid = meta.uid, .content = due->doc};
    requests[1].verb = ADMIT_EVENT;
    requests[1].event = &event;
    chore_submit(loop, work,
                 &(struct admission_set){.requests = requests,
                                         .count = COUNT_OF(requests),
                                         .writer = {.role = WRITER_HOST}});
}

static void deadline_run(struct loop *loop, struct work *work)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct due due;
    if (find_due(loop, work->key, &arena, &due)) {
        submit_due(loop, work, &due, &arena);
    } else {
        work_queue_done(work, WORK_SETTLED);
    }
}

static enum work_end deadline_answered(struct loop *loop, struct text key,
                                       const struct admission_result *result)
{
    if (result->code == TEND_CONFLICT) { /* the object is another one by now: look again */
        struct error err = ERROR_INIT;
        return work_queue_add(loop->deadlines.flow, key, WORK_DUE, &err) == TEND_OK ? WORK_STAYED
                                                                                    : WORK_FAILED;
    }
    enum work_end end = chore_end(result);
    if (end == WORK_FAILED) {
        log_error(loop->log, LOG_FIELDS({"object", key.ptr}),
                  "its deadline could not take effect: %s", result->message);
    }
    return end;
}

const struct chore_ops deadline_ops = {.run = deadline_run, .answered = deadline_answered};
