/* Where the tests are: files that are called *_test.lua or *_test.yaml, in folders and the folders in those. */
#ifndef SIM_TEST_FILES_H
#define SIM_TEST_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct test_files {
    char **paths; /* in the order of the arguments, then of names */
    size_t count;
};

/* Is a file of that name one of tests? */
bool test_files_takes(const char *name);

/* The files at `paths`; what is named itself is taken whatever it is called. Names that begin with a dot are not
 * looked at. TEND_NOT_FOUND, TEND_IO. */
NODISCARD enum tend_code test_files_find(const char *const *paths, size_t count,
                                         struct test_files *ret_files, struct error *err);
void test_files_done(struct test_files *files);

#endif
