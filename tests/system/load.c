/* A client that writes, and writes down what it was told: the history that a crash is judged by.
 *
 *     system.load SOCKET HISTORY NAME SEED OPERATIONS [HOST_PID KILL_AFTER]
 *
 * One connection, one operation at a time, on ConfigMaps of its own (NAME-1, NAME-2, ...), each with a
 * value that is never used twice. A line is written before an operation and another after its answer:
 *
 *     call create NAME-7 v31
 *     answer 201 118
 *
 * First it looks at everything it owns, and between its operations at what others own. What it finds
 * is written down too, with its revision; "-" stands for what is not there:
 *
 *     saw NAME-7 v31 118
 *     met OTHER-3 - 0
 *
 * After KILL_AFTER answers it sends SIGKILL to HOST_PID and goes on until the connection breaks. It ends
 * with 0 when its operations are done or the host is gone, with 1 on an answer that should not be.
 * Nothing of the product is linked: what it believes comes over the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { NAMES = 24, ANSWER_MAX = 1 << 20 };

struct client {
    int fd, history;
    const char *name;
    uint64_t random;
    unsigned long next_value;
    bool there[NAMES]; /* does NAME-i exist, as far as the client knows? */
    char answer[ANSWER_MAX];
};

static struct client client; /* this program is one client */

static unsigned pick(unsigned below)
{
    client.random ^= client.random << 13; /* xorshift: the run follows from the seed */
    client.random ^= client.random >> 7;
    client.random ^= client.random << 17;
    return (unsigned)(client.random % below);
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (write(client.history, line, (size_t)len) != len) {
        perror("history");
        exit(2);
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof name) != 0) {
        return -1;
    }
    return fd;
}

static int send_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = send(client.fd, bytes, len, MSG_NOSIGNAL);
        if (put <= 0) {
            return -1;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return 0;
}

/* Read one answer with a Content-Length into client.answer; its status, or -1 where the host is gone. */
static int read_answer(void)
{
    size_t have = 0;
    for (;;) {
        ssize_t got = recv(client.fd, client.answer + have, sizeof client.answer - 1 - have, 0);
        if (got <= 0) {
            return -1;
        }
        have += (size_t)got;
        client.answer[have] = '\0';
        char *body = strstr(client.answer, "\r\n\r\n");
        char *length = strcasestr(client.answer, "\r\ncontent-length:");
        if (body == NULL || length == NULL || length > body) {
            continue;
        }
        size_t whole = (size_t)(body + 4 - client.answer) + strtoul(length + 17, NULL, 10);
        if (have >= whole) {
            return (int)strtol(client.answer + 9, NULL, 10);
        }
    }
}

static int ask(const char *method, const char *path, const char *type, const char *body)
{
    char request[2048];
    int len = snprintf(request, sizeof request,
                       "%s %s HTTP/1.1\r\nHost: tend\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       method, path, type, strlen(body), body);
    return send_all(request, (size_t)len) == 0 ? read_answer() : -1;
}

static long revision_of(const char *answer)
{
    const char *at = strstr(answer, "\"resourceVersion\":\"");
    return at == NULL ? 0 : strtol(at + 19, NULL, 10);
}

#define COLLECTION "/api/v1/namespaces/default/configmaps"

static int create(unsigned i)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s-%u\"},"
             "\"data\":{\"value\":\"v%lu\"}}",
             client.name, i, client.next_value);
    note("call create %s-%u v%lu\n", client.name, i, client.next_value);
    return ask("POST", COLLECTION, "application/json", body);
}

static int change(unsigned i)
{
    char path[256], body[128];
    snprintf(path, sizeof path, COLLECTION "/%s-%u", client.name, i);
    snprintf(body, sizeof body, "{\"data\":{\"value\":\"v%lu\"}}", client.next_value);
    note("call change %s-%u v%lu\n", client.name, i, client.next_value);
    return ask("PATCH", path, "application/merge-patch+json", body);
}

static int delete (unsigned i)
{
    char path[256];
    snprintf(path, sizeof path, COLLECTION "/%s-%u", client.name, i);
    note("call delete %s-%u -\n", client.name, i);
    return ask("DELETE", path, "application/json", "");
}

/* One operation on a name; its status, or -1. */
static int operate(unsigned i)
{
    client.next_value++;
    int status;
    if (!client.there[i]) {
        status = create(i);
        client.there[i] = status == 201;
    } else if (pick(3) != 0) {
        status = change(i);
    } else {
        status = delete (i);
        client.there[i] = status != 200;
    }
    if (status > 0) {
        note("answer %d %ld\n", status, revision_of(client.answer));
    }
    return status;
}

/* Ask for one object and write down what is there. Ends with its status, or -1. */
static int look_at(const char *word, const char *owner, unsigned i)
{
    char path[256], value[32] = "-";
    snprintf(path, sizeof path, COLLECTION "/%s-%u", owner, i);
    int status = ask("GET", path, "application/json", "");
    const char *found = status == 200 ? strstr(client.answer, "\"value\":\"") : NULL;
    if (found != NULL) {
        sscanf(found + 9, "%31[^\"]", value);
    }
    if (status > 0) {
        note("%s %s-%u %s %ld\n", word, owner, i, value,
             status == 200 ? revision_of(client.answer) : 0);
    }
    return status;
}

/* What an earlier round left. */
static int look_at_own(void)
{
    for (unsigned i = 0; i < NAMES; i++) {
        int status = look_at("saw", client.name, i);
        if (status < 0) {
            return -1;
        }
        client.there[i] = status == 200;
    }
    return 0;
}

static int look_at_others(void)
{
    const char owner[] = {(char)('a' + pick(3)), '\0'}; /* the clients are a, b and c */
    return look_at("met", owner, pick(NAMES));
}

static int run(unsigned long operations, pid_t host, unsigned long kill_after)
{
    for (unsigned long done = 0; done < operations; done++) {
        int status = operate(pick(NAMES));
        if (status < 0 || (pick(4) == 0 && look_at_others() < 0)) {
            return 0;
        }
        if (status != 200 && status != 201) {
            fprintf(stderr, "unexpected answer: %s\n", client.answer);
            return 1;
        }
        if (host > 0 && done + 1 == kill_after) {
            kill(host, SIGKILL);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 8) {
        fprintf(stderr,
                "usage: system.load SOCKET HISTORY NAME SEED OPERATIONS [HOST_PID KILL_AFTER]\n");
        return 2;
    }
    client.name = argv[3];
    client.random = strtoull(argv[4], NULL, 10) * 2654435769u + 88172645463325252u;
    client.next_value = strtoul(argv[4], NULL, 10) * 1000000; /* no value is used twice */
    client.history = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    client.fd = connect_to(argv[1]);
    if (client.history < 0 || client.fd < 0) {
        fprintf(stderr, "cannot connect to %s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    if (look_at_own() != 0) {
        return 0;
    }
    return run(strtoul(argv[5], NULL, 10), argc == 8 ? (pid_t)strtol(argv[6], NULL, 10) : 0,
               argc == 8 ? strtoul(argv[7], NULL, 10) : 0);
}
