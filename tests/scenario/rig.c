#include "scenario/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/moment.h"
#include "document/json.h"
#include "document/path.h"
#include "document/yaml.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "runner/loader.h"

#define LABS "labinstances.lab.neuroglia.com"

static void keep_line(void *to, const char *line)
{
    buffer_chars(to, line);
    buffer_byte(to, '\n');
}

static void fatal(void *owner, const struct error *err)
{
    struct rig *rig = owner;
    (void)err;
    rig->fatals++;
}

/* --- the trace --------------------------------------------------------------------------------- */

static void state_of(struct doc *doc, char *out, size_t size)
{
    struct arena arena = {0};
    const struct value *root = NULL;
    out[0] = '\0';
    if (doc != NULL && doc_tree(doc, &arena, &root, NULL) == TEND_OK) {
        struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
        snprintf(out, size, "%.*s", TEXT_ARG(state));
    }
    arena_done(&arena);
}

static void trace_lab(struct rig *rig, const struct change *change, struct text name)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL, *status;
    CHECK(doc_tree(change->doc, &arena, &root, NULL) == TEND_OK);
    status = value_field(root, "status");
    buffer_format(&rig->trace, "%lld %.*s ", (long long)rig->v.now_ms, TEXT_ARG(name));
    if (change->op == CHANGE_DELETE) {
        buffer_chars(&rig->trace, "gone ");
    }
    json_write(&rig->trace, status == NULL ? value_null() : status);
    buffer_byte(&rig->trace, '\n');
}

static void trace_event(struct rig *rig, const struct change *change)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    CHECK(doc_tree(change->doc, &arena, &root, NULL) == TEND_OK);
    const struct value *about = value_field(root, "involvedObject");
    if (!text_is(value_text_or(value_field(about, "kind"), TEXT("")), "LabInstance")) {
        return;
    }
    buffer_format(&rig->trace, "%lld event %.*s %.*s %.*s: %.*s (%lld)\n", (long long)rig->v.now_ms,
                  TEXT_ARG(value_text_or(value_field(about, "name"), TEXT(""))),
                  TEXT_ARG(value_text_or(value_field(root, "type"), TEXT(""))),
                  TEXT_ARG(value_text_or(value_field(root, "reason"), TEXT(""))),
                  TEXT_ARG(value_text_or(value_field(root, "message"), TEXT(""))),
                  (long long)value_int_or(value_field(root, "count"), 0));
}

static void write_down(struct rig *rig, const struct change *change)
{
    char before[64], after[64], at[DURATION_TEXT_MAX];
    struct key_parts parts;
    if (key_split(change->key, &parts, NULL) != TEND_OK) {
        return;
    }
    if (text_is(parts.resource, BUILTIN_EVENTS) && change->op != CHANGE_DELETE) {
        trace_event(rig, change);
    }
    if (!text_is(parts.resource, LABS)) {
        return;
    }
    trace_lab(rig, change, parts.name);
    state_of(change->before, before, sizeof before);
    state_of(change->doc, after, sizeof after);
    if (change->op == CHANGE_DELETE) {
        snprintf(after, sizeof after, "gone");
    }
    if (strcmp(before, after) != 0) {
        buffer_format(&rig->lives, "%.*s %s %s\n", TEXT_ARG(parts.name),
                      duration_format(rig->v.now_ms, at), after);
    }
}

static void on_advanced(struct store_listener *listener, int64_t revision)
{
    struct rig *rig = CONTAINER_OF(listener, struct rig, listener);
    const struct change *change = store_recent(rig->rooms.store, rig->seen);
    for (; change != NULL; change = store_recent(rig->rooms.store, rig->seen)) {
        write_down(rig, change);
        rig->seen = change->revision;
    }
    CHECK(rig->seen == revision);
}

/* --- up and down ------------------------------------------------------------------------------- */

static void load_plugin(struct rig *rig)
{
    struct plugin_options options = {.world = &rig->v.world,
                                     .store = rig->rooms.store,
                                     .gate = rig->rooms.gate,
                                     .loop = rig->rooms.loop,
                                     .maker = &rig->maker.maker,
                                     .file = rig->file,
                                     .copies = rig->folder,
                                     .entry = PLUGIN_AT_START};
    inline_maker_init(&rig->maker, &rig->v.world, NULL);
    rig->plugin = plugin_open(&options);
    plugin_look(rig->plugin);
}

