/* A kind's owner is whichever Controller object names it in spec.owns: there is at most one. */
#include "cli/owner.h"

static bool owns(const struct value *controller, const struct served_kind *kind)
{
    const struct value *owned = value_field(value_field(controller, "spec"), "owns");
    for (size_t i = 0; i < value_count(owned); i++) {
        const struct value *one = value_at(owned, i);
        if (text_equal(value_text_or(value_field(one, "apiVersion"), TEXT("")),
                       kind->api_version) &&
            text_equal(value_text_or(value_field(one, "kind"), TEXT("")), kind->name)) {
            return true;
        }
    }
    return false;
}

bool owner_is_host(const struct served_kind *kind)
{
    return text_is(kind->api_version, "v1") || text_is(kind->api_version, "tend.dev/v1") ||
           text_is(kind->api_version, "apiextensions.k8s.io/v1");
}

enum tend_code owner_find(struct session *session, const struct served_kind *kind,
                          struct arena *arena, const struct value **ret_controller,
                          struct error *err)
{
    const struct value *list;
    *ret_controller = NULL;
    TRY(session_get(session, TEXT("/apis/tend.dev/v1/controllers"), NULL, arena, &list, err));
    const struct value *items = value_field(list, "items");
    for (size_t i = 0; i < value_count(items) && *ret_controller == NULL; i++) {
        *ret_controller = owns(value_at(items, i), kind) ? value_at(items, i) : NULL;
    }
    return TEND_OK;
}

struct text owner_name(const struct value *controller)
{
    return value_text_or(value_field(value_field(controller, "metadata"), "name"), TEXT(""));
}

struct text owner_phase(const struct value *controller)
{
    return value_text_or(value_field(value_field(controller, "status"), "phase"), TEXT(""));
}
