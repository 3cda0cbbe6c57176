/* A file that is kept live, in virtual time: a real folder, store, gate, watch and loop; workers that do what
 * the file says (support/scripted_maker.h). The file is called lab.lua, because no engine looks at it. */
#ifndef RUNNER_FIXTURE_H
#define RUNNER_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admission/fixture.h"
#include "base/limits.h"
#include "controller/controller.h"
#include "resource/meta.h"
#include "runner/loader.h"
#include "runner/plugin.h"
#include "support/folder.h"
#include "support/scripted_maker.h"

#define LAB_KIND "lab.neuroglia.com/v1/LabInstance"

/* The machine of the first version; the next one; the next with names for what it does not have. */
#define MACHINE_1                                                                                  \
    "{field: status.state, initial: pending, states: [{name: pending, next: [booting]},\n"         \
    " {name: booting, next: [ready], within: 60000, otherwise: ready},\n"                          \
    " {name: ready, next: [pending]}]}"
#define MACHINE_2                                                                                  \
    "{field: status.state, initial: pending, states: [{name: pending, next: [ready]},\n"           \
    " {name: ready, next: [pending]}]}"
#define MACHINE_RENAMED                                                                            \
    "{field: status.state, initial: pending, renamed: {booting: starting}, states: [\n"            \
    " {name: pending, next: [starting]}, {name: starting, next: [ready], within: 60000,\n"         \
    "  otherwise: ready}, {name: ready, next: [pending]}]}"

/* A content: its version, its machine and what its runs return ('': for any state). */
#define CONTENT(version, machine, run)                                                             \
    "{descriptor: {name: lab, version: '" version "', controllers: [{name: labinstance,\n"         \
    " kind: " LAB_KIND ", crd: " LAB_CRD ",\n machine: " machine "}]}, run: {" run "}}\n"
#define SAYS(message) "'': '{outcome: done, status: {message: " message "}}'"
#define V1            CONTENT("1", MACHINE_1, SAYS("v1"))
#define V2            CONTENT("2", MACHINE_1, SAYS("v2"))
#define V3            CONTENT("3", MACHINE_1, SAYS("v3"))

struct site {
    struct bench *b;
    struct watch *watch;
    struct loop *loop;
    struct scripted_maker maker;
    struct plugin *plugin;
    struct folder folder, copies;
    char file[300];
    struct task closed;
    struct log log;
    size_t errors;
    enum plugin_entry entry;
};

static inline void site_line(void *to, const char *line)
{
    struct site *s = to;
    s->errors += strstr(line, "level=error") != NULL ? 1 : 0;
    if (getenv("SHOW") != NULL) {
        printf("%lld %s\n", (long long)s->b->v.now_ms, line);
    }
}

static inline void site_closed(struct task *task)
{
    (void)task;
}

static inline void site_load(struct site *s)
{
    struct plugin_options options = {.world = &s->b->v.world,
                                     .store = s->b->store,
                                     .gate = s->b->gate,
                                     .loop = s->loop,
                                     .maker = &s->maker.maker,
                                     .file = s->file,
                                     .copies = s->copies.path,
                                     .entry = s->entry};
    s->plugin = plugin_open(&options);
}

static inline void site_open(struct site *s)
{
    s->log = (struct log){.level = LOG_DEBUG, .fd = -1, .sink = site_line, .to = s};
    s->b->v.world.log = &s->log;
    s->watch = watch_new(&s->b->v.world, s->b->store);
    s->loop = loop_new(&s->b->v.world, s->b->store, s->watch, s->b->gate, NULL);
    scripted_maker_init(&s->maker, &s->b->v.world);
    site_load(s);
}

static inline struct site *site_new(void)
{
    struct site *s = alloc_new(sizeof *s);
    s->b = bench_new();
    folder_init(&s->folder, FOLDER_MEMORY);
    folder_init(&s->copies, FOLDER_MEMORY);
    snprintf(s->file, sizeof s->file, "%s/lab.lua", s->folder.path);
    s->entry = PLUGIN_AT_START;
    site_open(s);
    return s;
}

static inline void site_unload(struct site *s)
{
    if (s->plugin != NULL) {
        s->closed.run = site_closed;
        plugin_close(s->plugin, &s->closed);
        s->plugin = NULL;
    }
}

