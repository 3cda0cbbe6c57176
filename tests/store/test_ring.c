/* The ring: contiguous, capped, found by subtraction. */
#include "base/alloc.h"
#include "store/ring.h"
#include "support/suite.h"

static void push(struct ring *ring, int64_t revision, size_t len)
{
    CLEANUP(freep) char *bytes = alloc_new(len + 1);
    memset(bytes, 'x', len);
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes((struct text){bytes, len});
    ring_push(ring, row_new(&(struct change){.revision = revision,
                                             .set_last = revision,
                                             .key = TEXT("key"),
                                             .actor = TEXT("actor"),
                                             .reason = TEXT(""),
                                             .doc = doc}));
}

static void holds_what_came_after_the_floor(void)
{
    struct ring ring;
    ring_init(&ring, 10, 100, 1 << 20);
    CHECK(ring_after(&ring, 10) == NULL);
    for (int64_t revision = 11; revision <= 15; revision++) {
        push(&ring, revision, 8);
    }
    CHECK_INT(ring.floor, 10);
    CHECK_INT(ring_after(&ring, 10)->change.revision, 11);
    CHECK_INT(ring_after(&ring, 14)->change.revision, 15);
    CHECK(ring_after(&ring, 15) == NULL);
    CHECK(text_is(ring_after(&ring, 12)->change.key, "key"));
    CHECK(text_is(ring_after(&ring, 12)->change.actor, "actor"));
    ring_done(&ring);
}

static void is_capped_by_rows(void)
{
    struct ring ring;
    ring_init(&ring, 0, 100, 1 << 20);
    for (int64_t revision = 1; revision <= 1000; revision++) {
        push(&ring, revision, 8);
    }
    CHECK_INT((long long)ring.count, 100);
    CHECK_INT(ring.floor, 900);
    CHECK_INT(ring_after(&ring, 900)->change.revision, 901);
    CHECK_INT(ring_after(&ring, 999)->change.revision, 1000);
    CHECK_INT((long long)ring.capacity, 128);
    ring_done(&ring);
}

static void is_capped_by_bytes(void)
{
    struct ring ring;
    ring_init(&ring, 0, 1000, 1000);
    for (int64_t revision = 1; revision <= 50; revision++) {
        push(&ring, revision, 100);
    }
    CHECK_INT((long long)ring.count, 10);
    CHECK_INT((long long)ring.bytes, 1000);
    push(&ring, 51, 5000);
    CHECK_INT((long long)ring.count, 1);
    CHECK_INT(ring.floor, 50);
    push(&ring, 52, 1);
    CHECK_INT((long long)ring.count, 1);
    CHECK_INT((long long)ring.bytes, 1);
    ring_done(&ring);
}

static void before_counts_too(void)
{
    struct ring ring;
    ring_init(&ring, 0, 1000, 1000);
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes(TEXT("12345"));
    CLEANUP(doc_unrefp) struct doc *before = doc_from_bytes(TEXT("123"));
    ring_push(&ring, row_new(&(struct change){.revision = 1,
                                              .key = TEXT("k"),
                                              .actor = TEXT(""),
                                              .reason = TEXT(""),
                                              .doc = doc,
                                              .before = before}));
    CHECK_INT((long long)ring.bytes, 8);
    CHECK(ring_after(&ring, 0)->change.before == before);
    ring_done(&ring);
}

SUITE({"holds what came after the floor", holds_what_came_after_the_floor},
      {"is capped by rows", is_capped_by_rows}, {"is capped by bytes", is_capped_by_bytes},
      {"the document before counts as well", before_counts_too})
