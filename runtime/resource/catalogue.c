/* An immutable set with two lists: the kinds, sorted, and what controllers declared about kinds. A
 * change copies both lists (pointers; a thousand kinds are 8 KiB), edits the copy while nobody else has
 * it, and then lets every kind meet its owner again (`rebind`), so that the order in which definitions
 * and controllers come never matters. Kinds whose owner did not change are shared. */
#include "resource/catalogue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/map.h"
#include "resource/builtin.h"
#include "resource/crd.h"

enum { IDENTITY_BYTES_MAX = 512, WORDS_BYTES_MAX = 4096 };

/* What one controller declared about one kind. */
struct binding {
    atomic_uint refs;
    char *identity;   /* "lab.neuroglia.com/v1/LabInstance" */
    char *controller; /* its name */
    struct machine *machine;
    bool finalizes;
};

struct catalogue {
    atomic_uint refs;
    struct kind **kinds; /* sorted by group, version, plural */
    size_t count;
    struct binding **bindings;
    size_t binding_count;
    struct map by_resource, by_identity; /* keys live in the kinds */
};

/* --- bindings ---------------------------------------------------------------------------------- */

static struct binding *binding_unref(struct binding *binding)
{
    if (binding != NULL &&
        atomic_fetch_sub_explicit(&binding->refs, 1, memory_order_acq_rel) == 1) {
        machine_unref(binding->machine);
        free(binding->controller);
        free(binding->identity);
        free(binding);
    }
    return NULL;
}

static void binding_unrefp(struct binding **binding)
{
    *binding = binding_unref(*binding);
}

static struct binding *binding_ref(struct binding *binding)
{
    atomic_fetch_add_explicit(&binding->refs, 1, memory_order_relaxed);
    return binding;
}

/* One item of spec.owns. */
static enum tend_code binding_read(struct text controller, const struct value *item, size_t index,
                                   struct binding **ret_binding, struct error *err)
{
    struct text api_version = value_text_or(value_field(item, "apiVersion"), TEXT(""));
    struct text kind = value_text_or(value_field(item, "kind"), TEXT(""));
    if (api_version.len == 0 || kind.len == 0) {
        return FAIL(err, TEND_INVALID, "spec.owns[%zu]: expected apiVersion and kind", index);
    }
    CLEANUP(binding_unrefp) struct binding *binding = alloc_new(sizeof *binding);
    CLEANUP(buffer_done) struct buffer identity = BUFFER_INIT(IDENTITY_BYTES_MAX);
    atomic_init(&binding->refs, 1);
    buffer_format(&identity, "%.*s/%.*s", TEXT_ARG(api_version), TEXT_ARG(kind));
    binding->identity = buffer_take(&identity);
    binding->controller = alloc_text(controller.ptr, controller.len);
    binding->finalizes = value_bool_or(value_field(item, "finalizes"), false);
    const struct value *machine = value_field(item, "machine");
    if (machine != NULL && machine_from_value(machine, &binding->machine, err) != TEND_OK) {
        return error_wrap(err, "spec.owns[%zu].machine", index);
    }
    *ret_binding = TAKE(binding);
    return TEND_OK;
}

/* --- life -------------------------------------------------------------------------------------- */

static void index_kinds(struct catalogue *catalogue)
{
    map_done(&catalogue->by_resource);
    map_done(&catalogue->by_identity);
    catalogue->by_resource = catalogue->by_identity = (struct map){0};
    for (size_t i = 0; i < catalogue->count; i++) {
        struct kind *kind = catalogue->kinds[i];
        map_put(&catalogue->by_resource, text_of(kind->resource), kind);
        map_put(&catalogue->by_identity, text_of(kind->identity), kind);
    }
}

static const struct binding *binding_of(const struct catalogue *catalogue, const struct kind *kind)
{
    for (size_t i = 0; i < catalogue->binding_count; i++) {
        if (strcmp(catalogue->bindings[i]->identity, kind->identity) == 0) {
            return catalogue->bindings[i];
        }
    }
    return NULL;
}

