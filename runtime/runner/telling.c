/* A file that is refused has no name but its own, and a Controller of that name may be somebody else's: of
 * another file with the same name, in another folder. Then its stand-in has the path in its name as well.
 */
#include "runner/telling.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/report.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "resource/meta.h"

/* --- what was told before ---------------------------------------------------------------------- */

static const struct value *status_of(const struct telling *telling, const char *name,
                                     struct arena *arena)
{
    struct text key = key_make(arena, TEXT(BUILTIN_CONTROLLERS), TEXT(""), text_of(name));
    struct doc *doc = store_get(telling->store, key);
    const struct value *root = NULL;
    return doc != NULL && doc_tree(doc, arena, &root, NULL) == TEND_OK ? value_field(root, "status")
                                                                       : NULL;
}

static bool says(const struct value *status, const char *field, const char *text)
{
    return text_is(value_get_text(status, text_of(field)), text == NULL ? "" : text);
}

static void keep(char **text, struct text given)
{
    if (*text == NULL && given.len > 0) {
        *text = alloc_text(given.ptr, given.len);
    }
}

static void read_status(const struct value *status, struct history *history)
{
    keep(&history->last_good, value_get_text(status, TEXT("lastGood")));
    keep(&history->rejected, value_get_text(status, TEXT("rejected")));
    if (says(status, "reason", "RolledBack")) {
        keep(&history->message, value_get_text(status, TEXT("message")));
    }
}

void telling_recall(const struct telling *telling, struct history *ret_history)
{
    struct store_entry entries[SWEEP_SLICE];
    CLEANUP(arena_done) struct arena arena = {0};
    struct text prefix = key_prefix_kind(&arena, TEXT(BUILTIN_CONTROLLERS)), after = TEXT("");
    size_t count;
    *ret_history = (struct history){0};
    do {
        count = store_list(telling->store, store_revision(telling->store), prefix, after, entries,
                           COUNT_OF(entries));
        for (size_t i = 0; i < count; i++) {
            const struct value *root = NULL;
            if (doc_tree(entries[i].doc, &arena, &root, NULL) == TEND_OK &&
                says(value_field(root, "status"), "file", telling->file)) {
                read_status(value_field(root, "status"), ret_history);
            }
            after = entries[i].key;
        }
    } while (count == COUNT_OF(entries));
}

void history_done(struct history *history)
{
    free(history->last_good);
    free(history->rejected);
    free(history->message);
    *history = (struct history){0};
}

/* --- of what serves ---------------------------------------------------------------------------- */

/* Is it another thing than what was said last? */
static bool is_said_anew(struct telling *telling, const char *reason, const char *message)
{
    size_t size = strlen(reason) + strlen(message) + 2;
    CLEANUP(freep) char *said = alloc_new(size);
    snprintf(said, size, "%s %s", reason, message);
    if (telling->said != NULL && strcmp(telling->said, said) == 0) {
        return false;
    }
    free(telling->said);
    telling->said = TAKE(said);
    return true;
}

static void say_to_rival(struct telling *telling, const char *message)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (telling->rival != NULL) {
        struct text said = arena_format(&arena, "%s was refused: %s", telling->file, message);
        notice_event(&telling->notices, telling->rival, EVENT_WARNING, "Conflict", said.ptr);
    }
}

static void say_of_each(struct telling *telling, const struct version *version,
                        enum event_type type, const char *reason, const char *message)
{
    for (size_t i = 0; i < version->seat_count; i++) {
        notice_event(&telling->notices, version->seats[i].name, type, reason, message);
    }
}

void telling_note(struct telling *telling, const struct version *version,
                  const struct controller_note *note)
{
    CLEANUP(arena_done) struct arena arena = {0};
    for (size_t i = 0; i < version->seat_count; i++) {
        controller_tell(version->seats[i].controller, note);
    }
    if (note->reason == NULL || !is_said_anew(telling, note->reason, note->message)) {
        return;
    }
    log_warn(telling->world->log, LOG_FIELDS({"plugin", telling->file}, {"reason", note->reason}),
             "%s", note->message);
    const struct value *status =
        version->seat_count == 0 ? NULL : status_of(telling, version->seats[0].name, &arena);
    if (!says(status, "reason", note->reason) || !says(status, "message", note->message)) {
        say_of_each(telling, version, EVENT_WARNING, note->reason, note->message);
        say_to_rival(telling, note->message);
    }
}

void telling_serves(struct telling *telling, const struct version *version)
{
    CLEANUP(arena_done) struct arena arena = {0};
    for (size_t i = 0; i < version->seat_count; i++) {
        const char *name = version->seats[i].name;
        if (!says(status_of(telling, name, &arena), "hash", version->content.hash)) {
            struct text message =
                version->called[0] == '\0' /* a script need not call itself anything */
                    ? arena_format(&arena, "version %.12s serves, from %s", version->content.hash,
                                   telling->file)
                    : arena_format(&arena, "version %s (%.12s) serves, from %s", version->called,
                                   version->content.hash, telling->file);
            notice_event(&telling->notices, name, EVENT_NORMAL, "Serving", message.ptr);
        }
    }
    free(telling->said);
    telling->said = NULL;
}

