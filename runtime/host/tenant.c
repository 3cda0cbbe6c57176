/* The record is the core's, but for what a thread is given when it starts; where a runner lets go of a thread
 * that does not end, the record stays until it does. A kill ends the socket: what returns ever sees that.
 */
#include "host/tenant.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/serving.h"
#include "host/process_state.h"
#include "runner/birth.h"
#include "runner/loader.h"

struct tenant {
    struct runner_means means;
    struct tenants *tenants;
    char *name;
    bool runs, released;
    struct alarm proven;

    /* of this start; fixed while it runs */
    struct thread thread;
    struct page page;
    int socket, lines; /* its ends */
    char *copy;        /* the content */
    char *file;        /* what is loaded: `copy`, or another copy that is made first */
    struct serving_watch watch;
    struct process_state before;
    struct crash_desk *desk; /* the thread's; NULL: none */
};

static struct tenant *of(struct runner_means *means)
{
    return CONTAINER_OF(means, struct tenant, means);
}

/* --- its thread -------------------------------------------------------------------------------- */

/* What it declares holds in a process; here it has this thread. */
static void tell_alone(const struct tenant *tenant, const struct value *descriptor)
{
    const struct value *controllers = value_field(descriptor, "controllers");
    for (size_t i = 0; i < value_count(controllers); i++) {
        const struct value *controller = value_at(controllers, i);
        long long parallel = (long long)value_int_or(value_field(controller, "parallel"), 1);
        if (parallel > 1) {
            dprintf(
                tenant->lines,
                "<6>controller %.*s declares parallel %lld; inline it runs one call at a time\n",
                TEXT_ARG(value_get_text(controller, TEXT("name"))), parallel);
        }
    }
}

/* The runner reads the remark after the frame that comes next. */
static void on_loaded(struct serving_watch *watch, const struct value *descriptor)
{
    struct tenant *tenant = CONTAINER_OF(watch, struct tenant, watch);
    CLEANUP(buffer_done) struct buffer changes = BUFFER_INIT(64 * KIB);
    CLEANUP(freep) struct process_state *after = alloc_new(sizeof *after);
    tell_alone(tenant, descriptor);
    process_state_read(after);
    process_state_compare(&tenant->before, after, &changes);
    if (changes.len > 0) {
        struct worker_remark *remark = &tenant->means.remark;
        remark->reason = "Misbehaving";
        snprintf(
            remark->message, sizeof remark->message,
            "its start changed what all of the host shares: %s; run it in a process, or mend it",
            buffer_view(&changes).ptr);
    }
}

static void on_takes(struct serving_watch *watch, uint64_t call, struct text object)
{
    struct crash_desk *desk = CONTAINER_OF(watch, struct tenant, watch)->desk;
    if (desk != NULL) {
        crash_desk_takes(desk, call, object);
    }
}

static void tell_threads(const struct tenant *tenant)
{
    size_t left = tenant->desk == NULL ? 0 : crash_desk_threads(tenant->desk);
    if (left > 0) {
        dprintf(
            tenant->lines,
            "<4>%zu threads of it still run after its stop, in code that stays mapped; the host "
            "has to be restarted to get rid of them\n",
            left);
    }
}

static void sit_down(struct tenant *tenant)
{
    char hash[SHA256_HEX];
    struct error err = ERROR_INIT;
    tenants_hash(tenant->copy, hash);
    tenant->desk = NULL;
    if (crash_desk_open(&tenant->tenants->notes, hash, &tenant->page, &tenant->desk, &err) !=
        TEND_OK) {
        dprintf(tenant->lines, "<4>a crash of it will not be noted: %s\n", err.message);
    }
}

/* What cannot be copied cannot be opened either, and is refused for that. */
static void prepare_file(const struct tenant *tenant)
{
    struct error err = ERROR_INIT;
    if (strcmp(tenant->file, tenant->copy) != 0 &&
        loader_make_another(tenant->copy, tenant->file, &err) != TEND_OK) {
        dprintf(tenant->lines, "<3>%s\n", err.message);
    }
}

static void work(struct thread *thread)
{
    struct tenant *tenant = CONTAINER_OF(thread, struct tenant, thread);
    struct serving_ends ends = {.socket = tenant->socket,
                                .lines = tenant->lines,
                                .page = &tenant->page,
                                .confinement = CONFINEMENT_OFF,
                                .watch = &tenant->watch};
    (void)setpriority(PRIO_PROCESS, 0, RUNNER_NICE); /* on Linux: of this thread */
    prepare_file(tenant);
    sit_down(tenant);
    process_state_read(&tenant->before);
    (void)serving_run(&ends);
    tell_threads(tenant);
    tenant->desk = crash_desk_close(tenant->desk);
}

/* --- its life ---------------------------------------------------------------------------------- */

static void free_tenant(struct tenant *tenant)
{
    free(tenant->copy);
    free(tenant->file);
    free(tenant->name);
    free(tenant);
}

