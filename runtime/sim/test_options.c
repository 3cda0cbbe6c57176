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
    "  -h, --help      show this\n"
    "\n"
    "Exit codes: 0 all passed, 1 one failed, 2 wrong flags, or there is no test.\n";

enum flag { FLAG_FILTER = 256, FLAG_SEED };

static const struct option flags[] = {
    {"filter", required_argument, NULL, FLAG_FILTER},
    {"seed", required_argument, NULL, FLAG_SEED},
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
