/* A crash cannot just leave memory as it is: whoever could still act is closed first, so that nobody is told,
 * and the disk refuses what is on its way. */
#include "sim/stage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "runner/loader.h"

/* --- what is kept ------------------------------------------------------------------------------ */

static void keep_change(struct stage *stage, const struct change *change)
{
    if ((stage->change_count & (stage->change_count - 1)) == 0) { /* 0, 1, 2, 4, 8, ... */
        size_t room = stage->change_count == 0 ? 1 : 2 * stage->change_count;
        stage->changes = alloc_resize(stage->changes, room, sizeof(struct stage_change));
    }
    stage->changes[stage->change_count++] = (struct stage_change){
        .at_ms = stage->v.now_ms,
        .revision = change->revision,
        .op = change->op,
        .key = alloc_text(change->key.ptr, change->key.len),
        .actor = alloc_text(change->actor.ptr, change->actor.len),
        .reason = alloc_text(change->reason.ptr, change->reason.len),
        .doc = change->doc == NULL ? NULL : doc_ref(change->doc),
        .before = change->before == NULL ? NULL : doc_ref(change->before),
    };
}

static void on_advanced(struct store_listener *listener, int64_t revision)
{
    struct stage *stage = CONTAINER_OF(listener, struct stage, listener);
    (void)revision;
    stage->commits++;
    const struct change *change = store_recent(stage->rooms.store, stage->seen);
    for (; change != NULL; change = store_recent(stage->rooms.store, stage->seen)) {
        keep_change(stage, change);
        stage->seen = change->revision;
    }
}

/* The sentence in a line as base/log.h writes it: level=info msg="..." ...; the caller frees it. */
static char *sentence_of(const char *line)
{
    const char *at = strstr(line, "msg=");
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(LOG_LINE_MAX);
    at = at == NULL ? line : at + strlen("msg=");
    bool quoted = *at == '"';
    for (at += quoted ? 1 : 0; *at != '\0' && *at != (quoted ? '"' : ' '); at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
            buffer_byte(&out, *at == 'n' ? '\n' : *at);
        } else {
            buffer_byte(&out, *at);
        }
    }
    return alloc_text(out.data, out.len);
}

static enum log_level level_of(const char *line)
{
    return strstr(line, "level=error ") == line  ? LOG_ERROR
           : strstr(line, "level=warn ") == line ? LOG_WARN
                                                 : LOG_INFO;
}

static void keep_line(void *to, const char *line)
{
    struct stage *stage = to;
    if (stage->line_count == STAGE_LINES_MAX) {
        free(stage->lines[0].text);
        memmove(stage->lines, stage->lines + 1, (--stage->line_count) * sizeof *stage->lines);
    }
    stage->lines[stage->line_count++] = (struct stage_line){
        .at_ms = stage->v.now_ms,
        .level = level_of(line),
        .from = text_ends(text_of(line), TEXT(" plugin=" INLINE_WORKER_NAME)) ? LINE_CONTROLLER
                                                                              : LINE_HOST,
        .text = sentence_of(line),
    };
}

static void forget(struct stage *stage)
{
    for (size_t i = 0; i < stage->change_count; i++) {
        struct stage_change *change = &stage->changes[i];
        free(change->key);
        free(change->actor);
        free(change->reason);
        doc_unref(change->doc);
        doc_unref(change->before);
    }
    for (size_t i = 0; i < stage->line_count; i++) {
        free(stage->lines[i].text);
    }
    free(stage->changes);
    free(stage->lines);
}

/* --- steps ------------------------------------------------------------------------------------- */

void stage_halt(struct stage *stage, const char *why)
{
    if (stage->halted == NULL) {
        stage->halted = alloc_dup(why);
    }
}

bool stage_is_talk(const char *key)
{
    struct key_parts parts;
    return key_split(text_of(key), &parts, NULL) == TEND_OK &&
           (text_is(parts.resource, BUILTIN_CONTROLLERS) ||
            text_is(parts.resource, BUILTIN_EVENTS) || text_is(parts.resource, BUILTIN_EFFECTS));
}

