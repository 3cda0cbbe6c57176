/* Lines that a runner and its plugin write to standard output and error, which the host puts into its
 * log. "<4>text" carries a level, by the digits of syslog (RFC 5424): 3 error, 4 warning, 6 information,
 * 7 debug; any other line is information. A pipe and not a frame, because what a plugin said just
 * before it crashed is what matters most.
 */
#ifndef PROTOCOL_LINE_H
#define PROTOCOL_LINE_H

#include "base/log.h"
#include "base/text.h"

static inline char line_level(enum log_level level)
{
    return level == LOG_ERROR ? '3' : level == LOG_WARN ? '4' : level == LOG_INFO ? '6' : '7';
}

/* The level of `*line`, whose mark is cut off. */
static inline enum log_level line_cut_level(struct text *line)
{
    if (line->len < 3 || line->ptr[0] != '<' || line->ptr[2] != '>') {
        return LOG_INFO;
    }
    char digit = line->ptr[1];
    if (digit < '3' || digit > '7') {
        return LOG_INFO;
    }
    *line = text_from(*line, 3);
    return digit == '3' ? LOG_ERROR : digit == '4' ? LOG_WARN : digit == '7' ? LOG_DEBUG : LOG_INFO;
}

#endif
