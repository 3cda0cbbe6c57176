/* Owners and dependents at random: created, adopted, freed, held, deleted, and the host killed in between.
 * Whatever the schedule, nothing is collected that has an owner at that moment, and in the end nothing
 * is left that has none. */
#include "base/limits.h"
#include "base/map.h"
#include "controller/ownership.h"

enum { NAMES = 10, STEPS = 150, SEEDS = 60 };

struct play {
    struct ring *r;
    struct map live; /* the uids that exist, by the log up to `seen` */
    int64_t seen;
    const char *known[NAMES]; /* the newest reference to each name, also where it is gone */
    size_t collected;
};

static const struct value *root_of(struct play *play, const struct doc *doc)
{
    struct error err = ERROR_INIT;
    const struct value *root = NULL;
    CHECK_INT(doc_tree(doc, &play->r->b->arena, &root, &err), TEND_OK);
    return root;
}

/* How many of its owners are there, by the log? */
static size_t owners_alive(const struct play *play, const struct meta *meta)
{
    size_t count = 0;
    for (size_t i = 0; i < value_count(meta->owners); i++) {
        const struct value *uid = value_field(value_at(meta->owners, i), "uid");
        count += map_get(&play->live, value_text_or(uid, TEXT(""))) != NULL ? 1 : 0;
    }
    return count;
}

/* Read the log on, and check each collection in it. */
static void read_log(struct play *play)
{
    struct store *store = play->r->b->store;
    for (const struct change *change; (change = store_recent(store, play->seen)) != NULL;) {
        struct meta meta = meta_of(root_of(play, change->doc));
        if (text_is(change->reason, "OwnerGone")) {
            play->collected++;
            CHECK(value_count(meta.owners) > 0);
            CHECK_INT(owners_alive(play, &meta), 0);
        }
        if (change->op == CHANGE_DELETE) {
            map_remove(&play->live, meta.uid);
        } else {
            map_put(&play->live, meta.uid, play);
        }
        play->seen = change->revision;
    }
}

static const char *name_of(struct play *play, uint64_t random)
{
    return arena_format(&play->r->b->arena, "map-%d", (int)(random % NAMES)).ptr;
}

static const char *reference_to(struct play *play, uint64_t random)
{
    const char *name = name_of(play, random);
    if (is_there(play->r, name)) {
        play->known[random % NAMES] = ref_map(play->r, name);
    }
    return play->known[random % NAMES];
}

/* "", "REF" or "REF, REF": to what is there or was. */
static const char *some_references(struct play *play, uint64_t random)
{
    const char *one = reference_to(play, random / 4), *two = reference_to(play, random / 64);
    if (random % 4 == 0 || one == NULL) {
        return "";
    }
    return random % 4 == 1 && two != NULL ? arena_format(&play->r->b->arena, "%s, %s", one, two).ptr
                                          : one;
}

static void change_something(struct play *play, uint64_t random)
{
    struct ring *r = play->r;
    struct arena *arena = &r->b->arena;
    const char *name = name_of(play, random / 8);
    const char *references = some_references(play, random / 1024);
    if (!is_there(r, name)) {
        leave(r, ADMIT_CREATE, "", map_yaml(r, name, references));
        return;
    }
    switch (random % 8) {
    case 0:
    case 1:
        leave(r, ADMIT_DELETE, name, NULL);
        break;
    case 2:
    case 3:
        leave(r, ADMIT_PATCH, name,
              arena_format(arena, "{metadata: {ownerReferences: [%s]}}", references).ptr);
        break;
    case 4:
        leave(r, ADMIT_PATCH, name, "{metadata: {finalizers: [a.b/c]}}");
        break;
    case 5:
        leave(r, ADMIT_PATCH, name, "{metadata: {finalizers: []}}");
        break;
    default:
        leave(r, ADMIT_PATCH, name,
              arena_format(arena, "{data: {v: '%d'}}", (int)(random / 8 % 1000)).ptr);
    }
}

static void disturb(struct play *play, uint64_t random)
{
    struct ring *r = play->r;
    switch (random % 24) {
    case 0:
        read_log(play);
        virtual_world_release(&r->b->v, LANE_WRITE);
        ring_crash(r);
        break;
    case 1:
        virtual_world_hold(&r->b->v, LANE_WRITE);
        break;
    case 2:
        virtual_world_release(&r->b->v, LANE_WRITE);
        break;
    case 3:
        virtual_world_advance(&r->b->v, (int64_t)(random / 24 % 1000));
        break;
    default:
        for (uint64_t i = random / 24 % 12; i > 0; i--) {
            virtual_world_step(&r->b->v);
        }
    }
}

static void converge(struct play *play)
{
    struct ring *r = play->r;
    virtual_world_release(&r->b->v, LANE_WRITE);
    virtual_world_advance(&r->b->v, 2 * BACKOFF_MAX_MS);
    settle(r);
    read_log(play);
    for (int n = 0; n < NAMES; n++) {
        const struct value *root = stored_root(r->b, map_key(r, name_of(play, (uint64_t)n)));
        struct meta meta = meta_of(root);
        if (value_count(meta.owners) > 0 && !meta_deleting(&meta)) {
            CHECK(owners_alive(play, &meta) > 0);
        }
    }
    int64_t before = revision(r);
    ring_crash(r);
    settle(r);
    CHECK_INT(revision(r), before); /* and looking at everything again finds all well */
}

static size_t play_once(uint64_t seed)
{
    struct play play = {.r = ring_new_bare()};
    play.r->b->v.seed = seed;
    for (int i = 0; i < STEPS; i++) {
        change_something(&play, world_random(&play.r->b->v.world));
        disturb(&play, world_random(&play.r->b->v.world));
    }
    converge(&play);
    map_done(&play.live);
    ring_free(play.r);
    return play.collected;
}

static void only_garbage_goes_and_all_of_it(void)
{
    size_t collected = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        collected += play_once(seed);
    }
    CHECK(collected > 10 * SEEDS); /* or nothing was tried */
}

SUITE({"only garbage goes, and all of it", only_garbage_goes_and_all_of_it})
