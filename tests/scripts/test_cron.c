#include "base/alloc.h"
#include "base/moment.h"
#include "script/cron.h"
#include "support/suite.h"

/* The moment after `after`, as text; or why there is none. */
static const char *next(char *out, const char *schedule, const char *after)
{
    struct error err = ERROR_INIT;
    int64_t from = 0, ms = 0;
    CHECK(moment_parse(text_of(after), &from));
    if (cron_next(text_of(schedule), from, &ms, &err) == TEND_OK) {
        return moment_format(ms, out);
    }
    snprintf(out, 512, "%s", err.message);
    return out;
}

static void finds_the_next_moment(void)
{
    static const struct {
        const char *schedule, *after, *next;
    } cases[] = {
        {"* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
        {"* * * * *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00Z"},
        {"*/15 * * * *", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z"},
        {"5/15 * * * *", "2026-01-01T00:21:00Z", "2026-01-01T00:35:00Z"},
        {"10-30/10,45 8 * * *", "2026-01-01T08:30:00Z", "2026-01-01T08:45:00Z"},
        {"10-30/10,45 8 * * *", "2026-01-01T08:45:00Z", "2026-01-02T08:10:00Z"},
        {"0 0 1 1 *", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"0 12 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T12:00:00Z"},
        {"0 12 29 feb *", "2096-03-01T00:00:00Z", "2104-02-29T12:00:00Z"}, /* 2100 has none */
        {"30 9 * * mon-FRI", "2026-01-02T09:30:00Z", "2026-01-05T09:30:00Z"},
        {"0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
        {"0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
        {"0 0 * * 5-7", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"},
        {"0 0 13 * 5", "2026-01-10T00:00:00Z", "2026-01-13T00:00:00Z"}, /* either will do */
        {"0 0 13 * 5", "2026-01-13T00:00:00Z", "2026-01-16T00:00:00Z"},
        {"0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"},
        {"0 0 31 apr,jun *", "2026-01-01T00:00:00Z",
         "schedule \"0 0 31 apr,jun *\" names no day that comes"},
        {"  0   0  * * *  ", "1969-12-30T23:59:00Z", "1969-12-31T00:00:00Z"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char out[512];
        CHECK_TEXT(next(out, cases[i].schedule, cases[i].after), cases[i].next);
    }
}

static void refuses_what_is_none(void)
{
    static const char *const wrong[] = {
        "60 * * * *", "* 24 * * *",   "* * 0 * *",   "* * * 13 *",      "* * * * 8",
        "5- * * * *", "-5 * * * *",   "*/0 * * * *", "*/ * * * *",      "1,,2 * * * *",
        "1, * * * *", "9-5 * * * *",  "a * * * *",   "* * * * fri-mon", "jan * * * *",
        "** * * * *", "1/2/3 * * * *"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char out[512];
        const char *said = next(out, wrong[i], "2026-01-01T00:00:00Z");
        if (!CHECK(strstr(said, "is none; expected") != NULL)) {
            printf("%s: %s\n", wrong[i], said);
        }
    }
}

static void says_what_is_wrong(void)
{
    char out[512];
    CHECK_TEXT(
        next(out, "0 25 * * *", "2026-01-01T00:00:00Z"),
        "hour \"25\" is none; expected 0 to 23, *, a range such as 0-23, a step such as */2, "
        "or a list of these");
    CHECK_TEXT(
        next(out, "0 0 * *", "2026-01-01T00:00:00Z"),
        "schedule \"0 0 * *\" has 4 fields; expected five: minute, hour, day, month, weekday");
    CHECK_TEXT(next(out, "", "2026-01-01T00:00:00Z"),
               "schedule \"\" has 0 fields; expected five: minute, hour, day, month, weekday");
    CHECK_TEXT(next(out, "0 0 * * * *", "2026-01-01T00:00:00Z"),
               "schedule \"0 0 * * * *\" has 6 fields; expected five: minute, hour, day, month, "
               "weekday");
}

SUITE({"finds the next moment", finds_the_next_moment},
      {"refuses what is none", refuses_what_is_none}, {"says what is wrong", says_what_is_wrong})
