#include "document/path.h"
#include "resource/builtin.h"
#include "resource/catalogue.h"
#include "resource/fixture.h"

#define LAB "labinstances.lab.neuroglia.com"

static struct catalogue *owned(const struct catalogue *catalogue, const char *controller)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct catalogue *changed = NULL;
    struct error err = ERROR_INIT;
    if (catalogue_with_machine(catalogue, yaml_value(&arena, controller), &changed, &err) !=
        TEND_OK) {
        suite_check(false, __LINE__, err.message, __FILE__);
    }
    return changed;
}

static void finds_kinds(void)
{
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = lab_catalogue();
    const struct kind *kind = catalogue_resource(catalogue, TEXT(LAB));
    CHECK(kind != NULL);
    CHECK(catalogue_kind(catalogue, TEXT("lab.neuroglia.com/v1"), TEXT("LabInstance")) == kind);
    CHECK(catalogue_kind(catalogue, TEXT("lab.neuroglia.io/v1"), TEXT("LabInstance")) == NULL);
    CHECK(catalogue_plural(catalogue, TEXT("lab.neuroglia.com"), TEXT("v1"),
                           TEXT("labinstances")) == kind);
    CHECK(catalogue_plural(catalogue, TEXT(""), TEXT("v1"), TEXT("configmaps")) != NULL);
    for (size_t i = 1; i < catalogue_count(catalogue); i++) {
        const struct kind *a = catalogue_at(catalogue, i - 1), *b = catalogue_at(catalogue, i);
        int group = strcmp(a->group, b->group);
        CHECK(group < 0 || (group == 0 && strcmp(a->plural, b->plural) < 0));
    }
}

/* The resource that a word finds, or the complaint. */
static const char *typed(const struct catalogue *catalogue, const char *word)
{
    static struct error err;
    const struct kind *kind = NULL;
    return catalogue_word(catalogue, text_of(word), &kind, &err) == TEND_OK ? kind->resource
                                                                            : err.message;
}

static void understands_what_is_typed(void)
{
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = lab_catalogue();
    static const char *const words[] = {"labinstances",
                                        "labinstance",
                                        "LabInstance",
                                        "li",
                                        "LI",
                                        LAB,
                                        "labinstance.lab.neuroglia.com"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        CHECK_TEXT(typed(catalogue, words[i]), LAB);
    }
    CHECK_TEXT(typed(catalogue, "cm"), "configmaps");
    CHECK_TEXT(typed(catalogue, "labinstanc"),
               "no kind \"labinstanc\", did you mean \"labinstance\"?");
    CHECK_TEXT(typed(catalogue, "zzzzzzzzzzzz"),
               "no kind \"zzzzzzzzzzzz\"; there are configmaps, events, namespaces, "
               "customresourcedefinitions, labinstances, controllers, "
               "effects, manifests");
}

static struct catalogue *with_changed(const struct catalogue *catalogue, const char *const *edits,
                                      struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct catalogue *changed = NULL;
    const struct value *root = yaml_value(&arena, LAB_CRD);
    for (; *edits != NULL; edits += 2) {
        CHECK_INT(
            path_set(&arena, root, text_of(edits[0]), yaml_value(&arena, edits[1]), &root, err),
            TEND_OK);
    }
    return catalogue_with_crd(catalogue, root, NULL, &changed, err) == TEND_OK ? changed : NULL;
}

static void says_what_is_ambiguous(void)
{
    static const char *const edits[] = {"metadata.name", "labinstances.other.org", "spec.group",
                                        "other.org", NULL};
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    struct error err = ERROR_INIT;
    CLEANUP(catalogue_unrefp) struct catalogue *two = with_changed(one, edits, &err);
    if (CHECK(two != NULL)) {
        CHECK_TEXT(typed(two, "li"),
                   "\"li\" is ambiguous, write " LAB " or labinstances.other.org");
        CHECK_TEXT(typed(two, "labinstances.other.org"), "labinstances.other.org");
    }
}

