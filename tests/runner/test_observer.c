/* A file with an observer in it: what it claims, and what becomes of that. */
#include "runner/fixture.h"

#define OWNER "{name: labinstance, kind: " LAB_KIND ", crd: " LAB_CRD ",\n machine: " MACHINE_1 "}"
#define WATCHER(kind, more)                                                                        \
    "{name: watcher, kind: '" kind "', observer: true, limitMs: 5000" more "}"
#define WITH(version, controllers)                                                                 \
    "{descriptor: {name: lab, version: '" version "', controllers: [" controllers "]},\n"          \
    " run: {'': '{outcome: done, events: [{type: Normal, reason: Ran}]}'}}\n"

static void create_map(struct site *s, const char *metadata)
{
    char yaml[256];
    snprintf(yaml, sizeof yaml, "{apiVersion: v1, kind: ConfigMap, metadata: {%s}}", metadata);
    CHECK_INT(ask(s->b, ADMIT_APPLY, "", "", yaml)->code, TEND_OK);
}

static void says_what_it_looks_at(void)
{
    struct site *s = site_new();
    put(s, WITH("1", OWNER ", " WATCHER("*", ", annotation: tend.dev/ttl, labels: 'a=b'")));
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "watcher", "spec"),
               "{\"observes\":{\"annotation\":\"tend.dev/ttl\",\"kinds\":[\"*\"],"
               "\"labels\":\"a=b\"}}");
    CHECK_TEXT(controller(s, "watcher", "status.kinds"), "[\"*\"]");
    CHECK_TEXT(controller(s, "watcher", "status.phase"), "\"live\"");
    CHECK_TEXT(controller(s, "labinstance", "status.kinds"), "[\"" LAB_KIND "\"]");
    create_map(s, "name: no");
    create_map(s, "name: yes, labels: {a: b}, annotations: {tend.dev/ttl: 1h}");
    pass(s, 0);
    CHECK_INT(times(s, "no", "Ran"), 0);
    CHECK_INT(times(s, "yes", "Ran"), 1);
    site_free(s);
}

/* The kind has its owner, and any number may look on. */
static void claims_no_kind(void)
{
    struct site *s = site_new();
    put(s, WITH("1", OWNER
                ", " WATCHER(LAB_KIND ", v1/ConfigMap", "") ",\n"
                                                            " {name: another, kind: '" LAB_KIND
                                                            "', observer: true}"));
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    const struct kind *kind = catalogue_resource(admission_catalogue(s->b->gate), TEXT(LAB));
    CHECK_TEXT(kind->controller, "labinstance");
    CHECK(kind->machine != NULL && !kind->finalizes);
    CHECK_TEXT(controller(s, "watcher", "spec.observes.kinds"),
               "[\"" LAB_KIND "\",\"v1/ConfigMap\"]");
    create_lab(s, "lab-1");
    pass(s, 0);
    CHECK_INT(times(s, "lab-1", "Ran"), 3); /* the owner and both of them: an Event each */
    site_free(s);
}

static void another_version_looks_elsewhere(void)
{
    struct site *s = site_new();
    put(s, WITH("1", WATCHER("v1/ConfigMap", ", annotation: one")));
    create_map(s, "name: a, annotations: {one: x}");
    create_map(s, "name: b, annotations: {two: x}");
    put(s, WITH("2", WATCHER("v1/ConfigMap", ", annotation: two")));
    pass(s, REPORT_PAUSE_MS);
    CHECK_INT(times(s, "a", "Ran"), 1);
    CHECK_INT(times(s, "b", "Ran"), 1);
    CHECK_TEXT(controller(s, "watcher", "spec.observes.annotation"), "\"two\"");
    put(s, WITH("3", WATCHER("v1/Namespace", "")));
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "watcher", "spec.observes"), "{\"kinds\":[\"v1/Namespace\"]}");
    CHECK_TEXT(controller(s, "watcher", "status.kinds"), "[\"v1/Namespace\"]");
    CHECK_INT(times(s, "default", "Ran"), 1);
    CHECK_INT(times(s, "b", "Ran"), 1);
    site_free(s);
}

/* Whoever owned the kind and only observes from now on lets go of it. */
static void an_owner_becomes_an_observer(void)
{
    struct site *s = site_new();
    put(s, WITH("1", OWNER));
    put(s, WITH("2", "{name: labinstance, kind: " LAB_KIND ", observer: true}"));
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    const struct kind *kind = catalogue_resource(admission_catalogue(s->b->gate), TEXT(LAB));
    CHECK(kind->controller == NULL && kind->machine == NULL);
    put(s, WITH("3", OWNER));
    kind = catalogue_resource(admission_catalogue(s->b->gate), TEXT(LAB));
    CHECK_TEXT(kind->controller, "labinstance");
    site_free(s);
}

static void refuses_what_is_no_kind(void)
{
    struct site *s = site_new();
    put(s, WITH("1", WATCHER("v1/ConfigMap, all of them", "")));
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_REFUSED);
    pass(s, REPORT_PAUSE_MS);
    CHECK_TEXT(controller(s, "lab", "status.message"),
               "\"controller watcher: \\\"all of them\\\" is no kind; expected "
               "GROUP/VERSION/KIND\"");
    site_free(s);
}

SUITE({"says what it looks at", says_what_it_looks_at},
      {"claims no kind, and is not alone", claims_no_kind},
      {"another version looks elsewhere", another_version_looks_elsewhere},
      {"an owner becomes an observer, and an owner again", an_owner_becomes_an_observer},
      {"refuses what is no kind", refuses_what_is_no_kind})
