/* A folder of files that come, change and go. */
#include "scenario/files.h"

static void settles_when_every_file_is_as_far_as_it_gets(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", OF_KIND("a", "A"));
    put(&host->scripts, "b.lua", UNWILLING);
    put(&host->scripts, "c.lua", "");
    put(&host->scripts, "a_test.lua", "not looked at");
    put(&host->scripts, ".hidden.lua", "not looked at");
    put(&host->scripts, "a.lua~", "not looked at");
    put(&host->scripts, "a.so", "not looked at");
    put(&host->more, "d.lua", OF_KIND("d", "D"));
    up(host);
    CHECK_INT(host->settled, 0); /* c.lua may yet be complete */
    CHECK_TEXT(said(host, "d", "phase"), "live");
    notice(host);
    CHECK_INT(host->settled, 1);
    CHECK_INT(host->summary.live, 2);
    CHECK_INT(host->summary.refused, 1);
    CHECK_INT(host->summary.waiting, 1);
    CHECK_TEXT(said(host, "b", "phase"), "refused");
    CHECK_TEXT(said(host, "c", "phase"), "waiting");
    host_free(host);
}

static void notices_what_comes_changes_and_goes(void)
{
    struct host *host = host_new();
    up(host);
    CHECK_INT(host->settled, 1);
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    notice(host);
    CHECK_TEXT(said(host, "maps", "version"), "1");
    put(&host->scripts, "a.lua", MAPS("maps", "2"));
    notice(host);
    CHECK_TEXT(said(host, "maps", "version"), "2");
    put(&host->scripts, "a.lua", UNWILLING);
    notice(host);
    CHECK_TEXT(said(host, "maps", "reason"), "CandidateRefused");
    take(&host->scripts, "a.lua");
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "lost");
    CHECK_TEXT(said(host, "maps", "reason"), "FileRemoved");
    put(&host->scripts, "a.lua", MAPS("maps", "3"));
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "live");
    CHECK_TEXT(said(host, "maps", "version"), "3");
    CHECK_INT(scripted_maker_count(&host->maker), 1);
    host_free(host);
}

/* It would be in documents that nobody can read again. */
static void a_name_that_is_no_text_is_passed_over(void)
{
    struct host *host = host_new();
    put(&host->scripts, "\xff.lua", MAPS("maps", "1"));
    up(host);
    put(&host->scripts, "a\xc3.lua", MAPS("maps", "1"));
    put(&host->scripts, "\xc3\xa4.lua", OF_KIND("other", "B"));
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "(none)");
    CHECK_TEXT(said(host, "other", "phase"), "live");
    down(host);
    up(host);
    notice(host);
    CHECK_TEXT(said(host, "other", "phase"), "live");
    host_free(host);
}

/* Why it is lost is the file then, and not what its last process died of. */
static void a_lost_one_whose_file_goes_says_so(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    up(host);
    host->maker.stuck = "no process for it";
    scripted_maker_kill(&host->maker, scripted_maker_worker(&host->maker, 0));
    pass(host, 2 * REPORT_PAUSE_MS);
    CHECK_TEXT(said(host, "maps", "reason"), "WorkerLost");
    take(&host->scripts, "a.lua");
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "lost");
    CHECK_TEXT(said(host, "maps", "reason"), "FileRemoved");
    CHECK(strstr(said(host, "maps", "message"), "/a.lua was removed; its objects stay") != NULL);
    host_free(host);
}

static void one_that_was_lost_when_the_host_ended_is_told_too(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    up(host);
    host->maker.stuck = "no process for it";
    scripted_maker_kill(&host->maker, scripted_maker_worker(&host->maker, 0));
    pass(host, 2 * REPORT_PAUSE_MS);
    CHECK_TEXT(said(host, "maps", "reason"), "WorkerLost");
    down(host);
    take(&host->scripts, "a.lua");
    up(host);
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "lost");
    CHECK_TEXT(said(host, "maps", "reason"), "NoPlugin");
    host_free(host);
}

