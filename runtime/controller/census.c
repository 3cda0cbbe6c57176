/* A follower with an initial list is what makes it exact: the list is a snapshot of one revision, and each
 * change after it is shown once, with the object as it was before. So the count is a sum of ones, and
 * nobody has to be kept from writing. Where the follower is lost (the log does not reach back that far),
 * counting begins anew.
 *
 * A state's entry is never taken out, so that what was counted in can be counted out again. */
#include "controller/census.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "controller/inside.h"
#include "resource/key.h"

/* --- counting ---------------------------------------------------------------------------------- */

/* The entry of `state`; the last one is shared by all that find no room. */
static size_t entry_of(struct census *census, struct text state)
{
    for (size_t i = 0; i < census->state_count; i++) {
        if (text_is(state, census->states[i].state)) {
            return i;
        }
    }
    if (census->state_count < CENSUS_STATES_MAX - 1) {
        census->states[census->state_count].state = alloc_text(state.ptr, state.len);
        return census->state_count++;
    }
    return CENSUS_STATES_MAX - 1;
}

/* Count `doc` in (+1) or out (-1), where it is in a state without a home. */
static void count(struct census *census, struct doc *doc, int step)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    if (doc == NULL || doc_tree(doc, &arena, &root, NULL) != TEND_OK) {
        return;
    }
    struct text state = machine_state_of(census->machine, root);
    if (state.len == 0 || machine_state(census->machine, state) != NULL ||
        machine_renamed(census->machine, state) != NULL) {
        return;
    }
    size_t entry = entry_of(census, state);
    census->states[entry].count += (size_t)step;
    census->homeless += (size_t)step;
}

static void clear(struct census *census)
{
    for (size_t i = 0; i < census->state_count; i++) {
        free(census->states[i].state);
    }
    memset(census->states, 0, sizeof census->states);
    census->state_count = census->homeless = 0;
}

/* --- following --------------------------------------------------------------------------------- */

static void follow(struct census *census);

static void begin_anew(struct census *census)
{
    follower_stop(&census->follower);
    clear(census);
    follow(census);
}

/* False where it cannot be said what it was before. */
static bool take_event(struct census *census, const struct follow_event *event)
{
    const struct change *change = event->change;
    if (change != NULL && change->op != CHANGE_CREATE && change->before == NULL) {
        return false;
    }
    if (change != NULL) {
        count(census, change->before, -1);
    }
    if (event->op == FOLLOW_ADDED || event->op == FOLLOW_MODIFIED) {
        count(census, event->doc, 1);
    }
    return true;
}

static void pull(struct census *census)
{
    struct follow_event events[FEED_EVENTS];
    struct error err = ERROR_INIT;
    size_t got = 0;
    if (follower_pull(&census->follower, events, COUNT_OF(events), &got, &err) != TEND_OK) {
        begin_anew(census);
        return;
    }
    for (size_t i = 0; i < got; i++) {
        if (!take_event(census, &events[i])) {
            begin_anew(census);
            return;
        }
    }
    if (got > 0) {
        world_soon(census->loop->world, &census->more); /* the rest in a later step */
    }
    census->moved(census);
}

static void on_ready(struct follower *follower)
{
    pull(CONTAINER_OF(follower, struct census, follower));
}

static void on_more(struct task *task)
{
    pull(CONTAINER_OF(task, struct census, more));
}

static void follow(struct census *census)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text prefix = key_prefix_kind(&arena, text_of(census->resource));
    struct error err = ERROR_INIT;
    census->follower = (struct follower){.ready = on_ready};
    enum tend_code code =
        follower_start(census->loop->watch, &census->follower, selection_of(prefix, NULL),
                       &(struct follow_options){.start = FOLLOW_INITIAL}, &err);
    assert(code == TEND_OK); /* only FOLLOW_AFTER can fail */
    (void)code;
}

/* --- life -------------------------------------------------------------------------------------- */

void census_start(struct census *census, struct loop *loop, struct text resource,
                  struct machine *machine)
{
    census->loop = loop;
    census->machine = machine_ref(machine);
    census->resource = alloc_text(resource.ptr, resource.len);
    census->more.run = on_more;
    follow(census);
}

void census_stop(struct census *census)
{
    if (census->loop == NULL) {
        return;
    }
    follower_stop(&census->follower);
    list_remove(&census->more.link);
    clear(census);
    census->machine = machine_unref(census->machine);
    free(census->resource);
    census->resource = NULL;
    census->loop = NULL;
}

/* The watch was told before whoever waits for a commit, so its step is before this one. */
void census_look(struct census *census)
{
    world_soon(census->loop->world, &census->more);
}

bool census_reached(const struct census *census, int64_t revision)
{
    int64_t bookmark = census->loop == NULL ? 0 : follower_bookmark(&census->follower);
    return bookmark > 0 && bookmark >= revision;
}

size_t census_homeless(const struct census *census)
{
    return census->homeless;
}

enum tend_code census_refuse(const struct census *census, struct error *err)
{
    CLEANUP(buffer_done) struct buffer others = BUFFER_INIT(160);
    size_t first = CENSUS_STATES_MAX - 1;
    for (size_t i = 0; i < census->state_count; i++) {
        if (census->states[i].count > 0 && first == CENSUS_STATES_MAX - 1) {
            first = i;
        } else if (census->states[i].count > 0) {
            buffer_format(&others, ", %zu in %s", census->states[i].count, census->states[i].state);
        }
    }
    const char *state = first == CENSUS_STATES_MAX - 1 ? "(many)" : census->states[first].state;
    size_t number = census->states[first].count;
    return FAIL(err, TEND_CONFLICT,
                "%zu object%s of %s %s in state %s%.*s, which this version does not have; let it "
                "say that it was renamed (%s=%s), or move %s first and touch the file",
                number, number == 1 ? "" : "s", census->resource, number == 1 ? "is" : "are", state,
                TEXT_ARG(buffer_view(&others)), state, census->machine->initial->name,
                number == 1 ? "it" : "them");
}
