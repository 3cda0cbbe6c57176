/* What is done outside is done for real: programs of this system, and requests to a server in this process
 * that answers what the case says. Everything ends by an event; nothing is waited for by time. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "effect/outside.h"
#include "host/world_uv.h"
#include "support/suite.h"

enum { ASKED_MAX = 2 * EFFECTS_MAX };

struct asked {
    struct effect effect;
    char *result; /* NULL: not yet */
};

/* Answers every connection with the same bytes, and closes it; NULL: never answers. */
struct server {
    struct readiness listening, talking;
    const char *answer;
    char heard[4096];
    size_t len;
    unsigned port;
};

struct bench {
    struct world_uv *uv;
    struct world *world;
    struct outside *outside;
    struct asked asked[ASKED_MAX];
    size_t count, left;
    struct server server;
    struct readiness marker; /* for what a program does before it ends */
};

static struct bench bench; /* callbacks find their owner here; each case starts it anew */

static void start(void)
{
    struct error err = ERROR_INIT;
    memset(&bench, 0, sizeof bench);
    bench.server.listening.fd = bench.server.talking.fd = -1;
    if (!CHECK(world_uv_new(NULL, &bench.uv, &err) == TEND_OK)) {
        abort();
    }
    signal(SIGPIPE, SIG_IGN); /* as the host does */
    bench.world = world_uv_world(bench.uv);
    bench.outside = outside_new(bench.world, NULL, NULL);
}

static void done(struct effect *effect, struct text result)
{
    struct asked *asked = CONTAINER_OF(effect, struct asked, effect);
    CHECK(asked->result == NULL);
    asked->result = alloc_text(result.ptr, result.len);
    if (--bench.left == 0) {
        world_uv_stop(bench.uv);
    }
}

static struct asked *ask(const char *json)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *question = NULL;
    struct asked *asked = &bench.asked[bench.count++];
    CHECK(json_parse(&arena, text_of(json), &question, &err) == TEND_OK);
    CHECK(effect_check(question, &err) == TEND_OK);
    asked->effect.done = done;
    bench.left++;
    effect_start(outside_executor(bench.outside), &asked->effect, question);
    CHECK(asked->result == NULL);
    return asked;
}

static void cancel(struct asked *asked)
{
    effect_cancel(&asked->effect);
    bench.left--;
}

/* Until everything that was asked is answered. */
static void run(void)
{
    if (bench.left > 0) {
        world_uv_run(bench.uv);
    }
}

static void close_end(struct readiness *readiness)
{
    if (readiness->fd >= 0) {
        world_unwatch_fd(bench.world, readiness);
        close(readiness->fd);
        readiness->fd = -1;
    }
}

static void finish(void)
{
    world_uv_drain(bench.uv);
    close_end(&bench.server.talking);
    close_end(&bench.server.listening);
    outside_free(bench.outside);
    world_uv_free(bench.uv);
    for (size_t i = 0; i < bench.count; i++) {
        free(bench.asked[i].result);
    }
}

/* One question by itself, and all of its result. */
static void becomes(const char *question, const char *result)
{
    struct asked *asked = ask(question);
    run();
    CHECK_TEXT(asked->result, result);
}

/* --- programs ------------------------------------------------------------------------------------- */

static void a_program_runs(void)
{
    start();
    becomes("{\"exec\":{\"argv\":[\"sh\",\"-c\",\"cat; echo err >&2; exit 3\"],\"stdin\":\"in\"}}",
            "{\"code\":3,\"err\":\"err\\n\",\"ok\":false,\"out\":\"in\"}");
    becomes("{\"exec\":{\"argv\":[\"true\"]}}",
            "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"\"}");
    becomes("{\"exec\":{\"argv\":[\"sh\",\"-c\",\"kill -9 $$\"]}}",
            "{\"err\":\"\",\"ok\":false,\"out\":\"\",\"signal\":9}");
    finish();
}

static void it_gets_its_surroundings(void)
{
    start();
    setenv("SECRET", "not for programs", 1);
    becomes("{\"exec\":{\"argv\":[\"sh\",\"-c\",\"echo $A $PWD $SECRET\"],\"env\":{\"A\":\"a b\"},"
            "\"directory\":\"/usr\"}}",
            "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"a b /usr\\n\"}");
    finish();
}

