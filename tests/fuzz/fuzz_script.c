/* A script, or the body of a function of one (with a schema in its first line, where that begins with `{`): what is refused has a sentence, what is loaded
 * runs over one object, is answered or not, and ends exactly once with a result that is one. What can only
 * be ended with its process ends the search: that is how it is meant. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "engine/native.h"
#include "scripts/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A script may have 64 MiB: what it has freed is not kept as if that were little. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=64";
}

#define OTHER                                                                                      \
    "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"b\"},"         \
    "\"spec\":{\"name\":\"other\",\"size\":3,\"tags\":[\"x\",\"y\"],\"disks\":[{\"size\":1},{}]}}"
#define OBJECT                                                                                          \
    "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"annotations\":{\"a.b/c\":"   \
    "\"1\"},\"generation\":2,\"labels\":{\"app\":\"x\"},\"name\":\"a\",\"namespace\":\"here\"},"        \
    "\"spec\":{\"disks\":[{\"name\":\"d\",\"size\":10},{\"size\":20}],\"env\":{\"A\":\"b\"},\"free\":{" \
    "\"deep\":[1,2.5,null,{\"x\":true}]},\"name\":\"x\",\"on\":true,\"rate\":0.5,\"size\":3,\"tags\":"  \
    "[\"p\",\"q\"]},\"status\":{\"count\":7,\"net\":{\"ip\":\"10.0.0.1\"},\"tags\":[\"r\"]}}"

enum { CALL = 7, ROUNDS = 20 };

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* The file that holds what is loaded: a name that ends in .lua, and no disk behind it. */
struct place {
    char folder[32], path[64];
    int fd;
};

static void place_open(struct place *place)
{
    char target[64];
    snprintf(place->folder, sizeof place->folder, "/tmp/fuzz-script-XXXXXX");
    require(mkdtemp(place->folder) != NULL, "a folder");
    place->fd = memfd_create("script", MFD_CLOEXEC);
    snprintf(place->path, sizeof place->path, "%s/thing.lua", place->folder);
    snprintf(target, sizeof target, "/proc/self/fd/%d", place->fd);
    require(place->fd >= 0 && symlink(target, place->path) == 0, "a file");
}

static void place_done(const struct place *place)
{
    unlink(place->path);
    rmdir(place->folder);
    close(place->fd);
}

static void put(const struct place *place, const void *bytes, size_t size)
{
    require(write(place->fd, bytes, size) == (ssize_t)size, "room for a script");
}

/* --- a host ------------------------------------------------------------------------------------ */

struct around {
    struct engine_host host;
    struct engine *engine;
    const struct place *place;
    struct text kind; /* the answer to questions about kinds */
    unsigned finished;
    uint32_t open; /* a question that waits for its answer */
    bool waits;
};

static struct around *of(struct engine_host *host)
{
    return CONTAINER_OF(host, struct around, host);
}

static struct text answer_to(const struct around *around, const struct value *question,
                             uint32_t ask)
{
    static const struct {
        const char *name, *answer;
    } answers[] = {
        {"fetch", OTHER},
        {"select", "[" OTHER "," OTHER "]"},
        {"sleep", "{}"},
        {"exec", "{\"ok\":true,\"code\":0,\"out\":\"x\",\"err\":\"\"}"},
        {"http",
         "{\"ok\":true,\"status\":200,\"headers\":{\"a\":\"b\"},\"body\":\"{\\\"n\\\":[1]}\"}"},
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (value_get(question, text_of(answers[i].name)) != NULL) {
            return ask % 7 == 5 ? TEXT("null") : text_of(answers[i].answer);
        }
    }
    require(value_field(question, "kind") != NULL, "a question has a known form");
    return around->kind;
}

static void asked(struct engine_host *host, uint64_t call, uint32_t ask,
                  const struct value *question, const struct value *so_far)
{
    struct engine_answer answer = {.call = call, .ask = ask, .now_ms = 1767225600000 + ask};
    (void)so_far;
    if (ask % 5 == 3) {
        of(host)->open = ask;
        of(host)->waits = true;
        return;
    }
    if (ask % 11 == 10) {
        answer.problem = TEXT("the host is tired");
    } else {
        answer.bytes = answer_to(of(host), question, ask);
    }
    engine_answer(of(host)->engine, &answer);
}

