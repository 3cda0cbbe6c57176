#include "resource/fixture.h"
#include "resource/selector.h"

#define OBJECT                                                                                     \
    "{metadata: {name: lab-1, namespace: default, labels: {team: a, tier: web}},\n"                \
    " spec: {template: python, retries: 3}}"

/* "yes", "no" or the complaint. */
static const char *select_by(const char *labels, const char *fields)
{
    static struct error err;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = lab_catalogue();
    CLEANUP(selector_freep) struct selector *selector = NULL;
    const struct kind *kind = catalogue_resource(catalogue, TEXT("labinstances.lab.neuroglia.com"));
    if (selector_parse(text_of(labels), text_of(fields), kind, &selector, &err) != TEND_OK) {
        return err.message;
    }
    return selector_match(selector, yaml_value(&arena, OBJECT)) ? "yes" : "no";
}

static void labels(void)
{
    static const struct {
        const char *labels, *answer;
    } rows[] = {
        {"", "yes"},
        {"team=a", "yes"},
        {"team==a", "yes"},
        {"team=b", "no"},
        {"team!=b", "yes"},
        {"team!=a", "no"},
        {"owner!=x", "yes"},
        {"team", "yes"},
        {"owner", "no"},
        {"!owner", "yes"},
        {"!team", "no"},
        {"team in (a, b)", "yes"},
        {"team notin (a,b)", "no"},
        {"owner notin (x)", "yes"},
        {"owner in (x)", "no"},
        {" team = a , tier in (web) , !owner ", "yes"},
        {"team=a,tier=db", "no"},
        {"in in (x)", "no"},
        {"owner=", "no"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CHECK_TEXT(select_by(rows[i].labels, ""), rows[i].answer);
    }
}

static void fields(void)
{
    CHECK_TEXT(select_by("", "metadata.name=lab-1"), "yes");
    CHECK_TEXT(select_by("", "metadata.name!=lab-1"), "no");
    CHECK_TEXT(select_by("", "metadata.namespace==default,spec.template=python"), "yes");
    CHECK_TEXT(select_by("", "spec.retries=3"), "yes");
    CHECK_TEXT(select_by("", "spec.retries=4"), "no");
    CHECK_TEXT(select_by("", "spec.owner=x"),
               "field label not supported: spec.owner; for labinstances.lab.neuroglia.com one may "
               "select metadata.name, metadata.namespace, spec.template, spec.retries");
}

static void refuses_with_a_column(void)
{
    CHECK_TEXT(select_by("team in a", ""), "selector \"team in a\": expected ',' at column 6");
    CHECK_TEXT(select_by("team in (a", ""),
               "selector \"team in (a\": expected ',' or ')' at column 11");
    CHECK_TEXT(select_by("a b", ""), "selector \"a b\": expected ',' at column 3");
    CHECK_TEXT(select_by("=a", ""), "selector: the label \"\" must not be empty");
    CHECK_TEXT(select_by("", "metadata.name"),
               "selector \"metadata.name\": expected '=' or '!=' at column 14");
}

static void judges_by_key(void)
{
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = lab_catalogue();
    CLEANUP(selector_freep) struct selector *selector = NULL;
    const struct kind *kind = catalogue_resource(catalogue, TEXT("labinstances.lab.neuroglia.com"));
    struct error err = ERROR_INIT;
    struct key_parts hit = {TEXT("x"), TEXT("default"), TEXT("lab-1")};
    struct key_parts miss = {TEXT("x"), TEXT("default"), TEXT("lab-2")};
    CHECK_INT(selector_parse(TEXT(""), TEXT("metadata.name=lab-1"), kind, &selector, &err),
              TEND_OK);
    CHECK_INT(selector_match_key(selector, &hit), SELECT_YES);
    CHECK_INT(selector_match_key(selector, &miss), SELECT_NO);
    CHECK(text_is(selector_name(selector), "lab-1"));
    selector_free(selector);
    selector = NULL;
    CHECK_INT(selector_parse(TEXT("a=b"), TEXT(""), kind, &selector, &err), TEND_OK);
    CHECK_INT(selector_match_key(selector, &hit), SELECT_LOOK);
    CHECK_INT(selector_match_key(NULL, &hit), SELECT_YES);
}

SUITE({"labels: = == != in notin exists !", labels},
      {"fields: the two of metadata and what the kind declares", fields},
      {"refuses with what was expected where", refuses_with_a_column},
      {"judges by the key where that is enough", judges_by_key})
