/* ConfigMaps that own each other, for the tests of what is deleted because its owners are gone. */
#ifndef CONTROLLER_OWNERSHIP_H
#define CONTROLLER_OWNERSHIP_H

#include "controller/fixture.h"
#include "resource/meta.h"

#define MAPS      "configmaps"
#define MAP(name) MAPS "/default/" name

/* A loop without controllers, and no kinds but the built-in ones. */
static inline struct ring *ring_new_bare(void)
{
    struct ring *r = alloc_new(sizeof *r);
    r->b = bench_new();
    ring_open(r);
    return r;
}

static inline const char *map_key(struct ring *r, const char *name)
{
    return arena_format(&r->b->arena, MAPS "/default/%s", name).ptr;
}

static inline bool is_there(struct ring *r, const char *name)
{
    return store_get(r->b->store, text_of(map_key(r, name))) != NULL;
}

/* Kept after the object is gone; "" where there is none. */
static inline const char *uid_of(struct ring *r, const char *key)
{
    const struct value *root = stored_root(r->b, key);
    return root == NULL ? "" : chars_of(&r->b->arena, meta_of(root).uid);
}

/* A reference in YAML. */
static inline const char *ref(struct ring *r, const char *api_version, const char *kind,
                              const char *name, const char *uid)
{
    return arena_format(&r->b->arena, "{apiVersion: %s, kind: %s, name: '%s', uid: '%s'}",
                        api_version, kind, name, uid)
        .ptr;
}

/* To a ConfigMap as it is now. */
static inline const char *ref_map(struct ring *r, const char *name)
{
    return ref(r, "v1", "ConfigMap", name, uid_of(r, map_key(r, name)));
}

/* A ConfigMap in YAML; `references` as "ref, ref" or "". */
static inline const char *map_yaml(struct ring *r, const char *name, const char *references)
{
    return arena_format(&r->b->arena,
                        "{apiVersion: v1, kind: ConfigMap, metadata: {name: '%s',\n"
                        " ownerReferences: [%s]}, data: {of: '%s'}}",
                        name, references, name)
        .ptr;
}

static inline void create(struct ring *r, const char *yaml)
{
    CHECK_INT(ask(r->b, ADMIT_CREATE, "", "", yaml)->code, TEND_OK);
}

static inline void create_map(struct ring *r, const char *name, const char *references)
{
    create(r, map_yaml(r, name, references));
}

static inline void patch_map(struct ring *r, const char *name, const char *yaml)
{
    CHECK_INT(ask(r->b, ADMIT_PATCH, MAPS, name, yaml)->code, TEND_OK);
}

static inline void delete_map(struct ring *r, const char *name)
{
    CHECK_INT(ask(r->b, ADMIT_DELETE, MAPS, name, NULL)->code, TEND_OK);
}

/* Submit, and do not wait for the answer. */
static inline void leave(struct ring *r, enum admission_verb verb, const char *name,
                         const char *yaml)
{
    const struct admission_request one = request(r->b, verb, MAPS, name, yaml);
    const struct admission_set set = {.requests = &one, .count = 1};
    admission_submit(r->b->gate, &set, NULL);
}

/* How many rows say that the host took an object away for want of an owner. */
static inline size_t collected(struct ring *r)
{
    size_t count = 0;
    int64_t at = store_recent_floor(r->b->store);
    for (const struct change *change; (change = store_recent(r->b->store, at)) != NULL;) {
        count += text_is(change->reason, "OwnerGone") && text_is(change->actor, "host") ? 1 : 0;
        at = change->revision;
    }
    return count;
}

#endif
