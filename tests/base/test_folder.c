/* Real folders in virtual time, where nothing but listing is left; what inotify sees is for the tests of
 * the host. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/folder.h"
#include "base/limits.h"
#include "base/text.h"
#include "sim/virtual_world.h"
#include "support/suite.h"

struct bench {
    struct virtual_world v;
    struct folder folder;
    char path[64];
    unsigned lists;
};

static bool takes_txt(const char *name)
{
    return text_ends(text_of(name), TEXT(".txt"));
}

static void on_changed(struct folder *folder, const char *name)
{
    (void)folder, (void)name;
    CHECK(!"there is no inotify in virtual time");
}

static void on_list(struct folder *folder)
{
    CONTAINER_OF(folder, struct bench, folder)->lists++;
}

static void begin(struct bench *b)
{
    *b = (struct bench){.folder = {.takes = takes_txt, .changed = on_changed, .list = on_list}};
    virtual_world_init(&b->v, 1);
    snprintf(b->path, sizeof b->path, "/tmp/tend-test-XXXXXX");
    CHECK(mkdtemp(b->path) != NULL);
}

static void finish(struct bench *b)
{
    folder_close(&b->folder);
    virtual_world_done(&b->v);
    CHECK(rmdir(b->path) == 0);
}

static void put(struct bench *b, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", b->path, name);
    FILE *file = fopen(path, "w");
    if (CHECK(file != NULL)) {
        fclose(file);
    }
}

static void take(struct bench *b, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", b->path, name);
    CHECK(unlink(path) == 0);
}

static void lists_once_and_then_from_time_to_time(void)
{
    CLEANUP(finish) struct bench b;
    struct error err = ERROR_INIT;
    begin(&b);
    CHECK_INT(folder_open(&b.folder, &b.v.world, b.path, &err), TEND_OK);
    CHECK_INT(b.lists, 0);
    virtual_world_run(&b.v);
    CHECK_INT(b.lists, 1);
    virtual_world_advance(&b.v, FOLDER_RESCAN_MS * 3);
    CHECK_INT(b.lists, 4);
    folder_close(&b.folder);
    virtual_world_advance(&b.v, FOLDER_RESCAN_MS * 3);
    CHECK_INT(b.lists, 4);
}

static void refuses_what_is_no_folder(void)
{
    CLEANUP(finish) struct bench b;
    struct error err = ERROR_INIT;
    begin(&b);
    CHECK_INT(folder_open(&b.folder, &b.v.world, "/nonexistent", &err), TEND_IO);
    CHECK_TEXT(err.message, "cannot read the folder /nonexistent: No such file or directory");
}

static void reads_what_is_taken_in_order_of_names(void)
{
    CLEANUP(finish) struct bench b;
    CLEANUP(folder_files_done) struct folder_files files = {0};
    struct error err = ERROR_INIT;
    char expected[128];
    begin(&b);
    put(&b, "b.txt");
    put(&b, "a.txt");
    put(&b, ".hidden.txt");
    put(&b, "a.txt~");
    CHECK_INT(folder_read(b.path, takes_txt, 10, &files, &err), TEND_OK);
    if (CHECK_INT(files.count, 2)) {
        snprintf(expected, sizeof expected, "%s/a.txt", b.path);
        CHECK_TEXT(files.paths[0], expected);
        snprintf(expected, sizeof expected, "%s/b.txt", b.path);
        CHECK_TEXT(files.paths[1], expected);
    }
    folder_files_done(&files);
    CHECK_INT(folder_read(b.path, takes_txt, 1, &files, &err), TEND_OK);
    CHECK_INT(files.count, 1);
    CHECK_INT(files.left_out, 1);
    folder_files_done(&files);
    take(&b, "b.txt");
    take(&b, "a.txt");
    take(&b, ".hidden.txt");
    take(&b, "a.txt~");
    CHECK_INT(folder_read(b.path, takes_txt, 1, &files, &err), TEND_OK);
    CHECK_INT(files.count, 0);
    CHECK_INT(folder_read("/nonexistent", takes_txt, 1, &files, &err), TEND_IO);
}

SUITE({"lists once, and then from time to time", lists_once_and_then_from_time_to_time},
      {"refuses what is no folder", refuses_what_is_no_folder},
      {"reads what is taken, in order of names", reads_what_is_taken_in_order_of_names})
