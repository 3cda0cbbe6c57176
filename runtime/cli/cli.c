/* The table of commands makes the help as well, so a command that works is one that is documented. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/exit.h"

struct command {
    const char *name;
    const char *words; /* what stands after it */
    const char *summary;
    const char *more; /* what the options do not say; "" where that is nothing */
    struct option_list options;
    int (*run)(struct session *session, const struct arguments *arguments);
};

#define OPTION_IDS(...)                                                                            \
    {                                                                                              \
        (const enum option_id[]){__VA_ARGS__, OPTION_SOCKET, OPTION_HELP},                         \
            sizeof((const enum option_id[]){__VA_ARGS__, OPTION_SOCKET, OPTION_HELP}) /            \
                sizeof(enum option_id)                                                             \
    }

static const enum option_id common_ids[] = {OPTION_SOCKET, OPTION_HELP};
static const enum option_id new_ids[] = {OPTION_KIND, OPTION_DIRECTORY, OPTION_HELP}; /* no host */

static const enum option_id inspect_ids[] = {OPTION_FORM, OPTION_HELP}; /* no host */

static const struct command commands[] = {
    {"apply", "-f FILE", "make objects be as files say",
     "Definitions of kinds go first, then namespaces, then the rest. Prints what became of each\n"
     "object: created, configured or unchanged. A file that cannot be read or parsed stops all of\n"
     "it; an object that the host refuses does not keep the others from being applied. One\n"
     "whose kind or namespace is not there yet is not applied, and the exit code is 6, unless\n"
     "--wait waits until they are.\n",
     OPTION_IDS(OPTION_FILE, OPTION_RECURSIVE, OPTION_NAMESPACE, OPTION_DRY_RUN, OPTION_WAIT,
                OPTION_TIMEOUT),
     command_apply},
    {"get", "KIND[,KIND] [NAME...] | KIND/NAME... | --raw PATH", "show objects",
     "A KIND without names may be a category, as `all`: every kind that says it belongs to it.\n",
     OPTION_IDS(OPTION_NAMESPACE, OPTION_ALL_NAMESPACES, OPTION_OUTPUT, OPTION_WATCH,
                OPTION_SELECTOR, OPTION_FIELD_SELECTOR, OPTION_NO_HEADERS, OPTION_IGNORE_NOT_FOUND,
                OPTION_RAW),
     command_get},
    {"describe", "KIND [NAME...] | KIND/NAME...", "show all about an object, events included", "",
     OPTION_IDS(OPTION_NAMESPACE), command_describe},
    {"delete", "KIND NAME... | KIND/NAME... | -f FILE",
     "delete objects, and wait until they are gone",
     "Waits until its controller has cleaned up; --now or --wait=false only asks for it. When\n"
     "the timeout passes the exit code is 6, and the deletion goes on. Where the controller is gone for\n"
     "good, or has set the object aside, --abandon lets the object go without: what it stands for outside\n"
     "stays. It takes finalizer GROUP/tend off, which the host refuses while the controller is live; an\n"
     "Event tells who did it.\n",
     OPTION_IDS(OPTION_FILE, OPTION_RECURSIVE, OPTION_NAMESPACE, OPTION_ALL, OPTION_SELECTOR,
                OPTION_WAIT, OPTION_NOW, OPTION_TIMEOUT, OPTION_DRY_RUN, OPTION_IGNORE_NOT_FOUND,
                OPTION_ABANDON),
     command_delete},
    {"events", "", "show what happened", "",
     OPTION_IDS(OPTION_NAMESPACE, OPTION_ALL_NAMESPACES, OPTION_FOR, OPTION_WATCH,
                OPTION_NO_HEADERS),
     command_events},
    {"inspect",
     "FILE.so...",
     "tell what plugin files are, without running them",
     "What a file is, what it declares, and whether a host that runs as you would load it: by the\n"
     "same checks, in the same words. None of its code is run, so what that does when it starts stays\n"
     "open. The exit code is 0 where all of them would load, else 1. `tend test` checks scripts.\n",
     {inspect_ids, COUNT_OF(inspect_ids)},
     command_inspect},
    {"lua", "types [FILE]", "types: tell editors the words and kinds of scripts",
     "An annotation file for the Lua language server: the words of scripts, and a class for each kind\n"
     "that the host serves, so that editors complete object.spec and underline typos. Kinds of -f are\n"
     "added, and go before those of the host; without a host there are only those. A FILE belongs\n"
     "where no scripts are taken from, such as scripts/types/tend.lua; its first lines say the rest.\n",
     OPTION_IDS(OPTION_FILE), command_lua},
    {"new",
     "script NAME | plugin NAME",
     "make a start: a script or a plugin that works",
     "A script is NAME.lua, a test of it and an object to try it with; a plugin is a folder NAME with\n"
     "NAME.c, CMakeLists.txt and such an object. They work as they are, and say in comments what to\n"
     "change. Nothing that is there already is written over.\n",
     {new_ids, COUNT_OF(new_ids)},
     command_new},
    {"retry", "KIND NAME... | KIND/NAME...", "try again what was given up",
     "An object that is Quarantined (it killed its runner twice) or Stalled (its controller said fail)\n"
     "is left alone until its spec changes, one that is Failing is tried ever more rarely. This has it\n"
     "tried again at once, as if it had never failed, and touches nothing but its annotation\n"
     "tend.dev/retry, which any client may set to another text. Of a controller it is the file that is\n"
     "tried again, where that was rolled back or refused.\n",
     OPTION_IDS(OPTION_NAMESPACE), command_retry},
    {"version",
     "",
     "show the versions of client and host",
     "",
     {common_ids, COUNT_OF(common_ids)},
     command_version},
};

