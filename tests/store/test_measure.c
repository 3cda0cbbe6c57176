/* What is counted of commits and objects. */
#include "store/fixture.h"
#include "support/exposition.h"

static void metrics_freep(struct metrics **metrics)
{
    metrics_free(*metrics);
}
#define REGISTRY CLEANUP(metrics_freep) struct metrics *

#define PODS "apiserver_storage_objects{resource=\"pods\"}"
#define LABS "apiserver_storage_objects{resource=\"labs.example.com\"}"

static void counts_objects_by_kind(void)
{
    REGISTRY metrics = metrics_new();
    struct fixture *f = fixture_new((struct store_options){.metrics = metrics});
    CHECK_INT(put(f, CHANGE_CREATE, "pods/default/a", "{}", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "pods/default/b", "{}", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "labs.example.com/default/a", "{}", NULL), TEND_OK);
    CHECK(isnan(exposition_now(metrics, PODS))); /* nothing is durable */
    virtual_world_run(&f->v);
    CHECK_INT(put(f, CHANGE_UPDATE, "pods/default/a", "{\"a\":1}", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_DELETE, "labs.example.com/default/a", "{}", NULL), TEND_OK);
    virtual_world_run(&f->v);
    CHECK(exposition_now(metrics, PODS) == 2);
    CHECK(exposition_now(metrics, LABS) == 0);
    fixture_free(f);
}

static void counts_what_it_finds_at_start(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    CHECK_INT(put(f, CHANGE_CREATE, "pods/default/a", "{}", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "pods/default/b", "{}", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "podsets/default/b", "{}", NULL), TEND_OK);
    virtual_world_run(&f->v);
    REGISTRY metrics = metrics_new();
    fixture_reopen(f, (struct store_options){.metrics = metrics});
    CHECK(exposition_now(metrics, PODS) == 2);
    CHECK(exposition_now(metrics, "apiserver_storage_objects{resource=\"podsets\"}") == 1);
    CHECK(exposition_now(metrics, "tend_revision") == 3);
    CHECK(exposition_now(metrics, "tend_object_bytes") == 6);
    fixture_free(f);
}

static void counts_commits(void)
{
    REGISTRY metrics = metrics_new();
    struct fixture *f = fixture_new((struct store_options){.metrics = metrics});
    CHECK_INT(put(f, CHANGE_CREATE, "pods/default/a", "{}", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "pods/default/b", "{}", NULL), TEND_OK); /* share a commit */
    virtual_world_run(&f->v);
    memory_disk_fail(f->disk, 1, TEND_UNAVAILABLE);
    CHECK_INT(put(f, CHANGE_CREATE, "pods/default/c", "{}", NULL), TEND_OK);
    virtual_world_run(&f->v);
    memory_disk_mend(f->disk);
    CLEANUP(freep) char *page = exposition_page(metrics);
    exposition_check(page);
    CHECK(exposition_sample(page, "tend_commit_duration_seconds_count") == 1);
    CHECK(exposition_sample(page, "tend_commit_rows_total") == 2);
    CHECK(exposition_sample(page, "tend_commit_failures_total") == 1);
    CHECK(exposition_sample(page, PODS) == 2);
    fixture_free(f);
}

SUITE({"counts objects by kind", counts_objects_by_kind},
      {"counts what it finds at start", counts_what_it_finds_at_start},
      {"counts commits", counts_commits})
