/* `tend run`: configuration, the real world, and the rooms wired to it. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

/* Run a host until a signal, or until --for is over; argv[0] is "run". Returns the exit code: 0 ended as
 * asked, 1 could not start or had to stop, 2 wrong flags. */
int host_main(int argc, char **argv);

#endif
