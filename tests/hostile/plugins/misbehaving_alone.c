/* What a plugin can do to its own process, and tries to do to others. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <tend/plugin.h>

#include "hostile/plugins/misbehaving.h"

enum { SOCKET = 3, PAGE = 4, PAGE_SIZE = 4096 };

/* A sanitizer would take a minute to report what is meant. */
static void die_plainly(void)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        signal(deadly[i], SIG_DFL);
    }
}

static void pass_ms(int ms)
{
    poll(NULL, 0, ms);
}

static void loop(void)
{
    for (volatile int forever = 1; forever;) {
    }
}

static volatile uintptr_t nowhere = 8;

/* --- ends ------------------------------------------------------------------------------------------ */

void write_nowhere(struct deed *deed)
{
    (void)deed;
    die_plainly();
    *(volatile int *)nowhere = 1;
}

void run_nowhere(struct deed *deed)
{
    (void)deed;
    die_plainly();
    ((void (*)(void))nowhere)();
}

void do_abort(struct deed *deed)
{
    (void)deed;
    die_plainly();
    abort();
}

void do_exit(struct deed *deed)
{
    exit((int)(draw(deed) % 256));
}

void do_exit_at_once(struct deed *deed)
{
    _exit((int)(draw(deed) % 256));
}

static int descend(volatile char *above)
{
    if (nowhere == 0) {
        return 0; /* it never is; a compiler wants an end */
    }
    volatile char frame[4096];
    frame[0] = above == NULL ? 0 : above[0];
    return descend(frame) + frame[0];
}

void overflow_stack(struct deed *deed)
{
    (void)deed;
    die_plainly();
    (void)descend(NULL);
}

/* Until there is no more, or as much as a test may use where nothing limits it; then it is used all the same. */
void allocate_all(struct deed *deed)
{
    enum { PIECE = 16 << 20, PIECES = 24 };
    (void)deed;
    die_plainly();
    for (int i = 0; i < PIECES; i++) {
        char *piece = malloc(PIECE);
        if (piece == NULL) {
            break;
        }
        memset(piece, i, PIECE);
    }
    abort();
}

void unmap_itself(struct deed *deed)
{
    (void)deed;
    die_plainly();
    union {
        void (*function)(struct deed *);
        uintptr_t address;
    } here = {unmap_itself};
    syscall(SYS_munmap, here.address & ~(uintptr_t)(PAGE_SIZE - 1), (size_t)PAGE_SIZE);
}

void leave_thread(struct deed *deed)
{
    (void)deed;
    syscall(SYS_exit,
            0); /* the first thread ends alone, and with it the process, which has no other */
}

static void *crash(void *data)
{
    (void)data;
    *(volatile int *)nowhere = 1;
    return NULL;
}

void crash_in_thread(struct deed *deed)
{
    pthread_t thread;
    (void)deed;
    die_plainly();
    if (pthread_create(&thread, NULL, crash, NULL) == 0) {
        pthread_join(thread, NULL);
    }
}

void crash_ignoring_it(struct deed *deed)
{
    (void)deed;
    signal(SIGSEGV, SIG_IGN);
    *(volatile int *)nowhere = 1;
}

void raise_fatal(struct deed *deed)
{
    static const int fatal[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,    SIGTRAP, SIGABRT,
                                SIGBUS,  SIGFPE,  SIGKILL, SIGUSR1,   SIGSEGV, SIGUSR2,
                                SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ,
                                SIGPROF, SIGIO,   SIGPWR,  SIGSYS,    34,      64};
    int number = fatal[draw(deed) % (sizeof fatal / sizeof fatal[0])];
    sigset_t all;
    signal(number, SIG_DFL);
    sigfillset(&all);
    pthread_sigmask(SIG_UNBLOCK, &all, NULL);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

void set_alarm(struct deed *deed)
{
    struct itimerval soon = {{0, 0}, {0, 1000}};
    sigset_t all;
    (void)deed;
    signal(SIGALRM, SIG_DFL);
    sigfillset(&all);
    pthread_sigmask(SIG_UNBLOCK, &all, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    pass_ms(-1);
}

static jmp_buf gone;

static void __attribute__((noinline)) remember(void)
{
    if (setjmp(gone) != 0) {
        _exit(9); /* it returned into a frame that is gone, and got this far */
    }
}

void jump_out(struct deed *deed)
{
    (void)deed;
    die_plainly();
    remember();
    longjmp(gone, 1);
}

static void *crash_soon(void *data)
{
    pass_ms(5);
    return crash(data);
}

void crash_later(struct deed *deed)
{
    pthread_t thread;
    (void)deed;
    die_plainly();
    if (pthread_create(&thread, NULL, crash_soon, NULL) == 0) {
        pthread_detach(thread);
    }
}

/* --- no end ---------------------------------------------------------------------------------------- */

void loop_forever(struct deed *deed)
{
    (void)deed;
    loop();
}

void block_signals(struct deed *deed)
{
    sigset_t all;
    (void)deed;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

void ignore_signals(struct deed *deed)
{
    (void)deed;
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_IGN); /* SIGKILL and SIGSTOP are not asked */
    }
}

void loop_deaf(struct deed *deed)
{
    block_signals(deed);
    ignore_signals(deed);
    loop();
}

void sleep_forever(struct deed *deed)
{
    (void)deed;
    for (;;) {
        pass_ms(-1);
    }
}

void read_forever(struct deed *deed)
{
    int ends[2];
    char byte;
    (void)deed;
    if (pipe(ends) != 0) { /* it has leaked all of its descriptors */
        loop();
    }
    ssize_t got = read(ends[0], &byte, 1);
    (void)got;
}

void lock_twice(struct deed *deed)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    (void)deed;
    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&lock);
}