static bool is_bound_by(const struct kind *kind, const struct binding *binding)
{
    if (binding == NULL || kind->controller == NULL) {
        return binding == NULL && kind->controller == NULL;
    }
    return kind->machine == binding->machine && kind->finalizes == binding->finalizes &&
           strcmp(kind->controller, binding->controller) == 0;
}

/* Let every kind meet its owner, and index what came of it. */
static struct catalogue *rebind(struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        struct kind *kind = catalogue->kinds[i];
        const struct binding *binding = binding_of(catalogue, kind);
        if (is_bound_by(kind, binding)) {
            continue;
        }
        struct kind_owner owner = {0};
        if (binding != NULL) {
            owner = (struct kind_owner){binding->controller, binding->machine, binding->finalizes};
        }
        catalogue->kinds[i] = kind_owned(kind, binding == NULL ? NULL : &owner);
        kind_unref(kind);
    }
    index_kinds(catalogue);
    return catalogue;
}

static int compare_kinds(const struct kind *a, const struct kind *b)
{
    int order = strcmp(a->group, b->group);
    order = order != 0 ? order : strcmp(a->version, b->version);
    return order != 0 ? order : strcmp(a->plural, b->plural);
}

/* Put `kind` (taken) in its place; there is room. */
static void insert_kind(struct catalogue *catalogue, struct kind *kind)
{
    size_t place = catalogue->count++;
    while (place > 0 && compare_kinds(catalogue->kinds[place - 1], kind) > 0) {
        catalogue->kinds[place] = catalogue->kinds[place - 1];
        place--;
    }
    catalogue->kinds[place] = kind;
}

static void remove_kind(struct catalogue *catalogue, struct text resource)
{
    size_t kept = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        struct kind *kind = catalogue->kinds[i];
        if (text_is(resource, kind->resource) && kind->origin == ORIGIN_DECLARED) {
            kind_unref(kind);
        } else {
            catalogue->kinds[kept++] = kind;
        }
    }
    catalogue->count = kept;
}

static void remove_bindings(struct catalogue *catalogue, struct text controller)
{
    size_t kept = 0;
    for (size_t i = 0; i < catalogue->binding_count; i++) {
        struct binding *binding = catalogue->bindings[i];
        if (text_is(controller, binding->controller)) {
            binding_unref(binding);
        } else {
            catalogue->bindings[kept++] = binding;
        }
    }
    catalogue->binding_count = kept;
}

/* A copy that nobody else has, with room for that many more; indexed by rebind(). */
static struct catalogue *copy_of(const struct catalogue *catalogue, size_t more_kinds,
                                 size_t more_bindings)
{
    struct catalogue *copy = alloc_new(sizeof *copy);
    atomic_init(&copy->refs, 1);
    copy->kinds = alloc_array(catalogue->count + more_kinds + 1, sizeof(struct kind *));
    copy->bindings =
        alloc_array(catalogue->binding_count + more_bindings + 1, sizeof(struct binding *));
    for (size_t i = 0; i < catalogue->count; i++) {
        copy->kinds[copy->count++] = kind_ref(catalogue->kinds[i]);
    }
    for (size_t i = 0; i < catalogue->binding_count; i++) {
        copy->bindings[copy->binding_count++] = binding_ref(catalogue->bindings[i]);
    }
    return copy;
}

struct catalogue *catalogue_new(void)
{
    static const struct catalogue empty;
    struct catalogue *catalogue = copy_of(&empty, builtin_count(), 0);
    for (size_t i = 0; i < builtin_count(); i++) {
        insert_kind(catalogue, builtin_kind(i));
    }
    return rebind(catalogue);
}

struct catalogue *catalogue_ref(struct catalogue *catalogue)
{
    atomic_fetch_add_explicit(&catalogue->refs, 1, memory_order_relaxed);
    return catalogue;
}