static void comes_up_as_it_went_down(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    put(&host->scripts, "b.lua", UNWILLING);
    put(&host->scripts, "c.lua", OF_KIND("maps", "C")); /* in the way of a.lua */
    put(&host->scripts, "d.lua", "");
    put(&host->more, "a.lua", MAPS("maps", "1")); /* twice */
    put(&host->more, "b.lua", OF_KIND("gone", "B"));
    up(host);
    notice(host);
    take(&host->more, "b.lua");
    notice(host);
    pass(host, 60000);
    int64_t before = store_revision(host->rooms.store);
    for (int i = 0; i < 2; i++) {
        down(host);
        up(host);
        notice(host);
        pass(host, 60000);
        CHECK_INT(store_revision(host->rooms.store), before);
        CHECK_INT(host->summary.live, 1);
        CHECK_INT(host->summary.refused, 3);
    }
    host_free(host);
}

static void the_first_in_order_has_it_every_time(void)
{
    struct host *host = host_new();
    put(&host->scripts, "lab-1.0.lua", MAPS("maps", "1.0"));
    put(&host->scripts, "lab-1.1.lua", MAPS("maps", "1.1"));
    for (int i = 0; i < 3; i++) {
        up(host);
        notice(host);
        CHECK_TEXT(said(host, "maps", "version"), "1.0");
        if (i < 2) {
            down(host);
        }
    }
    CHECK_TEXT(said(host, "lab-1", "phase"), "refused");
    CHECK_TEXT(said(host, "lab-1", "reason"), "Conflict");
    CHECK(strstr(said(host, "lab-1", "message"), "controller maps is in ") != NULL);
    CHECK(has_event(host, "lab-1", "Refused") && has_event(host, "maps", "Conflict"));
    take(&host->scripts, "lab-1.0.lua"); /* and the next one has it when the first one goes */
    notice(host);
    CHECK_TEXT(said(host, "maps", "version"), "1.1");
    CHECK_TEXT(said(host, "maps", "phase"), "live");
    CHECK_TEXT(said(host, "lab-1", "phase"), "lost");
    host_free(host);
}

static void a_kind_has_one_owner_and_both_say_so(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("first", "1"));
    up(host);
    put(&host->scripts, "b.lua", MAPS("second", "1"));
    notice(host);
    CHECK_TEXT(said(host, "b", "phase"), "refused");
    CHECK(strstr(said(host, "b", "message"), "v1/ConfigMap is owned by controller first of ") !=
          NULL);
    CHECK(has_event(host, "first", "Conflict"));
    put(&host->scripts, "a.lua", OF_KIND("first", "A")); /* it wants another kind now */
    notice(host);
    CHECK_TEXT(said(host, "second", "phase"), "live");
    CHECK_TEXT(said(host, "first", "phase"), "live");
    CHECK_TEXT(said(host, "b", "phase"), "lost");
    host_free(host);
}

static void a_file_may_be_renamed(void)
{
    struct host *host = host_new();
    char to[400];
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    up(host);
    snprintf(to, sizeof to, "%s", path_in(&host->scripts, "b.lua"));
    CHECK(rename(path_in(&host->scripts, "a.lua"), to) == 0);
    notice(host);
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "live");
    CHECK_TEXT(said(host, "maps", "file"), to);
    CHECK_INT(scripted_maker_count(&host->maker), 1);
    host_free(host);
}

static void the_same_content_twice_is_refused(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    put(&host->scripts, "b.lua", MAPS("maps", "1"));
    up(host);
    notice(host);
    CHECK_INT(host->summary.live, 1);
    CHECK(strstr(said(host, "b", "message"), "the same content as ") != NULL);
    CHECK(strstr(said(host, "b", "message"), "/a.lua, which is loaded already") != NULL);
    put(&host->scripts, "b.lua", OF_KIND("other", "B"));
    notice(host);
    CHECK_TEXT(said(host, "other", "phase"), "live");
    host_free(host);
}

