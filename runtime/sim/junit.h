/* A file in the form that JUnit's task of Ant wrote and CI systems read: one suite for each file of tests. */
#ifndef SIM_JUNIT_H
#define SIM_JUNIT_H

#include <stddef.h>

#include "base/error.h"

struct junit_case {
    char *file, *name;
    char *failure; /* lines; NULL: it passed */
    double ms;
};

/* Write the cases, those of a file together, to `path`. TEND_IO. */
NODISCARD enum tend_code junit_write(const char *path, const struct junit_case *cases, size_t count,
                                     struct error *err);

#endif
