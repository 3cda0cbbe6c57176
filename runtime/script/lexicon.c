/* What the host says of kinds, made into what a field access needs: names, types, and a label for
 * sentences. A lexicon is one state of all kinds: where the host counts another one, the next run begins a
 * new lexicon, and the old one lives as long as runs that began in it.
 */
#include <string.h>

#include "base/alloc.h"
#include "script/inside.h"

/* --- lexicons ---------------------------------------------------------------------------------- */

struct lexicon *lexicon_for(struct script *script, int64_t number)
{
    struct lexicon *lexicon = script->lexicon;
    if (lexicon == NULL || lexicon->number != number) {
        lexicon_unref(lexicon);
        lexicon = alloc_new(sizeof *lexicon);
        lexicon->number = number;
        lexicon->refs = 1; /* the script's */
        script->lexicon = lexicon;
    }
    lexicon->refs++;
    return lexicon;
}

void lexicon_unref(struct lexicon *lexicon)
{
    if (lexicon != NULL && --lexicon->refs == 0) {
        map_done(&lexicon->by_word);
        arena_done(&lexicon->arena);
        free(lexicon);
    }
}

const struct known_kind *lexicon_find(const struct lexicon *lexicon, struct text word)
{
    return map_get(&lexicon->by_word, word);
}

/* --- outlines ---------------------------------------------------------------------------------- */

struct reading {
    struct arena *arena;
    struct tend_call *call;
};

static struct text text_at(const struct reading *reading, tend_node node, const char *path)
{
    const struct tend_api *api = reading->call->api;
    struct tend_str str = api->as_text(reading->call, api->get(reading->call, node, path), "");
    return (struct text){str.ptr, str.len};
}

static enum outline_type type_of(struct text word)
{
    static const struct {
        const char *word;
        enum outline_type type;
    } types[] = {{"object", OUTLINE_MAP},  {"array", OUTLINE_LIST},  {"string", OUTLINE_TEXT},
                 {"integer", OUTLINE_INT}, {"number", OUTLINE_REAL}, {"boolean", OUTLINE_BOOL}};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (text_is(word, types[i].word)) {
            return types[i].type;
        }
    }
    return OUTLINE_ANY;
}

static const struct outline *read_outline(const struct reading *reading, tend_node node,
                                          const char *label);

static void read_properties(const struct reading *reading, tend_node node, struct outline *outline)
{
    const struct tend_api *api = reading->call->api;
    tend_node properties = api->get(reading->call, node, "properties");
    outline->count = api->count(reading->call, properties);
    outline->names = arena_alloc(reading->arena, (outline->count + 1) * sizeof *outline->names);
    outline->outlines =
        arena_alloc(reading->arena, (outline->count + 1) * sizeof *outline->outlines);
    for (size_t i = 0; i < outline->count; i++) { /* maps are sorted by key */
        struct tend_str key;
        tend_node property = api->item(reading->call, properties, (uint32_t)i, &key);
        struct text label =
            arena_format(reading->arena, "%s.%.*s", outline->label, (int)key.len, key.ptr);
        outline->names[i] = label.ptr + strlen(outline->label) + 1;
        outline->outlines[i] = read_outline(reading, property, label.ptr);
    }
}

/* Fields beside the properties: a schema for them, or any, or none. */
static void read_rest(const struct reading *reading, tend_node node, struct outline *outline)
{
    const struct tend_api *api = reading->call->api;
    tend_node rest = api->get(reading->call, node, "additionalProperties");
    tend_node preserve = api->get(reading->call, node, "x-kubernetes-preserve-unknown-fields");
    outline->open =
        api->as_bool(reading->call, preserve, 0) != 0 || api->as_bool(reading->call, rest, 0) != 0;
    if (api->type(reading->call, rest) == TEND_MAP) {
        outline->rest =
            read_outline(reading, rest, arena_format(reading->arena, "%s[]", outline->label).ptr);
    }
}

static const struct outline *read_outline(const struct reading *reading, tend_node node,
                                          const char *label)
{
    const struct tend_api *api = reading->call->api;
    struct outline *outline = arena_alloc(reading->arena, sizeof *outline);
    outline->label = label;
    outline->type = type_of(text_at(reading, node, "type"));
    tend_node either = api->get(reading->call, node, "x-kubernetes-int-or-string");
    if (api->as_bool(reading->call, either, 0) != 0) {
        outline->type = OUTLINE_ANY;
    }
    if (outline->type == OUTLINE_MAP) {
        read_properties(reading, node, outline);
        read_rest(reading, node, outline);
    }
    tend_node items = api->get(reading->call, node, "items");
    if (items != 0) {
        outline->items =
            read_outline(reading, items, arena_format(reading->arena, "%s[]", label).ptr);
    }
    return outline;
}

/* --- what every object has ---------------------------------------------------------------------- */

static const struct outline any_text = {.type = OUTLINE_TEXT, .label = "metadata"};
static const struct outline any_int = {.type = OUTLINE_INT, .label = "metadata"};
static const struct outline text_map = {
    .type = OUTLINE_MAP, .label = "metadata", .rest = &any_text};
static const struct outline any_map = {.type = OUTLINE_MAP, .label = "metadata", .open = true};
static const struct outline text_list = {
    .type = OUTLINE_LIST, .label = "metadata", .items = &any_text};
static const struct outline map_list = {
    .type = OUTLINE_LIST, .label = "metadata", .items = &any_map};