/* Two files of one name in two folders: what is said of one does not hide the other. */
static void a_name_may_be_taken(void)
{
    struct host *host = host_new();
    put(&host->scripts, "maps.lua", MAPS("maps", "1"));
    up(host);
    put(&host->more, "maps.lua", UNWILLING);
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "live");
    CHECK(strstr(buffer_view(&host->lines).ptr, "refused: there is no licence") != NULL);
    CHECK_INT(store_count(host->rooms.store, TEXT(BUILTIN_CONTROLLERS "/")), 2);
    host_free(host);
}

static void what_was_refused_and_is_mended_is_not_refused_any_more(void)
{
    struct host *host = host_new();
    put(&host->scripts, "mended.lua", UNWILLING);
    put(&host->scripts, "gone.lua", UNWILLING);
    up(host);
    notice(host);
    CHECK_TEXT(said(host, "mended", "phase"), "refused");
    down(host);
    put(&host->scripts, "mended.lua", OF_KIND("other", "A"));
    take(&host->scripts, "gone.lua");
    up(host);
    notice(host);
    CHECK_TEXT(said(host, "mended", "phase"), "lost");
    CHECK_TEXT(said(host, "gone", "phase"), "lost");
    CHECK_TEXT(said(host, "other", "phase"), "live");
    put(&host->scripts, "late.lua", UNWILLING);
    notice(host);
    CHECK_TEXT(said(host, "late", "phase"), "refused");
    take(&host->scripts, "late.lua");
    notice(host);
    CHECK_TEXT(said(host, "late", "phase"), "lost");
    CHECK_TEXT(said(host, "late", "reason"), "FileRemoved");
    host_free(host);
}

static void who_has_no_file_is_told_so(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    up(host);
    notice(host);
    down(host);
    take(&host->scripts, "a.lua");
    up(host);
    notice(host);
    CHECK_TEXT(said(host, "maps", "phase"), "lost");
    CHECK_TEXT(said(host, "maps", "reason"), "NoPlugin");
    CHECK_INT(host->summary.live, 0); /* though its copy is there */
    host_free(host);
}

static void keeps_no_copy_that_nobody_names(void)
{
    struct host *host = host_new();
    char content[200];
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    up(host);
    for (int i = 2; i < 20; i++) {
        snprintf(content, sizeof content,
                 "{descriptor: {name: x, version: '%d', controllers: [{name: maps, kind: "
                 "v1/ConfigMap}]}}\n",
                 i);
        put(&host->scripts, "a.lua", content);
        notice(host);
    }
    CHECK_TEXT(said(host, "maps", "version"), "19");
    pass(host, GOOD_AFTER_MS + FOLDER_RESCAN_MS);
    put(&host->scripts, "a.lua", MAPS("maps", "20"));
    notice(host);
    CHECK_INT(count_copies(host), 2); /* what serves, and what it would be rolled back to */
    pass(host, GOOD_AFTER_MS);
    down(host);
    up(host);
    notice(host);
    CHECK_INT(count_copies(host), 1);
    take(&host->scripts, "a.lua");
    notice(host);
    CHECK_INT(count_copies(host), 1); /* its Controller names it still */
    host_free(host);
}

