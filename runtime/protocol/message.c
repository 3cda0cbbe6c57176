/* Heads are written by hand: there are few, and a run is written fifty thousand times a second.
 * They are read through the JSON reader of the document room, which has the limits. */
#include "protocol/message.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"

static const char *const verbs[] = {
    [MESSAGE_RECONCILE] = "reconcile", [MESSAGE_FINALIZE] = "finalize"};

static void write_frame(struct buffer *out, enum frame_type type, uint64_t call,
                        const struct buffer *head, struct text tail)
{
    struct frame frame = {type, call, head == NULL ? TEXT("{}") : buffer_view(head), tail};
    if (head != NULL && head->full) {
        out->full = true;
        return;
    }
    frame_write(out, &frame);
}

static const struct text nothing = {"", 0};

static enum tend_code read_head(const struct frame *frame, struct arena *arena,
                                const struct value **ret_head, struct error *err)
{
    if (json_parse(arena, frame->head, ret_head, err) != TEND_OK) {
        return error_wrap(err, "frame \"%s\"", frame_type_name(frame->type));
    }
    if ((*ret_head)->type != VALUE_MAP) {
        return FAIL(err, TEND_INVALID, "frame \"%s\": the head is no map",
                    frame_type_name(frame->type));
    }
    return TEND_OK;
}

static enum tend_code read_field(const struct frame *frame, const struct value *head,
                                 const char *name, enum value_type type,
                                 const struct value **ret_field, struct error *err)
{
    const struct value *field = value_get(head, text_of(name));
    if (!value_is(field, type)) {
        return FAIL(err, TEND_INVALID, "frame \"%s\": \"%s\" is no %s",
                    frame_type_name(frame->type), name, value_type_name(type));
    }
    *ret_field = field;
    return TEND_OK;
}

static enum tend_code read_int(const struct frame *frame, const struct value *head,
                               const char *name, int64_t *ret_value, struct error *err)
{
    const struct value *field;
    TRY(read_field(frame, head, name, VALUE_INT, &field, err));
    *ret_value = field->integer;
    return TEND_OK;
}

static enum tend_code read_text(const struct frame *frame, const struct value *head,
                                const char *name, struct text *ret_text, struct error *err)
{
    const struct value *field;
    TRY(read_field(frame, head, name, VALUE_TEXT, &field, err));
    *ret_text = field->text;
    return TEND_OK;
}

static enum tend_code read_tail(const struct frame *frame, struct arena *arena,
                                const struct value **ret_value, struct error *err)
{
    if (json_parse(arena, frame->tail, ret_value, err) != TEND_OK) {
        return error_wrap(err, "frame \"%s\"", frame_type_name(frame->type));
    }
    return TEND_OK;
}

