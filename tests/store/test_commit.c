/* Durable before visible: what is answered when, and what happens when a commit fails. */
#include "base/limits.h"
#include "store/fixture.h"

static void acknowledged_when_durable(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT;
    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", &answer), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(answer.times, 0);
    CHECK(at(f, "a") == NULL);
    CHECK_TEXT(pending_at(f, "a"), "1");
    CHECK_INT(store_revision(f->store), 0);
    CHECK_INT(store_next_revision(f->store), 2);
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_INT(answer.times, 1);
    CHECK_INT(answer.code, TEND_OK);
    CHECK_TEXT(at(f, "a"), "1");
    CHECK_INT(store_revision(f->store), 1);
    fixture_free(f);
}

static void one_step_is_one_commit(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answers[3] = {ANSWER_INIT, ANSWER_INIT, ANSWER_INIT};
    const char *keys[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(put(f, CHANGE_CREATE, keys[i], "1", &answers[i]), TEND_OK);
    }
    virtual_world_run(&f->v);
    CHECK_INT(memory_disk_appends(f->disk), 1);
    CHECK_INT(answers[0].times + answers[1].times + answers[2].times, 3);
    fixture_free(f);
}

static void what_arrives_in_flight_is_next(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer first = ANSWER_INIT, second = ANSWER_INIT, third = ANSWER_INIT;
    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", &first), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(put(f, CHANGE_UPDATE, "a", "2", &second), TEND_OK);
    CHECK_INT(put(f, CHANGE_DELETE, "a", "3", &third), TEND_OK);
    virtual_world_run(&f->v);
    CHECK(virtual_world_work(&f->v, LANE_WRITE));
    CHECK_INT(first.times, 1);
    CHECK_INT(second.times, 0);
    CHECK_TEXT(at(f, "a"), "1");
    CHECK(pending_at(f, "a") == NULL);
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_INT(second.times + third.times, 2);
    CHECK(at(f, "a") == NULL);
    CHECK_INT(memory_disk_appends(f->disk), 2);
    fixture_free(f);
}

static void refusals_are_held(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer flying = ANSWER_INIT, gathering = ANSWER_INIT, nothing = ANSWER_INIT;
    store_settle(f->store, &nothing.waiter);
    CHECK_INT(nothing.times, 0);
    virtual_world_run(&f->v);
    CHECK_INT(nothing.times, 1);
    CHECK_INT(nothing.code, TEND_OK);

    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", NULL), TEND_OK);
    virtual_world_run(&f->v);
    store_settle(f->store, &flying.waiter);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "1", NULL), TEND_OK);
    store_settle(f->store, &gathering.waiter);
    virtual_world_run(&f->v);
    CHECK_INT(flying.times + gathering.times, 0);
    CHECK(virtual_world_work(&f->v, LANE_WRITE));
    CHECK_INT(flying.times, 1);
    CHECK_INT(gathering.times, 0);
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_INT(gathering.times, 1);
    fixture_free(f);
}

static void a_waiter_can_be_forgotten(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT;
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", &answer), TEND_OK);
    store_forget(&answer.waiter);
    virtual_world_run(&f->v);
    CHECK_INT(answer.times, 0);
    CHECK_TEXT(at(f, "a"), "1");
    store_forget(&answer.waiter);
    fixture_free(f);
}

static void failure_rolls_back(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer flying = ANSWER_INIT, gathering = ANSWER_INIT, refusal = ANSWER_INIT;
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", NULL), TEND_OK);
    virtual_world_run(&f->v);
    memory_disk_fail(f->disk, 1, TEND_UNAVAILABLE);
    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_UPDATE, "a", "2", &flying), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "1", NULL), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(put(f, CHANGE_UPDATE, "b", "2", &gathering), TEND_OK);
    CHECK_INT(put(f, CHANGE_DELETE, "a", "3", NULL), TEND_OK);
    store_settle(f->store, &refusal.waiter);
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_INT(flying.code, TEND_UNAVAILABLE);
    CHECK_INT(gathering.code, TEND_UNAVAILABLE);
    CHECK_INT(refusal.code, TEND_UNAVAILABLE);
    CHECK_INT(flying.times + gathering.times + refusal.times, 3);
    CHECK_TEXT(at(f, "a"), "1");
    CHECK_TEXT(pending_at(f, "a"), "1");
    CHECK(pending_at(f, "b") == NULL);
    CHECK_INT(store_revision(f->store), 1);
    CHECK_INT(store_next_revision(f->store), 2);
    CHECK_INT((long long)store_size(f->store).objects, 1);
    CHECK(store_recent(f->store, 1) == NULL);
    fixture_free(f);
}

