/* The client commands: everything that `tend` does by asking a host.
 *
 *     tend apply -f FILE      tend get labinstances      tend describe labinstance lab1      ...
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Run the client command line `argv` (argv[0] is the program, argv[1] the command) and return the
 * process's exit code (cli/exit.h). Without a command, or for one that it does not know, it prints
 * what there is, `run` included. Ignores SIGPIPE; a reader that went away ends the command quietly. */
int cli_main(int argc, char **argv);

#endif
