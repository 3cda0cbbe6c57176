/* seccomp: a list of what is allowed, because a list of what is forbidden is wrong with the next kernel.
 *
 * What is refused gets an errno that a library knows what to do with. EPERM for calls that existed when the
 * list was made; ENOSYS for newer ones, and for clone3 and openat2, whose arguments lie in memory where a
 * filter cannot look: the C library then takes the older call, which can be judged. EACCES for opening a file
 * to write, and for making a socket, as the kernel itself would say it.
 *
 * Descriptors that are open go on working, so a socket may be neither made nor turned to somebody else:
 * socketpair makes connected ones only, because a datagram socket could be sent to any path. The process may
 * signal itself and nobody else, also not by having a descriptor do it (F_SETOWN). Limits are read, not set.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "engine/confine.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#    define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#    define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#    define ARCHITECTURE 0u /* its numbers are not known here: no filter */
#endif

enum {
    INSTRUCTIONS_MAX = 1024,
    X32 = 0x40000000,
    LAST_KNOWN = 450, /* set_mempolicy_home_node; numbers are the same everywhere since 424 */
    NAME_MEMORY = 0x53564d41 /* PR_SET_VMA: malloc names what it maps */
};

struct filter {
    struct sock_filter code[INSTRUCTIONS_MAX];
    unsigned short count;
};

/* Allowed whatever their arguments are. */
static const int always[] = {
    /* descriptors that are there */
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv,
    SYS_pwritev,
    SYS_preadv2,
    SYS_pwritev2,
    SYS_lseek,
    SYS_close,
    SYS_close_range,
    SYS_dup,
    SYS_dup3,
    SYS_fstat,
    SYS_fadvise64,
    SYS_fstatfs,
    SYS_getdents64,
    SYS_fsync,
    SYS_fdatasync,
    SYS_pipe2,
    SYS_eventfd2,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_ppoll,
    SYS_pselect6,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_signalfd4,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_recvmmsg,
    SYS_shutdown,
    SYS_getsockopt,
    SYS_getsockname,
    SYS_getpeername,
    /* what files there are */
    SYS_newfstatat,
    SYS_statx,
    SYS_statfs,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getcwd,
    SYS_umask,
    /* memory */
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mincore,
    SYS_msync,
    SYS_membarrier,
    /* threads */
    SYS_futex,
    SYS_futex_waitv,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_set_tid_address,
    SYS_rseq,
    SYS_gettid,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_getcpu,
    SYS_exit,
    SYS_exit_group,
    SYS_restart_syscall,
    SYS_wait4,
    SYS_waitid,
    /* time */
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_timer_create,
    SYS_timer_settime,
    SYS_timer_gettime,
    SYS_timer_getoverrun,
    SYS_timer_delete,
    SYS_setitimer,
    SYS_getitimer,
    SYS_times,
    /* signals */
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigpending,
    SYS_rt_sigtimedwait,
    SYS_rt_sigsuspend,
    SYS_sigaltstack,
    /* who and where one is */
    SYS_getpid,
    SYS_getppid,
    SYS_getpgid,
    SYS_getsid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getresuid,
    SYS_getresgid,
    SYS_getgroups,
    SYS_capget,
    SYS_uname,
    SYS_sysinfo,
    SYS_getrusage,
    SYS_getpriority,
    SYS_getrandom,
#if defined(__x86_64__) /* what newer architectures have by other names only */
    SYS_dup2,
    SYS_pipe,
    SYS_eventfd,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_poll,
    SYS_select,
    SYS_signalfd,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_getdents,
    SYS_time,
    SYS_alarm,
    SYS_pause,
    SYS_getpgrp,
    SYS_arch_prctl,
#endif
#if CONFINE_SANITIZED
    SYS_clone,
    SYS_ptrace,
    SYS_prctl,
    SYS_process_vm_readv,
    SYS_prlimit64,
    SYS_sched_setaffinity,
    SYS_personality,
#endif
};

