/* A line is built on the stack and written whole, so that lines of two processes on one terminal do
 * not mix and a full pipe costs a line, not the program. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/moment.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char line_cut[] = "..."; /* ends a line that was cut; its NUL pays for the newline */
static const char *const level_marks[] = {"\x1b[31merror", "\x1b[33mwarn ", "\x1b[32minfo ",
                                          "\x1b[90mdebug"};

/* Length of the control character at `at`, 0 where there is none: what a terminal would act on, which
 * is C0, DEL, and C1 in its UTF-8 form (0xc2 0x80..0x9f). */
static int control_len(const char *at)
{
    unsigned char byte = (unsigned char)*at;
    if (byte == 0xc2) {
        unsigned char next = (unsigned char)at[1];
        return next >= 0x80 && next <= 0x9f ? 2 : 0;
    }
    return (byte != '\0' && byte < 0x20) || byte == 0x7f ? 1 : 0;
}

/* `value` with control characters spelled out, and a backslash before each byte of `special`. */
static void add_escaped(struct buffer *line, const char *value, const char *special)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\n') {
            buffer_chars(line, "\\n");
        } else if (control_len(at) == 2) {
            buffer_format(line, "\\u00%02x", (unsigned char)*++at);
        } else if (control_len(at) == 1) {
            buffer_format(line, "\\u00%02x", (unsigned char)*at);
        } else if (strchr(special, *at) != NULL) {
            buffer_format(line, "\\%c", *at);
        } else {
            buffer_byte(line, *at);
        }
    }
}

static bool is_bare(const char *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (control_len(at) > 0) {
            return false;
        }
    }
    return value[0] != '\0' && strpbrk(value, " \"=\\") == NULL;
}

static void add_value(struct buffer *line, const char *value)
{
    if (is_bare(value)) {
        buffer_chars(line, value);
        return;
    }
    buffer_byte(line, '"');
    add_escaped(line, value, "\"\\");
    buffer_byte(line, '"');
}

static void add_plain(struct buffer *line, const struct log *log, enum log_level level,
                      const struct log_field *fields, const char *message)
{
    char moment[MOMENT_TEXT_MAX];
    if (log->now_ms != NULL) {
        buffer_format(line, "time=%s ", moment_format_micro(log->now_ms(log->clock), moment));
    }
    buffer_format(line, "level=%s msg=", level_names[level]);
    add_value(line, message);
    for (; fields->key != NULL; fields++) {
        if (fields->value != NULL) {
            buffer_format(line, " %s=", fields->key);
            add_value(line, fields->value);
        }
    }
}

static void add_coloured(struct buffer *line, const struct log *log, enum log_level level,
                         const struct log_field *fields, const char *message)
{
    char moment[MOMENT_TEXT_MAX];
    if (log->now_ms != NULL) {
        moment_format_micro(log->now_ms(log->clock), moment);
        buffer_format(line, "\x1b[90m%.12s\x1b[0m ", moment + 11);
    }
    buffer_format(line, "%s\x1b[0m ", level_marks[level]);
    add_escaped(line, message, "");
    for (; fields->key != NULL; fields++) {
        if (fields->value != NULL) {
            buffer_format(line, " \x1b[36m%s\x1b[0m=", fields->key);
            add_value(line, fields->value);
        }
    }
}

static void send_line(const struct log *log, struct buffer *line)
{
    if (log->sink != NULL) {
        log->sink(log->to, buffer_view(line).ptr);
        return;
    }
    buffer_byte(line, '\n');
    ssize_t written = write(log->fd, line->data, line->len);
    (void)written; /* a log that cannot be written must not stop the host */
}

void log_write(const struct log *log, enum log_level level, const struct log_field *fields,
               const char *format, ...)
{
    if (log == NULL || level > log->level || (log->fd < 0 && log->sink == NULL)) {
        return;
    }
    char message[LOG_MESSAGE_MAX] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(LOG_LINE_MAX - sizeof line_cut);
    if (log->style == LOG_COLOUR) {
        add_coloured(&line, log, level, fields, message);
    } else {
        add_plain(&line, log, level, fields, message);
    }
    line.max = LOG_LINE_MAX;
    if (line.full) {
        line.full = false;
        buffer_chars(&line, line_cut);
    }
    send_line(log, &line);
}
