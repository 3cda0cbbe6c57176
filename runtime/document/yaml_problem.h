/* What libyaml says about a broken text, in the words of this project. */
#ifndef DOCUMENT_YAML_PROBLEM_H
#define DOCUMENT_YAML_PROBLEM_H

#include <yaml.h>

#include "base/error.h"
#include "base/text.h"

/* Fill `err` from a parser that failed on `input`: "line L, column C: expected ..., found ...".
 * Returns TEND_INVALID; TEND_LIMIT where the parser had no memory. */
enum tend_code yaml_problem(const yaml_parser_t *parser, struct text input, struct error *err);

#endif
