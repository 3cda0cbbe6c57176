/* The nth write, sync or truncation fails, for n = 1, 2, 3 ... until a whole life passes without meeting
 * it; once, and for good. Whatever happens, what was acknowledged is there afterwards, what certainly
 * failed is not, and only a commit whose outcome is unknown may be either. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "store/backends/sqlite.h"
#include "store/crash/crash_log.h"
#include "support/folder.h"
#include "support/suite.h"

enum { APPENDS = 14, ROWS_MAX = 128, RUNS_MAX = 2000 };

struct life {
    struct folder folder;
    struct crash_log log;
    struct backend *backend;
    int64_t revision;        /* acknowledged */
    unsigned made[ROWS_MAX]; /* which attempt made revision i + 1 */
    unsigned attempts;
    unsigned unknown; /* rows of the append whose outcome is not known; then the life is over */
    unsigned refused; /* appends that certainly failed */
    enum { LIFE_GOES_ON, LIFE_ENDED } state;
    /* the check */
    struct backend_visitor visitor;
    int64_t seen;
    unsigned wrong;
};

/* --- a life ------------------------------------------------------------------------------------ */

static void judge(struct life *life, enum tend_code code, unsigned rows)
{
    if (code == TEND_OK) {
        life->revision += rows;
    } else if (code == TEND_UNAVAILABLE) {
        life->refused += rows > 0;
    } else {
        life->wrong += code != TEND_IO;
        life->unknown = rows;
        life->state = LIFE_ENDED;
    }
}

static void append(struct life *life, unsigned count)
{
    struct error err = ERROR_INIT;
    struct backend_row rows[4];
    char keys[4][16], docs[4][32];
    for (unsigned i = 0; i < count; i++) {
        int64_t revision = life->revision + 1 + i;
        life->made[revision - 1] = ++life->attempts;
        snprintf(keys[i], sizeof keys[i], "k/%03d", (int)revision);
        snprintf(docs[i], sizeof docs[i], "{\"attempt\":%u}", life->attempts);
        rows[i] = (struct backend_row){.revision = revision,
                                       .set_last = life->revision + count,
                                       .op = CHANGE_CREATE,
                                       .key = text_of(keys[i]),
                                       .doc = text_of(docs[i]),
                                       .actor = TEXT("faults"),
                                       .reason = TEXT("")};
    }
    judge(life, life->backend->ops->append(life->backend, rows, count, STORE_GROWS, &err), count);
}

static void compact(struct life *life)
{
    struct error err = ERROR_INIT;
    struct backend_keep keep = {.count = 5, .bytes = INT64_MAX};
    struct backend_state state;
    enum backend_more more = BACKEND_MORE;
    enum tend_code code = TEND_OK;
    while (more == BACKEND_MORE && code == TEND_OK) {
        code = life->backend->ops->compact(life->backend, &keep, &state, &more, &err);
    }
    judge(life, code, 0);
}

static enum tend_code see_nothing(struct backend_visitor *visitor, const struct backend_row *row,
                                  struct error *err)
{
    (void)visitor, (void)row, (void)err;
    return TEND_OK;
}

static void live(struct life *life, struct crash_fault fault)
{
    struct error err = ERROR_INIT;
    struct backend_state state;
    struct backend_visitor visitor = {.row = see_nothing};
    struct sqlite_options options = {.directory = life->folder.path, .vfs = "faults"};
    life->wrong += sqlite_backend_open(&options, &life->backend, &err) != TEND_OK;
    life->wrong += life->backend->ops->load(life->backend, &visitor, &state, &err) != TEND_OK;
    life->log.fault = fault;
    for (unsigned i = 0; i < APPENDS && life->state == LIFE_GOES_ON; i++) {
        append(life, 1 + i % 4);
        if (i % 4 == 2 && life->state == LIFE_GOES_ON) {
            judge(life, life->backend->ops->recover(life->backend, &err), 0);
        }
        if (i % 5 == 4 && life->state == LIFE_GOES_ON) {
            compact(life);
        }
    }
    fault = life->log.fault;
    life->backend->ops->close(life->backend);
    life->log.fault = (struct crash_fault){.hits = fault.hits};
}

/* --- afterwards -------------------------------------------------------------------------------- */

