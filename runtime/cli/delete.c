/* `delete`: asks for the deletion of everything named, then waits until each is gone. What is gone is
 * decided by its uid: an object that was made anew under the same name is another one. */
#include "base/alloc.h"
#include "base/limits.h"
#include "cli/abandon.h"
#include "cli/changes.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/nearby.h"
#include "cli/owner.h"
#include "cli/reference.h"
#include "cli/refusal.h"
#include "cli/source.h"
#include "cli/target.h"
#include "cli/way_on.h"
#include "document/json.h"

struct victim {
    const struct served_kind *kind;
    struct text namespace, name;
    struct text uid; /* of what the host still holds; empty: it is gone */
};

struct deleting {
    struct session *session;
    const struct arguments *arguments;
    struct arena arena;
    struct sources sources;
    struct victim *victims;
    size_t count, capacity;
    bool waits;
    const struct served_kind *told; /* whose controller was looked at last, once for all in a row */
    int64_t timeout_s;
    int worst;
};

static void add_victim(struct deleting *deleting, const struct served_kind *kind,
                       struct text namespace, struct text name)
{
    if (deleting->count == deleting->capacity) {
        deleting->capacity = deleting->capacity == 0 ? 16 : deleting->capacity * 2;
        deleting->victims =
            alloc_resize(deleting->victims, deleting->capacity, sizeof *deleting->victims);
    }
    deleting->victims[deleting->count++] = (struct victim){
        .kind = kind,
        .namespace = namespace,
        .name = arena_text(&deleting->arena, name),
    };
}

/* --- what to delete ---------------------------------------------------------------------------- */

static enum tend_code add_document(struct deleting *deleting,
                                   const struct source_document *document, struct error *err)
{
    struct kinds *kinds = &deleting->session->kinds;
    const struct value *root = document->value, *metadata = value_field(root, "metadata");
    struct text api_version = value_text_or(value_field(root, "apiVersion"), TEXT(""));
    struct text word = value_text_or(value_field(root, "kind"), TEXT(""));
    struct text name = value_text_or(value_field(metadata, "name"), TEXT(""));
    struct text namespace = value_text_or(value_field(metadata, "namespace"), TEXT(""));
    TRY(kinds_load(kinds, &deleting->session->client, err));
    const struct served_kind *kind = kinds_of_object(kinds, api_version, word);
    if (name.len == 0) {
        return FAIL(err, TEND_INVALID, "%s:%u: expected metadata.name, a text", document->file,
                    document->line);
    }
    if (kind == NULL) {
        session_say(deleting->session, "%s:%u: the host serves no kind %.*s in %.*s",
                    document->file, document->line, TEXT_ARG(word), TEXT_ARG(api_version));
        deleting->worst = EXIT_NOT_FOUND;
        return TEND_OK;
    }
    add_victim(deleting, kind,
               namespace.len > 0 ? namespace : command_namespace(deleting->arguments), name);
    return TEND_OK;
}

/* Last first: objects go before the kinds and namespaces that a file declares above them. */
static enum tend_code add_files(struct deleting *deleting, struct error *err)
{
    const struct arguments *arguments = deleting->arguments;
    enum source_depth depth =
        arguments_has(arguments, OPTION_RECURSIVE) ? SOURCE_RECURSIVE : SOURCE_FLAT;
    for (size_t i = 0; i < arguments->file_count; i++) {
        TRY(sources_read(&deleting->sources, arguments->files[i], depth, err));
    }
    for (size_t i = deleting->sources.count; i > 0; i--) {
        TRY(add_document(deleting, &deleting->sources.documents[i - 1], err));
    }
    return TEND_OK;
}

/* Everything of a kind that a selector selects (or --all). */
static enum tend_code add_selected(struct deleting *deleting, const struct served_kind *kind,
                                   struct error *err)
{
    struct text namespace = command_namespace(deleting->arguments);
    struct text token = TEXT("");
    do {
        CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
        const struct value *page;
        target_path(&target, kind, namespace, TEXT(""));
        target_query(&target, "labelSelector",
                     arguments_value(deleting->arguments, OPTION_SELECTOR));
        target_query(&target, "limit", TEXT("500"));
        target_query(&target, "continue", token);
        TRY(session_get(deleting->session, buffer_view(&target), ACCEPT_METADATA, &deleting->arena,
                        &page, err));
        const struct value *items = value_field(page, "items");
        for (size_t i = 0; i < value_count(items); i++) {
            const struct value *metadata = value_field(value_at(items, i), "metadata");
            add_victim(deleting, kind, value_text_or(value_field(metadata, "namespace"), TEXT("")),
                       value_text_or(value_field(metadata, "name"), TEXT("")));
        }
        token = value_text_or(value_field(value_field(page, "metadata"), "continue"), TEXT(""));
    } while (token.len > 0);
    return TEND_OK;
}

