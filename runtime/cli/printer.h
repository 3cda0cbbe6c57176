/* Objects as the output form asks for: YAML, JSON or names; one, or as a list that is printed while it
 * arrives, so that its length does not matter.
 */
#ifndef CLI_PRINTER_H
#define CLI_PRINTER_H

#include "cli/session.h"

enum output { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_NAME, OUTPUT_JSON, OUTPUT_YAML };

/* Read -o; empty is the table. TEND_INVALID naming the forms. */
NODISCARD enum tend_code output_parse(struct text word, enum output *ret_output, struct error *err);

enum printer_shape {
    PRINT_SINGLE, /* the object itself */
    PRINT_LIST,   /* items of a List */
    PRINT_STREAM  /* one after the other */
};

struct printer {
    FILE *out;
    enum output output; /* NAME, JSON or YAML */
    enum printer_shape shape;
    size_t count;
};

void printer_begin(struct printer *printer);
void printer_object(struct printer *printer, const struct served_kind *kind,
                    const struct value *object);
void printer_end(struct printer *printer);

/* Print `text` with `indent` spaces before each of its lines. */
void print_indented(FILE *out, struct text text, int indent);

#endif
