/* Command lines, exit codes, targets and tables: what needs no host. */
#include "base/alloc.h"
#include "cli/arguments.h"
#include "cli/exit.h"
#include "cli/kinds.h"
#include "cli/printer.h"
#include "cli/refusal.h"
#include "cli/table.h"
#include "cli/target.h"
#include "support/suite.h"

static const enum option_id known_ids[] = {OPTION_FILE,  OPTION_NAMESPACE, OPTION_WATCH,
                                           OPTION_WAIT,  OPTION_TIMEOUT,   OPTION_DRY_RUN,
                                           OPTION_OUTPUT};
static const struct option_list known = {known_ids, COUNT_OF(known_ids)};

static enum tend_code parse(const char *line, struct arguments *arguments, struct arena *arena,
                            struct error *err)
{
    char *argv[16] = {(char[]){"x"}};
    char **kept = arena_alloc(arena, sizeof argv);
    int argc = 1;
    struct text rest = text_of(line);
    memcpy(kept, argv, sizeof argv);
    while (rest.len > 0) {
        struct text word = arena_text(arena, text_cut(&rest, ' '));
        char *copy = arena_alloc(arena, word.len + 1);
        memcpy(copy, word.ptr, word.len);
        kept[argc++] = copy;
    }
    return arguments_parse(known, argc, kept, arguments, err);
}

static void reads_options_and_words(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct arguments arguments;
    CHECK_INT(parse("labs -f a -n ns lab1 --filename=b -w --dry-run", &arguments, &arena, &err),
              TEND_OK);
    CHECK_INT(arguments.file_count, 2);
    CHECK_TEXT(arguments.files[1], "b");
    CHECK(text_is(arguments_value(&arguments, OPTION_NAMESPACE), "ns"));
    CHECK(arguments_has(&arguments, OPTION_WATCH) && arguments_has(&arguments, OPTION_DRY_RUN));
    CHECK(!arguments_has(&arguments, OPTION_OUTPUT));
    CHECK_INT(arguments.word_count, 2);
    CHECK_TEXT(arguments.words[1], "lab1");
    arguments_done(&arguments);
    CHECK_INT(parse("-- -f", &arguments, &arena, &err), TEND_OK);
    CHECK_INT(arguments.word_count, 1);
    arguments_done(&arguments);
}

static void says_what_is_wrong(void)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"--bogus", "unknown option --bogus"},
        {"-x", "unknown option -x"},
        {"-n", "a value is missing after -n"},
        {"--namespace", "a value is missing after --namespace"},
        {"-A", "unknown option -A"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct error err = ERROR_INIT;
        struct arguments arguments;
        CHECK_INT(parse(cases[i].line, &arguments, &arena, &err), TEND_INVALID);
        CHECK_TEXT(err.message, cases[i].message);
    }
}

static bool wait_of(const char *line, enum tend_code expected)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct arguments arguments;
    bool flag = false;
    CHECK_INT(parse(line, &arguments, &arena, &err), TEND_OK);
    CHECK_INT(arguments_flag(&arguments, OPTION_WAIT, true, &flag, &err), expected);
    arguments_done(&arguments);
    return flag;
}

static int64_t seconds_of(const char *line, enum tend_code expected)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct arguments arguments;
    int64_t seconds = -1;
    CHECK_INT(parse(line, &arguments, &arena, &err), TEND_OK);
    CHECK_INT(arguments_seconds(&arguments, OPTION_TIMEOUT, &seconds, &err), expected);
    arguments_done(&arguments);
    return seconds;
}

static void reads_flags_and_durations(void)
{
    CHECK(wait_of("", TEND_OK));
    CHECK(wait_of("--wait", TEND_OK));
    CHECK(!wait_of("--wait=false", TEND_OK));
    (void)wait_of("--wait=perhaps", TEND_INVALID);
    CHECK_INT(seconds_of("", TEND_OK), 0);
    CHECK_INT(seconds_of("--timeout 1m30s", TEND_OK), 90);
    CHECK_INT(seconds_of("--timeout 1500ms", TEND_OK), 2);
    (void)seconds_of("--timeout 0", TEND_INVALID);
    (void)seconds_of("--timeout soon", TEND_INVALID);
}

static void keeps_its_exit_codes(void)
{
    CHECK_INT(exit_of(TEND_OK), 0);
    CHECK_INT(exit_of(TEND_INVALID), 1);
    CHECK_INT(exit_of(TEND_UNAVAILABLE), 3);
    CHECK_INT(exit_of(TEND_NOT_FOUND), 4);
    CHECK_INT(exit_of(TEND_CONFLICT), 5);
    CHECK_INT(exit_of(TEND_EXISTS), 5);
    CHECK_INT(exit_of(TEND_TIMEOUT), 6);
}

