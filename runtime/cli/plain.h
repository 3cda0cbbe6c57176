/* Text for a terminal: whatever a host or a file holds, it is shown and never obeyed. */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

#include <stdio.h>

#include "base/arena.h"

/* `text` with '?' for each control character and a space for each tab, in `arena`; NUL-terminated. */
struct text plain_text(struct arena *arena, struct text text);

/* The same with '?' for each byte of what is no UTF-8, so that it can be a value. Control characters stay. */
struct text plain_utf8(struct arena *arena, struct text text);

void plain_print(FILE *out, struct text text);

/* "TITLE  text", the lines of the text under each other. Nothing where it is empty. */
void plain_print_titled(FILE *out, const char *title, struct text text);

/* The lines of `text`, each behind `indent` spaces and ended. Nothing where it is empty. */
void plain_print_lines(FILE *out, struct text text, int indent);

#endif
