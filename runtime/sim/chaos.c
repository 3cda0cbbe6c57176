/* A controller that writes each time it runs would be run for ever by events that are repeated: there is a bound on
 * them, and how the objects are then tells the rest.
 */
#include "sim/chaos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"

static const char *const kind_names[] = {
    [FAULT_NONE] = "none",   [FAULT_COMMIT] = "commit", [FAULT_BEGUN] = "begun",
    [FAULT_ENDED] = "ended", [FAULT_REPEAT] = "repeat", [FAULT_STALE] = "stale",
};

static bool has_places(enum fault_kind kind)
{
    return kind == FAULT_COMMIT || kind == FAULT_BEGUN || kind == FAULT_ENDED;
}

const char *fault_name(struct fault fault, char *out)
{
    if (has_places(fault.kind)) {
        snprintf(out, FAULT_NAME_MAX, "%s:%u", kind_names[fault.kind], fault.at);
    } else {
        snprintf(out, FAULT_NAME_MAX, "%s", kind_names[fault.kind]);
    }
    return out;
}

const char *fault_story(struct fault fault, char *out)
{
    static const char *const stories[] = {
        [FAULT_NONE] = "nothing wrong",
        [FAULT_COMMIT] = "the host killed after commit %u",
        [FAULT_BEGUN] = "the host killed after effect %u began",
        [FAULT_ENDED] = "the host killed after effect %u ended",
        [FAULT_REPEAT] = "every event repeated",
        [FAULT_STALE] = "reads that come late",
    };
    CLEANUP(buffer_done) struct buffer story = BUFFER_INIT(FAULT_NAME_MAX);
    const char *number = strstr(stories[fault.kind], "%u");
    if (number == NULL) {
        buffer_chars(&story, stories[fault.kind]);
    } else {
        buffer_add(&story, stories[fault.kind], (size_t)(number - stories[fault.kind]));
        buffer_format(&story, "%u%s", fault.at, number + 2);
    }
    snprintf(out, FAULT_NAME_MAX, "%s", story.data);
    return out;
}

enum tend_code fault_parse(const char *text, struct fault *ret_fault, struct error *err)
{
    struct text rest = text_of(text), word = text_cut(&rest, ':');
    for (unsigned kind = FAULT_COMMIT; kind < COUNT_OF(kind_names); kind++) {
        int64_t at = 0;
        bool given = text_to_int(rest, &at) && at > 0 && at <= UINT32_MAX;
        if (text_is(word, kind_names[kind]) &&
            (has_places((enum fault_kind)kind) ? given : rest.len == 0)) {
            *ret_fault = (struct fault){(enum fault_kind)kind, (unsigned)at};
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID,
                "\"%s\" is no fault: expected commit:N, begun:N, ended:N, repeat or stale", text);
}

/* --- which ones -------------------------------------------------------------------------------- */

static unsigned tried(unsigned places)
{
    return places < CHAOS_PLACES_MAX ? places : CHAOS_PLACES_MAX;
}

/* Number `index` of those tried of `places`: each, or spread from the first to the last. */
static unsigned place(unsigned places, unsigned index)
{
    return places <= CHAOS_PLACES_MAX
               ? index + 1
               : 1 + (unsigned)((uint64_t)index * (places - 1) / (CHAOS_PLACES_MAX - 1));
}

bool fault_at(struct fault_places places, unsigned index, struct fault *ret_fault)
{
    const struct {
        enum fault_kind kind;
        unsigned places;
    } all[] = {{FAULT_COMMIT, places.commits},
               {FAULT_BEGUN, places.began},
               {FAULT_ENDED, places.ended},
               {FAULT_REPEAT, 1},
               {FAULT_STALE, 1}};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (index < tried(all[i].places)) {
            unsigned at = has_places(all[i].kind) ? place(all[i].places, index) : 0;
            *ret_fault = (struct fault){all[i].kind, at};
            return true;
        }
        index -= tried(all[i].places);
    }
    return false;
}

/* --- late reads -------------------------------------------------------------------------------- */

