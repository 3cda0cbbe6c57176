/* Who woke whom.
 *
 * A change wakes an object's run unless the object made it itself. That is judged by revision: a set's
 * rows are contiguous, so they are a range. There are three moments at which a change can be shown to the
 * subject of a set (a run commits one, and one more for each effect that it asked for by name):
 *
 *     run starts ---- submitted ---- durable, shown ---- answered ---- shown late
 *
 * Before the answer the range is not known yet, so what is shown while a run is out is only noted (the
 * first and the last revision), and judged at the answer: where anything is outside of the range, something
 * foreign is among it, and the key runs again. After the answer, the range is kept until every feed is
 * through with it: the same row may be shown more than once (as the object, as a child, as something that
 * was read).
 *
 * A subject exists while something is known that the queue does not know; most objects have none.
 */
#include <assert.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"

struct subject *subject_find(const struct controller *controller, struct text key)
{
    return map_get(&controller->subjects, key);
}

struct subject *subject_of(struct controller *controller, struct text key)
{
    struct subject *subject = subject_find(controller, key);
    if (subject == NULL) {
        subject = alloc_new(sizeof *subject + key.len + 1);
        memcpy(subject->bytes, key.ptr, key.len);
        subject->key = (struct text){subject->bytes, key.len};
        subject->controller = controller;
        list_init(&subject->reads);
        map_put(&controller->subjects, subject->key, subject);
    }
    return subject;
}

/* --- turns --------------------------------------------------------------------------------------- */

static void turner_leave(struct subject *subject)
{
    if (list_linked(&subject->turner)) {
        list_remove(&subject->turner);
        subject->controller->loop->turner_count--;
    }
}

/* Only its turns are worth keeping: the oldest such subjects make room. */
static void turner_enter(struct subject *subject)
{
    struct loop *loop = subject->controller->loop;
    turner_leave(subject);
    list_append(&loop->turners, &subject->turner);
    loop->turner_count++;
    if (loop->turner_count > TURNERS_MAX) {
        struct subject *oldest = CONTAINER_OF(loop->turners.next, struct subject, turner);
        turner_leave(oldest);
        subject_calm(oldest);
        subject_settle(oldest);
    }
}

void subject_calm(struct subject *subject)
{
    subject->turns = subject->stirs = subject->damped = 0;
    subject->damped_ms = subject->stirred_by = 0;
}

/* The next run is not before `wait_ms` from now, and the one after that later still. */
static void damp(struct subject *subject, int64_t now_ms)
{
    int64_t wait_ms = HOT_WINDOW_MS;
    for (unsigned i = 0; i < subject->damped && wait_ms < BACKOFF_MAX_MS; i++) {
        wait_ms *= 2;
    }
    subject->damped++;
    subject->damped_ms = now_ms + (wait_ms < BACKOFF_MAX_MS ? wait_ms : BACKOFF_MAX_MS);
}

static bool has_turns(const struct subject *subject)
{
    return subject->turns > 0 || subject->stirs > 0;
}

/* A controller that changes its own objects, or wakes itself, is looked at closely; many others may have good
 * reasons to wake one, as children wake what owns them. */
static void count_turn(struct subject *subject, int64_t now_ms)
{
    if (!has_turns(subject) ||
        (subject->damped == 0 && now_ms - subject->turns_ms > HOT_WINDOW_MS)) {
        subject->turns = subject->stirs = 0;
        subject->turns_ms = now_ms;
    }
    if (subject->stirred_by > 0) {
        subject->stirs++;
    } else {
        subject->turns++;
    }
}

