/* Values in tests, written as the JSON that they are. */
#ifndef SUPPORT_TREE_H
#define SUPPORT_TREE_H

#include "base/alloc.h"
#include "document/json.h"
#include "support/suite.h"

/* The value of `json`, which must be well-formed; null (and a failed check) where it is not. */
static inline const struct value *tree_of(struct arena *arena, const char *json)
{
    struct error err = ERROR_INIT;
    const struct value *value = value_null();
    bool read = json_parse(arena, text_of(json), &value, &err) == TEND_OK;
    suite_check(read, __LINE__, err.message, __FILE__);
    return value;
}

/* Canonical text of `value`, in the arena; "(none)" where it is NULL. */
static inline const char *tree_text(struct arena *arena, const struct value *value)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(SIZE_MAX / 4);
    if (value == NULL) {
        return "(none)";
    }
    json_write(&out, value);
    return arena_text(arena, buffer_view(&out)).ptr;
}

#endif
