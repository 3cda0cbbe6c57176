/* The first line is a path, the rest a value (JSON): what was set at the path is found there, what was
 * removed is not, and any bytes as a field make a path that leads to it. */
#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/path.h"
#include "support/require.h"

static void check_setting(struct arena *arena, const struct value *root, struct text path)
{
    const struct value *mark = value_chars(arena, "mark"), *set = NULL, *removed = NULL;
    bool good = path_check(path, NULL) == TEND_OK;
    bool done = path_set(arena, root, path, mark, &set, NULL) == TEND_OK;
    require(good || !done, "only a path can be set");
    require(good || path_get(root, path) == NULL, "only a path can be found");
    require(done == (set != NULL), "sets only where it succeeds");
    if (!done) {
        return;
    }
    require(path_get(set, path) == mark, "finds what it set");
    if (path_set(arena, set, path, NULL, &removed, NULL) == TEND_OK) {
        require(path_get(removed, path) != mark, "does not find what it removed");
    } else {
        require(path.len == 0, "removes what it set");
    }
}

static void check_field(struct arena *arena, const struct value *root, struct text field)
{
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(MIB);
    const struct value *set = NULL, *mark = value_null();
    path_add_field(&path, field);
    path_add_index(&path, 0);
    path_add_field(&path, field);
    if (field.len > DOC_KEY_MAX) {
        require(path_check(buffer_view(&path), NULL) != TEND_OK, "refuses what is too long");
        return;
    }
    require(path_check(buffer_view(&path), NULL) == TEND_OK, "builds paths");
    (void)path_get(root, buffer_view(&path));
    require(path_set(arena, NULL, buffer_view(&path), mark, &set, NULL) == TEND_OK, "sets it");
    require(value_get(value_at(value_get(set, field), 0), field) == mark, "leads to the field");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text rest = {(const char *)data, size};
    struct text path = text_cut(&rest, '\n');
    const struct value *root = NULL;
    if (json_parse(&arena, rest, &root, NULL) != TEND_OK) {
        root = NULL;
    }
    check_setting(&arena, root, path);
    check_field(&arena, root, path);
    return 0;
}
