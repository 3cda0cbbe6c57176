/* The public JSON test suite: what begins with y_ is accepted, what begins with n_ refused. How i_ and
 * the transformations are decided, and where y_ and n_ are decided otherwise, stands in a list that
 * is frozen: the list made here is compared with it, line by line. */
#include "document/damaged_json.h"
#include "document/json.h"
#include "support/corpus.h"
#include "support/suite.h"
#include "support/tree.h"

#define PARSING   "json-test-suite/data/parsing.js"
#define TRANSFORM "json-test-suite/data/transform.js"
#define FROZEN    TEND_TESTS "/data/json-test-suite.txt"

/* The files are modules whose default export is JSON. */
static const struct value *load(struct arena *arena, const char *file)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(CORPUS_FILE_MAX);
    if (!CHECK(corpus_read(file, &text))) {
        return value_empty_list();
    }
    const char *list = strstr(text.data, "export default ");
    return CHECK(list != NULL) ? tree_of(arena, list + strlen("export default "))
                               : value_empty_list();
}

static struct text input_of(const struct value *entry, size_t *damaged)
{
    struct text name = value_text_or(value_field(entry, "name"), TEXT(""));
    struct text input = value_text_or(value_field(entry, "input"), TEXT(""));
    for (size_t i = 0; i < DAMAGED_JSON_COUNT; i++) {
        if (text_is(name, damaged_json[i].name)) {
            ++*damaged;
            return damaged_json[i].bytes;
        }
    }
    CHECK(memmem(input.ptr, input.len, "\xef\xbf\xbd", 3) == NULL); /* damage that is not listed */
    return input;
}

/* What was accepted is written, read again as equal, and written again as the same bytes. */
static void check_round_trip(struct arena *arena, const struct value *value)
{
    const char *written = tree_text(arena, value);
    const struct value *again = tree_of(arena, written);
    CHECK(value_equal(again, value));
    CHECK_TEXT(tree_text(arena, again), written);
}

static bool accepts(struct text input)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *value = NULL;
    if (json_parse(&arena, input, &value, &err) != TEND_OK) {
        CHECK(value == NULL);
        CHECK(err.message[0] != '\0');
        return false;
    }
    check_round_trip(&arena, value);
    return true;
}

/* Decide every entry; append those that belong into the list. */
static void decide(const struct value *entries, struct buffer *list, size_t *damaged)
{
    for (size_t i = 0; i < value_count(entries); i++) {
        const struct value *entry = value_at(entries, i);
        struct text name = value_text_or(value_field(entry, "name"), TEXT("?"));
        bool accepted = accepts(input_of(entry, damaged));
        if (!text_starts(name, accepted ? TEXT("y_") : TEXT("n_"))) {
            buffer_format(list, "%.*s %s\n", TEXT_ARG(name), accepted ? "accept" : "reject");
        }
    }
}

static void decides_as_listed(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer list = BUFFER_INIT(CORPUS_FILE_MAX);
    const struct value *parsing = load(&arena, PARSING), *transform = load(&arena, TRANSFORM);
    size_t damaged = 0;
    CHECK_INT(value_count(parsing), 318);
    CHECK_INT(value_count(transform), 22);
    decide(parsing, &list, &damaged);
    decide(transform, &list, &damaged);
    CHECK_INT(damaged, DAMAGED_JSON_COUNT);
    corpus_compare(buffer_view(&list), FROZEN);
}

SUITE_OVER(PARSING,
           {"decides every input as the suite demands or the list says", decides_as_listed})
