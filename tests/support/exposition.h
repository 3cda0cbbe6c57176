/* The page of a registry as a scraper reads it: judged line by line, and looked up by sample. */
#ifndef SUPPORT_EXPOSITION_H
#define SUPPORT_EXPOSITION_H

#include <math.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "support/suite.h"

/* The page, in pieces as small as they come; the caller frees it. */
static inline char *exposition_page(struct metrics *metrics)
{
    struct buffer out = BUFFER_INIT(64 * MIB);
    struct metrics_cursor cursor = {0};
    metrics_collect(metrics);
    while (metrics_write(metrics, &cursor, &out, 1)) {
    }
    CHECK(!out.full);
    char *page = buffer_take(&out);
    return page == NULL ? alloc_dup("") : page;
}

/* What is said of one sample ("name" or "name{a=\"b\"}"); NAN where it is not there. */
static inline double exposition_sample(const char *page, const char *sample)
{
    size_t len = strlen(sample);
    for (const char *line = page; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, sample, len) == 0 && line[len] == ' ') {
            return strtod(line + len + 1, NULL);
        }
    }
    return NAN;
}

static inline double exposition_now(struct metrics *metrics, const char *sample)
{
    CLEANUP(freep) char *page = exposition_page(metrics);
    return exposition_sample(page, sample);
}

static inline bool exposition_name(struct text *rest)
{
    size_t len = 0;
    while (len < rest->len &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789",
                  rest->ptr[len]) != NULL) {
        len++;
    }
    bool fine = len > 0 && (rest->ptr[0] < '0' || rest->ptr[0] > '9');
    *rest = text_from(*rest, len);
    return fine;
}

static inline bool exposition_byte(struct text *rest, char byte)
{
    bool fine = rest->len > 0 && rest->ptr[0] == byte;
    *rest = text_from(*rest, 1);
    return fine;
}

static inline bool exposition_value(struct text *rest)
{
    bool fine = exposition_byte(rest, '"');
    while (rest->len > 0 && rest->ptr[0] != '"') {
        size_t step = rest->ptr[0] == '\\' ? 2 : 1;
        fine = fine && (step == 1 || (rest->len > 1 && strchr("\\\"n", rest->ptr[1]) != NULL));
        *rest = text_from(*rest, step);
    }
    return exposition_byte(rest, '"') && fine;
}

/* metric_name [{label="value",...}] value */
static inline bool exposition_line(struct text line)
{
    bool fine = exposition_name(&line);
    if (line.len > 0 && line.ptr[0] == '{') {
        do {
            line = text_from(line, 1);
            fine = fine && exposition_name(&line) && exposition_byte(&line, '=') &&
                   exposition_value(&line);
        } while (fine && line.len > 0 && line.ptr[0] == ',');
        fine = fine && exposition_byte(&line, '}');
    }
    fine = fine && exposition_byte(&line, ' ');
    char *end = NULL;
    (void)strtod(line.ptr, &end);
    return fine && line.len > 0 && end == line.ptr + line.len;
}

/* Every line is one that the format has, each family's lines are one group under one TYPE, and no sample is
 * there twice. */
static inline void exposition_check(const char *page)
{
    struct text rest = text_of(page);
    struct text family = {"", 0};
    CHECK(rest.len == 0 || text_ends(rest, TEXT("\n")));
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        char text[4096];
        if (text_starts(line, TEXT("# TYPE "))) {
            struct text after = text_from(line, strlen("# TYPE "));
            family = text_cut(&after, ' ');
            snprintf(text, sizeof text, "\n# TYPE %.*s ", TEXT_ARG(family));
            CHECK(strstr(rest.ptr, text) == NULL);
        } else if (!text_starts(line, TEXT("# HELP "))) {
            bool fine = text_starts(line, family) && exposition_line(line);
            size_t blank = line.len;
            while (blank > 0 && line.ptr[blank] != ' ') {
                blank--;
            }
            snprintf(text, sizeof text, "\n%.*s ", TEXT_ARG(text_first(line, blank)));
            fine = fine && strstr(rest.ptr, text) == NULL;
            snprintf(text, sizeof text, "a line of the page: %.*s", TEXT_ARG(line));
            suite_check(fine, __LINE__, text, __FILE__);
        }
    }
}

#endif
