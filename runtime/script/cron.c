/* A schedule is five sets of small numbers, and the search is by days: at most eight years of them, and the
 * minutes of only those that are in the schedule. */
#include "script/cron.h"

#include <strings.h>

#include "base/moment.h"

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440, DAYS_MAX = 8 * 366, NAME_CHARS = 3 };
#define DAY_MS ((int64_t)DAY_MINUTES * MINUTE_MS)

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct field {
    const char *name;
    unsigned low, high;
    const char *names; /* of the numbers from `first_name` on; NULL: they have none */
    unsigned first_name;
} fields[FIELDS] = {{"minute", 0, 59, NULL, 0},
                    {"hour", 0, 23, NULL, 0},
                    {"day", 1, 31, NULL, 0},
                    {"month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec", 1},
                    {"weekday", 0, 7, "sun mon tue wed thu fri sat", 0}};

/* --- reading ------------------------------------------------------------------------------------ */

static bool read_name(struct text text, const struct field *field, unsigned *ret_number)
{
    const char *names = field->names;
    for (unsigned i = 0; names != NULL && text.len == NAME_CHARS; i++) {
        if (strncasecmp(names, text.ptr, NAME_CHARS) == 0) {
            *ret_number = field->first_name + i;
            return true;
        }
        names = names[NAME_CHARS] == '\0' ? NULL : names + NAME_CHARS + 1;
    }
    return false;
}

static bool read_number(struct text text, const struct field *field, unsigned *ret_number)
{
    int64_t number;
    if (read_name(text, field, ret_number)) {
        return true;
    }
    if (!text_to_int(text, &number) || number < field->low || number > field->high) {
        return false;
    }
    *ret_number = (unsigned)number;
    return true;
}

static bool read_step(struct text text, unsigned *ret_step)
{
    int64_t step;
    if (!text_to_int(text, &step) || step < 1 || step > DAY_MINUTES) {
        return false;
    }
    *ret_step = (unsigned)step;
    return true;
}

/* One part of a list: "*", "5", "8-18", "8-18/2", "5/15" (from 5 on). */
static bool read_part(struct text part, const struct field *field, uint64_t *set)
{
    unsigned from = field->low, to = field->high, step = 1;
    bool stepped = text_find(part, '/') < part.len;
    struct text range = text_cut(&part, '/');
    if (stepped && !read_step(part, &step)) {
        return false;
    }
    if (!text_is(range, "*")) {
        bool ranged = text_find(range, '-') < range.len;
        struct text first = text_cut(&range, '-');
        if (!read_number(first, field, &from) || (ranged && !read_number(range, field, &to))) {
            return false;
        }
        to = ranged || stepped ? to : from;
    }
    for (unsigned i = from; i <= to; i += step) {
        *set |= UINT64_C(1) << i;
    }
    return from <= to;
}

static enum tend_code read_field(struct text text, const struct field *field, uint64_t *ret_set,
                                 struct error *err)
{
    struct text rest = text;
    *ret_set = 0;
    do {
        bool more = text_find(rest, ',') < rest.len;
        if (!read_part(text_cut(&rest, ','), field, ret_set) || (more && rest.len == 0)) {
            return FAIL(err, TEND_INVALID,
                        "%s \"%.*s\" is none; expected %u to %u, *, a range such as %u-%u, a step "
                        "such as */2, or a list of these",
                        field->name, TEXT_ARG(text_clip(text, 40)), field->low, field->high,
                        field->low, field->high);
        }
    } while (rest.len > 0);
    return TEND_OK;
}

static enum tend_code read_schedule(struct text schedule, uint64_t *sets, bool *ret_either,
                                    struct error *err)
{
    struct text rest = schedule;
    bool starred[FIELDS] = {false};
    size_t count = 0;
    while (rest.len > 0) {
        struct text word = text_cut(&rest, ' ');
        if (word.len > 0 && count < FIELDS) {
            starred[count] = word.ptr[0] == '*';
            TRY(read_field(word, &fields[count], &sets[count], err));
        }
        count += word.len > 0 ? 1 : 0;
    }
    if (count != FIELDS) {
        return FAIL(err, TEND_INVALID,
                    "schedule \"%.*s\" has %zu fields; expected five: minute, hour, day, month, "
                    "weekday",
                    TEXT_ARG(text_clip(schedule, 80)), count);
    }
    *ret_either = !starred[DAY] && !starred[WEEKDAY];
    sets[WEEKDAY] |= sets[WEEKDAY] >> 7;
    return TEND_OK;
}

/* --- looking ------------------------------------------------------------------------------------ */

static bool has(uint64_t set, unsigned number)
{
    return (set >> number & 1) != 0;
}

static unsigned two_digits(const char *text)
{
    return (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

/* Is the day that starts at `day` days after 1970-01-01 in the schedule? */
static bool has_day(const uint64_t *sets, bool either, int64_t day)
{
    char date[MOMENT_TEXT_MAX]; /* "2026-01-02T..." */
    moment_format(day * DAY_MS, date);
    bool by_day = has(sets[DAY], two_digits(date + 8));
    bool by_weekday = has(sets[WEEKDAY], (unsigned)(((day + 4) % 7 + 7) % 7)); /* a Thursday */
    return has(sets[MONTH], two_digits(date + 5)) &&
           (either ? by_day || by_weekday : by_day && by_weekday);
}

/* The first minute of a day from `from` on; DAY_MINUTES where there is none. */
static unsigned find_minute(const uint64_t *sets, unsigned from)
{
    while (from < DAY_MINUTES && !(has(sets[HOUR], from / 60) && has(sets[MINUTE], from % 60))) {
        from++;
    }
    return from;
}

enum tend_code cron_next(struct text schedule, int64_t after_ms, int64_t *ret_ms, struct error *err)
{
    uint64_t sets[FIELDS] = {0};
    bool either = false;
    TRY(read_schedule(schedule, sets, &either, err));
    int64_t day = after_ms / DAY_MS - (after_ms % DAY_MS < 0 ? 1 : 0);
    unsigned from = (unsigned)((after_ms - day * DAY_MS) / MINUTE_MS) + 1;
    for (int64_t last = day + DAYS_MAX; day <= last; day++, from = 0) {
        unsigned minute = has_day(sets, either, day) ? find_minute(sets, from) : DAY_MINUTES;
        if (minute < DAY_MINUTES) {
            *ret_ms = day * DAY_MS + (int64_t)minute * MINUTE_MS;
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID, "schedule \"%.*s\" names no day that comes",
                TEXT_ARG(text_clip(schedule, 80)));
}