/* The index of the word at `name`. */
static enum tend_code read_word(const struct frame *frame, const struct value *head,
                                const char *name, const char *const *words, size_t count,
                                unsigned *ret_index, struct error *err)
{
    struct text word;
    TRY(read_text(frame, head, name, &word, err));
    for (unsigned i = 0; i < count; i++) {
        if (text_is(word, words[i])) {
            *ret_index = i;
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID, "frame \"%s\": unknown %s \"%.*s\"",
                frame_type_name(frame->type), name, (int)(word.len < 40 ? word.len : 40), word.ptr);
}

/* --- hello
 * ------------------------------------------------------------------------------------- */

void message_write_hello(struct buffer *out, const struct message_hello *hello)
{
    CLEANUP(buffer_done) struct buffer head = BUFFER_INIT(FRAME_HEAD_MAX);
    buffer_chars(&head, "{\"config\":");
    json_write(&head, hello->config == NULL ? value_empty_map() : hello->config);
    buffer_format(&head, ",\"major\":%" PRId64 ",\"minor\":%" PRId64 ",\"name\":", hello->major,
                  hello->minor);
    json_write_text(&head, hello->name);
    buffer_chars(&head, ",\"path\":");
    json_write_text(&head, hello->path);
    buffer_chars(&head, "}");
    write_frame(out, FRAME_HELLO, 0, &head, nothing);
}

enum tend_code message_read_hello(const struct frame *frame, struct arena *arena,
                                  struct message_hello *ret_hello, struct error *err)
{
    const struct value *head;
    struct message_hello hello;
    TRY(read_head(frame, arena, &head, err));
    TRY(read_int(frame, head, "major", &hello.major, err));
    TRY(read_int(frame, head, "minor", &hello.minor, err));
    TRY(read_text(frame, head, "path", &hello.path, err));
    TRY(read_text(frame, head, "name", &hello.name, err));
    TRY(read_field(frame, head, "config", VALUE_MAP, &hello.config, err));
    *ret_hello = hello;
    return TEND_OK;
}

/* --- calls
 * ------------------------------------------------------------------------------------- */

void message_write_run(struct buffer *out, const struct message_run *run)
{
    CLEANUP(buffer_done) struct buffer head = BUFFER_INIT(FRAME_HEAD_MAX);
    buffer_chars(&head, "{\"controller\":");
    json_write_text(&head, run->controller);
    buffer_format(&head,
                  ",\"enteredMs\":%" PRId64 ",\"kinds\":%" PRId64 ",\"limitMs\":%" PRId64
                  ",\"nowMs\":%" PRId64 ",\"sliceMs\":%" PRId64 ",\"verb\":\"%s\"}",
                  run->entered_ms, run->kinds, run->limit_ms, run->now_ms, run->slice_ms,
                  verbs[run->verb]);
    write_frame(out, FRAME_RUN, run->call, &head, run->object);
}

enum tend_code message_read_run(const struct frame *frame, struct arena *arena,
                                struct message_run *ret_run, struct error *err)
{
    const struct value *head;
    unsigned verb = 0;
    struct message_run run = {.call = frame->call, .object = frame->tail};
    TRY(read_head(frame, arena, &head, err));
    TRY(read_text(frame, head, "controller", &run.controller, err));
    TRY(read_word(frame, head, "verb", verbs, COUNT_OF(verbs), &verb, err));
    TRY(read_int(frame, head, "nowMs", &run.now_ms, err));
    TRY(read_int(frame, head, "enteredMs", &run.entered_ms, err));
    TRY(read_int(frame, head, "sliceMs", &run.slice_ms, err));
    TRY(read_int(frame, head, "limitMs", &run.limit_ms, err));
    TRY(read_int(frame, head, "kinds", &run.kinds, err));
    run.verb = (enum message_verb)verb;
    *ret_run = run;
    return TEND_OK;
}

static enum tend_code read_ask_number(const struct frame *frame, const struct value *head,
                                      uint32_t *ret_ask, struct error *err)
{
    int64_t ask;
    TRY(read_int(frame, head, "ask", &ask, err));
    if (ask < 0 || ask > UINT32_MAX) {
        return FAIL(err, TEND_INVALID, "frame \"%s\": question %" PRId64,
                    frame_type_name(frame->type), ask);
    }
    *ret_ask = (uint32_t)ask;
    return TEND_OK;
}

void message_write_ask(struct buffer *out, const struct message_ask *ask)
{
    CLEANUP(buffer_done) struct buffer head = BUFFER_INIT(FRAME_HEAD_MAX);
    CLEANUP(buffer_done) struct buffer tail = BUFFER_INIT(ASK_BYTES_MAX);
    buffer_format(&head, "{\"ask\":%" PRIu32 "}", ask->ask);
    buffer_chars(&tail, "{\"question\":");
    json_write(&tail, ask->question);
    if (ask->so_far != NULL) {
        buffer_chars(&tail, ",\"soFar\":");
        json_write(&tail, ask->so_far);
    }
    buffer_byte(&tail, '}');
    out->full |= tail.full;
    write_frame(out, FRAME_ASK, ask->call, &head, buffer_view(&tail));
}

enum tend_code message_read_ask(const struct frame *frame, struct arena *arena,
                                struct message_ask *ret_ask, struct error *err)
{
    const struct value *head, *tail;
    struct message_ask ask = {.call = frame->call};
    TRY(read_head(frame, arena, &head, err));
    TRY(read_ask_number(frame, head, &ask.ask, err));
    TRY(read_tail(frame, arena, &tail, err));
    TRY(read_field(frame, tail, "question", VALUE_MAP, &ask.question, err));
    if (value_field(tail, "soFar") != NULL) {
        TRY(read_field(frame, tail, "soFar", VALUE_MAP, &ask.so_far, err));
    }
    *ret_ask = ask;
    return TEND_OK;
}

void message_write_answer(struct buffer *out, const struct message_answer *answer)
{
    CLEANUP(buffer_done) struct buffer head = BUFFER_INIT(FRAME_HEAD_MAX);
    buffer_format(&head, "{\"ask\":%" PRIu32 ",\"nowMs\":%" PRId64, answer->ask, answer->now_ms);
    if (answer->problem.len > 0) {
        buffer_chars(&head, ",\"problem\":");
        json_write_text(&head, answer->problem);
    }
    buffer_chars(&head, "}");
    write_frame(out, FRAME_ANSWER, answer->call, &head, answer->bytes);
}

enum tend_code message_read_answer(const struct frame *frame, struct arena *arena,
                                   struct message_answer *ret_answer, struct error *err)
{
    const struct value *head;
    struct message_answer answer = {.call = frame->call, .bytes = frame->tail};
    TRY(read_head(frame, arena, &head, err));
    TRY(read_ask_number(frame, head, &answer.ask, err));
    TRY(read_int(frame, head, "nowMs", &answer.now_ms, err));
    answer.problem = value_text_or(value_field(head, "problem"), nothing);
    *ret_answer = answer;
    return TEND_OK;
}

/* --- results and descriptors
 * ------------------------------------------------------------------------ */

void message_write_result(struct buffer *out, uint64_t call, struct text result)
{
    write_frame(out, FRAME_RESULT, call, NULL, result);
}

enum tend_code message_read_result(const struct frame *frame, struct arena *arena,
                                   const struct value **ret_result, struct error *err)
{
    return read_tail(frame, arena, ret_result, err);
}

void message_write_descriptor(struct buffer *out, const struct value *descriptor)
{
    CLEANUP(buffer_done) struct buffer tail = BUFFER_INIT(DESCRIPTOR_BYTES_MAX);
    json_write(&tail, descriptor);
    out->full |= tail.full;
    write_frame(out, FRAME_DESCRIPTOR, 0, NULL, buffer_view(&tail));
}

enum tend_code message_read_descriptor(const struct frame *frame, struct arena *arena,
                                       const struct value **ret_descriptor, struct error *err)
{
    return read_tail(frame, arena, ret_descriptor, err);
}

void message_write_report(struct buffer *out, const struct value *report)
{
    CLEANUP(buffer_done) struct buffer tail = BUFFER_INIT(METERING_BYTES_MAX);
    json_write(&tail, report);
    out->full |= tail.full;
    write_frame(out, FRAME_REPORT, 0, NULL, buffer_view(&tail));
}

enum tend_code message_read_report(const struct frame *frame, struct arena *arena,
                                   const struct value **ret_report, struct error *err)
{
    return read_tail(frame, arena, ret_report, err);
}

/* --- the rest
 * ---------------------------------------------------------------------------------- */

void message_write_refused(struct buffer *out, struct text reason)
{
    CLEANUP(buffer_done) struct buffer head = BUFFER_INIT(FRAME_HEAD_MAX);
    buffer_chars(&head, "{\"reason\":");
    json_write_text(&head, text_first(reason, ERROR_TEXT_MAX));
    buffer_chars(&head, "}");
    write_frame(out, FRAME_REFUSED, 0, &head, nothing);
}

enum tend_code message_read_refused(const struct frame *frame, struct arena *arena,
                                    struct text *ret_reason, struct error *err)
{
    const struct value *head;
    TRY(read_head(frame, arena, &head, err));
    return read_text(frame, head, "reason", ret_reason, err);
}

void message_write_cancel(struct buffer *out, uint64_t call, struct text why)
{
    CLEANUP(buffer_done) struct buffer head = BUFFER_INIT(FRAME_HEAD_MAX);
    buffer_chars(&head, "{\"why\":");
    json_write_text(&head, text_clip(why, ERROR_TEXT_MAX));
    buffer_chars(&head, "}");
    write_frame(out, FRAME_CANCEL, call, &head, nothing);
}

enum tend_code message_read_cancel(const struct frame *frame, struct arena *arena,
                                   struct text *ret_why, struct error *err)
{
    const struct value *head;
    TRY(read_head(frame, arena, &head, err));
    return read_text(frame, head, "why", ret_why, err);
}

void message_write_stop(struct buffer *out)
{
    write_frame(out, FRAME_STOP, 0, NULL, nothing);
}

void message_write_held(struct buffer *out, uint64_t call)
{
    write_frame(out, FRAME_HELD, call, NULL, nothing);
}