static void refuses_shared_names(void)
{
    static const char *const edits[] = {"metadata.name",
                                        "labs.lab.neuroglia.com",
                                        "spec.names.plural",
                                        "labs",
                                        "spec.names.shortNames",
                                        "[li]",
                                        "spec.names.kind",
                                        "Lab",
                                        NULL};
    static const char *const builtin[] = {
        "metadata.name",     "controllers.tend.dev", "spec.group", "tend.dev",
        "spec.names.plural", "controllers",          NULL};
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    struct error err = ERROR_INIT;
    CHECK(with_changed(one, edits, &err) == NULL);
    CHECK_INT(err.code, TEND_EXISTS);
    CHECK_TEXT(err.message, "the name \"li\" belongs to " LAB " already");
    CHECK(with_changed(one, builtin, &err) == NULL);
    CHECK_TEXT(err.message, "controllers.tend.dev is built in");
}

static void changes_are_other_catalogues(void)
{
    CLEANUP(catalogue_unrefp) struct catalogue *empty = catalogue_new();
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    CLEANUP(catalogue_unrefp) struct catalogue *gone = catalogue_without_crd(one, TEXT(LAB));
    CLEANUP(catalogue_unrefp)
    struct catalogue *kept = catalogue_without_crd(one, TEXT("configmaps"));
    CHECK(catalogue_resource(empty, TEXT(LAB)) == NULL);
    CHECK(catalogue_resource(one, TEXT(LAB)) != NULL);
    CHECK(catalogue_resource(gone, TEXT(LAB)) == NULL);
    CHECK(catalogue_resource(kept, TEXT("configmaps")) ==
          catalogue_resource(one, TEXT("configmaps")));
}

static void owners_and_definitions_come_in_any_order(void)
{
    CLEANUP(catalogue_unrefp) struct catalogue *empty = catalogue_new();
    CLEANUP(catalogue_unrefp) struct catalogue *before = owned(empty, LAB_CONTROLLER);
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(catalogue_unrefp) struct catalogue *late = NULL;
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    CLEANUP(catalogue_unrefp) struct catalogue *early = owned(one, LAB_CONTROLLER);
    struct error err = ERROR_INIT;
    CHECK_INT(catalogue_with_crd(before, yaml_value(&arena, LAB_CRD), NULL, &late, &err), TEND_OK);
    const struct catalogue *both[] = {late, early};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        const struct kind *kind = catalogue_resource(both[i], TEXT(LAB));
        if (CHECK(kind != NULL && kind->machine != NULL)) {
            CHECK_TEXT(kind->controller, "labinstance");
            CHECK_TEXT(kind->finalizer, "lab.neuroglia.com/tend");
            CHECK(kind->finalizes);
        }
    }
    CHECK(catalogue_resource(one, TEXT(LAB))->machine == NULL);
    CLEANUP(catalogue_unrefp)
    struct catalogue *left = catalogue_without_machine(early, TEXT("labinstance"));
    CHECK(catalogue_resource(left, TEXT(LAB))->machine == NULL);
    CHECK(catalogue_resource(left, TEXT(LAB))->controller == NULL);
}

static void a_kind_has_one_owner(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    CLEANUP(catalogue_unrefp) struct catalogue *mine = owned(one, LAB_CONTROLLER);
    CLEANUP(catalogue_unrefp) struct catalogue *again = owned(mine, LAB_CONTROLLER);
    struct catalogue *other = NULL;
    struct error err = ERROR_INIT;
    const struct value *rival =
        yaml_value(&arena, "{metadata: {name: scheduler}, spec: {owns: [\n"
                           " {apiVersion: lab.neuroglia.com/v1, kind: LabInstance}]}}");
    CHECK_INT(catalogue_with_machine(mine, rival, &other, &err), TEND_EXISTS);
    CHECK_TEXT(err.message, "lab.neuroglia.com/v1/LabInstance is owned by controller labinstance "
                            "already; a kind has one owner");
    CHECK(catalogue_resource(again, TEXT(LAB))->machine != NULL);
}