void telling_leaves(struct telling *telling, const struct version *version, const char *reason,
                    const char *message)
{
    log_info(telling->world->log, LOG_FIELDS({"plugin", telling->file}), "%s", message);
    for (size_t i = 0; i < version->seat_count; i++) {
        controller_leave(version->seats[i].controller, reason, message);
    }
    say_of_each(telling, version, EVENT_NORMAL, reason, message);
}

void telling_blame(struct telling *telling, const char *controller)
{
    char *copy = alloc_dup(controller);
    free(telling->rival);
    telling->rival = copy;
}

/* --- of a file that does not serve -------------------------------------------------------------- */

/* A DNS label from the file's name: "labinstance" of "/x/labinstance.so". */
static struct text name_of_file(struct arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    char *name = arena_alloc(arena, LABEL_BYTES_MAX + 8);
    size_t len = 0;
    for (const char *at = base; *at != '\0' && *at != '.' && len < LABEL_BYTES_MAX; at++) {
        bool digit = *at >= '0' && *at <= '9';
        bool lower = *at >= 'a' && *at <= 'z', upper = *at >= 'A' && *at <= 'Z';
        if (lower || digit || upper) {
            name[len++] = upper ? (char)(*at - 'A' + 'a') : *at;
        } else if (len > 0 && name[len - 1] != '-') {
            name[len++] = '-';
        }
    }
    while (len > 0 && name[len - 1] == '-') {
        len--;
    }
    return len == 0 ? TEXT("plugin") : arena_text(arena, (struct text){name, len});
}

/* Is the Controller of that name another file's? */
static bool is_anothers(const struct telling *telling, const char *name, struct arena *arena)
{
    const struct controller *there = controller_find(telling->loop, name);
    struct text file = value_get_text(status_of(telling, name, arena), TEXT("file"));
    return (there != NULL && strcmp(controller_file(there), telling->file) != 0) ||
           (file.len > 0 && !text_is(file, telling->file));
}

static const char *find_stand_in(struct telling *telling)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text name = name_of_file(&arena, telling->file);
    if (telling->stand_in == NULL && is_anothers(telling, name.ptr, &arena)) {
        char hash[SHA256_HEX];
        sha256_hex(text_of(telling->file), hash);
        name = arena_format(&arena, "%.*s-%.8s", TEXT_ARG(text_first(name, LABEL_BYTES_MAX - 9)),
                            hash);
    }
    if (telling->stand_in == NULL) {
        telling->stand_in = alloc_dup(name.ptr);
    }
    return telling->stand_in;
}

void telling_unserved(struct telling *telling, const struct unserved *how, const char *hash,
                      const char *message)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (telling->stand_in != NULL && is_anothers(telling, telling->stand_in, &arena)) {
        free(TAKE(telling->stand_in)); /* since then: it says so under another name */
        free(TAKE(telling->said));
    }
    if (!is_said_anew(telling, how->phase, message)) {
        return;
    }
    log_write(telling->world->log, how->level, LOG_FIELDS({"plugin", telling->file}), "%s: %s",
              how->phase, message);
    const char *name = find_stand_in(telling);
    const struct value *status = status_of(telling, name, &arena);
    if (!says(status, "phase", how->phase) || !says(status, "message", message)) {
        notice_stand_in(&telling->notices, name, how->type, how->event, message);
        say_to_rival(telling, message);
    }
    struct report report = {.name = name,
                            .phase = how->phase,
                            .reason = how->reason,
                            .message = message,
                            .file = telling->file,
                            .hash = hash == NULL ? "" : hash,
                            .version = "",
                            .contested = "", /* who does not serve is in nobody's way */
                            .since_ms = world_wall_ms(telling->world)};
    report_write(telling->loop, &report);
}

void telling_retract(struct telling *telling, const struct version *version, const char *reason,
                     const char *message)
{
    if (telling->stand_in == NULL) {
        return;
    }
    if (version_seat(version, text_of(telling->stand_in)) == NULL) {
        struct report report = {.name = telling->stand_in,
                                .phase = "lost",
                                .reason = reason,
                                .message = message,
                                .hash = "", /* of what did not serve */
                                .contested = "",
                                .since_ms = world_wall_ms(telling->world)};
        report_write(telling->loop, &report);
    }
    free(telling->stand_in);
    telling->stand_in = NULL;
    free(telling->said);
    telling->said = NULL;
}

/* --- life -------------------------------------------------------------------------------------- */

void telling_init(struct telling *telling, struct admission *gate)
{
    notices_init(&telling->notices, gate);
}

void telling_done(struct telling *telling)
{
    notices_done(&telling->notices);
    free(telling->rival);
    free(telling->stand_in);
    free(telling->said);
}