static bool wait_for_answer(struct engine_host *host, uint64_t call)
{
    (void)host, (void)call;
    require(false, "a script does not block");
    return false;
}

static int64_t enter(struct engine_host *host, unsigned lane, uint64_t call, int64_t slice_ms)
{
    (void)host, (void)lane, (void)call, (void)slice_ms;
    return 0;
}

static void leave(struct engine_host *host, unsigned lane)
{
    (void)host, (void)lane;
}

static void finished(struct engine_host *host, uint64_t call, struct text text)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *result = NULL;
    require(call == CALL && of(host)->finished++ == 0, "a call ends once");
    require(json_parse(&arena, text, &result, &err) == TEND_OK, "a result is JSON");
    require(value_field(result, "outcome") != NULL, "a result has an outcome");
}

static void log_line(struct engine_host *host, enum log_level level, struct text text)
{
    (void)host, (void)level, (void)text;
}

static void held(struct engine_host *host, uint64_t call)
{
    (void)host, (void)call;
    require(false, "a script has no threads");
}

static int64_t ticks_ms(struct engine_host *host)
{
    (void)host;
    return 0;
}

static uint64_t random_bits(struct engine_host *host)
{
    (void)host;
    return 0x9e3779b97f4a7c15u;
}

static void die(struct engine_host *host, const char *why)
{
    (void)why;
    place_done(of(host)->place);
    _exit(0);
}

static void recycle(struct engine_host *host, const char *why)
{
    (void)host, (void)why;
}

static const struct engine_host_ops ops = {.asked = asked,
                                           .wait = wait_for_answer,
                                           .enter = enter,
                                           .leave = leave,
                                           .finished = finished,
                                           .log = log_line,
                                           .held = held,
                                           .ticks_ms = ticks_ms,
                                           .random = random_bits,
                                           .die = die,
                                           .recycle = recycle};

/* --- a run ------------------------------------------------------------------------------------- */

static struct text name_of(const struct engine *engine)
{
    const struct value *first = value_at(value_field(engine->descriptor, "controllers"), 0);
    return value_text_or(value_field(first, "name"), TEXT(""));
}

static void run(struct around *around)
{
    engine_start(around->engine, &(struct engine_call){.id = CALL,
                                                       .controller = name_of(around->engine),
                                                       .object = TEXT(OBJECT),
                                                       .now_ms = 1767225600000,
                                                       .entered_ms = 1767225590000,
                                                       .slice_ms = 1000});
    for (int i = 0; i < ROUNDS && around->finished == 0; i++) {
        require(around->waits, "who has not ended waits");
        around->waits = false;
        engine_answer(around->engine, &(struct engine_answer){
                                          .call = CALL, .ask = around->open, .bytes = TEXT("{}")});
    }
    if (around->finished == 0) {
        engine_cancel(around->engine, CALL, TEXT("the run took too long"));
    }
    require(around->finished == 1, "a run that is told that its time is over ends");
}

static void try_script(const struct place *place, struct text kind)
{
    struct around around = {.host.ops = &ops, .place = place, .kind = kind};
    struct error err = ERROR_INIT;
    if (native_open(place->path, "thing.lua", NULL, &around.host, &around.engine, &err) !=
        TEND_OK) {
        require(err.message[0] != '\0', "a refusal says why");
        return;
    }
    run(&around);
    engine_close(around.engine);
}

/* Cut a schema off the begin of `rest`; what is told of the kind. */
static struct text take_kind(struct text *rest, struct buffer *out)
{
    if (rest->len == 0 || rest->ptr[0] != '{') {
        return TEXT(THING_KIND);
    }
    struct text schema = text_cut(rest, '\n');
    buffer_format(out, "{\"kind\":\"example.com/v1/Thing\",\"namespaced\":true,\"schema\":%.*s}",
                  TEXT_ARG(schema));
    return buffer_view(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char before[] =
        "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n";
    static const char after[] = "\nend }";
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(MIB);
    CLEANUP(place_done) struct place place;
    struct text source = {(const char *)data, size};
    struct text kind = take_kind(&source, &out);
    bool whole = text_starts(source, TEXT("return"));
    place_open(&place);
    if (!whole) {
        put(&place, before, strlen(before));
    }
    put(&place, source.ptr, source.len);
    if (!whole) {
        put(&place, after, strlen(after));
    }
    try_script(&place, kind);
    return 0;
}
