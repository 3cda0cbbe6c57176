/* `apply`: definitions of kinds first, then namespaces, then the rest in the order of the files. Each
 * object is laid over what the host has (an apply patch), so applying twice changes nothing.
 *
 * An object whose kind or namespace is not there yet waits: it is tried again after whatever else could
 * be applied, and with --wait again each time something new may have come. What still waits at the end
 * is said, and is the exit code.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/changes.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/refusal.h"
#include "cli/source.h"
#include "cli/target.h"
#include "document/json.h"
#include "document/path.h"

enum stage { STAGE_KINDS, STAGE_NAMESPACES, STAGE_OTHERS, STAGES };
enum fate { FATE_OPEN, FATE_APPLIED, FATE_WAITING, FATE_FAILED };

struct item {
    const struct source_document *source;
    struct text api_version, kind, namespace, name;
    enum stage stage;
    enum fate fate;
    char waits_for[256]; /* the sentence about it */
};

struct applying {
    struct session *session;
    const struct arguments *arguments;
    struct sources sources;
    struct item *items;
    int worst;
};

static void note_exit(struct applying *applying, int code)
{
    bool waits_only = code == EXIT_WAITING && applying->worst != EXIT_DONE;
    if (!waits_only) {
        applying->worst = code;
    }
}

/* --- reading ----------------------------------------------------------------------------------- */

static enum stage stage_of(const struct item *item)
{
    if (text_is(item->kind, "CustomResourceDefinition")) {
        return STAGE_KINDS;
    }
    bool is_namespace = text_is(item->kind, "Namespace") && text_is(item->api_version, "v1");
    return is_namespace ? STAGE_NAMESPACES : STAGE_OTHERS;
}

static enum tend_code at(const struct source_document *source, const struct value *value,
                         const char *what, struct error *err)
{
    uint32_t line = value != NULL && value->line > 0 ? value->line : source->line;
    uint32_t column = value != NULL && value->column > 0 ? value->column : 1;
    return FAIL(err, TEND_INVALID, "%s:%u:%u: %s", source->file, line, column, what);
}

static struct text named_namespace(const struct arguments *arguments, struct text given)
{
    return given.len > 0 ? given : command_namespace(arguments);
}

static enum tend_code read_item(const struct arguments *arguments,
                                const struct source_document *source, struct item *item,
                                struct error *err)
{
    const struct value *root = source->value, *metadata = value_field(root, "metadata");
    struct text given = value_text_or(value_field(metadata, "namespace"), TEXT(""));
    struct text asked = arguments_value(arguments, OPTION_NAMESPACE);
    if (!value_is(root, VALUE_MAP)) {
        return at(source, root, "expected an object with apiVersion, kind and metadata", err);
    }
    *item = (struct item){
        .source = source,
        .api_version = value_text_or(value_field(root, "apiVersion"), TEXT("")),
        .kind = value_text_or(value_field(root, "kind"), TEXT("")),
        .name = value_text_or(value_field(metadata, "name"), TEXT("")),
        .namespace = named_namespace(arguments, given),
    };
    if (item->api_version.len == 0 || item->kind.len == 0) {
        return at(source, root, "expected apiVersion and kind, both texts", err);
    }
    if (item->name.len == 0) {
        return at(source, metadata, "expected metadata.name, a text", err);
    }
    if (given.len > 0 && asked.len > 0 && !text_equal(given, asked)) {
        return at(source, value_field(metadata, "namespace"),
                  "metadata.namespace and -n name different namespaces", err);
    }
    item->stage = stage_of(item);
    return TEND_OK;
}

static enum tend_code read_items(struct applying *applying, struct error *err)
{
    const struct arguments *arguments = applying->arguments;
    struct sources *sources = &applying->sources;
    enum source_depth depth =
        arguments_has(arguments, OPTION_RECURSIVE) ? SOURCE_RECURSIVE : SOURCE_FLAT;
    for (size_t i = 0; i < arguments->file_count; i++) {
        TRY(sources_read(sources, arguments->files[i], depth, err));
    }
    applying->items = alloc_array(sources->count + 1, sizeof *applying->items);
    for (size_t i = 0; i < sources->count; i++) {
        TRY(read_item(arguments, &sources->documents[i], &applying->items[i], err));
    }
    return TEND_OK;
}

/* --- failures ---------------------------------------------------------------------------------- */

/* The value that a cause is about, or the nearest thing around it that is in the file. */
static const struct value *nearest_value(const struct value *root, struct text field)
{
    const struct value *found = path_get(root, field);
    while (found == NULL && field.len > 0) {
        do {
            field.len--;
        } while (field.len > 0 && field.ptr[field.len] != '.' && field.ptr[field.len] != '[');
        found = field.len > 0 ? path_get(root, field) : root;
    }
    return found != NULL ? found : root;
}

