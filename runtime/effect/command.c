/* The words of the question as the system wants them. */
#include "effect/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "effect/keep.h"

static const char *const *argv_of(struct arena *arena, const struct value *request)
{
    const struct value *argv = value_field(request, "argv");
    const char **words = arena_alloc(arena, (value_count(argv) + 1) * sizeof *words);
    for (size_t i = 0; i < value_count(argv); i++) {
        words[i] = value_at(argv, i)->text.ptr;
    }
    return words;
}

static const char *given(const struct value *env, const char *name)
{
    const struct value *value = value_get(env, text_of(name));
    return value == NULL ? NULL : value->text.ptr;
}

/* The host's own may hold secrets: a few names of it are passed on. */
static const char *const *environment_of(struct arena *arena, const struct value *env)
{
    static const char *const passed[] = {"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"};
    size_t count = 0;
    const char **all = arena_alloc(arena, (value_count(env) + COUNT_OF(passed) + 1) * sizeof *all);
    for (size_t i = 0; i < COUNT_OF(passed); i++) {
        const char *value = getenv(passed[i]);
        if (value != NULL && given(env, passed[i]) == NULL) {
            all[count++] = arena_format(arena, "%s=%s", passed[i], value).ptr;
        }
    }
    for (size_t i = 0; i < value_count(env); i++) {
        const struct value_field *field = &env->fields[i];
        all[count++] =
            arena_format(arena, "%.*s=%s", TEXT_ARG(field->key), field->value->text.ptr).ptr;
    }
    return all;
}

/* Where PATH has it, as a shell looks; a name with a slash is one already. NULL: nowhere. */
static const char *find(struct arena *arena, const char *name, const struct value *env)
{
    if (strchr(name, '/') != NULL) {
        return name;
    }
    const char *path = given(env, "PATH") != NULL ? given(env, "PATH") : getenv("PATH");
    struct text rest = text_of(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
    while (rest.len > 0) {
        struct text folder = text_cut(&rest, ':');
        struct text file = arena_format(arena, "%.*s/%s", TEXT_ARG(folder), name);
        if (folder.len > 0 && folder.ptr[0] == '/' && access(file.ptr, X_OK) == 0) {
            return file.ptr;
        }
    }
    return NULL;
}

enum tend_code command_read(struct arena *arena, const struct value *request,
                            struct command *ret_command, struct error *err)
{
    const struct value *env = value_field(request, "env");
    const char *const *argv = argv_of(arena, request);
    *ret_command = (struct command){
        .path = find(arena, argv[0], env),
        .argv = argv,
        .environment = environment_of(arena, env),
        .directory = value_text_or(value_field(request, "directory"), TEXT("/")).ptr,
        .input = value_text_or(value_field(request, "stdin"), TEXT("")),
        .timeout_ms = value_int_or(value_field(request, "timeoutMs"), EXEC_TIMEOUT_MS),
    };
    if (ret_command->path == NULL) {
        return FAIL(err, TEND_NOT_FOUND, "there is no program \"%s\" in PATH", argv[0]);
    }
    return TEND_OK;
}

const struct value *command_result(struct arena *arena, const struct command_end *end)
{
    bool ok = !end->timed_out && WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0;
    const struct value *result = value_with(arena, NULL, TEXT("ok"), value_bool(arena, ok));
    if (end->timed_out) {
        result = value_with(arena, result, TEXT("timedOut"), value_bool(arena, true));
    } else if (WIFEXITED(end->status)) {
        result =
            value_with(arena, result, TEXT("code"), value_int(arena, WEXITSTATUS(end->status)));
    } else {
        result = value_with(arena, result, TEXT("signal"), value_int(arena, WTERMSIG(end->status)));
    }
    if (end->out->cut || end->err->cut) {
        result = value_with(arena, result, TEXT("cut"), value_bool(arena, true));
    }
    result = value_with(arena, result, TEXT("out"), capture_text(arena, end->out));
    return value_with(arena, result, TEXT("err"), capture_text(arena, end->err));
}

const struct value *command_problem(struct arena *arena, const char *sentence)
{
    const struct value *result = value_with(arena, NULL, TEXT("ok"), value_bool(arena, false));
    result = value_with(arena, result, TEXT("problem"), capture_clean(arena, text_of(sentence)));
    result = value_with(arena, result, TEXT("out"), value_chars(arena, ""));
    return value_with(arena, result, TEXT("err"), value_chars(arena, ""));
}

/* --- from a keeper -------------------------------------------------------------------------------- */

static void capture_take(struct capture *capture, struct text *rest, size_t len, int cut)
{
    *capture = (struct capture)CAPTURE_INIT;
    capture_add(capture, rest->ptr, len);
    capture->cut = cut != 0;
    *rest = text_from(*rest, len);
}

const struct value *command_kept_result(struct arena *arena, struct text bytes)
{
    struct text rest = bytes, line = text_cut(&rest, '\n');
    char head[256];
    int status, timed_out, out_cut, err_cut;
    size_t out_len, err_len;
    if (text_starts(line, TEXT(KEEP_PROBLEM))) {
        struct text sentence = text_from(line, sizeof KEEP_PROBLEM - 1);
        return command_problem(arena, arena_text(arena, sentence).ptr);
    }
    snprintf(head, sizeof head, "%.*s\n", TEXT_ARG(text_clip(line, sizeof head - 2)));
    if (sscanf(head, KEEP_EXIT_FORMAT, &status, &timed_out, &out_len, &out_cut, &err_len,
               &err_cut) != 6 ||
        out_len > EFFECT_OUTPUT_MAX || err_len > EFFECT_OUTPUT_MAX ||
        rest.len < out_len + err_len) {
        return command_problem(arena, "the result that its keeper wrote cannot be read");
    }
    struct capture out, err;
    capture_take(&out, &rest, out_len, out_cut);
    capture_take(&err, &rest, err_len, err_cut);
    struct command_end end = {status, timed_out != 0, &out, &err};
    const struct value *result = command_result(arena, &end);
    capture_done(&out);
    capture_done(&err);
    return result;
}
