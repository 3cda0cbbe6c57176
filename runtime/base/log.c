/* A line is built on the stack and written whole, so that lines of two processes on one terminal do
 * not mix and a full pipe costs a line, not the program. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/moment.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const level_marks[] = {"\x1b[31merror", "\x1b[33mwarn ", "\x1b[32minfo ",
                                          "\x1b[90mdebug"};

static void add_escaped(struct buffer *line, const char *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '\n') {
            buffer_chars(line, "\\n");
        } else if (byte < 0x20 || byte == 0x7f) {
            buffer_format(line, "\\x%02x", byte);
        } else if (byte == '"' || byte == '\\') {
            buffer_format(line, "\\%c", byte);
        } else {
            buffer_byte(line, *at);
        }
    }
}

static void add_value(struct buffer *line, const char *value)
{
    bool bare = value[0] != '\0' && strpbrk(value, " \"=\\\n\t\r") == NULL;
    if (!bare) {
        buffer_byte(line, '"');
    }
    add_escaped(line, value);
    if (!bare) {
        buffer_byte(line, '"');
    }
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
    add_escaped(line, message);
    for (; fields->key != NULL; fields++) {
        if (fields->value != NULL) {
            buffer_format(line, " \x1b[36m%s\x1b[0m=", fields->key);
            add_value(line, fields->value);
        }
    }
}

void log_write(const struct log *log, enum log_level level, const struct log_field *fields,
               const char *format, ...)
{
    if (log == NULL || level > log->level || (log->fd < 0 && log->sink == NULL)) {
        return;
    }
    char message[LOG_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct buffer line = BUFFER_INIT(LOG_LINE_MAX);
    if (log->style == LOG_COLOUR) {
        add_coloured(&line, log, level, fields, message);
    } else {
        add_plain(&line, log, level, fields, message);
    }
    if (log->sink != NULL) {
        log->sink(log->to, buffer_view(&line).ptr);
    } else {
        buffer_byte(&line, '\n');
        ssize_t written = write(log->fd, line.data, line.len);
        (void)written; /* a log that cannot be written must not stop the host */
    }
    buffer_done(&line);
}
