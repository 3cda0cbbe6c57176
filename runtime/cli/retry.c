/* `retry`: what was given up, or is tried ever more rarely, is tried again at once. What asks for it is an
 * annotation, so that every client of the API can; its text is the revision that was seen, which is another
 * one each time and needs no clock. Nobody's spec is touched. */
#include "base/alloc.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/nearby.h"
#include "cli/plain.h"
#include "cli/reference.h"
#include "cli/target.h"
#include "cli/way_on.h"
#include "document/path.h"
#include "resource/builtin.h"

/* --- asking ------------------------------------------------------------------------------------- */

static enum tend_code send_retry(struct session *session, struct text path, struct text revision,
                                 struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *patch = NULL;
    TRY(path_set(&arena, NULL, TEXT("metadata.annotations['tend.dev/retry']"),
                 value_text(&arena, revision), &patch, err));
    return session_patch(session, path, "tend-retry", patch, err);
}

/* A Controller that is live, and to which nothing is to be told: no reason, and no content that was rejected. */
static bool is_well(const struct reference *reference, const struct value *root)
{
    const struct value *status = value_field(root, "status");
    return text_is(reference->kind->resource, BUILTIN_CONTROLLERS) &&
           text_is(value_get_text(status, TEXT("phase")), "live") &&
           value_get_text(status, TEXT("reason")).len == 0 &&
           value_get_text(status, TEXT("rejected")).len == 0;
}

static void say_retried(struct session *session, const struct reference *reference,
                        const struct value *root)
{
    const struct value *condition = way_on_condition(root);
    fprintf(session->out, "%.*s \"%.*s\" %s", TEXT_ARG(reference->kind->shown),
            TEXT_ARG(reference->name),
            is_well(reference, root) ? "is live, and nothing is wrong with its file: it serves on"
                                     : "is tried again");
    if (condition != NULL) {
        struct text type = value_get_text(condition, TEXT("type"));
        struct text message = value_get_text(condition, TEXT("message"));
        fprintf(session->out, " (it was %.*s%s", TEXT_ARG(type), message.len > 0 ? ": " : "");
        plain_print(session->out, message);
        fputc(')', session->out);
    }
    fputc('\n', session->out);
}

static enum tend_code retry_one(struct session *session, const struct arguments *arguments,
                                const struct reference *reference, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer path = TARGET_INIT;
    const struct value *root;
    target_path(&path, reference->kind, command_namespace(arguments), reference->name);
    TRY(session_get(session, buffer_view(&path), NULL, &arena, &root, err));
    struct text revision = value_get_text(value_field(root, "metadata"), TEXT("resourceVersion"));
    TRY(send_retry(session, buffer_view(&path), revision, err));
    say_retried(session, reference, root);
    return TEND_OK;
}

/* --- the command -------------------------------------------------------------------------------- */

static enum tend_code find_objects(struct session *session, const struct arguments *arguments,
                                   struct arena *arena, struct references *ret_references,
                                   struct error *err)
{
    TRY(references_parse(session, arguments->words, arguments->word_count, arena, ret_references,
                         err));
    for (size_t i = 0; i < ret_references->count; i++) {
        if (ret_references->items[i].name.len == 0) {
            return FAIL(err, TEND_INVALID, "name what to try again: KIND NAME... or KIND/NAME...");
        }
    }
    return TEND_OK;
}

int command_retry(struct session *session, const struct arguments *arguments)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct references references;
    int worst = EXIT_DONE;
    enum tend_code code = find_objects(session, arguments, &arena, &references, &err);
    if (code == TEND_INVALID) {
        return command_misused(session, "retry", &err);
    }
    for (size_t i = 0; code == TEND_OK && i < references.count; i++) {
        const struct reference *reference = &references.items[i];
        if (retry_one(session, arguments, reference, &err) != TEND_OK) {
            nearby_add(session, reference, command_namespace(arguments), err.code, &err);
            worst = session_fail(session, &err);
        }
    }
    return code == TEND_OK ? worst : session_fail(session, &err);
}
