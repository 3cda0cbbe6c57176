/* The public YAML test suite: what it marks as broken is refused, the rest is read, as the JSON that it
 * gives. Where we decide otherwise stands in a list that is frozen, with the reason; the list made here is
 * compared with it line by line, so a deviation that goes away is noticed as well as one that comes.
 */
#include <dirent.h>

#include "document/yaml.h"
#include "support/corpus.h"
#include "support/tree.h"

#define FOLDER "yaml-test-suite/data"
#define FROZEN TEND_TESTS "/data/yaml-test-suite.txt"

struct tally {
    struct buffer deviations;
    size_t cases, broken, compared;
};

/* The file is a module whose default export is JSON. */
static const struct value *load(struct arena *arena, const char *name)
{
    char file[512];
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(CORPUS_FILE_MAX);
    snprintf(file, sizeof file, FOLDER "/%s", name);
    if (!CHECK(corpus_read(file, &text))) {
        return value_null();
    }
    const char *module = strstr(text.data, "export default ");
    return CHECK(module != NULL) ? tree_of(arena, module + strlen("export default "))
                                 : value_null();
}

/* Cut the first of several JSON values that stand behind each other; the empty text at the end. */
static struct text cut_json(struct text *rest)
{
    size_t start = 0, depth = 0, at = 0;
    bool quoted = false;
    while (start < rest->len && strchr(" \t\r\n", rest->ptr[start]) != NULL) {
        start++;
    }
    for (at = start; at < rest->len; at++) {
        char byte = rest->ptr[at];
        if (quoted && byte == '\\') {
            at++;
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (!quoted && (byte == '[' || byte == '{')) {
            depth++;
        } else if (!quoted && (byte == ']' || byte == '}')) {
            depth--;
        } else if (!quoted && depth == 0 && (byte == '\n' || byte == ' ')) {
            break;
        }
    }
    struct text value = text_first(text_from(*rest, start), at - start);
    *rest = text_from(*rest, at);
    return value;
}

/* Are the documents those of `json`, but for empty ones, which we skip? */
static bool same_documents(struct arena *arena, const struct yaml_stream *stream, struct text json)
{
    size_t read = 0;
    for (struct text part = cut_json(&json); part.len > 0; part = cut_json(&json)) {
        const struct value *expected = tree_of(arena, arena_text(arena, part).ptr);
        bool same = read < stream->count && value_equal(stream->documents[read].value, expected);
        if (!same && expected->type != VALUE_NULL) {
            return false;
        }
        read += same ? 1 : 0;
    }
    return read == stream->count;
}

static void check_round_trip(struct arena *arena, const struct yaml_stream *stream)
{
    for (size_t i = 0; i < stream->count; i++) {
        CLEANUP(buffer_done) struct buffer yaml = BUFFER_INIT(CORPUS_FILE_MAX);
        struct yaml_stream again = {0};
        yaml_write(&yaml, stream->documents[i].value);
        CHECK(yaml_parse(arena, buffer_view(&yaml), &again, NULL) == TEND_OK);
        CHECK(again.count == 1 &&
              value_equal(again.documents[0].value, stream->documents[i].value));
    }
}

/* Which of our own rules refused a text that YAML allows; otherwise libyaml did. */
static const char *reason_of(const struct error *err)
{
    static const struct {
        const char *complaint, *reason;
    } rules[] = {
        {"expected no tag", "tags refused"},
        {"after its tag, found", "tags refused"},
        {"expected each key once", "duplicate keys refused"},
        {"expected a text as key", "keys that are no text refused"},
        {"found the merge key", "merge keys refused"},
        {"expected a finite number", "no such number in JSON"},
        {"expected a value, found *", "values inside themselves refused"},
    };
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        if (strstr(err->message, rules[i].complaint) != NULL) {
            return rules[i].reason;
        }
    }
    return "libyaml rejects";
}

/* NULL where a case is decided as the suite demands. */
static const char *deviation_of(struct arena *arena, const struct value *entry, struct tally *tally)
{
    struct text yaml = value_text_or(value_field(entry, "yaml"), TEXT(""));
    const struct value *json = value_field(entry, "json");
    bool broken = value_bool_or(value_field(entry, "fail"), false);
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    bool accepted = yaml_parse(arena, yaml, &stream, &err) == TEND_OK;
    tally->broken += broken ? 1 : 0;
    if (!accepted) {
        CHECK(strncmp(err.message, "line ", 5) == 0);
        return broken ? NULL : reason_of(&err);
    }
    check_round_trip(arena, &stream);
    if (broken) {
        return "libyaml accepts";
    }
    if (!value_is(json, VALUE_TEXT)) {
        return NULL;
    }
    tally->compared++;
    return same_documents(arena, &stream, json->text) ? NULL : "another value";
}

static void decide_file(const char *name, struct tally *tally)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *cases = value_field(load(&arena, name), "cases");
    CHECK(value_count(cases) > 0);
    for (size_t i = 0; i < value_count(cases); i++) {
        const char *deviation = deviation_of(&arena, value_at(cases, i), tally);
        tally->cases++;
        if (deviation != NULL) {
            buffer_format(&tally->deviations, "%.4s/%zu %s\n", name, i, deviation);
        }
    }
}

static int is_module(const struct dirent *entry)
{
    struct text name = text_of(entry->d_name);
    return text_ends(name, TEXT(".js")) && !text_is(name, "index.js") ? 1 : 0;
}

static void decides_as_listed(void)
{
    char path[CORPUS_PATH_MAX];
    struct dirent **entries = NULL;
    struct tally tally = {.deviations = BUFFER_INIT(CORPUS_FILE_MAX)};
    corpus_path(FOLDER, path);
    int count = scandir(path, &entries, is_module, alphasort);
    for (int i = 0; i < count; i++) {
        decide_file(entries[i]->d_name, &tally);
        free(entries[i]);
    }
    free(entries);
    CHECK_INT((long long)tally.cases, 402);
    CHECK_INT((long long)tally.broken, 94);
    printf("%zu cases, %zu broken, %zu compared with JSON\n", tally.cases, tally.broken,
           tally.compared);
    corpus_compare(buffer_view(&tally.deviations), FROZEN);
    buffer_done(&tally.deviations);
}

SUITE_OVER(FOLDER "/229Q.js",
           {"decides every case as the suite demands or the list says", decides_as_listed})
