/* The one binary: `tend run` is the host, everything else a client of it. */
#include <string.h>

#include "cli/cli.h"
#include "host/host.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "run") == 0) {
        return host_main(argc - 1, argv + 1);
    }
    return cli_main(argc, argv);
}