void rig_start(struct rig *rig, enum rig_plugin with)
{
    struct error err = ERROR_INIT;
    struct store_options store = rig->store;
    store.fatal = fatal;
    store.owner = rig;
    if (!CHECK(assembly_open(&rig->rooms, &rig->v.world, memory_backend_open(rig->disk), &store,
                             &rig->loop, &err) == TEND_OK)) {
        printf("%s\n", err.message);
        exit(1);
    }
    rig->seen = store_revision(rig->rooms.store);
    rig->listener.advanced = on_advanced;
    store_listen(rig->rooms.store, &rig->listener);
    if (with == RIG_WITH_PLUGIN) {
        load_plugin(rig);
    }
}

void rig_up(struct rig *rig, enum rig_plugin with)
{
    rig_start(rig, with);
    virtual_world_run(&rig->v);
}

void rig_new(struct rig *rig)
{
    rig_new_with(rig, RIG_NEW);
}

void rig_new_with(struct rig *rig, const char *file)
{
    *rig = (struct rig){.file = file,
                        .lives = BUFFER_INIT(MIB),
                        .trace = BUFFER_INIT(64 * MIB),
                        .log = BUFFER_INIT(16 * MIB)};
    virtual_world_init(&rig->v, 1);
    rig->sink = (struct log){.level = LOG_DEBUG, .fd = -1, .sink = keep_line, .to = &rig->log};
    rig->v.world.log = &rig->sink;
    rig->disk = memory_disk_new();
    snprintf(rig->folder, sizeof rig->folder, "/tmp/tend-rig-XXXXXX");
    CHECK(mkdtemp(rig->folder) != NULL);
    rig_up(rig, RIG_WITH_PLUGIN);
}

static void nothing(struct task *task)
{
    (void)task;
}

static void unload_plugin(struct rig *rig)
{
    if (rig->plugin != NULL) {
        rig->closed.run = nothing;
        plugin_close(rig->plugin, &rig->closed);
    }
    store_unlisten(&rig->listener);
    rig->plugin = NULL;
}

void rig_down(struct rig *rig)
{
    virtual_world_run(&rig->v);
    unload_plugin(rig);
    virtual_world_run(&rig->v);
    assembly_close(&rig->rooms);
}

/* Memory cannot just be left: whoever could still act is closed first, so that nobody is told, and the
 * disk refuses what is on its way. A store that had a fatal error is silent anyway. */
void rig_crash(struct rig *rig)
{
    struct store *store = rig->rooms.store;
    unload_plugin(rig);
    rig->rooms.store = NULL;
    assembly_close(&rig->rooms);
    memory_disk_fail(rig->disk, 1, TEND_UNAVAILABLE);
    virtual_world_run(&rig->v);
    memory_disk_mend(rig->disk);
    store_close(store);
}

void rig_free(struct rig *rig)
{
    CHECK_INT(rig->fatals, rig->fatals_expected);
    rig_down(rig);
    memory_disk_free(rig->disk);
    loader_tidy(rig->folder, NULL, 0);
    CHECK(rmdir(rig->folder) == 0);
    virtual_world_done(&rig->v);
    buffer_done(&rig->lives);
    buffer_done(&rig->trace);
    buffer_done(&rig->log);
}

/* --- what clients do --------------------------------------------------------------------------- */

struct ask {
    struct admission_call call;
    struct rig *rig;
};

static void on_answered(struct admission_call *call, const struct admission_result *result)
{
    struct ask *ask = CONTAINER_OF(call, struct ask, call);
    snprintf(ask->rig->answer, sizeof ask->rig->answer, "%s",
             result->code == TEND_OK ? "" : result->message);
}

static const char *submit_as(struct rig *rig, const struct admission_request *request,
                             struct admission_writer writer)
{
    struct ask ask = {.call.answered = on_answered, .rig = rig};
    struct admission_set set = {.requests = request, .count = 1, .writer = writer};
    snprintf(rig->answer, sizeof rig->answer, "no answer");
    admission_submit(rig->rooms.gate, &set, &ask.call);
    virtual_world_run(&rig->v);
    return rig->answer;
}

static const char *submit(struct rig *rig, const struct admission_request *request)
{
    return submit_as(rig, request, (struct admission_writer){.role = WRITER_CLIENT});
}

