/* `version`: the client's own number needs no host. */
#include "base/version.h"

#include "base/alloc.h"
#include "cli/command.h"
#include "cli/exit.h"

int command_version(struct session *session, const struct arguments *arguments)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *version;
    (void)arguments;
    fprintf(session->out, "client: %s\n", version_text());
    if (session_get(session, TEXT("/version"), NULL, &arena, &version, &err) != TEND_OK) {
        return session_fail(session, &err);
    }
    struct text host = value_text_or(value_field(version, "tendVersion"), TEXT("unknown"));
    struct text protocol = value_text_or(value_field(version, "gitVersion"), TEXT("unknown"));
    fprintf(session->out, "host:   %.*s (Kubernetes API %.*s)\n", TEXT_ARG(host),
            TEXT_ARG(protocol));
    return EXIT_DONE;
}
