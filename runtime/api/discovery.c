/* The catalogue is ordered by group, version and plural, so a group is a run of neighbours. For now a
 * group has the versions that its kinds have, the last one preferred. */
#include "api/discovery.h"

#include "api/tree.h"
#include "base/alloc.h"
#include "base/version.h"

/* What clients compare with their own version: the release of Kubernetes whose protocol is spoken. */
#define KUBERNETES_MAJOR "1"
#define KUBERNETES_MINOR "33"

static const char *const object_verbs[] = {"create", "delete", "get",  "list",
                                           "patch",  "update", "watch"};
static const char *const status_verbs[] = {"get", "patch", "update"};

const struct value *discovery_version(struct arena *arena)
{
    struct tree tree = tree_of(arena);
    tree_chars(&tree, "major", KUBERNETES_MAJOR);
    tree_chars(&tree, "minor", KUBERNETES_MINOR);
    tree_put(&tree, "gitVersion",
             value_text(arena, arena_format(arena, "v%s.%s.0+tend-%s", KUBERNETES_MAJOR,
                                            KUBERNETES_MINOR, version_text())));
    tree_chars(&tree, "gitCommit", "");
    tree_chars(&tree, "gitTreeState", "clean");
    tree_chars(&tree, "buildDate", "1970-01-01T00:00:00Z");
    tree_chars(&tree, "goVersion", "none");
    tree_chars(&tree, "compiler", "gcc");
    tree_chars(&tree, "platform", "linux");
    tree_chars(&tree, "tendVersion", version_text());
    return tree_value(&tree);
}

const struct value *discovery_core(struct arena *arena)
{
    static const char *const versions[] = {"v1"};
    struct tree tree = tree_of(arena);
    tree_chars(&tree, "kind", "APIVersions");
    tree_put(&tree, "versions", tree_words(arena, versions, COUNT_OF(versions)));
    tree_put(&tree, "serverAddressByClientCIDRs", value_empty_list());
    return tree_value(&tree);
}

static const struct value *version_entry(struct arena *arena, const struct kind *kind)
{
    struct tree tree = tree_of(arena);
    tree_chars(&tree, "groupVersion", kind->api_version);
    tree_chars(&tree, "version", kind->version);
    return tree_value(&tree);
}

/* The APIGroup of the kinds from `first` on that are of its group; `*ret_next` is the first that is
 * not. */
static struct tree group_fields(const struct catalogue *catalogue, size_t first, size_t *ret_next,
                                struct arena *arena)
{
    const struct kind *kind = catalogue_at(catalogue, first);
    struct text group = text_of(kind->group), version = TEXT("");
    const struct value *versions = value_empty_list(), *entry = NULL;
    struct tree tree = tree_of(arena);
    size_t i = first;
    for (; i < catalogue_count(catalogue); i++) {
        kind = catalogue_at(catalogue, i);
        if (!text_is(group, kind->group)) {
            break;
        }
        if (!text_is(version, kind->version)) {
            version = text_of(kind->version);
            entry = version_entry(arena, kind);
            versions = value_append(arena, versions, entry);
        }
    }
    *ret_next = i;
    tree_text(&tree, "name", group);
    tree_put(&tree, "versions", versions);
    tree_put(&tree, "preferredVersion", entry);
    return tree;
}

const struct value *discovery_groups(const struct catalogue *catalogue, struct arena *arena)
{
    const struct value *groups = value_empty_list();
    struct tree tree = tree_of(arena);
    for (size_t i = 0; i < catalogue_count(catalogue);) {
        bool is_core = catalogue_at(catalogue, i)->group[0] == '\0';
        struct tree group = group_fields(catalogue, i, &i, arena);
        groups = is_core ? groups : value_append(arena, groups, tree_value(&group));
    }
    tree_chars(&tree, "kind", "APIGroupList");
    tree_chars(&tree, "apiVersion", "v1");
    tree_put(&tree, "groups", groups);
    return tree_value(&tree);
}

const struct value *discovery_group(const struct catalogue *catalogue, struct text group,
                                    struct arena *arena)
{
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        if (group.len > 0 && text_is(group, catalogue_at(catalogue, i)->group)) {
            struct tree tree = group_fields(catalogue, i, &i, arena);
            tree_chars(&tree, "kind", "APIGroup");
            tree_chars(&tree, "apiVersion", "v1");
            return tree_value(&tree);
        }
    }
    return NULL;
}

static const struct value *object_entry(const struct kind *kind, struct arena *arena)
{
    struct tree tree = tree_of(arena);
    tree_chars(&tree, "name", kind->plural);
    tree_chars(&tree, "singularName", kind->singular);
    tree_bool(&tree, "namespaced", kind_namespaced(kind));
    tree_chars(&tree, "kind", kind->name);
    tree_put(&tree, "verbs", tree_words(arena, object_verbs, COUNT_OF(object_verbs)));
    if (kind->short_names.count > 0) {
        tree_put(&tree, "shortNames",
                 tree_words(arena, kind->short_names.words, kind->short_names.count));
    }
    if (kind->categories.count > 0) {
        tree_put(&tree, "categories",
                 tree_words(arena, kind->categories.words, kind->categories.count));
    }
    return tree_value(&tree);
}

static const struct value *status_entry(const struct kind *kind, struct arena *arena)
{
    struct tree tree = tree_of(arena);
    tree_text(&tree, "name", arena_format(arena, "%s/status", kind->plural));
    tree_chars(&tree, "singularName", "");
    tree_bool(&tree, "namespaced", kind_namespaced(kind));
    tree_chars(&tree, "kind", kind->name);
    tree_put(&tree, "verbs", tree_words(arena, status_verbs, COUNT_OF(status_verbs)));
    return tree_value(&tree);
}

const struct value *discovery_resources(const struct catalogue *catalogue, struct text group,
                                        struct text version, struct arena *arena)
{
    const struct value *resources = NULL;
    struct tree tree = tree_of(arena);
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct kind *kind = catalogue_at(catalogue, i);
        if (!text_is(group, kind->group) || !text_is(version, kind->version)) {
            continue;
        }
        resources = value_append(arena, resources, object_entry(kind, arena));
        if (kind->has_status) {
            resources = value_append(arena, resources, status_entry(kind, arena));
        }
        if (tree.count == 0) {
            tree_chars(&tree, "groupVersion", kind->api_version);
        }
    }
    if (resources == NULL) {
        return NULL;
    }
    tree_chars(&tree, "kind", "APIResourceList");
    tree_chars(&tree, "apiVersion", "v1");
    tree_put(&tree, "resources", resources);
    return tree_value(&tree);
}
