#include "base/alloc.h"
#include "base/moment.h"
#include "support/suite.h"

static const int64_t SECOND = 1000, MINUTE = 60000, HOUR = 3600000, DAY = 86400000;

static int64_t moment_of(const char *chars)
{
    int64_t moment = INT64_MAX;
    return moment_parse(text_of(chars), &moment) ? moment : INT64_MAX;
}

static int64_t duration_of(const char *chars)
{
    int64_t duration = -1;
    return duration_parse(text_of(chars), &duration) ? duration : -1;
}

static void prints_known_moments(void)
{
    char out[MOMENT_TEXT_MAX];
    CHECK_TEXT(moment_format(0, out), "1970-01-01T00:00:00Z");
    CHECK_TEXT(moment_format(1767323045678, out), "2026-01-02T03:04:05Z");
    CHECK_TEXT(moment_format_micro(1767323045678, out), "2026-01-02T03:04:05.678000Z");
    CHECK_TEXT(moment_format(951827696000, out), "2000-02-29T12:34:56Z");
    CHECK_TEXT(moment_format_micro(-1, out), "1969-12-31T23:59:59.999000Z");
}

static void prints_the_ends_of_the_range(void)
{
    char out[MOMENT_TEXT_MAX];
    CHECK_TEXT(moment_format_micro(MOMENT_MIN_MS, out), "0000-01-01T00:00:00.000000Z");
    CHECK_TEXT(moment_format_micro(MOMENT_MAX_MS, out), "9999-12-31T23:59:59.999000Z");
    CHECK_TEXT(moment_format(INT64_MIN, out), "0000-01-01T00:00:00Z");
    CHECK_TEXT(moment_format(INT64_MAX, out), "9999-12-31T23:59:59Z");
}

static void parses_what_others_write(void)
{
    CHECK_INT(moment_of("2026-01-02T03:04:05Z"), 1767323045000);
    CHECK_INT(moment_of("2026-01-02t03:04:05z"), 1767323045000);
    CHECK_INT(moment_of("2026-01-02T03:04:05.678901234Z"), 1767323045678);
    CHECK_INT(moment_of("2026-01-02T05:34:05+02:30"), 1767323045000);
    CHECK_INT(moment_of("2026-01-01T22:04:05-05:00"), 1767323045000);
    CHECK_INT(moment_of("2016-12-31T23:59:60Z"), moment_of("2017-01-01T00:00:00Z"));
    CHECK_INT(moment_of("2024-02-29T00:00:00Z"), 1709164800000);
}

static void refuses_what_is_no_moment(void)
{
    static const char *const wrong[] = {
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-1-02T03:04:05Z",
        "2026-01-02T03:04:05Zx",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04Z",
        "2026-00-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:61Z",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+0230",
        "+026-01-02T03:04:05Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (moment_of(wrong[i]) != INT64_MAX) {
            CHECK_TEXT(wrong[i], "refused");
        }
    }
    CHECK_INT(moment_of("2026-01-02T03:04:05Z"), 1767323045000);
}

static void parses_what_it_prints(void)
{
    char out[MOMENT_TEXT_MAX];
    size_t wrong = 0;
    for (int64_t moment = MOMENT_MIN_MS; moment < MOMENT_MAX_MS; moment += 13 * DAY + 12345678) {
        wrong += moment_of(moment_format_micro(moment, out)) != moment;
    }
    CHECK_INT(wrong, 0);
}

static void reads_durations(void)
{
    CHECK_INT(duration_of("0"), 0);
    CHECK_INT(duration_of("0s"), 0);
    CHECK_INT(duration_of("90s"), 90 * SECOND);
    CHECK_INT(duration_of("60m"), HOUR);
    CHECK_INT(duration_of("1h30m"), 90 * MINUTE);
    CHECK_INT(duration_of("1.5h"), 90 * MINUTE);
    CHECK_INT(duration_of("250ms"), 250);
    CHECK_INT(duration_of("2d"), 2 * DAY);
    CHECK_INT(duration_of("1d2h3m4s5ms"), DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5);
    CHECK_INT(duration_of("36500d"), DURATION_MAX_MS);
}

