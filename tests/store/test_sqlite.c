/* What is SQLite's alone: the directory and its guard, damage, other people's files, files that stay
 * small, and a process that dies. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/backends/sqlite.h"
#include "support/folder.h"
#include "support/suite.h"

struct db {
    struct folder folder;
    struct backend *backend;
    struct backend_state state;
    struct backend_visitor visitor;
    struct error err;
    int64_t revision, loaded;
};

static enum tend_code count_row(struct backend_visitor *visitor, const struct backend_row *row,
                                struct error *err)
{
    (void)row, (void)err;
    CONTAINER_OF(visitor, struct db, visitor)->loaded++;
    return TEND_OK;
}

static enum tend_code db_open(struct db *db)
{
    struct sqlite_options options = {.directory = db->folder.path};
    db->err = (struct error)ERROR_INIT;
    return sqlite_backend_open(&options, &db->backend, &db->err);
}

static enum tend_code db_load(struct db *db)
{
    db->loaded = 0;
    db->visitor.row = count_row;
    enum tend_code code = db->backend->ops->load(db->backend, &db->visitor, &db->state, &db->err);
    db->revision = db->state.revision;
    return code;
}

static void db_close(struct db *db)
{
    if (db->backend != NULL) {
        db->backend->ops->close(db->backend);
        db->backend = NULL;
    }
}

static struct db *db_new(void)
{
    struct db *db = alloc_new(sizeof *db);
    folder_init(&db->folder, FOLDER_MEMORY);
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_OK);
    return db;
}

static void db_free(struct db *db)
{
    db_close(db);
    folder_done(&db->folder);
    free(db);
}

/* `count` updates of one object (its creation first), as one set. */
static enum tend_code db_append(struct db *db, const char *doc, size_t count)
{
    CLEANUP(freep) struct backend_row *rows = alloc_array(count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        int64_t revision = db->revision + 1 + (int64_t)i;
        rows[i] = (struct backend_row){
            .revision = revision,
            .set_last = db->revision + (int64_t)count,
            .previous = revision - 1,
            .op = revision == 1 ? CHANGE_CREATE : CHANGE_UPDATE,
            .key = TEXT("kinds/default/name"),
            .doc = text_of(doc),
            .actor = TEXT("tester"),
            .time_ms = 1,
        };
    }
    enum tend_code code = db->backend->ops->append(db->backend, rows, count, STORE_GROWS, &db->err);
    db->revision += code == TEND_OK ? (int64_t)count : 0;
    return code;
}

static void path_of(const struct db *db, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", db->folder.path, name);
}