static void full_takes_deletes_and_recovers(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT, gone = ANSWER_INIT;
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", NULL), TEND_OK);
    virtual_world_run(&f->v);
    memory_disk_limit(f->disk, 1);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "2", &answer), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(answer.code, TEND_UNAVAILABLE);
    CHECK_INT(store_state(f->store), STORE_FULL);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "2", NULL), TEND_UNAVAILABLE);
    CHECK_INT(put(f, CHANGE_DELETE, "a", "1", &gone), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(gone.code, TEND_OK);
    CHECK(at(f, "a") == NULL);
    virtual_world_advance(&f->v, 10 * STORE_PROBE_MS);
    CHECK_INT(store_state(f->store), STORE_FULL);
    CHECK_INT(f->filled, 1);
    CHECK_INT(f->freed, 0);
    memory_disk_limit(f->disk, 1000);
    virtual_world_advance(&f->v, STORE_PROBE_MS);
    CHECK_INT(store_state(f->store), STORE_READY);
    CHECK_INT(f->freed, 1);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "2", NULL), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_TEXT(at(f, "b"), "2");
    CHECK_INT(store_revision(f->store), 3);
    fixture_free(f);
}

static void unknown_answers_nothing(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT, next = ANSWER_INIT, settled = ANSWER_INIT;
    memory_disk_fail(f->disk, 1, TEND_IO);
    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", &answer), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "1", &next), TEND_OK);
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_INT(f->fatal, 1);
    store_settle(f->store, &settled.waiter);
    CHECK_INT(put(f, CHANGE_CREATE, "c", "1", NULL), TEND_UNAVAILABLE);
    virtual_world_advance(&f->v, 3600000);
    CHECK_INT(answer.times + next.times + settled.times, 0);
    CHECK_INT(store_revision(f->store), 0);
    CHECK_INT(f->fatal, 1);
    fixture_free(f);
}

static void too_much_is_refused(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", NULL), TEND_OK);
    for (unsigned i = 1; i < STORE_PENDING_ROWS_MAX; i++) {
        if (put(f, CHANGE_UPDATE, "a", "2", NULL) != TEND_OK) {
            CHECK(i == 0);
            break;
        }
    }
    CHECK_INT(put(f, CHANGE_UPDATE, "a", "3", NULL), TEND_LIMIT);
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_INT(put(f, CHANGE_UPDATE, "a", "3", NULL), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(store_revision(f->store), STORE_PENDING_ROWS_MAX + 1);
    fixture_free(f);
}

static void a_set_is_one(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct error err = ERROR_INIT;
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes(TEXT("7"));
    struct store_write writes[] = {
        {.op = CHANGE_CREATE, .key = TEXT("a"), .doc = doc},
        {.op = CHANGE_CREATE, .key = TEXT("b"), .doc = doc},
        {.op = CHANGE_UPDATE, .key = TEXT("a"), .doc = doc},
    };
    CHECK_INT(store_commit(f->store, writes, 3, TEXT("x"), STORE_GROWS, NULL, &err), TEND_OK);
    virtual_world_run(&f->v);
    int64_t after = 0;
    for (const struct change *c; (c = store_recent(f->store, after)) != NULL; after = c->revision) {
        CHECK_INT(c->revision, after + 1);
        CHECK_INT(c->set_last, 3);
        CHECK_INT(c->previous, c->revision == 3 ? 1 : 0);
        CHECK(text_is(c->actor, "x"));
    }
    CHECK_INT(after, 3);
    CHECK_INT(memory_disk_appends(f->disk), 1);
    fixture_free(f);
}

static void a_key_lives_again(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_DELETE, "a", "1", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "2", NULL), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_TEXT(at(f, "a"), "2");
    CHECK_INT(store_recent(f->store, 2)->previous, 0);
    CHECK(store_recent(f->store, 2)->before == NULL);
    CHECK(store_recent(f->store, 1)->before != NULL);
    CHECK_INT((long long)store_size(f->store).objects, 1);
    fixture_reopen(f, (struct store_options){0});
    CHECK_TEXT(at(f, "a"), "2");
    CHECK_INT(store_revision(f->store), 3);
    fixture_free(f);
}