/* --- help -------------------------------------------------------------------------------------- */

static void help_exit_codes(FILE *out)
{
    fputs("\nExit codes:\n", out);
    for (int code = EXIT_DONE; code <= EXIT_WAITING; code++) {
        fprintf(out, "  %d  %s\n", code, exit_meaning((enum exit_code)code));
    }
}

static void help_all(FILE *out)
{
    fputs("tend keeps resources in the state that was declared for them.\n\n"
          "  tend run                     be the host: serve, and run controllers\n"
          "  tend test                    run the tests of controllers, in virtual time\n",
          out);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        fprintf(out, "  tend %-23s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n`tend COMMAND --help` says more. The host's socket is the one of --socket, else of\n"
          "$TEND_SOCKET, else $XDG_RUNTIME_DIR/tend/tend.sock, else /tmp/tend-UID/tend.sock.\n",
          out);
    help_exit_codes(out);
}

static void help_command(const struct command *command, FILE *out)
{
    fprintf(out, "tend %s %s\n\n%s%s\nOptions:\n", command->name, command->words, command->more,
            command->more[0] != '\0' ? "" : command->summary);
    arguments_help(command->options, out);
    help_exit_codes(out);
}

/* --- running ----------------------------------------------------------------------------------- */

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int command_misused(struct session *session, const char *command, const struct error *err)
{
    session_say(session, "%s (see tend %s --help)", err->message, command);
    return EXIT_USAGE;
}

struct text command_namespace(const struct arguments *arguments)
{
    if (arguments_has(arguments, OPTION_ALL_NAMESPACES)) {
        return TEXT("");
    }
    struct text given = arguments_value(arguments, OPTION_NAMESPACE);
    return given.len > 0 ? given : TEXT("default");
}

/* A reader that went away (`| head`) is no failure: what it wanted to see, it saw. */
static int run_session(const struct command *command, const struct arguments *arguments)
{
    struct session session;
    struct error err = ERROR_INIT;
    int result = EXIT_FAILED;
    if (session_open(&session, arguments->values[OPTION_SOCKET], stdout, stderr, &err) != TEND_OK) {
        result = session_fail(&session, &err);
    } else {
        result = command->run(&session, arguments);
        result = session_output_closed(&session) ? EXIT_DONE : result;
    }
    session_close(&session);
    return result;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct arguments arguments;
    if (arguments_parse(command->options, argc, argv, &arguments, &err) != TEND_OK) {
        fprintf(stderr, "tend: %s (see tend %s --help)\n", err.message, command->name);
        return EXIT_USAGE;
    }
    int result = EXIT_DONE;
    if (arguments_has(&arguments, OPTION_HELP)) {
        help_command(command, stdout);
    } else {
        result = run_session(command, &arguments);
    }
    arguments_done(&arguments);
    return result;
}

static int unknown_command(const char *name)
{
    const char *names[COUNT_OF(commands) + 2] = {"run", "test"};
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        names[i + 2] = commands[i].name;
    }
    const char *nearest = text_nearest(text_of(name), names, COUNT_OF(names));
    fprintf(stderr, "tend: there is no command \"%s\"", name);
    fprintf(stderr, nearest != NULL ? ", did you mean \"%s\"?\n" : "; `tend help` lists them%s\n",
            nearest != NULL ? nearest : "");
    return EXIT_USAGE;
}

static int help_about(const char *name)
{
    const struct command *command = name != NULL ? find_command(name) : NULL;
    if (command != NULL) {
        help_command(command, stdout);
    } else {
        help_all(stdout);
    }
    return EXIT_DONE;
}

int cli_main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        help_all(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        return help_about(argc > 2 ? argv[2] : NULL);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tend %s\n", version_text());
        return EXIT_DONE;
    }
    const struct command *command = find_command(argv[1]);
    return command != NULL ? run_command(command, argc - 1, argv + 1) : unknown_command(argv[1]);
}