const char *rig_write(struct rig *rig, struct admission_writer writer, enum admission_verb verb,
                      const char *name, const char *yaml)
{
    struct arena arena = {0};
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    if (yaml_parse(&arena, text_of(yaml), &stream, &err) != TEND_OK || stream.count != 1) {
        snprintf(rig->answer, sizeof rig->answer, "%s", err.message);
    } else {
        struct admission_request request = {.verb = verb,
                                            .resource = TEXT(LABS),
                                            .namespace = TEXT("default"),
                                            .name = text_of(name),
                                            .body = stream.documents[0].value};
        submit_as(rig, &request, writer);
    }
    arena_done(&arena);
    return rig->answer;
}

const char *rig_apply(struct rig *rig, const char *yaml)
{
    struct arena arena = {0};
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    if (yaml_parse(&arena, text_of(yaml), &stream, &err) != TEND_OK || stream.count != 1) {
        snprintf(rig->answer, sizeof rig->answer, "%s", err.message);
    } else {
        struct admission_request request = {.verb = ADMIT_APPLY, .body = stream.documents[0].value};
        submit(rig, &request);
    }
    arena_done(&arena);
    return rig->answer;
}

void rig_lab(struct rig *rig, const char *name, const char *spec)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "apiVersion: lab.neuroglia.com/v1\nkind: LabInstance\nmetadata: {name: %s}\n"
             "spec: {template: t%s%s}\n",
             name, spec[0] == '\0' ? "" : ", ", spec);
    CHECK_TEXT(rig_apply(rig, yaml), "");
}

void rig_delete(struct rig *rig, const char *name)
{
    struct admission_request request = {.verb = ADMIT_DELETE,
                                        .resource = TEXT(LABS),
                                        .namespace = TEXT("default"),
                                        .name = text_of(name)};
    CHECK_TEXT(submit(rig, &request), "");
}

void rig_advance(struct rig *rig, const char *duration)
{
    int64_t ms = 0;
    CHECK(duration_parse(text_of(duration), &ms));
    virtual_world_advance(&rig->v, ms);
}

/* --- what can be seen -------------------------------------------------------------------------- */

const char *rig_life(struct rig *rig, const char *name)
{
    struct text rest = buffer_view(&rig->lives);
    size_t used = 0;
    rig->answer[0] = '\0';
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        if (text_is(text_cut(&line, ' '), name) && used < sizeof rig->answer) {
            used += (size_t)snprintf(rig->answer + used, sizeof rig->answer - used, "%s%.*s",
                                     used > 0 ? ", " : "", TEXT_ARG(line));
        }
    }
    return rig->answer;
}

const char *rig_field(struct rig *rig, const char *name, const char *path)
{
    struct arena arena = {0};
    const struct value *root = NULL;
    struct text key = key_make(&arena, TEXT(LABS), TEXT("default"), text_of(name));
    struct doc *doc = store_get(rig->rooms.store, key);
    rig->answer[0] = '\0';
    if (doc != NULL && doc_tree(doc, &arena, &root, NULL) == TEND_OK) {
        const struct value *value = path_get(root, text_of(path));
        struct text text = value_text_or(value, TEXT(""));
        if (value_is(value, VALUE_INT)) {
            snprintf(rig->answer, sizeof rig->answer, "%lld", (long long)value->integer);
        } else {
            snprintf(rig->answer, sizeof rig->answer, "%.*s", TEXT_ARG(text));
        }
    }
    arena_done(&arena);
    return rig->answer;
}

bool rig_event(struct rig *rig, const char *name, const char *reason)
{
    struct arena arena = {0};
    struct store_entry entries[512];
    size_t count = store_list(rig->rooms.store, store_revision(rig->rooms.store), TEXT("events/"),
                              TEXT(""), entries, COUNT_OF(entries));
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        const struct value *root = NULL;
        CHECK(doc_tree(entries[i].doc, &arena, &root, NULL) == TEND_OK);
        struct text about = value_text_or(path_get(root, TEXT("involvedObject.name")), TEXT(""));
        struct text said = value_text_or(value_field(root, "reason"), TEXT(""));
        found = found || (text_is(about, name) && text_is(said, reason));
    }
    arena_done(&arena);
    return found;
}
