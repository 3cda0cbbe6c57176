/* A set of its own for each, so that one that cannot be written holds up nothing. */
#include "runner/notice.h"

#include "base/alloc.h"
#include "resource/builtin.h"
#include "resource/meta.h"

struct notice {
    struct admission_call call;
    struct list link;
    struct arena arena;
};

const struct value *notice_root(struct arena *arena, struct text name)
{
    const struct value_field fields[] = {
        {.key = TEXT("apiVersion"), .value = value_chars(arena, "tend.dev/v1")},
        {.key = TEXT("kind"), .value = value_chars(arena, "Controller")},
    };
    return meta_with_text(arena, value_map(arena, fields, COUNT_OF(fields)), "name", name);
}

static void notice_free(struct notice *notice)
{
    list_remove(&notice->link);
    arena_done(&notice->arena);
    free(notice);
}

static void answered(struct admission_call *call, const struct admission_result *result)
{
    (void)result; /* the log has said it already; the store has no room for it, then */
    notice_free(CONTAINER_OF(call, struct notice, call));
}

static struct notice *notice_new(struct notices *notices)
{
    struct notice *notice = alloc_new(sizeof *notice);
    notice->call.answered = answered;
    list_append(&notices->out, &notice->link);
    return notice;
}

static void submit(struct notices *notices, struct notice *notice,
                   const struct admission_request *requests, size_t count)
{
    admission_submit(notices->gate,
                     &(struct admission_set){
                         .requests = requests, .count = count, .writer = {.role = WRITER_HOST}},
                     &notice->call);
}

void notice_event(struct notices *notices, const char *name, enum event_type type,
                  const char *reason, const char *message)
{
    struct notice *notice = notice_new(notices);
    struct event event = {.about = notice_root(&notice->arena, text_of(name)),
                          .type = type,
                          .reason = text_of(reason),
                          .message = text_of(message),
                          .component = TEXT("tend")};
    struct admission_request request = {.verb = ADMIT_EVENT, .event = &event};
    submit(notices, notice, &request, 1);
}

void notice_stand_in(struct notices *notices, const char *name, enum event_type type,
                     const char *reason, const char *message)
{
    struct notice *notice = notice_new(notices);
    const struct value *root = notice_root(&notice->arena, text_of(name));
    struct event event = {.about = root,
                          .type = type,
                          .reason = text_of(reason),
                          .message = text_of(message),
                          .component = TEXT("tend")};
    struct admission_request requests[] = {
        {.verb = ADMIT_APPLY, .resource = TEXT(BUILTIN_CONTROLLERS), .body = root},
        {.verb = ADMIT_EVENT, .event = &event},
    };
    submit(notices, notice, requests, COUNT_OF(requests));
}

void notices_init(struct notices *notices, struct admission *gate)
{
    *notices = (struct notices){.gate = gate};
    list_init(&notices->out);
}

void notices_done(struct notices *notices)
{
    while (!list_empty(&notices->out)) {
        struct notice *notice = CONTAINER_OF(notices->out.next, struct notice, link);
        admission_cancel(&notice->call);
        notice_free(notice);
    }
}
