/* Why one set: a definition without its machine would let objects into states that nobody declared, and
 * a machine whose definition was refused would wait for a kind that never comes. Either the plugin is
 * there with everything it needs, or its refusal is all that can be seen of it.
 */
#include "runner/plugin.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "resource/meta.h"

#define DEFINED_BY "tend.dev/defined-by"

struct plugin {
    struct worker_listener listener; /* first after nothing: found by CONTAINER_OF */
    struct plugin_options options;
    char *file, *hash;
    enum plugin_phase phase;
    struct arena arena;             /* the descriptor, and what was made of it */
    const struct value *descriptor; /* NULL: not up yet */
    struct admission_call claim;
    bool claiming;
    struct controller **controllers; /* of each in the descriptor, once claimed */
    size_t controller_count;
    struct plugin_refusal refusal;
};

static void set_phase(struct plugin *plugin, enum plugin_phase phase)
{
    plugin->phase = phase;
    if (plugin->options.changed != NULL) {
        plugin->options.changed(plugin, plugin->options.owner);
    }
}

/* --- refusal ----------------------------------------------------------------------------------- */

/* A DNS label from the file's name: "labinstance" of "/x/labinstance.so". */
static struct text name_of_file(struct arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    char *name = arena_alloc(arena, LABEL_BYTES_MAX + 8);
    size_t len = 0;
    for (const char *at = base; *at != '\0' && *at != '.' && len < LABEL_BYTES_MAX; at++) {
        bool digit = *at >= '0' && *at <= '9';
        bool lower = *at >= 'a' && *at <= 'z', upper = *at >= 'A' && *at <= 'Z';
        if (lower || digit || upper) {
            name[len++] = upper ? (char)(*at - 'A' + 'a') : *at;
        } else if (len > 0 && name[len - 1] != '-') {
            name[len++] = '-';
        }
    }
    while (len > 0 && name[len - 1] == '-') {
        len--;
    }
    return len == 0 ? TEXT("plugin") : (struct text){name, len};
}

static const struct value *controller_root(struct arena *arena, struct text name)
{
    const struct value_field fields[] = {
        {.key = TEXT("apiVersion"), .value = value_chars(arena, "tend.dev/v1")},
        {.key = TEXT("kind"), .value = value_chars(arena, "Controller")},
    };
    return meta_with_text(arena, value_map(arena, fields, COUNT_OF(fields)), "name", name);
}

static const struct value *refused_status(struct arena *arena, const char *file, const char *hash,
                                          const char *reason)
{
    const struct value_field fields[] = {
        {.key = TEXT("phase"), .value = value_chars(arena, "refused")},
        {.key = TEXT("reason"), .value = value_chars(arena, "Refused")},
        {.key = TEXT("message"), .value = value_chars(arena, reason)},
        {.key = TEXT("file"), .value = value_chars(arena, file)},
        {.key = TEXT("hash"), .value = value_chars(arena, hash == NULL ? "" : hash)},
    };
    return value_map(arena, fields, COUNT_OF(fields));
}

static void ignore_answer(struct admission_call *call, const struct admission_result *result)
{
    struct plugin_refusal *refusal = CONTAINER_OF(call, struct plugin_refusal, call);
    (void)result; /* the log has said it already; the store has no room for it, then */
    arena_done(&refusal->arena);
}

static void write_refusal(struct plugin_refusal *refusal, struct admission *gate, struct text name,
                          const struct value *status, const char *reason)
{
    struct arena *arena = &refusal->arena;
    const struct value *root = controller_root(arena, name);
    struct event event = {.about = root,
                          .type = EVENT_WARNING,
                          .reason = TEXT("Refused"),
                          .message = text_of(reason),
                          .component = TEXT("tend")};
    struct admission_request requests[] = {
        {.verb = ADMIT_APPLY, .resource = TEXT(BUILTIN_CONTROLLERS), .body = root},
        {.verb = ADMIT_UPDATE_STATUS,
         .resource = TEXT(BUILTIN_CONTROLLERS),
         .body = value_with(arena, root, TEXT("status"), status)},
        {.verb = ADMIT_EVENT, .event = &event},
    };
    struct admission_set set = {.requests = requests,
                                .count = COUNT_OF(requests),
                                .writer = {.role = WRITER_HOST},
                                .run = RUN_REAL};
    refusal->call.answered = ignore_answer;
    admission_submit(gate, &set, &refusal->call);
}