static inline void site_close(struct site *s)
{
    site_unload(s);
    virtual_world_run(&s->b->v);
    CHECK_INT(scripted_maker_count(&s->maker), 0);
    loop_free(s->loop);
    watch_free(s->watch);
}

static inline void site_free(struct site *s)
{
    site_close(s);
    bench_free(s->b);
    folder_done(&s->folder);
    folder_done(&s->copies);
    free(s);
}

/* Let time pass. */
static inline void pass(struct site *s, int64_t ms)
{
    virtual_world_advance(&s->b->v, ms);
}

/* The host ends and comes up again, with the file as it is. */
static inline void restart(struct site *s)
{
    pass(s, REPORT_PAUSE_MS);
    site_close(s);
    bench_close(s->b);
    bench_open(s->b);
    site_open(s);
    plugin_look(s->plugin);
    pass(s, 2000);
}

static inline void write_file(struct site *s, const char *content)
{
    FILE *file = fopen(s->file, "w");
    if (CHECK(file != NULL)) {
        CHECK(fputs(content, file) >= 0);
        fclose(file);
        chmod(s->file, 0644);
    }
}

/* The file becomes `content`, and that is noticed. */
static inline void put(struct site *s, const char *content)
{
    write_file(s, content);
    plugin_look(s->plugin);
    virtual_world_run(&s->b->v);
}

static inline void take_away(struct site *s)
{
    CHECK(unlink(s->file) == 0);
    plugin_look(s->plugin);
    virtual_world_run(&s->b->v);
}

/* A field of the Controller called `name`, as JSON, after what is written of it was written. */
static inline const char *controller(struct site *s, const char *name, const char *path)
{
    char key[200];
    snprintf(key, sizeof key, BUILTIN_CONTROLLERS "//%s", name);
    return stored(s->b, key, path);
}

static inline const char *said(struct site *s, const char *path)
{
    pass(s, REPORT_PAUSE_MS);
    return controller(s, "labinstance", path);
}

static inline bool says(struct site *s, const char *path, const char *piece)
{
    const char *text = said(s, path);
    return suite_check(strstr(text, piece) != NULL, __LINE__, text, __FILE__);
}

/* How often that was said of a Controller. */
static inline long long times(struct site *s, const char *name, const char *reason)
{
    struct store_entry entries[256];
    size_t count = store_list(s->b->store, store_revision(s->b->store), TEXT("events/"), TEXT(""),
                              entries, COUNT_OF(entries));
    long long sum = 0;
    for (size_t i = 0; i < count; i++) {
        const struct value *root = NULL;
        if (doc_tree(entries[i].doc, &s->b->arena, &root, NULL) == TEND_OK &&
            text_is(value_text_or(value_field(root, "reason"), TEXT("")), reason) &&
            text_is(value_text_or(path_get(root, TEXT("involvedObject.name")), TEXT("")), name)) {
            sum += (long long)value_int_or(value_field(root, "count"), 0);
        }
    }
    return sum;
}

static inline void create_lab(struct site *s, const char *name)
{
    char yaml[256];
    snprintf(yaml, sizeof yaml,
             "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: %s},\n"
             " spec: {template: python-basics}}",
             name);
    CHECK_INT(ask(s->b, ADMIT_CREATE, "", "", yaml)->code, TEND_OK);
}

static inline const char *lab(struct site *s, const char *name, const char *path)
{
    char key[128];
    snprintf(key, sizeof key, LAB "/default/%s", name);
    return stored(s->b, key, path);
}

/* A client moves a lab. */
static inline enum tend_code enter(struct site *s, const char *name, const char *state)
{
    char yaml[64];
    snprintf(yaml, sizeof yaml, "{status: {state: %s}}", state);
    return ask(s->b, ADMIT_PATCH_STATUS, LAB, name, yaml)->code;
}

static inline void touch_lab(struct site *s, const char *name, const char *email)
{
    char yaml[64];
    snprintf(yaml, sizeof yaml, "{spec: {studentEmail: %s}}", email);
    CHECK_INT(ask(s->b, ADMIT_PATCH, LAB, name, yaml)->code, TEND_OK);
}

static inline int64_t revision(struct site *s)
{
    return store_revision(s->b->store);
}

#endif