/* The fields of ObjectMeta (meta/v1) that are kept here. */
static const struct outline *metadata_outline(struct arena *arena, const char *label)
{
    static const struct {
        const char *name;
        const struct outline *outline;
    } fields[] = {{"annotations", &text_map},
                  {"creationTimestamp", &any_text},
                  {"deletionGracePeriodSeconds", &any_int},
                  {"deletionTimestamp", &any_text},
                  {"finalizers", &text_list},
                  {"generateName", &any_text},
                  {"generation", &any_int},
                  {"labels", &text_map},
                  {"managedFields", &map_list},
                  {"name", &any_text},
                  {"namespace", &any_text},
                  {"ownerReferences", &map_list},
                  {"resourceVersion", &any_text},
                  {"selfLink", &any_text},
                  {"uid", &any_text}};
    struct outline *outline = arena_alloc(arena, sizeof *outline);
    *outline = (struct outline){.type = OUTLINE_MAP, .label = label, .count = COUNT_OF(fields)};
    outline->names = arena_alloc(arena, sizeof fields);
    outline->outlines = arena_alloc(arena, sizeof fields);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct outline *field = arena_alloc(arena, sizeof *field);
        *field = *fields[i].outline;
        field->label = arena_format(arena, "%s.%s", label, fields[i].name).ptr;
        outline->names[i] = fields[i].name;
        outline->outlines[i] = field;
    }
    return outline;
}

static void insert(struct outline *outline, const char *name, const struct outline *field)
{
    size_t at = outline->count++;
    while (at > 0 && strcmp(outline->names[at - 1], name) > 0) {
        outline->names[at] = outline->names[at - 1];
        outline->outlines[at] = outline->outlines[at - 1];
        at--;
    }
    outline->names[at] = name;
    outline->outlines[at] = field;
}

/* `root` with apiVersion, kind and metadata, which no schema has to say. */
static const struct outline *whole_object(struct arena *arena, const struct outline *root)
{
    static const char *const names[] = {"apiVersion", "kind", "metadata"};
    struct outline *whole = arena_alloc(arena, sizeof *whole);
    *whole = *root;
    whole->names = arena_alloc(arena, (root->count + 3) * sizeof *whole->names);
    whole->outlines = arena_alloc(arena, (root->count + 3) * sizeof *whole->outlines);
    whole->count = 0;
    for (size_t i = 0; i < root->count; i++) {
        bool known = strcmp(root->names[i], names[0]) == 0 ||
                     strcmp(root->names[i], names[1]) == 0 || strcmp(root->names[i], names[2]) == 0;
        if (!known) {
            insert(whole, root->names[i], root->outlines[i]);
        }
    }
    insert(whole, names[0], &any_text);
    insert(whole, names[1], &any_text);
    insert(whole, names[2],
           metadata_outline(arena, arena_format(arena, "%s.metadata", root->label).ptr));
    whole->open = root->open || root->type == OUTLINE_ANY;
    whole->type = OUTLINE_MAP;
    return whole;
}

/* --- kinds ------------------------------------------------------------------------------------- */

static struct text after_last_slash(struct text identity, struct text *ret_before)
{
    size_t cut = identity.len;
    while (cut > 0 && identity.ptr[cut - 1] != '/') {
        cut--;
    }
    *ret_before = text_first(identity, cut > 0 ? cut - 1 : 0);
    return text_from(identity, cut);
}

const struct known_kind *lexicon_learn(struct lexicon *lexicon, struct text word,
                                       struct tend_call *call, tend_node answer)
{
    const struct tend_api *api = call->api;
    struct arena *arena = &lexicon->arena;
    struct reading reading = {arena, call};
    struct known_kind *kind = arena_alloc(arena, sizeof *kind);
    struct text identity = answer == 0 ? word : text_at(&reading, answer, "kind"), version;
    struct text name = after_last_slash(identity, &version);
    kind->identity = arena_text(arena, identity).ptr;
    kind->api_version = arena_text(arena, version).ptr;
    kind->name = arena_text(arena, name).ptr;
    kind->namespaced =
        api->as_bool(call, answer == 0 ? 0 : api->get(call, answer, "namespaced"), 1) != 0;
    tend_node schema = answer == 0 ? 0 : api->get(call, answer, "schema");
    const struct outline *root = schema == 0 ? NULL : read_outline(&reading, schema, kind->name);
    static const struct outline anything = {.type = OUTLINE_ANY, .label = "the object"};
    kind->root = whole_object(arena, root == NULL ? &anything : root);
    map_put(&lexicon->by_word, arena_text(arena, word), kind);
    return kind;
}

/* --- fields ------------------------------------------------------------------------------------ */

bool outline_field(const struct outline *outline, struct text key, const struct outline **ret_field)
{
    *ret_field = NULL;
    if (outline == NULL || outline->type == OUTLINE_ANY) {
        return true;
    }
    size_t low = 0, high = outline->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = text_compare(key, text_of(outline->names[middle]));
        if (order == 0) {
            *ret_field = outline->outlines[middle];
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *ret_field = outline->rest;
    return outline->rest != NULL || outline->open;
}

int outline_unknown(lua_State *L, const struct outline *outline, const char *key)
{
    const char *near = text_nearest(text_of(key), outline->names, outline->count);
    if (near != NULL) {
        return luaL_error(L, "no field \"%s\" in %s; did you mean \"%s\"?", key, outline->label,
                          near);
    }
    return luaL_error(L, "no field \"%s\" in %s", key, outline->label);
}
