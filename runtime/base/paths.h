/* Where a user's files are when nobody says otherwise: the XDG base directories.
 *
 * Host and client ask the same functions, so that a client finds the host without a flag.
 */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include "base/error.h"

/* The data directory: $XDG_DATA_HOME/tend, otherwise ~/.local/share/tend. The caller frees it.
 * TEND_INVALID where neither XDG_DATA_HOME nor HOME is an absolute path. */
NODISCARD enum tend_code paths_data(char **ret_path, struct error *err);

/* The socket: $TEND_SOCKET, otherwise $XDG_RUNTIME_DIR/tend/tend.sock, otherwise
 * /tmp/tend-UID/tend.sock. The caller frees it. TEND_INVALID where TEND_SOCKET is longer than a socket's
 * name may be. */
NODISCARD enum tend_code paths_socket(char **ret_path, struct error *err);

/* Make the folder `path` (and those above it) with mode 0700 where they are not there. TEND_DENIED where
 * it is somebody else's or open to others, TEND_IO with the reason. */
NODISCARD enum tend_code paths_make_private(const char *path, struct error *err);

#endif
