/* The steps, in the only order that works: the filter of calls comes last, because it allows none of the
 * others. A step that fails keeps no other one: half a fence is told, and better than none.
 */
#include "engine/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

struct confine_means confine_means(void)
{
    unsigned action = SECCOMP_RET_ERRNO;
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return (struct confine_means){
        .seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0,
        .landlock = version > 0 ? (int)version : 0};
}

/* root without capabilities is a user like others, to whom much belongs. */
static enum tend_code drop_capabilities(enum confinement level, const char *file, struct error *err)
{
    (void)level, (void)file;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    if (syscall(SYS_capset, &header, none) != 0) {
        return FAIL(err, TEND_IO, "cannot drop capabilities: %s", strerror(errno));
    }
    return TEND_OK;
}

static enum tend_code give_up_privileges(enum confinement level, const char *file,
                                         struct error *err)
{
    (void)level, (void)file;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return FAIL(err, TEND_IO, "cannot give up privileges: %s", strerror(errno));
    }
    return TEND_OK;
}

enum tend_code confine_process(enum confinement level, const char *file, struct error *err)
{
    static enum tend_code (*const steps[])(enum confinement, const char *, struct error *) = {
        give_up_privileges, confine_files, drop_capabilities, confine_calls};
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < COUNT_OF(steps) && level != CONFINEMENT_OFF; i++) {
        struct error problem = ERROR_INIT;
        if (steps[i](level, file, &problem) != TEND_OK && code == TEND_OK) {
            code = FAIL(err, TEND_IO, "%s", problem.message);
        }
    }
    return code;
}