static int64_t size_of(const struct db *db, const char *name)
{
    char path[512];
    struct stat status = {0};
    path_of(db, name, path, sizeof path);
    return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

/* Straight SQL on the closed file: what a curious administrator may do. */
static void sql(const struct db *db, const char *statement)
{
    char path[512];
    sqlite3 *raw = NULL;
    path_of(db, "state.db", path, sizeof path);
    CHECK_INT(sqlite3_open(path, &raw), SQLITE_OK);
    CHECK_INT(sqlite3_exec(raw, statement, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

/* --- the directory ----------------------------------------------------------------------------- */

static unsigned mode_of(const char *path)
{
    struct stat status = {0};
    CHECK_INT(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void makes_a_private_directory(void)
{
    struct db *db = db_new();
    char path[512];
    db_close(db);
    size_t len = strlen(db->folder.path);
    snprintf(db->folder.path + len, sizeof db->folder.path - len, "/new/deep");
    mode_t mask = umask(0);
    CHECK_INT(db_open(db), TEND_OK);
    umask(mask);
    CHECK_INT(mode_of(db->folder.path), 0700);
    path_of(db, "state.db", path, sizeof path);
    CHECK_INT(mode_of(path), 0600);
    path_of(db, "state.db-wal", path, sizeof path);
    CHECK_INT(mode_of(path), 0600);
    db_close(db);
    db->folder.path[len] = '\0';
    db_free(db);
}

static void refuses_a_second_host(void)
{
    struct db *db = db_new();
    int answer[2];
    CHECK_INT(pipe(answer), 0);
    pid_t child = fork();
    if (child == 0) {
        struct sqlite_options options = {.directory = db->folder.path};
        struct backend *backend = NULL;
        struct error err = ERROR_INIT;
        enum tend_code code = sqlite_backend_open(&options, &backend, &err);
        ssize_t put = write(answer[1], err.message, strlen(err.message));
        _exit(put >= 0 ? (int)code : 99);
    }
    int status = 0;
    char said[ERROR_TEXT_MAX] = "", pid[32];
    close(answer[1]);
    waitpid(child, &status, 0);
    ssize_t got = read(answer[0], said, sizeof said - 1);
    close(answer[0]);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == TEND_UNAVAILABLE);
    CHECK(got > 0 && strstr(said, db->folder.path) != NULL && strstr(said, pid) != NULL);
    CHECK_INT(db_append(db, "{}", 1), TEND_OK);
    db_free(db);
}

/* flock belongs to the open file: one process can stand for both hosts. */
static void holds_without_its_file(void)
{
    struct db *db = db_new();
    struct sqlite_options options = {.directory = db->folder.path};
    struct backend *second = NULL;
    struct error err = ERROR_INIT;
    char path[512];
    path_of(db, "LOCK", path, sizeof path);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(sqlite_backend_open(&options, &second, &err), TEND_UNAVAILABLE);
    CHECK(strstr(err.message, db->folder.path) != NULL);
    CHECK_INT(db_append(db, "{}", 1), TEND_OK);
    db_close(db);
    CHECK_INT(db_open(db), TEND_OK);
    db_free(db);
}

/* A host that dies while a child of it is not yet what it is to become: the child has all descriptors, and ends
 * when the next host looks at the guard. */
static void die_with_a_child(struct db *db)
{
    char path[512];
    path_of(db, "LOCK", path, sizeof path);
    pid_t host = fork();
    if (host != 0) {
        waitpid(host, NULL, 0);
        return;
    }
    bool opened = db_open(db) == TEND_OK;
    int looks = inotify_init();
    opened = opened && inotify_add_watch(looks, path, IN_OPEN) >= 0;
    if (opened && fork() == 0) {
        char event[4096];
        _exit(read(looks, event, sizeof event) > 0 ? 0 : 1);
    }
    _exit(0);
}

static void waits_for_what_a_dead_host_leaves(void)
{
    struct db *db = db_new();
    db_close(db);
    die_with_a_child(db);
    CHECK_INT(db_open(db), TEND_OK);
    db_free(db);
}

/* A child that was started meanwhile does not hold the directory after the host is gone. It says when
 * it runs its own program, and stays until its input ends. */
static void children_do_not_keep_the_guard(void)
{
    struct db *db = db_new();
    int to_child[2], from_child[2];
    char up = 0;
    CHECK_INT(pipe2(to_child, O_CLOEXEC) + pipe2(from_child, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(to_child[0], 0);
        dup2(from_child[1], 1);
        execl("/bin/sh", "sh", "-c", "echo up; cat", (char *)NULL);
        _exit(127);
    }
    CHECK_INT(read(from_child[0], &up, 1), 1);
    db_close(db);
    CHECK_INT(db_open(db), TEND_OK);
    for (int i = 0; i < 2; i++) {
        close(to_child[i]);
        close(from_child[i]);
    }
    waitpid(child, NULL, 0);
    db_free(db);
}

static void says_what_is_in_the_way(void)
{
    struct folder folder;
    struct error err = ERROR_INIT;
    struct backend *backend = NULL;
    char path[512];
    folder_init(&folder, FOLDER_MEMORY);
    snprintf(path, sizeof path, "%s/file", folder.path);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    struct sqlite_options options = {.directory = path};
    CHECK_INT(sqlite_backend_open(&options, &backend, &err), TEND_IO);
    CHECK(strstr(err.message, path) != NULL);
    options.directory = "";
    CHECK_INT(sqlite_backend_open(&options, &backend, &err), TEND_INVALID);
    folder_done(&folder);
}

/* --- other files ------------------------------------------------------------------------------- */

static void refuses_a_newer_format(void)
{
    struct db *db = db_new();
    db_close(db);
    sql(db, "PRAGMA user_version=7");
    CHECK_INT(db_open(db), TEND_INVALID);
    CHECK(strstr(db->err.message, "newer") != NULL && strstr(db->err.message, "7") != NULL);
    sql(db, "PRAGMA user_version=1");
    CHECK_INT(db_open(db), TEND_OK);
    db_free(db);
}

static void refuses_another_program_s_database(void)
{
    struct db *db = db_new();
    db_close(db);
    sql(db, "PRAGMA application_id=1; CREATE TABLE mine(a)");
    CHECK_INT(db_open(db), TEND_INVALID);
    CHECK(strstr(db->err.message, "another program") != NULL);
    char path[512];
    path_of(db, "state.db", path, sizeof path);
    CHECK_INT(unlink(path), 0);
    sql(db, "CREATE TABLE mine(a)");
    CHECK_INT(db_open(db), TEND_INVALID);
    int fd = open(path, O_WRONLY | O_TRUNC);
    CHECK_INT(write(fd,
                    "this is a letter, and long enough to be taken for a header of 100 bytes, "
                    "which it is not; really not at all",
                    108),
              108);
    close(fd);
    CHECK_INT(db_open(db), TEND_INVALID);
    db_free(db);
}

/* --- damage ------------------------------------------------------------------------------------ */

/* Change one letter of the first place where `what` stands in the closed file. */
static void damage(const struct db *db, const char *what)
{
    char path[512];
    path_of(db, "state.db", path, sizeof path);
    size_t size = (size_t)size_of(db, "state.db");
    CLEANUP(freep) char *bytes = alloc_new(size + 1);
    int fd = open(path, O_RDWR);
    CHECK_INT(pread(fd, bytes, size, 0), (long long)size);
    char *place = memmem(bytes, size, what, strlen(what));
    if (CHECK(place != NULL)) {
        CHECK_INT(pwrite(fd, "#", 1, place - bytes + 3), 1);
    }
    close(fd);
}

static void finds_a_damaged_row(void)
{
    struct db *db = db_new();
    CHECK_INT(db_append(db, "{\"first\":1}", 1), TEND_OK);
    CHECK_INT(db_append(db, "{\"second\":2}", 1), TEND_OK);
    db_close(db);
    damage(db, "second");
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_CORRUPT);
    CHECK(strstr(db->err.message, "revision 2 ") != NULL);
    db_free(db);
}

static void finds_a_damaged_actor(void)
{
    struct db *db = db_new();
    CHECK_INT(db_append(db, "{}", 1), TEND_OK);
    db_close(db);
    damage(db, "tester");
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_CORRUPT);
    db_free(db);
}

static void finds_a_missing_row(void)
{
    struct db *db = db_new();
    CHECK_INT(db_append(db, "{}", 5), TEND_OK);
    db_close(db);
    sql(db, "DELETE FROM log WHERE revision = 3");
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_CORRUPT);
    CHECK(strstr(db->err.message, "revision 3 ") != NULL);
    db_free(db);
}

static void compact_all(struct db *db)
{
    enum backend_more more = BACKEND_MORE;
    struct backend_keep keep = {.count = 0, .bytes = INT64_MAX};
    while (more == BACKEND_MORE) {
        if (!CHECK_INT(db->backend->ops->compact(db->backend, &keep, &db->state, &more, &db->err),
                       TEND_OK)) {
            return;
        }
    }
}

static void finds_damage_in_what_was_folded(void)
{
    struct db *db = db_new();
    CHECK_INT(db_append(db, "{\"folded\":1}", 1), TEND_OK);
    compact_all(db);
    db_close(db);
    damage(db, "folded");
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_CORRUPT);
    CHECK(strstr(db->err.message, "revision 1 ") != NULL);
    db_free(db);
}

static enum tend_code read_all(struct db *db)
{
    struct backend_query query = {
        .after = db->state.oldest, .rows_max = 100, .bytes_max = 1000000, .looks_max = 100};
    int64_t reached = 0;
    db->visitor.row = count_row;
    return db->backend->ops->read(db->backend, &query, &db->visitor, &reached, &db->err);
}

static void finds_missing_objects(void)
{
    struct db *db = db_new();
    CHECK_INT(db_append(db, "{}", 1), TEND_OK);
    compact_all(db);
    db_close(db);
    sql(db, "DELETE FROM log");
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_CORRUPT);
    CHECK(strstr(db->err.message, "revision 1 ") != NULL);
    db_close(db);
    sql(db, "DELETE FROM live");
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_CORRUPT);
    CHECK(strstr(db->err.message, "0 live objects instead of 1") != NULL);
    db_free(db);
}

