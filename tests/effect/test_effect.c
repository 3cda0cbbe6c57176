/* What may be asked of the outside: each refusal names the field. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "effect/effect.h"
#include "support/suite.h"

static enum tend_code check(const char *json, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *question = NULL;
    TRY(json_parse(&arena, text_of(json), &question, err));
    return effect_check(question, err);
}

static void what_can_be_done_passes(void)
{
    static const char *const good[] = {
        "{\"exec\":{\"argv\":[\"true\"]}}",
        "{\"exec\":{\"argv\":[\"sh\",\"-c\",\"\"],\"stdin\":\"a\",\"env\":{\"A\":\"=\"},"
        "\"directory\":\"/\",\"timeoutMs\":86400000,\"name\":\"n\"}}",
        "{\"http\":{\"url\":\"http://localhost/\"}}",
        "{\"http\":{\"url\":\"https://h/?a=%20\",\"method\":\"PURGE\",\"headers\":{\"X-A\":\"b\\tc\"},"
        "\"body\":\"b\",\"timeoutMs\":1,\"name\":\"n\"}}",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct error err = ERROR_INIT;
        CHECK_INT(check(good[i], &err), TEND_OK);
    }
}

static void what_cannot_be_meant_is_named(void)
{
    static const struct {
        const char *question, *message;
    } bad[] = {
        {"{\"exec\":{}}", "exec: argv: the program is missing"},
        {"{\"exec\":{\"argv\":[\"\"]}}", "exec: argv: the program is missing"},
        {"{\"exec\":{\"argv\":[\"a\",1]}}", "exec: argv: argument 1: expected string, got integer"},
        {"{\"exec\":{\"argv\":\"a\"}}", "exec: argv: expected array, got string"},
        {"{\"exec\":{\"argv\":[\"a\\u0000b\"]}}", "exec: argv contains a NUL byte"},
        {"{\"exec\":{\"argv\":[\"a\"],\"shell\":true}}", "exec: there is no field \"shell\""},
        {"{\"exec\":{\"argv\":[\"a\"],\"env\":{\"A=\":\"b\"}}}",
         "exec: env: \"A=\" is no name of a variable"},
        {"{\"exec\":{\"argv\":[\"a\"],\"env\":{\"A\":1}}}",
         "exec: env: A: expected string, got integer"},
        {"{\"exec\":{\"argv\":[\"a\"],\"directory\":\"tmp\"}}",
         "exec: directory: expected an absolute path, got \"tmp\""},
        {"{\"exec\":{\"argv\":[\"a\"],\"timeoutMs\":0}}",
         "exec: timeout: expected 1 ms to 24 h, got 0 ms"},
        {"{\"exec\":{\"argv\":[\"a\"],\"timeoutMs\":86400001}}",
         "exec: timeout: expected 1 ms to 24 h, got 86400001 ms"},
        {"{\"http\":{}}", "http: url: expected http://... or https://..., got \"\""},
        {"{\"http\":{\"url\":\"file:///etc/passwd\"}}",
         "http: url: expected http://... or https://..., got \"file:///etc/passwd\""},
        {"{\"http\":{\"url\":\"http://a/ b\"}}",
         "http: url: contains a space or a control character"},
        {"{\"http\":{\"url\":\"http://a/\",\"method\":\"GET /\"}}",
         "http: method: \"GET /\" is none"},
        {"{\"http\":{\"url\":\"http://a/\",\"headers\":{\"A:\":\"b\"}}}",
         "http: headers: \"A:\" is no name of a header"},
        {"{\"http\":{\"url\":\"http://a/\",\"headers\":{\"A\":\"b\\r\\nC: d\"}}}",
         "http: headers: A: expected one line of text"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error err = ERROR_INIT;
        CHECK_INT(check(bad[i].question, &err), TEND_INVALID);
        CHECK_TEXT(err.message, bad[i].message);
    }
}

static void a_question_is_bounded(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    char *large = alloc_new(EFFECT_INPUT_MAX + 1);
    memset(large, 'x', EFFECT_INPUT_MAX);
    const struct value *http =
        value_with(&arena, NULL, TEXT("url"), value_chars(&arena, "http://a"));
    http = value_with(&arena, http, TEXT("body"), value_chars(&arena, large));
    const struct value *question = value_with(&arena, NULL, TEXT("http"), http);
    free(large);
    CHECK_INT(effect_check(question, &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "http: longer than 256 KiB in all");
}

SUITE({"what can be done passes", what_can_be_done_passes},
      {"what cannot be meant is named", what_cannot_be_meant_is_named},
      {"a question is bounded", a_question_is_bounded})