/* The object with the most of the newest changes: what goes in circles. */
static const struct stage_change *busiest(const struct stage *stage, size_t *ret_count)
{
    const struct stage_change *found = NULL;
    size_t from = stage->change_count > 200 ? stage->change_count - 200 : 0;
    *ret_count = 0;
    for (size_t i = from; i < stage->change_count; i++) {
        size_t count = 0;
        for (size_t j = from; j < stage->change_count; j++) {
            count += strcmp(stage->changes[i].key, stage->changes[j].key) == 0 ? 1 : 0;
        }
        if (count >= *ret_count && !stage_is_talk(stage->changes[i].key)) {
            *ret_count = count;
            found = &stage->changes[i];
        }
    }
    return found;
}

static enum tend_code fail_in_circles(const struct stage *stage, struct error *err)
{
    char at[DURATION_TEXT_MAX];
    size_t count;
    const struct stage_change *change = busiest(stage, &count);
    duration_format(stage->v.now_ms, at);
    if (change == NULL) {
        return FAIL(err, TEND_LIMIT, "does not come to rest: %u steps, the last at %s",
                    STAGE_STEPS_MAX, at);
    }
    return FAIL(
        err, TEND_LIMIT,
        "does not come to rest: %u steps, the last at %s; of the last changes %zu are of %s, "
        "by %s",
        STAGE_STEPS_MAX, at, count, change->key, change->actor);
}

/* One step and what belongs to it; `*ret_more` is false where there was nothing to do. */
static NODISCARD enum tend_code step(struct stage *stage, bool *ret_more, struct error *err)
{
    if (stage->halted != NULL) {
        return FAIL(err, TEND_INVALID, "%s", stage->halted);
    }
    if (stage->steps >= STAGE_STEPS_MAX) {
        return fail_in_circles(stage, err);
    }
    *ret_more = virtual_world_step(&stage->v);
    stage->steps += *ret_more ? 1 : 0;
    if (*ret_more && stage->options.between != NULL && stage->halted == NULL) {
        stage->options.between(stage, stage->options.owner);
    }
    return TEND_OK;
}

enum tend_code stage_settle(struct stage *stage, struct error *err)
{
    bool more = true;
    while (more) {
        TRY(step(stage, &more, err));
    }
    return TEND_OK;
}

enum tend_code stage_advance(struct stage *stage, int64_t ms, struct error *err)
{
    int64_t until = stage->v.now_ms + ms;
    if (ms > STAGE_TIME_MAX_MS || until > STAGE_TIME_MAX_MS) {
        return FAIL(err, TEND_LIMIT, "a test lasts %d days at most",
                    (int)(STAGE_TIME_MAX_MS / (24 * 3600 * 1000)));
    }
    TRY(stage_settle(stage, err));
    for (struct heap_node *next = heap_first(&stage->v.alarms); next != NULL && next->due <= until;
         next = heap_first(&stage->v.alarms)) {
        stage->v.now_ms = next->due;
        TRY(stage_settle(stage, err));
    }
    stage->v.now_ms = until;
    return TEND_OK;
}

bool stage_is_busy(const struct stage *stage)
{
    const struct heap_node *next = heap_first(&stage->v.alarms);
    bool busy = !list_empty(&stage->v.tasks) || (next != NULL && next->due <= stage->v.now_ms);
    for (int lane = 0; lane < LANES; lane++) {
        busy = busy || !list_empty(&stage->v.jobs[lane]);
    }
    return busy;
}

/* --- up and down ------------------------------------------------------------------------------- */

/* The memory disk only fails where it is told to, and then the stage is on its way down. */
static void on_fatal(void *owner, const struct error *err)
{
    stage_halt(owner, err->message);
}

enum tend_code stage_folder_make(char *out, struct error *err)
{
    const char *parent = getenv("TMPDIR");
    int len = snprintf(out, STAGE_FOLDER_MAX, "%s/tend-test-XXXXXX",
                       parent == NULL || parent[0] != '/' ? "/tmp" : parent);
    if (len >= STAGE_FOLDER_MAX || mkdtemp(out) == NULL) {
        enum tend_code code = FAIL(err, TEND_IO, "cannot make a folder for copies, %s: %s", out,
                                   strerror(len >= STAGE_FOLDER_MAX ? ENAMETOOLONG : errno));
        out[0] = '\0';
        return code;
    }
    return TEND_OK;
}

