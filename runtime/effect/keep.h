/* What host and keeper have in common: a folder for each program that is kept, and how it is used.
 *
 *     lock      locked (fcntl) by the keeper for as long as it runs; who holds it can be asked
 *     input     the program's standard input
 *     started   it is there from just before the program begins
 *     result    how it ended; it appears whole, and is on disk then; a full disk is waited for
 *
 * So a host that finds the folder knows what to do: a result is taken, a keeper that holds the lock is waited
 * for, and where neither is, the program was started (nobody knows how far it came) or it was not.
 *
 * A result is one line, and what it counts:
 *
 *     exit WAITSTATUS TIMEDOUT OUTBYTES OUTCUT ERRBYTES ERRCUT\n ... out ... err
 *     problem SENTENCE\n
 */
#ifndef EFFECT_KEEP_H
#define EFFECT_KEEP_H

#define KEEP_PROGRAM "tend-keeper" /* TIMEOUT_MS GRACE_MS OUTPUT_MAX PATH ARGV0 [ARGUMENT...] */

#define KEEP_LOCK    "lock"
#define KEEP_INPUT   "input"
#define KEEP_STARTED "started"
#define KEEP_RESULT  "result"
#define KEEP_NEW     "result.new"

#define KEEP_EXIT_FORMAT "exit %d %d %zu %d %zu %d\n"
#define KEEP_PROBLEM     "problem "

/* The keeper's descriptors at its start: 0 the input, KEEP_FOLDER_FD the folder. */
enum { KEEP_FOLDER_FD = 3 };

#endif
