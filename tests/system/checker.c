/* An independent judge of what a host left behind: the database against what clients were told.
 *
 *     system.checker STATE_DB HISTORY...
 *
 * It links SQLite and nothing of the product. The database is a copy (stock SQLite recovers its log on
 * opening). What must hold:
 *
 *   1  the file is sound; revisions grow by one; sets are whole; every row follows from the one before it
 *      of its key; every object carries its own revision
 *   2  an operation that was acknowledged is in the log, in the client's order, with its value and its
 *      revision; one whose answer never came is there once or not at all; nothing else is
 *
 * Histories are system.load's. Ends with 0 and a line of counts, or with 1 and what is wrong.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 96, VALUE_MAX = 32, OP_CREATE = 0, OP_CHANGE = 1, OP_DELETE = 2 };

struct operation {
    char key[KEY_MAX], value[VALUE_MAX];
    int op, status; /* status 0: the answer never came */
    long revision;
};

struct row {
    long revision;
    int op;
    char value[VALUE_MAX];
};

struct judge {
    sqlite3 *db;
    struct operation *operations; /* of one history */
    size_t count, capacity;
    size_t acknowledged, unknown, found;
    int wrong;
};

static struct rule {
    const char *promise, *sql; /* the query finds what breaks it */
} const rules[] = {
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
    {"the file is sound", "SELECT 0 FROM pragma_integrity_check WHERE integrity_check != 'ok'"},
};

static sqlite3_stmt *prepare(struct judge *judge, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(judge->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fprintf(stderr, "checker: %s\n", sqlite3_errmsg(judge->db));
        exit(2);
    }
    return statement;
}

static void check_rules(struct judge *judge)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        sqlite3_stmt *statement = prepare(judge, rules[i].sql);
        int step = sqlite3_step(statement);
        if (step != SQLITE_DONE) {
            printf("BROKEN: %s: revision %lld (%s)\n", rules[i].promise,
                   (long long)sqlite3_column_int64(statement, 0), sqlite3_errmsg(judge->db));
            judge->wrong++;
        }
        sqlite3_finalize(statement);
    }
}

static void add_call(struct judge *judge, const char *word, const char *name, const char *value)
{
    if (judge->count == judge->capacity) {
        judge->capacity = judge->capacity == 0 ? 1024 : judge->capacity * 2;
        judge->operations = realloc(judge->operations, judge->capacity * sizeof *judge->operations);
        if (judge->operations == NULL) {
            exit(2);
        }
    }
    struct operation *operation = &judge->operations[judge->count++];
    *operation = (struct operation){0};
    snprintf(operation->key, KEY_MAX, "configmaps/default/%s", name);
    snprintf(operation->value, VALUE_MAX, "%s", value);
    operation->op = strcmp(word, "create") == 0   ? OP_CREATE
                    : strcmp(word, "change") == 0 ? OP_CHANGE
                                                  : OP_DELETE;
}

static void read_history(struct judge *judge, const char *path)
{
    char line[256], word[16], name[64], value[VALUE_MAX];
    FILE *file = fopen(path, "r");
    judge->count = 0;
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        int status;
        long revision;
        if (sscanf(line, "call %15s %63s %31s", word, name, value) == 3) {
            add_call(judge, word, name, value);
        } else if (sscanf(line, "answer %d %ld", &status, &revision) == 2 && judge->count > 0) {
            judge->operations[judge->count - 1].status = status;
            judge->operations[judge->count - 1].revision = revision;
        }
    }
    fclose(file);
}

static void read_row(sqlite3_stmt *statement, struct row *row)
{
    const char *doc = (const char *)sqlite3_column_text(statement, 2);
    const char *value = doc == NULL ? NULL : strstr(doc, "\"data\":{\"value\":\"");
    row->revision = (long)sqlite3_column_int64(statement, 0);
    row->op = sqlite3_column_int(statement, 1);
    row->value[0] = '\0';
    if (value != NULL) {
        sscanf(value + 17, "%31[^\"]", row->value);
    }
}

static bool matches(const struct operation *operation, const struct row *row)
{
    return row->op == operation->op &&
           (row->op == OP_DELETE || strcmp(row->value, operation->value) == 0);
}

/* What did the client do with that name next? A delete whose answer never came happened exactly if the
 * client, having looked, created the name again. */
static bool happened(const struct judge *judge, size_t index, const struct row *row)
{
    const struct operation *operation = &judge->operations[index];
    if (!matches(operation, row)) {
        return false;
    }
    for (size_t i = index + 1; operation->op == OP_DELETE && i < judge->count; i++) {
        if (strcmp(judge->operations[i].key, operation->key) == 0) {
            return judge->operations[i].op == OP_CREATE;
        }
    }
    return true;
}

static void complain(struct judge *judge, const struct operation *operation, const char *what)
{
    static const char *const words[] = {"create", "change", "delete"};
    printf("BROKEN: %s: %s %s %s (answered %d, revision %ld)\n", what, words[operation->op],
           operation->key, operation->value, operation->status, operation->revision);
    judge->wrong++;
}

/* Walk the rows of one key beside the operations on it. */
static void check_key(struct judge *judge, const char *key)
{
    sqlite3_stmt *statement =
        prepare(judge, "SELECT revision, op, doc FROM log WHERE key = ?1 ORDER BY revision");
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    struct row row = {0};
    bool have = sqlite3_step(statement) == SQLITE_ROW;
    for (size_t i = 0; i < judge->count; i++) {
        const struct operation *operation = &judge->operations[i];
        if (strcmp(operation->key, key) != 0) {
            continue;
        }
        if (have) {
            read_row(statement, &row);
        }
        bool acknowledged = operation->status == 200 || operation->status == 201;
        judge->acknowledged += acknowledged;
        judge->unknown += operation->status == 0;
        if (have && (acknowledged ? matches(operation, &row) : happened(judge, i, &row))) {
            if (operation->revision > 0 && operation->op != OP_DELETE &&
                operation->revision != row.revision) {
                complain(judge, operation, "another revision than was acknowledged");
            }
            judge->found++;
            have = sqlite3_step(statement) == SQLITE_ROW;
        } else if (acknowledged) {
            complain(judge, operation, "acknowledged, and not there");
            break;
        }
    }
    if (have) {
        printf("BROKEN: a row of %s that nobody asked for\n", key);
        judge->wrong++;
    }
    sqlite3_finalize(statement);
}

static bool seen_before(const struct judge *judge, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(judge->operations[i].key, judge->operations[index].key) == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct judge judge = {0};
    if (argc < 2 || sqlite3_open_v2(argv[1], &judge.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fprintf(stderr, "usage: system.checker STATE_DB HISTORY...\n");
        return 2;
    }
    check_rules(&judge);
    for (int i = 2; i < argc; i++) {
        read_history(&judge, argv[i]);
        for (size_t j = 0; j < judge.count; j++) {
            if (!seen_before(&judge, j)) {
                check_key(&judge, judge.operations[j].key);
            }
        }
    }
    printf("%zu acknowledged, %zu unanswered, %zu found in the log, %d broken promises\n",
           judge.acknowledged, judge.unknown, judge.found, judge.wrong);
    free(judge.operations);
    sqlite3_close(judge.db);
    return judge.wrong == 0 ? 0 : 1;
}
