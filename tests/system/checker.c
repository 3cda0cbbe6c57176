/* An independent judge of what a host left behind: the database against what clients were told.
 *
 *     system.checker STATE_DB HISTORY...
 *
 * It links SQLite and nothing of the product. The database is a copy: stock SQLite recovers its log on
 * opening, and an index is made in it. What must hold:
 *
 *   1  the file is sound; revisions grow by one; sets are whole; every row follows from the one before
 *      it of its key; every object carries its own revision
 *   2  an operation that was acknowledged is in the log, in the client's order, with its value and its
 *      revision; one whose answer never came is there once or not at all; nothing else is
 *   3  what a client saw of its own objects is what its operations made of them; what it saw of
 *      others' is in the log
 *   4  of the revisions that one client was given each is larger than the one before
 *
 * Histories are system.load's, one for each client. Ends with 0 and a line of counts, or with 1 and what
 * is wrong.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 96, VALUE_MAX = 32, COMPLAINTS_MAX = 20 };

enum op { OP_CREATE, OP_CHANGE, OP_DELETE /* as in the log */, OP_SAW, OP_MET };
static const char *const words[] = {"create", "change", "delete", "saw", "met"};

struct operation {
    char key[KEY_MAX], value[VALUE_MAX];
    enum op op;
    int status; /* 0: the answer never came */
    long revision;
};

struct row {
    bool there; /* is there one? */
    long revision;
    enum op op;
    char value[VALUE_MAX];
};

struct judge {
    sqlite3 *db;
    struct operation *operations; /* of one history */
    size_t count, capacity;
    size_t acknowledged, unknown, found, looks;
    int wrong;
};

static struct rule {
    const char *promise, *sql; /* the query finds what breaks it */
} const rules[] = {
    {"the file is sound", "SELECT 0 FROM pragma_integrity_check WHERE integrity_check != 'ok'"},
    {"revisions grow by one",
     "SELECT revision FROM (SELECT revision, lag(revision, 1, 0) OVER (ORDER BY revision) AS before"
     " FROM log) WHERE revision != before + 1"},
    {"sets are whole and contiguous",
     "SELECT revision FROM (SELECT revision, set_last, lead(set_last) OVER (ORDER BY revision) AS"
     " next FROM log) WHERE set_last < revision OR (set_last > revision AND next IS NOT set_last)"},
    {"a row follows from the one before it",
     "SELECT revision FROM (SELECT revision, previous, op, lag(revision, 1, 0) OVER w AS last,"
     " lag(op, 1, 2) OVER w AS last_op FROM log WINDOW w AS (PARTITION BY key ORDER BY revision))"
     " WHERE (op = 0) != (last_op = 2) OR previous != CASE op WHEN 0 THEN 0 ELSE last END"},
    {"an object carries its revision",
     "SELECT revision FROM log WHERE instr(doc, '\"resourceVersion\":\"' || revision || '\"') = 0"},
};

static void break_promise(struct judge *judge, const char *promise, const char *what, long revision)
{
    if (judge->wrong++ < COMPLAINTS_MAX) {
        printf("BROKEN: %s: %s (revision %ld)\n", promise, what, revision);
    }
}

static void complain(struct judge *judge, const struct operation *operation, const char *promise)
{
    char what[256];
    snprintf(what, sizeof what, "%s %s %s answered %d", words[operation->op], operation->key,
             operation->value, operation->status);
    break_promise(judge, promise, what, operation->revision);
}

/* --- the database ------------------------------------------------------------------------------ */

static void give_up(struct judge *judge)
{
    printf("BROKEN: the file is sound: %s\n", sqlite3_errmsg(judge->db));
    exit(1);
}

static sqlite3_stmt *prepare(struct judge *judge, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(judge->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        give_up(judge);
    }
    return statement;
}

static bool step(struct judge *judge, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        give_up(judge);
    }
    return rc == SQLITE_ROW;
}

static void check_rules(struct judge *judge)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        sqlite3_stmt *statement = prepare(judge, rules[i].sql);
        if (step(judge, statement)) {
            break_promise(judge, rules[i].promise, "first seen",
                          (long)sqlite3_column_int64(statement, 0));
        }
        sqlite3_finalize(statement);
    }
}