static enum tend_code add_words(struct deleting *deleting, struct error *err)
{
    const struct arguments *arguments = deleting->arguments;
    struct references references;
    bool selects =
        arguments_has(arguments, OPTION_ALL) || arguments_has(arguments, OPTION_SELECTOR);
    TRY(references_parse(deleting->session, arguments->words, arguments->word_count,
                         &deleting->arena, &references, err));
    for (size_t i = 0; i < references.count; i++) {
        const struct reference *reference = &references.items[i];
        bool is_named = reference->name.len > 0;
        if (is_named == selects) {
            return FAIL(err, TEND_INVALID,
                        is_named ? "names and --all or -l exclude each other"
                                 : "name what to delete, or say --all or -l LABELS");
        }
        if (!is_named) {
            TRY(add_selected(deleting, reference->kind, err));
        } else {
            add_victim(deleting, reference->kind, command_namespace(arguments), reference->name);
        }
    }
    return TEND_OK;
}

/* --- deleting ---------------------------------------------------------------------------------- */

static enum tend_code send_delete(struct deleting *deleting, const struct victim *victim,
                                  struct arena *arena, const struct value **ret_answer,
                                  struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    CLEANUP(reply_done) struct reply reply;
    bool is_dry = arguments_has(deleting->arguments, OPTION_DRY_RUN);
    target_path(&target, victim->kind, victim->namespace, victim->name);
    target_query(&target, "fieldManager", TEXT("tend-delete"));
    target_query(&target, "dryRun", is_dry ? TEXT("All") : TEXT(""));
    struct client_request request = {.method = "DELETE", .target = buffer_view(&target)};
    reply_init(&reply);
    TRY(session_call(deleting->session, &request, &reply, err));
    return json_parse(arena, buffer_view(&reply.body), ret_answer, err);
}

static bool is_gone(const struct value *answer)
{
    return text_is(value_text_or(value_field(answer, "kind"), TEXT("")), "Status");
}

static bool is_ignored(const struct deleting *deleting, enum tend_code code)
{
    return code == TEND_NOT_FOUND && arguments_has(deleting->arguments, OPTION_IGNORE_NOT_FOUND);
}

/* The host refused, or it is not there: say so, and go on with the others. */
static void say_refused(struct deleting *deleting, const struct victim *victim, enum tend_code code,
                        struct error *err)
{
    struct reference reference = {.kind = victim->kind, .name = victim->name};
    if (!is_ignored(deleting, code)) {
        nearby_add(deleting->session, &reference, victim->namespace, code, err);
        deleting->worst = session_fail(deleting->session, err);
    }
}

/* With --abandon: ask for the deletion, then take off what holds it in its controller's name. */
static enum tend_code send_abandon(struct deleting *deleting, const struct victim *victim,
                                   struct arena *arena, const struct value **ret_answer,
                                   struct error *err)
{
    CLEANUP(buffer_done) struct buffer path = TARGET_INIT;
    target_path(&path, victim->kind, victim->namespace, victim->name);
    TRY(abandon_check(deleting->session, victim->kind, buffer_view(&path), err));
    TRY(send_delete(deleting, victim, arena, ret_answer, err));
    if (is_gone(*ret_answer) || arguments_has(deleting->arguments, OPTION_DRY_RUN)) {
        return TEND_OK;
    }
    enum tend_code code =
        abandon_release(deleting->session, victim->kind, buffer_view(&path), *ret_answer, err);
    return code == TEND_NOT_FOUND ? TEND_OK : code; /* it went meanwhile */
}

