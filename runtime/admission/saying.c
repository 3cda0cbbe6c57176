/* Events: what a request says, and what the gate itself says about one, in the same set. An Event that is said
 * again counts up; none keeps a set from being admitted because its namespace is gone. */
#include "admission/hearing.h"
#include "resource/builtin.h"
#include "resource/name.h"

/* The Event's own name follows from what is said; about what must have one. */
enum tend_code saying_find(struct hearing *hearing)
{
    const struct event *event = hearing->request->event;
    hearing->namespace = event_namespace(event);
    hearing->name = event_name(event, &hearing->set->arena);
    const char *wrong = kind_check_name(hearing->kind, hearing->name);
    wrong = wrong != NULL ? wrong : name_check_label(hearing->namespace);
    return wrong == NULL
               ? hearing_find_entry(hearing)
               : hearing_problem(hearing, SCHEMA_INVALID, "involvedObject.name", "%s", wrong);
}

enum tend_code saying_hear(struct hearing *hearing)
{
    struct set *set = hearing->set;
    struct text home =
        key_make(&set->arena, TEXT(BUILTIN_NAMESPACES), TEXT(""), hearing->namespace);
    bool said = hearing->entry->now != hearing->entry->old; /* by this very set */
    if (!set_has(set, home) || hearing->entry->gone || said) {
        return TEND_OK;
    }
    const struct value *before = entry_is_there(hearing->entry) ? hearing->entry->now : NULL;
    const struct value *root =
        event_root(hearing->request->event, &set->arena, before, set->now_ms);
    return before == NULL ? object_create(hearing, root) : object_update(hearing, root, PART_MAIN);
}

enum tend_code saying_add(struct hearing *hearing, const struct event *event)
{
    struct set *set = hearing->set;
    struct entry *touched = set->touched[hearing->index];
    struct admission_request request = {.verb = ADMIT_EVENT, .event = event};
    struct admission_answer answer = {.message = "", .resource = ""};
    struct hearing saying = {.set = set,
                             .index = hearing->index,
                             .request = &request,
                             .answer = &answer,
                             .kind = catalogue_resource(set->catalogue, TEXT(BUILTIN_EVENTS)),
                             .problems = {.arena = &set->arena}};
    enum tend_code code = saying_find(&saying);
    if (code == TEND_OK) {
        saying.entry->request = hearing->index;
        code = saying_hear(&saying);
    }
    set->touched[hearing->index] = touched;
    return code == TEND_OK ? TEND_OK : hearing_refuse(hearing, code, "%s", answer.message);
}
