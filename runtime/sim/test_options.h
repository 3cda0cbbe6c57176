/* The flags of `tend test`, read and checked. */
#ifndef SIM_TEST_OPTIONS_H
#define SIM_TEST_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sim/chaos.h"

enum test_wish { TEST_RUN, TEST_HELP };

/* Texts are borrowed from argv. */
struct test_options {
    enum test_wish wish;
    const char *const *paths;
    size_t path_count;
    const char *filter; /* part of "FILE: NAME"; NULL: every test */
    uint64_t seed;
    enum test_chaos {
        TEST_PLAIN,
        TEST_CHAOS,    /* and again with each fault */
        TEST_ONE_FAULT /* and again with `fault` */
    } chaos;
    struct fault fault;
    const char *junit; /* where to write a report; NULL: nowhere */
    enum test_detail { TEST_BRIEF, TEST_VERBOSE /* the past of what passed as well */ } detail;
    enum test_repeat { TEST_ONCE, TEST_WATCH /* again, whenever a file has changed */ } repeat;
};

/* Read argv[1..], which is reordered. TEND_INVALID names the flag and what it expects. */
NODISCARD enum tend_code test_options_read(int argc, char **argv, struct test_options *ret_options,
                                           struct error *err);

/* What `tend test --help` prints. */
extern const char test_options_help[];

#endif
