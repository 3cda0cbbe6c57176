/* Which faults there are, and what they are called. */
#include "base/limits.h"
#include "sim/chaos.h"
#include "support/suite.h"

static void names_are_read_as_they_are_written(void)
{
    const struct fault faults[] = {{FAULT_COMMIT, 7},
                                   {FAULT_BEGUN, 1},
                                   {FAULT_ENDED, 12},
                                   {FAULT_REPEAT, 0},
                                   {FAULT_STALE, 0}};
    static const char *const names[] = {"commit:7", "begun:1", "ended:12", "repeat", "stale"};
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        char name[FAULT_NAME_MAX];
        struct fault read = {0};
        CHECK_TEXT(fault_name(faults[i], name), names[i]);
        CHECK_INT(fault_parse(name, &read, NULL), TEND_OK);
        CHECK(read.kind == faults[i].kind && read.at == faults[i].at);
    }
}

static void what_is_no_fault_is_told(void)
{
    static const char *const wrong[] = {
        "",         "none",      "commit",   "commit:", "commit:0",
        "commit:x", "commit:-1", "repeat:1", "stale:",  "commit:99999999999"};
    for (size_t i = 0; i + 2 < COUNT_OF(wrong); i++) {
        struct fault fault;
        struct error err = ERROR_INIT;
        CHECK_INT(fault_parse(wrong[i], &fault, &err), TEND_INVALID);
        CHECK(strstr(err.message, "expected commit:N") != NULL);
    }
}

static void stories_say_where(void)
{
    char story[FAULT_NAME_MAX];
    CHECK_TEXT(fault_story((struct fault){FAULT_COMMIT, 7}, story),
               "the host killed after commit 7");
    CHECK_TEXT(fault_story((struct fault){FAULT_ENDED, 4294967295u}, story),
               "the host killed after effect 4294967295 ended");
    CHECK_TEXT(fault_story((struct fault){FAULT_STALE, 0}, story), "reads that come late");
}

/* Counts the faults of each kind; checks that places come in order. */
static void count_faults(struct fault_places places, unsigned counts[])
{
    struct fault fault, last = {0};
    for (unsigned i = 0; fault_at(places, i, &fault); i++) {
        CHECK(fault.kind != last.kind || fault.at > last.at);
        last = fault;
        counts[fault.kind]++;
    }
}

static void each_place_is_tried(void)
{
    unsigned counts[FAULT_STALE + 1] = {0};
    count_faults((struct fault_places){3, 2, 1}, counts);
    CHECK_INT(counts[FAULT_COMMIT], 3);
    CHECK_INT(counts[FAULT_BEGUN], 2);
    CHECK_INT(counts[FAULT_ENDED], 1);
    CHECK_INT(counts[FAULT_REPEAT], 1);
    CHECK_INT(counts[FAULT_STALE], 1);
}

static void of_many_places_some_are_tried(void)
{
    unsigned counts[FAULT_STALE + 1] = {0};
    struct fault fault;
    struct fault_places places = {.commits = 1000};
    count_faults(places, counts);
    CHECK_INT(counts[FAULT_COMMIT], CHAOS_PLACES_MAX);
    CHECK(fault_at(places, 0, &fault));
    CHECK_INT(fault.at, 1);
    CHECK(fault_at(places, CHAOS_PLACES_MAX - 1, &fault));
    CHECK_INT(fault.at, 1000);
}

SUITE({"a name is read as it is written", names_are_read_as_they_are_written},
      {"what is no fault is told", what_is_no_fault_is_told},
      {"a story says where", stories_say_where}, {"each place is tried", each_place_is_tried},
      {"of many places some are tried, the first and the last among them",
       of_many_places_some_are_tried})
