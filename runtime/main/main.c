/* The one binary: `tend run` is the host, `tend test` runs tests in hosts of their own, everything else is a
 * client. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "host/host.h"
#include "sim/test_command.h"

/* Where a parent closed 0, 1 or 2, the next file that is opened would get that number: what is logged,
 * or what a library says as it aborts, would be written into a socket or a data file. */
static void open_missing_streams(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDWR);
    }
    if (fd >= 0) {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    open_missing_streams();
    if (argc > 1 && strcmp(argv[1], "run") == 0) {
        return host_main(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "test") == 0) {
        return test_main(argc - 1, argv + 1);
    }
    return cli_main(argc, argv);
}