void stage_folder_remove(const char *folder)
{
    loader_tidy(folder, NULL, 0);
    (void)rmdir(folder);
}

static const char *copies_of(const struct stage *stage)
{
    return stage->options.copies != NULL ? stage->options.copies : stage->folder;
}

static void load(struct stage *stage)
{
    inline_maker_init(&stage->maker, &stage->v.world, stage->metrics);
    for (size_t i = 0; i < stage->options.file_count; i++) {
        struct plugin_options options = {.world = &stage->v.world,
                                         .store = stage->rooms.store,
                                         .gate = stage->rooms.gate,
                                         .loop = stage->rooms.loop,
                                         .maker = &stage->maker.maker,
                                         .file = stage->options.files[i],
                                         .copies = copies_of(stage),
                                         .settings = {.config = stage->options.config},
                                         .entry = PLUGIN_AT_START};
        stage->plugins[i] = plugin_open(&options);
        plugin_look(stage->plugins[i]);
    }
}

static NODISCARD enum tend_code up(struct stage *stage, struct error *err)
{
    struct store_options store = {.fatal = on_fatal, .owner = stage};
    TRY(assembly_open(&stage->rooms, &stage->v.world, memory_backend_open(stage->disk), &store,
                      &stage->loop, err));
    stage->seen = store_revision(stage->rooms.store);
    stage->listener = (struct store_listener){.advanced = on_advanced};
    store_listen(stage->rooms.store, &stage->listener);
    stage->metrics = metrics_new();
    load(stage);
    return TEND_OK;
}

void stage_keep(struct stage *stage)
{
    struct store_reader *reader = &stage->kept[stage->turn ^= 1];
    store_reader_close(stage->rooms.store, reader);
    *reader = (struct store_reader){0};
    store_reader_open(stage->rooms.store, reader);
}

int64_t stage_kept(const struct stage *stage)
{
    const struct store_reader *reader = &stage->kept[stage->turn ^ 1];
    return list_linked(&reader->link) ? reader->revision : 0;
}

static void nothing(struct task *task)
{
    (void)task;
}

static void down(struct stage *stage)
{
    struct store *store = stage->rooms.store;
    for (size_t i = 0; i < stage->options.file_count; i++) {
        if (stage->plugins[i] != NULL) {
            stage->closed[i].run = nothing;
            plugin_close(stage->plugins[i], &stage->closed[i]);
            stage->plugins[i] = NULL;
        }
    }
    store_unlisten(&stage->listener);
    store_reader_close(store, &stage->kept[0]);
    store_reader_close(store, &stage->kept[1]);
    stage->rooms.store = NULL;
    assembly_close(&stage->rooms);
    memory_disk_fail(stage->disk, 1, TEND_UNAVAILABLE);
    virtual_world_run(&stage->v);
    memory_disk_mend(stage->disk);
    store_close(store);
    metrics_free(stage->metrics);
    stage->metrics = NULL;
}

void stage_crash(struct stage *stage)
{
    struct error err = ERROR_INIT;
    const struct change crash = {.key = TEXT(""), .actor = TEXT(""), .reason = TEXT("")};
    stage->crashes++;
    keep_change(stage, &crash);
    down(stage);
    if (stage->options.crashed != NULL) {
        stage->options.crashed(stage, stage->options.owner);
    }
    if (up(stage, &err) != TEND_OK) {
        stage_halt(stage, err.message);
    }
}

