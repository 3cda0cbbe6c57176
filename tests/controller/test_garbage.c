/* What is deleted because its owners are gone, and what is not. */
#include "base/limits.h"
#include "controller/inside.h"
#include "controller/ownership.h"

static void create_space(struct ring *r, const char *name, const char *references)
{
    create(r, arena_format(&r->b->arena,
                           "{apiVersion: v1, kind: Namespace,\n"
                           " metadata: {name: %s, ownerReferences: [%s]}}",
                           name, references)
                  .ptr);
}

/* --- owners that go ------------------------------------------------------------------------------- */

static void a_dependent_goes_with_its_owner(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_map(r, "other", "");
    create_map(r, "child", ref_map(r, "owner"));
    settle(r);
    CHECK(is_there(r, "child"));
    delete_map(r, "other"); /* nobody's */
    settle(r);
    CHECK(is_there(r, "child"));
    leave(r, ADMIT_DELETE, "owner", NULL);
    while (is_there(r, "child") && virtual_world_step(&r->b->v)) {
        CHECK(is_there(r, "owner") || !is_there(r, "child") || !loop_is_settled(r->loop));
    }
    CHECK(!is_there(r, "child"));
    settle(r);
    CHECK_INT(collected(r), 1);
    ring_free(r);
}

static void a_chain_goes_link_by_link(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_map(r, "child", ref_map(r, "owner"));
    create_map(r, "grandchild", ref_map(r, "child"));
    delete_map(r, "owner");
    settle(r);
    CHECK(!is_there(r, "child"));
    CHECK(!is_there(r, "grandchild"));
    CHECK_INT(collected(r), 2);
    ring_free(r);
}

static void it_stays_as_long_as_one_owner_does(void)
{
    struct ring *r = ring_new_bare();
    char both[512];
    create_map(r, "one", "");
    create_map(r, "two", "");
    snprintf(both, sizeof both, "%s, %s", ref_map(r, "one"), ref_map(r, "two"));
    create_map(r, "child", both);
    delete_map(r, "one");
    settle(r);
    CHECK(is_there(r, "child"));
    delete_map(r, "two");
    settle(r);
    CHECK(!is_there(r, "child"));
    ring_free(r);
}

static void one_of_the_same_name_is_another_owner(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    const char *old = ref_map(r, "owner");
    create_map(r, "child", old);
    settle(r);
    virtual_world_hold(&r->b->v, LANE_WRITE); /* gone and there again before anybody can look */
    leave(r, ADMIT_DELETE, "owner", NULL);
    leave(r, ADMIT_CREATE, "", map_yaml(r, "owner", ""));
    virtual_world_release(&r->b->v, LANE_WRITE);
    settle(r);
    CHECK(is_there(r, "owner"));
    CHECK(!is_there(r, "child"));
    create_map(r, "late", old);
    create_map(r, "right", ref_map(r, "owner"));
    settle(r);
    CHECK(!is_there(r, "late"));
    CHECK(is_there(r, "right"));
    ring_free(r);
}

static void an_owner_that_is_being_deleted_is_still_there(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    patch_map(r, "owner", "{metadata: {finalizers: [a.b/c]}}");
    create_map(r, "child", ref_map(r, "owner"));
    delete_map(r, "owner");
    pass(r, 3600 * 1000);
    CHECK(is_there(r, "child"));
    patch_map(r, "owner", "{metadata: {finalizers: []}}");
    settle(r);
    CHECK(!is_there(r, "owner"));
    CHECK(!is_there(r, "child"));
    ring_free(r);
}

/* --- dependents that come, and change ------------------------------------------------------------- */

static void it_may_come_after_its_owner_went(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    const char *gone = ref_map(r, "owner");
    delete_map(r, "owner");
    create_map(r, "child", gone);
    settle(r);
    CHECK(!is_there(r, "child"));
    CHECK_INT(collected(r), 1);
    ring_free(r);
}