static enum tend_code see(struct backend_visitor *visitor, const struct backend_row *row,
                          struct error *err)
{
    (void)err;
    struct life *life = CONTAINER_OF(visitor, struct life, visitor);
    char doc[32];
    int64_t revision = row->revision;
    life->seen++;
    if (revision < 1 || revision > life->revision + life->unknown) {
        life->wrong++;
        return TEND_OK;
    }
    snprintf(doc, sizeof doc, "{\"attempt\":%u}", life->made[revision - 1]);
    life->wrong += !text_is(row->doc, doc);
    return TEND_OK;
}

static void check(struct life *life)
{
    struct error err = ERROR_INIT;
    struct backend_state state = {0};
    struct sqlite_options options = {.directory = life->folder.path};
    life->visitor.row = see;
    if (sqlite_backend_open(&options, &life->backend, &err) != TEND_OK) {
        life->wrong++;
        return;
    }
    life->wrong += life->backend->ops->load(life->backend, &life->visitor, &state, &err) != TEND_OK;
    life->wrong += state.revision != life->revision &&
                   state.revision != life->revision + (int64_t)life->unknown;
    life->wrong += life->seen != state.revision; /* all were created, none deleted */
    life->backend->ops->close(life->backend);
}

/* How a life with this fault went; hits are 0 where it was not met. */
struct outcome {
    unsigned hits, wrong, refused, unknown;
};

static struct outcome run(struct crash_fault fault)
{
    struct life *life = alloc_new(sizeof *life);
    folder_init(&life->folder, FOLDER_MEMORY);
    crash_log_init(&life->log, "faults");
    live(life, fault);
    check(life);
    struct outcome outcome = {life->log.fault.hits, life->wrong, life->refused, life->unknown};
    crash_log_done(&life->log);
    folder_done(&life->folder);
    free(life);
    return outcome;
}

static struct outcome run_all(enum crash_kind kind, int rc)
{
    struct outcome all = {0};
    for (unsigned nth = 1; nth < RUNS_MAX; nth++) {
        struct outcome once = run((struct crash_fault){kind, nth, rc, FAULT_ONCE, 0, 0});
        struct outcome stays = run((struct crash_fault){kind, nth, rc, FAULT_STAYS, 0, 0});
        if (once.wrong + stays.wrong > 0) {
            fprintf(stderr, "fault %u: %u and %u wrong\n", nth, once.wrong, stays.wrong);
        }
        all.hits += (once.hits > 0 ? 1u : 0u) + (stays.hits > 0 ? 1u : 0u);
        all.wrong += once.wrong + stays.wrong;
        all.refused += once.refused + stays.refused;
        all.unknown += (once.unknown > 0 ? 1u : 0u) + (stays.unknown > 0 ? 1u : 0u);
        if (once.hits + stays.hits == 0) {
            break;
        }
    }
    printf("%u faults met, %u appends refused, %u of unknown outcome\n", all.hits, all.refused,
           all.unknown);
    return all;
}

static void no_space(void)
{
    struct outcome all = run_all(CRASH_WRITE, SQLITE_FULL);
    CHECK(all.hits > 60);
    CHECK_INT(all.wrong, 0);
    CHECK(all.refused > 50);
    CHECK_INT(all.unknown, 0);
}

static void failed_writes(void)
{
    struct outcome all = run_all(CRASH_WRITE, SQLITE_IOERR_WRITE);
    CHECK(all.hits > 60);
    CHECK_INT(all.wrong, 0);
    CHECK(all.unknown > 30);
}

static void failed_syncs(void)
{
    struct outcome all = run_all(CRASH_SYNC, SQLITE_IOERR_FSYNC);
    CHECK(all.hits > 20);
    CHECK_INT(all.wrong, 0);
    CHECK(all.unknown > 10);
    CHECK_INT(all.refused, 0);
}

static void failed_truncations(void)
{
    struct outcome all = run_all(CRASH_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    CHECK_INT(all.wrong, 0);
}

SUITE({"without space a commit certainly fails, and life goes on", no_space},
      {"after a failed write the outcome is unknown, and nothing acknowledged is lost",
       failed_writes},
      {"after a failed sync the outcome is unknown, and nothing acknowledged is lost",
       failed_syncs},
      {"a failed truncation loses nothing", failed_truncations})