static void what_cannot_start_says_why(void)
{
    start();
    becomes("{\"exec\":{\"argv\":[\"no-such-program\"]}}",
            "{\"err\":\"\",\"ok\":false,\"out\":\"\",\"problem\":\"there is no program "
            "\\\"no-such-program\\\" in PATH\"}");
    becomes("{\"exec\":{\"argv\":[\"/etc/passwd\"]}}",
            "{\"err\":\"\",\"ok\":false,\"out\":\"\",\"problem\":\"cannot start /etc/passwd: exec: "
            "Permission denied\"}");
    becomes("{\"exec\":{\"argv\":[\"true\"],\"directory\":\"/no/such\"}}",
            "{\"err\":\"\",\"ok\":false,\"out\":\"\",\"problem\":\"cannot start /usr/bin/true: "
            "/no/such: No such file or directory\"}");
    finish();
}

static void what_takes_too_long_is_ended(void)
{
    start();
    struct asked *slow = ask("{\"exec\":{\"argv\":[\"sleep\",\"1000\"],\"timeoutMs\":1}}");
    struct asked *deaf =
        ask("{\"exec\":{\"argv\":[\"sh\",\"-c\",\"trap '' TERM; echo a; while :; do :; done\"],"
            "\"timeoutMs\":100}}");
    run();
    CHECK(strstr(deaf->result, "\"timedOut\":true") != NULL);
    CHECK_TEXT(slow->result, "{\"err\":\"\",\"ok\":false,\"out\":\"\",\"timedOut\":true}");
    finish();
}

/* A grandchild holds the pipes: the result does not wait for it, and it is killed. */
static void nothing_is_left_behind(void)
{
    start();
    becomes("{\"exec\":{\"argv\":[\"sh\",\"-c\",\"sleep 1000 & echo started\"]}}",
            "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"started\\n\"}");
    finish();
}

static void output_is_bounded_and_clean(void)
{
    start();
    struct asked *loud = ask("{\"exec\":{\"argv\":[\"head\",\"-c\",\"1000000\",\"/dev/zero\"]}}");
    struct asked *dirty =
        ask("{\"exec\":{\"argv\":[\"printf\",\"a\\\\377\\\\303\\\\251\\\\303\"]}}");
    run();
    CHECK(strlen(loud->result) < 4 * EFFECT_OUTPUT_MAX);
    CHECK(strstr(loud->result, "\"code\":0") != NULL);
    CHECK_TEXT(
        dirty->result,
        "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\"}");
    finish();
}

/* It reads nothing, and is given more than a pipe holds. */
static void input_that_nobody_reads_is_no_failure(void)
{
    start();
    char *question = alloc_new(EFFECT_INPUT_MAX);
    strcpy(question, "{\"exec\":{\"argv\":[\"true\"],\"stdin\":\"");
    memset(question + strlen(question), 'x', 200 * KIB);
    strcat(question, "\"}}");
    becomes(question, "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"\"}");
    free(question);
    finish();
}

static void read_marker(struct readiness *readiness, unsigned events)
{
    char byte;
    (void)events;
    if (read(readiness->fd, &byte, 1) <= 0) { /* nobody holds the other end any more */
        world_uv_stop(bench.uv);
    }
}

/* The program says so by closing its end of a named pipe: when it is gone, all that it began is. */
static void a_cancelled_program_is_gone(void)
{
    start();
    char folder[] = "/tmp/tend-outside-XXXXXX", pipe[64], question[256];
    struct error err = ERROR_INIT;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    CHECK(mkfifo(pipe, 0600) == 0);
    bench.marker = (struct readiness){.fd = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC),
                                      .ready = read_marker};
    int hold = open(pipe, O_WRONLY | O_CLOEXEC);
    snprintf(question, sizeof question,
             "{\"exec\":{\"argv\":[\"sh\",\"-c\",\"exec > %s; sleep 1000 & sleep 1000\"]}}", pipe);
    struct asked *asked = ask(question);
    cancel(asked);
    close(hold);
    CHECK(world_watch_fd(bench.world, &bench.marker, READY_READ, &err) == TEND_OK);
    world_uv_run(bench.uv);
    CHECK(asked->result == NULL);
    close_end(&bench.marker);
    unlink(pipe);
    rmdir(folder);
    finish();
}

static void many_take_their_turn(void)
{
    start();
    for (int i = 0; i < ASKED_MAX; i++) {
        ask("{\"exec\":{\"argv\":[\"echo\",\"hello\"]}}");
    }
    cancel(&bench.asked[0]);
    cancel(&bench.asked[ASKED_MAX - 1]);
    run();
    CHECK(bench.asked[0].result == NULL && bench.asked[ASKED_MAX - 1].result == NULL);
    for (int i = 1; i < ASKED_MAX - 1; i++) {
        CHECK_TEXT(bench.asked[i].result,
                   "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"hello\\n\"}");
    }
    finish();
}

