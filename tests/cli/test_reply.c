/* The reader of answers: whole, in pieces, and from somebody who means no good. */
#include "base/alloc.h"
#include "base/limits.h"
#include "cli/reply.h"
#include "support/suite.h"

/* Feed `bytes` in pieces of `step`, then the close. */
static enum tend_code feed(struct reply *reply, struct text bytes, size_t step)
{
    struct error err = ERROR_INIT;
    reply_init(reply);
    while (bytes.len > 0 && !reply->is_complete) {
        size_t used = 0;
        enum tend_code code = reply_feed(reply, text_first(bytes, step), &used, &err);
        if (code != TEND_OK) {
            return code;
        }
        bytes = text_from(bytes, used);
    }
    return reply_end(reply, &err);
}

/* The same outcome whatever the pieces: TEND_OK and `body`, or the code. */
static void expect(const char *bytes, enum tend_code code, int status, const char *body)
{
    static const size_t steps[] = {1, 2, 7, 100000};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        CLEANUP(reply_done) struct reply reply;
        bool same = feed(&reply, text_of(bytes), steps[i]) == code;
        suite_check(same, __LINE__, bytes, __FILE__);
        if (code == TEND_OK) {
            CHECK_INT(reply.status, status);
            CHECK_TEXT(reply.body.data == NULL ? "" : reply.body.data, body);
        }
    }
}

static void reads_lengths_and_chunks(void)
{
    expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", TEND_OK, 200, "hello");
    expect("HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", TEND_OK, 404, "");
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n",
           TEND_OK, 200, "hello");
    expect("HTTP/1.0 200 OK\r\n\r\nuntil the end", TEND_OK, 200, "until the end");
    expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\nContent-Length: 2\n\nok", TEND_OK,
           201, "ok");
    expect("HTTP/1.1 204 No Content\r\n\r\n", TEND_OK, 204, "");
}

static void refuses_what_is_no_http(void)
{
    static const char *const broken[] = {
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 99 x\r\n\r\n",
        "HTTP/1.1 2000 x\r\n\r\n",
        "HTTP/1.1 -20 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        expect(broken[i], TEND_INVALID, 0, "");
    }
}

static void never_takes_a_part_for_the_whole(void)
{
    expect("", TEND_UNAVAILABLE, 0, "");
    expect("HTTP/1.1 200 OK\r\n", TEND_UNAVAILABLE, 0, "");
    expect("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", TEND_UNAVAILABLE, 0, "");
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", TEND_UNAVAILABLE,
           0, "");
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
           TEND_UNAVAILABLE, 0, "");
}

/* An answer that goes on and on, `head` first and then `again` without end. */
static enum tend_code endless(const char *head, const char *again)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    size_t used;
    reply_init(&reply);
    enum tend_code code = reply_feed(&reply, text_of(head), &used, &err);
    for (size_t i = 0; code == TEND_OK && i < 10 * (size_t)CLIENT_HEAD_MAX; i++) {
        code = reply_feed(&reply, text_of(again), &used, &err);
    }
    return code;
}

static void bounds_what_it_keeps(void)
{
    CHECK_INT(endless("HTTP/1.1 200 ", "x"), TEND_LIMIT);
    CHECK_INT(endless("HTTP/1.1 200 OK\r\n", "a: b\r\n"), TEND_LIMIT);
    CHECK_INT(endless("", "HTTP/1.1 100 Continue\r\n\r\n"), TEND_LIMIT);
    CHECK_INT(endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a: b\r\n"),
              TEND_LIMIT);
    CHECK_INT(endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"), TEND_LIMIT);
}

/* A watch may last for hours: what frames its chunks must not use up the bound of the head. */
static void streams_without_end(void)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    size_t used, lost = 0;
    reply_init(&reply);
    CHECK_INT(reply_feed(&reply, TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                         &used, &err),
              TEND_OK);
    for (int i = 0; i < 100000; i++) {
        lost += reply_feed(&reply, TEXT("4\r\nabc\n\r\n"), &used, &err) != TEND_OK;
        buffer_clear(&reply.body);
    }
    CHECK_INT(lost, 0);
}

static void leaves_the_next_answer_alone(void)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    struct text bytes = TEXT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1");
    size_t used = 0;
    reply_init(&reply);
    CHECK_INT(reply_feed(&reply, bytes, &used, &err), TEND_OK);
    CHECK(reply.is_complete);
    CHECK_INT(bytes.len - used, 8);
}

static void keeps_headers_of_interest(void)
{
    CLEANUP(reply_done) struct reply reply;
    CHECK_INT(feed(&reply,
                   TEXT("HTTP/1.1 200 OK\r\ntend-effect: created\r\nConnection: close\r\n"
                        "Warning: 299 - \"unknown field \\\"x\\\"\"\r\nContent-Length: 0\r\n\r\n"),
                   3),
              TEND_OK);
    CHECK_TEXT(reply.effect, "created");
    CHECK(reply.closes);
    CHECK_TEXT(reply.warnings.data, "unknown field \"x\"\n");
}

SUITE({"lengths, chunks, until the close, in any pieces", reads_lengths_and_chunks},
      {"refuses what is no HTTP", refuses_what_is_no_http},
      {"a body that was cut is no body", never_takes_a_part_for_the_whole},
      {"keeps no more than it may", bounds_what_it_keeps},
      {"a stream may last", streams_without_end},
      {"what follows is the next answer's", leaves_the_next_answer_alone},
      {"keeps effect, warnings and close", keeps_headers_of_interest})
