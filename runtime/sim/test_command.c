/* Tests run one after the other: each takes milliseconds, and what they print stays together. */
#include "sim/test_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "sim/junit.h"
#include "sim/play.h"
#include "sim/rerun.h"
#include "sim/stage.h"
#include "sim/test_files.h"
#include "sim/test_options.h"
#include "sim/trial.h"

enum { EXIT_PASSED = 0, EXIT_TEST_FAILED = 1, EXIT_MISUSE = 2 };

struct session {
    const struct test_options *options;
    char copies[STAGE_FOLDER_MAX]; /* of scripts, shared by all tests */
    struct junit_case *cases;
    size_t count, failed;
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

static void tell(struct session *session, const struct junit_case *one, unsigned faults)
{
    session->cases = alloc_resize(session->cases, session->count + 1, sizeof(struct junit_case));
    session->cases[session->count++] = *one;
    session->failed += one->failure != NULL ? 1 : 0;
    printf("%s %s%s%s", one->failure == NULL ? "ok  " : "FAIL", one->file,
           one->name[0] == '\0' ? "" : ": ", one->name);
    if (faults > 0) {
        printf(", with %u fault%s", faults, faults == 1 ? "" : "s");
    }
    printf(" (%.0f ms)\n", one->ms);
    if (one->failure != NULL) {
        print_indented(one->failure);
    }
    fflush(stdout);
}

static bool is_wanted(const struct session *session, const char *file, const char *name)
{
    CLEANUP(buffer_done) struct buffer title = BUFFER_INIT(MIB);
    const char *filter = session->options->filter;
    buffer_format(&title, "%s: %s", file, name);
    return filter == NULL || strstr(title.data, filter) != NULL;
}

static void run_test(struct session *session, const char *file, size_t index, const char *name)
{
    struct trial trial = {.options = session->options,
                          .file = file,
                          .name = name,
                          .index = index,
                          .copies = session->copies};
    double start = now_ms();
    trial_run(&trial);
    const struct junit_case one = {
        .file = alloc_dup(file),
        .name = alloc_dup(name),
        .failure = trial.failure.len == 0 ? NULL : buffer_take(&trial.failure),
        .ms = now_ms() - start,
    };
    tell(session, &one, trial.faults);
    if (trial.story != NULL) {
        print_indented(trial.story);
    }
    trial_done(&trial);
}

static void run_file(struct session *session, const char *file)
{
    struct play_names names;
    struct error err = ERROR_INIT;
    if (play_list(file, &names, &err) != TEND_OK) {
        const struct junit_case one = {
            .file = alloc_dup(file), .name = alloc_dup(""), .failure = alloc_dup(err.message)};
        tell(session, &one, 0);
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        if (is_wanted(session, file, names.names[i])) {
            run_test(session, file, i, names.names[i]);
        }
    }
    play_names_done(&names);
}

static void session_done(struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        free(session->cases[i].file);
        free(session->cases[i].name);
        free(session->cases[i].failure);
    }
    free(session->cases);
}

/* The exit code of what was run. */
static int sum_up(const struct session *session, double ms)
{
    struct error err = ERROR_INIT;
    const char *junit = session->options->junit;
    if (junit != NULL && junit_write(junit, session->cases, session->count, &err) != TEND_OK) {
        fprintf(stderr, "tend: %s\n", err.message);
        return EXIT_MISUSE;
    }
    if (session->count == 0) {
        fputs("tend: there is no test here: *_test.lua, *_test.yaml\n", stderr);
        return EXIT_MISUSE;
    }
    printf("%zu test%s: %zu passed, %zu failed (%.0f ms)\n", session->count,
           session->count == 1 ? "" : "s", session->count - session->failed, session->failed, ms);
    fflush(stdout);
    return session->failed > 0 ? EXIT_TEST_FAILED : EXIT_PASSED;
}

static int run_all(const struct test_options *options)
{
    struct session session = {.options = options};
    struct test_files files;
    struct error err = ERROR_INIT;
    double start = now_ms();
    if (test_files_find(options->paths, options->path_count, &files, &err) != TEND_OK) {
        fprintf(stderr, "tend: %s\n", err.message);
        return EXIT_MISUSE;
    }
    if (stage_folder_make(session.copies, &err) != TEND_OK) {
        fprintf(stderr, "tend: %s\n", err.message);
        test_files_done(&files);
        return EXIT_MISUSE;
    }
    for (size_t i = 0; i < files.count; i++) {
        run_file(&session, files.paths[i]);
    }
    test_files_done(&files);
    stage_folder_remove(session.copies);
    int code = sum_up(&session, now_ms() - start);
    session_done(&session);
    return code;
}

/* Until somebody ends it. */
static int run_for_ever(const struct test_options *options)
{
    struct rerun rerun;
    struct error err = ERROR_INIT;
    enum tend_code code = rerun_open(options->paths, options->path_count, &rerun, &err);
    while (code == TEND_OK) {
        (void)run_all(options);
        puts("waiting for a change ...");
        fflush(stdout);
        code = rerun_wait(&rerun, &err);
        if (code != TEND_OK) {
            rerun_close(&rerun);
        }
    }
    fprintf(stderr, "tend: %s\n", err.message);
    return EXIT_MISUSE;
}

int test_main(int argc, char **argv)
{
    struct test_options options;
    struct error err = ERROR_INIT;
    if (test_options_read(argc, argv, &options, &err) != TEND_OK) {
        fprintf(stderr, "tend: %s (see tend test --help)\n", err.message);
        return EXIT_MISUSE;
    }
    if (options.wish == TEST_HELP) {
        fputs(test_options_help, stdout);
        return EXIT_PASSED;
    }
    return options.repeat == TEST_WATCH ? run_for_ever(&options) : run_all(&options);
}
