#include "document/path.h"
#include "resource/condition.h"
#include "resource/crd.h"
#include "resource/fixture.h"

static void declares_a_kind(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(kind_unrefp) struct kind *kind = NULL;
    struct error err = ERROR_INIT;
    if (!CHECK_INT(crd_kind(yaml_value(&arena, LAB_CRD), NULL, &kind, &err), TEND_OK)) {
        return;
    }
    CHECK_TEXT(kind->resource, "labinstances.lab.neuroglia.com");
    CHECK_TEXT(kind->api_version, "lab.neuroglia.com/v1");
    CHECK_TEXT(kind->singular, "labinstance");
    CHECK_TEXT(kind->list, "LabInstanceList");
    CHECK_TEXT(kind->short_names.words[0], "li");
    CHECK_INT(kind->scope, SCOPE_NAMESPACED);
    CHECK(kind->has_status && kind->schema != NULL && kind->machine == NULL);
    CHECK_INT(kind->column_count, 4);
    CHECK_TEXT(kind->columns[0].name, "Name");
    CHECK_TEXT(kind->columns[1].name, "State");
    CHECK_INT(kind->columns[2].priority, 1);
    CHECK_TEXT(kind->selectable.words[0], "spec.template");
}

static void refuses_with_the_path(void)
{
    static const struct {
        const char *path, *value, *where;
    } rows[] = {
        {"metadata.name", "labs.other", "metadata.name"},
        {"spec.group", "Lab", "spec.group"},
        {"spec.scope", "Everywhere", "spec.scope"},
        {"spec.names.kind", "labInstance", "spec.names.kind"},
        {"spec.names.plural", "LABS", "spec.names.plural"},
        {"spec.names.shortNames", "[L I]", "spec.names.shortNames"},
        {"spec.versions", "[]", "spec.versions"},
        {"spec.versions", "[{name: v1}, {name: v2}]", "spec.versions"},
        {"spec.versions[0].storage", "false", "spec.versions[0]"},
        {"spec.versions[0].schema", "{}", "spec.versions[0].schema.openAPIV3Schema"},
        {"spec.versions[0].schema.openAPIV3Schema", "{type: obkect}",
         "spec.versions[0].schema.openAPIV3Schema"},
        {"spec.versions[0].additionalPrinterColumns", "[{name: X, type: text, jsonPath: .a}]",
         "spec.versions[0].additionalPrinterColumns[0]"},
        {"spec.versions[0].additionalPrinterColumns",
         "[{name: X, type: string, jsonPath: '.a[?(@.b)]'}]",
         "spec.versions[0].additionalPrinterColumns[0]"},
        {"spec.conversion", "{strategy: Webhook}", "spec.conversion.strategy"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(kind_unrefp) struct kind *kind = NULL;
        struct error err = ERROR_INIT;
        char where[CRD_PATH_MAX] = "";
        const struct value *root = yaml_value(&arena, LAB_CRD);
        CHECK_INT(path_set(&arena, root, text_of(rows[i].path), yaml_value(&arena, rows[i].value),
                           &root, &err),
                  TEND_OK);
        CHECK_INT(crd_kind(root, where, &kind, &err), TEND_INVALID);
        CHECK_TEXT(where, rows[i].where);
        CHECK(text_starts(text_of(err.message), text_of(rows[i].where)));
    }
}

static void has_age_where_it_has_no_columns(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(kind_unrefp) struct kind *kind = NULL;
    struct error err = ERROR_INIT;
    const struct value *root = yaml_value(&arena, LAB_CRD);
    CHECK_INT(path_set(&arena, root, TEXT("spec.versions[0].additionalPrinterColumns"), NULL, &root,
                       &err),
              TEND_OK);
    if (CHECK_INT(crd_kind(root, NULL, &kind, &err), TEND_OK)) {
        CHECK_INT(kind->column_count, 2);
        CHECK_TEXT(kind->columns[1].name, "Age");
    }
}

static void is_established(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(kind_unrefp) struct kind *kind = NULL;
    struct error err = ERROR_INIT;
    const struct value *root = yaml_value(&arena, LAB_CRD);
    if (!CHECK_INT(crd_kind(root, NULL, &kind, &err), TEND_OK)) {
        return;
    }
    const struct value *told = crd_with_status(&arena, root, kind, 1767225600000);
    CHECK(condition_is_true(told, TEXT("Established")));
    CHECK(condition_is_true(told, TEXT("NamesAccepted")));
    CHECK_TEXT(json_of(&arena, path_get(told, TEXT("status.storedVersions"))), "[\"v1\"]");
    CHECK_TEXT(json_of(&arena, path_get(told, TEXT("status.acceptedNames.shortNames"))),
               "[\"li\"]");
    CHECK(value_equal(told, crd_with_status(&arena, told, kind, 1767225999000)));
}

SUITE({"declares a kind", declares_a_kind},
      {"refuses what it does not understand, with the path", refuses_with_the_path},
      {"has an age column where it declares none", has_age_where_it_has_no_columns},
      {"is established, and says so once", is_established})