static void other_references_are_other_owners(void)
{
    struct ring *r = ring_new_bare();
    char yaml[512];
    create_map(r, "owner", "");
    const char *owner = ref_map(r, "owner");
    create_map(r, "freed", owner);
    create_map(r, "kept", owner);
    create_map(r, "moved", "");
    create_map(r, "heir", "");
    patch_map(r, "freed", "{metadata: {ownerReferences: null}}");
    snprintf(yaml, sizeof yaml, "{metadata: {ownerReferences: [%s]}}", ref_map(r, "heir"));
    patch_map(r, "kept", yaml);
    delete_map(r, "owner");
    settle(r);
    CHECK(is_there(r, "freed"));
    CHECK(is_there(r, "kept"));
    CHECK_INT(collected(r), 0);
    snprintf(yaml, sizeof yaml, "{metadata: {ownerReferences: [%s]}}", owner);
    patch_map(r, "moved", yaml); /* to one that is gone */
    settle(r);
    CHECK(!is_there(r, "moved"));
    delete_map(r, "heir");
    settle(r);
    CHECK(!is_there(r, "kept"));
    CHECK(is_there(r, "freed"));
    ring_free(r);
}

static void a_reference_means_kind_name_and_uid(void)
{
    struct ring *r = ring_new_bare();
    create_space(r, "far", "");
    create(r, "{apiVersion: v1, kind: ConfigMap, metadata: {name: owner, namespace: far}}");
    const char *far = uid_of(r, MAPS "/far/owner");
    create_map(r, "abroad", ref(r, "v1", "ConfigMap", "owner", far)); /* looked for at home */
    create_map(r, "owner", "");
    create_map(r, "good", ref_map(r, "owner"));
    settle(r); /* "owner" was seen at its place */
    const char *uid = uid_of(r, MAP("owner"));
    create_map(r, "misnamed", ref(r, "v1", "ConfigMap", "owner-2", uid));
    create_map(r, "unkind", ref(r, "v1", "Namespace", "owner", uid));
    create_map(r, "nameless", ref(r, "v1", "ConfigMap", "a/b", uid));
    settle(r);
    CHECK(!is_there(r, "abroad"));
    CHECK(!is_there(r, "misnamed"));
    CHECK(!is_there(r, "unkind"));
    CHECK(!is_there(r, "nameless"));
    CHECK(is_there(r, "good"));
    ring_free(r);
}

static void a_cluster_scoped_owner_owns_in_every_namespace(void)
{
    struct ring *r = ring_new_bare();
    create_space(r, "team", "");
    const char *team = ref(r, "v1", "Namespace", "team", uid_of(r, "namespaces//team"));
    create_map(r, "child", team);
    settle(r);
    CHECK(is_there(r, "child"));
    CHECK_INT(ask(r->b, ADMIT_DELETE, "namespaces", "team", NULL)->code, TEND_OK);
    settle(r);
    CHECK(!is_there(r, "child"));
    ring_free(r);
}

/* --- what is never concluded ---------------------------------------------------------------------- */

