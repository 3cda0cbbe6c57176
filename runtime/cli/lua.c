/* `lua types`: what editors need to know of scripts. It is of use without a host as well, so one that does
 * not answer is told and no failure. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/lua_types.h"
#include "cli/source.h"
#include "cli/target.h"

#define FIRST_LINE "---@meta tend\n"

static enum tend_code add_files(struct session *session, const struct arguments *arguments,
                                struct sources *sources, struct lua_types *types, struct error *err)
{
    size_t definitions = 0;
    for (size_t i = 0; i < arguments->file_count; i++) {
        TRY(sources_read(sources, arguments->files[i], SOURCE_FLAT, err));
    }
    for (size_t i = 0; i < sources->count; i++) {
        definitions += lua_types_add(types, sources->documents[i].value) ? 1 : 0;
    }
    if (arguments->file_count > 0 && definitions == 0) {
        session_say(session, "nothing that -f names is a CustomResourceDefinition");
    }
    return TEND_OK;
}

/* Hand everything in the collection at `path` to `take`. Definitions may be large: a few at once. */
static enum tend_code each_served(struct session *session, const char *path,
                                  struct lua_types *types,
                                  void (*take)(struct lua_types *, const struct value *),
                                  struct error *err)
{
    struct text token = TEXT("");
    do {
        CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
        const struct value *page;
        buffer_chars(&target, path);
        target_query(&target, "limit", TEXT("20"));
        target_query(&target, "continue", token);
        TRY(session_get(session, buffer_view(&target), NULL, &types->arena, &page, err));
        const struct value *items = value_field(page, "items");
        for (size_t i = 0; i < value_count(items); i++) {
            take(types, value_at(items, i));
        }
        token = value_text_or(value_field(value_field(page, "metadata"), "continue"), TEXT(""));
    } while (token.len > 0);
    return TEND_OK;
}

static void add_definition(struct lua_types *types, const struct value *item)
{
    (void)lua_types_add(types, item);
}

static enum tend_code add_served(struct session *session, struct lua_types *types,
                                 struct error *err)
{
    TRY(each_served(session, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", types,
                    add_definition, err));
    return each_served(session, "/apis/tend.dev/v1/controllers", types, lua_types_learn, err);
}

/* --- writing ----------------------------------------------------------------------------------- */

/* A file that is there is written over only where it is one of these. */
static enum tend_code check_own(const char *path, struct error *err)
{
    char start[sizeof FIRST_LINE] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT) {
        return TEND_OK;
    }
    if (file == NULL) {
        return FAIL(err, TEND_IO, "cannot open %s: %s", path, strerror(errno));
    }
    size_t len = fread(start, 1, sizeof start - 1, file);
    fclose(file);
    if (!text_is((struct text){start, len}, FIRST_LINE)) {
        return FAIL(
            err, TEND_EXISTS,
            "%s is there already, and `tend lua types` did not make it; nothing was written", path);
    }
    return TEND_OK;
}

/* Its folder, where that is missing: scripts/types is made for it. What is above must be there. */
static void make_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash != NULL && slash != path) {
        CLEANUP(freep) char *folder = alloc_text(path, (size_t)(slash - path));
        (void)mkdir(folder, 0755); /* a failure shows when the file is opened */
    }
}

/* Whoever reads it meanwhile has the old one or the new one. */
static enum tend_code write_file(const char *path, struct text text, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const char *beside = arena_format(&arena, "%s.new", path).ptr;
    TRY(check_own(path, err));
    make_folder_of(path);
    FILE *file = fopen(beside, "we");
    if (file == NULL) {
        return FAIL(err, TEND_IO, "cannot write %s: %s", path, strerror(errno));
    }
    bool is_whole = fwrite(text.ptr, 1, text.len, file) == text.len;
    if (fclose(file) != 0 || !is_whole || rename(beside, path) != 0) {
        enum tend_code code = FAIL(err, TEND_IO, "cannot write %s: %s", path, strerror(errno));
        (void)unlink(beside);
        return code;
    }
    return TEND_OK;
}

static enum tend_code write_types(struct session *session, const struct lua_types *types,
                                  const char *path, struct error *err)
{
    CLEANUP(buffer_done) struct buffer out = LUA_TYPES_INIT;
    lua_types_write(types, &out);
    if (out.full) {
        return FAIL(err, TEND_LIMIT, "the kinds would make a file of more than %u bytes",
                    (unsigned)out.max);
    }
    if (path != NULL) {
        TRY(write_file(path, buffer_view(&out), err));
        fprintf(session->out, "%s  the words of scripts, and %zu kind%s\n", path, types->count,
                types->count == 1 ? "" : "s");
        return TEND_OK;
    }
    fwrite(out.data, 1, out.len, session->out);
    return TEND_OK;
}

static enum tend_code make_types(struct session *session, const struct arguments *arguments,
                                 struct sources *sources, struct lua_types *types,
                                 struct error *err)
{
    TRY(add_files(session, arguments, sources, types, err));
    enum tend_code code = add_served(session, types, err);
    if (code == TEND_UNAVAILABLE) {
        session_say(session, "%s; its kinds are left out", err->message);
    } else if (code != TEND_OK) {
        return code;
    }
    return write_types(session, types, arguments->word_count > 1 ? arguments->words[1] : NULL, err);
}

int command_lua(struct session *session, const struct arguments *arguments)
{
    struct lua_types types = {.items = NULL};
    struct sources sources = {.documents = NULL};
    struct error err = ERROR_INIT;
    size_t words = arguments->word_count;
    if (words < 1 || words > 2 || strcmp(arguments->words[0], "types") != 0) {
        (void)FAIL(&err, TEND_INVALID, "lua takes `types`, and perhaps a file to write");
        return command_misused(session, "lua", &err);
    }
    enum tend_code code = make_types(session, arguments, &sources, &types, &err);
    lua_types_done(&types);
    sources_done(&sources);
    return code == TEND_OK ? EXIT_DONE : session_fail(session, &err);
}
