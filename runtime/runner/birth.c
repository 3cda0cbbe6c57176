/* Every descriptor is close-on-exec; world_spawn places the child's by number. */
#include "runner/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

struct process {
    struct runner_means means;
    struct world *world;
    struct birth birth;
    char *program, *name;
    int page_fd;
    struct child child;
};

static struct process *of(struct runner_means *means)
{
    return CONTAINER_OF(means, struct process, means);
}

void birth_close_ends(const struct birth_ends *ends, int which)
{
    if (ends->socket[which] >= 0) {
        close(ends->socket[which]);
    }
    if (ends->output[which] >= 0) {
        close(ends->output[which]);
    }
}

enum tend_code birth_open_ends(struct birth_ends *ends, struct error *err)
{
    *ends = (struct birth_ends){{-1, -1}, {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->socket) != 0 ||
        pipe2(ends->output, O_CLOEXEC) != 0 || fcntl(ends->socket[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(ends->output[0], F_SETFL, O_NONBLOCK) != 0) {
        int number = errno;
        birth_close_ends(ends, 0);
        birth_close_ends(ends, 1);
        return FAIL(err, TEND_IO, "cannot make a socket pair: %s", strerror(number));
    }
    return TEND_OK;
}

static enum tend_code start(struct runner_means *means, const char *file,
                            struct means_ends *ret_ends, struct error *err)
{
    struct process *process = of(means);
    struct birth_ends ends;
    memset(means->page, 0, PAGE_BYTES); /* no process shares it now */
    TRY(birth_open_ends(&ends, err));
    const char *argv[] = {"tend-runner", process->name,
                          confinement_name(process->birth.confinement), NULL};
    struct child_spec spec = {
        .path = process->program,
        .argv = argv,
        .fds = {-1, ends.output[1], ends.output[1], ends.socket[1], process->page_fd},
        .fd_count = RUNNER_FD_PAGE + 1,
        .limits = process->birth.limits};
    enum tend_code code = world_spawn(process->world, &process->child, &spec, err);
    birth_close_ends(&ends, 1);
    if (code != TEND_OK) {
        birth_close_ends(&ends, 0);
        return code;
    }
    means->pid = process->child.pid;
    *ret_ends = (struct means_ends){ends.socket[0], ends.output[0], file};
    return TEND_OK;
}

static void kill_process(struct runner_means *means)
{
    world_kill(of(means)->world, &of(means)->child, SIGKILL);
}

static void describe_end(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigdescr_np(WTERMSIG(status));
        snprintf(out, size, "it was killed by signal %d (%s)", WTERMSIG(status),
                 name == NULL ? "unknown" : name);
    } else {
        snprintf(out, size, "it exited with status %d", WEXITSTATUS(status));
    }
}

static void on_ended(struct child *child, int status)
{
    struct process *process = CONTAINER_OF(child, struct process, child);
    char how[ERROR_TEXT_MAX];
    describe_end(status, how, sizeof how);
    process->means.pid = 0;
    process->means.ended(&process->means, how);
}

/* Its size is sealed: a runner that cut it off would end its host with a bus error. */
static struct page *new_page(int *ret_fd)
{
    int fd = memfd_create("tend-runner", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    void *page = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, PAGE_BYTES) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (page == MAP_FAILED) {
        abort();
    }
    *ret_fd = fd;
    return page;
}

static void release(struct runner_means *means)
{
    struct process *process = of(means);
    world_abandon(process->world, &process->child);
    munmap(means->page, PAGE_BYTES);
    close(process->page_fd);
    free(process->program);
    free(process->name);
    free(process);
}

static const struct runner_means_ops ops = {
    .start = start, .kill = kill_process, .release = release};

struct runner_means *birth_means(struct world *world, const struct birth *birth)
{
    struct process *process = alloc_new(sizeof *process);
    process->means = (struct runner_means){.ops = &ops, .nature = DIES_WHEN_KILLED};
    process->means.page = new_page(&process->page_fd);
    process->world = world;
    process->birth = *birth;
    process->program = alloc_dup(birth->program);
    process->name = alloc_dup(birth->name);
    process->child.ended = on_ended;
    return &process->means;
}