#define NODE_CRD                                                                                   \
    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,\n"                      \
    " metadata: {name: nodes.x.io}, spec: {group: x.io, scope: Namespaced,\n"                      \
    "  names: {kind: Node, plural: nodes}, versions: [{name: v1, served: true, storage: true,\n"   \
    "   schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}"

static void an_unknown_kind_says_nothing_until_it_comes(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "one", "");
    char both[512];
    snprintf(both, sizeof both, "%s, %s", ref(r, "x.io/v1", "Node", "n", "u-1"), ref_map(r, "one"));
    create_map(r, "child", ref(r, "x.io/v1", "Node", "n", "u-1"));
    create_map(r, "second", both);
    create_map(r, "foreign", ref(r, "apps/v1", "Deployment", "d", "u-2"));
    delete_map(r, "one");
    pass(r, 3600 * 1000);
    CHECK(is_there(r, "child"));
    CHECK(is_there(r, "second"));
    create(r, NODE_CRD);
    settle(r);
    CHECK(!is_there(r, "child"));
    CHECK(!is_there(r, "second"));
    CHECK(is_there(r, "foreign"));
    ring_free(r);
}

static void an_owner_may_go_together_with_its_kind(void)
{
    struct ring *r = ring_new_bare();
    struct arena *arena = &r->b->arena;
    create(r, NODE_CRD);
    create(r, "{apiVersion: x.io/v1, kind: Node, metadata: {name: n}}");
    create_map(r, "other", "");
    const char *node = ref(r, "x.io/v1", "Node", "n", uid_of(r, "nodes.x.io/default/n"));
    const char *other = ref_map(r, "other");
    create_map(r, "child", node);
    create_map(r, "second", arena_format(arena, "%s, %s", node, other).ptr);
    const struct admission_request both[] = {
        request(r->b, ADMIT_DELETE, "nodes.x.io", "n", NULL),
        request(r->b, ADMIT_DELETE, BUILTIN_CRDS, "nodes.x.io", NULL),
    };
    CHECK_INT(ask_set(r->b, both, COUNT_OF(both))->code, TEND_OK);
    settle(r);
    CHECK(!is_there(r, "child"));
    patch_map(r, "second",
              arena_format(arena, "{metadata: {ownerReferences: [%s, %s]}}", other, node).ptr);
    delete_map(r, "other");
    settle(r);
    CHECK(!is_there(r, "second")); /* that the node is gone was not forgotten */
    ring_free(r);
}

static void a_namespaced_owner_of_a_cluster_scoped_object_is_nowhere(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_space(r, "team", ref_map(r, "owner"));
    settle(r);
    CHECK_INT(times_said(r, "team", "OwnerRefInvalidNamespace"), 1);
    delete_map(r, "owner");
    CHECK_INT(ask(r->b, ADMIT_PATCH, "namespaces", "team", "{metadata: {labels: {a: b}}}")->code,
              TEND_OK);
    settle(r);
    int64_t before = revision(r);
    ring_crash(r);
    settle(r);
    CHECK(stored_root(r->b, "namespaces//team") != NULL);
    CHECK_INT(times_said(r, "team", "OwnerRefInvalidNamespace"), 1);
    CHECK_INT(revision(r), before); /* and looking again writes nothing */
    ring_free(r);
}

/* --- what holds a dependent ----------------------------------------------------------------------- */

static void finalizers_of_a_dependent_are_waited_for(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_map(r, "child", ref_map(r, "owner"));
    patch_map(r, "child", "{metadata: {finalizers: [a.b/c]}}");
    create_map(r, "grandchild", ref_map(r, "child"));
    delete_map(r, "owner");
    settle(r);
    CHECK(strstr(stored(r->b, MAP("child"), "metadata.deletionTimestamp"), "2026") != NULL);
    CHECK(is_there(r, "grandchild"));
    int64_t before = revision(r);
    pass(r, 3600 * 1000);
    CHECK_INT(revision(r), before); /* marked once */
    patch_map(r, "child", "{metadata: {finalizers: []}}");
    settle(r);
    CHECK(!is_there(r, "child"));
    CHECK(!is_there(r, "grandchild"));
    ring_free(r);
}

static enum tend_code delete_in(struct ring *r, const char *space, const char *name)
{
    struct admission_request one = request(r->b, ADMIT_DELETE, MAPS, name, NULL);
    one.namespace = text_of(space);
    return ask_set(r->b, &one, 1)->code;
}

static void what_cannot_be_deleted_yet_is_tried_again(void)
{
    struct ring *r = ring_new_bare();
    create_space(r, "parent", "");
    const char *parent = ref(r, "v1", "Namespace", "parent", uid_of(r, "namespaces//parent"));
    create_space(r, "one", parent);
    create_space(r, "two", parent);
    create(r, "{apiVersion: v1, kind: ConfigMap, metadata: {name: in, namespace: one}}");
    create(r, "{apiVersion: v1, kind: ConfigMap, metadata: {name: in, namespace: two}}");
    CHECK_INT(ask(r->b, ADMIT_DELETE, "namespaces", "parent", NULL)->code, TEND_OK);
    pass(r, 3600 * 1000);
    CHECK(stored_root(r->b, "namespaces//one") != NULL); /* they are not empty */
    CHECK(stored_root(r->b, "namespaces//two") != NULL);
    CHECK_INT(delete_in(r, "one", "in"), TEND_OK);
    CHECK_INT(ask(r->b, ADMIT_DELETE, "namespaces", "one", NULL)->code, TEND_OK);
    settle(r);
    CHECK_INT(work_flow_count(r->loop->garbage.chores.flow).keys, 1); /* somebody else did it */
    CHECK_INT(delete_in(r, "two", "in"), TEND_OK);
    pass(r, BACKOFF_MAX_MS * 2);
    CHECK(stored_root(r->b, "namespaces//two") == NULL);
    ring_free(r);
}

/* The owner is gone durably, and nobody has heard of it yet. */
static void delete_owner_quietly(struct ring *r)
{
    virtual_world_hold(&r->b->v, LANE_WRITE);
    leave(r, ADMIT_DELETE, "owner", NULL);
    while (virtual_world_waiting(&r->b->v, LANE_WRITE) == 0 && virtual_world_step(&r->b->v)) {
    }
    CHECK(virtual_world_work(&r->b->v, LANE_WRITE));
    CHECK(!is_there(r, "owner"));
}

/* It is given another owner between being judged and being deleted. */
static void what_was_adopted_meanwhile_stays(void)
{
    struct ring *r = ring_new_bare();
    char yaml[512];
    create_map(r, "owner", "");
    create_map(r, "heir", "");
    create_map(r, "child", ref_map(r, "owner"));
    create_map(r, "orphan", ref_map(r, "owner"));
    snprintf(yaml, sizeof yaml, "{metadata: {ownerReferences: [%s]}}", ref_map(r, "heir"));
    delete_owner_quietly(r);
    leave(r, ADMIT_PATCH, "child", yaml); /* pending, when it is judged */
    virtual_world_run(&r->b->v);
    virtual_world_release(&r->b->v, LANE_WRITE);
    pass(r, BACKOFF_FIRST_MS * 2);
    CHECK(is_there(r, "child"));
    CHECK(!is_there(r, "orphan"));
    CHECK_INT(collected(r), 1);
    ring_free(r);
}

static void a_full_disk_only_delays_it(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_map(r, "child", ref_map(r, "owner"));
    delete_owner_quietly(r);
    memory_disk_fail(r->b->disk, 1, TEND_UNAVAILABLE);
    virtual_world_release(&r->b->v, LANE_WRITE);
    virtual_world_advance(&r->b->v, 60000);
    CHECK(is_there(r, "child"));
    memory_disk_mend(r->b->disk);
    pass(r, BACKOFF_MAX_MS * 2);
    CHECK(!is_there(r, "child"));
    ring_free(r);
}

/* --- crashes and gaps ----------------------------------------------------------------------------- */

/* Killed between the deletion of the owner and the last of the collection, at each step of it. */
static void it_goes_wherever_the_host_is_killed(void)
{
    for (int steps = 0; steps < 40; steps++) {
        struct ring *r = ring_new_bare();
        create_map(r, "owner", "");
        create_map(r, "child", ref_map(r, "owner"));
        create_map(r, "grandchild", ref_map(r, "child"));
        create_map(r, "stranger", "");
        leave(r, ADMIT_DELETE, "owner", NULL);
        for (int i = 0; i < steps; i++) {
            virtual_world_step(&r->b->v);
        }
        ring_crash(r);
        settle(r);
        CHECK_INT(is_there(r, "child"), is_there(r, "owner"));
        CHECK_INT(is_there(r, "grandchild"), is_there(r, "owner"));
        CHECK(is_there(r, "stranger"));
        ring_free(r);
    }
}

/* More at once than the ring holds, so that it is read from the log. */
static void write_much(struct ring *r, enum admission_verb verb, char filler)
{
    enum { LARGE = 20, BYTES = 1400 * 1000 };
    char *padding = alloc_new(BYTES + 1);
    memset(padding, filler, BYTES);
    for (int i = 0; i < LARGE; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *body = yaml_value(&arena, "{apiVersion: v1, kind: ConfigMap}");
        body = value_with(&arena, body, TEXT("data"),
                          value_with(&arena, NULL, TEXT("x"), value_chars(&arena, padding)));
        const struct admission_request one = {
            .verb = verb, .name = arena_format(&arena, "large-%02d", i), .body = body};
        admission_submit(r->b->gate, &(struct admission_set){.requests = &one, .count = 1}, NULL);
    }
    free(padding);
}

static void a_gap_costs_time_only(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_map(r, "other", "");
    create_map(r, "child", ref_map(r, "owner"));
    create_map(r, "kept", ref_map(r, "other"));
    create_map(r, "stray", ref_map(r, "other"));
    write_much(r, ADMIT_CREATE, 'x');
    settle(r);
    virtual_world_hold(&r->b->v, LANE_WRITE);
    virtual_world_hold(&r->b->v, LANE_READ);
    leave(r, ADMIT_DELETE, "owner", NULL);
    leave(r, ADMIT_DELETE, "stray", NULL);
    leave(r, ADMIT_CREATE, "", map_yaml(r, "late", ref_map(r, "other")));
    write_much(r, ADMIT_PATCH, 'y');
    virtual_world_release(&r->b->v, LANE_WRITE);
    virtual_world_advance(&r->b->v, 2 * RETAIN_MS); /* and the log lets go of it */
    CHECK(!is_there(r, "owner"));
    CHECK(is_there(r, "child")); /* nobody was told */
    virtual_world_release(&r->b->v, LANE_READ);
    settle(r);
    CHECK(!is_there(r, "child"));
    CHECK(is_there(r, "kept"));
    CHECK_INT(r->loop->garbage.owners.dependents.count, 2); /* "stray" is not remembered */
    delete_map(r, "other");
    settle(r);
    CHECK(!is_there(r, "kept"));
    CHECK(!is_there(r, "late")); /* which came in the gap */
    ring_free(r);
}

/* --- many, and none ------------------------------------------------------------------------------- */

enum { MANY = 5000, AT_ONCE = 250 };

static void create_many(struct ring *r, const char *references)
{
    struct admission_request requests[AT_ONCE];
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "many-%04d", i);
        requests[i % AT_ONCE] = request(r->b, ADMIT_CREATE, "", "", map_yaml(r, name, references));
        if (i % AT_ONCE == AT_ONCE - 1) {
            submit(r->b, requests, AT_ONCE);
            virtual_world_run(&r->b->v);
            CHECK_INT(r->b->code, TEND_OK);
        }
    }
}

