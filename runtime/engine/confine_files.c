/* Landlock. The kernel's header of the machine that builds may be older than the kernel of the one that
 * runs: what later versions added is written out here, and given only to a kernel that knows it.
 *
 * Where the loader looks for libraries is asked of the loader, because LD_LIBRARY_PATH and distributions
 * without /usr/lib know better than a list; the list is for the case that it does not answer. A path that a
 * plugin carries (RUNPATH) opens nothing: it would be the plugin's own permission.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "engine/confine.h"

enum {
    FIRST_RIGHTS = 13,  /* of files, in the first version */
    FIRST_WITH_NET = 4, /* versions ... */
    FIRST_WITH_SCOPE = 6,
    NET_BIND_AND_CONNECT = 3,
    SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3
};

/* Its size tells the kernel which version is spoken. */
struct ruleset {
    uint64_t files, net, scope;
};

static uint64_t rights_of(int version)
{
    int added = version >= 5   ? 3
                : version >= 3 ? 2
                : version == 2 ? 1
                               : 0; /* refer, truncate, ioctl */
    return (UINT64_C(1) << (FIRST_RIGHTS + added)) - 1;
}

static size_t size_of(int version)
{
    return version >= FIRST_WITH_SCOPE ? sizeof(struct ruleset)
           : version >= FIRST_WITH_NET ? offsetof(struct ruleset, scope)
                                       : offsetof(struct ruleset, net);
}

/* What is not there needs no permission. */
static enum tend_code allow(int ruleset, const char *path, uint64_t rights, struct error *err)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return TEND_OK;
    }
    long failed = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int number = errno;
    close(rule.parent_fd);
    return failed == 0
               ? TEND_OK
               : FAIL(err, TEND_IO, "Landlock refuses a rule for %s: %s", path, strerror(number));
}

/* What is in a folder may be read, but not listed: a loader knows the names that it wants. */
static enum tend_code allow_reading(int ruleset, const char *path, struct error *err)
{
    return path[0] == '/' ? allow(ruleset, path, LANDLOCK_ACCESS_FS_READ_FILE, err) : TEND_OK;
}

/* Where the loader looks. It does not answer in a program that is linked statically. */
static enum tend_code allow_search_paths(int ruleset, struct error *err)
{
    Dl_serinfo size;
    void *self = dlopen(NULL, RTLD_NOW);
    if (self == NULL || dlinfo(self, RTLD_DI_SERINFOSIZE, &size) != 0) {
        return TEND_OK;
    }
    Dl_serinfo *paths = alloc_new(size.dls_size);
    enum tend_code code = TEND_OK;
    paths->dls_size = size.dls_size;
    paths->dls_cnt = size.dls_cnt;
    if (dlinfo(self, RTLD_DI_SERINFO, paths) == 0) {
        for (unsigned i = 0; i < paths->dls_cnt && code == TEND_OK; i++) {
            code = allow_reading(ruleset, paths->dls_serpath[i].dls_name, err);
        }
    }
    free(paths);
    return code;
}

static enum tend_code allow_libraries(int ruleset, struct error *err)
{
    static const char *const paths[] = {
        "/lib",           "/lib64",           "/usr/lib",       "/usr/lib64",
        "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        TRY(allow_reading(ruleset, paths[i], err));
    }
    return allow_search_paths(ruleset, err);
}

static enum tend_code allow_sanitizer(int ruleset, struct error *err)
{
    return CONFINE_SANITIZED
               ? allow(ruleset, "/proc", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
                       err)
               : TEND_OK;
}

static enum tend_code add_rules(int ruleset, const char *file, struct error *err)
{
    bool is_script = text_ends(text_of(file), TEXT(".lua"));
    TRY(allow_reading(ruleset, file, err));
    TRY(allow_sanitizer(ruleset, err));
    return is_script ? TEND_OK : allow_libraries(ruleset, err);
}

enum tend_code confine_files(enum confinement level, const char *file, struct error *err)
{
    int version = confine_means().landlock;
    bool with_files = level == CONFINEMENT_STRICT;
    struct ruleset rules = {.files = with_files ? rights_of(version) : 0,
                            .net = NET_BIND_AND_CONNECT,
                            .scope = SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS};
    if (version == 0 || (!with_files && version < FIRST_WITH_NET)) {
        return TEND_OK;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size_of(version), 0);
    if (ruleset < 0) {
        return FAIL(err, TEND_IO, "Landlock cannot be used: %s", strerror(errno));
    }
    enum tend_code code = with_files ? add_rules(ruleset, file, err) : TEND_OK;
    if (code == TEND_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        code = FAIL(err, TEND_IO, "Landlock cannot be used: %s", strerror(errno));
    }
    close(ruleset);
    return code;
}