static void say_cause(struct applying *applying, const struct item *item, const struct value *cause)
{
    struct text field = value_text_or(value_field(cause, "field"), TEXT(""));
    struct text message = value_text_or(value_field(cause, "message"), TEXT(""));
    const struct value *value = nearest_value(item->source->value, field);
    session_say(applying->session, "%s:%u:%u: %.*s%s%.*s", item->source->file,
                value->line > 0 ? value->line : item->source->line,
                value->column > 0 ? value->column : 1, TEXT_ARG(field), field.len > 0 ? ": " : "",
                TEXT_ARG(message));
}

static void say_refusal(struct applying *applying, struct item *item, const struct refusal *refusal)
{
    item->fate = FATE_FAILED;
    note_exit(applying, (int)exit_of(refusal->code));
    if (value_count(refusal->causes) == 0) {
        session_say(applying->session, "%s:%u: %.*s \"%.*s\": %.*s", item->source->file,
                    item->source->line, TEXT_ARG(item->kind), TEXT_ARG(item->name),
                    TEXT_ARG(refusal->message));
    }
    for (size_t i = 0; i < value_count(refusal->causes); i++) {
        say_cause(applying, item, value_at(refusal->causes, i));
    }
}

/* --- sending ----------------------------------------------------------------------------------- */

static void wait_for_kind(struct item *item)
{
    item->fate = FATE_WAITING;
    snprintf(item->waits_for, sizeof item->waits_for,
             "its kind %.*s in %.*s, which nothing declares", TEXT_ARG(text_first(item->kind, 64)),
             TEXT_ARG(text_first(item->api_version, 128)));
}

static void wait_for_namespace(struct item *item)
{
    item->fate = FATE_WAITING;
    snprintf(item->waits_for, sizeof item->waits_for, "its namespace \"%.*s\"",
             TEXT_ARG(text_first(item->namespace, 64)));
}

static void say_applied(struct applying *applying, const struct served_kind *kind,
                        const struct item *item, const char *effect)
{
    bool is_dry = arguments_has(applying->arguments, OPTION_DRY_RUN);
    fprintf(applying->session->out, "%.*s/%.*s %s%s\n", TEXT_ARG(kind->shown), TEXT_ARG(item->name),
            effect[0] != '\0' ? effect : "applied", is_dry ? " (dry run)" : "");
}

/* Judge the host's answer. A missing thing can only be the namespace or the kind: an apply creates what
 * is not there. */
static void take_answer(struct applying *applying, const struct served_kind *kind,
                        struct item *item, const struct reply *reply)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (reply->status >= 200 && reply->status < 300) {
        item->fate = FATE_APPLIED;
        say_applied(applying, kind, item, reply->effect);
        return;
    }
    struct refusal refusal = refusal_of(reply, &arena);
    if (refusal.code == TEND_NOT_FOUND && kind->is_namespaced) {
        wait_for_namespace(item);
    } else {
        say_refusal(applying, item, &refusal);
    }
}

static enum tend_code send_item(struct applying *applying, const struct served_kind *kind,
                                struct item *item, struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(CLIENT_REQUEST_MAX);
    CLEANUP(reply_done) struct reply reply;
    bool is_dry = arguments_has(applying->arguments, OPTION_DRY_RUN);
    target_path(&target, kind, item->namespace, item->name);
    target_query(&target, "fieldManager", TEXT("tend-apply"));
    target_query(&target, "fieldValidation", TEXT("Strict"));
    target_query(&target, "dryRun", is_dry ? TEXT("All") : TEXT(""));
    json_write(&body, item->source->value);
    struct client_request request = {
        .method = "PATCH",
        .target = buffer_view(&target),
        .content_type = "application/apply-patch+yaml",
        .body = buffer_view(&body),
    };
    reply_init(&reply);
    TRY(client_call(&applying->session->client, &request, &reply, err));
    take_answer(applying, kind, item, &reply);
    return TEND_OK;
}

static enum tend_code apply_item(struct applying *applying, struct item *item, struct error *err)
{
    struct kinds *kinds = &applying->session->kinds;
    TRY(kinds_load(kinds, &applying->session->client, err));
    const struct served_kind *kind = kinds_of_object(kinds, item->api_version, item->kind);
    if (kind == NULL) {
        wait_for_kind(item);
        return TEND_OK;
    }
    TRY(send_item(applying, kind, item, err));
    if (item->stage == STAGE_KINDS && item->fate == FATE_APPLIED) {
        kinds_forget(kinds);
    }
    return TEND_OK;
}

