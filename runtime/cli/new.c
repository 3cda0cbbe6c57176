/* `new`: the files of a controller that works, to be changed into the one that is wanted. All of them are
 * made, or none: half a start would only stand in the way of the next one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/plain.h"
#include "cli/template.h"

enum { FILES = 4, STEPS = 4 };

/* Forms, with the places of templates. */
struct plan {
    const char *word; /* "script" */
    struct {
        enum template_id id;
        const char *name, *what;
    } files[FILES];          /* up to one without a name */
    const char *next[STEPS]; /* up to NULL */
};

static const struct plan plans[] = {
    {"script",
     {{TEMPLATE_SCRIPT, "@NAME@.lua", "the controller, and its kind @KIND@"},
      {TEMPLATE_SCRIPT_TEST, "@NAME@_test.lua", "what it promises"},
      {TEMPLATE_OBJECT, "@NAME@.yaml", "an object to try it with"}},
     {"tend test @AT@@NAME@_test.lua", "tend run --scripts @FOLDER@",
      "tend apply -f @AT@@NAME@.yaml"}},
    {"plugin",
     {{TEMPLATE_PLUGIN, "@NAME@.c", "the controller, and its kind @KIND@"},
      {TEMPLATE_PLUGIN_BUILD, "CMakeLists.txt", "how it is built"},
      {TEMPLATE_PLUGIN_TEST, "@NAME@_test.lua", "what it promises"},
      {TEMPLATE_OBJECT, "@NAME@.yaml", "an object to try it with"}},
     {"cmake -S @FOLDER@ -B @FOLDER@/build -DCMAKE_PREFIX_PATH=PREFIX && cmake --build "
      "@FOLDER@/build   # PREFIX: where `cmake --install` put tend",
      "tend test @AT@@NAME@_test.lua", "tend run --plugins @FOLDER@/build",
      "tend apply -f @AT@@NAME@.yaml"}},
};
static const struct plan *const plugin_plan = &plans[1];

struct making {
    const struct plan *plan;
    struct naming naming;
    struct arena arena;
    const char *paths[FILES];
    size_t count, made; /* of them */
};

static struct text fill(struct making *making, struct text form)
{
    CLEANUP(buffer_done) struct buffer out = TEMPLATE_INIT;
    template_fill(&out, form, &making->naming);
    return arena_text(&making->arena, buffer_view(&out));
}

/* --- what to make ------------------------------------------------------------------------------ */

/* Targets that every build has: CMake takes none of them twice. */
static enum tend_code check_target(struct text name, struct error *err)
{
    static const char *const taken[] = {"all", "clean", "help", "install", "package", "test"};
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        if (text_is(name, taken[i])) {
            return FAIL(err, TEND_INVALID,
                        "a plugin cannot be called \"%s\": CMake has a target of that name",
                        taken[i]);
        }
    }
    return TEND_OK;
}

static enum tend_code find_plan(const struct arguments *arguments, const struct plan **ret_plan,
                                struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(plans) && arguments->word_count == 2; i++) {
        if (strcmp(arguments->words[0], plans[i].word) == 0) {
            *ret_plan = &plans[i];
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID, "new takes `script NAME` or `plugin NAME`");
}

static enum tend_code read_request(struct making *making, const struct arguments *arguments,
                                   struct error *err)
{
    struct naming *naming = &making->naming;
    struct text folder = arguments_value(arguments, OPTION_DIRECTORY);
    TRY(find_plan(arguments, &making->plan, err));
    TRY(naming_make(&making->arena, text_of(arguments->words[1]),
                    arguments_value(arguments, OPTION_KIND), naming, err));
    while (folder.len > 1 && folder.ptr[folder.len - 1] == '/') {
        folder.len--;
    }
    if (making->plan == plugin_plan) {
        TRY(check_target(naming->name, err));
        folder = arena_format(&making->arena, "%.*s%s%.*s", TEXT_ARG(folder),
                              folder.len > 0 ? "/" : "", TEXT_ARG(naming->name));
    }
    if (folder.len > 0) {
        naming->folder = arena_text(&making->arena, folder);
        naming->at = arena_format(&making->arena, "%.*s/", TEXT_ARG(folder));
    }
    while (making->count < FILES && making->plan->files[making->count].name != NULL) {
        making->count++;
    }
    for (size_t i = 0; i < making->count; i++) {
        struct text name = fill(making, text_of(making->plan->files[i].name));
        making->paths[i] =
            arena_format(&making->arena, "%.*s%.*s", TEXT_ARG(naming->at), TEXT_ARG(name)).ptr;
    }
    return TEND_OK;
}

