/* Many writers do random things to a few objects of a kind with a machine; whatever they do, every row of
 * the log keeps the gate's promises (admission.h, 1 to 6). A failing seed is the number in the message
 * of the world's first wrong row: run() with it alone. */
#include "admission/fixture.h"
#include "resource/meta.h"

enum { SEEDS = 12, STEPS = 250, NAMES = 3 };

struct dice {
    uint64_t state;
};

static unsigned roll(struct dice *dice, unsigned sides)
{
    dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(dice->state >> 33) % sides;
}

static const char *pick(struct dice *dice, const char *const *words, size_t count)
{
    return words[roll(dice, (unsigned)count)];
}

#define PICK(dice, words) pick((dice), (words), COUNT_OF(words))

/* --- what is asked ----------------------------------------------------------------------------- */

static const char *const states[] = {"pending", "provisioning", "ready",
                                     "failed",  "deleting",     "deleted"};
static const char *const main_patches[] = {
    "{}",
    "{metadata: {labels: {a: b}}}",
    "{metadata: {labels: null}}",
    "{metadata: {finalizers: [x.y/z]}}",
    "{metadata: {finalizers: null}}",
    "{metadata: {finalizers: [lab.neuroglia.com/tend, x.y/w]}}",
    "{metadata: {annotations: {tend.dev/state-since: '2001-01-01T00:00:00Z'}}}",
    "{metadata: {annotations: null, deletionTimestamp: null, generation: 1}}",
    "{spec: {retries: 1}}",
    "{spec: {retries: 2, duration: 5m}}",
    "{spec: {retries: 99}}",
    "{spec: {template: null}}",
    "{status: {state: ready}}",
};
static const enum admission_verb verbs[] = {
    ADMIT_CREATE,  ADMIT_PATCH,        ADMIT_PATCH,        ADMIT_PATCH,
    ADMIT_APPLY,   ADMIT_PATCH_STATUS, ADMIT_PATCH_STATUS, ADMIT_PATCH_STATUS,
    ADMIT_RELEASE, ADMIT_DELETE,       ADMIT_UPDATE,       ADMIT_UPDATE_STATUS};
static const char *const names[NAMES] = {"a", "b", "c"};

static const char *whole_object(struct bench *b, struct dice *dice, const char *name)
{
    return arena_format(&b->arena,
                        "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                        " metadata: {name: %s, labels: {n: '%u'}%s},\n"
                        " spec: {template: t, retries: %u}, status: {state: %s}}",
                        name, roll(dice, 3), roll(dice, 4) == 0 ? ", finalizers: [x.y/z]" : "",
                        roll(dice, 4), PICK(dice, states))
        .ptr;
}

static const char *body_for(struct bench *b, struct dice *dice, enum admission_verb verb,
                            const char *name)
{
    switch (verb) {
    case ADMIT_CREATE:
    case ADMIT_UPDATE:
    case ADMIT_UPDATE_STATUS:
    case ADMIT_APPLY:
        return whole_object(b, dice, name);
    case ADMIT_PATCH:
        return PICK(dice, main_patches);
    case ADMIT_PATCH_STATUS:
        return roll(dice, 6) == 0
                   ? "{status: null}"
                   : arena_format(&b->arena, "{status: {state: %s}}", PICK(dice, states)).ptr;
    case ADMIT_DELETE:
    case ADMIT_RELEASE:
    case ADMIT_EXPECT:
    case ADMIT_EVENT:
        return NULL;
    }
    return NULL;
}

static struct admission_request random_request(struct bench *b, struct dice *dice)
{
    enum admission_verb verb = verbs[roll(dice, COUNT_OF(verbs))];
    const char *name = PICK(dice, names);
    return request(b, verb, LAB, name, body_for(b, dice, verb, name));
}

/* --- what must hold ---------------------------------------------------------------------------- */

static const struct kind *lab_kind(struct bench *b)
{
    return catalogue_resource(admission_catalogue(b->gate), TEXT(LAB));
}

static const struct value *tree(struct bench *b, const struct doc *doc)
{
    const struct value *root = NULL;
    struct error err = ERROR_INIT;
    CHECK_INT(doc_tree(doc, &b->arena, &root, &err), TEND_OK);
    return root;
}

static const struct value *spec_of(const struct value *root)
{
    return value_field(root, "spec");
}

static void check_created(struct bench *b, const struct value *now)
{
    struct meta meta = meta_of(now);
    CHECK_INT(meta.generation, 1);
    CHECK(text_is(machine_state_of(lab_kind(b)->machine, now), "pending"));
    CHECK_INT(machine_entered_ms(now) / 1000, meta.creation_ms / 1000);
}

static void check_state(struct bench *b, const struct value *was, const struct value *now)
{
    const struct machine *machine = lab_kind(b)->machine;
    struct text from = machine_state_of(machine, was), to = machine_state_of(machine, now);
    struct error err = ERROR_INIT;
    bool moved = !text_equal(from, to);
    CHECK(machine_state(machine, to) != NULL);
    /* one row may hold two moves: into the teardown state and, held by nothing, out of it */
    bool ended =
        text_is(to, "deleted") && machine_move(machine, from, TEXT("deleting"), NULL) == TEND_OK;
    CHECK(ended || machine_move(machine, from, to, &err) == TEND_OK);
    CHECK(moved || machine_entered_ms(was) == machine_entered_ms(now));
    struct meta meta = meta_of(now);
    CHECK(!moved || !text_is(to, "deleting") || meta_deleting(&meta));
}

