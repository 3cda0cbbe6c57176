/* Metadata is read from the tree whenever it is needed instead of being kept beside it: one truth, and
 * decoding is a handful of binary searches. Edits copy the two maps on the path and share the rest. */
#include "resource/meta.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/moment.h"
#include "resource/name.h"

/* The fields of metadata that are decoded, in the order of their bytes, as a map has them. */
enum slot {
    SLOT_ANNOTATIONS,
    SLOT_CREATION,
    SLOT_DELETION,
    SLOT_FINALIZERS,
    SLOT_GENERATE_NAME,
    SLOT_GENERATION,
    SLOT_LABELS,
    SLOT_NAME,
    SLOT_NAMESPACE,
    SLOT_OWNERS,
    SLOT_RESOURCE_VERSION,
    SLOT_UID,
    SLOTS
};
static const char *const slot_keys[SLOTS] = {"annotations",
                                             "creationTimestamp",
                                             "deletionTimestamp",
                                             "finalizers",
                                             "generateName",
                                             "generation",
                                             "labels",
                                             "name",
                                             "namespace",
                                             "ownerReferences",
                                             "resourceVersion",
                                             "uid"};

/* As text_compare, but most keys differ in their first byte already. */
static int compare_key(const char *slot, struct text key)
{
    if (key.len > 0 && key.ptr[0] != slot[0]) {
        return (unsigned char)slot[0] < (unsigned char)key.ptr[0] ? -1 : 1;
    }
    return text_compare(text_of(slot), key);
}

/* Two sorted lists side by side: one pass, where looking up each key would be twelve searches. */
static void fill_slots(const struct value *map, const struct value *slots[SLOTS])
{
    size_t slot = 0;
    for (size_t i = 0; map != NULL && i < map->count && slot < SLOTS; i++) {
        int order = compare_key(slot_keys[slot], map->fields[i].key);
        while (order < 0 && ++slot < SLOTS) {
            order = compare_key(slot_keys[slot], map->fields[i].key);
        }
        if (order == 0) {
            slots[slot++] = map->fields[i].value;
        }
    }
}

static struct text text_slot(const struct value *value)
{
    return value_text_or(value, TEXT(""));
}

static int64_t moment_slot(const struct value *value)
{
    int64_t moment = META_NO_MOMENT;
    return moment_parse(text_slot(value), &moment) ? moment : META_NO_MOMENT;
}

static const struct value *typed(const struct value *value, enum value_type type)
{
    return value_is(value, type) ? value : NULL;
}

static const struct value *typed_field(const struct value *map, struct text key,
                                       enum value_type type)
{
    return typed(value_get(map, key), type);
}

bool meta_parse_revision(struct text text, int64_t *ret_revision)
{
    int64_t revision = 0;
    if (text.len == 0 || text.ptr[0] < '1' || text.ptr[0] > '9' || !text_to_int(text, &revision)) {
        return false;
    }
    *ret_revision = revision;
    return true;
}

struct meta meta_of(const struct value *root)
{
    const struct value *map = typed_field(root, TEXT("metadata"), VALUE_MAP);
    const struct value *slots[SLOTS] = {0};
    fill_slots(map, slots);
    struct meta meta = {
        .api_version = value_get_text(root, TEXT("apiVersion")),
        .kind = value_get_text(root, TEXT("kind")),
        .name = text_slot(slots[SLOT_NAME]),
        .namespace = text_slot(slots[SLOT_NAMESPACE]),
        .generate_name = text_slot(slots[SLOT_GENERATE_NAME]),
        .uid = text_slot(slots[SLOT_UID]),
        .resource_version = text_slot(slots[SLOT_RESOURCE_VERSION]),
        .generation = value_int_or(slots[SLOT_GENERATION], 0),
        .creation_ms = moment_slot(slots[SLOT_CREATION]),
        .deletion_ms = moment_slot(slots[SLOT_DELETION]),
        .metadata = map,
        .labels = typed(slots[SLOT_LABELS], VALUE_MAP),
        .annotations = typed(slots[SLOT_ANNOTATIONS], VALUE_MAP),
        .finalizers = typed(slots[SLOT_FINALIZERS], VALUE_LIST),
        .owners = typed(slots[SLOT_OWNERS], VALUE_LIST),
    };
    if (!meta_parse_revision(meta.resource_version, &meta.revision)) {
        meta.revision = 0;
    }
    return meta;
}

/* --- checking ---------------------------------------------------------------------------------- */

