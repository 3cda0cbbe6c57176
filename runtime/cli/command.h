/* The commands; cli/cli.c holds the table that names them. Each returns the process's exit code. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/arguments.h"
#include "cli/session.h"

int command_apply(struct session *session, const struct arguments *arguments);
int command_delete(struct session *session, const struct arguments *arguments);
int command_describe(struct session *session, const struct arguments *arguments);
int command_events(struct session *session, const struct arguments *arguments);
int command_get(struct session *session, const struct arguments *arguments);
int command_inspect(struct session *session, const struct arguments *arguments);
int command_lua(struct session *session, const struct arguments *arguments);
int command_new(struct session *session, const struct arguments *arguments);
int command_retry(struct session *session, const struct arguments *arguments);
int command_version(struct session *session, const struct arguments *arguments);

/* A command line that makes no sense: says why, and where help is. Returns EXIT_USAGE. */
int command_misused(struct session *session, const char *command, const struct error *err);

/* -n, or "default"; empty with -A. */
struct text command_namespace(const struct arguments *arguments);

#endif