static void check_finalizers(struct bench *b, const struct meta *was, const struct meta *now)
{
    if (meta_deleting(was)) {
        for (size_t i = 0; i < value_count(now->finalizers); i++) {
            CHECK(meta_has_finalizer(was, value_at(now->finalizers, i)->text));
        }
    }
    if (!meta_deleting(now)) {
        CHECK(meta_has_finalizer(now, text_of(lab_kind(b)->finalizer)));
    }
}

/* Deleting is all that an observer does to states and finalizers. */
static void check_observer(struct bench *b, const struct value *was, const struct value *now)
{
    const struct machine *machine = lab_kind(b)->machine;
    struct meta old = meta_of(was), new = meta_of(now);
    if (b->writer.role == WRITER_OBSERVER && meta_deleting(&old) == meta_deleting(&new)) {
        const struct value *before = value_field(was, "status"),
                           *after = value_field(now, "status");
        CHECK(before == after || value_equal(before, after));
        CHECK(text_equal(machine_state_of(machine, was), machine_state_of(machine, now)));
        CHECK_INT(value_count(old.finalizers), value_count(new.finalizers));
    }
}

static void check_changed(struct bench *b, const struct value *was, const struct value *now)
{
    struct meta old = meta_of(was), new = meta_of(now);
    bool marked = meta_deleting(&new) && !meta_deleting(&old);
    bool differs = !value_equal(spec_of(was), spec_of(now));
    CHECK(text_equal(old.uid, new.uid));
    CHECK_INT(new.creation_ms, old.creation_ms);
    CHECK(!meta_deleting(&old) || new.deletion_ms == old.deletion_ms);
    CHECK_INT(new.generation, old.generation + (marked ? 1 : 0) + (differs ? 1 : 0));
    CHECK(
        !value_equal(meta_with_revision(&b->arena, was, 0), meta_with_revision(&b->arena, now, 0)));
    check_state(b, was, now);
    check_observer(b, was, now);
    check_finalizers(b, &old, &new);
}

static void check_row(struct bench *b, const struct change *change)
{
    if (!text_starts(change->key, TEXT(LAB "/"))) {
        return;
    }
    const struct value *now = tree(b, change->doc);
    struct meta meta = meta_of(now);
    struct schema_problems problems = {.arena = &b->arena};
    CHECK_INT(meta.revision, change->revision);
    schema_validate(lab_kind(b)->schema, now, &problems);
    CHECK_INT(problems.count, 0);
    if (change->op == CHANGE_CREATE) {
        check_created(b, now);
        return;
    }
    check_changed(b, tree(b, change->before), now);
    bool held = value_count(meta.finalizers) > 0;
    CHECK_INT(change->op == CHANGE_DELETE, meta_deleting(&meta) && !held);
}

static void check_rows(struct bench *b, int64_t after)
{
    const struct change *change = store_recent(b->store, after);
    while (change != NULL) {
        check_row(b, change);
        after = change->revision;
        change = store_recent(b->store, after);
    }
}

/* --- running ----------------------------------------------------------------------------------- */

static void step(struct bench *b, struct dice *dice)
{
    static const struct admission_writer writers[] = {
        {WRITER_CLIENT, {0}},
        {WRITER_MANIFEST, {0}},
        {WRITER_HOST, {0}},
        {WRITER_CONTROLLER, {"labinstance", 11}},
        {WRITER_CONTROLLER, {"labinstance", 11}},
        {WRITER_CONTROLLER, {"other", 5}},
        {WRITER_OBSERVER, {"watcher", 7}},
        {WRITER_CLIENT, {0}},
    };
    struct admission_request requests[3];
    size_t count = roll(dice, 3) > 0 ? 1 : 1 + roll(dice, COUNT_OF(requests));
    for (size_t i = 0; i < count; i++) {
        requests[i] = random_request(b, dice);
    }
    int64_t before = store_revision(b->store);
    b->writer = writers[roll(dice, COUNT_OF(writers))];
    b->fields = roll(dice, 2) == 0 ? FIELDS_STRICT : FIELDS_WARN;
    (void)ask_set(b, requests, count);
    CHECK(b->code == TEND_OK || store_revision(b->store) == before);
    CHECK(b->code != TEND_INTERNAL && b->code != TEND_CORRUPT);
    check_rows(b, before);
    virtual_world_advance(&b->v, 1000 + roll(dice, 5000));
}

static void run(uint64_t seed)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    struct dice dice = {seed};
    for (int i = 0; i < STEPS; i++) {
        step(b, &dice);
    }
    CHECK(store_revision(b->store) > STEPS / 6); /* it did something */
}

static void keeps_its_promises(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed);
    }
}

/* Commits fail now and then: what was refused for that left nothing, and what follows is judged by what
 * is on the disk. */
static void keeps_them_over_failures(void)
{
    for (uint64_t seed = 100; seed < 104; seed++) {
        CLEANUP(benchp) struct bench *b = bench_with_machine();
        struct dice dice = {seed};
        for (int i = 0; i < STEPS / 2; i++) {
            bool fails = roll(&dice, 5) == 0;
            if (fails) {
                memory_disk_fail(b->disk, 1, TEND_UNAVAILABLE);
            }
            step(b, &dice);
            if (fails) {
                memory_disk_mend(b->disk);
                virtual_world_advance(&b->v, 60000);
            }
        }
        CHECK(store_revision(b->store) > STEPS / 20); /* it did something */
        CHECK_INT(store_state(b->store), STORE_READY);
    }
}

SUITE({"every row keeps the promises, whoever asks for what", keeps_its_promises},
      {"and over commits that fail", keeps_them_over_failures})