struct catalogue *catalogue_unref(struct catalogue *catalogue)
{
    if (catalogue == NULL ||
        atomic_fetch_sub_explicit(&catalogue->refs, 1, memory_order_acq_rel) != 1) {
        return NULL;
    }
    map_done(&catalogue->by_resource);
    map_done(&catalogue->by_identity);
    for (size_t i = 0; i < catalogue->binding_count; i++) {
        binding_unref(catalogue->bindings[i]);
    }
    for (size_t i = 0; i < catalogue->count; i++) {
        kind_unref(catalogue->kinds[i]);
    }
    free(catalogue->bindings);
    free(catalogue->kinds);
    free(catalogue);
    return NULL;
}

/* --- changed ones ------------------------------------------------------------------------------ */

static bool has_word(const struct kind *kind, const char *word)
{
    if (strcmp(kind->plural, word) == 0 || strcmp(kind->singular, word) == 0) {
        return true;
    }
    for (size_t i = 0; i < kind->short_names.count; i++) {
        if (strcmp(kind->short_names.words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Within a group a name means one kind. */
static const char *shared_name(const struct kind *kind, const struct kind *other)
{
    if (strcmp(kind->name, other->name) == 0) {
        return kind->name;
    }
    if (strcmp(kind->list, other->list) == 0) {
        return kind->list;
    }
    if (has_word(other, kind->plural) || has_word(other, kind->singular)) {
        return has_word(other, kind->plural) ? kind->plural : kind->singular;
    }
    for (size_t i = 0; i < kind->short_names.count; i++) {
        if (has_word(other, kind->short_names.words[i])) {
            return kind->short_names.words[i];
        }
    }
    return NULL;
}

static enum tend_code check_names(const struct catalogue *catalogue, const struct kind *kind,
                                  struct error *err)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct kind *other = catalogue->kinds[i];
        bool replaced = strcmp(other->resource, kind->resource) == 0;
        if (replaced && other->origin == ORIGIN_BUILTIN) {
            return FAIL(err, TEND_EXISTS, "%s is built in", kind->resource);
        }
        if (replaced || strcmp(other->group, kind->group) != 0) {
            continue;
        }
        const char *shared = shared_name(kind, other);
        if (shared != NULL) {
            return FAIL(err, TEND_EXISTS, "the name \"%s\" belongs to %s already", shared,
                        other->resource);
        }
    }
    return TEND_OK;
}

enum tend_code catalogue_with_crd(const struct catalogue *catalogue, const struct value *crd,
                                  char *ret_path, struct catalogue **ret_catalogue,
                                  struct error *err)
{
    CLEANUP(kind_unrefp) struct kind *kind = NULL;
    if (ret_path != NULL) {
        strcpy(ret_path, "spec.names");
    }
    TRY(crd_kind(crd, ret_path, &kind, err));
    TRY(check_names(catalogue, kind, err));
    if (catalogue->count >= KINDS_MAX) {
        return FAIL(err, TEND_LIMIT, "more than %u kinds", KINDS_MAX);
    }
    CLEANUP(catalogue_unrefp) struct catalogue *copy = copy_of(catalogue, 1, 0);
    remove_kind(copy, text_of(kind->resource));
    insert_kind(copy, kind_ref(kind));
    (void)rebind(copy);
    if (ret_path != NULL) {
        strcpy(ret_path, "spec.versions[0].schema");
    }
    TRY(kind_check_machine(catalogue_resource(copy, text_of(kind->resource)), err));
    *ret_catalogue = TAKE(copy);
    return TEND_OK;
}

struct catalogue *catalogue_without_crd(const struct catalogue *catalogue, struct text name)
{
    struct catalogue *copy = copy_of(catalogue, 0, 0);
    remove_kind(copy, name);
    return rebind(copy);
}

/* ConfigMaps are anybody's data; the other built-in kinds are the host's own. */
static bool may_be_owned(const struct catalogue *catalogue, const char *identity)
{
    const struct kind *kind = map_get(&catalogue->by_identity, text_of(identity));
    return kind == NULL || kind->origin == ORIGIN_DECLARED ||
           strcmp(kind->resource, BUILTIN_CONFIGMAPS) == 0;
}

static enum tend_code add_binding(struct catalogue *copy, struct text controller,
                                  const struct value *item, size_t index, struct error *err)
{
    CLEANUP(binding_unrefp) struct binding *binding = NULL;
    TRY(binding_read(controller, item, index, &binding, err));
    for (size_t i = 0; i < copy->binding_count; i++) {
        if (strcmp(copy->bindings[i]->identity, binding->identity) == 0) {
            return FAIL(err, TEND_EXISTS,
                        "%s is owned by controller %s already; a kind has one owner",
                        binding->identity, copy->bindings[i]->controller);
        }
    }
    copy->bindings[copy->binding_count++] = TAKE(binding);
    return TEND_OK;
}

enum tend_code catalogue_with_machine(const struct catalogue *catalogue,
                                      const struct value *controller,
                                      struct catalogue **ret_catalogue, struct error *err)
{
    struct text name =
        value_text_or(value_field(value_field(controller, "metadata"), "name"), TEXT(""));
    const struct value *owns = value_field(value_field(controller, "spec"), "owns");
    if (value_count(owns) > KINDS_MAX) {
        return FAIL(err, TEND_LIMIT, "spec.owns: more than %u kinds", KINDS_MAX);
    }
    CLEANUP(catalogue_unrefp) struct catalogue *copy = copy_of(catalogue, 0, value_count(owns));
    remove_bindings(copy, name);
    for (size_t i = 0; i < value_count(owns); i++) {
        TRY(add_binding(copy, name, value_at(owns, i), i, err));
        const char *identity = copy->bindings[copy->binding_count - 1]->identity;
        if (!may_be_owned(catalogue, identity)) {
            return FAIL(err, TEND_INVALID, "spec.owns[%zu]: %s is the host's own kind", i,
                        identity);
        }
    }
    (void)rebind(copy);
    for (size_t i = 0; i < copy->count; i++) {
        if (copy->kinds[i]->controller != NULL && text_is(name, copy->kinds[i]->controller)) {
            TRY(kind_check_machine(copy->kinds[i], err));
        }
    }
    *ret_catalogue = TAKE(copy);
    return TEND_OK;
}

struct catalogue *catalogue_without_machine(const struct catalogue *catalogue, struct text name)
{
    struct catalogue *copy = copy_of(catalogue, 0, 0);
    remove_bindings(copy, name);
    return rebind(copy);
}

/* --- looking up -------------------------------------------------------------------------------- */

const struct kind *catalogue_kind(const struct catalogue *catalogue, struct text api_version,
                                  struct text kind)
{
    char identity[IDENTITY_BYTES_MAX];
    if (api_version.len + kind.len + 1 > sizeof identity) {
        return NULL;
    }
    size_t len = 0;
    memcpy(identity, api_version.ptr == NULL ? "" : api_version.ptr, api_version.len);
    len += api_version.len;
    identity[len++] = '/';
    memcpy(identity + len, kind.ptr == NULL ? "" : kind.ptr, kind.len);
    return map_get(&catalogue->by_identity, (struct text){identity, len + kind.len});
}

const struct kind *catalogue_plural(const struct catalogue *catalogue, struct text group,
                                    struct text version, struct text plural)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct kind *kind = catalogue->kinds[i];
        if (text_is(plural, kind->plural) && text_is(version, kind->version) &&
            text_is(group, kind->group)) {
            return kind;
        }
    }
    return NULL;
}