/* --- requests ------------------------------------------------------------------------------------- */

static void on_request(struct readiness *talking, unsigned events)
{
    struct server *server = &bench.server;
    (void)events;
    ssize_t got =
        recv(talking->fd, server->heard + server->len, sizeof server->heard - 1 - server->len, 0);
    server->len += got > 0 ? (size_t)got : 0;
    const char *end = strstr(server->heard, "\r\n\r\n");
    const char *length = strcasestr(server->heard, "content-length: ");
    size_t body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
    if (got <= 0) {
        close_end(talking);
    } else if (end != NULL && strlen(end + 4) >= body && server->answer != NULL) {
        CHECK(send(talking->fd, server->answer, strlen(server->answer), MSG_NOSIGNAL) > 0);
        close_end(talking);
    }
}

static void on_connection(struct readiness *listening, unsigned events)
{
    struct server *server = &bench.server;
    struct error err = ERROR_INIT;
    (void)events;
    close_end(&server->talking);
    server->talking =
        (struct readiness){.fd = accept(listening->fd, NULL, NULL), .ready = on_request};
    memset(server->heard, 0, sizeof server->heard);
    server->len = 0;
    CHECK(world_watch_fd(bench.world, &server->talking, READY_READ, &err) == TEND_OK);
}

static void serve(const char *answer)
{
    struct server *server = &bench.server;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    struct error err = ERROR_INIT;
    server->answer = answer;
    server->listening = (struct readiness){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                           .ready = on_connection};
    CHECK(bind(server->listening.fd, (struct sockaddr *)&address, len) == 0);
    CHECK(listen(server->listening.fd, 16) == 0);
    CHECK(getsockname(server->listening.fd, (struct sockaddr *)&address, &len) == 0);
    server->port = ntohs(address.sin_port);
    CHECK(world_watch_fd(bench.world, &server->listening, READY_READ, &err) == TEND_OK);
}

/* A question with the server's address in front of `rest`. */
static struct asked *request(const char *rest)
{
    char question[512];
    snprintf(question, sizeof question, "{\"http\":{\"url\":\"http://127.0.0.1:%u%s}}",
             bench.server.port, rest);
    return ask(question);
}

static void a_request_is_answered(void)
{
    start();
    serve("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello");
    struct asked *asked =
        request("/a?b=c\",\"method\":\"PUT\",\"headers\":{\"X-B\":\"d\",\"X-C\":\"\"},"
                "\"body\":\"{}\"");
    run();
    CHECK_TEXT(asked->result,
               "{\"body\":\"hello\",\"headers\":{\"content-length\":\"5\",\"x-a\":\"1, "
               "2\"},\"ok\":true,\"status\":200}");
    const char *heard = bench.server.heard;
    CHECK(strncmp(heard, "PUT /a?b=c HTTP/1.1\r\n", 21) == 0);
    CHECK(strstr(heard, "\r\nX-B: d\r\n") != NULL && strstr(heard, "\r\nX-C:\r\n") != NULL);
    CHECK(strcasestr(heard, "content-type") == NULL && strcasestr(heard, "expect") == NULL);
    CHECK(strstr(heard, "\r\n\r\n{}") != NULL);
    finish();
}

static void a_bad_status_is_an_answer_too(void)
{
    start();
    serve("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    struct asked *asked = request("/\"");
    run();
    CHECK_TEXT(asked->result, "{\"body\":\"\",\"headers\":{\"content-length\":\"0\"},\"ok\":false,"
                              "\"status\":503}");
    finish();
}

static void nobody_there_is_a_problem(void)
{
    start();
    serve(NULL);
    close_end(&bench.server.listening);
    struct asked *refused = request("/\"");
    struct asked *nowhere = ask("{\"http\":{\"url\":\"http://nowhere.invalid/\"}}");
    run();
    CHECK(strstr(refused->result,
                 "{\"ok\":false,\"problem\":\"Failed to connect to 127.0.0.1 port") ==
          refused->result);
    CHECK(strstr(nowhere->result, "nowhere.invalid") != NULL);
    finish();
}

static void silence_ends_at_the_timeout(void)
{
    start();
    serve(NULL);
    struct asked *asked = request("/\",\"timeoutMs\":20");
    run();
    CHECK(strstr(asked->result, "\"ok\":false,\"problem\":\"Operation timed out") != NULL);
    finish();
}

