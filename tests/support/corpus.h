/* Tests over the public suites, which are fetched and not part of the repository.
 *
 * SUITE_OVER(file, cases...) stands in place of SUITE: where `file` is missing below the folder of the
 * corpora (the environment's TEND_CORPORA, else what the build was configured with) the whole test
 * says so and is skipped, or fails where TEND_REQUIRE_CORPORA=1. Register it with
 * `set_tests_properties(... PROPERTIES SKIP_RETURN_CODE 77)`.
 */
#ifndef SUPPORT_CORPUS_H
#define SUPPORT_CORPUS_H

#include <stdlib.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "support/suite.h"

#ifndef TEND_CORPORA
#    define TEND_CORPORA "build/corpora" /* not built by tend_test(): from the root of the tree */
#endif

enum { CORPUS_SKIPPED = 77, CORPUS_PATH_MAX = 4096, CORPUS_FILE_MAX = 64 * 1024 * 1024 };

/* The path of `file` below the folder of the corpora. */
static inline void corpus_path(const char *file, char path[CORPUS_PATH_MAX])
{
    const char *folder = getenv("TEND_CORPORA");
    snprintf(path, CORPUS_PATH_MAX, "%s/%s", folder != NULL ? folder : TEND_CORPORA, file);
}

/* Append the bytes of the file at `path`; false where it cannot be read. */
static inline bool corpus_read_file(const char *path, struct buffer *out)
{
    char part[4096];
    size_t len;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    while ((len = fread(part, 1, sizeof part, file)) > 0) {
        buffer_add(out, part, len);
    }
    bool good = ferror(file) == 0 && !out->full;
    fclose(file);
    return good;
}

static inline bool corpus_read(const char *file, struct buffer *out)
{
    char path[CORPUS_PATH_MAX];
    corpus_path(file, path);
    return corpus_read_file(path, out);
}

/* The next line that is no comment; the empty text at the end. */
static inline struct text corpus_line(struct text *rest)
{
    struct text line = TEXT("#");
    while (text_starts(line, TEXT("#"))) {
        line = text_cut(rest, '\n');
    }
    return line;
}

/* Check that `decided` is what the file at `path`, the frozen list, says, line by line. */
static inline void corpus_compare(struct text decided, const char *path)
{
    CLEANUP(buffer_done) struct buffer frozen = BUFFER_INIT(CORPUS_FILE_MAX);
    CHECK(corpus_read_file(path, &frozen));
    struct text expected = buffer_view(&frozen);
    while (decided.len > 0 || expected.len > 0) {
        char ours[256], theirs[256];
        struct text our = corpus_line(&decided), their = corpus_line(&expected);
        snprintf(ours, sizeof ours, "%.*s", TEXT_ARG(our));
        snprintf(theirs, sizeof theirs, "%.*s", TEXT_ARG(their));
        if (!CHECK_TEXT(ours, theirs)) {
            return; /* the lines behind it are only shifted */
        }
    }
}

static inline int corpus_run(const char *file, const char *name, const struct suite_case *cases,
                             size_t count)
{
    char path[CORPUS_PATH_MAX];
    corpus_path(file, path);
    FILE *found = fopen(path, "rb");
    if (found != NULL) {
        fclose(found);
        return suite_run(name, cases, count);
    }
    const char *required = getenv("TEND_REQUIRE_CORPORA");
    bool fails = required != NULL && strcmp(required, "1") == 0;
    printf("%s: %s is missing; tests/data/fetch-corpora brings it\n", fails ? "failed" : "skipped",
           path);
    return fails ? 1 : CORPUS_SKIPPED;
}

#define SUITE_OVER(file, ...)                                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct suite_case cases[] = {__VA_ARGS__};                                    \
        setvbuf(stdout, NULL, _IOLBF, 0);                                                          \
        return corpus_run((file), __FILE__, cases, sizeof cases / sizeof cases[0]);                \
    }

#endif
