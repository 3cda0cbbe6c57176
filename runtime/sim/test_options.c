/* One word for each thing that a run of tests can be asked for. */
#include "sim/test_options.h"

#include <getopt.h>

#include "base/text.h"

const char test_options_help[] =
    "usage: tend test [PATH...] [flags]\n"
    "\n"
    "Runs the tests of controllers, *_test.lua and *_test.yaml, in a host of their own in virtual\n"
    "time. A folder is searched for them; without a PATH the working folder is.\n"
    "\n"
    "  --filter TEXT   only tests with TEXT in \"FILE: NAME\"\n"
    "  --seed N        shuffle what may happen in any order, as N says (default: 0, do not)\n"
    "  --chaos         run each test again with every fault that may befall the host: killed after\n"
    "                  each commit and around each effect, events that are repeated, late reads\n"
    "  --chaos=FAULT   again with that one: commit:N, begun:N, ended:N, repeat, stale\n"
    "  --junit FILE    write a report for CI to FILE as well\n"
    "  --watch         run again whenever a script, test or manifest in the folders has changed\n"
    "  --verbose       tell the past of every object, of tests that pass as well\n"
    "  -h, --help      show this\n"
    "\n"
    "Exit codes: 0 all passed, 1 one failed, 2 wrong flags, or there is no test.\n";

enum flag { FLAG_FILTER = 256, FLAG_SEED, FLAG_CHAOS, FLAG_JUNIT, FLAG_WATCH, FLAG_VERBOSE };

static const struct option flags[] = {
    {"filter", required_argument, NULL, FLAG_FILTER},
    {"seed", required_argument, NULL, FLAG_SEED},
    {"chaos", optional_argument, NULL, FLAG_CHAOS},
    {"junit", required_argument, NULL, FLAG_JUNIT},
    {"watch", no_argument, NULL, FLAG_WATCH},
    {"verbose", no_argument, NULL, FLAG_VERBOSE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static NODISCARD enum tend_code set_seed(struct test_options *options, const char *text,
                                         struct error *err)
{
    int64_t seed;
    if (!text_to_int(text_of(text), &seed) || seed < 0) {
        return FAIL(err, TEND_INVALID, "--seed %s: expected a number from 0 up", text);
    }
    options->seed = (uint64_t)seed;
    return TEND_OK;
}

static NODISCARD enum tend_code set_flag(struct test_options *options, int flag, struct error *err)
{
    switch (flag) {
    case FLAG_FILTER:
        options->filter = optarg;
        return TEND_OK;
    case FLAG_SEED:
        return set_seed(options, optarg, err);
    case FLAG_CHAOS:
        options->chaos = optarg == NULL ? TEST_CHAOS : TEST_ONE_FAULT;
        return optarg == NULL ? TEND_OK : fault_parse(optarg, &options->fault, err);
    case FLAG_JUNIT:
        options->junit = optarg;
        return TEND_OK;
    case FLAG_WATCH:
        options->repeat = TEST_WATCH;
        return TEND_OK;
    case FLAG_VERBOSE:
        options->detail = TEST_VERBOSE;
        return TEND_OK;
    case 'h':
        options->wish = TEST_HELP;
        return TEND_OK;
    default:
        return TEND_INVALID;
    }
}

enum tend_code test_options_read(int argc, char **argv, struct test_options *ret_options,
                                 struct error *err)
{
    static const char *const here[] = {"."};
    struct test_options options = {.paths = here, .path_count = 1};
    optind = 0;
    opterr = 0;
    for (int flag = getopt_long(argc, argv, ":h", flags, NULL); flag != -1;
         flag = getopt_long(argc, argv, ":h", flags, NULL)) {
        if (flag == '?' || flag == ':') {
            return FAIL(err, TEND_INVALID, "%s: %s", argv[optind - 1],
                        flag == '?' ? "there is no such flag" : "a value is missing");
        }
        TRY(set_flag(&options, flag, err));
    }
    if (optind < argc) {
        options.paths = (const char *const *)(argv + optind);
        options.path_count = (size_t)(argc - optind);
    }
    *ret_options = options;
    return TEND_OK;
}