/* --- making it --------------------------------------------------------------------------------- */

static enum tend_code already_there(const char *path, struct error *err)
{
    return FAIL(err, TEND_EXISTS, "%s is there already; nothing was made", path);
}

static enum tend_code check_free(const struct making *making, struct error *err)
{
    struct stat found;
    if (making->plan == plugin_plan && lstat(making->naming.folder.ptr, &found) == 0) {
        return already_there(making->naming.folder.ptr, err);
    }
    for (size_t i = 0; i < making->count; i++) {
        if (lstat(making->paths[i], &found) == 0) {
            return already_there(making->paths[i], err);
        }
    }
    return TEND_OK;
}

/* Never for others to write: the host takes no plugin or script from such a folder. */
static enum tend_code make_folder(const char *path, bool *ret_made, struct error *err)
{
    *ret_made = mkdir(path, 0755) == 0;
    if (!*ret_made && errno != EEXIST) {
        return FAIL(err, TEND_IO, "cannot make the folder %s: %s", path, strerror(errno));
    }
    return TEND_OK;
}

static bool write_all(int fd, struct text text)
{
    while (text.len > 0) {
        ssize_t written = write(fd, text.ptr, text.len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text = text_from(text, written > 0 ? (size_t)written : 0);
    }
    return true;
}

static enum tend_code make_file(struct making *making, size_t i, struct error *err)
{
    const char *path = making->paths[i];
    struct text text = fill(making, template_text(making->plan->files[i].id));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST) {
        return already_there(path, err);
    }
    if (fd < 0) {
        return FAIL(err, TEND_IO, "cannot make %s: %s", path, strerror(errno));
    }
    making->made++;
    bool is_whole = write_all(fd, text);
    if (close(fd) != 0 || !is_whole) {
        return FAIL(err, TEND_IO, "cannot write %s: %s", path, strerror(errno));
    }
    return TEND_OK;
}

static enum tend_code make_all(struct making *making, struct error *err)
{
    enum tend_code code = TEND_OK;
    bool made_folder;
    TRY(check_free(making, err));
    TRY(make_folder(making->naming.folder.ptr, &made_folder, err));
    for (size_t i = 0; i < making->count && code == TEND_OK; i++) {
        code = make_file(making, i, err);
    }
    for (size_t i = 0; i < making->made && code != TEND_OK; i++) {
        (void)unlink(making->paths[i]);
    }
    if (code != TEND_OK && made_folder) {
        (void)rmdir(making->naming.folder.ptr);
    }
    return code;
}

/* --- telling ----------------------------------------------------------------------------------- */

static void tell(struct making *making, struct session *session)
{
    int width = 0;
    for (size_t i = 0; i < making->count; i++) {
        int len = (int)strlen(making->paths[i]);
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < making->count; i++) {
        struct text what = fill(making, text_of(making->plan->files[i].what));
        fprintf(session->out, "%-*s  %.*s\n", width, making->paths[i], TEXT_ARG(what));
    }
    (void)session_output_closed(session); /* before what is said about it */
    fputs("\nNext:\n", session->err);
    for (size_t i = 0; i < STEPS && making->plan->next[i] != NULL; i++) {
        struct text command = fill(making, text_of(making->plan->next[i]));
        fprintf(session->err, "  %.*s\n", TEXT_ARG(command));
    }
}

int command_new(struct session *session, const struct arguments *arguments)
{
    struct making making = {.plan = NULL};
    struct error err = ERROR_INIT;
    int result = EXIT_DONE;
    if (read_request(&making, arguments, &err) != TEND_OK) {
        result = command_misused(session, "new", &err);
    } else if (make_all(&making, &err) != TEND_OK) {
        result = session_fail(session, &err);
    } else {
        tell(&making, session);
    }
    arena_done(&making.arena);
    return result;
}
