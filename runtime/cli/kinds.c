/* The plain discovery documents: one request for the groups, one for each version of a group. What a
 * host sends is bounded, and what is not understood in it is passed over. */
#include "cli/kinds.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/refusal.h"
#include "document/json.h"

void kinds_forget(struct kinds *kinds)
{
    kinds->count = 0;
    kinds->is_loaded = false;
}

void kinds_done(struct kinds *kinds)
{
    free(kinds->items);
    arena_done(&kinds->arena);
    *kinds = (struct kinds){0};
}

/* --- loading ----------------------------------------------------------------------------------- */

static enum tend_code fetch(struct kinds *kinds, struct client *client, struct text target,
                            const struct value **ret_value, struct error *err)
{
    CLEANUP(reply_done) struct reply reply;
    struct client_request request = {.method = "GET", .target = target};
    reply_init(&reply);
    TRY(client_call(client, &request, &reply, err));
    TRY(refusal_check(&reply, err));
    if (json_parse(&kinds->arena, buffer_view(&reply.body), ret_value, err) != TEND_OK) {
        return error_wrap(err, "what the host says it serves");
    }
    return TEND_OK;
}

static struct text lower(struct arena *arena, struct text text)
{
    char *out = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        out[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    return (struct text){out, text.len};
}

static struct text with_group(struct arena *arena, struct text word, struct text group)
{
    return group.len == 0 ? word
                          : arena_format(arena, "%.*s.%.*s", TEXT_ARG(word), TEXT_ARG(group));
}

static struct served_kind *append(struct kinds *kinds)
{
    if (kinds->count == kinds->capacity) {
        kinds->capacity = kinds->capacity == 0 ? 16 : kinds->capacity * 2;
        kinds->items = alloc_resize(kinds->items, kinds->capacity, sizeof *kinds->items);
    }
    return &kinds->items[kinds->count++];
}

static void add_kind(struct kinds *kinds, struct text api_version, const struct value *entry)
{
    struct arena *arena = &kinds->arena;
    struct text plural = value_text_or(value_field(entry, "name"), TEXT(""));
    struct text name = value_text_or(value_field(entry, "kind"), TEXT(""));
    bool is_subresource = text_find(plural, '/') < plural.len;
    if (plural.len == 0 || name.len == 0 || is_subresource || kinds->count == CLIENT_KINDS_MAX) {
        return;
    }
    struct text version = api_version;
    struct text group = text_cut(&version, '/');
    if (version.len == 0) {
        version = group;
        group = TEXT("");
    }
    struct text singular = value_text_or(value_field(entry, "singularName"), TEXT(""));
    singular = singular.len > 0 ? singular : lower(arena, name);
    *append(kinds) = (struct served_kind){
        .group = group,
        .version = version,
        .api_version = api_version,
        .name = name,
        .plural = plural,
        .singular = singular,
        .resource = with_group(arena, plural, group),
        .shown = with_group(arena, singular, group),
        .short_names = value_field(entry, "shortNames"),
        .categories = value_field(entry, "categories"),
        .is_namespaced = value_bool_or(value_field(entry, "namespaced"), false),
    };
}

static enum tend_code load_version(struct kinds *kinds, struct client *client,
                                   struct text api_version, struct error *err)
{
    const struct value *document;
    bool is_core = text_find(api_version, '/') == api_version.len;
    struct text target =
        arena_format(&kinds->arena, "/%s/%.*s", is_core ? "api" : "apis", TEXT_ARG(api_version));
    TRY(fetch(kinds, client, target, &document, err));
    const struct value *resources = value_field(document, "resources");
    for (size_t i = 0; i < value_count(resources); i++) {
        add_kind(kinds, api_version, value_at(resources, i));
    }
    return TEND_OK;
}

static enum tend_code load_group(struct kinds *kinds, struct client *client,
                                 const struct value *group, struct error *err)
{
    const struct value *versions = value_field(group, "versions");
    for (size_t i = 0; i < value_count(versions); i++) {
        struct text api_version =
            value_text_or(value_field(value_at(versions, i), "groupVersion"), TEXT(""));
        enum tend_code code =
            api_version.len > 0 ? load_version(kinds, client, api_version, err) : TEND_OK;
        if (code != TEND_OK && code != TEND_NOT_FOUND) { /* not found: it went meanwhile */
            return code;
        }
    }
    return TEND_OK;
}

enum tend_code kinds_load(struct kinds *kinds, struct client *client, struct error *err)
{
    const struct value *document;
    if (kinds->is_loaded) {
        return TEND_OK;
    }
    TRY(load_version(kinds, client, TEXT("v1"), err));
    TRY(fetch(kinds, client, TEXT("/apis"), &document, err));
    const struct value *groups = value_field(document, "groups");
    for (size_t i = 0; i < value_count(groups); i++) {
        TRY(load_group(kinds, client, value_at(groups, i), err));
    }
    kinds->is_loaded = true;
    return TEND_OK;
}

/* --- looking up -------------------------------------------------------------------------------- */

const struct served_kind *kinds_of_object(const struct kinds *kinds, struct text api_version,
                                          struct text name)
{
    for (size_t i = 0; i < kinds->count; i++) {
        const struct served_kind *kind = &kinds->items[i];
        if (text_equal(kind->api_version, api_version) && text_equal(kind->name, name)) {
            return kind;
        }
    }
    return NULL;
}

static bool same(struct text a, struct text b)
{
    return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static bool is_called(const struct served_kind *kind, struct text word)
{
    if (same(kind->plural, word) || same(kind->singular, word) || same(kind->name, word) ||
        same(kind->resource, word) || same(kind->shown, word)) {
        return true;
    }
    for (size_t i = 0; i < value_count(kind->short_names); i++) {
        if (same(value_text_or(value_at(kind->short_names, i), TEXT("")), word)) {
            return true;
        }
    }
    return false;
}

enum { WORDS_OF_KIND = 6 /* plural, singular and the first short names */ };

/* What the kinds are called by, short names too; returns how many words. */
static size_t all_words(const struct kinds *kinds, const char **words)
{
    size_t count = 0;
    for (size_t i = 0; i < kinds->count; i++) {
        const struct served_kind *kind = &kinds->items[i];
        words[count++] = kind->plural.ptr;
        words[count++] = kind->singular.ptr;
        for (size_t k = 0; k < value_count(kind->short_names) && k + 2 < WORDS_OF_KIND; k++) {
            words[count++] = value_text_or(value_at(kind->short_names, k), TEXT("")).ptr;
        }
    }
    return count;
}

static enum tend_code nothing_so_called(const struct kinds *kinds, struct text word,
                                        struct error *err)
{
    CLEANUP(freep)
    const char **words = alloc_array(kinds->count * WORDS_OF_KIND + 1, sizeof *words);
    const char *nearest = text_nearest(word, words, all_words(kinds, words));
    if (nearest == NULL) {
        return FAIL(err, TEND_NOT_FOUND,
                    "the host serves no kind \"%.*s\"; `tend get crds` lists those that were added",
                    TEXT_ARG(text_first(word, 64)));
    }
    return FAIL(err, TEND_NOT_FOUND, "the host serves no kind \"%.*s\", did you mean \"%s\"?",
                TEXT_ARG(text_first(word, 64)), nearest);
}

enum tend_code kinds_of_word(const struct kinds *kinds, struct text word,
                             const struct served_kind **ret_kind, struct error *err)
{
    const struct served_kind *found = NULL;
    for (size_t i = 0; i < kinds->count; i++) {
        const struct served_kind *kind = &kinds->items[i];
        if (!is_called(kind, word)) {
            continue;
        }
        if (found != NULL && found->group.len > 0 && !text_equal(found->group, kind->group)) {
            return FAIL(err, TEND_INVALID, "\"%.*s\" may be %.*s or %.*s: name one of them",
                        TEXT_ARG(word), TEXT_ARG(found->resource), TEXT_ARG(kind->resource));
        }
        found = found == NULL ? kind : found;
    }
    if (found == NULL) {
        return nothing_so_called(kinds, word, err);
    }
    *ret_kind = found;
    return TEND_OK;
}

bool kinds_has_category(const struct served_kind *kind, struct text category)
{
    for (size_t i = 0; i < value_count(kind->categories); i++) {
        if (text_equal(value_text_or(value_at(kind->categories, i), TEXT("")), category)) {
            return true;
        }
    }
    return false;
}
