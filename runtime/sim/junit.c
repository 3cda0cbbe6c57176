/* What stands in a failure comes from scripts and may be anything: XML 1.0 has no place for most control
 * characters, escaped or not. */
#include "sim/junit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "document/utf8.h"

static void put_escaped(FILE *out, const char *chars)
{
    for (; *chars != '\0'; chars++) {
        unsigned char byte = (unsigned char)*chars;
        size_t len = utf8_len(chars);
        if (byte >= 0x80) {
            fprintf(out, "%.*s", len > 0 ? (int)len : 1, len > 0 ? chars : "?");
            chars += len > 0 ? len - 1 : 0;
            continue;
        }
        switch (byte) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(byte < ' ' && byte != '\t' && byte != '\n' ? '?' : byte, out);
        }
    }
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    put_escaped(out, value);
    fputc('"', out);
}

static void put_failure(FILE *out, const char *failure)
{
    char first[256];
    struct text rest = text_of(failure), line = text_cut(&rest, '\n');
    line = text_clip(line, sizeof first - 1);
    snprintf(first, sizeof first, "%.*s", TEXT_ARG(line));
    fputs("    <failure", out);
    put_attribute(out, "message", first);
    fputc('>', out);
    put_escaped(out, failure);
    fputs("</failure>\n", out);
}

static void put_case(FILE *out, const struct junit_case *one)
{
    fputs("  <testcase", out);
    put_attribute(out, "classname", one->file);
    put_attribute(out, "name", one->name);
    fprintf(out, " time=\"%.3f\"", one->ms / 1000);
    if (one->failure == NULL) {
        fputs("/>\n", out);
        return;
    }
    fputs(">\n", out);
    put_failure(out, one->failure);
    fputs("  </testcase>\n", out);
}

/* The cases of one file; returns how many. */
static size_t put_suite(FILE *out, const struct junit_case *cases, size_t count)
{
    size_t same = 0, failed = 0;
    double ms = 0;
    while (same < count && strcmp(cases[same].file, cases[0].file) == 0) {
        failed += cases[same].failure != NULL ? 1 : 0;
        ms += cases[same++].ms;
    }
    fputs(" <testsuite", out);
    put_attribute(out, "name", cases[0].file);
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"%.3f\">\n", same, failed,
            ms / 1000);
    for (size_t i = 0; i < same; i++) {
        put_case(out, &cases[i]);
    }
    fputs(" </testsuite>\n", out);
    return same;
}

enum tend_code junit_write(const char *path, const struct junit_case *cases, size_t count,
                           struct error *err)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return FAIL(err, TEND_IO, "cannot write %s: %s", path, strerror(errno));
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
    for (size_t done = 0; done < count;) {
        done += put_suite(out, cases + done, count - done);
    }
    fputs("</testsuites>\n", out);
    bool broken = ferror(out) != 0;
    if (fclose(out) != 0 || broken) {
        return FAIL(err, TEND_IO, "cannot write %s: %s", path, strerror(errno));
    }
    return TEND_OK;
}
