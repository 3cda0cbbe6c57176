/* What is known of plugins that are inline, without one: tests/hostile/test_runner.c has their threads,
 * tests/system/inline what they do to a host. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "host/json_peek.h"
#include "host/process_state.h"
#include "host/tenants.h"
#include "host/world_uv.h"
#include "runner/means.h"
#include "support/folder.h"
#include "support/suite.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void finds_a_field_on_the_way(void)
{
    static const struct {
        const char *json, *key, *value;
    } cases[] = {
        {"{\"kind\":\"Lab\",\"metadata\":{\"name\":\"a\"}}", "kind", "Lab"},
        {"{\"kind\":\"Lab\",\"metadata\":{\"name\":\"a\"}}", "metadata", "{\"name\":\"a\"}"},
        {"{\"data\":{\"kind\":\"}\\\"\"},\"kind\":\"x\"}", "kind", "x"},
        {"{\"a\":[1,{\"kind\":2}],\"kind\":3}", "kind", "3"},
        {"{\"kind\":\"\"}", "kind", ""},
        {"{\"a\":1}", "kind", ""},
        {"{}", "kind", ""},
        {"", "kind", ""},
        {"[\"kind\"]", "kind", ""},
        {"{\"kind", "kind", ""},
        {"{\"kind\"", "kind", ""},
        {"{\"kind\":", "kind", ""},
        {"{\"kind\":\"x", "kind", ""},
        {"{\"a\":\"\\", "kind", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len = strlen(cases[i].json);
        char *exact = malloc(len + 1); /* the sanitizer sees what is read behind it */
        memcpy(exact, cases[i].json, len);
        exact = realloc(exact, len == 0 ? 1 : len);
        struct text found = json_peek((struct text){exact, len}, text_of(cases[i].key));
        char text[64];
        snprintf(text, sizeof text, "%.*s", TEXT_ARG(found));
        CHECK_TEXT(text, cases[i].value);
        free(exact);
    }
}

static void write_file(const char *folder, const char *name, const char *content)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
}

static void reads_what_ended_a_host(void)
{
    CLEANUP(folder_done) struct folder folder;
    CLEANUP(crash_notes_done) struct crash_notes notes;
    folder_init(&folder, FOLDER_MEMORY);
    write_file(folder.path, HASH_A, "signal 11\nLab default/a\n");
    write_file(folder.path, HASH_B, "signal 06\n");
    write_file(folder.path, HASH_C, ""); /* it was inline when its host was killed */
    write_file(folder.path, "README", "signal 11\n");
    crash_notes_open(&notes, folder.path);
    CHECK_TEXT(
        crash_notes_find(&notes, HASH_A),
        "it ended the host with signal 11 (Segmentation fault), in a run over Lab default/a");
    CHECK_TEXT(crash_notes_find(&notes, HASH_B),
               "it ended the host with signal 6 (Aborted), outside of a run");
    CHECK(crash_notes_find(&notes, HASH_C) == NULL);
    CHECK_INT(notes.known.count, 3);
}

/* What a host leaves behind that has the content inline, and ends without a word. */
static const char *end_silently(const char *folder, struct crash_notes *notes)
{
    crash_notes_open(notes, folder);
    crash_notes_use(notes, HASH_A);
    crash_notes_done(notes);
    crash_notes_open(notes, folder);
    return crash_notes_find(notes, HASH_A);
}

static void counts_hosts_that_end_without_a_word(void)
{
    CLEANUP(folder_done) struct folder folder;
    struct crash_notes notes;
    folder_init(&folder, FOLDER_MEMORY);
    CHECK(end_silently(folder.path, &notes) == NULL);
    crash_notes_done(&notes);
    CHECK_TEXT(end_silently(folder.path, &notes),
               "the host ended twice without a word while it was inline");
    crash_notes_use(&notes, HASH_A); /* changes nothing */
    crash_notes_end(&notes);
    crash_notes_done(&notes);
    crash_notes_open(&notes, folder.path);
    CHECK(crash_notes_find(&notes, HASH_A) != NULL);
    crash_notes_forget(&notes, HASH_A);
    crash_notes_done(&notes);
    CHECK(end_silently(folder.path, &notes) == NULL);
    crash_notes_done(&notes);
}

