/* What a plugin can say, where and how it should not: on its outputs, in the shared page, on the wire, and
 * through the host's own table.
 *
 * The last but one are what a runner and its host say to each other on descriptors 3 and 4
 * (protocol/frame.h, protocol/page.h), written down once more: it is no part of the contract. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tend/plugin.h>

#include "hostile/plugins/misbehaving.h"

enum { SOCKET = 3, PAGE = 4, PAGE_SIZE = 4096 };
enum { ASK = 5, RESULT = 7, LAST_TYPE = 9 };

static void loop(void)
{
    for (volatile int forever = 1; forever;) {
    }
}

/* --- output ---------------------------------------------------------------------------------------- */

enum { LINES = 3000, BLOCK = 4096, BLOCKS = 256 };

static void write_blocks(int fd, const char *block, int count)
{
    for (int i = 0; i < count && write(fd, block, BLOCK) > 0; i++) {
    }
}

void flood_output(struct deed *deed)
{
    (void)deed;
    for (int i = 0; i < LINES; i++) {
        printf("line %d\n", i);
    }
    fflush(stdout);
}

void flood_complaints(struct deed *deed)
{
    (void)deed;
    for (int i = 0; i < LINES; i++) {
        dprintf(STDERR_FILENO, "<%d>line %d\n", i % 9, i);
    }
}

void write_endless_line(struct deed *deed)
{
    char block[BLOCK];
    (void)deed;
    memset(block, 'x', sizeof block);
    write_blocks(STDERR_FILENO, block, BLOCKS);
}

void write_zeros(struct deed *deed)
{
    char block[BLOCK] = {0};
    (void)deed;
    write_blocks(STDERR_FILENO, block, 16);
}

void write_no_text(struct deed *deed)
{
    char block[BLOCK];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (char)draw(deed);
    }
    write_blocks(STDERR_FILENO, block, 16);
}

void flood_log(struct deed *deed)
{
    for (int i = 0; i < LINES; i++) {
        deed->call->api->log(deed->call->host, i % 9, "a line\nand \xff another");
    }
}

/* --- the shared page ------------------------------------------------------------------------------- */

struct shared {
    struct {
        uint64_t executing, slices;
        int64_t began_ms;
        int32_t thread;
        char rest[36];
    } lanes[32];
    int32_t died;
    char last_words[512];
};

static struct shared *map_page(void)
{
    void *page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE, 0);
    return page == MAP_FAILED ? NULL : page;
}

void cut_page(struct deed *deed)
{
    (void)deed;
    if (ftruncate(PAGE, 0) == 0) {
        dprintf(STDERR_FILENO, "the page was cut\n");
    }
}

void scribble(struct deed *deed)
{
    static const int64_t extremes[] = {INT64_MIN, INT64_MAX, -1, 0, 1};
    struct shared *page = map_page();
    if (page == NULL) {
        return;
    }
    for (size_t i = 0; i < 32; i += 1 + draw(deed) % 32) { /* accusing nobody */
        page->lanes[i].executing = draw(deed) % 2 == 0 ? draw(deed) : page->lanes[0].executing;
        page->lanes[i].slices = draw(deed) % 2 == 0 ? draw(deed) : UINT64_MAX;
        page->lanes[i].began_ms = extremes[draw(deed) % 5];
        page->lanes[i].thread = (int32_t)draw(deed);
    }
    page->died = draw(deed) % 2 == 0 ? (int32_t)draw(deed) : page->lanes[0].thread;
    for (size_t i = 0; i < sizeof page->last_words; i++) {
        page->last_words[i] = (char)draw(deed);
    }
    munmap(page, PAGE_SIZE);
}

void scribble_and_loop(struct deed *deed)
{
    scribble(deed);
    loop();
}

void write_last_words(struct deed *deed)
{
    struct shared *page = map_page();
    if (page != NULL) { /* no text, and without an end */
        memset(page->last_words, draw(deed) % 2 == 0 ? 'x' : 0xff, sizeof page->last_words);
    }
    _exit(1);
}

/* --- the wire -------------------------------------------------------------------------------------- */

static void say(const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = write(SOCKET, at, size);
        if (sent <= 0) {
            return;
        }
        at += sent;
        size -= (size_t)sent;
    }
}

static uint64_t own_call(void)
{
    struct shared *page = map_page();
    uint64_t call = page == NULL ? 1 : page->lanes[0].executing;
    if (page != NULL) {
        munmap(page, PAGE_SIZE);
    }
    return call;
}

