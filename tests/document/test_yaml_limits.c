/* What would keep libyaml, or what comes after it, busy for long. Nothing here reads a clock: a case that
 * is not bounded takes seconds to hours under sanitizers, and the test's timeout ends it. */
#include "base/alloc.h"
#include "base/limits.h"
#include "document/yaml.h"
#include "support/suite.h"

/* `start`, then `unit` until there are `size` bytes, then `end`; read. */
static enum tend_code read_repeated(const char *start, const char *unit, size_t size,
                                    const char *end, struct error *err)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(2 * INPUT_BYTES_MAX);
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream = {0};
    buffer_chars(&text, start);
    while (text.len < size) {
        buffer_chars(&text, unit);
    }
    buffer_chars(&text, end);
    return yaml_parse(&arena, buffer_view(&text), &stream, err);
}

static void check_refused(const char *start, const char *unit, size_t size, const char *complaint)
{
    struct error err = ERROR_INIT;
    CHECK_INT(read_repeated(start, unit, size, "", &err), TEND_LIMIT);
    if (!CHECK(strstr(err.message, complaint) != NULL)) {
        fprintf(stderr, "%s: %s\n", unit, err.message);
    }
}

static void refuses_depth_before_the_scanner_is_slow(void)
{
    const char *complaint = "expected at most 64 levels of nesting";
    check_refused("", "[", 64 * KIB, complaint);
    check_refused("", "[", MIB, complaint);
    check_refused("", "[\n", MIB, complaint);
    check_refused("", "{a: ", 64 * KIB, complaint);
    check_refused("", "{a:\n ", MIB, complaint);
    check_refused("", "[&a [],", 256 * KIB, complaint);
    check_refused("", "- ", MIB, complaint);
    check_refused("", "[a,", MIB, complaint);
    check_refused("", "[{b: ", MIB, complaint);
    check_refused("", "- - - - - - - - ", MIB, complaint);
}

/* `depth` lists inside each other, with an alias of two more lists in the innermost. */
static enum tend_code read_nested_alias(size_t depth, struct error *err)
{
    char start[] = "- &x [[1]]\n- ";
    CLEANUP(buffer_done) struct buffer close = BUFFER_INIT(KIB);
    buffer_chars(&close, "*x");
    for (size_t i = 0; i < depth; i++) {
        buffer_byte(&close, ']');
    }
    return read_repeated(start, "[", sizeof start - 1 + depth, close.data, err);
}

static void counts_depth_through_aliases(void)
{
    struct error err = ERROR_INIT;
    CHECK_INT(read_nested_alias(DOC_DEPTH_MAX - 3, &err), TEND_OK);
    CHECK_INT(read_nested_alias(DOC_DEPTH_MAX - 2, &err), TEND_LIMIT);
}

static void accepts_depth_up_to_the_limit(void)
{
    char close[DOC_DEPTH_MAX + 2] = "";
    struct error err = ERROR_INIT;
    memset(close, ']', DOC_DEPTH_MAX);
    CHECK_INT(read_repeated("", "[", DOC_DEPTH_MAX, close, &err), TEND_OK);
    memset(close, ']', DOC_DEPTH_MAX + 1);
    CHECK_INT(read_repeated("", "[", DOC_DEPTH_MAX + 1, close, &err), TEND_LIMIT);
}

static void refuses_what_aliases_amount_to(void)
{
    struct error err = ERROR_INIT;
    const char *laughs =
        "a: &a [l,l,l,l,l,l,l,l,l,l]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
        "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    CHECK_INT(read_repeated(laughs, "", 0, "", &err), TEND_LIMIT);
    CHECK(strstr(err.message, "line 6") != NULL);
    CHECK(strstr(err.message, "expected at most 200000 values in a document") != NULL);
    check_refused("- &a x\n", "- *a\n", 4 * KIB, "expected at most 100 aliases in a document");
    CHECK_INT(read_repeated("- &a \"", "x", 100 * KIB, "\"\n- [*a,*a,*a,*a,*a,*a]\n", &err),
              TEND_OK);
    CHECK_INT(read_repeated("- &a \"", "x", 100 * KIB,
                            "\"\n- &b [*a,*a,*a,*a,*a,*a]\n- [*b,*b,*b]\n", &err),
              TEND_LIMIT);
    CHECK(strstr(err.message, "bytes of text in a document") != NULL);
}

static void counts_every_document_anew(void)
{
    struct error err = ERROR_INIT;
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    for (unsigned i = 0; i < 3 * YAML_ALIASES_MAX; i++) {
        buffer_chars(&text, i % YAML_ALIASES_MAX == 0 ? "---\n- &a 1\n" : "");
        buffer_chars(&text, "- *a\n");
    }
    CHECK_INT(read_repeated(text.data, "", 0, "", &err), TEND_OK);
    buffer_clear(&text);
    for (unsigned i = 0; i < DOC_NODES_MAX + 1000; i++) {
        buffer_chars(&text, i % (DOC_NODES_MAX / 2) == 0 ? "---\n" : "");
        buffer_chars(&text, "- \n");
    }
    CHECK_INT(read_repeated(text.data, "", 0, "", &err), TEND_OK);
}

static void refuses_too_many_of_anything(void)
{
    check_refused("", "- 1\n", 2 * MIB, "line 200000, column 3: expected at most 200000 values");
    check_refused("", "--- 1\n", MIB, "line 100001: expected at most 100000 documents");
    check_refused("", "---\n", MIB, "line 100001: expected at most 100000 documents");
    check_refused("", "%TAG !a! b\n", MIB, "line 101: expected at most 100 lines");
    check_refused("", "x", 2 * MIB, "bytes of text in a document");
    check_refused("", "#", INPUT_BYTES_MAX + 1, "expected at most 16777216 bytes, found 16777217");
    check_refused("? ", "k", 2 * KIB, "line 1, column 3: expected a key of at most 1024 bytes");
}

static void refuses_too_many_keys_in_one_mapping(void)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    for (unsigned i = 0; i < DOC_KEYS_MAX; i++) {
        buffer_format(&text, "k%u: 1\n", i);
    }
    CHECK_INT(yaml_parse(&arena, buffer_view(&text), &stream, &err), TEND_OK);
    buffer_chars(&text, "more: 1\n");
    CHECK_INT(yaml_parse(&arena, buffer_view(&text), &stream, &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "line 10001, column 1: expected at most 10000 keys in a mapping");
}

SUITE({"refuses depth before the scanner is slow", refuses_depth_before_the_scanner_is_slow},
      {"counts depth through aliases", counts_depth_through_aliases},
      {"accepts depth up to the limit", accepts_depth_up_to_the_limit},
      {"refuses what aliases amount to", refuses_what_aliases_amount_to},
      {"counts every document anew", counts_every_document_anew},
      {"refuses too many values, documents, bytes", refuses_too_many_of_anything},
      {"refuses too many keys in one mapping", refuses_too_many_keys_in_one_mapping})