/* Absent, null, or of `type`; anything else is a problem. */
static bool check_type(const struct value *metadata, const char *key, enum value_type type,
                       struct schema_problems *problems)
{
    const struct value *value = value_get(metadata, text_of(key));
    if (value == NULL || value->type == VALUE_NULL || value->type == type) {
        return true;
    }
    char path[64];
    snprintf(path, sizeof path, "metadata.%s", key);
    schema_problem_add(problems, SCHEMA_TYPE, text_of(path), value, "must be %s, is %s",
                       value_type_name(type), value_type_name(value->type));
    return false;
}

static void check_texts(const struct value *metadata, struct schema_problems *problems)
{
    static const char *const texts[] = {
        "name",     "namespace",         "generateName",     "uid", "resourceVersion",
        "selfLink", "creationTimestamp", "deletionTimestamp"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)check_type(metadata, texts[i], VALUE_TEXT, problems);
    }
}

static void check_finalizers(const struct value *metadata, struct schema_problems *problems)
{
    if (!check_type(metadata, "finalizers", VALUE_LIST, problems)) {
        return;
    }
    const struct value *list = value_field(metadata, "finalizers");
    if (value_count(list) > FINALIZERS_MAX) {
        schema_problem_add(problems, SCHEMA_TOO_MANY, TEXT("metadata.finalizers"), list,
                           "must have at most %u items, has %zu", FINALIZERS_MAX,
                           value_count(list));
        return;
    }
    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *item = value_at(list, i);
        const char *wrong =
            value_is(item, VALUE_TEXT) ? name_check_finalizer(item->text) : "must be a string";
        if (wrong != NULL) {
            struct text path = arena_format(problems->arena, "metadata.finalizers[%zu]", i);
            schema_problem_add(problems, SCHEMA_INVALID, path, item, "%s", wrong);
        }
    }
}

static void check_owner(const struct value *owner, size_t index, struct schema_problems *problems)
{
    static const char *const needed[] = {"apiVersion", "kind", "name", "uid"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (value_get_text(owner, text_of(needed[i])).len == 0) {
            struct text path =
                arena_format(problems->arena, "metadata.ownerReferences[%zu].%s", index, needed[i]);
            schema_problem_add(problems, SCHEMA_REQUIRED, path, owner, "must be given");
        }
    }
}

static void check_owners(const struct value *metadata, struct schema_problems *problems)
{
    if (!check_type(metadata, "ownerReferences", VALUE_LIST, problems)) {
        return;
    }
    const struct value *list = value_field(metadata, "ownerReferences");
    if (value_count(list) > OWNERS_MAX) {
        schema_problem_add(problems, SCHEMA_TOO_MANY, TEXT("metadata.ownerReferences"), list,
                           "must have at most %u items, has %zu", OWNERS_MAX, value_count(list));
        return;
    }
    size_t controllers = 0;
    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *owner = value_at(list, i);
        check_owner(owner, i, problems);
        controllers += value_bool_or(value_field(owner, "controller"), false) ? 1 : 0;
    }
    if (controllers > 1) {
        schema_problem_add(problems, SCHEMA_INVALID, TEXT("metadata.ownerReferences"), list,
                           "must have at most one with controller: true, has %zu", controllers);
    }
}

void meta_check(const struct value *root, struct schema_problems *problems)
{
    const struct value *metadata = value_field(root, "metadata");
    if (metadata != NULL && metadata->type != VALUE_MAP) {
        schema_problem_add(problems, SCHEMA_TYPE, TEXT("metadata"), metadata,
                           "must be an object, is %s", value_type_name(metadata->type));
        return;
    }
    check_texts(metadata, problems);
    name_check_labels(value_field(metadata, "labels"), "metadata.labels", problems);
    name_check_annotations(value_field(metadata, "annotations"), "metadata.annotations", problems);
    check_finalizers(metadata, problems);
    check_owners(metadata, problems);
}

/* --- reading ----------------------------------------------------------------------------------- */

struct text meta_label(const struct meta *meta, const char *key)
{
    return value_get_text(meta->labels, text_of(key));
}

struct text meta_annotation(const struct meta *meta, const char *key)
{
    return value_get_text(meta->annotations, text_of(key));
}

bool meta_has_finalizer(const struct meta *meta, struct text finalizer)
{
    for (size_t i = 0; i < value_count(meta->finalizers); i++) {
        if (text_equal(value_text_or(value_at(meta->finalizers, i), TEXT("")), finalizer)) {
            return true;
        }
    }
    return false;
}

bool meta_asks_retry(const struct meta *was, const struct meta *now)
{
    struct text asked = meta_annotation(now, META_RETRY);
    return asked.len > 0 && !text_equal(asked, meta_annotation(was, META_RETRY));
}