/* The statement selects revision, op and doc. */
static struct row next_row(struct judge *judge, sqlite3_stmt *statement)
{
    struct row row = {.there = step(judge, statement)};
    if (!row.there) {
        return row;
    }
    const char *doc = (const char *)sqlite3_column_text(statement, 2);
    const char *value = doc == NULL ? NULL : strstr(doc, "\"data\":{\"value\":\"");
    row.revision = (long)sqlite3_column_int64(statement, 0);
    row.op = (enum op)sqlite3_column_int(statement, 1);
    if (value != NULL) {
        sscanf(value + 17, "%31[^\"]", row.value);
    }
    return row;
}

/* --- a history --------------------------------------------------------------------------------- */

static struct operation *add(struct judge *judge, enum op op, const char *name, const char *value)
{
    if (judge->count == judge->capacity) {
        judge->capacity = judge->capacity == 0 ? 1024 : judge->capacity * 2;
        judge->operations = realloc(judge->operations, judge->capacity * sizeof *judge->operations);
        if (judge->operations == NULL) {
            exit(2);
        }
    }
    struct operation *operation = &judge->operations[judge->count++];
    *operation = (struct operation){.op = op};
    snprintf(operation->key, KEY_MAX, "configmaps/default/%s", name);
    snprintf(operation->value, VALUE_MAX, "%s", value);
    return operation;
}

static enum op op_of(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return (enum op)i;
        }
    }
    fprintf(stderr, "checker: what is \"%s\"?\n", word);
    exit(2);
}

static void read_line(struct judge *judge, const char *line, struct operation **waiting)
{
    char word[16], name[64], value[VALUE_MAX];
    int status;
    long revision;
    if (sscanf(line, "call %15s %63s %31s", word, name, value) == 3) {
        *waiting = add(judge, op_of(word), name, value);
    } else if (sscanf(line, "answer %d %ld", &status, &revision) == 2 && *waiting != NULL) {
        (*waiting)->status = status;
        (*waiting)->revision = revision;
    } else if (sscanf(line, "%15s %63s %31s %ld", word, name, value, &revision) == 4) {
        struct operation *look = add(judge, op_of(word), name, value);
        look->status = revision > 0 ? 200 : 404;
        look->revision = revision;
        *waiting = NULL;
    }
}

static void read_history(struct judge *judge, const char *path)
{
    char line[256];
    struct operation *waiting = NULL;
    FILE *file = fopen(path, "r");
    judge->count = 0;
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        read_line(judge, line, &waiting);
    }
    fclose(file);
}

static bool is_acknowledged(const struct operation *operation)
{
    return operation->op <= OP_DELETE && (operation->status == 200 || operation->status == 201);
}

static void check_order(struct judge *judge)
{
    long last = 0;
    for (size_t i = 0; i < judge->count; i++) {
        const struct operation *operation = &judge->operations[i];
        if (is_acknowledged(operation) && operation->op != OP_DELETE) {
            if (operation->revision <= last) {
                complain(judge, operation, "revisions that a client was given grow");
            }
            last = operation->revision;
        }
    }
}

/* --- one key ----------------------------------------------------------------------------------- */

static bool matches(const struct operation *operation, const struct row *row)
{
    return row->there && row->op == operation->op &&
           (row->op == OP_DELETE || strcmp(row->value, operation->value) == 0);
}

/* Is this row the trace of an operation whose answer never came? A value says so; of a delete, what the
 * client found or did at that name next. */
static bool happened(const struct judge *judge, size_t index, const struct row *row)
{
    const struct operation *operation = &judge->operations[index];
    if (!matches(operation, row) || operation->op != OP_DELETE) {
        return matches(operation, row);
    }
    for (size_t i = index + 1; i < judge->count; i++) {
        const struct operation *next = &judge->operations[i];
        if (next->op != OP_MET && strcmp(next->key, operation->key) == 0) {
            return next->op == OP_CREATE || (next->op == OP_SAW && next->status == 404);
        }
    }
    return true;
}

/* `now` is what the client's operations so far made of the object. */
static void check_look(struct judge *judge, const struct operation *look, const struct row *now)
{
    bool there = now->there && now->op != OP_DELETE;
    judge->looks++;
    if (there != (look->status == 200) ||
        (there && (now->revision != look->revision || strcmp(now->value, look->value) != 0))) {
        complain(judge, look, "a client sees what its operations made");
    }
}