const struct kind *catalogue_resource(const struct catalogue *catalogue, struct text resource)
{
    return map_get(&catalogue->by_resource, resource);
}

static bool same_letters(struct text typed, const char *word)
{
    return typed.len == strlen(word) && strncasecmp(typed.ptr, word, typed.len) == 0;
}

/* How well a typed word names a kind: 0 not, 1 by a short name, 2 by a name, 3 in full. */
static int fit(const struct kind *kind, struct text word)
{
    size_t dot = text_find(word, '.');
    struct text head = text_first(word, dot),
                group = text_from(word, dot < word.len ? dot + 1 : dot);
    bool named = same_letters(head, kind->plural) || same_letters(head, kind->singular) ||
                 same_letters(head, kind->name);
    if (dot < word.len) {
        return named && same_letters(group, kind->group) ? 3 : 0;
    }
    if (named) {
        return 2;
    }
    for (size_t i = 0; i < kind->short_names.count; i++) {
        if (same_letters(word, kind->short_names.words[i])) {
            return 1;
        }
    }
    return 0;
}

static enum tend_code refuse_word(const struct catalogue *catalogue, struct text word,
                                  struct error *err)
{
    CLEANUP(freep) const char **words = alloc_array(catalogue->count * 3 + 1, sizeof *words);
    CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(WORDS_BYTES_MAX);
    size_t count = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct kind *kind = catalogue->kinds[i];
        words[count++] = kind->plural;
        words[count++] = kind->singular;
        words[count++] = kind->resource;
        buffer_format(&all, "%s%s", i == 0 ? "" : ", ", kind->plural);
    }
    const char *near = text_nearest(word, words, count);
    int shown = (int)(word.len > 80 ? 80 : word.len);
    if (near != NULL) {
        return FAIL(err, TEND_NOT_FOUND, "no kind \"%.*s\", did you mean \"%s\"?", shown, word.ptr,
                    near);
    }
    struct text known = buffer_view(&all);
    return FAIL(err, TEND_NOT_FOUND, "no kind \"%.*s\"; there are %.*s", shown, word.ptr,
                TEXT_ARG(known));
}