static void say_waits(struct deleting *deleting, struct text name, const struct value *owner)
{
    const struct value *status = value_field(owner, "status");
    struct text phase = owner_phase(owner), reason = value_get_text(status, TEXT("reason")),
                message = value_get_text(status, TEXT("message"));
    const char *end = "Ctrl-C ends the waiting, not the deletion (tend describe shows the way on)";
    (void)session_output_closed(deleting->session); /* before what is said about it */
    if (owner == NULL) {
        session_say(deleting->session, "%.*s waits for a controller, and there is none; %s",
                    TEXT_ARG(name), end);
    } else if (text_is(phase, "live")) {
        session_say(deleting->session, "%.*s waits for controller %.*s, which has set it aside; %s",
                    TEXT_ARG(name), TEXT_ARG(owner_name(owner)), end);
    } else {
        session_say(deleting->session,
                    "%.*s waits for controller %.*s, which is %.*s%s%.*s%s%s%.*s; %s",
                    TEXT_ARG(name), TEXT_ARG(owner_name(owner)),
                    TEXT_ARG(phase.len > 0 ? phase : TEXT("not reported yet")),
                    reason.len > 0 ? " (" : "", TEXT_ARG(reason), reason.len > 0 ? ")" : "",
                    message.len > 0 ? ": " : "", TEXT_ARG(message), end);
    }
}

/* Who waits for a controller that does not come would wait in silence. What cannot be found out is not said. */
static void look_at_owner(struct deleting *deleting, const struct victim *victim,
                          const struct value *object, struct arena *arena)
{
    struct error ignored = ERROR_INIT;
    const struct value *owner;
    if (deleting->told == victim->kind || owner_is_host(victim->kind) ||
        value_count(value_field(value_field(object, "metadata"), "finalizers")) == 0) {
        return;
    }
    deleting->told = victim->kind;
    if (owner_find(deleting->session, victim->kind, arena, &owner, &ignored) == TEND_OK &&
        way_on_waits_in_vain(victim->kind, object, owner)) {
        say_waits(deleting, victim->name, owner);
    }
}

/* The host answers with the object while something holds it, with a Status when it is gone. */
static enum tend_code delete_one(struct deleting *deleting, struct victim *victim,
                                 struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *answer;
    bool abandons = arguments_has(deleting->arguments, OPTION_ABANDON);
    enum tend_code code =
        (abandons ? send_abandon : send_delete)(deleting, victim, &arena, &answer, err);
    if (code == TEND_NOT_FOUND || code == TEND_CONFLICT || code == TEND_INVALID ||
        code == TEND_DENIED) {
        say_refused(deleting, victim, code, err);
        return TEND_OK;
    }
    TRY(code);
    bool is_dry = arguments_has(deleting->arguments, OPTION_DRY_RUN);
    if (!is_gone(answer) && !is_dry) {
        const struct value *uid = value_field(value_field(answer, "metadata"), "uid");
        victim->uid = arena_text(&deleting->arena, value_text_or(uid, TEXT("")));
    }
    fprintf(deleting->session->out, "%.*s \"%.*s\" %s%s\n", TEXT_ARG(victim->kind->shown),
            TEXT_ARG(victim->name),
            is_gone(answer) || deleting->waits ? "deleted"
            : abandons                         ? "is let go"
                                               : "is being deleted",
            is_dry ? " (dry run)" : "");
    if (victim->uid.len > 0 && deleting->waits && !abandons) {
        look_at_owner(deleting, victim, answer, &arena);
    }
    return TEND_OK;
}

/* --- waiting ----------------------------------------------------------------------------------- */

/* Look again: is it still there, and what is its revision? */
static enum tend_code is_there(struct deleting *deleting, const struct victim *victim,
                               struct arena *arena, struct text *ret_revision, struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    const struct value *object;
    *ret_revision = TEXT("");
    target_path(&target, victim->kind, victim->namespace, victim->name);
    enum tend_code code =
        session_get(deleting->session, buffer_view(&target), NULL, arena, &object, err);
    if (code == TEND_NOT_FOUND) {
        return TEND_OK;
    }
    TRY(code);
    const struct value *metadata = value_field(object, "metadata");
    if (text_equal(value_text_or(value_field(metadata, "uid"), TEXT("")), victim->uid)) {
        *ret_revision = value_text_or(value_field(metadata, "resourceVersion"), TEXT(""));
    }
    return TEND_OK;
}

