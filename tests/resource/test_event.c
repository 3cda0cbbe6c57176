#include "document/path.h"
#include "resource/event.h"
#include "resource/fixture.h"
#include "resource/name.h"

#define START INT64_C(1767225600000)
#define ABOUT                                                                                      \
    "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"                                      \
    " metadata: {name: lab-1, namespace: demo, uid: u-1}}"

static struct event said(struct arena *arena, const char *message)
{
    return (struct event){.about = yaml_value(arena, ABOUT),
                          .type = EVENT_WARNING,
                          .reason = TEXT("ProvisioningTimeout"),
                          .message = text_of(message),
                          .component = TEXT("labinstance")};
}

static const char *at(struct arena *arena, const struct value *root, const char *path)
{
    return json_of(arena, path_get(root, text_of(path)));
}

static void names_follow_from_what_is_said(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct event one = said(&arena, "took 31s"), same = said(&arena, "took 31s");
    struct event other = said(&arena, "took 32s");
    CHECK(text_equal(event_name(&one, &arena), event_name(&same, &arena)));
    CHECK(!text_equal(event_name(&one, &arena), event_name(&other, &arena)));
    CHECK(text_starts(event_name(&one, &arena), TEXT("lab-1.")));
    CHECK(name_check_subdomain(event_name(&one, &arena)) == NULL);
    CHECK(text_is(event_namespace(&one), "demo"));
}

static void names_are_names(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char name[254] = {0};
    memset(name, 'a', 253);
    name[235] = '-';
    struct text yaml = arena_format(&arena, "{metadata: {name: %s}}", name);
    struct event one = {.about = yaml_value(&arena, yaml.ptr)};
    CHECK(name_check_subdomain(event_name(&one, &arena)) == NULL);
    CHECK(text_is(event_namespace(&one), "default"));
}

static void says_it(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct event one = said(&arena, "took 31s");
    const struct value *root = event_root(&one, &arena, NULL, START);
    CHECK_TEXT(at(&arena, root, "involvedObject.uid"), "\"u-1\"");
    CHECK_TEXT(at(&arena, root, "type"), "\"Warning\"");
    CHECK_TEXT(at(&arena, root, "count"), "1");
    CHECK_TEXT(at(&arena, root, "source.component"), "\"labinstance\"");
    CHECK_TEXT(at(&arena, root, "firstTimestamp"), "\"2026-01-01T00:00:00Z\"");
}

static void counts_up(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct event one = said(&arena, "took 31s");
    const struct value *root = event_root(&one, &arena, NULL, START);
    root = event_root(&one, &arena, root, START + 60000);
    CHECK_TEXT(at(&arena, root, "count"), "2");
    CHECK_TEXT(at(&arena, root, "firstTimestamp"), "\"2026-01-01T00:00:00Z\"");
    CHECK_TEXT(at(&arena, root, "lastTimestamp"), "\"2026-01-01T00:01:00Z\"");
}

static void cuts_long_messages(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char *text = arena_alloc(&arena, 2001);
    for (size_t i = 0; i < 2000; i += 2) {
        text[i] = (char)0xc3; /* two bytes a character, cut between them never */
        text[i + 1] = (char)0xa4;
    }
    struct event one = said(&arena, arena_format(&arena, "x%s", text).ptr);
    const struct value *root = event_root(&one, &arena, NULL, START);
    CHECK_INT(value_field(root, "message")->text.len, EVENT_MESSAGE_MAX - 1);
}

SUITE({"the name follows from what is said", names_follow_from_what_is_said},
      {"the name of a long name is one", names_are_names}, {"says what happened to whom", says_it},
      {"the same again counts up", counts_up},
      {"cuts a long message between characters", cuts_long_messages})
