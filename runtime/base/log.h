/* Log lines: one fact a line, a sentence and key=value fields.
 *
 *     log_info(log, LOG_FIELDS({"kind", kind}, {"name", name}), "state %s", state);
 *
 * Only the rooms from `controller` upward log; the rooms below return errors. Levels: error (a human
 * must act), warn, info (what changed), debug. A line is written with one write(2), control
 * characters in values are escaped, and a value may be NULL (the field is left out).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_style { LOG_PLAIN /* time=... level=... msg=... */, LOG_COLOUR /* for a terminal */ };

struct log_field {
    const char *key, *value;
};

struct log {
    enum log_level level; /* what is less important is not written */
    enum log_style style;
    int fd;                         /* where lines go; -1: nowhere */
    int64_t (*now_ms)(void *clock); /* wall clock; NULL: lines carry no time */
    void *clock;
    void (*sink)(void *to, const char *line); /* instead of `fd`, for tests; NULL: use fd */
    void *to;
};

#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__, {NULL, NULL}})
#define LOG_NONE        ((const struct log_field[]){{NULL, NULL}})

/* Write one line. `log` may be NULL: nothing is written. `fields` ends with a NULL key. */
void log_write(const struct log *log, enum log_level level, const struct log_field *fields,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

#define log_error(log, fields, ...) log_write((log), LOG_ERROR, (fields), __VA_ARGS__)
#define log_warn(log, fields, ...)  log_write((log), LOG_WARN, (fields), __VA_ARGS__)
#define log_info(log, fields, ...)  log_write((log), LOG_INFO, (fields), __VA_ARGS__)
#define log_debug(log, fields, ...) log_write((log), LOG_DEBUG, (fields), __VA_ARGS__)

#endif