/* Try everything that is not settled, stage by stage. Says whether anything was applied. */
static enum tend_code apply_round(struct applying *applying, bool *ret_progress, struct error *err)
{
    *ret_progress = false;
    for (int stage = 0; stage < STAGES; stage++) {
        for (size_t i = 0; i < applying->sources.count; i++) {
            struct item *item = &applying->items[i];
            bool is_due = item->fate == FATE_OPEN || item->fate == FATE_WAITING;
            if ((int)item->stage == stage && is_due) {
                TRY(apply_item(applying, item, err));
                *ret_progress = *ret_progress || item->fate == FATE_APPLIED;
            }
        }
    }
    return TEND_OK;
}

static size_t count_waiting(const struct applying *applying)
{
    size_t count = 0;
    for (size_t i = 0; i < applying->sources.count; i++) {
        count += applying->items[i].fate == FATE_WAITING ? 1 : 0;
    }
    return count;
}

static enum tend_code apply_rounds(struct applying *applying, struct error *err)
{
    bool progress = true;
    while (progress && !session_output_closed(applying->session)) {
        TRY(apply_round(applying, &progress, err));
        progress = progress && count_waiting(applying) > 0;
    }
    return TEND_OK;
}

/* --- waiting ----------------------------------------------------------------------------------- */

/* What waits waits for a definition or a namespace; definitions are watched, and each stream lasts
 * a second at most, so that a new namespace is seen soon as well. */
static enum tend_code wait_a_little(struct applying *applying, enum changes_end *ret_end,
                                    struct error *err)
{
    CLEANUP(changes_done)
    struct changes changes = {
        .session = applying->session,
        .target = TEXT("/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
        .accept = ACCEPT_TABLE,
        .timeout_s = 1,
    };
    struct change_event event = {.end = CHANGES_GO_ON};
    while (event.end == CHANGES_GO_ON) {
        TRY(changes_next(&changes, &event, err));
    }
    kinds_forget(&applying->session->kinds);
    *ret_end = event.end;
    return TEND_OK;
}

static enum tend_code wait_for_rest(struct applying *applying, int64_t seconds, struct error *err)
{
    enum changes_end end = CHANGES_TIMED_OUT;
    TRY(session_catch_interrupts(applying->session, err));
    for (int64_t i = 0; seconds == 0 || i < seconds; i++) {
        if (count_waiting(applying) == 0 || end == CHANGES_INTERRUPTED) {
            break;
        }
        TRY(wait_a_little(applying, &end, err));
        TRY(apply_rounds(applying, err));
    }
    return TEND_OK;
}

static void say_waiting(struct applying *applying)
{
    for (size_t i = 0; i < applying->sources.count; i++) {
        const struct item *item = &applying->items[i];
        if (item->fate == FATE_WAITING) {
            session_say(applying->session,
                        "%s:%u: %.*s \"%.*s\" was not applied: it waits for %s (--wait waits "
                        "with it)",
                        item->source->file, item->source->line, TEXT_ARG(item->kind),
                        TEXT_ARG(item->name), item->waits_for);
            note_exit(applying, EXIT_WAITING);
        }
    }
}

/* --- the command ------------------------------------------------------------------------------- */

static enum tend_code apply_all(struct applying *applying, struct error *err)
{
    bool waits = false;
    int64_t seconds = 0;
    TRY(arguments_flag(applying->arguments, OPTION_WAIT, false, &waits, err));
    TRY(arguments_seconds(applying->arguments, OPTION_TIMEOUT, &seconds, err));
    TRY(apply_rounds(applying, err));
    if (waits && count_waiting(applying) > 0) {
        TRY(wait_for_rest(applying, seconds, err));
    }
    say_waiting(applying);
    return TEND_OK;
}

int command_apply(struct session *session, const struct arguments *arguments)
{
    struct error err = ERROR_INIT;
    struct applying applying = {.session = session, .arguments = arguments};
    if (arguments->file_count == 0 || arguments->word_count > 0) {
        (void)FAIL(&err, TEND_INVALID, "apply takes -f FILE, and no words");
        return command_misused(session, "apply", &err);
    }
    enum tend_code code = read_items(&applying, &err);
    if (code == TEND_OK) {
        code = apply_all(&applying, &err);
    }
    int result = code == TEND_OK ? applying.worst : session_fail(session, &err);
    if (code == TEND_OK && applying.sources.count == 0) {
        session_say(session, "there is nothing in it to apply");
        result = EXIT_FAILED;
    }
    free(applying.items);
    sources_done(&applying.sources);
    return result;
}