static void finds_a_missing_before(void)
{
    struct db *db = db_new();
    CHECK_INT(db_append(db, "{}", 1), TEND_OK);
    compact_all(db);
    CHECK_INT(db_append(db, "{}", 1), TEND_OK);
    CHECK_INT(read_all(db), TEND_OK);
    db_close(db);
    sql(db, "DELETE FROM log WHERE revision = 1; DELETE FROM live;"
            "UPDATE meta SET value = 0 WHERE name = 'live'");
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_OK); /* revision 2 alone makes the object */
    CHECK_INT(read_all(db), TEND_CORRUPT);
    CHECK(strstr(db->err.message, "revision 1 ") != NULL);
    db_free(db);
}

/* --- small files, short starts ----------------------------------------------------------------- */

static void tidy(struct db *db)
{
    enum backend_more more = db->backend->untidy;
    while (more == BACKEND_MORE) {
        if (!CHECK_INT(db->backend->ops->tidy(db->backend, &more, &db->err), TEND_OK)) {
            return;
        }
    }
}

static void a_start_does_not_replay_history(void)
{
    struct db *db = db_new();
    for (int i = 0; i < 40; i++) {
        CHECK_INT(db_append(db, "{\"some\":\"thing\"}", 1000), TEND_OK);
        tidy(db);
    }
    CHECK(db->revision == 40000);
    db_close(db);
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_OK);
    CHECK_INT(db->state.revision, 40000);
    CHECK_INT(db->state.oldest, 0);
    CHECK(db->loaded <= 16384 + 1024);
    db_free(db);
}

