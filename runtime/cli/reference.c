/* Kinds are resolved here, names are not: whether an object exists is what the request finds out. */
#include "cli/reference.h"

#include <string.h>

#include "base/limits.h"

/* "KIND/NAME KIND/NAME": all or none of the words have a '/'. */
static enum tend_code parse_pairs(struct session *session, char **words, size_t count,
                                  struct reference *items, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct text name = text_of(words[i]);
        struct text kind = text_cut(&name, '/');
        if (kind.len == 0 || name.len == 0 || text_find(name, '/') < name.len) {
            return FAIL(err, TEND_INVALID, "expected KIND/NAME, not \"%s\"", words[i]);
        }
        TRY(session_kind(session, kind, &items[i].kind, err));
        items[i].name = name;
    }
    return TEND_OK;
}

static size_t count_kinds(struct text list)
{
    size_t count = 0;
    while (list.len > 0) {
        text_cut(&list, ',');
        count++;
    }
    return count;
}

/* "all", and what else kinds are called together; false where no kind is. */
static bool add_category(const struct session *session, struct text word,
                         struct references *references)
{
    size_t before = references->count;
    for (size_t i = 0; i < session->kinds.count && references->count < CLIENT_KINDS_MAX; i++) {
        if (kinds_has_category(&session->kinds.items[i], word)) {
            references->items[references->count++] =
                (struct reference){.kind = &session->kinds.items[i]};
        }
    }
    return references->count > before;
}

static enum tend_code parse_kinds(struct session *session, struct text list, char **names,
                                  size_t name_count, struct references *references,
                                  struct error *err)
{
    while (list.len > 0) {
        const struct served_kind *kind;
        struct text word = text_cut(&list, ',');
        enum tend_code code = session_kind(session, word, &kind, err);
        if (code == TEND_NOT_FOUND && name_count == 0 && add_category(session, word, references)) {
            continue;
        }
        if (code != TEND_OK) {
            return code;
        }
        for (size_t i = 0; i < name_count; i++) {
            references->items[references->count++] =
                (struct reference){.kind = kind, .name = text_of(names[i])};
        }
        if (name_count == 0) {
            references->items[references->count++] = (struct reference){.kind = kind};
        }
    }
    return TEND_OK;
}

enum tend_code references_parse(struct session *session, char **words, size_t count,
                                struct arena *arena, struct references *ret_references,
                                struct error *err)
{
    if (count == 0) {
        return FAIL(err, TEND_INVALID, "name a kind: KIND [NAME...] or KIND/NAME");
    }
    struct text first = text_of(words[0]);
    bool are_pairs = text_find(first, '/') < first.len;
    size_t most = are_pairs ? count : count_kinds(first) * (count > 1 ? count - 1 : 1);
    most = most < CLIENT_KINDS_MAX ? CLIENT_KINDS_MAX : most; /* a category may be many */
    struct references references = {.items =
                                        arena_alloc(arena, (most + 1) * sizeof *references.items)};
    for (size_t i = 1; i < count; i++) {
        if ((strchr(words[i], '/') != NULL) != are_pairs) {
            return FAIL(err, TEND_INVALID, "write either KIND NAME... or KIND/NAME..., not both");
        }
    }
    if (are_pairs) {
        TRY(parse_pairs(session, words, count, references.items, err));
        references.count = count;
    } else {
        TRY(parse_kinds(session, first, words + 1, count - 1, &references, err));
    }
    if (references.count == 0) {
        return FAIL(err, TEND_INVALID, "name a kind, not \"%s\"", words[0]);
    }
    *ret_references = references;
    return TEND_OK;
}