static void begins_to_count_anew_where_it_went_well(void)
{
    static void (*const good[])(struct crash_notes *, const char *) = {crash_notes_unuse,
                                                                       crash_notes_went_well};
    for (size_t i = 0; i <= COUNT_OF(good); i++) {
        CLEANUP(folder_done) struct folder folder;
        struct crash_notes notes;
        folder_init(&folder, FOLDER_MEMORY);
        CHECK(end_silently(folder.path, &notes) == NULL);
        crash_notes_use(&notes, HASH_A);
        if (i < COUNT_OF(good)) {
            good[i](&notes, HASH_A);
        } else {
            crash_notes_end(&notes);
        }
        crash_notes_done(&notes);
        CHECK(end_silently(folder.path, &notes) == NULL);
        crash_notes_done(&notes);
    }
}

static bool is_there(const char *folder, const char *name)
{
    char path[400];
    struct stat found;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return lstat(path, &found) == 0;
}

static void counts_no_end_that_another_note_explains(void)
{
    CLEANUP(folder_done) struct folder folder;
    struct crash_notes notes;
    folder_init(&folder, FOLDER_MEMORY);
    write_file(folder.path, HASH_A, "inline 2\n");
    write_file(folder.path, HASH_B, "inline 1\nsignal 11 of 02\n");
    write_file(folder.path, HASH_C, "inline 1\nsignal 06 of 01\n");
    for (int host = 0; host < 2; host++) {
        crash_notes_open(&notes, folder.path);
        CHECK(crash_notes_find(&notes, HASH_A) == NULL);
        CHECK_TEXT(crash_notes_find(&notes, HASH_B),
                   "one of 2 inline plugins ended the host with signal 11 (Segmentation fault)");
        CHECK_TEXT(crash_notes_find(&notes, HASH_C),
                   "it ended the host with signal 6 (Aborted), in a thread that has another name");
        crash_notes_done(&notes);
    }
    crash_notes_open(&notes, folder.path);
    crash_notes_use(&notes, HASH_A); /* and this host is explained by nobody */
    crash_notes_done(&notes);
    crash_notes_open(&notes, folder.path);
    CHECK(crash_notes_find(&notes, HASH_A) != NULL);
    crash_notes_done(&notes);
}

static void keeps_a_note_for_the_last_of_a_content(void)
{
    CLEANUP(folder_done) struct folder folder;
    struct crash_notes notes;
    folder_init(&folder, FOLDER_MEMORY);
    crash_notes_open(&notes, folder.path);
    crash_notes_use(&notes, HASH_A);
    crash_notes_use(&notes, HASH_A);
    crash_notes_unuse(&notes, HASH_A);
    CHECK(is_there(folder.path, HASH_A));
    crash_notes_unuse(&notes, HASH_A);
    CHECK(!is_there(folder.path, HASH_A));
    crash_notes_use(&notes, HASH_A);
    crash_notes_add(&notes, HASH_A, "it was stuck");
    crash_notes_unuse(&notes, HASH_A);
    CHECK(is_there(folder.path, HASH_A));
    crash_notes_done(&notes);
}

static void make_damaged(const char *folder, const char *how)
{
    char path[400], large[9000];
    snprintf(path, sizeof path, "%s/" HASH_A, folder);
    if (strcmp(how, "pipe") == 0) {
        CHECK(mkfifo(path, 0600) == 0);
    } else if (strcmp(how, "folder") == 0) {
        CHECK(mkdir(path, 0700) == 0);
    } else if (strcmp(how, "link") == 0) {
        CHECK(symlink("/dev/null", path) == 0);
    } else if (strcmp(how, "large") == 0) {
        snprintf(large, sizeof large, "%08999d", 1);
        write_file(folder, HASH_A, large);
    } else {
        write_file(folder, HASH_A, "it was \xff\n");
    }
}

static void suspects_what_has_a_damaged_note(void)
{
    static const char *const ways[] = {"pipe", "folder", "link", "large", "no text"};
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        CLEANUP(folder_done) struct folder folder;
        struct crash_notes notes;
        folder_init(&folder, FOLDER_MEMORY);
        make_damaged(folder.path, ways[i]);
        for (int host = 0; host < 2; host++) {
            crash_notes_open(&notes, folder.path);
            CHECK_TEXT(crash_notes_find(&notes, HASH_A),
                       "its note of how a host ended was damaged (it is kept as HASH.damaged)");
            CHECK(is_there(folder.path, HASH_A ".damaged"));
            crash_notes_done(&notes);
        }
    }
}

