/* Messages: what the heads of frames say. Writers append a whole frame; readers decode one, and
 * refuse with a sentence what is not as it should be. Texts that a reader returns live in its
 * arena.
 */
#ifndef PROTOCOL_MESSAGE_H
#define PROTOCOL_MESSAGE_H

#include "base/arena.h"
#include "document/value.h"
#include "protocol/frame.h"

/* Both sides are of one build and are installed together; a runner of another version is
 * refused. */
enum { PROTOCOL_MAJOR = 1, PROTOCOL_MINOR = 1 };

/* hello {"major", "minor", "path", "name", "config"}: to the runner with all of them, back with the
 * versions alone. */
struct message_hello {
    int64_t major, minor;
    struct text path;           /* the file to load */
    struct text name;           /* for people */
    const struct value *config; /* for the controllers' start; NULL: {} */
};
void message_write_hello(struct buffer *out, const struct message_hello *hello);
NODISCARD enum tend_code message_read_hello(const struct frame *frame, struct arena *arena,
                                            struct message_hello *ret_hello, struct error *err);

/* run {"controller", "verb", "nowMs", "enteredMs", "sliceMs", "limitMs", "kinds"}, tail: the object. */
enum message_verb { MESSAGE_RECONCILE, MESSAGE_FINALIZE };
struct message_run {
    uint64_t call;
    struct text controller;
    enum message_verb verb;
    int64_t now_ms, entered_ms, slice_ms, limit_ms, kinds;
    struct text object; /* borrowed from the frame */
};
void message_write_run(struct buffer *out, const struct message_run *run);
NODISCARD enum tend_code message_read_run(const struct frame *frame, struct arena *arena,
                                          struct message_run *ret_run, struct error *err);

/* ask {"ask": n}, tail: {"question": {...}, "soFar": {...}}; soFar where something is to be committed
 * before the question is looked at, in the form of a result without its outcome. */
struct message_ask {
    uint64_t call;
    uint32_t ask;
    const struct value *question;
    const struct value *so_far; /* NULL: none */
};
void message_write_ask(struct buffer *out, const struct message_ask *ask);
NODISCARD enum tend_code message_read_ask(const struct frame *frame, struct arena *arena,
                                          struct message_ask *ret_ask, struct error *err);

/* answer {"ask": n, "nowMs": m} with the bytes as tail, or with a "problem". */
struct message_answer {
    uint64_t call;
    uint32_t ask;
    int64_t now_ms;
    struct text bytes;   /* borrowed from the frame */
    struct text problem; /* empty: answered */
};
void message_write_answer(struct buffer *out, const struct message_answer *answer);
NODISCARD enum tend_code message_read_answer(const struct frame *frame, struct arena *arena,
                                             struct message_answer *ret_answer, struct error *err);

/* result {}, tail: the result as canonical JSON; checked by shape_result. */
void message_write_result(struct buffer *out, uint64_t call, struct text result);
NODISCARD enum tend_code message_read_result(const struct frame *frame, struct arena *arena,
                                             const struct value **ret_result, struct error *err);

/* descriptor {}, tail: the descriptor as JSON; checked by shape_descriptor. */
void message_write_descriptor(struct buffer *out, const struct value *descriptor);
NODISCARD enum tend_code message_read_descriptor(const struct frame *frame, struct arena *arena,
                                                 const struct value **ret_descriptor,
                                                 struct error *err);

/* refused {"reason"}. */
void message_write_refused(struct buffer *out, struct text reason);
NODISCARD enum tend_code message_read_refused(const struct frame *frame, struct arena *arena,
                                              struct text *ret_reason, struct error *err);

/* cancel {"why"}: what the call waits for is not answered, and its result is wanted soon. */
void message_write_cancel(struct buffer *out, uint64_t call, struct text why);
NODISCARD enum tend_code message_read_cancel(const struct frame *frame, struct arena *arena,
                                             struct text *ret_why, struct error *err);

/* report {}, tail: what was counted since the last one (shape_report). */
void message_write_report(struct buffer *out, const struct value *report);
NODISCARD enum tend_code message_read_report(const struct frame *frame, struct arena *arena,
                                             const struct value **ret_report, struct error *err);

/* stop {}. */
void message_write_stop(struct buffer *out);

/* held {}. */
void message_write_held(struct buffer *out, uint64_t call);

#endif