/* Take the row of this operation where there is one: true where `row` was it. */
static bool check_operation(struct judge *judge, size_t index, const struct row *row)
{
    const struct operation *operation = &judge->operations[index];
    bool acknowledged = is_acknowledged(operation);
    bool there = acknowledged ? matches(operation, row) : happened(judge, index, row);
    judge->acknowledged += acknowledged;
    judge->unknown += operation->status == 0;
    judge->found += there;
    if (acknowledged && !there) {
        complain(judge, operation, "what was acknowledged is in the log");
    } else if (acknowledged && operation->op != OP_DELETE && operation->revision != row->revision) {
        complain(judge, operation, "an operation has the revision that was acknowledged");
    }
    return there;
}

/* Walk the rows of one key beside the operations on it. */
static void check_key(struct judge *judge, const char *key)
{
    sqlite3_stmt *statement =
        prepare(judge, "SELECT revision, op, doc FROM log WHERE key = ?1 ORDER BY revision");
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    struct row now = {0}, row = next_row(judge, statement);
    for (size_t i = 0; i < judge->count; i++) {
        const struct operation *operation = &judge->operations[i];
        if (operation->op == OP_MET || strcmp(operation->key, key) != 0) {
            continue;
        }
        if (operation->op == OP_SAW) {
            check_look(judge, operation, &now);
        } else if (check_operation(judge, i, &row)) {
            now = row;
            row = next_row(judge, statement);
        }
    }
    if (row.there) {
        break_promise(judge, "nothing is in the log that nobody asked for", key, row.revision);
    }
    sqlite3_finalize(statement);
}

static void check_meeting(struct judge *judge, sqlite3_stmt *statement, const struct operation *met)
{
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, met->revision);
    sqlite3_bind_text(statement, 2, met->key, -1, SQLITE_STATIC);
    struct row row = next_row(judge, statement);
    judge->looks++;
    if (!row.there || row.op == OP_DELETE || strcmp(row.value, met->value) != 0) {
        complain(judge, met, "what anybody saw is in the log");
    }
}

static void check_meetings(struct judge *judge)
{
    sqlite3_stmt *statement =
        prepare(judge, "SELECT revision, op, doc FROM log WHERE revision = ?1 AND key = ?2");
    for (size_t i = 0; i < judge->count; i++) {
        if (judge->operations[i].op == OP_MET && judge->operations[i].status == 200) {
            check_meeting(judge, statement, &judge->operations[i]);
        }
    }
    sqlite3_finalize(statement);
}

static bool is_first_of_key(const struct judge *judge, size_t index)
{
    const char *key = judge->operations[index].key;
    for (size_t i = 0; i < index; i++) {
        if (judge->operations[i].op != OP_MET && strcmp(judge->operations[i].key, key) == 0) {
            return false;
        }
    }
    return judge->operations[index].op != OP_MET;
}

static void check_history(struct judge *judge, const char *path)
{
    read_history(judge, path);
    check_order(judge);
    check_meetings(judge);
    for (size_t i = 0; i < judge->count; i++) {
        if (is_first_of_key(judge, i)) {
            check_key(judge, judge->operations[i].key);
        }
    }
}

int main(int argc, char **argv)
{
    struct judge judge = {0};
    if (argc < 2 || sqlite3_open_v2(argv[1], &judge.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fprintf(stderr, "usage: system.checker STATE_DB HISTORY...\n");
        return 2;
    }
    check_rules(&judge);
    sqlite3_finalize(prepare(&judge, "SELECT 1")); /* readable, at least */
    sqlite3_exec(judge.db, "CREATE INDEX IF NOT EXISTS checker ON log(key, revision)", NULL, NULL,
                 NULL);
    for (int i = 2; i < argc; i++) {
        check_history(&judge, argv[i]);
    }
    printf(
        "%zu acknowledged, %zu unanswered, %zu found in the log, %zu looks, %d broken promises\n",
        judge.acknowledged, judge.unknown, judge.found, judge.looks, judge.wrong);
    free(judge.operations);
    sqlite3_close(judge.db);
    return judge.wrong == 0 ? 0 : 1;
}
