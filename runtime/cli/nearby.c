/* One page of names is enough: a hint is a courtesy, and not worth listing a hundred thousand objects. */
#include "cli/nearby.h"

#include <stdio.h>

#include "base/alloc.h"
#include "cli/target.h"

static enum tend_code list_names(struct session *session, const struct served_kind *kind,
                                 struct text namespace, struct arena *arena,
                                 const struct value **ret_items)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    struct error ignored = ERROR_INIT;
    const struct value *list;
    target_path(&target, kind, namespace, TEXT(""));
    target_query(&target, "limit", TEXT("500"));
    TRY(session_get(session, buffer_view(&target),
                    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", arena,
                    &list, &ignored));
    *ret_items = value_field(list, "items");
    return TEND_OK;
}

static const char *nearest(const struct value *items, struct text name)
{
    size_t count = value_count(items);
    CLEANUP(freep) const char **names = alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        const struct value *metadata = value_field(value_at(items, i), "metadata");
        names[i] = value_text_or(value_field(metadata, "name"), TEXT("")).ptr;
    }
    return text_nearest(name, names, count);
}

void nearby_add(struct session *session, const struct reference *reference, struct text namespace,
                enum tend_code code, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct served_kind *kind = reference->kind;
    const struct value *items = NULL;
    char sentence[ERROR_TEXT_MAX];
    if (code != TEND_NOT_FOUND || list_names(session, kind, namespace, &arena, &items) != TEND_OK) {
        return;
    }
    const char *name = nearest(items, reference->name);
    bool elsewhere = kind->is_namespaced && !text_is(namespace, "default");
    snprintf(sentence, sizeof sentence, "%s", err->message);
    if (name != NULL) {
        (void)FAIL(err, code, "%s, did you mean \"%s\"?", sentence, name);
    } else {
        (void)FAIL(err, code, "%s; `tend get %.*s%s%.*s` lists what is there", sentence,
                   TEXT_ARG(kind->plural), elsewhere ? " -n " : "",
                   TEXT_ARG(elsewhere ? namespace : TEXT("")));
    }
}