static void say_frame(uint16_t type, uint64_t call, const char *head, const char *tail)
{
    char frame[1024];
    size_t head_size = strlen(head), tail_size = strlen(tail);
    uint32_t body = (uint32_t)(4 + head_size + tail_size), head_length = (uint32_t)head_size;
    memset(frame, 0, 16);
    memcpy(frame, &body, 4);
    memcpy(frame + 4, &type, 2);
    memcpy(frame + 8, &call, 8);
    memcpy(frame + 16, &head_length, 4);
    memcpy(frame + 20, head, head_size);
    memcpy(frame + 20 + head_size, tail, tail_size);
    say(frame, 16 + body);
}

/* What its own result would have been is taken for the rest of it. */
void write_half_frame(struct deed *deed)
{
    uint32_t header[4] = {1 << 20, RESULT, 1, 0};
    (void)deed;
    say(header, sizeof header);
}

void write_random(struct deed *deed)
{
    uint64_t bytes[64];
    for (size_t i = 0; i < 64; i++) {
        bytes[i] = draw(deed);
    }
    bytes[0] |= (uint64_t)0xffff << 32; /* a type that there is not */
    say(bytes, sizeof bytes);
}

void write_huge_frame(struct deed *deed)
{
    uint32_t header[4] = {UINT32_MAX - (uint32_t)(draw(deed) % 1000), RESULT, 1, 0};
    say(header, sizeof header);
}

void write_wrong_type(struct deed *deed)
{
    static const uint16_t wrong[] = {0, 1, 2, 3, 4, 6, 8, 9, LAST_TYPE + 1, UINT16_MAX};
    say_frame(wrong[draw(deed) % 10], own_call(), "{}", "{}");
}

void write_wrong_call(struct deed *deed)
{
    uint16_t type = draw(deed) % 2 == 0 ? RESULT : ASK;
    say_frame(type, UINT64_MAX - draw(deed) % 3, type == ASK ? "{\"ask\":0}" : "{}",
              "{\"outcome\":\"done\"}");
}

void write_no_json(struct deed *deed)
{
    static const char *const wrong[] = {
        "", "{", "nothing", "{\"outcome\":\"\xff\"}", "{\"outcome\":1e999}", "[[[[[[[["};
    say_frame(RESULT, own_call(), draw(deed) % 2 == 0 ? "{}" : "{\"a\"", wrong[draw(deed) % 6]);
}

void write_wrong_shape(struct deed *deed)
{
    static const char *const wrong[] = {"[]",
                                        "null",
                                        "{\"outcome\":{}}",
                                        "{\"outcome\":\"done\",\"afterMs\":\"x\"}",
                                        "{\"outcome\":\"done\",\"status\":[]}",
                                        "{\"outcome\":\"done\",\"events\":7}"};
    say_frame(RESULT, own_call(), "{}", wrong[draw(deed) % 6]);
}

void write_two_results(struct deed *deed)
{
    (void)deed;
    say_frame(RESULT, own_call(), "{}", "{\"outcome\":\"done\",\"status\":{\"n\":-1}}");
}

/* Questions whose answers it never reads. */
void flood_frames(struct deed *deed)
{
    uint64_t call = own_call();
    (void)deed;
    for (int i = 0; i < 100000; i++) {
        say_frame(ASK, call, "{\"ask\":1}", "{\"question\":{\"sleep\":{\"ms\":3600000}}}");
    }
}

/* --- too much of what is allowed --------------------------------------------------------------------- */

static void ignore_answer(struct tend_call *call, tend_node answer, void *data)
{
    (void)call, (void)answer, (void)data;
}

void ask_much(struct deed *deed)
{
    struct tend_call *call = deed->call;
    for (int i = 0; i < 40; i++) {
        tend_node question = call->api->make_map(call);
        tend_put_text(call, question, "fetch.kind", "v1/ConfigMap");
        tend_put_text(call, question, "fetch.name", "none");
        call->api->ask(call, question, ignore_answer, NULL);
    }
    while (call->api->wait(call) == 0) {
    }
}

void write_much(struct deed *deed)
{
    for (int i = 0; i < 2000; i++) {
        tend_apply(deed->call,
                   tend_draft(deed->call, "v1/ConfigMap", tend_format(deed->call, "much-%d", i)));
    }
}

void tell_much(struct deed *deed)
{
    for (int i = 0; i < 10000; i++) {
        tend_event(deed->call, TEND_WARNING, "Much", "and it goes on and on");
    }
}

void write_huge_status(struct deed *deed)
{
    enum { BYTES = 3 << 20 };
    char *text = deed->call->api->alloc(deed->call, BYTES + 1);
    memset(text, 'x', BYTES);
    tend_put_text(deed->call, TEND_THIS, "status.text", text);
}

void write_wrong_paths(struct deed *deed)
{
    static const char *const wrong[] = {"", "spec.n", "status", "status..n", "status.n[", "x"};
    tend_put_int(deed->call, TEND_THIS, wrong[draw(deed) % 6], 1);
}
