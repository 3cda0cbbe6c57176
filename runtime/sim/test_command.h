/* `tend test`: runs tests of controllers and tells how they ended. Real files, a real terminal; what is
 * tested lives in virtual time (sim/play.h). */
#ifndef SIM_TEST_COMMAND_H
#define SIM_TEST_COMMAND_H

/* argv[0] is the command's name. The exit code: 0 all passed, 1 one failed, 2 misuse. */
int test_main(int argc, char **argv);

#endif
