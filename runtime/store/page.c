/* A page of history: a job that lets the backend visit rows and keeps what it is shown. The backend
 * may already see a commit that the core has not published yet; such rows are cut off at delivery. */
#include <assert.h>

#include "base/limits.h"
#include "store/inside.h"

struct page_job {
    struct job job;
    struct backend_visitor visitor;
    struct store *store;
    struct store_page *page;
    struct backend_query query;
    /* what it read */
    struct row **rows;
    size_t count, capacity;
    int64_t reached;
    enum tend_code code;
    struct error err;
};

static struct doc *doc_of(struct text bytes)
{
    return bytes.ptr == NULL ? NULL : doc_from_bytes(bytes);
}

static enum tend_code keep_row(struct backend_visitor *visitor, const struct backend_row *row,
                               struct error *err)
{
    (void)err;
    struct page_job *job = CONTAINER_OF(visitor, struct page_job, visitor);
    if (job->count == job->capacity) {
        job->capacity = job->capacity == 0 ? 16 : job->capacity * 2;
        job->rows = alloc_resize(job->rows, job->capacity, sizeof(struct row *));
    }
    CLEANUP(doc_unrefp) struct doc *doc = doc_of(row->doc);
    CLEANUP(doc_unrefp) struct doc *before = doc_of(row->before);
    job->rows[job->count++] = row_new(&(struct change){
        .revision = row->revision,
        .set_last = row->set_last,
        .previous = row->previous,
        .op = row->op,
        .key = row->key,
        .doc = doc,
        .before = before,
        .actor = row->actor,
        .reason = row->reason,
        .time_ms = row->time_ms,
    });
    return TEND_OK;
}

static void read_work(struct job *job)
{
    struct page_job *read = CONTAINER_OF(job, struct page_job, job);
    struct backend *backend = read->store->backend;
    read->code =
        backend->ops->read(backend, &read->query, &read->visitor, &read->reached, &read->err);
}

static void page_job_free(struct page_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        row_free(job->rows[i]);
    }
    free(job->rows);
    free(job);
}

/* Only what is durable for everybody: a commit may be on disk whose `done` has not run yet. */
static void cut(struct page_job *job, int64_t durable)
{
    while (job->count > 0 && job->rows[job->count - 1]->change.revision > durable) {
        row_free(job->rows[--job->count]);
    }
    if (job->reached > durable) {
        job->reached = durable;
    }
}

static void deliver(struct page_job *job, struct store_page *page)
{
    cut(job, job->store->revision);
    page->reached = job->reached;
    page->count = job->count;
    page->changes = job->count == 0 ? NULL : alloc_array(job->count, sizeof *page->changes);
    for (size_t i = 0; i < job->count; i++) {
        page->changes[i] = job->rows[i]->change;
    }
    page->impl = job;
}

static void read_done(struct job *done)
{
    struct page_job *job = CONTAINER_OF(done, struct page_job, job);
    struct store *store = job->store;
    struct store_page *page = job->page;
    store->pages--;
    if (store->phase == STORE_DEAD) {
        page_job_free(job);
        return;
    }
    if (job->code == TEND_OK) {
        deliver(job, page);
        page->done(page, TEND_OK, NULL);
    } else {
        page->done(page, job->code, &job->err);
        page_job_free(job);
    }
    store_maybe_finished(store);
}

void store_page_read(struct store *store, struct store_page *page)
{
    assert(page->max > 0);
    struct page_job *job = alloc_new(sizeof *job);
    job->job = (struct job){.lane = LANE_READ, .work = read_work, .done = read_done};
    job->visitor.row = keep_row;
    job->store = store;
    job->page = page;
    job->query = (struct backend_query){
        .after = page->after,
        .prefix = page->prefix,
        .rows_max = page->max,
        .bytes_max = PAGE_BYTES_MAX,
        .looks_max = PAGE_LOOKS_MAX,
    };
    page->changes = NULL;
    page->count = 0;
    page->impl = NULL;
    if (store->phase == STORE_OPEN) {
        store->pages++;
        world_offload(store->world, &job->job);
    } else {
        list_append(&store->refused, &job->job.link);
        world_soon(store->world, &store->refuse);
    }
}

static void refuse(struct task *task)
{
    struct store *store = CONTAINER_OF(task, struct store, refuse);
    for (struct list *link; (link = list_pop(&store->refused)) != NULL;) {
        struct page_job *job = CONTAINER_OF(link, struct page_job, job.link);
        if (store->phase != STORE_DEAD) {
            FAIL(&job->err, TEND_UNAVAILABLE, "the store is closing");
            job->page->done(job->page, TEND_UNAVAILABLE, &job->err);
        }
        page_job_free(job);
    }
}

void pages_init(struct store *store)
{
    list_init(&store->refused);
    store->refuse.run = refuse;
}

void pages_done(struct store *store)
{
    list_remove(&store->refuse.link);
    for (struct list *link; (link = list_pop(&store->refused)) != NULL;) {
        page_job_free(CONTAINER_OF(link, struct page_job, job.link));
    }
}

void store_page_clear(struct store_page *page)
{
    if (page->impl != NULL) {
        page_job_free(page->impl);
        page->impl = NULL;
    }
    free(page->changes);
    page->changes = NULL;
    page->count = 0;
}
