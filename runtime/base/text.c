/* Hashing is XXH3: fast on short keys, and in the distribution as a header. */
#include "base/text.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

int text_compare(struct text a, struct text b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    if (shorter > 0) {
        int first = (int)(unsigned char)a.ptr[0] - (unsigned char)b.ptr[0]; /* mostly decides */
        int order = first != 0 ? first : memcmp(a.ptr, b.ptr, shorter);
        if (order != 0) {
            return order;
        }
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool text_starts(struct text whole, struct text start)
{
    return whole.len >= start.len && text_equal(text_first(whole, start.len), start);
}

bool text_ends(struct text whole, struct text end)
{
    return whole.len >= end.len && text_equal(text_from(whole, whole.len - end.len), end);
}

size_t text_find(struct text text, char byte)
{
    const char *found = text.len == 0 ? NULL : memchr(text.ptr, byte, text.len);
    return found == NULL ? text.len : (size_t)(found - text.ptr);
}

size_t text_search(struct text text, struct text part)
{
    const char *found = text.len < part.len ? NULL : memmem(text.ptr, text.len, part.ptr, part.len);
    return found == NULL ? text.len : (size_t)(found - text.ptr);
}

struct text text_from(struct text text, size_t from)
{
    size_t skip = from < text.len ? from : text.len;
    return (struct text){text.ptr == NULL ? NULL : text.ptr + skip, text.len - skip};
}

struct text text_first(struct text text, size_t len)
{
    return (struct text){text.ptr, len < text.len ? len : text.len};
}

struct text text_clip(struct text text, size_t len)
{
    size_t kept = len < text.len ? len : text.len;
    while (kept > 0 && kept < text.len && ((unsigned char)text.ptr[kept] & 0xC0) == 0x80) {
        kept--;
    }
    return text_first(text, kept);
}

struct text text_cut(struct text *rest, char separator)
{
    size_t at = text_find(*rest, separator);
    struct text head = text_first(*rest, at);
    *rest = text_from(*rest, at + 1);
    return head;
}

bool text_to_int(struct text text, int64_t *ret_value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    struct text digits = text_from(text, negative ? 1 : 0);
    if (digits.len == 0) {
        return false;
    }
    int64_t value = 0; /* counted downward: the negative range is the larger one */
    for (size_t i = 0; i < digits.len; i++) {
        int digit = digits.ptr[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, value, &value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

uint64_t text_hash(struct text text)
{
    return XXH3_64bits(text.len == 0 ? "" : text.ptr, text.len);
}

enum { NEAREST_LEN_MAX = 64 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static size_t edit_distance(struct text a, struct text b)
{
    size_t row[NEAREST_LEN_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];
            size_t change = diagonal + (a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1);
            row[j] = smallest(change, above + 1, row[j - 1] + 1);
            diagonal = above;
        }
    }
    return row[b.len];
}

const char *text_nearest(struct text word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t best = word.len / 3 + 2; /* farther than this is another word, not a slip ... */
    best = best > word.len ? word.len : best; /* ... and so is one that shares no letter */
    for (size_t i = 0; i < count && word.len <= NEAREST_LEN_MAX; i++) {
        struct text candidate = text_of(candidates[i]);
        if (candidate.len > NEAREST_LEN_MAX) {
            continue;
        }
        size_t distance = edit_distance(word, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