/* Files that are listed and gone before they are looked at, while others still start. */
static void files_may_vanish_while_it_comes_up(void)
{
    struct host *host = host_new();
    put(&host->scripts, "a.lua", MAPS("maps", "1"));
    put(&host->scripts, "b.lua", OF_KIND("b", "B"));
    put(&host->scripts, "c.lua", "");
    put(&host->scripts, "d.lua", OF_KIND("d", "D"));
    virtual_world_hold(&host->v, LANE_READ);
    up(host);
    CHECK(virtual_world_work(&host->v, LANE_READ) && virtual_world_work(&host->v, LANE_READ));
    take(&host->scripts, "a.lua");
    take(&host->scripts, "b.lua");
    virtual_world_release(&host->v, LANE_READ);
    pass(host, REMOVAL_SETTLE_MS);
    put(&host->scripts, "b2.lua", OF_KIND("b", "B"));
    notice(host);
    CHECK_INT(host->settled, 1);
    CHECK_INT(host->summary.live, 1);
    CHECK_INT(host->summary.waiting, 1);
    CHECK_TEXT(said(host, "b", "phase"), "live");
    CHECK_TEXT(said(host, "d", "phase"), "live");
    CHECK_TEXT(said(host, "maps", "phase"), "(none)");
    host_free(host);
}

/* The first is told of while the last is still judged: what is on its way to the store by then, or half there. */
static void what_is_being_told_is_not_left_behind(void)
{
    for (unsigned writes = 0; writes < 4; writes++) {
        struct host *host = host_new();
        put(&host->scripts, "a.lua", UNWILLING);
        put(&host->scripts, "b.lua", "no map");
        virtual_world_hold(&host->v, LANE_READ);
        virtual_world_hold(&host->v, LANE_WRITE);
        up(host);
        while (virtual_world_work(&host->v, LANE_READ)) {
            for (unsigned i = 0; i < writes; i++) {
                (void)virtual_world_work(&host->v, LANE_WRITE);
            }
        }
        virtual_world_release(&host->v, LANE_READ);
        virtual_world_release(&host->v, LANE_WRITE);
        notice(host);
        CHECK_INT(host->summary.refused, 2);
        CHECK_TEXT(said(host, "a", "phase"), "refused");
        CHECK_TEXT(said(host, "a", "message"), "there is no licence");
        CHECK_TEXT(said(host, "b", "phase"), "refused");
        host_free(host);
    }
}

static void ends_at_any_time(void)
{
    for (unsigned steps = 0; steps < 150; steps += 3) {
        struct host *host = host_new();
        put(&host->scripts, "a.lua", MAPS("maps", "1"));
        put(&host->scripts, "b.lua", OF_KIND("b", "B"));
        put(&host->more, "c.lua", UNWILLING);
        up(host);
        put(&host->scripts, "a.lua", MAPS("maps", "2"));
        take(&host->scripts, "b.lua");
        host->v.now_ms += FOLDER_RESCAN_MS;
        for (unsigned i = 0; i < steps; i++) {
            (void)virtual_world_step(&host->v);
        }
        host_free(host);
    }
}

SUITE({"settles when every file is as far as it gets",
       settles_when_every_file_is_as_far_as_it_gets},
      {"notices what comes, changes and goes", notices_what_comes_changes_and_goes},
      {"a name that is no text is passed over", a_name_that_is_no_text_is_passed_over},
      {"a lost one whose file goes says so", a_lost_one_whose_file_goes_says_so},
      {"one that was lost when the host ended is told too",
       one_that_was_lost_when_the_host_ended_is_told_too},
      {"comes up as it went down, and writes nothing", comes_up_as_it_went_down},
      {"of two, the first in order has it every time", the_first_in_order_has_it_every_time},
      {"a kind has one owner, and both say so", a_kind_has_one_owner_and_both_say_so},
      {"a file may be renamed", a_file_may_be_renamed},
      {"the same content twice is refused", the_same_content_twice_is_refused},
      {"a name may be taken", a_name_may_be_taken},
      {"what was refused and is mended is not refused any more",
       what_was_refused_and_is_mended_is_not_refused_any_more},
      {"who has no file is told so", who_has_no_file_is_told_so},
      {"keeps no copy that nobody names", keeps_no_copy_that_nobody_names},
      {"files may vanish while it comes up", files_may_vanish_while_it_comes_up},
      {"what is being told is not left behind", what_is_being_told_is_not_left_behind},
      {"ends at any time", ends_at_any_time})
