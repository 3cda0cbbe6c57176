/* The civil calendar by Howard Hinnant's days algorithm (public description): timegm and friends
 * read the locale and the environment, and differ between libcs. */
#include "base/moment.h"

#include <stdio.h>

enum { MS = 1, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

struct civil {
    int64_t year;
    unsigned month, day;
};

static struct civil civil_from_days(int64_t days)
{
    days += 719468; /* to 0000-03-01, so that leap days end a year */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = (int64_t)yoe + era * 400 + (month <= 2);
    return (struct civil){year, month, doy - (153 * mp + 2) / 5 + 1};
}

static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned yoe = (unsigned)(year - era * 400);
    unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int64_t clamp(int64_t moment_ms)
{
    return moment_ms < MOMENT_MIN_MS   ? MOMENT_MIN_MS
           : moment_ms > MOMENT_MAX_MS ? MOMENT_MAX_MS
                                       : moment_ms;
}

static int format_seconds(int64_t moment_ms, char *out)
{
    int64_t days = floor_div(moment_ms, DAY);
    int64_t rest = moment_ms - days * DAY;
    struct civil civil = civil_from_days(days);
    return snprintf(out, MOMENT_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u",
                    (unsigned)civil.year % 10000, civil.month % 100, civil.day % 100,
                    (unsigned)(rest / HOUR) % 100, (unsigned)(rest / MINUTE % 60) % 100,
                    (unsigned)(rest / SECOND % 60) % 100);
}

const char *moment_format(int64_t moment_ms, char *out)
{
    int used = format_seconds(clamp(moment_ms), out);
    snprintf(out + used, (size_t)(MOMENT_TEXT_MAX - used), "Z");
    return out;
}

const char *moment_format_micro(int64_t moment_ms, char *out)
{
    int64_t moment = clamp(moment_ms);
    int used = format_seconds(moment, out);
    unsigned ms = (unsigned)(moment - floor_div(moment, SECOND) * SECOND);
    snprintf(out + used, (size_t)(MOMENT_TEXT_MAX - used), ".%03u000Z", ms % 1000);
    return out;
}

/* `digits` decimal digits at `*at`, then `end` (unless 0). */
static bool take_number(struct text text, size_t *at, int digits, char end, unsigned *ret)
{
    unsigned value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (*at >= text.len || text.ptr[*at] < '0' || text.ptr[*at] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(text.ptr[*at] - '0');
    }
    if (end != 0) {
        if (*at >= text.len || text.ptr[*at] != end) {
            return false;
        }
        (*at)++;
    }
    *ret = value;
    return true;
}

/* The digits after a '.', where there is one; the first is worth `weight`, each next a tenth. */
static bool take_fraction(struct text text, size_t *at, int64_t weight, int64_t *ret)
{
    *ret = 0;
    if (*at >= text.len || text.ptr[*at] != '.') {
        return true;
    }
    size_t first = ++*at;
    for (; *at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9'; (*at)++) {
        *ret += (text.ptr[*at] - '0') * weight;
        weight /= 10;
    }
    return *at > first;
}

static bool take_offset(struct text text, size_t *at, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (*at >= text.len) {
        return false;
    }
    char sign = text.ptr[(*at)++];
    if (sign == 'Z' || sign == 'z') {
        return true;
    }
    unsigned hours, minutes;
    if ((sign != '+' && sign != '-') || !take_number(text, at, 2, ':', &hours) ||
        !take_number(text, at, 2, 0, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_ms = (int64_t)hours * HOUR + (int64_t)minutes * MINUTE;
    *ret_ms = sign == '-' ? -*ret_ms : *ret_ms;
    return true;
}

static bool real_date(unsigned year, unsigned month, unsigned day)
{
    if (month < 1 || month > 12 || day < 1) {
        return false;
    }
    struct civil civil = civil_from_days(days_from_civil(year, month, day));
    return civil.month == month && civil.day == day;
}

bool moment_parse(struct text text, int64_t *ret_moment_ms)
{
    size_t at = 0;
    unsigned year, month, day, hour, minute, second;
    int64_t ms, offset;
    if (!take_number(text, &at, 4, '-', &year) || !take_number(text, &at, 2, '-', &month) ||
        !take_number(text, &at, 2, 0, &day) || at >= text.len ||
        (text.ptr[at] != 'T' && text.ptr[at] != 't')) {
        return false;
    }
    at++;
    if (!take_number(text, &at, 2, ':', &hour) || !take_number(text, &at, 2, ':', &minute) ||
        !take_number(text, &at, 2, 0, &second) || !take_fraction(text, &at, SECOND / 10, &ms) ||
        !take_offset(text, &at, &offset) || at != text.len) {
        return false;
    }
    if (!real_date(year, month, day) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    int64_t moment = days_from_civil(year, month, day) * DAY + (int64_t)hour * HOUR +
                     (int64_t)minute * MINUTE + (int64_t)second * SECOND + ms - offset;
    if (moment != clamp(moment)) {
        return false; /* an offset led out of the four-digit years */
    }
    *ret_moment_ms = moment;
    return true;
}

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"d", DAY}, {"h", HOUR}, {"m", MINUTE}, {"s", SECOND}, {"ms", MS}};

enum { BILLION = 1000000000 };
enum { UNITS = sizeof units / sizeof units[0] };

/* The unit that `*rest` starts with, taken off it; UNITS where there is none. */
static size_t take_unit(struct text *rest)
{
    if (text_starts(*rest, TEXT("ms"))) {
        *rest = text_from(*rest, 2);
        return UNITS - 1;
    }
    for (size_t i = 0; i < UNITS - 1; i++) {
        if (text_starts(*rest, text_of(units[i].name))) {
            *rest = text_from(*rest, 1);
            return i;
        }
    }
    return UNITS;
}

struct decimal {
    int64_t whole;
    int64_t
        billionths; /* further digits are read and dropped: 1e-9 of a day is below a millisecond */
};

/* A decimal number, taken off `*rest`. */
static bool take_decimal(struct text *rest, struct decimal *ret)
{
    size_t at = 0;
    *ret = (struct decimal){0};
    for (; at < rest->len && rest->ptr[at] >= '0' && rest->ptr[at] <= '9'; at++) {
        if (__builtin_mul_overflow(ret->whole, 10, &ret->whole) ||
            __builtin_add_overflow(ret->whole, rest->ptr[at] - '0', &ret->whole)) {
            return false;
        }
    }
    if (at == 0 || !take_fraction(*rest, &at, BILLION / 10, &ret->billionths)) {
        return false;
    }
    *rest = text_from(*rest, at);
    return true;
}

/* `decimal` of `unit_ms`, in whole milliseconds, added to `*total`. */
static bool add_part(int64_t *total, struct decimal decimal, int64_t unit_ms)
{
    int64_t whole_ms;
    if (__builtin_mul_overflow(decimal.whole, unit_ms, &whole_ms) || whole_ms > DURATION_MAX_MS) {
        return false;
    }
    *total += whole_ms + decimal.billionths * unit_ms / BILLION;
    return *total <= DURATION_MAX_MS;
}

bool duration_parse(struct text text, int64_t *ret_duration_ms)
{
    if (text_is(text, "0")) {
        *ret_duration_ms = 0;
        return true;
    }
    int64_t total = 0;
    size_t next = 0; /* units must get smaller */
    if (text.len == 0) {
        return false;
    }
    while (text.len > 0) {
        struct decimal decimal;
        if (!take_decimal(&text, &decimal)) {
            return false;
        }
        size_t unit = take_unit(&text);
        if (unit == UNITS || unit < next || !add_part(&total, decimal, units[unit].ms)) {
            return false;
        }
        next = unit + 1;
    }
    *ret_duration_ms = total;
    return true;
}

const char *duration_format(int64_t duration_ms, char *out)
{
    int used = 0;
    int64_t rest = duration_ms < 0 ? 0 : duration_ms;
    for (size_t i = 0; i < UNITS; i++) {
        if (rest >= units[i].ms) {
            used += snprintf(out + used, (size_t)(DURATION_TEXT_MAX - used), "%lld%s",
                             (long long)(rest / units[i].ms), units[i].name);
            rest %= units[i].ms;
        }
    }
    if (used == 0) {
        snprintf(out, DURATION_TEXT_MAX, "0s");
    }
    return out;
}

const char *duration_age(int64_t duration_ms, char *out)
{
    int64_t ms = duration_ms < 0 ? 0 : duration_ms;
    long long s = ms / SECOND, m = ms / MINUTE, h = ms / HOUR, d = ms / DAY;
    if (s < 120) {
        snprintf(out, DURATION_TEXT_MAX, "%llds", s);
    } else if (m < 10 && s % 60 != 0) {
        snprintf(out, DURATION_TEXT_MAX, "%lldm%llds", m, s % 60);
    } else if (m < 180) {
        snprintf(out, DURATION_TEXT_MAX, "%lldm", m);
    } else if (h < 8 && m % 60 != 0) {
        snprintf(out, DURATION_TEXT_MAX, "%lldh%lldm", h, m % 60);
    } else if (h < 48) {
        snprintf(out, DURATION_TEXT_MAX, "%lldh", h);
    } else if (d < 8 && h % 24 != 0) {
        snprintf(out, DURATION_TEXT_MAX, "%lldd%lldh", d, h % 24);
    } else if (d < 365 * 2) {
        snprintf(out, DURATION_TEXT_MAX, "%lldd", d);
    } else if (d < 365 * 8 && d % 365 != 0) {
        snprintf(out, DURATION_TEXT_MAX, "%lldy%lldd", d / 365, d % 365);
    } else {
        snprintf(out, DURATION_TEXT_MAX, "%lldy", d / 365);
    }
    return out;
}
