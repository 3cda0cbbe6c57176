/* `events`: what happened, and with -w what happens. */
#include "base/alloc.h"
#include "cli/changes.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/occurrences.h"
#include "cli/reference.h"

static enum tend_code read_for(struct session *session, const struct arguments *arguments,
                               struct arena *arena, struct occurrences *occurrences,
                               struct error *err)
{
    struct text wanted = arguments_value(arguments, OPTION_FOR);
    char *word = arena_text(arena, wanted).len > 0 ? alloc_text(wanted.ptr, wanted.len) : NULL;
    struct references references;
    if (word == NULL) {
        return TEND_OK;
    }
    enum tend_code code = references_parse(session, &word, 1, arena, &references, err);
    if (code == TEND_OK && references.items[0].name.len == 0) {
        code = FAIL(err, TEND_INVALID, "--for takes KIND/NAME, not \"%s\"", word);
    }
    if (code == TEND_OK) {
        occurrences->about_kind = references.items[0].kind->name;
        occurrences->about_name = arena_text(arena, references.items[0].name);
    }
    free(word);
    return code;
}

static enum tend_code follow(const struct occurrences *occurrences, struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = BUFFER_INIT(8192);
    occurrences_target(occurrences, &target);
    CLEANUP(changes_done)
    struct changes changes = {
        .session = occurrences->session,
        .target = buffer_view(&target),
        .accept = ACCEPT_TABLE,
        .after = text_of(occurrences->revision),
    };
    CLEANUP(rows_done)
    struct rows rows = {
        .session = occurrences->session,
        .shows_namespace = occurrences->shows_namespace,
        .rest = TABLE_REST_BELOW,
    };
    TRY(session_catch_interrupts(occurrences->session, err));
    while (!session_output_closed(occurrences->session)) {
        struct change_event event;
        size_t count;
        TRY(changes_next(&changes, &event, err));
        if (event.end != CHANGES_GO_ON) {
            break;
        }
        if (!text_is(event.type, "DELETED")) { /* its time is over: nothing happened */
            TRY(rows_add(&rows, event.object, &count, err));
            rows_print(&rows);
        }
    }
    return TEND_OK;
}

static enum tend_code show(struct occurrences *occurrences, const struct arguments *arguments,
                           struct error *err)
{
    size_t count = 0;
    TRY(occurrences_print(occurrences, &count, err));
    if (arguments_has(arguments, OPTION_WATCH)) {
        return follow(occurrences, err);
    }
    if (count == 0) {
        fputs("No events found\n", occurrences->session->err);
    }
    return TEND_OK;
}

int command_events(struct session *session, const struct arguments *arguments)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct occurrences occurrences = {
        .session = session,
        .namespace = command_namespace(arguments),
        .shows_header = !arguments_has(arguments, OPTION_NO_HEADERS),
        .shows_namespace = arguments_has(arguments, OPTION_ALL_NAMESPACES),
    };
    if (arguments->word_count > 0) {
        (void)FAIL(&err, TEND_INVALID, "events takes no words: --for KIND/NAME selects");
        return command_misused(session, "events", &err);
    }
    enum tend_code code = read_for(session, arguments, &arena, &occurrences, &err);
    if (code == TEND_INVALID) {
        return command_misused(session, "events", &err);
    }
    if (code == TEND_OK) {
        code = show(&occurrences, arguments, &err);
    }
    return code == TEND_OK ? EXIT_DONE : session_fail(session, &err);
}