static size_t maps_left(struct ring *r)
{
    return store_count(r->b->store, TEXT(MAPS "/default/many-"));
}

static void many_dependents_go_in_slices(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_many(r, ref_map(r, "owner"));
    settle(r);
    leave(r, ADMIT_DELETE, "owner", NULL);
    struct work_flow *flow = r->loop->garbage.chores.flow;
    size_t keys = 0, most = 0;
    while (maps_left(r) == MANY && virtual_world_step(&r->b->v)) {
        size_t now = work_flow_count(flow).keys;
        most = now > keys && now - keys > most ? now - keys : most;
        keys = now;
    }
    CHECK(most > 0 && most <= SWEEP_SLICE); /* so many were queued in one step */
    const struct admission_request one = request(r->b, ADMIT_CREATE, "", "", map_yaml(r, "x", ""));
    submit(r->b, &one, 1);
    while (r->b->answered == 0 && virtual_world_step(&r->b->v)) {
    }
    CHECK(maps_left(r) > MANY - 10 * (size_t)CHORE_PLACES); /* others come in between */
    settle(r);
    CHECK_INT(maps_left(r), 0);
    CHECK_INT(collected(r), MANY);
    CHECK_INT(r->loop->garbage.owners.by_uid.count, 0);
    ring_free(r);
}

