/* Text for a terminal: whatever a host or a file holds, it is shown and never obeyed. */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

#include <stdio.h>

#include "base/arena.h"

/* `text` with '?' for each control character, in `arena`; NUL-terminated. */
struct text plain_text(struct arena *arena, struct text text);

void plain_print(FILE *out, struct text text);

#endif
