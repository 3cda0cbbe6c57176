/* Crashes before anybody has asked it anything; with -DHANGS it never comes back from there. */
#include <signal.h>
#include <unistd.h>

#include <tend/plugin.h>

static const struct tend_controller controller = {
    .size = sizeof controller, .name = "crash", .kind = "example.com/v1/Crash"};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("crash-constructor", "1", controllers)

static void __attribute__((constructor)) crash(void)
{
#ifdef HANGS
    while (pause() != 0) {
    }
#endif
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it */
    raise(SIGSEGV);
}
