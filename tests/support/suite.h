/* A test file is a table of named cases:
 *
 *     static void adds(void) { CHECK_INT(1 + 1, 2); }
 *     SUITE({"adds two numbers", adds})
 *
 * CUnit's basic runner returns 0 when assertions fail; SUITE's main returns 1 on a failure, and on a
 * suite that ran no assertion at all. A fatal CUnit assert longjmps past cleanups, so none is used
 * here: a check that fails marks the case and goes on; write `if (!CHECK(x)) return;` to stop.
 */
#ifndef SUPPORT_SUITE_H
#define SUPPORT_SUITE_H

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct suite_case {
    const char *name;
    void (*run)(void);
};

static inline bool suite_check(bool passed, int line, const char *what, const char *file)
{
    CU_assertImplementation(passed ? CU_TRUE : CU_FALSE, (unsigned)line, what, file, "", CU_FALSE);
    return passed;
}

#define CHECK(condition) suite_check((condition), __LINE__, #condition, __FILE__)

/* Integers of any type that a long long holds. */
#define CHECK_INT(actual, expected)                                                                \
    suite_check_int((long long)(actual), (long long)(expected), __LINE__, #actual, __FILE__)
#define CHECK_TEXT(actual, expected)                                                               \
    suite_check_text((actual), (expected), __LINE__, #actual, __FILE__)

static inline bool suite_check_int(long long actual, long long expected, int line, const char *what,
                                   const char *file)
{
    char text[256];
    snprintf(text, sizeof text, "%s is %lld, expected %lld", what, actual, expected);
    return suite_check(actual == expected, line, text, file);
}

static inline bool suite_check_text(const char *actual, const char *expected, int line,
                                    const char *what, const char *file)
{
    char text[2048];
    snprintf(text, sizeof text, "%s is \"%.900s\", expected \"%.900s\"", what,
             actual == NULL ? "(null)" : actual, expected);
    return suite_check(actual != NULL && strcmp(actual, expected) == 0, line, text, file);
}

static inline int suite_run(const char *name, const struct suite_case *cases, size_t count)
{
    if (CU_initialize_registry() != CUE_SUCCESS) {
        return 2;
    }
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (size_t i = 0; suite != NULL && i < count; i++) {
        if (CU_add_test(suite, cases[i].name, cases[i].run) == NULL) {
            suite = NULL;
        }
    }
    if (suite == NULL) {
        fprintf(stderr, "%s: %s\n", name, CU_get_error_msg());
        return 2;
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_tests_failed();
    unsigned asserts = CU_get_number_of_asserts();
    unsigned ran = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    return failed > 0 || asserts == 0 || ran != count ? 1 : 0;
}

#define SUITE(...)                                                                                 \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct suite_case cases[] = {__VA_ARGS__};                                    \
        setvbuf(stdout, NULL, _IOLBF, 0);                                                          \
        return suite_run(__FILE__, cases, sizeof cases / sizeof cases[0]);                         \
    }

#endif
