/* Scripts in an engine with nobody around it: a test writes a script as text, hands in objects, and reads
 * results as JSON. The kind of every object is the one of script_kind, unless a test says another. */
#ifndef SCRIPTS_FIXTURE_H
#define SCRIPTS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "engine/native.h"
#include "support/engine_bench.h"
#include "support/suite.h"

#ifndef TEND_BUILD /* a header that is looked at alone */
#    define TEND_BUILD "."
#endif

/* What the host says of the kind example.com/v1/Thing. */
#define THING_KIND                                                                                  \
    "{\"kind\":\"example.com/v1/Thing\",\"namespaced\":true,\"schema\":{\"type\":\"object\","       \
    "\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}," \
    "\"size\":{\"type\":\"integer\"},\"rate\":{\"type\":\"number\"},\"on\":{\"type\":\"boolean\"}," \
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"                                \
    "\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"                 \
    "\"disks\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"                 \
    "\"size\":{\"type\":\"integer\"},\"name\":{\"type\":\"string\"}}}},"                            \
    "\"net\":{\"type\":\"object\",\"properties\":{\"dns\":{\"type\":\"object\",\"properties\":{"    \
    "\"server\":{\"type\":\"string\"}}}}},"                                                         \
    "\"free\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}},"               \
    "\"status\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},"               \
    "\"count\":{\"type\":\"integer\"},\"rate\":{\"type\":\"number\"},"                              \
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"                                \
    "\"disks\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"                 \
    "\"size\":{\"type\":\"integer\"}}}},"                                                           \
    "\"net\":{\"type\":\"object\",\"properties\":{\"ip\":{\"type\":\"string\"}}},"                  \
    "\"free\":{\"x-kubernetes-preserve-unknown-fields\":true},"                                     \
    "\"state\":{\"type\":\"string\"}}}}}}"

/* A script as a file, named so that the engine knows what it is. */
static inline const char *script_file(const char *name, const char *text)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/script-%d-%s", TEND_BUILD, (int)getpid(), name);
    FILE *file = fopen(path, "w");
    if (CHECK(file != NULL)) {
        fputs(text, file);
        fclose(file);
    }
    return path;
}

static inline bool script_bench(struct engine_bench *bench, const char *text)
{
    const char *path = script_file("thing.lua", text);
    bool open = CHECK(engine_bench_open_as(bench, path, "thing.lua"));
    unlink(path);
    bench->kind = THING_KIND;
    return open;
}

/* The result over a Thing with that spec and status (JSON). */
static inline const char *script_run_on(struct engine_bench *bench, const char *spec,
                                        const char *status)
{
    char object[4096];
    snprintf(object, sizeof object,
             "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\","
             "\"namespace\":\"here\"},\"spec\":%s,\"status\":%s}",
             spec, status);
    struct engine_call call = {.id = 7,
                               .controller = TEXT("thing"),
                               .object = text_of(object),
                               .now_ms = 1767225600000,
                               .entered_ms = 1767225590000,
                               .slice_ms = 1000};
    return engine_bench_run(bench, &call);
}

/* The result of a function with that body, over such a Thing: `t` is the object. */
static inline const char *script_body(struct engine_bench *bench, const char *body,
                                      const char *spec)
{
    char text[8192];
    snprintf(text, sizeof text,
             "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n%s\nend }",
             body);
    if (!script_bench(bench, text)) {
        return "";
    }
    return script_run_on(bench, spec, "{}");
}

/* The body's result over a Thing with that spec. */
static inline void check_body(const char *body, const char *spec, const char *expected)
{
    struct engine_bench bench;
    CHECK_TEXT(script_body(&bench, body, spec), expected);
    engine_bench_done(&bench);
}

/* The status that the body writes, over a Thing with that spec: {"outcome":"done","status":...}. */
static inline void check_status(const char *body, const char *spec, const char *status)
{
    char expected[2048];
    snprintf(expected, sizeof expected, "{\"outcome\":\"done\",\"status\":%s}", status);
    check_body(body, spec, expected);
}

/* A result that says `message` (as JSON escapes it) as the script's fault. */
static inline void check_fault_in(const char *result, const char *message)
{
    if (!CHECK(strstr(result, message) != NULL && strstr(result, "\"reason\":\"ScriptError\"") &&
               strstr(result, "\"outcome\":\"retry\""))) {
        printf("%s\n", result);
    }
}

static inline void check_fault(const char *body, const char *spec, const char *message)
{
    struct engine_bench bench;
    check_fault_in(script_body(&bench, body, spec), message);
    engine_bench_done(&bench);
}

#endif
