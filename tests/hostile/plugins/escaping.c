/* A plugin that tries to get out of its process: what spec.do of its object names. status.got is the name of
 * the errno that it got, or "ok". With spec.do "constructor": what a constructor got, which tried the first
 * of them before anybody had asked for anything. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tend/plugin.h>

enum { HOST_SOCKET = 3, HOST_PAGE = 4 };

struct target {
    const char *path; /* a file that the plugin may try to make */
    int port;         /* somebody listens there */
};

static long try_password(const struct target *target)
{
    (void)target;
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_environment(const struct target *target)
{
    (void)target;
    return open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
}

static long try_listing(const struct target *target)
{
    (void)target;
    DIR *folder = opendir("/etc");
    return folder == NULL ? -1 : closedir(folder);
}

static long try_writing(const struct target *target)
{
    int fd = open(target->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static long try_removing(const struct target *target)
{
    return unlink(target->path);
}

static long try_mode(const struct target *target)
{
    (void)target;
    return chown("/no/such", 0, 0);
}

static long try_library(const struct target *target)
{
    (void)target;
    int fd = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : close(fd);
}

static long try_fork(const struct target *target)
{
    (void)target;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -1 : waitpid(pid, NULL, 0);
}

static long try_vfork(const struct target *target)
{
    (void)target;
    return syscall(SYS_clone, CLONE_VM | CLONE_VFORK | CLONE_THREAD | CLONE_NEWUSER, NULL);
}

static long try_clone3(const struct target *target)
{
    (void)target;
    return syscall(SYS_clone3, NULL, 0);
}

static long try_exec(const struct target *target)
{
    char *const none[] = {NULL};
    (void)target;
    return execve("/no/such", none, none);
}

static long try_connect(const struct target *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)target->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        return -1;
    }
    return close(fd);
}

static long try_unix(const struct target *target)
{
    (void)target;
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long try_netlink(const struct target *target)
{
    (void)target;
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

/* Born connected, but it could send to any path. */
static long try_datagrams(const struct target *target)
{
    int both[2];
    (void)target;
    return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, both);
}

static long try_stream_pair(const struct target *target)
{
    int both[2];
    (void)target;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both);
}

static long try_kill(const struct target *target)
{
    (void)target;
    return kill(getppid(), 0);
}

static long try_kill_all(const struct target *target)
{
    (void)target;
    return kill(-1, 0);
}

static long try_tgkill(const struct target *target)
{
    (void)target;
    return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long try_tkill(const struct target *target)
{
    (void)target;
    return syscall(SYS_tkill, getppid(), 0);
}

static long try_pidfd(const struct target *target)
{
    (void)target;
    return syscall(SYS_pidfd_open, getppid(), 0);
}

/* A descriptor that signals somebody when something comes. */
static long try_owner(const struct target *target)
{
    (void)target;
    return fcntl(HOST_SOCKET, F_SETOWN, getppid());
}

static long try_self(const struct target *target)
{
    (void)target;
    return kill(getpid(), 0);
}

static long try_ptrace(const struct target *target)
{
    (void)target;
    return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static long try_memory(const struct target *target)
{
    (void)target;
    return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static long try_mount(const struct target *target)
{
    (void)target;
    return mount("none", "/no/such", "tmpfs", 0, NULL);
}

static long try_namespace(const struct target *target)
{
    (void)target;
    return unshare(CLONE_NEWUSER);
}

static long try_user(const struct target *target)
{
    (void)target;
    return setuid(getuid());
}

static long try_limit(const struct target *target)
{
    struct rlimit limit;
    (void)target;
    return getrlimit(RLIMIT_AS, &limit) != 0 ? -1 : setrlimit(RLIMIT_AS, &limit);
}

static long try_priority(const struct target *target)
{
    (void)target;
    return setpriority(PRIO_PROCESS, 0, 10);
}

static long try_group(const struct target *target)
{
    (void)target;
    return setpgid(0, 0);
}

/* Then it would outlive its host. */
static long try_outliving(const struct target *target)
{
    (void)target;
    return prctl(PR_SET_PDEATHSIG, 0);
}

static long try_personality(const struct target *target)
{
    (void)target;
    return personality(ADDR_NO_RANDOMIZE);
}

static long try_bpf(const struct target *target)
{
    (void)target;
    return syscall(SYS_bpf, 0, NULL, 0);
}

static long try_perf(const struct target *target)
{
    (void)target;
    return syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0);
}

static long try_keys(const struct target *target)
{
    (void)target;
    return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long try_uring(const struct target *target)
{
    (void)target;
    return syscall(SYS_io_uring_setup, 0, NULL);
}

static long try_faults(const struct target *target)
{
    (void)target;
    return syscall(SYS_userfaultfd, 0);
}

static long try_memfd(const struct target *target)
{
    (void)target;
    return memfd_create("x", MFD_CLOEXEC);
}

/* Memory that stays when the process is gone. */
static long try_segment(const struct target *target)
{
    (void)target;
    return shmget(IPC_PRIVATE, 4096, 0600);
}

/* Then the host would die of a bus error when it looks. */
static long try_page(const struct target *target)
{
    (void)target;
    return ftruncate(HOST_PAGE, 0);
}

static long try_newest(const struct target *target)
{
    (void)target;
    return syscall(1000);
}

static long try_x32(const struct target *target)
{
    (void)target;
    return syscall(0x40000000 | SYS_getpid);
}

static void *in_thread(void *data)
{
    *(int *)data = 1;
    return NULL;
}

static long try_thread(const struct target *target)
{
    pthread_t thread;
    int ran = 0;
    (void)target;
    errno = pthread_create(&thread, NULL, in_thread, &ran);
    return errno == 0 && pthread_join(thread, NULL) == 0 && ran == 1 ? 0 : -1;
}

/* How many descriptors it can have: more than 20, or a few. */
static long try_descriptors(const struct target *target)
{
    int count = 0, fd;
    (void)target;
    while (count < 20 && (fd = dup(HOST_PAGE)) >= 0) {
        count++;
    }
    for (int i = 0; i < count; i++) {
        close(HOST_PAGE + 1 + i);
    }
    return count == 20 ? 0 : -1;
}

static long try_allocation(const struct target *target)
{
    enum { BYTES = 100 << 20 };
    (void)target;
    void *bytes = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return bytes == MAP_FAILED ? -1 : munmap(bytes, BYTES);
}

static long try_forever(const struct target *target)
{
    (void)target;
    for (volatile int forever = 1; forever;) {
    }
    return 0;
}

static const struct {
    const char *name;
    long (*run)(const struct target *target);
} attempts[] = {
    {"password", try_password},
    {"environment", try_environment},
    {"listing", try_listing},
    {"writing", try_writing},
    {"removing", try_removing},
    {"mode", try_mode},
    {"library", try_library},
    {"fork", try_fork},
    {"vfork", try_vfork},
    {"clone3", try_clone3},
    {"exec", try_exec},
    {"connect", try_connect},
    {"unix", try_unix},
    {"netlink", try_netlink},
    {"datagrams", try_datagrams},
    {"stream-pair", try_stream_pair},
    {"kill", try_kill},
    {"kill-all", try_kill_all},
    {"tgkill", try_tgkill},
    {"tkill", try_tkill},
    {"pidfd", try_pidfd},
    {"owner", try_owner},
    {"self", try_self},
    {"ptrace", try_ptrace},
    {"memory", try_memory},
    {"mount", try_mount},
    {"namespace", try_namespace},
    {"user", try_user},
    {"limit", try_limit},
    {"priority", try_priority},
    {"group", try_group},
    {"outliving", try_outliving},
    {"personality", try_personality},
    {"bpf", try_bpf},
    {"perf", try_perf},
    {"keys", try_keys},
    {"uring", try_uring},
    {"faults", try_faults},
    {"memfd", try_memfd},
    {"segment", try_segment},
    {"page", try_page},
    {"newest", try_newest},
    {"x32", try_x32},
    {"thread", try_thread},
    {"descriptors", try_descriptors},
    {"allocation", try_allocation},
    {"forever", try_forever},
};

static const char *name_of(long got)
{
    const char *name = got >= 0 ? "ok" : strerrorname_np(errno);
    return name == NULL ? "?" : name;
}

static const char *constructor_got = "nothing";

static void __attribute__((constructor)) construct(void)
{
    constructor_got = name_of(try_password(NULL));
}

static const char *attempt(const char *what, const struct target *target)
{
    if (strcmp(what, "constructor") == 0) {
        return constructor_got;
    }
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        if (strcmp(what, attempts[i].name) == 0) {
            errno = 0;
            return name_of(attempts[i].run(target));
        }
    }
    return "no such attempt";
}

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: escapings.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Escaping, plural: escapings, singular: escaping}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec: {type: object, properties: {do: {type: string}, path: {type: string}, port: {type: integer}}}\n"
    "          status: {type: object, properties: {got: {type: string}}}\n";

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    struct target target = {tend_text(call, TEND_THIS, "spec.path", "/no/such"),
                            (int)tend_int(call, TEND_THIS, "spec.port", 0)};
    tend_put_text(call, TEND_THIS, "status.got",
                  attempt(tend_text(call, TEND_THIS, "spec.do", ""), &target));
    tend_done(result);
}

static const struct tend_controller escaping = {
    .size = sizeof escaping,
    .name = "escaping",
    .kind = "example.com/v1/Escaping",
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&escaping, NULL};
TEND_PLUGIN("escaping", "1", controllers)
