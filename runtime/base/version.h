/* What this program calls itself: one number for host, runner and client, from the build. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

/* "0.1.0" (semver). Never NULL. */
const char *version_text(void);

#endif