struct late {
    int64_t revision; /* of the state before the commit */
    char key[];
};

/* Has `controller` itself changed anything after `revision`? That it never sees late. */
static bool is_writer(const struct stage *stage, const char *controller, int64_t revision)
{
    for (size_t i = stage->change_count; i-- > 0 && stage->changes[i].revision > revision;) {
        struct text actor = text_of(stage->changes[i].actor);
        if (text_starts(actor, TEXT("controller/")) &&
            text_is(text_from(actor, strlen("controller/")), controller)) {
            return true;
        }
    }
    return false;
}

/* Once for each object and commit. */
static bool take_turn(struct chaos *chaos, struct text object, int64_t revision)
{
    struct late *late = map_get(&chaos->late, object);
    if (late == NULL) {
        late = alloc_new(sizeof *late + object.len + 1);
        memcpy(late->key, object.ptr, object.len);
        map_put(&chaos->late, (struct text){late->key, object.len}, late);
    }
    bool is_new = late->revision != revision;
    late->revision = revision;
    return is_new;
}

/* Only what a run can really see: nothing older than its own object, and never without what its controller
 * has written itself. */
static int64_t as_of(struct read_source *source, const char *controller, struct text object,
                     int64_t since)
{
    struct chaos *chaos = CONTAINER_OF(source, struct chaos, reads);
    int64_t head = store_revision(chaos->stage->rooms.store), kept = stage_kept(chaos->stage);
    bool can = chaos->phase == CHAOS_ON && kept >= since && kept > 0 && kept < head &&
               !is_writer(chaos->stage, controller, kept);
    return can && take_turn(chaos, object, kept) ? kept : head;
}

void chaos_done(struct chaos *chaos)
{
    MAP_FOREACH (slot, &chaos->late) {
        free(slot->value);
    }
    map_done(&chaos->late);
}

/* --- striking ---------------------------------------------------------------------------------- */

static bool has_news(struct chaos *chaos)
{
    bool news = false;
    for (; chaos->changes < chaos->stage->change_count; chaos->changes++) {
        news = news || !stage_is_talk(chaos->stage->changes[chaos->changes].key);
    }
    return news;
}

static void repeat(struct chaos *chaos)
{
    int64_t now_ms = chaos->stage->v.now_ms;
    chaos->repeats = chaos->repeated_ms == now_ms ? chaos->repeats : 0;
    if (has_news(chaos) && chaos->repeats < CHAOS_REPEATS_MAX) {
        chaos->repeats++;
        chaos->repeated_ms = now_ms;
        loop_resync(chaos->stage->rooms.loop);
    }
}

static void crash_at(struct chaos *chaos, unsigned seen)
{
    if (seen >= chaos->fault.at) {
        chaos->phase = CHAOS_OVER;
        stage_crash(chaos->stage);
    }
}

void chaos_between(struct chaos *chaos)
{
    if (chaos->phase != CHAOS_ON) {
        return;
    }
    switch (chaos->fault.kind) {
    case FAULT_COMMIT:
        crash_at(chaos, chaos->stage->commits - chaos->commits);
        return;
    case FAULT_BEGUN:
        crash_at(chaos, chaos->recorder->began);
        return;
    case FAULT_ENDED:
        crash_at(chaos, chaos->recorder->ended);
        return;
    case FAULT_REPEAT:
        repeat(chaos);
        return;
    case FAULT_STALE:
        if (has_news(chaos)) {
            stage_keep(chaos->stage);
        }
        return;
    case FAULT_NONE:
        return;
    }
}

void chaos_init(struct chaos *chaos, struct fault fault, struct stage *stage,
                const struct recorder *recorder)
{
    *chaos =
        (struct chaos){.reads.as_of = as_of, .fault = fault, .stage = stage, .recorder = recorder};
}

void chaos_begin(struct chaos *chaos)
{
    chaos->commits = chaos->stage->commits;
    chaos->changes = chaos->stage->change_count;
    chaos->phase = CHAOS_ON;
    if (chaos->fault.kind == FAULT_STALE) {
        stage_keep(chaos->stage);
    }
}