static void the_wal_stays_small(void)
{
    struct db *db = db_new();
    CLEANUP(freep) char *doc = alloc_new(100001);
    memset(doc, 'x', 100000);
    int64_t largest = 0;
    for (int i = 0; i < 400; i++) {
        CHECK_INT(db_append(db, doc, 1), TEND_OK);
        tidy(db);
        int64_t size = size_of(db, "state.db-wal");
        largest = size > largest ? size : largest;
    }
    CHECK(size_of(db, "state.db") > 30000000);
    CHECK(largest > 1000000 && largest < 10000000);
    db_close(db);
    CHECK_INT(size_of(db, "state.db-wal"), -1);
    db_free(db);
}

static void the_file_shrinks_when_history_goes(void)
{
    struct db *db = db_new();
    CLEANUP(freep) char *doc = alloc_new(100001);
    memset(doc, 'x', 100000);
    for (int i = 0; i < 400; i++) {
        CHECK_INT(db_append(db, doc, 1), TEND_OK);
        tidy(db);
    }
    compact_all(db);
    tidy(db);
    db_close(db);
    CHECK(size_of(db, "state.db") < 20000000);
    CHECK_INT(db_open(db), TEND_OK);
    CHECK_INT(db_load(db), TEND_OK);
    CHECK_INT(db->loaded, 1);
    db_free(db);
}

/* --- a process that dies ----------------------------------------------------------------------- */

static void write_until_killed(const char *directory, int out)
{
    struct db db = {0};
    snprintf(db.folder.path, sizeof db.folder.path, "%s", directory);
    if (db_open(&db) != TEND_OK || db_load(&db) != TEND_OK) {
        _exit(1);
    }
    while (db_append(&db, "{\"some\":\"thing\"}", 3) == TEND_OK &&
           write(out, &db.revision, sizeof db.revision) == sizeof db.revision) {
        tidy(&db);
    }
    _exit(2);
}

static void survives_kill(void)
{
    struct db *db = db_new();
    for (int cycle = 0; cycle < 20; cycle++) {
        int acks[2];
        db_close(db);
        CHECK_INT(pipe(acks), 0);
        pid_t child = fork();
        if (child == 0) {
            close(acks[0]);
            write_until_killed(db->folder.path, acks[1]);
        }
        close(acks[1]);
        int64_t acked = 0, more = 0;
        for (int i = 0; i < 3 + cycle && read(acks[0], &acked, sizeof acked) > 0; i++) {
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(acks[0], &more, sizeof more) > 0) {
            acked = more;
        }
        close(acks[0]);
        CHECK_INT(db_open(db), TEND_OK);
        CHECK_INT(db_load(db), TEND_OK);
        CHECK(db->revision == acked || db->revision == acked + 3);
        CHECK(acked >= 3 * (3 + cycle));
    }
    db_free(db);
}

SUITE({"the directory and the file are for their owner only", makes_a_private_directory},
      {"a second host is refused, with directory and process", refuses_a_second_host},
      {"and where its file LOCK was removed as well", holds_without_its_file},
      {"waits for what a dead host leaves", waits_for_what_a_dead_host_leaves},
      {"children do not keep the guard", children_do_not_keep_the_guard},
      {"a directory that cannot be one is refused with its name", says_what_is_in_the_way},
      {"a newer format is refused", refuses_a_newer_format},
      {"another program's database is refused", refuses_another_program_s_database},
      {"a damaged document is found, and its revision named", finds_a_damaged_row},
      {"a damaged actor is found", finds_a_damaged_actor},
      {"a missing row is found", finds_a_missing_row},
      {"damage in what was folded is found", finds_damage_in_what_was_folded},
      {"missing objects are found", finds_missing_objects},
      {"a missing predecessor is found", finds_a_missing_before},
      {"a start does not replay history", a_start_does_not_replay_history},
      {"the write-ahead log stays small", the_wal_stays_small},
      {"the file shrinks when history goes", the_file_shrinks_when_history_goes},
      {"what was acknowledged is there after kill -9", survives_kill})