static void keeps_what_is_added_until_it_is_forgotten(void)
{
    CLEANUP(folder_done) struct folder folder;
    struct crash_notes notes;
    folder_init(&folder, FOLDER_MEMORY);
    crash_notes_open(&notes, folder.path);
    crash_notes_add(&notes, HASH_A, "in reconcile of Lab a for 35 s");
    CHECK_TEXT(crash_notes_find(&notes, HASH_A), "in reconcile of Lab a for 35 s");
    crash_notes_done(&notes);
    crash_notes_open(&notes, folder.path);
    CHECK_TEXT(crash_notes_find(&notes, HASH_A), "in reconcile of Lab a for 35 s");
    crash_notes_forget(&notes, HASH_A);
    CHECK(crash_notes_find(&notes, HASH_A) == NULL);
    crash_notes_done(&notes);
    crash_notes_open(&notes, folder.path);
    CHECK(crash_notes_find(&notes, HASH_A) == NULL);
    crash_notes_done(&notes);
}

static void takes_in_what_may_be_inline(void)
{
    CLEANUP(folder_done) struct folder folder;
    struct tenants tenants;
    struct world_uv *uv = NULL;
    struct error err = ERROR_INIT;
    struct inline_place place = {0};
    struct plugin_settings settings = {.isolation = ISOLATION_INLINE};
    struct worker_order order = {"/x/" HASH_A ".so", "lab.so", &settings};
    folder_init(&folder, FOLDER_MEMORY);
    if (!CHECK(world_uv_new(NULL, &uv, &err) == TEND_OK)) {
        return;
    }
    tenants_init(&tenants, world_uv_world(uv), folder.path);
    CHECK(tenants_take_in(&tenants, &order, &place, &err) == TEND_OK && place.means != NULL);
    CHECK(place.remark.reason == NULL);
    place.means->ops->release(place.means);

    crash_notes_add(&tenants.notes, HASH_A, "it ended the host");
    place = (struct inline_place){0};
    CHECK(tenants_take_in(&tenants, &order, &place, &err) == TEND_OK && place.means == NULL);
    CHECK_TEXT(place.remark.reason, "IsolationRaised");
    CHECK(strstr(place.remark.message, "because inline it ended the host;") != NULL);
    CHECK(tenants_forgive(&tenants, order.file));
    CHECK(!tenants_forgive(&tenants, order.file));

    order.file = "/x/" HASH_A ".lua";
    CHECK(tenants_take_in(&tenants, &order, &place, &err) == TEND_INVALID);
    CHECK_TEXT(err.message, "a script is never inline: its limits are its process's");
    CHECK_INT(tenants_count_load(&tenants, "/x/a.so"), 1);
    CHECK_INT(tenants_count_load(&tenants, "/x/b.so"), 1);
    CHECK_INT(tenants_count_load(&tenants, "/x/a.so"), 2);
    tenants_done(&tenants);
    world_uv_free(uv);
}

static void sees_what_changed_of_the_process(void)
{
    static struct process_state before, after; /* large */
    CLEANUP(buffer_done) struct buffer changes = BUFFER_INIT(64 * KIB);
    mode_t mask = umask(022);
    process_state_read(&before);
    process_state_read(&after);
    process_state_compare(&before, &after, &changes);
    CHECK_INT(changes.len, 0);
    umask(077);
    signal(SIGUSR1, SIG_IGN);
    process_state_read(&after);
    process_state_compare(&before, &after, &changes);
    CHECK_TEXT(buffer_view(&changes).ptr, "the umask (0077, was 0022), the handler of signal 10");
    signal(SIGUSR1, SIG_DFL);
    umask(mask);
}

SUITE({"finds a field of an object on the way", finds_a_field_on_the_way},
      {"reads what ended a host", reads_what_ended_a_host},
      {"counts hosts that end without a word", counts_hosts_that_end_without_a_word},
      {"begins to count anew where it went well", begins_to_count_anew_where_it_went_well},
      {"counts no end that another note explains", counts_no_end_that_another_note_explains},
      {"keeps a note for the last of a content", keeps_a_note_for_the_last_of_a_content},
      {"suspects what has a damaged note", suspects_what_has_a_damaged_note},
      {"keeps what is added until it is forgotten", keeps_what_is_added_until_it_is_forgotten},
      {"takes in what may be inline", takes_in_what_may_be_inline},
      {"sees what changed of the process", sees_what_changed_of_the_process})