static enum tend_code say_not_gone(const struct victim *victim, enum changes_end end,
                                   struct error *err)
{
    return FAIL(err, TEND_TIMEOUT,
                "%.*s \"%.*s\" is still there%s: it goes when its controller "
                "has cleaned up (tend describe shows what holds it, and the way on)",
                TEXT_ARG(victim->kind->shown), TEXT_ARG(victim->name),
                end == CHANGES_TIMED_OUT ? " after the timeout" : "");
}

static enum tend_code wait_for_end(struct deleting *deleting, const struct victim *victim,
                                   struct text revision, struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    target_path(&target, victim->kind, victim->namespace, TEXT(""));
    target_query(&target, "fieldSelector",
                 arena_format(&deleting->arena, "metadata.name=%.*s", TEXT_ARG(victim->name)));
    CLEANUP(changes_done)
    struct changes changes = {
        .session = deleting->session,
        .target = buffer_view(&target),
        .timeout_s = deleting->timeout_s,
        .after = revision,
    };
    for (;;) {
        struct change_event event;
        TRY(changes_next(&changes, &event, err));
        if (event.end != CHANGES_GO_ON) {
            return say_not_gone(victim, event.end, err);
        }
        if (text_is(event.type, "DELETED")) {
            return TEND_OK;
        }
    }
}

static enum tend_code wait_for_one(struct deleting *deleting, const struct victim *victim,
                                   struct error *err)
{
    for (;;) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct text revision;
        TRY(is_there(deleting, victim, &arena, &revision, err));
        if (revision.len == 0) {
            return TEND_OK;
        }
        enum tend_code code = wait_for_end(deleting, victim, revision, err);
        if (code != TEND_GONE) { /* gone: the history, not the object; look again */
            return code;
        }
    }
}

static enum tend_code wait_for_all(struct deleting *deleting, struct error *err)
{
    fflush(deleting->session->out);
    TRY(session_catch_interrupts(deleting->session, err));
    for (size_t i = 0; i < deleting->count; i++) {
        if (deleting->victims[i].uid.len > 0) {
            TRY(wait_for_one(deleting, &deleting->victims[i], err));
            deleting->victims[i].uid = TEXT("");
        }
    }
    return TEND_OK;
}

/* --- the command ------------------------------------------------------------------------------- */

static enum tend_code prepare(struct deleting *deleting, struct error *err)
{
    const struct arguments *arguments = deleting->arguments;
    bool is_now = arguments_has(arguments, OPTION_NOW);
    if ((arguments->file_count > 0) == (arguments->word_count > 0)) {
        return FAIL(err, TEND_INVALID, "name what to delete: KIND NAME..., or -f FILE");
    }
    TRY(arguments_flag(arguments, OPTION_WAIT, !is_now, &deleting->waits, err));
    TRY(arguments_seconds(arguments, OPTION_TIMEOUT, &deleting->timeout_s, err));
    return arguments->file_count > 0 ? add_files(deleting, err) : add_words(deleting, err);
}

/* Definitions and namespaces go only when nothing is left of them: what was asked to go before is
 * waited for first. */
static bool holds_others(const struct served_kind *kind)
{
    return text_is(kind->resource, "namespaces") ||
           text_is(kind->resource, "customresourcedefinitions.apiextensions.k8s.io");
}

static enum tend_code delete_all(struct deleting *deleting, struct error *err)
{
    for (size_t i = 0; i < deleting->count; i++) {
        struct victim *victim = &deleting->victims[i];
        if (deleting->waits && holds_others(victim->kind)) {
            TRY(wait_for_all(deleting, err));
        }
        TRY(delete_one(deleting, victim, err));
    }
    return deleting->waits ? wait_for_all(deleting, err) : TEND_OK;
}

int command_delete(struct session *session, const struct arguments *arguments)
{
    struct error err = ERROR_INIT;
    struct deleting deleting = {.session = session, .arguments = arguments};
    enum tend_code code = prepare(&deleting, &err);
    int result = EXIT_DONE;
    if (code == TEND_INVALID && arguments->file_count == 0) {
        result = command_misused(session, "delete", &err);
    } else {
        code = code == TEND_OK ? delete_all(&deleting, &err) : code;
        result = code == TEND_OK ? deleting.worst : session_fail(session, &err);
    }
    free(deleting.victims);
    sources_done(&deleting.sources);
    arena_done(&deleting.arena);
    return result;
}