/* Allowed where files are. Modes, owners and mounts are not among it. */
static const int with_files[] = {
    SYS_openat,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_ftruncate,
    SYS_truncate,
    SYS_fallocate,
    SYS_utimensat,
    SYS_flock,
    SYS_chdir,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_copy_file_range,
    SYS_sendfile,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
#if defined(__x86_64__)
    SYS_open,
    SYS_creat,
    SYS_mkdir,
    SYS_rmdir,
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_symlink,
    SYS_chmod,
#endif
#if defined(SYS_renameat)
    SYS_renameat,
#endif
};

/* --- the program ------------------------------------------------------------------------------- */

static void emit(struct filter *filter, uint16_t code, uint32_t operand, uint8_t if_so,
                 uint8_t else_)
{
    filter->code[filter->count++] = (struct sock_filter){code, if_so, else_, operand};
}

static void load(struct filter *filter, size_t offset)
{
    emit(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_low(struct filter *filter, unsigned argument)
{
    load(filter, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));
}

static void load_high(struct filter *filter, unsigned argument)
{
    load(filter, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + 4);
}

static void allow(struct filter *filter)
{
    emit(filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static void refuse(struct filter *filter, int number)
{
    emit(filter, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)number, 0, 0);
}

static void skip_unless(struct filter *filter, uint32_t value, uint8_t instructions)
{
    emit(filter, BPF_JMP | BPF_JEQ | BPF_K, value, 0, instructions);
}

/* Numbers that are allowed, whatever their arguments are. */
struct numbers {
    bool allowed[LAST_KNOWN + 1];
};

static void add_numbers(struct numbers *numbers, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert(calls[i] >= 0 && calls[i] <= LAST_KNOWN);
        numbers->allowed[calls[i]] = true;
    }
}

/* Runs of neighbours, each by its ends: the kernel tries every number on the filter when it is installed, so
 * its length is paid for at every start. */
static void allow_numbers(struct filter *filter, const struct numbers *numbers)
{
    for (uint32_t first = 0, last; first <= LAST_KNOWN; first = last + 1) {
        last = first;
        if (!numbers->allowed[first]) {
            continue;
        }
        while (last < LAST_KNOWN && numbers->allowed[last + 1]) {
            last++;
        }
        emit(filter, BPF_JMP | BPF_JGE | BPF_K, first, 0, 2);
        emit(filter, BPF_JMP | BPF_JGT | BPF_K, last, 1, 0);
        allow(filter);
    }
}

static void refuse_call(struct filter *filter, int call, int number)
{
    skip_unless(filter, (uint32_t)call, 1);
    refuse(filter, number);
}

/* Allowed where argument & mask == value. */
static void allow_where(struct filter *filter, int call, unsigned argument, uint32_t mask,
                        uint32_t value, int otherwise)
{
    skip_unless(filter, (uint32_t)call, 5);
    load_low(filter, argument);
    emit(filter, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    skip_unless(filter, value, 1);
    allow(filter);
    refuse(filter, otherwise);
}

/* Allowed where the argument, a pointer, is NULL. */
static void allow_null(struct filter *filter, int call, unsigned argument)
{
    skip_unless(filter, (uint32_t)call, 6);
    load_high(filter, argument);
    skip_unless(filter, 0, 3);
    load_low(filter, argument);
    skip_unless(filter, 0, 1);
    allow(filter);
    refuse(filter, EPERM);
}

/* Allowed where the argument is one of `values`. */
static void allow_one_of(struct filter *filter, int call, unsigned argument, const unsigned *values,
                         size_t count)
{
    skip_unless(filter, (uint32_t)call, (uint8_t)(2 * count + 2));
    load_low(filter, argument);
    for (size_t i = 0; i < count; i++) {
        skip_unless(filter, values[i], 1);
        allow(filter);
    }
    refuse(filter, EPERM);
}

/* --- the rules --------------------------------------------------------------------------------- */

/* Numbers mean another call in the other ways that a processor enters the kernel. */
static void judge_way(struct filter *filter)
{
    load(filter, offsetof(struct seccomp_data, arch));
    emit(filter, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    refuse(filter, EPERM);
    load(filter, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    emit(filter, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
    refuse(filter, EPERM);
#endif
}

static void judge_opening(struct filter *filter)
{
    uint32_t writes = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    allow_where(filter, SYS_openat, 2, writes, O_RDONLY, EACCES);
#if defined(__x86_64__)
    allow_where(filter, SYS_open, 1, writes, O_RDONLY, EACCES);
#endif
}

static void judge_processes(struct filter *filter)
{
    uint32_t self = (uint32_t)getpid();
    static const int signals[] = {SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo};
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        allow_where(filter, signals[i], 0, UINT32_MAX, self, EPERM);
    }
    uint32_t spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                      CLONE_NEWPID | CLONE_NEWNET;
    allow_where(filter, SYS_clone, 0, CLONE_THREAD | spaces, CLONE_THREAD, EPERM);
    allow_null(filter, SYS_prlimit64, 2);
}

static void judge_sockets(struct filter *filter)
{
    static const int forbidden[] = {SYS_socket, SYS_connect, SYS_bind,
                                    SYS_listen, SYS_accept,  SYS_accept4};
    for (size_t i = 0; i < COUNT_OF(forbidden); i++) {
        refuse_call(filter, forbidden[i], EACCES);
    }
    enum { KIND = 0xf }; /* the rest are flags */
    allow_where(filter, SYS_socketpair, 1, KIND, SOCK_STREAM, EACCES);
}

static void judge_controls(struct filter *filter)
{
    static const unsigned of_descriptor[] = {F_DUPFD,  F_GETFD,         F_SETFD,    F_GETFL,
                                             F_SETFL,  F_DUPFD_CLOEXEC, F_GETLK,    F_SETLK,
                                             F_SETLKW, F_GETPIPE_SZ,    F_GET_SEALS};
    static const unsigned of_device[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX};
    static const unsigned of_process[] = {PR_SET_NAME, PR_GET_NAME, NAME_MEMORY};
    allow_one_of(filter, SYS_fcntl, 1, of_descriptor, COUNT_OF(of_descriptor));
    allow_one_of(filter, SYS_ioctl, 1, of_device, COUNT_OF(of_device));
    allow_one_of(filter, SYS_prctl, 0, of_process, COUNT_OF(of_process));
}

static void judge_rest(struct filter *filter)
{
    refuse_call(filter, SYS_clone3, ENOSYS);
    refuse_call(filter, SYS_openat2, ENOSYS);
    emit(filter, BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 0, 1);
    refuse(filter, ENOSYS);
    refuse(filter, EPERM);
}

static void write_filter(struct filter *filter, enum confinement level)
{
    struct numbers numbers = {0};
    add_numbers(&numbers, always, COUNT_OF(always));
    if (level == CONFINEMENT_NO_NETWORK) {
        add_numbers(&numbers, with_files, COUNT_OF(with_files));
    }
    judge_way(filter);
    allow_numbers(filter, &numbers);
    judge_opening(filter);
    judge_processes(filter);
    judge_sockets(filter);
    judge_controls(filter);
    judge_rest(filter);
}

enum tend_code confine_calls(enum confinement level, const char *file, struct error *err)
{
    (void)file;
    struct filter filter = {.count = 0};
    if (ARCHITECTURE == 0 || !confine_means().seccomp) {
        return TEND_OK;
    }
    write_filter(&filter, level);
    struct sock_fprog program = {filter.count, filter.code};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        return FAIL(err, TEND_IO, "seccomp cannot be used: %s", strerror(errno));
    }
    return TEND_OK;
}