static void on_proven(struct alarm *alarm)
{
    const struct tenant *tenant = CONTAINER_OF(alarm, struct tenant, proven);
    char hash[SHA256_HEX];
    tenants_hash(tenant->copy, hash);
    crash_notes_went_well(&tenant->tenants->notes, hash);
}

static void take_up(struct tenant *tenant)
{
    char hash[SHA256_HEX];
    struct world *world = tenant->tenants->world;
    tenants_hash(tenant->copy, hash);
    crash_notes_use(&tenant->tenants->notes, hash);
    crash_desks_arm(&tenant->tenants->notes); /* before it looks at the handlers */
    world_alarm_set(world, &tenant->proven, world_ticks_ms(world) + INLINE_PROVEN_MS);
}

/* Where threads of it run on, it stays in use. */
static void put_down(struct tenant *tenant)
{
    char hash[SHA256_HEX];
    tenants_hash(tenant->copy, hash);
    world_alarm_clear(tenant->tenants->world, &tenant->proven);
    crash_desks_disarm(&tenant->tenants->notes);
    if (tenant->desk == NULL) {
        crash_notes_unuse(&tenant->tenants->notes, hash);
    }
}

static void on_ended(struct thread *thread)
{
    struct tenant *tenant = CONTAINER_OF(thread, struct tenant, thread);
    tenant->runs = false;
    put_down(tenant);
    close(tenant->socket);
    close(tenant->lines);
    tenants_note_pinned(tenant->tenants, tenant->name, tenant->file);
    if (tenant->desk != NULL) {
        tenants_keep(tenant->tenants, tenant->desk);
    }
    if (tenant->released) {
        free_tenant(tenant);
    } else {
        tenant->means.ended(&tenant->means, "its thread ended");
    }
}

static void set_files(struct tenant *tenant, const char *copy)
{
    unsigned load = tenants_count_load(tenant->tenants, copy);
    free(tenant->copy);
    free(tenant->file);
    tenant->copy = alloc_dup(copy);
    tenant->file = load == 1 ? alloc_dup(copy) : loader_another_name(copy, load);
}

static enum tend_code start(struct runner_means *means, const char *file,
                            struct means_ends *ret_ends, struct error *err)
{
    struct tenant *tenant = of(means);
    struct birth_ends ends;
    TRY(birth_open_ends(&ends, err));
    set_files(tenant, file);
    memset(&tenant->page, 0, sizeof tenant->page);
    means->remark = (struct worker_remark){0};
    tenant->socket = ends.socket[1];
    tenant->lines = ends.output[1];
    tenant->desk = NULL;
    take_up(tenant);
    enum tend_code code = world_start_thread(tenant->tenants->world, &tenant->thread, err);
    if (code != TEND_OK) {
        put_down(tenant);
        birth_close_ends(&ends, 0);
        birth_close_ends(&ends, 1);
        return code;
    }
    tenant->runs = true;
    *ret_ends = (struct means_ends){ends.socket[0], ends.output[0], tenant->file};
    return TEND_OK;
}

static void end_socket(struct runner_means *means)
{
    if (of(means)->runs) {
        (void)shutdown(of(means)->socket, SHUT_RDWR);
    }
}

/* The next host gives it a process, where a run that does not end costs one object. */
static void given_up(struct runner_means *means, const char *why)
{
    struct tenant *tenant = of(means);
    char hash[SHA256_HEX], what[ERROR_TEXT_MAX];
    tenants_hash(tenant->copy, hash);
    snprintf(what, sizeof what, "it was stuck: %.*s", (int)strcspn(why, ";"), why);
    crash_notes_add(&tenant->tenants->notes, hash, what);
}

static void release(struct runner_means *means)
{
    struct tenant *tenant = of(means);
    tenant->released = true;
    world_alarm_clear(tenant->tenants->world, &tenant->proven);
    if (!tenant->runs) {
        free_tenant(tenant);
        return;
    }
    log_error(
        tenant->tenants->world->log, LOG_FIELDS({"plugin", tenant->name}),
        "its thread does not end and is given up; the host has to be restarted to get rid of it");
}

static const struct runner_means_ops ops = {
    .start = start, .kill = end_socket, .given_up = given_up, .release = release};

struct runner_means *tenant_new(struct tenants *tenants, const char *name)
{
    struct tenant *tenant = alloc_new(sizeof *tenant);
    tenant->means =
        (struct runner_means){.ops = &ops, .nature = ENDS_BY_ITSELF, .page = &tenant->page};
    tenant->tenants = tenants;
    tenant->name = alloc_dup(name);
    tenant->thread = (struct thread){.work = work, .ended = on_ended};
    tenant->proven.fire = on_proven;
    tenant->watch = (struct serving_watch){.loaded = on_loaded, .takes = on_takes};
    return &tenant->means;
}