void stop_itself(struct deed *deed)
{
    (void)deed;
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGSTOP);
}

static void keep_on(int number)
{
    (void)number;
}

/* The instruction is repeated for ever. */
void crash_handled(struct deed *deed)
{
    struct sigaction action = {.sa_handler = keep_on, .sa_flags = SA_NODEFER};
    (void)deed;
    sigaction(SIGSEGV, &action, NULL);
    *(volatile int *)nowhere = 1;
}

void hang_up_and_loop(struct deed *deed)
{
    (void)deed;
    close(SOCKET);
    loop();
}

/* --- descriptors ----------------------------------------------------------------------------------- */

void close_input(struct deed *deed)
{
    (void)deed;
    close(STDIN_FILENO);
}

void close_output(struct deed *deed)
{
    (void)deed;
    close(STDOUT_FILENO);
}

void close_complaints(struct deed *deed)
{
    close(STDERR_FILENO);
    deed->call->api->log(deed->call->host, TEND_ERROR, "nobody reads this");
}

void close_page(struct deed *deed)
{
    (void)deed;
    close(PAGE);
}

void close_socket(struct deed *deed)
{
    (void)deed;
    close(SOCKET);
}

void close_all(struct deed *deed)
{
    (void)deed;
    for (int fd = 0; fd < 1024; fd++) {
        close(fd);
    }
}

/* Something that frames cannot be sent to. */
void replace_socket(struct deed *deed)
{
    int ends[2];
    (void)deed;
    if (pipe(ends) != 0 || dup2(ends[0], SOCKET) < 0) {
        close(SOCKET);
    }
}

void leak_descriptors(struct deed *deed)
{
    (void)deed;
    while (dup(STDERR_FILENO) >= 0) {
    }
}

void leak_memory(struct deed *deed)
{
    enum { BYTES = 2 << 20 };
    void *bytes = malloc(BYTES);
    (void)deed;
    if (bytes != NULL) {
        memset(bytes, 1, BYTES);
    }
}

/* --- others ---------------------------------------------------------------------------------------- */

/* Where it is allowed, children that outlive it and hold on to all that it has. */
void do_fork(struct deed *deed)
{
    (void)deed;
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            block_signals(deed);
            sleep_forever(deed);
        }
    }
}

/* Only where it cannot: a host that does not confine its runners is not protected from them. */
void signal_host(struct deed *deed)
{
    (void)deed;
    if (kill(getppid(), 0) != 0) {
        kill(getppid(), SIGKILL);
        syscall(SYS_tgkill, getppid(), getppid(), SIGKILL);
    }
}

void raise_harmless(struct deed *deed)
{
    static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
    raise(harmless[draw(deed) % 4]);
}

void take_priority(struct deed *deed)
{
    struct sched_param first = {.sched_priority = 99};
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    (void)deed;
    if (setpriority(PRIO_PROCESS, 0, -20) != 0) { /* where it may, that is enough */
        sched_setscheduler(0, SCHED_FIFO, &first);
    }
    setrlimit(RLIMIT_AS, &all);
    setrlimit(RLIMIT_NOFILE, &all);
}

void wander(struct deed *deed)
{
    (void)deed;
    umask(0777);
    setlocale(LC_ALL, "");
    if (chdir("/") != 0) {
        setenv("PWD", "nowhere", 1);
    }
}

static void *be_busy(void *data)
{
    loop();
    return data;
}

void start_busy_threads(struct deed *deed)
{
    pthread_t thread;
    (void)deed;
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&thread, NULL, be_busy, NULL) == 0) {
            pthread_detach(thread);
        }
    }
}

static void *end_early(void *data)
{
    syscall(SYS_exit, 0);
    return data;
}

void end_threads(struct deed *deed)
{
    pthread_t thread;
    (void)deed;
    for (int i = 0; i < 16; i++) {
        if (pthread_create(&thread, NULL, end_early, NULL) == 0) {
            pthread_detach(thread);
        }
    }
}
