/* Two controllers that want the same object to be different.
 *
 * What one writes wakes the other, who puts it right again, without end and as fast as the disk goes. Nobody is
 * wrong by himself, and neither has an own circle (subject.c): each has a cause from outside. So it is the object
 * that is looked at. Its changes are in the log, newest last, each by somebody else than the one before:
 *
 *     a b a b ... a b     b         a                    b
 *     HOT_RUNS_MAX turns  |--10 s---|-------20 s---------|------- 40 s ... 5 min
 *
 * Who comes to write then has to wait, longer each time, counted from the newest change; what the other has
 * written stays for so long. Nothing is kept for it: what the ring of recent changes does not hold any more is
 * forgotten, and the two begin anew. A change by anybody who is no controller ends it as well.
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"

enum { LOOKS_MAX = 4 * HOT_RUNS_MAX };

/* The controller whose change it is; empty: nobody's. */
static struct text writer_of(const struct change *change)
{
    struct text rest = change->actor;
    return text_equal(text_cut(&rest, '/'), TEXT("controller")) ? rest : TEXT("");
}

static bool same(const struct value *a, const struct value *b, const char *field)
{
    const struct value *mine = value_get(a, text_of(field)), *other = value_get(b, text_of(field));
    return mine == other || (mine != NULL && other != NULL && value_equal(mine, other));
}

/* Every field of `a` but the two that change by themselves is the same in `b`. */
static bool holds_all(const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < a->count; i++) {
        struct text field = a->fields[i].key;
        if (!text_is(field, "metadata") && !text_is(field, "status") && !same(a, b, field.ptr)) {
            return false;
        }
    }
    return true;
}

/* A status has one writer: a change of nothing else is nobody's turn. */
static bool is_turn(const struct change *change)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *now, *then;
    if (change->before == NULL || doc_tree(change->doc, &arena, &now, NULL) != TEND_OK ||
        doc_tree(change->before, &arena, &then, NULL) != TEND_OK) {
        return true;
    }
    const struct value *marks = value_field(now, "metadata"),
                       *marks_then = value_field(then, "metadata");
    return !same(marks, marks_then, "labels") || !same(marks, marks_then, "annotations") ||
           !holds_all(now, then) || !holds_all(then, now);
}

/* The newest turn that was taken at `revision` or before; NULL: none that is known, or somebody else's. */
static const struct change *turn_at(const struct store *store, int64_t revision, unsigned *looks)
{
    const struct change *change;
    while (++*looks < LOOKS_MAX && (change = store_change_at(store, revision)) != NULL &&
           !is_turn(change)) {
        revision = change->previous;
    }
    change = *looks < LOOKS_MAX ? store_change_at(store, revision) : NULL;
    return change != NULL && writer_of(change).len > 0 ? change : NULL;
}

/* From the newest turn back: pauses first, as they were asked for here, and then turns without any. */
static bool is_contested(const struct store *store, const struct change *newest,
                         unsigned *ret_pauses)
{
    const struct change *turn = newest, *before;
    int64_t last_ms = newest->time_ms;
    unsigned turns = 1, looks = 0;
    *ret_pauses = 0;
    while (turns < HOT_RUNS_MAX && (before = turn_at(store, turn->previous, &looks)) != NULL &&
           !text_equal(writer_of(before), writer_of(turn))) {
        if (turns == 1 && turn->time_ms - before->time_ms >= HOT_WINDOW_MS) {
            ++*ret_pauses;
            last_ms = before->time_ms;
        } else if (last_ms - before->time_ms <= HOT_WINDOW_MS) {
            turns++;
        } else {
            return false;
        }
        turn = before;
    }
    return turns >= HOT_RUNS_MAX;
}

static int64_t left_ms(const struct run *run, const struct change *newest, unsigned pauses)
{
    int64_t wait_ms = HOT_WINDOW_MS;
    int64_t passed_ms = world_wall_ms(run->controller->loop->world) - newest->time_ms;
    for (unsigned i = 0; i < pauses && wait_ms < BACKOFF_MAX_MS; i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms < BACKOFF_MAX_MS ? wait_ms : BACKOFF_MAX_MS;
    return passed_ms > 0 ? wait_ms - passed_ms : wait_ms; /* the clock may have been set back */
}

/* Most objects are written by one controller: for those, no document has to be looked at. */
static bool has_rival(const struct store *store, const char *name, int64_t revision)
{
    const struct change *change;
    for (unsigned i = 0; i < LOOKS_MAX && (change = store_change_at(store, revision)) != NULL;
         i++) {
        struct text writer = writer_of(change);
        if (writer.len > 0 && !text_is(writer, name)) {
            return true;
        }
        revision = change->previous;
    }
    return false;
}

enum tend_code contest_check(struct run *run, const char *kind, struct text name, int64_t revision,
                             struct error *err)
{
    const struct store *store = run->controller->loop->store;
    unsigned looks = 0, pauses;
    if (!has_rival(store, run->controller->name, revision)) {
        return TEND_OK;
    }
    const struct change *newest = turn_at(store, revision, &looks);
    if (newest == NULL || text_is(writer_of(newest), run->controller->name) ||
        !is_contested(store, newest, &pauses)) {
        return TEND_OK;
    }
    int64_t wait_ms = left_ms(run, newest, pauses);
    if (wait_ms <= 0) {
        return TEND_OK;
    }
    run->after_ms = wait_ms;
    return FAIL(err, TEND_CONFLICT,
                "controllers %s and %.*s write %s \"%.*s\" in turns, each over the other; it stays "
                "as %.*s has it for a while: let one of them leave it alone",
                run->controller->name, TEXT_ARG(writer_of(newest)), kind, TEXT_ARG(name),
                TEXT_ARG(writer_of(newest)));
}
