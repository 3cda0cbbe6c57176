/* What a command works with: the host, what it serves, and where the output goes. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdio.h>

#include "cli/client.h"
#include "cli/kinds.h"

enum colours { COLOURS_NONE, COLOURS_ON /* a terminal, and NO_COLOR is not set */ };

struct session {
    char *socket;
    struct client client;
    struct kinds kinds;
    FILE *out, *err;
    enum colours colours;
};

/* The socket is `given`, or where paths_socket says. `out` and `err` are borrowed. */
NODISCARD enum tend_code session_open(struct session *session, const char *given, FILE *out,
                                      FILE *err_out, struct error *err);
void session_close(struct session *session);

/* "tend: MESSAGE" on the error output. */
void session_say(struct session *session, const char *format, ...) PRINTF_LIKE(2, 3);

/* Say what `err` says; returns its exit code. */
int session_fail(struct session *session, const struct error *err);

/* True where nobody reads the output any more: whoever prints may stop. Flushes. */
bool session_output_closed(struct session *session);

/* From now on SIGINT and SIGTERM end the waiting for the host instead of the process. */
NODISCARD enum tend_code session_catch_interrupts(struct session *session, struct error *err);

/* Merge `patch` into the object at `path`, in the name of `manager`. */
NODISCARD enum tend_code session_patch(struct session *session, struct text path,
                                       const char *manager, const struct value *patch,
                                       struct error *err);

/* Send a request and read the whole answer into `reply`, initialised by the caller; warnings are
 * said. A refusal is an error with the host's sentence. */
NODISCARD enum tend_code session_call(struct session *session, const struct client_request *request,
                                      struct reply *reply, struct error *err);

/* GET `target` and decode the JSON answer into `arena`. */
NODISCARD enum tend_code session_get(struct session *session, struct text target,
                                     const char *accept, struct arena *arena,
                                     const struct value **ret_value, struct error *err);

/* The kind that `word` names; asks the host for its kinds where that was not done yet. */
NODISCARD enum tend_code session_kind(struct session *session, struct text word,
                                      const struct served_kind **ret_kind, struct error *err);

#define ACCEPT_TABLE    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#define ACCEPT_METADATA "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

#endif