const struct value *meta_controller_ref(const struct meta *meta)
{
    for (size_t i = 0; i < value_count(meta->owners); i++) {
        const struct value *owner = value_at(meta->owners, i);
        if (value_bool_or(value_field(owner, "controller"), false)) {
            return owner;
        }
    }
    return NULL;
}

/* --- editing ----------------------------------------------------------------------------------- */

const struct value *meta_with(struct arena *arena, const struct value *root, const char *key,
                              const struct value *value)
{
    const struct value *metadata = typed_field(root, TEXT("metadata"), VALUE_MAP);
    if (value == NULL && value_get(metadata, text_of(key)) == NULL) {
        return root;
    }
    metadata = value_with(arena, metadata, text_of(key), value);
    return value_with(arena, root, TEXT("metadata"), metadata);
}

const struct value *meta_with_text(struct arena *arena, const struct value *root, const char *key,
                                   struct text text)
{
    return meta_with(arena, root, key, text.len == 0 ? NULL : value_text(arena, text));
}

const struct value *meta_with_revision(struct arena *arena, const struct value *root,
                                       int64_t revision)
{
    if (revision == 0) {
        return meta_with(arena, root, "resourceVersion", NULL);
    }
    struct text text = arena_format(arena, "%lld", (long long)revision);
    return meta_with(arena, root, "resourceVersion", value_text(arena, text));
}

const struct value *meta_with_moment(struct arena *arena, const struct value *root, const char *key,
                                     int64_t moment_ms)
{
    char text[MOMENT_TEXT_MAX];
    return meta_with(
        arena, root, key,
        moment_ms == META_NO_MOMENT ? NULL : value_chars(arena, moment_format(moment_ms, text)));
}

/* `root` with an entry of the map metadata.MAP; an emptied map disappears. */
static const struct value *with_entry(struct arena *arena, const struct value *root,
                                      const char *map_key, const char *key, struct text text)
{
    const struct value *metadata = typed_field(root, TEXT("metadata"), VALUE_MAP);
    const struct value *map = typed_field(metadata, text_of(map_key), VALUE_MAP);
    if (text.len == 0 && value_get(map, text_of(key)) == NULL) {
        return root;
    }
    map = value_with(arena, map, text_of(key), text.len == 0 ? NULL : value_text(arena, text));
    return meta_with(arena, root, map_key, value_count(map) == 0 ? NULL : map);
}

const struct value *meta_with_annotation(struct arena *arena, const struct value *root,
                                         const char *key, struct text text)
{
    return with_entry(arena, root, "annotations", key, text);
}

const struct value *meta_with_label(struct arena *arena, const struct value *root, const char *key,
                                    struct text text)
{
    return with_entry(arena, root, "labels", key, text);
}

const struct value *meta_with_finalizer(struct arena *arena, const struct value *root,
                                        struct text finalizer)
{
    struct meta meta = meta_of(root);
    if (meta_has_finalizer(&meta, finalizer)) {
        return root;
    }
    return meta_with(arena, root, "finalizers",
                     value_append(arena, meta.finalizers, value_text(arena, finalizer)));
}

const struct value *meta_without_finalizer(struct arena *arena, const struct value *root,
                                           struct text finalizer)
{
    struct meta meta = meta_of(root);
    if (!meta_has_finalizer(&meta, finalizer)) {
        return root;
    }
    const struct value *kept = NULL;
    for (size_t i = 0; i < value_count(meta.finalizers); i++) {
        const struct value *item = value_at(meta.finalizers, i);
        if (!text_equal(value_text_or(item, TEXT("")), finalizer)) {
            kept = value_append(arena, kept, item);
        }
    }
    return meta_with(arena, root, "finalizers", kept);
}

const struct value *meta_owner_ref(struct arena *arena, const struct value *owner)
{
    struct meta meta = meta_of(owner);
    const struct value_field fields[] = {
        {.key = TEXT("apiVersion"), .value = value_text(arena, meta.api_version)},
        {.key = TEXT("kind"), .value = value_text(arena, meta.kind)},
        {.key = TEXT("name"), .value = value_text(arena, meta.name)},
        {.key = TEXT("uid"), .value = value_text(arena, meta.uid)},
        {.key = TEXT("controller"), .value = value_bool(arena, true)},
        {.key = TEXT("blockOwnerDeletion"), .value = value_bool(arena, true)},
    };
    return value_map(arena, fields, sizeof fields / sizeof fields[0]);
}