static void cuts_fractions_to_milliseconds(void)
{
    CHECK_INT(duration_of("1.0005h"), HOUR + 1800);
    CHECK_INT(duration_of("0.0001d"), 8640);
    CHECK_INT(duration_of("1.2345s"), 1234);
    CHECK_INT(duration_of("0.9ms"), 0);
    CHECK_INT(duration_of("0.99999999999999999999s"), 999);
}

static void refuses_what_is_no_duration(void)
{
    static const char *const wrong[] = {
        "",    "1",     "-1s",  "+1s",       "s",      "1x",
        "1 s", " 1s",   "1s ",  "1m1h",      "1h1h",   ".5h",
        "1.h", "1h.5m", "1e3s", "36500d1ms", "36501d", "99999999999999999999ms",
        "1.5", "0.0",   "inf",  "1H",        "0x10s",  "9223372036854775807d",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (duration_of(wrong[i]) != -1) {
            CHECK_TEXT(wrong[i], "refused");
        }
    }
    CHECK_INT(duration_of("1m"), MINUTE);
}

static void prints_durations_exactly(void)
{
    char out[DURATION_TEXT_MAX];
    CHECK_TEXT(duration_format(0, out), "0s");
    CHECK_TEXT(duration_format(-5, out), "0s");
    CHECK_TEXT(duration_format(1500, out), "1s500ms");
    CHECK_TEXT(duration_format(90 * MINUTE, out), "1h30m");
    CHECK_TEXT(duration_format(HOUR, out), "1h");
    CHECK_TEXT(duration_format(INT64_MAX, out), "106751991167d7h12m55s807ms");
    size_t wrong = 0;
    for (int64_t duration = 0; duration < 3 * DAY; duration += 104729) {
        wrong += duration_of(duration_format(duration, out)) != duration;
    }
    CHECK_INT(wrong, 0);
}

static void shows_ages_as_kubectl_does(void)
{
    static const struct {
        int64_t age;
        const char *shown;
    } cases[] = {
        {-SECOND, "0s"},
        {999, "0s"},
        {119 * SECOND, "119s"},
        {120 * SECOND, "2m"},
        {182 * SECOND, "3m2s"},
        {9 * MINUTE + 59 * SECOND, "9m59s"},
        {10 * MINUTE + 59 * SECOND, "10m"},
        {179 * MINUTE, "179m"},
        {180 * MINUTE, "3h"},
        {3 * HOUR + MINUTE, "3h1m"},
        {8 * HOUR + MINUTE, "8h"},
        {47 * HOUR, "47h"},
        {48 * HOUR, "2d"},
        {49 * HOUR, "2d1h"},
        {8 * DAY + HOUR, "8d"},
        {729 * DAY, "729d"},
        {730 * DAY, "2y"},
        {731 * DAY, "2y1d"},
        {8 * 365 * DAY + DAY, "8y"},
    };
    char out[DURATION_TEXT_MAX];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_TEXT(duration_age(cases[i].age, out), cases[i].shown);
    }
}

SUITE({"prints known moments", prints_known_moments},
      {"prints the ends of the range", prints_the_ends_of_the_range},
      {"parses what others write", parses_what_others_write},
      {"refuses what is no moment", refuses_what_is_no_moment},
      {"parses what it prints", parses_what_it_prints}, {"reads durations", reads_durations},
      {"cuts fractions to milliseconds", cuts_fractions_to_milliseconds},
      {"refuses what is no duration", refuses_what_is_no_duration},
      {"prints durations exactly", prints_durations_exactly},
      {"shows ages as kubectl does", shows_ages_as_kubectl_does})
