/* Tests run one after the other: each takes milliseconds, and what they print stays together. */
#include "sim/test_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "sim/play.h"
#include "sim/test_files.h"
#include "sim/test_options.h"

enum { EXIT_PASSED = 0, EXIT_TEST_FAILED = 1, EXIT_MISUSE = 2 };

struct session {
    const struct test_options *options;
    size_t ran, failed;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* Lines, each moved in by two. */
static void print_indented(const char *lines)
{
    struct text rest = text_of(lines);
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        printf("  %.*s\n", TEXT_ARG(line));
    }
}

static void tell(struct session *session, const char *title, double ms, const char *failure)
{
    session->ran++;
    session->failed += failure != NULL ? 1 : 0;
    printf("%s %s (%.0f ms)\n", failure == NULL ? "ok  " : "FAIL", title, ms);
    if (failure != NULL) {
        print_indented(failure);
        if (session->options->seed != 0) {
            printf("  again: --seed %" PRIu64 "\n", session->options->seed);
        }
    }
    fflush(stdout);
}

static void run_test(struct session *session, const char *file, size_t index, const char *name)
{
    CLEANUP(buffer_done) struct buffer title = BUFFER_INIT(MIB);
    struct play_result result;
    const struct play_options options = {
        .file = file, .index = index, .seed = session->options->seed};
    buffer_format(&title, "%s: %s", file, name);
    if (session->options->filter != NULL && strstr(title.data, session->options->filter) == NULL) {
        return;
    }
    double start = now_ms();
    play_run(&options, &result);
    tell(session, title.data, now_ms() - start, result.failure);
    play_result_done(&result);
}

static void run_file(struct session *session, const char *file)
{
    struct play_names names;
    struct error err = ERROR_INIT;
    if (play_list(file, &names, &err) != TEND_OK) {
        tell(session, file, 0, err.message);
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        run_test(session, file, i, names.names[i]);
    }
    play_names_done(&names);
}

static int run_all(const struct test_options *options, const struct test_files *files)
{
    struct session session = {.options = options};
    double start = now_ms();
    for (size_t i = 0; i < files->count; i++) {
        run_file(&session, files->paths[i]);
    }
    if (session.ran == 0) {
        fputs("tend: there is no test here: *_test.lua, *_test.yaml\n", stderr);
        return EXIT_MISUSE;
    }
    printf("%zu test%s: %zu passed, %zu failed (%.0f ms)\n", session.ran,
           session.ran == 1 ? "" : "s", session.ran - session.failed, session.failed,
           now_ms() - start);
    return session.failed > 0 ? EXIT_TEST_FAILED : EXIT_PASSED;
}

int test_main(int argc, char **argv)
{
    struct test_options options;
    struct test_files files;
    struct error err = ERROR_INIT;
    if (test_options_read(argc, argv, &options, &err) != TEND_OK) {
        fprintf(stderr, "tend: %s (see tend test --help)\n", err.message);
        return EXIT_MISUSE;
    }
    if (options.wish == TEST_HELP) {
        fputs(test_options_help, stdout);
        return EXIT_PASSED;
    }
    if (test_files_find(options.paths, options.path_count, &files, &err) != TEND_OK) {
        fprintf(stderr, "tend: %s\n", err.message);
        return EXIT_MISUSE;
    }
    int code = run_all(&options, &files);
    test_files_done(&files);
    return code;
}