/* After a start, the sweep does not put all of them into the queue at once. */
static void a_sweep_over_many_stays_ahead_by_a_few(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "owner", "");
    create_many(r, ref_map(r, "owner"));
    settle(r);
    ring_close(r);
    delete_map(r, "owner"); /* no loop is there to see it */
    ring_open(r);
    struct work_flow *flow = r->loop->garbage.chores.flow;
    size_t most = 0;
    while (virtual_world_step(&r->b->v)) {
        size_t now = work_flow_count(flow).waiting;
        most = now > most ? now : most;
    }
    CHECK(most <= SWEEP_AHEAD);
    settle(r);
    CHECK_INT(maps_left(r), 0);
    ring_free(r);
}

static void what_owns_nothing_costs_nothing(void)
{
    struct ring *r = ring_new_bare();
    create_map(r, "plain", "");
    create(r, "{apiVersion: v1, kind: ConfigMap, metadata: {name: talker},\n"
              " data: {text: '\"ownerReferences\":[{\"uid\":\"u\"}]'}}");
    create_map(r, "owner", "");
    create_map(r, "child", ref_map(r, "owner"));
    settle(r);
    CHECK_INT(r->loop->garbage.owners.dependents.count, 1);
    CHECK_INT(work_flow_count(r->loop->garbage.chores.flow).keys, 0);
    size_t fired = r->b->v.alarms_fired;
    pass(r, 3600 * 1000);
    CHECK_INT(r->b->v.alarms_fired, fired);
    leave(r, ADMIT_PATCH, "child", "{data: {of: nobody}}"); /* but the same owners */
    while (virtual_world_step(&r->b->v)) {
        CHECK_INT(work_flow_count(r->loop->garbage.chores.flow).keys, 0);
    }
    CHECK_TEXT(stored(r->b, MAP("child"), "data.of"), "\"nobody\"");
    int64_t before = revision(r);
    ring_crash(r);
    settle(r);
    CHECK_INT(revision(r), before);
    CHECK_INT(r->loop->garbage.owners.dependents.count, 1);
    ring_free(r);
}

