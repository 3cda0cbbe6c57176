/* Every descriptor is close-on-exec; world_spawn places the child's by number. */
#include "runner/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct ends {
    int socket[2], output[2]; /* ours, the child's */
};

static void close_ends(const struct ends *ends, int which)
{
    if (ends->socket[which] >= 0) {
        close(ends->socket[which]);
    }
    if (ends->output[which] >= 0) {
        close(ends->output[which]);
    }
}

static enum tend_code make_ends(struct ends *ends, struct error *err)
{
    *ends = (struct ends){{-1, -1}, {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->socket) != 0 ||
        pipe2(ends->output, O_CLOEXEC) != 0 || fcntl(ends->socket[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(ends->output[0], F_SETFL, O_NONBLOCK) != 0) {
        int number = errno;
        close_ends(ends, 0);
        close_ends(ends, 1);
        return FAIL(err, TEND_IO, "cannot make a socket pair: %s", strerror(number));
    }
    return TEND_OK;
}

enum tend_code birth_spawn(const struct birth *birth, struct world *world, struct child *child,
                           int *ret_socket, int *ret_output, struct error *err)
{
    struct ends ends;
    TRY(make_ends(&ends, err));
    const char *argv[] = {"tend-runner", birth->name, confinement_name(birth->confinement), NULL};
    struct child_spec spec = {
        .path = birth->program,
        .argv = argv,
        .fds = {-1, ends.output[1], ends.output[1], ends.socket[1], birth->page_fd},
        .fd_count = RUNNER_FD_PAGE + 1,
        .limits = birth->limits};
    enum tend_code code = world_spawn(world, child, &spec, err);
    close_ends(&ends, 1);
    if (code != TEND_OK) {
        close_ends(&ends, 0);
        return code;
    }
    *ret_socket = ends.socket[0];
    *ret_output = ends.output[0];
    return TEND_OK;
}

void birth_describe_end(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigdescr_np(WTERMSIG(status));
        snprintf(out, size, "it was killed by signal %d (%s)", WTERMSIG(status),
                 name == NULL ? "unknown" : name);
    } else {
        snprintf(out, size, "it exited with status %d", WEXITSTATUS(status));
    }
}

/* Its size is sealed: a runner that cut it off would end its host with a bus error. */
struct page *birth_new_page(int *ret_fd)
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

void birth_free_page(struct page *page, int fd)
{
    munmap(page, PAGE_BYTES);
    close(fd);
}
