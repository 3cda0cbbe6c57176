/* A worker of a content is a scripted worker whose script is that content. */
#include "support/scripted_maker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/path.h"
#include "document/yaml.h"

struct made {
    struct scripted_worker worker;
    struct list link;
    struct scripted_maker *maker;
    struct task up;
    struct arena arena;
    const struct value *content;
};

static struct made *of(struct scripted_worker *worker)
{
    return CONTAINER_OF(worker, struct made, worker);
}

static const char *run_content(struct scripted_worker *worker, struct reconcile_call *call,
                               const struct value *root)
{
    const struct value *run = value_field(of(worker)->content, "run");
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    const struct value *result = value_get(run, state);
    if (call->verb == VERB_FINALIZE || result == NULL) {
        result = value_get(run, TEXT(""));
    }
    return value_text_or(result, TEXT("{outcome: done}")).ptr;
}

/* --- the maker ----------------------------------------------------------------------------------- */

static const struct value *read_content(struct arena *arena, const char *file)
{
    struct buffer bytes = BUFFER_INIT(MIB);
    struct yaml_stream stream;
    struct error err = ERROR_INIT;
    FILE *stdio = fopen(file, "rb");
    for (int byte; stdio != NULL && (byte = fgetc(stdio)) != EOF;) {
        buffer_byte(&bytes, (char)byte);
    }
    if (stdio == NULL || yaml_parse(arena, buffer_view(&bytes), &stream, &err) != TEND_OK ||
        stream.count != 1) {
        fprintf(stderr, "%s: no content of a scripted worker: %s\n", file, err.message);
        abort();
    }
    fclose(stdio);
    buffer_done(&bytes);
    return stream.documents[0].value;
}

static void on_up(struct task *task)
{
    struct made *made = CONTAINER_OF(task, struct made, up);
    struct worker *worker = &made->worker.worker;
    const struct value *refuse = value_field(made->content, "refuse");
    if (made->maker->stuck != NULL) {
        worker->listener->ops->down(worker->listener, worker, made->maker->stuck);
        return;
    }
    if (refuse != NULL) {
        worker->listener->ops->refused(worker->listener, worker,
                                       value_text_or(refuse, TEXT("")).ptr);
        return;
    }
    worker->is_up = true;
    worker->listener->ops->up(worker->listener, worker, value_field(made->content, "descriptor"));
}

static enum tend_code make(struct worker_maker *base, const struct worker_order *order,
                           struct made_worker *ret_made, struct error *err)
{
    struct scripted_maker *maker = CONTAINER_OF(base, struct scripted_maker, maker);
    struct made *made = alloc_new(sizeof *made);
    (void)err;
    scripted_worker_init(&made->worker, maker->world, run_content);
    made->worker.worker.is_up = false;
    made->worker.hold = maker->holds;
    made->maker = maker;
    made->up.run = on_up;
    made->content = read_content(&made->arena, order->file);
    list_append(&maker->workers, &made->link);
    maker->made++;
    *ret_made = (struct made_worker){.worker = &made->worker.worker, .impl = made};
    return TEND_OK;
}

static void start(struct worker_maker *base, struct made_worker *given)
{
    struct made *made = given->impl;
    (void)base;
    world_soon(made->maker->world, &made->up);
}

static void close_made(struct worker_maker *base, struct made_worker *given, struct task *closed)
{
    struct scripted_maker *maker = CONTAINER_OF(base, struct scripted_maker, maker);
    struct made *made = given->impl;
    list_remove(&made->link);
    list_remove(&made->up.link);
    scripted_worker_done(&made->worker);
    arena_done(&made->arena);
    free(made);
    maker->closed++;
    *given = (struct made_worker){0};
    world_soon(maker->world, closed);
}

static const struct worker_maker_ops ops = {.make = make, .start = start, .close = close_made};

void scripted_maker_init(struct scripted_maker *maker, struct world *world)
{
    *maker = (struct scripted_maker){.maker.ops = &ops, .world = world};
    list_init(&maker->workers);
}

size_t scripted_maker_count(const struct scripted_maker *maker)
{
    return maker->made - maker->closed;
}

struct scripted_worker *scripted_maker_worker(const struct scripted_maker *maker, size_t index)
{
    LIST_FOREACH (link, &maker->workers) {
        if (index-- == 0) {
            return &CONTAINER_OF(link, struct made, link)->worker;
        }
    }
    return NULL;
}

void scripted_maker_kill(struct scripted_maker *maker, struct scripted_worker *worker)
{
    scripted_worker_die(worker, false);
    worker->worker.listener->ops->down(worker->worker.listener, &worker->worker, "the runner died");
    world_soon(maker->world, &of(worker)->up);
}

void scripted_maker_unstick(struct scripted_maker *maker, const char *stuck)
{
    maker->stuck = stuck;
    LIST_FOREACH (link, &maker->workers) {
        struct made *made = CONTAINER_OF(link, struct made, link);
        if (!made->worker.worker.is_up) {
            world_soon(maker->world, &made->up);
        }
    }
}
