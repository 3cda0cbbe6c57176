/* A host and the folders of its files, in virtual time, where they are listed every few seconds. What a file holds
 * is what support/scripted_maker.h reads. */
#ifndef SCENARIO_FILES_H
#define SCENARIO_FILES_H
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/path.h"
#include "host/assembly.h"
#include "host/options.h"
#include "host/plugins.h"
#include "resource/builtin.h"
#include "sim/virtual_world.h"
#include "store/backends/memory.h"
#include "support/folder.h"
#include "support/scripted_maker.h"
#include "support/suite.h"

/* A content with one controller for ConfigMaps, or for nothing that is there. */
#define MAPS(name, version)                                                                        \
    "{descriptor: {name: x, version: '" version "', controllers: [{name: " name                    \
    ", kind: v1/ConfigMap}]}}\n"
#define OF_KIND(name, kind)                                                                        \
    "{descriptor: {name: x, version: '1', controllers: [{name: " name                              \
    ", kind: example.com/v1/" kind "}]}}\n"
#define UNWILLING "{descriptor: {}, refuse: there is no licence}\n"

struct host {
    struct virtual_world v;
    struct memory_disk *disk;
    struct assembly rooms;
    struct scripted_maker maker;
    struct plugins *plugins;
    struct folder scripts, more, data;
    struct plugins_summary summary;
    unsigned settled;
    struct task closed;
    char answer[1024];
    struct log log;
    struct buffer lines;
    struct options options; /* bounds and configuration */
};

static inline void fatal(void *owner, const struct error *err)
{
    (void)owner;
    suite_check(false, __LINE__, err->message, __FILE__);
}

static inline void keep_line(void *to, const char *line)
{
    buffer_chars(to, line);
    buffer_byte(to, '\n');
}

static inline void on_settled(void *owner, struct plugins_summary summary)
{
    struct host *host = owner;
    host->summary = summary;
    host->settled++;
}

static inline void up(struct host *host)
{
    struct error err = ERROR_INIT;
    struct store_options store = {.fatal = fatal};
    struct plugins_folder folders[] = {{host->scripts.path, HOLDS_SCRIPTS},
                                       {host->more.path, HOLDS_SCRIPTS}};
    CHECK_INT(assembly_open(&host->rooms, &host->v.world, memory_backend_open(host->disk), &store,
                            NULL, &err),
              TEND_OK);
    scripted_maker_init(&host->maker, &host->v.world);
    host->settled = 0;
    struct plugins_options options = {.world = &host->v.world,
                                      .store = host->rooms.store,
                                      .watch = host->rooms.watch,
                                      .gate = host->rooms.gate,
                                      .loop = host->rooms.loop,
                                      .maker = &host->maker.maker,
                                      .data = host->data.path,
                                      .configuration = &host->options.configuration,
                                      .bounds = &host->options.bounds,
                                      .folders = folders,
                                      .folder_count = COUNT_OF(folders),
                                      .settled = on_settled,
                                      .owner = host};
    CHECK_INT(plugins_open(&options, &host->plugins, &err), TEND_OK);
    virtual_world_run(&host->v);
}

/* From the next time on that it comes up. */
static inline void configure(struct host *host, const char *text)
{
    struct error err = ERROR_INIT;
    options_done(&host->options);
    if (!CHECK(configuration_parse(text_of(text), "/etc/tend.yaml", &host->options, &err) ==
               TEND_OK)) {
        printf("%s\n", err.message);
    }
}

static inline void nothing(struct task *task)
{
    (void)task;
}

static inline void down(struct host *host)
{
    host->closed.run = nothing;
    plugins_close(&host->v.world, host->plugins, &host->closed);
    virtual_world_run(&host->v);
    CHECK_INT(scripted_maker_count(&host->maker), 0);
    assembly_close(&host->rooms);
}

static inline struct host *host_new(void)
{
    struct host *host = alloc_new(sizeof *host);
    virtual_world_init(&host->v, 1);
    host->lines = (struct buffer)BUFFER_INIT(16 * MIB);
    host->log = (struct log){.level = LOG_DEBUG, .fd = -1, .sink = keep_line, .to = &host->lines};
    host->v.world.log = &host->log;
    host->disk = memory_disk_new();
    folder_init(&host->scripts, FOLDER_MEMORY);
    folder_init(&host->more, FOLDER_MEMORY);
    folder_init(&host->data, FOLDER_MEMORY);
    return host;
}

static inline void host_free(struct host *host)
{
    down(host);
    memory_disk_free(host->disk);
    folder_done(&host->scripts);
    folder_done(&host->more);
    folder_done(&host->data);
    virtual_world_done(&host->v);
    buffer_done(&host->lines);
    options_done(&host->options);
    free(host);
}

static inline void pass(struct host *host, int64_t ms)
{
    virtual_world_advance(&host->v, ms);
}

/* Long enough for a listing, what follows from it, and what is written of that. */
static inline void notice(struct host *host)
{
    pass(host, FOLDER_RESCAN_MS + REMOVAL_SETTLE_MS + 2000 + REPORT_PAUSE_MS);
}

static inline const char *path_in(struct folder *folder, const char *name)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return path;
}

static inline void put(struct folder *folder, const char *name, const char *content)
{
    FILE *file = fopen(path_in(folder, name), "w");
    if (CHECK(file != NULL)) {
        CHECK(fputs(content, file) >= 0);
        fclose(file);
        chmod(path_in(folder, name), 0644);
    }
}

static inline void take(struct folder *folder, const char *name)
{
    CHECK(unlink(path_in(folder, name)) == 0);
}

/* A text in the status of a Controller; "" where there is none. */
static inline const char *said(struct host *host, const char *name, const char *field)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char key[128], path[64];
    const struct value *root = NULL;
    snprintf(key, sizeof key, BUILTIN_CONTROLLERS "//%s", name);
    snprintf(path, sizeof path, "status.%s", field);
    struct doc *doc = store_get(host->rooms.store, text_of(key));
    if (doc != NULL && doc_tree(doc, &arena, &root, NULL) == TEND_OK) {
        snprintf(host->answer, sizeof host->answer, "%.*s",
                 TEXT_ARG(value_text_or(path_get(root, text_of(path)), TEXT(""))));
    } else {
        snprintf(host->answer, sizeof host->answer, "(none)");
    }
    return host->answer;
}

static inline bool has_event(struct host *host, const char *name, const char *reason)
{
    struct store_entry entries[256];
    CLEANUP(arena_done) struct arena arena = {0};
    size_t count = store_list(host->rooms.store, store_revision(host->rooms.store), TEXT("events/"),
                              TEXT(""), entries, COUNT_OF(entries));
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        const struct value *root = NULL;
        CHECK(doc_tree(entries[i].doc, &arena, &root, NULL) == TEND_OK);
        found =
            found ||
            (text_is(value_text_or(path_get(root, TEXT("involvedObject.name")), TEXT("")), name) &&
             text_is(value_text_or(value_field(root, "reason"), TEXT("")), reason));
    }
    return found;
}

static inline unsigned count_copies(struct host *host)
{
    char command[400];
    snprintf(command, sizeof command, "ls %s/plugins | wc -l", host->data.path);
    FILE *pipe = popen(command, "r");
    unsigned count = 0;
    CHECK(pipe != NULL && fscanf(pipe, "%u", &count) == 1);
    pclose(pipe);
    return count;
}

#endif
