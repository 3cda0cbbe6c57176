#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "protocol/message.h"
#include "support/suite.h"

/* One frame, written and read back. */
struct post {
    struct buffer out;
    struct frame_reader reader;
    struct arena arena;
    struct frame frame;
    struct error err;
};

static void open_post(struct post *post)
{
    *post = (struct post){.out = BUFFER_INIT(4 * MIB)};
    frame_reader_init(&post->reader);
}

static void close_post(struct post *post)
{
    buffer_done(&post->out);
    frame_reader_done(&post->reader);
    arena_done(&post->arena);
}

static bool deliver(struct post *post)
{
    bool found = false;
    size_t size;
    char *space = frame_reader_space(&post->reader, &size);
    if (!CHECK(post->out.len <= size)) {
        return false;
    }
    memcpy(space, post->out.data, post->out.len);
    frame_reader_fed(&post->reader, post->out.len);
    buffer_clear(&post->out);
    return CHECK(frame_reader_next(&post->reader, &post->frame, &found, &post->err) == TEND_OK) &&
           CHECK(found);
}

static void carries_hello(void)
{
    CLEANUP(close_post) struct post post;
    open_post(&post);
    struct message_hello hello = {1, 2, TEXT("/a b/\"x\".so"), TEXT("x"), NULL}, got = {0};
    message_write_hello(&post.out, &hello);
    if (!deliver(&post)) {
        return;
    }
    CHECK(message_read_hello(&post.frame, &post.arena, &got, &post.err) == TEND_OK);
    CHECK(got.major == 1 && got.minor == 2);
    CHECK(text_equal(got.path, hello.path) && text_equal(got.name, hello.name));
    CHECK(value_count(got.config) == 0);
}

static void carries_a_run(void)
{
    CLEANUP(close_post) struct post post;
    open_post(&post);
    struct message_run run = {UINT64_MAX, TEXT("lab"), MESSAGE_FINALIZE, -1, INT64_MAX, 30000,
                              60000,      7,           TEXT("{\"a\":1}")},
                       got = {0};
    message_write_run(&post.out, &run);
    if (!deliver(&post)) {
        return;
    }
    CHECK(message_read_run(&post.frame, &post.arena, &got, &post.err) == TEND_OK);
    CHECK(got.call == UINT64_MAX && got.verb == MESSAGE_FINALIZE && got.now_ms == -1);
    CHECK(got.entered_ms == INT64_MAX && got.slice_ms == 30000);
    CHECK(got.limit_ms == 60000 && got.kinds == 7);
    CHECK(text_is(got.controller, "lab") && text_is(got.object, "{\"a\":1}"));
}

static void carries_questions_and_answers(void)
{
    CLEANUP(close_post) struct post post;
    open_post(&post);
    struct message_ask ask = {.call = 5, .ask = 3}, got = {0};
    CHECK(json_parse(&post.arena, TEXT("{\"fetch\":{\"kind\":\"v1/A\",\"name\":\"b\"}}"),
                     &ask.question, &post.err) == TEND_OK);
    message_write_ask(&post.out, &ask);
    if (!deliver(&post)) {
        return;
    }
    CHECK(message_read_ask(&post.frame, &post.arena, &got, &post.err) == TEND_OK);
    CHECK(got.call == 5 && got.ask == 3 && value_equal(ask.question, got.question));
    CHECK(got.so_far == NULL);
    ask.so_far = value_empty_map();
    message_write_ask(&post.out, &ask);
    if (!deliver(&post)) {
        return;
    }
    CHECK(message_read_ask(&post.frame, &post.arena, &got, &post.err) == TEND_OK);
    CHECK(value_equal(ask.question, got.question) && value_is(got.so_far, VALUE_MAP));

    struct message_answer answer = {5, 3, 99, TEXT("null"), TEXT("")}, back = {0};
    message_write_answer(&post.out, &answer);
    if (!deliver(&post)) {
        return;
    }
    CHECK(message_read_answer(&post.frame, &post.arena, &back, &post.err) == TEND_OK);
    CHECK(back.call == 5 && back.ask == 3 && back.now_ms == 99 && text_is(back.bytes, "null") &&
          back.problem.len == 0);
}

static void carries_results_descriptors_refusals(void)
{
    CLEANUP(close_post) struct post post;
    open_post(&post);
    const struct value *value = NULL;
    struct text text = {0};
    message_write_result(&post.out, 9, TEXT("{\"outcome\":\"done\"}"));
    if (!deliver(&post)) {
        return;
    }
    CHECK(message_read_result(&post.frame, &post.arena, &value, &post.err) == TEND_OK);
    CHECK(text_is(value_field(value, "outcome")->text, "done"));
    message_write_descriptor(&post.out, value);
    CHECK(deliver(&post) && post.frame.type == FRAME_DESCRIPTOR);
    message_write_refused(&post.out, TEXT("no\nway"));
    CHECK(deliver(&post));
    CHECK(message_read_refused(&post.frame, &post.arena, &text, &post.err) == TEND_OK);
    CHECK(text_is(text, "no\nway"));
}

static void says_what_is_wrong_with_a_head(void)
{
    static const struct {
        const char *head, *message;
    } cases[] = {
        {"[]", "frame \"run\": the head is no map"},
        {"{}", "frame \"run\": \"controller\" is no string"},
        {"{\"controller\":\"a\",\"verb\":\"eat\",\"nowMs\":1,\"enteredMs\":1,\"sliceMs\":1,\"limitMs\":1,\"kinds\":1}",
         "frame \"run\": unknown verb \"eat\""},
        {"{\"controller\":\"a\",\"verb\":\"finalize\",\"nowMs\":\"1\",\"enteredMs\":1}",
         "frame \"run\": \"nowMs\" is no integer"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct frame frame = {FRAME_RUN, 1, text_of(cases[i].head), TEXT("{}")};
        struct message_run run;
        struct error err = ERROR_INIT;
        CHECK(message_read_run(&frame, &arena, &run, &err) == TEND_INVALID);
        CHECK_TEXT(err.message, cases[i].message);
    }
}

SUITE({"carries hello", carries_hello}, {"carries a run", carries_a_run},
      {"carries questions and answers", carries_questions_and_answers},
      {"carries results, descriptors and refusals", carries_results_descriptors_refusals},
      {"says what is wrong with a head", says_what_is_wrong_with_a_head})
