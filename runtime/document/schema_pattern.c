/* Whoever may write a kind's schema may write a pattern, and `(a+)+$` takes longer than the universe. So
 * every match has a number of steps, and memory, that it may use; what is beyond is an answer of its own.
 * PCRE2 counts the steps from each place where a match may begin, so texts are bounded as well.
 *
 * The just-in-time compiler makes patterns ten times faster; where it may not run (no executable memory)
 * or its small stack is too small, the interpreter answers.
 */
#include "document/schema_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/alloc.h"
#include "base/limits.h"

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
};

static void compile_context_done(pcre2_compile_context **context)
{
    pcre2_compile_context_free(*context);
}

enum tend_code pattern_compile(struct text text, struct pattern **ret_pattern, struct error *err)
{
    CLEANUP(compile_context_done)
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_set_max_pattern_length(context, SCHEMA_PATTERN_MAX);
    int problem = 0;
    size_t offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.ptr, text.len,
                                     PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
                                     &problem, &offset, context);
    if (code == NULL) {
        PCRE2_UCHAR reason[128] = "";
        pcre2_get_error_message(problem, reason, sizeof reason);
        return FAIL(err, TEND_INVALID, "expected a regular expression, found at its byte %zu: %s",
                    offset + 1, (const char *)reason);
    }
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* a failure leaves the interpreter */
    struct pattern *pattern = alloc_new(sizeof *pattern);
    pattern->code = code;
    pattern->limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(pattern->limits, SCHEMA_PATTERN_STEPS_MAX);
    pcre2_set_heap_limit(pattern->limits, SCHEMA_PATTERN_HEAP_MAX / KIB);
    *ret_pattern = pattern;
    return TEND_OK;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern != NULL) {
        pcre2_match_context_free(pattern->limits);
        pcre2_code_free(pattern->code);
        free(pattern);
    }
}

enum pattern_outcome pattern_match(const struct pattern *pattern, struct text text)
{
    if (text.len > SCHEMA_PATTERN_TEXT_MAX) {
        return PATTERN_EXHAUSTED;
    }
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.len == 0 ? "" : text.ptr);
    uint32_t options = PCRE2_NO_UTF_CHECK; /* a value's text is valid UTF-8 */
    int found = pcre2_match(pattern->code, subject, text.len, 0, options, data, pattern->limits);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
        options |= PCRE2_NO_JIT;
        found = pcre2_match(pattern->code, subject, text.len, 0, options, data, pattern->limits);
    }
    pcre2_match_data_free(data);
    if (found >= 0) {
        return PATTERN_MATCHES;
    }
    return found == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_EXHAUSTED;
}
