/* base/folder.h on the real kernel: what inotify tells, and what is left where it cannot. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/folder.h"
#include "base/text.h"
#include "host/world_uv.h"
#include "support/suite.h"

struct bench {
    struct world_uv *uv;
    struct folder folder;
    char top[64], path[96];
    struct buffer trace; /* "list a.txt b.txt ..." */
    const char *until;
    struct alarm give_up;
};

static void note(struct bench *b, const char *word)
{
    buffer_format(&b->trace, "%s ", word);
    if (b->until != NULL && strstr(buffer_view(&b->trace).ptr, b->until) != NULL) {
        world_uv_stop(b->uv);
    }
}

static void on_changed(struct folder *folder, const char *name)
{
    note(CONTAINER_OF(folder, struct bench, folder), name);
}

static void on_list(struct folder *folder)
{
    note(CONTAINER_OF(folder, struct bench, folder), "list");
}

static bool takes_txt(const char *name)
{
    return text_ends(text_of(name), TEXT(".txt"));
}

static void give_up(struct alarm *alarm)
{
    struct bench *b = CONTAINER_OF(alarm, struct bench, give_up);
    CHECK(!"nothing came for a minute");
    world_uv_stop(b->uv);
}

/* Run until the trace, which begins anew here, holds `until`. */
static void expect(struct bench *b, const char *until)
{
    struct world *world = world_uv_world(b->uv);
    b->until = until;
    world_alarm_set(world, &b->give_up, world_ticks_ms(world) + 60000);
    world_uv_run(b->uv);
    world_alarm_clear(world, &b->give_up);
    CHECK_TEXT(buffer_view(&b->trace).ptr, until);
    buffer_clear(&b->trace);
    b->until = NULL;
}

static bool begin(struct bench *b)
{
    struct error err = ERROR_INIT;
    *b = (struct bench){.folder = {.takes = takes_txt, .changed = on_changed, .list = on_list},
                        .trace = BUFFER_INIT(4096),
                        .give_up.fire = give_up};
    snprintf(b->top, sizeof b->top, "/tmp/tend-test-XXXXXX");
    if (!CHECK(mkdtemp(b->top) != NULL && world_uv_new(NULL, &b->uv, &err) == TEND_OK)) {
        return false;
    }
    snprintf(b->path, sizeof b->path, "%s/watched", b->top);
    CHECK(mkdir(b->path, 0700) == 0);
    CHECK_INT(folder_open(&b->folder, world_uv_world(b->uv), b->path, &err), TEND_OK);
    expect(b, "list ");
    return true;
}

static void finish(struct bench *b)
{
    char command[96];
    folder_close(&b->folder);
    world_uv_free(b->uv);
    buffer_done(&b->trace);
    snprintf(command, sizeof command, "rm -rf %s", b->top);
    CHECK(system(command) == 0);
}

/* In the folder, or where `name` says "../" beside it. */
static const char *at(struct bench *b, const char *name, char *out)
{
    snprintf(out, 128, "%s/%s", b->path, name);
    return out;
}

static void put(struct bench *b, const char *name)
{
    char path[128];
    FILE *file = fopen(at(b, name, path), "w");
    if (CHECK(file != NULL)) {
        CHECK(fputs("content", file) >= 0);
        fclose(file);
    }
}

static void tells_of_what_is_complete(void)
{
    CLEANUP(finish) struct bench b;
    char from[128], to[128];
    if (!begin(&b)) {
        return;
    }
    put(&b, "not-taken");
    put(&b, ".hidden.txt");
    put(&b, "a.txt");
    expect(&b, "a.txt ");
    put(&b, "../b.txt");
    CHECK(rename(at(&b, "../b.txt", from), at(&b, "b.txt", to)) == 0);
    expect(&b, "b.txt ");
    CHECK(unlink(at(&b, "a.txt", from)) == 0);
    expect(&b, "a.txt ");
    CHECK(rename(at(&b, "b.txt", from), at(&b, "../b.txt", to)) == 0);
    expect(&b, "b.txt ");
}

static void does_not_tell_of_what_is_being_written(void)
{
    CLEANUP(finish) struct bench b;
    char path[128];
    if (!begin(&b)) {
        return;
    }
    int fd = open(at(&b, "slow.txt", path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, "half", 4) == 4);
    put(&b, "a.txt");
    expect(&b, "a.txt "); /* and nothing of the other before */
    close(fd);
    expect(&b, "slow.txt ");
}

static void tells_of_links_and_of_who_may_read(void)
{
    CLEANUP(finish) struct bench b;
    char from[128], to[128];
    if (!begin(&b)) {
        return;
    }
    put(&b, "../real");
    CHECK(symlink(at(&b, "../real", from), at(&b, "soft.txt", to)) == 0);
    expect(&b, "soft.txt ");
    CHECK(link(at(&b, "../real", from), at(&b, "hard.txt", to)) == 0);
    expect(&b, "hard.txt ");
    CHECK(chmod(at(&b, "hard.txt", to), 0400) == 0);
    expect(&b, "hard.txt ");
    CHECK(chmod(b.path, 0500) == 0);
    expect(&b, "list ");
    CHECK(chmod(b.path, 0700) == 0);
    expect(&b, "list ");
}

static void lists_again_where_a_hidden_name_was_swapped(void)
{
    CLEANUP(finish) struct bench b;
    char from[128], to[128];
    if (!begin(&b)) {
        return;
    }
    put(&b, "..data_tmp");
    CHECK(rename(at(&b, "..data_tmp", from), at(&b, "..data", to)) == 0);
    expect(&b, "list ");
}

static void finds_a_folder_that_was_made_again(void)
{
    CLEANUP(finish) struct bench b;
    if (!begin(&b)) {
        return;
    }
    CHECK(rmdir(b.path) == 0);
    expect(&b, "list "); /* itself changed */
    CHECK(mkdir(b.path, 0700) == 0);
    expect(&b, "list ");
    CHECK(!b.folder.blind);
    put(&b, "a.txt");
    expect(&b, "a.txt ");
}

SUITE({"tells of what is complete, and of what is gone", tells_of_what_is_complete},
      {"does not tell of what is being written", does_not_tell_of_what_is_being_written},
      {"tells of links, and of who may read", tells_of_links_and_of_who_may_read},
      {"lists again where a hidden name was swapped", lists_again_where_a_hidden_name_was_swapped},
      {"finds a folder that was made again", finds_a_folder_that_was_made_again})
