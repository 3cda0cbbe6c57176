/* Failure is a code to act on plus a sentence to show.
 *
 * A fallible function returns an enum tend_code, takes `struct error *err` last, and writes its
 * outputs only on success. The error lives on the caller's stack; making one allocates nothing.
 *
 *     TRY(document_read(path, &doc, err));            -- forward a failure unchanged
 *     return FAIL(err, TEND_INVALID, "%s: no kind", path);
 *
 * Library rooms return errors and never log them; whoever handles one logs it, once.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#define NODISCARD                __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* The closed list of outcomes. HTTP status, exit code and retry policy are exhaustive switches over
 * it: a new code does not compile until each of them has said what it means. */
enum tend_code {
    TEND_OK = 0,
    TEND_INVALID,     /* the input breaks a rule; trying again changes nothing */
    TEND_DENIED,      /* this caller may not do that */
    TEND_NOT_FOUND,   /* there is no such thing */
    TEND_EXISTS,      /* there is one already */
    TEND_CONFLICT,    /* it changed since the caller read it */
    TEND_GONE,        /* that revision is no longer kept */
    TEND_LIMIT,       /* larger or more than base/limits.h allows */
    TEND_TIMEOUT,     /* it took longer than it may */
    TEND_UNAVAILABLE, /* not now (disk full, shutting down, nobody serves it); later perhaps */
    TEND_IO,          /* the operating system failed */
    TEND_CORRUPT,     /* stored data is not what was written */
    TEND_INTERNAL,    /* our bug */
};

/* The code's name as people and scripts see it: "not-found". Never NULL. [any thread] */
const char *code_name(enum tend_code code);

enum { ERROR_TEXT_MAX = 512 };

struct error {
    enum tend_code code;
    const char *origin;           /* "runtime/x/y.c:12" of the FAIL that made it */
    char message[ERROR_TEXT_MAX]; /* one sentence, no full stop; cut with "..." where too long */
};

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        .code = TEND_OK                                                                            \
    }

/* Fill `err` (which may be NULL) and return `code`, so that a failure is one statement. */
enum tend_code error_set(struct error *err, enum tend_code code, const char *origin,
                         const char *format, ...) PRINTF_LIKE(4, 5);

/* Put "<prefix>: " in front of the message on its way up; returns err->code. A prefix that leaves no
 * room is left out. Without an `err` there is no code to return: TEND_INTERNAL. */
enum tend_code error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#define ERROR_LINE_(line) #line
#define ERROR_LINE(line)  ERROR_LINE_(line)
#define FAIL(err, code, ...)                                                                       \
    error_code(error_set((err), (code), __FILE__ ":" ERROR_LINE(__LINE__), __VA_ARGS__), (code))

/* For FAIL: shows the compiler which code it is, so that it knows what was not written on a failure. */
static inline enum tend_code error_code(enum tend_code set, enum tend_code code)
{
    (void)set;
    return code;
}

/* The only macro that returns: hands a failure to the caller as it is. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum tend_code try_code_ = (call);                                                         \
        if (try_code_ != TEND_OK) {                                                                \
            return try_code_;                                                                      \
        }                                                                                          \
    } while (0)

#endif