static void machines_fit_their_schema(void)
{
    static const char without[] =
        "spec.versions[0].schema.openAPIV3Schema.properties.status.properties.state";
    static const char *const narrow[] = {
        "spec.versions[0].schema.openAPIV3Schema.properties.status.properties.state.enum",
        "[pending, provisioning, ready, failed, deleting]", NULL};
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    CLEANUP(catalogue_unrefp) struct catalogue *mine = owned(one, LAB_CONTROLLER);
    CLEANUP(arena_done) struct arena arena = {0};
    struct catalogue *other = NULL;
    struct error err = ERROR_INIT;
    CHECK(with_changed(mine, narrow, &err) == NULL);
    CHECK(
        text_starts(text_of(err.message),
                    TEXT("the schema of " LAB " does not allow state deleted at status.state: ")));
    CLEANUP(catalogue_unrefp) struct catalogue *first = with_changed(one, narrow, &err);
    CHECK(first != NULL);
    CHECK_INT(catalogue_with_machine(first, yaml_value(&arena, LAB_CONTROLLER), &other, &err),
              TEND_INVALID);
    const struct value *root = yaml_value(&arena, LAB_CRD);
    CHECK_INT(path_set(&arena, root, text_of(without), NULL, &root, &err), TEND_OK);
    CHECK_INT(catalogue_with_crd(mine, root, NULL, &other, &err), TEND_INVALID);
    CHECK_TEXT(err.message,
               "the schema of " LAB " has no field status.state for the states of labinstance");
}

static void the_hosts_kinds_are_its_own(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    struct catalogue *other = NULL;
    struct error err = ERROR_INIT;
    CHECK_INT(catalogue_with_machine(one,
                                     yaml_value(&arena, "{metadata: {name: x}, spec: {owns: [\n"
                                                        " {apiVersion: v1, kind: Namespace}]}}"),
                                     &other, &err),
              TEND_INVALID);
    CLEANUP(catalogue_unrefp)
    struct catalogue *maps =
        owned(one, "{metadata: {name: x}, spec: {owns: [{apiVersion: v1, kind: ConfigMap}]}}");
    CHECK_TEXT(catalogue_resource(maps, TEXT(BUILTIN_CONFIGMAPS))->controller, "x");
}

static void suggests_for_unknown_kinds(void)
{
    CLEANUP(catalogue_unrefp) struct catalogue *one = lab_catalogue();
    struct error err = ERROR_INIT;
    CHECK_INT(catalogue_unknown(one, TEXT("lab.neuroglia.io/v1"), TEXT("LabInstance"), &err),
              TEND_NOT_FOUND);
    CHECK_TEXT(err.message, "no kind \"LabInstance\" in \"lab.neuroglia.io/v1\", did you mean "
                            "\"lab.neuroglia.com/v1\"?");
    (void)catalogue_unknown(one, TEXT("v1"), TEXT("Secret"), &err);
    CHECK_TEXT(err.message,
               "no kind \"Secret\" in \"v1\"; is its CustomResourceDefinition missing?");
}

SUITE({"finds kinds, in a stable order", finds_kinds},
      {"understands what is typed, or names what is near", understands_what_is_typed},
      {"says what is ambiguous", says_what_is_ambiguous},
      {"refuses names that are taken", refuses_shared_names},
      {"a change is another catalogue", changes_are_other_catalogues},
      {"owners and definitions come in any order", owners_and_definitions_come_in_any_order},
      {"a kind has one owner (#14)", a_kind_has_one_owner},
      {"a machine fits the schema, whichever comes last", machines_fit_their_schema},
      {"the host's own kinds are not owned", the_hosts_kinds_are_its_own},
      {"suggests what was meant (#15)", suggests_for_unknown_kinds})