enum turn subject_turn(struct subject *subject, int64_t *ret_wait_ms)
{
    int64_t now_ms = world_ticks_ms(subject->controller->loop->world);
    if (subject->damped > 0 && now_ms - subject->damped_ms > HOT_WINDOW_MS) {
        subject_calm(subject); /* it kept quiet longer than it had to */
    }
    count_turn(subject, now_ms);
    if (subject->turns <= HOT_RUNS_MAX && subject->stirs <= HOT_STIRS_MAX) {
        subject->stirred_by = 0;
        return TURN_FINE;
    }
    enum turn turn = subject->damped == 0 ? TURN_HOT : TURN_WAIT;
    if (now_ms >= subject->damped_ms) {
        turn = subject->damped == 0 ? TURN_HOT : TURN_FINE;
        damp(subject, now_ms);
    }
    *ret_wait_ms = subject->damped_ms - now_ms;
    return turn;
}

/* --- life ---------------------------------------------------------------------------------------- */

void subject_free(struct subject *subject)
{
    subject_drop_reads(subject);
    turner_leave(subject);
    list_remove(&subject->echo);
    map_remove(&subject->controller->subjects, subject->key);
    free(subject);
}

void subject_settle(struct subject *subject)
{
    turner_leave(subject);
    if (subject->run != NULL || !list_empty(&subject->reads) || subject->own_count > 0 ||
        subject->set_aside > 0 || subject->deaths > 0 || subject->discards > 0) {
        return;
    }
    if (has_turns(subject) || subject->stirred_by > 0) {
        turner_enter(subject);
        return;
    }
    subject_free(subject);
}

/* --- reads --------------------------------------------------------------------------------------- */

void subject_drop_reads(struct subject *subject)
{
    struct list *link;
    while ((link = list_pop(&subject->reads)) != NULL) {
        struct read *read = CONTAINER_OF(link, struct read, link);
        subscription_stop(&read->subscription);
        free(read);
    }
}

enum wake_cause wake_cause(const struct controller *controller, const struct change *change)
{
    struct text rest = change == NULL ? TEXT("") : change->actor;
    if (!text_equal(text_cut(&rest, '/'), TEXT("controller"))) {
        return WAKE_FOREIGN;
    }
    return text_equal(rest, text_of(controller->name)) ? WAKE_OWN : WAKE_PEER;
}

static enum subscription_verdict outdated(struct subscription *subscription,
                                          const struct change *change)
{
    struct read *read = CONTAINER_OF(subscription, struct read, subscription);
    struct subject *subject = read->subject;
    int64_t revision = change == NULL ? INT64_MAX : change->revision;
    subject_wake(subject->controller, subject->key, revision,
                 wake_cause(subject->controller, change));
    return SUBSCRIPTION_KEEP; /* the next run drops it and reads anew */
}

static struct read *add_read(struct subject *subject, struct text key)
{
    struct read *read = alloc_new(sizeof *read + key.len + 1);
    if (key.len > 0) {
        memcpy(read->bytes, key.ptr, key.len);
    }
    read->key = (struct text){read->bytes, key.len};
    read->subject = subject;
    read->subscription.outdated = outdated;
    list_append(&subject->reads, &read->link);
    return read;
}

struct read *subject_find_read(const struct subject *subject, struct text key)
{
    LIST_FOREACH (link, &subject->reads) {
        struct read *read = CONTAINER_OF(link, struct read, link);
        if (text_equal(read->key, key)) {
            return read;
        }
    }
    return NULL;
}

void subject_wrote(struct subject *subject, struct text key, struct doc *doc)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct read *read = subject_find_read(subject, key);
    const struct value *root = NULL;
    if (read != NULL && doc != NULL && doc_tree(doc, &arena, &root, NULL) != TEND_OK) {
        return;
    }
    if (read != NULL) {
        read->revision = root == NULL ? 0 : meta_of(root).revision;
    }
}

void subject_read_key(struct subject *subject, struct text key, int64_t revision, int64_t as_of)
{
    struct loop *loop = subject->controller->loop;
    struct read *read = add_read(subject, key);
    read->revision = revision;
    subscription_start_key(loop->watch, &read->subscription, read->key, as_of);
}

void subject_read_selection(struct subject *subject, struct selection selection, int64_t as_of)
{
    struct loop *loop = subject->controller->loop;
    struct read *read = add_read(subject, TEXT(""));
    subscription_start_selection(loop->watch, &read->subscription, selection, as_of);
}