static void a_long_body_is_cut(void)
{
    start();
    char *answer = alloc_new(300 * KIB);
    strcpy(answer, "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
    memset(answer + strlen(answer), 'x', 100 * KIB);
    serve(answer);
    struct asked *asked = request("/\"");
    run();
    CHECK(strstr(asked->result, "\"status\":200") != NULL);
    CHECK(strlen(asked->result) > EFFECT_OUTPUT_MAX);
    CHECK(strlen(asked->result) < EFFECT_OUTPUT_MAX + 200);
    free(answer);
    finish();
}

static char *head_of(int lines, const char *end)
{
    char *answer = alloc_new(200 * KIB), *at = stpcpy(answer, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < lines; i++) {
        at = stpcpy(at, "a:b\r\n");
    }
    strcpy(at, end);
    return answer;
}

/* Putting them together costs no more than they are long. */
static void one_header_may_come_very_often(void)
{
    struct rusage before, after;
    start();
    char *answer = head_of(12000, "Content-Length: 2\r\n\r\nok");
    serve(answer);
    getrusage(RUSAGE_SELF, &before);
    struct asked *asked = request("/\"");
    run();
    getrusage(RUSAGE_SELF, &after);
    CHECK(strstr(asked->result, "{\"body\":\"ok\",\"headers\":{\"a\":\"b, b, b") == asked->result);
    CHECK(strlen(asked->result) > 3 * 12000);
    CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024); /* KiB */
    free(answer);
    finish();
}

static void too_many_headers_are_a_problem(void)
{
    start();
    char *answer = head_of(16000, "\r\n");
    serve(answer);
    struct asked *asked = request("/\"");
    run();
    CHECK_TEXT(asked->result, "{\"ok\":false,\"problem\":\"its headers are longer than 64 KiB\"}");
    free(answer);
    finish();
}

static void it_leads_to_no_other_protocol(void)
{
    start();
    serve("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
    struct asked *asked = request("/\"");
    run();
    CHECK(strstr(asked->result, "\"ok\":false,\"problem\":\"Protocol \\\"file\\\" not supported") !=
          NULL);
    CHECK(strstr(asked->result, "root:") == NULL);
    finish();
}

static void what_is_no_http_is_a_problem(void)
{
    start();
    serve("SSH-2.0-OpenSSH\r\n");
    struct asked *asked = request("/\"");
    run();
    CHECK(strstr(asked->result, "{\"ok\":false,\"problem\":\"") == asked->result);
    finish();
}

static void a_cancelled_request_is_forgotten(void)
{
    start();
    serve(NULL);
    struct asked *unsent = request("/\"");
    cancel(unsent); /* the library is not there yet */
    struct asked *first = ask("{\"exec\":{\"argv\":[\"true\"]}}");
    struct asked *asked = request("/\",\"timeoutMs\":20");
    struct asked *other = request("/\"");
    bench.left--; /* nobody waits for it */
    run();
    CHECK(first->result != NULL && asked->result != NULL && other->result == NULL);
    bench.left++;
    cancel(other);
    finish();
}

SUITE({"a program runs, and its result is told", a_program_runs},
      {"it gets what it was given, and no secrets of the host", it_gets_its_surroundings},
      {"what cannot start says why", what_cannot_start_says_why},
      {"what takes too long is ended", what_takes_too_long_is_ended},
      {"nothing is left behind by a program that ended", nothing_is_left_behind},
      {"output is bounded and clean", output_is_bounded_and_clean},
      {"input that nobody reads is no failure", input_that_nobody_reads_is_no_failure},
      {"a cancelled program is gone, with all that it began", a_cancelled_program_is_gone},
      {"many take their turn", many_take_their_turn},
      {"a request is answered", a_request_is_answered},
      {"a bad status is an answer too", a_bad_status_is_an_answer_too},
      {"nobody there is a problem", nobody_there_is_a_problem},
      {"silence ends at the timeout", silence_ends_at_the_timeout},
      {"a long body is cut", a_long_body_is_cut},
      {"one header may come very often", one_header_may_come_very_often},
      {"too many headers are a problem", too_many_headers_are_a_problem},
      {"a redirect leads to no other protocol", it_leads_to_no_other_protocol},
      {"what is no HTTP is a problem", what_is_no_http_is_a_problem},
      {"a cancelled request is forgotten", a_cancelled_request_is_forgotten})
