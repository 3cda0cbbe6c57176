/* For what is no object, as /metrics is, and for looking at the API itself. Into a file or a pipe the bytes go
 * as they came; a terminal is shown them. */
#include "cli/raw.h"

#include <unistd.h>

#include "base/alloc.h"
#include "cli/exit.h"
#include "cli/plain.h"

enum tend_code raw_check(const struct arguments *arguments, struct error *err)
{
    struct text path = arguments_value(arguments, OPTION_RAW);
    if (arguments->word_count > 0 || arguments_has(arguments, OPTION_WATCH)) {
        return FAIL(err, TEND_INVALID, "--raw takes a path and nothing else");
    }
    bool fine = path.len > 0 && path.ptr[0] == '/';
    for (size_t i = 0; i < path.len; i++) {
        fine = fine && (unsigned char)path.ptr[i] > ' ' && (unsigned char)path.ptr[i] < 0x7f;
    }
    return fine
               ? TEND_OK
               : FAIL(
                     err, TEND_INVALID,
                     "--raw takes a path of the API, escaped: /metrics, /api/v1/configmaps?limit=5");
}

int raw_get(struct session *session, const struct arguments *arguments)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    struct client_request request = {
        .method = "GET", .target = arguments_value(arguments, OPTION_RAW), .accept = "*/*"};
    reply_init(&reply);
    if (session_call(session, &request, &reply, &err) != TEND_OK) {
        return session_fail(session, &err);
    }
    struct text body = buffer_view(&reply.body);
    if (isatty(fileno(session->out))) {
        plain_print_lines(session->out, body, 0);
    } else {
        fwrite(body.ptr, 1, body.len, session->out);
    }
    return EXIT_DONE;
}