static void escapes_targets(void)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    struct served_kind kind = {.group = TEXT("g.example"),
                               .version = TEXT("v1"),
                               .plural = TEXT("lamps"),
                               .is_namespaced = true};
    target_path(&target, &kind, TEXT("a/b"), TEXT("x?y"));
    target_query(&target, "labelSelector", TEXT("a in (b,c)"));
    target_query(&target, "empty", TEXT(""));
    target_query(&target, "limit", TEXT("5"));
    CHECK_TEXT(target.data, "/apis/g.example/v1/namespaces/a%2Fb/lamps/x%3Fy"
                            "?labelSelector=a%20in%20%28b%2Cc%29&limit=5");
}

static const char *printed(struct table *table, struct arena *arena)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    table_print(table, out);
    fclose(out);
    const char *text = arena_text(arena, (struct text){bytes, size}).ptr;
    free(bytes);
    return text;
}

static void aligns_columns(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(table_done) struct table table;
    struct text header[] = {TEXT("NAME"), TEXT("STATE"), TEXT("AGE")};
    struct text first[] = {TEXT("h\303\251l\303\250ne"), TEXT("ready"), TEXT("")};
    struct text second[] = {TEXT("a"), TEXT(""), TEXT("6s")};
    struct text third[] = {TEXT("\033[31mx"), TEXT("a\nb"), TEXT("\302\2331m")};
    table_init(&table, 3);
    table_add(&table, TABLE_HEADER, header);
    table_add(&table, TABLE_ROW, first);
    table_add(&table, TABLE_ROW, second);
    CHECK_TEXT(printed(&table, &arena), "NAME     STATE   AGE\n"
                                        "h\303\251l\303\250ne   ready\n"
                                        "a                6s\n");
    table_add(&table, TABLE_ROW, third); /* nothing reaches the terminal but text */
    CHECK_TEXT(printed(&table, &arena), "?[31mx   a ...   ?1m\n");
}

/* The text of several lines: cut, or below its row, where no line of it can pass for a row. */
static void shows_several_lines(void)
{
    static const struct {
        enum table_rest rest;
        const char *expected;
    } cases[] = {
        {TABLE_REST_CUT, "  A        B\n  x        one ...\n  x2 ...   two\n"},
        {TABLE_REST_BELOW, "  A    B\n  x    one\n          three: ?[31m\n\n            five\n"
                           "  x2   two\n          x3\n"},
    };
    const struct text header[] = {TEXT("A"), TEXT("B")};
    const struct text first[] = {TEXT("x"), TEXT("one\nthree: \033[31m\n\n\t five\n")};
    const struct text second[] = {TEXT("x2\nx3"), TEXT("two")};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct table table;
        CLEANUP(arena_done) struct arena arena = {0};
        table_init(&table, 2);
        table.indent = 2;
        table.rest = cases[i].rest;
        table_add(&table, TABLE_HEADER, header);
        table_add(&table, TABLE_ROW, first);
        table_add(&table, TABLE_ROW, second);
        CHECK_TEXT(printed(&table, &arena), cases[i].expected);
        table_done(&table);
    }
}

static struct refusal refusal(struct arena *arena, int status, const char *body)
{
    CLEANUP(reply_done) struct reply reply;
    reply_init(&reply);
    reply.status = status;
    buffer_chars(&reply.body, body);
    return refusal_of(&reply, arena);
}

static void understands_refusals(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct refusal told = refusal(&arena, 409, "{\"message\":\"m\",\"reason\":\"AlreadyExists\"}");
    CHECK_INT(told.code, TEND_EXISTS);
    CHECK(text_is(told.message, "m"));
    CHECK_INT(refusal(&arena, 409, "{\"reason\":\"Conflict\"}").code, TEND_CONFLICT);
    CHECK_INT(refusal(&arena, 404, "404 page not found").code, TEND_NOT_FOUND);
    CHECK_INT(refusal(&arena, 422, "[]").code, TEND_INVALID);
    CHECK_INT(refusal(&arena, 503, "{\"code\":200}").code, TEND_UNAVAILABLE);
    CHECK_INT(refusal(&arena, 418, "").code, TEND_INTERNAL);
    CHECK(refusal(&arena, 500, "{\"details\":{\"causes\":7}}").causes == NULL);
}

SUITE({"options and words in any order", reads_options_and_words},
      {"says what is wrong with an option", says_what_is_wrong},
      {"flags and durations", reads_flags_and_durations},
      {"exit codes keep their meaning", keeps_its_exit_codes},
      {"no name changes a path", escapes_targets},
      {"columns align by characters, and cells are text only", aligns_columns},
      {"texts of several lines", shows_several_lines},
      {"whatever a host refuses with is understood", understands_refusals})