void plugin_refuse_file(struct plugin_refusal *refusal, struct world *world, struct admission *gate,
                        const char *file, const char *hash, const char *reason)
{
    log_error(world->log, LOG_FIELDS({"plugin", file}), "refused: %s", reason);
    write_refusal(refusal, gate, name_of_file(&refusal->arena, file),
                  refused_status(&refusal->arena, file, hash, reason), reason);
}

void plugin_refusal_done(struct plugin_refusal *refusal)
{
    admission_cancel(&refusal->call);
    arena_done(&refusal->arena);
}

static void refuse(struct plugin *plugin, const char *reason)
{
    plugin_refuse_file(&plugin->refusal, plugin->options.world, plugin->options.gate, plugin->file,
                       plugin->hash, reason);
    set_phase(plugin, PLUGIN_REFUSED);
}

/* --- the claim --------------------------------------------------------------------------------- */

struct claim {
    struct plugin *plugin;
    struct admission_request *requests;
    size_t count;
};

static const struct value *controllers_of(const struct plugin *plugin)
{
    return value_field(plugin->descriptor, "controllers");
}

static struct text field_text(const struct value *map, const char *field)
{
    return value_text_or(value_get(map, text_of(field)), TEXT(""));
}

/* The cluster-scoped object of that name, or NULL. */
static struct doc *stored(struct plugin *plugin, const char *resource, struct text name)
{
    struct text key = key_make(&plugin->arena, text_of(resource), TEXT(""), name);
    return store_get(plugin->options.store, key);
}

static void claim_add(struct claim *claim, enum admission_verb verb, const char *resource,
                      const struct value *body)
{
    claim->requests[claim->count++] = (struct admission_request){
        .verb = verb,
        .resource = text_of(resource),
        .body = body,
        .fields = FIELDS_STRICT,
        .reason = text_of(claim->plugin->file),
    };
}

/* The definition that a controller carries: created, or brought up to date where it is its own. */
static void claim_definition(struct claim *claim, const struct value *controller)
{
    struct plugin *plugin = claim->plugin;
    const struct value *crd = value_field(controller, "crd");
    if (crd == NULL) {
        return;
    }
    struct text name = field_text(controller, "name");
    const struct value *body = meta_with_annotation(&plugin->arena, crd, DEFINED_BY, name);
    struct meta meta = meta_of(crd);
    struct doc *there = stored(plugin, BUILTIN_CRDS, meta.name);
    if (there == NULL) {
        claim_add(claim, ADMIT_CREATE, BUILTIN_CRDS, body);
        return;
    }
    const struct value *root;
    if (doc_tree(there, &plugin->arena, &root, NULL) == TEND_OK) {
        struct meta stored = meta_of(root);
        if (text_equal(meta_annotation(&stored, DEFINED_BY), name)) {
            claim_add(claim, ADMIT_UPDATE, BUILTIN_CRDS, body);
        }
    }
}

