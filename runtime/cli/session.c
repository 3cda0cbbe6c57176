/* Interrupts are taken from a descriptor and not by a handler: what waits for the host polls it as well,
 * and nothing is shared with a handler that runs at any moment. */
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/paths.h"
#include "cli/exit.h"
#include "cli/plain.h"
#include "cli/refusal.h"
#include "cli/target.h"
#include "document/json.h"

enum tend_code session_open(struct session *session, const char *given, FILE *out, FILE *err_out,
                            struct error *err)
{
    *session = (struct session){.out = out, .err = err_out};
    client_init(&session->client, NULL);
    if (given != NULL) {
        session->socket = alloc_dup(given);
    } else {
        TRY(paths_socket(&session->socket, err));
    }
    session->client.socket = session->socket;
    const char *no_colour = getenv("NO_COLOR");
    bool wants_colour = no_colour == NULL || no_colour[0] == '\0';
    session->colours = wants_colour && isatty(fileno(out)) ? COLOURS_ON : COLOURS_NONE;
    return TEND_OK;
}

void session_close(struct session *session)
{
    if (session->client.interrupt_fd >= 0) {
        close(session->client.interrupt_fd);
    }
    client_done(&session->client);
    kinds_done(&session->kinds);
    free(session->socket);
}

void session_say(struct session *session, const char *format, ...)
{
    CLEANUP(buffer_done) struct buffer message = BUFFER_INIT(CLIENT_MESSAGE_MAX);
    va_list args;
    va_start(args, format);
    buffer_formatv(&message, format, args);
    va_end(args);
    if (message.full) {
        buffer_clear(&message);
        buffer_chars(&message, "(what there is to say is too long to be shown)");
    }
    fputs("tend: ", session->err);
    plain_print(session->err, buffer_view(&message));
    fputc('\n', session->err);
}

int session_fail(struct session *session, const struct error *err)
{
    session_say(session, "%s", err->message);
    return (int)exit_of(err->code);
}

bool session_output_closed(struct session *session)
{
    return fflush(session->out) != 0 || ferror(session->out);
}

enum tend_code session_catch_interrupts(struct session *session, struct error *err)
{
    sigset_t caught;
    if (session->client.interrupt_fd >= 0) {
        return TEND_OK;
    }
    sigemptyset(&caught);
    sigaddset(&caught, SIGINT);
    sigaddset(&caught, SIGTERM);
    session->client.interrupt_fd = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
    if (session->client.interrupt_fd < 0 || sigprocmask(SIG_BLOCK, &caught, NULL) != 0) {
        return FAIL(err, TEND_IO, "cannot wait for signals: %s", strerror(errno));
    }
    return TEND_OK;
}

static void say_warnings(struct session *session, const struct reply *reply)
{
    struct text rest = buffer_view(&reply->warnings);
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        session_say(session, "warning: %.*s", TEXT_ARG(line));
    }
}

enum tend_code session_call(struct session *session, const struct client_request *request,
                            struct reply *reply, struct error *err)
{
    TRY(client_call(&session->client, request, reply, err));
    say_warnings(session, reply);
    return refusal_check(reply, err);
}

enum tend_code session_get(struct session *session, struct text target, const char *accept,
                           struct arena *arena, const struct value **ret_value, struct error *err)
{
    CLEANUP(reply_done) struct reply reply;
    struct client_request request = {.method = "GET", .target = target, .accept = accept};
    reply_init(&reply);
    TRY(session_call(session, &request, &reply, err));
    return json_parse(arena, buffer_view(&reply.body), ret_value, err);
}

enum tend_code session_patch(struct session *session, struct text path, const char *manager,
                             const struct value *patch, struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(CLIENT_REQUEST_MAX);
    CLEANUP(reply_done) struct reply reply;
    buffer_text(&target, path);
    target_query(&target, "fieldManager", text_of(manager));
    json_write(&body, patch);
    struct client_request request = {.method = "PATCH",
                                     .target = buffer_view(&target),
                                     .content_type = "application/merge-patch+json",
                                     .body = buffer_view(&body)};
    reply_init(&reply);
    return session_call(session, &request, &reply, err);
}

enum tend_code session_kind(struct session *session, struct text word,
                            const struct served_kind **ret_kind, struct error *err)
{
    TRY(kinds_load(&session->kinds, &session->client, err));
    return kinds_of_word(&session->kinds, word, ret_kind, err);
}