static enum tend_code refuse_ambiguous(const struct catalogue *catalogue, struct text word,
                                       int best, struct error *err)
{
    CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(WORDS_BYTES_MAX);
    for (size_t i = 0; i < catalogue->count; i++) {
        if (fit(catalogue->kinds[i], word) == best) {
            buffer_format(&all, "%s%s", all.len == 0 ? "" : " or ", catalogue->kinds[i]->resource);
        }
    }
    struct text candidates = buffer_view(&all);
    return FAIL(err, TEND_INVALID, "\"%.*s\" is ambiguous, write %.*s", TEXT_ARG(word),
                TEXT_ARG(candidates));
}

enum tend_code catalogue_word(const struct catalogue *catalogue, struct text word,
                              const struct kind **ret_kind, struct error *err)
{
    const struct kind *found = NULL;
    int best = 0;
    size_t equals = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        int now = fit(catalogue->kinds[i], word);
        if (now > best) {
            best = now;
            equals = 0;
            found = catalogue->kinds[i];
        }
        equals += now == best ? 1 : 0;
    }
    if (best == 0) {
        return refuse_word(catalogue, word, err);
    }
    if (equals > 1) {
        return refuse_ambiguous(catalogue, word, best, err);
    }
    *ret_kind = found;
    return TEND_OK;
}

enum tend_code catalogue_unknown(const struct catalogue *catalogue, struct text api_version,
                                 struct text kind, struct error *err)
{
    CLEANUP(freep) const char **words = alloc_array(catalogue->count + 1, sizeof *words);
    int shown = (int)(kind.len > 80 ? 80 : kind.len);
    int version_shown = (int)(api_version.len > 120 ? 120 : api_version.len);
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct kind *known = catalogue->kinds[i];
        words[i] = known->name;
        if (text_is(kind, known->name)) {
            return FAIL(err, TEND_NOT_FOUND, "no kind \"%.*s\" in \"%.*s\", did you mean \"%s\"?",
                        shown, kind.ptr, version_shown, api_version.ptr, known->api_version);
        }
    }
    const char *near = text_nearest(kind, words, catalogue->count);
    return FAIL(err, TEND_NOT_FOUND, "no kind \"%.*s\" in \"%.*s\"%s%s%s", shown, kind.ptr,
                version_shown, api_version.ptr, near != NULL ? ", did you mean \"" : "",
                near != NULL ? near : "",
                near != NULL ? "\"?" : "; is its CustomResourceDefinition missing?");
}

size_t catalogue_count(const struct catalogue *catalogue)
{
    return catalogue->count;
}

const struct kind *catalogue_at(const struct catalogue *catalogue, size_t index)
{
    return catalogue->kinds[index];
}