/* "lab.neuroglia.com/v1/LabInstance" as {apiVersion, kind}; the part after the last '/' is the kind. */
static const struct value *owned_kind(struct plugin *plugin, const struct value *controller)
{
    struct arena *arena = &plugin->arena;
    struct text kind = field_text(controller, "kind");
    size_t cut = kind.len;
    while (cut > 0 && kind.ptr[cut - 1] != '/') {
        cut--;
    }
    const struct value *owned = value_with(arena, NULL, TEXT("apiVersion"),
                                           value_text(arena, text_first(kind, cut - (cut > 0))));
    owned = value_with(arena, owned, TEXT("kind"), value_text(arena, text_from(kind, cut)));
    const struct value *finalize = value_field(controller, "finalize");
    owned = value_with(arena, owned, TEXT("finalizes"),
                       value_bool(arena, value_bool_or(finalize, false)));
    const struct value *machine = value_field(controller, "machine");
    return machine == NULL ? owned : value_with(arena, owned, TEXT("machine"), machine);
}

static void claim_controller(struct claim *claim, const struct value *controller)
{
    struct plugin *plugin = claim->plugin;
    struct arena *arena = &plugin->arena;
    struct text name = field_text(controller, "name");
    const struct value *owned = owned_kind(plugin, controller);
    const struct value *spec = value_with(arena, NULL, TEXT("owns"), value_list(arena, &owned, 1));
    const struct value *root = value_with(arena, controller_root(arena, name), TEXT("spec"), spec);
    bool there = stored(plugin, BUILTIN_CONTROLLERS, name) != NULL;
    claim_add(claim, there ? ADMIT_UPDATE : ADMIT_CREATE, BUILTIN_CONTROLLERS, root);
}

/* --- live -------------------------------------------------------------------------------------- */

/* The kinds that a controller owns by its writes, as a NULL-ended array. */
static const char *const *owned_words(struct plugin *plugin, const struct value *controller)
{
    const struct value *owns = value_field(controller, "owns");
    size_t count = value_count(owns);
    const char **words = arena_alloc(&plugin->arena, (count + 1) * sizeof *words);
    for (size_t i = 0; i < count; i++) {
        words[i] = arena_text(&plugin->arena, value_text_or(value_at(owns, i), TEXT(""))).ptr;
    }
    return words;
}

static enum tend_code add_controller(struct plugin *plugin, const struct value *described,
                                     struct error *err)
{
    struct arena *arena = &plugin->arena;
    struct controller_options options = {
        .name = arena_text(arena, field_text(described, "name")).ptr,
        .kind = arena_text(arena, field_text(described, "kind")).ptr,
        .owns = owned_words(plugin, described),
        .worker = plugin->options.worker,
        /* Objects under way at once. What runs at once inside the plugin is its engine's business: it
         * executes no more than the descriptor allows, and the others wait there, so that neither
         * the way to the runner nor the commit of one object keeps the next from running. */
        .parallel = WORKER_CALLS_MAX,
        .file = plugin->file,
        .hash = plugin->hash,
        .version = arena_text(arena, field_text(plugin->descriptor, "version")).ptr,
    };
    struct controller *controller;
    TRY(controller_add(plugin->options.loop, &options, &controller, err));
    plugin->controllers[plugin->controller_count++] = controller;
    return TEND_OK;
}

static void remove_controllers(struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->controller_count; i++) {
        controller_remove(plugin->controllers[i]);
    }
    plugin->controller_count = 0;
}

static void go_live(struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->controller_count; i++) {
        controller_live(plugin->controllers[i]);
    }
    char count[24];
    snprintf(count, sizeof count, "%zu", plugin->controller_count);
    log_info(plugin->options.world->log,
             LOG_FIELDS({"plugin", plugin->file}, {"controllers", count}), "live");
    set_phase(plugin, PLUGIN_LIVE);
}

static void on_claimed(struct admission_call *call, const struct admission_result *result)
{
    struct plugin *plugin = CONTAINER_OF(call, struct plugin, claim);
    plugin->claiming = false;
    if (result->code != TEND_OK) {
        refuse(plugin, result->message);
        return;
    }
    const struct value *described = controllers_of(plugin);
    plugin->controllers =
        arena_alloc(&plugin->arena, value_count(described) * sizeof(struct controller *));
    for (size_t i = 0; i < value_count(described); i++) {
        struct error err = ERROR_INIT;
        if (add_controller(plugin, value_at(described, i), &err) != TEND_OK) {
            remove_controllers(plugin);
            refuse(plugin, err.message);
            return;
        }
    }
    if (plugin->options.worker->is_up) {
        go_live(plugin);
    } else {
        set_phase(plugin, PLUGIN_LOST);
    }
}