/* --- waking -------------------------------------------------------------------------------------- */

static bool is_own(const struct subject *subject, int64_t revision)
{
    for (size_t i = 0; i < subject->own_count; i++) {
        if (revision >= subject->own[i].first && revision <= subject->own[i].last) {
            return true;
        }
    }
    return false;
}

/* It is shown while a run is out: judged when that has committed, unless the run has seen it anyway. */
static void note(struct subject *subject, int64_t revision)
{
    if (revision <= subject->run->snapshot) {
        return;
    }
    if (subject->seen_last == 0 || revision < subject->seen_first) {
        subject->seen_first = revision;
    }
    if (revision > subject->seen_last) {
        subject->seen_last = revision;
    }
}

/* Is it the beginning of a circle, perhaps? */
static void note_cause(struct subject *subject, int64_t revision, enum wake_cause cause)
{
    switch (cause) {
    case WAKE_FOREIGN:
        subject_calm(subject);
        return;
    case WAKE_PEER:
        subject->stirred_by = revision;
        return;
    case WAKE_OWN: /* the run that made the change counts as well */
        subject->stirred_by = 0;
        if (subject->turns == 0) {
            subject->turns = 1;
            subject->turns_ms = world_ticks_ms(subject->controller->loop->world);
        }
        return;
    }
}

void subject_wake(struct controller *controller, struct text key, int64_t revision,
                  enum wake_cause cause)
{
    struct subject *subject = subject_find(controller, key);
    if (subject == NULL && cause == WAKE_FOREIGN) {
        controller_enqueue(controller, key, WORK_CHANGE);
        return;
    }
    subject = subject == NULL ? subject_of(controller, key) : subject;
    if (is_own(subject, revision)) {
        return;
    }
    note_cause(subject, revision, cause);
    if (subject->run != NULL) {
        note(subject, revision);
    } else {
        controller_enqueue(controller, key, WORK_CHANGE);
        subject_settle(subject);
    }
}

void subject_own(struct subject *subject, int64_t first, int64_t last)
{
    if (subject->own_count == OWN_SETS_MAX) { /* shown late, that one is a run too many */
        subject->own_count--;
        memmove(&subject->own[0], &subject->own[1], subject->own_count * sizeof subject->own[0]);
    }
    subject->own[subject->own_count++] = (struct own_rows){first, last};
    if (subject->seen_first >= first && subject->seen_last <= last) {
        subject->seen_first = subject->seen_last = 0;
    }
    list_remove(&subject->echo);
    list_append(&subject->controller->loop->echoes, &subject->echo);
}

bool subject_saw_foreign(const struct subject *subject)
{
    return subject->seen_last > 0;
}

/* The newest revision that every feed is through with. */
static int64_t shown_everywhere(const struct loop *loop)
{
    int64_t revision = watch_revision(loop->watch);
    MAP_FOREACH (slot, &loop->feeds) {
        const struct feed *feed = slot->value;
        int64_t bookmark = follower_bookmark(&feed->follower);
        revision = bookmark < revision ? bookmark : revision;
    }
    return revision;
}

void subject_settle_echoes(struct loop *loop)
{
    if (list_empty(&loop->echoes)) {
        return;
    }
    int64_t shown = shown_everywhere(loop);
    while (!list_empty(&loop->echoes)) {
        struct subject *subject = CONTAINER_OF(loop->echoes.next, struct subject, echo);
        if (subject->own[subject->own_count - 1].last > shown) {
            break;
        }
        list_remove(&subject->echo);
        subject->own_count = 0;
        subject_settle(subject);
    }
}

void subject_forgive(struct controller *controller, struct text key)
{
    work_queue_forgive(controller->flow, key);
    struct subject *subject = subject_find(controller, key);
    if (subject != NULL) {
        subject->set_aside = 0;
        subject->deaths = 0;
        subject_settle(subject);
    }
}