/* A deletion that was trimmed, a create on top of it that fails: nothing of the key may stay. */
static void a_failed_rebirth_leaves_nothing(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_DELETE, "a", "1", NULL), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "2", NULL), TEND_OK);
    virtual_world_run(&f->v);
    memory_disk_fail(f->disk, 2, TEND_UNAVAILABLE);
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_INT(store_revision(f->store), 2);
    CHECK(pending_at(f, "a") == NULL);
    CHECK_INT((long long)store_count(f->store, TEXT("")), 0);
    memory_disk_mend(f->disk);
    virtual_world_advance(&f->v, STORE_PROBE_MS);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "3", NULL), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_TEXT(at(f, "a"), "3");
    fixture_free(f);
}

struct finisher {
    struct task task;
    struct answer *answer;
    unsigned times, answered_before;
};

static void finished(struct task *task)
{
    struct finisher *finisher = CONTAINER_OF(task, struct finisher, task);
    finisher->times++;
    finisher->answered_before = finisher->answer->times;
}

static void finishing_waits(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT;
    struct finisher finisher = {.task.run = finished, .answer = &answer};
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", &answer), TEND_OK);
    store_finish(f->store, &finisher.task);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "1", NULL), TEND_UNAVAILABLE);
    CHECK_INT(finisher.times, 0);
    virtual_world_run(&f->v);
    CHECK_INT(finisher.times, 1);
    CHECK_INT(finisher.answered_before, 1);
    CHECK_INT(answer.code, TEND_OK);
    fixture_reopen(f, (struct store_options){0});
    CHECK_TEXT(at(f, "a"), "1");
    fixture_free(f);
}

static void closing_lets_go_of_everybody(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT;
    struct store_listener listener = {0};
    struct store_reader reader = {0};
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", &answer), TEND_OK);
    store_listen(f->store, &listener);
    store_reader_open(f->store, &reader);
    fixture_reopen(f, (struct store_options){0});
    CHECK(!list_linked(&answer.waiter.link));
    CHECK(!list_linked(&listener.link));
    CHECK(!list_linked(&reader.link));
    virtual_world_run(&f->v);
    CHECK_INT(answer.times, 0);
    CHECK(at(f, "a") == NULL);
    fixture_free(f);
}

static void closing_drops_what_came_too_late(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT, late = ANSWER_INIT;
    struct finisher finisher = {.task.run = finished, .answer = &answer};
    store_finish(f->store, &finisher.task);
    virtual_world_run(&f->v);
    CHECK_INT(finisher.times, 1);
    struct store_page page = {.max = 1};
    store_settle(f->store, &late.waiter);
    store_page_read(f->store, &page);
    fixture_reopen(f, (struct store_options){0});
    virtual_world_run(&f->v);
    CHECK_INT(late.times, 0);
    CHECK(!list_linked(&late.waiter.link));
    fixture_free(f);
}

SUITE({"a write is visible and acknowledged when it is durable, not before",
       acknowledged_when_durable},
      {"writes of one step share a commit", one_step_is_one_commit},
      {"writes that arrive while a commit is under way make the next one",
       what_arrives_in_flight_is_next},
      {"an answer that rests on pending state is held until that is durable", refusals_are_held},
      {"a waiter can be taken back", a_waiter_can_be_forgotten},
      {"a failed commit fails what was validated on it, and revisions go back", failure_rolls_back},
      {"a full disk refuses what grows, takes deletes, and is found usable again",
       full_takes_deletes_and_recovers},
      {"after a commit of unknown outcome nothing is answered any more", unknown_answers_nothing},
      {"too many writes under way are refused", too_much_is_refused},
      {"the rows of a set are contiguous and name its last revision", a_set_is_one},
      {"a key that was deleted can be created again", a_key_lives_again},
      {"a create over a deletion that fails leaves nothing behind",
       a_failed_rebirth_leaves_nothing},
      {"finishing lets what is under way end and takes nothing new", finishing_waits},
      {"closing lets go of waiters, listeners and readers", closing_lets_go_of_everybody},
      {"closing drops what was asked for too late", closing_drops_what_came_too_late})