SUITE({"a dependent goes with its owner, and with no other", a_dependent_goes_with_its_owner},
      {"a chain goes link by link", a_chain_goes_link_by_link},
      {"it stays as long as one owner does", it_stays_as_long_as_one_owner_does},
      {"one of the same name is another owner", one_of_the_same_name_is_another_owner},
      {"an owner that is being deleted is still there",
       an_owner_that_is_being_deleted_is_still_there},
      {"it may come after its owner went", it_may_come_after_its_owner_went},
      {"other references are other owners", other_references_are_other_owners},
      {"a reference means kind, name and uid", a_reference_means_kind_name_and_uid},
      {"a cluster-scoped owner owns in every namespace",
       a_cluster_scoped_owner_owns_in_every_namespace},
      {"an unknown kind says nothing until it comes", an_unknown_kind_says_nothing_until_it_comes},
      {"an owner may go together with its kind", an_owner_may_go_together_with_its_kind},
      {"a namespaced owner of a cluster-scoped object is nowhere, and that is said once",
       a_namespaced_owner_of_a_cluster_scoped_object_is_nowhere},
      {"finalizers of a dependent are waited for", finalizers_of_a_dependent_are_waited_for},
      {"what cannot be deleted yet is tried again", what_cannot_be_deleted_yet_is_tried_again},
      {"what was adopted meanwhile stays", what_was_adopted_meanwhile_stays},
      {"a full disk only delays it", a_full_disk_only_delays_it},
      {"it goes wherever the host is killed", it_goes_wherever_the_host_is_killed},
      {"a gap costs time only", a_gap_costs_time_only},
      {"many dependents go in slices", many_dependents_go_in_slices},
      {"a sweep over many stays ahead by a few", a_sweep_over_many_stays_ahead_by_a_few},
      {"what owns nothing costs nothing", what_owns_nothing_costs_nothing})