static void submit_claim(struct plugin *plugin)
{
    const struct value *described = controllers_of(plugin);
    struct claim claim = {.plugin = plugin};
    claim.requests =
        arena_alloc(&plugin->arena, 2 * value_count(described) * sizeof *claim.requests);
    for (size_t i = 0; i < value_count(described); i++) {
        claim_definition(&claim, value_at(described, i));
    }
    for (size_t i = 0; i < value_count(described); i++) {
        claim_controller(&claim, value_at(described, i));
    }
    struct admission_set set = {.requests = claim.requests,
                                .count = claim.count,
                                .writer = {.role = WRITER_HOST},
                                .run = RUN_REAL};
    plugin->claiming = true;
    plugin->claim.answered = on_claimed;
    admission_submit(plugin->options.gate, &set, &plugin->claim);
}

/* --- what the worker tells --------------------------------------------------------------------- */

static void on_up(struct worker_listener *listener, struct worker *worker,
                  const struct value *descriptor)
{
    struct plugin *plugin = CONTAINER_OF(listener, struct plugin, listener);
    (void)worker;
    if (plugin->descriptor == NULL) {
        plugin->descriptor = value_copy(&plugin->arena, descriptor);
        if (value_count(controllers_of(plugin)) == 0) {
            refuse(plugin, "it declares no controller");
            return;
        }
        submit_claim(plugin);
    } else if (plugin->phase == PLUGIN_LOST && !plugin->claiming) {
        go_live(plugin);
    }
}

static void on_down(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    struct plugin *plugin = CONTAINER_OF(listener, struct plugin, listener);
    (void)worker;
    for (size_t i = 0; i < plugin->controller_count; i++) {
        controller_lost(plugin->controllers[i], reason);
    }
    if (plugin->phase == PLUGIN_LIVE) {
        set_phase(plugin, PLUGIN_LOST);
    }
}

static void on_refused(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    struct plugin *plugin = CONTAINER_OF(listener, struct plugin, listener);
    (void)worker;
    remove_controllers(plugin);
    refuse(plugin, reason);
}

static const struct worker_listener_ops listener_ops = {
    .up = on_up,
    .down = on_down,
    .refused = on_refused,
    .asked = controller_asked,
    .done = controller_done,
    .lost = controller_lost_call,
};

/* --- life -------------------------------------------------------------------------------------- */

struct plugin *plugin_open(const struct plugin_options *options)
{
    struct plugin *plugin = alloc_new(sizeof *plugin);
    plugin->options = *options;
    plugin->file = alloc_dup(options->file);
    plugin->hash = alloc_dup(options->hash == NULL ? "" : options->hash);
    plugin->listener.ops = &listener_ops;
    options->worker->listener = &plugin->listener;
    return plugin;
}

void plugin_close(struct plugin *plugin)
{
    if (plugin == NULL) {
        return;
    }
    remove_controllers(plugin);
    admission_cancel(&plugin->claim);
    plugin_refusal_done(&plugin->refusal);
    arena_done(&plugin->arena);
    free(plugin->file);
    free(plugin->hash);
    free(plugin);
}

enum plugin_phase plugin_phase(const struct plugin *plugin)
{
    return plugin->phase;
}

const char *plugin_file(const struct plugin *plugin)
{
    return plugin->file;
}

bool plugin_has(const struct plugin *plugin, struct text controller)
{
    const struct value *described = controllers_of(plugin);
    for (size_t i = 0; i < value_count(described); i++) {
        if (text_equal(field_text(value_at(described, i), "name"), controller)) {
            return true;
        }
    }
    return false;
}
