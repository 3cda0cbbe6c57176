/* What any client may do: patch metadata.finalizers. The host judges, and tells who did it; what is checked
 * here before only keeps an object from being deleted that is then not let go. */
#include "cli/abandon.h"

#include "base/alloc.h"
#include "cli/owner.h"
#include "document/path.h"

static struct text metadata_text(const struct value *object, struct text key)
{
    return value_text_or(value_get(value_field(object, "metadata"), key), TEXT(""));
}

enum tend_code abandon_check(struct session *session, const struct served_kind *kind,
                             struct text path, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *object, *owner;
    TRY(session_get(session, path, NULL, &arena, &object, err));
    if (metadata_text(object, TEXT("deletionTimestamp")).len > 0) {
        return TEND_OK;
    }
    TRY(owner_find(session, kind, &arena, &owner, err));
    if (!text_is(owner_phase(owner), "live")) {
        return TEND_OK;
    }
    struct text name = owner_name(owner);
    return FAIL(err, TEND_DENIED,
                "%.*s \"%.*s\" is not abandoned: controller %.*s is live and cleans up after it; "
                "delete it without --abandon, or take the controller's file away first",
                TEXT_ARG(kind->shown), TEXT_ARG(metadata_text(object, TEXT("name"))),
                TEXT_ARG(name));
}

struct text abandon_finalizer(struct arena *arena, const struct served_kind *kind)
{
    return arena_format(arena, "%.*s/tend",
                        TEXT_ARG(kind->group.len > 0 ? kind->group : TEXT("tend.dev")));
}

/* The object's finalizers without the kind's own. */
static const struct value *other_finalizers(struct arena *arena, const struct served_kind *kind,
                                            const struct value *object)
{
    struct text own = abandon_finalizer(arena, kind);
    const struct value *all = value_field(value_field(object, "metadata"), "finalizers");
    const struct value *others = value_empty_list();
    for (size_t i = 0; i < value_count(all); i++) {
        if (!text_equal(value_text_or(value_at(all, i), TEXT("")), own)) {
            others = value_append(arena, others, value_at(all, i));
        }
    }
    return others;
}

enum tend_code abandon_release(struct session *session, const struct served_kind *kind,
                               struct text path, const struct value *object, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *patch = NULL;
    TRY(path_set(&arena, NULL, TEXT("metadata.finalizers"), other_finalizers(&arena, kind, object),
                 &patch, err));
    TRY(path_set(&arena, patch, TEXT("metadata.uid"),
                 value_text(&arena, metadata_text(object, TEXT("uid"))), &patch, err));
    return session_patch(session, path, "tend-abandon", patch, err);
}