/* The newest complaint in the log. */
static const char *last_said(const struct stage *stage)
{
    for (size_t i = stage->line_count; i-- > 0;) {
        if (stage->lines[i].level <= LOG_WARN) {
            return stage->lines[i].text;
        }
    }
    return "it says nothing";
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static NODISCARD enum tend_code check_live(const struct stage *stage, struct error *err)
{
    for (size_t i = 0; i < stage->options.file_count; i++) {
        if (plugin_phase(stage->plugins[i]) != PLUGIN_LIVE) {
            return FAIL(err, TEND_INVALID, "%s: %s", name_of(stage->options.files[i]),
                        last_said(stage));
        }
    }
    return TEND_OK;
}

enum tend_code stage_open(struct stage *stage, const struct stage_options *options,
                          struct error *err)
{
    *stage = (struct stage){.options = *options,
                            .loop = {.executor = options->executor, .reads = options->reads}};
    virtual_world_init(&stage->v, options->seed);
    stage->v.order = options->seed == 0 ? VIRTUAL_IN_ORDER : VIRTUAL_SHUFFLED;
    stage->lines = alloc_array(STAGE_LINES_MAX, sizeof *stage->lines);
    stage->log = (struct log){.level = LOG_INFO, .fd = -1, .sink = keep_line, .to = stage};
    stage->v.world.log = &stage->log;
    stage->disk = memory_disk_new();
    stage->plugins = alloc_array(options->file_count + 1, sizeof(struct plugin *));
    stage->closed = alloc_array(options->file_count + 1, sizeof *stage->closed);
    if (options->copies == NULL) {
        TRY(stage_folder_make(stage->folder, err));
    }
    TRY(up(stage, err));
    TRY(stage_settle(stage, err));
    return check_live(stage, err);
}

void stage_close(struct stage *stage)
{
    if (stage->rooms.store != NULL) {
        down(stage);
    }
    memory_disk_free(stage->disk);
    if (stage->folder[0] != '\0') {
        stage_folder_remove(stage->folder);
    }
    virtual_world_done(&stage->v);
    forget(stage);
    free(stage->plugins);
    free(stage->closed);
    free(stage->halted);
    *stage = (struct stage){0};
}

/* --- clients ----------------------------------------------------------------------------------- */

struct stage_ask {
    struct admission_call call;
    struct error err;
    enum { ASK_OPEN, ASK_ANSWERED } phase;
};

static void on_answered(struct admission_call *call, const struct admission_result *result)
{
    struct stage_ask *ask = CONTAINER_OF(call, struct stage_ask, call);
    ask->phase = ASK_ANSWERED;
    if (result->code != TEND_OK) {
        (void)error_set(&ask->err, result->code, "", "%s", result->message);
    }
}

/* Steps until it is answered, or the host has crashed. */
static NODISCARD enum tend_code await(struct stage *stage, const struct stage_ask *ask,
                                      struct error *err)
{
    unsigned crashes = stage->crashes;
    bool more = true;
    while (more && ask->phase == ASK_OPEN && stage->crashes == crashes) {
        TRY(step(stage, &more, err));
    }
    return TEND_OK;
}

enum tend_code stage_submit(struct stage *stage, const struct admission_request *request,
                            struct error *err)
{
    struct stage_ask ask = {.call.answered = on_answered, .err = ERROR_INIT};
    const struct admission_set set = {
        .requests = request, .count = 1, .writer = {.role = WRITER_CLIENT}};
    unsigned asked = 0, crashes = stage->crashes;
    while (ask.phase == ASK_OPEN && crashes + asked == stage->crashes) {
        ask.call.impl = NULL;
        admission_submit(stage->rooms.gate, &set, &ask.call);
        enum tend_code code = await(stage, &ask, err);
        if (code != TEND_OK) {
            admission_cancel(&ask.call);
            return code;
        }
        asked++;
    }
    if (ask.phase == ASK_OPEN) {
        admission_cancel(&ask.call);
        return FAIL(err, TEND_INTERNAL, "the gate has not answered, and nothing is left to do");
    }
    bool was_done = asked > 1 && request->verb == ADMIT_DELETE && ask.err.code == TEND_NOT_FOUND;
    if (ask.err.code != TEND_OK && !was_done) {
        *err = ask.err;
        return ask.err.code;
    }
    return TEND_OK;
}

enum tend_code stage_kind(const struct stage *stage, struct text word, const struct kind **ret_kind,
                          struct error *err)
{
    const struct catalogue *catalogue = admission_catalogue(stage->rooms.gate);
    size_t slash = text_find(word, '/');
    if (slash == word.len) {
        return catalogue_word(catalogue, word, ret_kind, err);
    }
    size_t last = word.len;
    while (word.ptr[--last] != '/') {
    }
    struct text api_version = text_first(word, last), name = text_from(word, last + 1);
    *ret_kind = catalogue_kind(catalogue, api_version, name);
    return *ret_kind != NULL ? TEND_OK : catalogue_unknown(catalogue, api_version, name, err);
}
