#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "runner/loader.h"
#include "support/folder.h"
#include "support/suite.h"

/* A plugin in a folder of its own, and a folder for copies. */
struct place {
    struct folder plugins, copies;
    char file[300];
    struct buffer bytes;
};

static bool read_all(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    char block[4096];
    if (!CHECK(file != NULL)) {
        return false;
    }
    for (size_t got = 1; got > 0; buffer_add(out, block, got)) {
        got = fread(block, 1, sizeof block, file);
    }
    fclose(file);
    return CHECK(!out->full);
}

static void write_all(const char *path, struct text bytes)
{
    FILE *file = fopen(path, "wb");
    if (CHECK(file != NULL)) {
        CHECK(fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len);
        fclose(file);
    }
}

static void begin(struct place *place)
{
    *place = (struct place){.bytes = BUFFER_INIT(MIB)};
    folder_init(&place->plugins, FOLDER_MEMORY);
    folder_init(&place->copies, FOLDER_MEMORY);
    snprintf(place->file, sizeof place->file, "%s/lab.so", place->plugins.path);
    if (read_all(TEND_BUILD "/plugins/labinstance.so", &place->bytes)) {
        write_all(place->file, buffer_view(&place->bytes));
        chmod(place->file, 0644);
    }
}

static void finish(struct place *place)
{
    folder_done(&place->plugins);
    folder_done(&place->copies);
    buffer_done(&place->bytes);
}

/* Why it is refused, without the folder's name; "" where it is not. */
static const char *refusal(struct place *place, enum tend_code *ret_code, struct error *err)
{
    struct loaded loaded = {0};
    *err = (struct error)ERROR_INIT;
    *ret_code = loader_take(place->file, place->copies.path, &loaded, err);
    loaded_done(&loaded);
    char *found = strstr(err->message, place->plugins.path);
    if (found != NULL) {
        size_t len = strlen(place->plugins.path);
        memmove(found, found + len, strlen(found + len) + 1);
    }
    return err->message;
}

static void copies_under_its_hash(void)
{
    CLEANUP(finish) struct place place;
    CLEANUP(buffer_done) struct buffer copy = BUFFER_INIT(MIB);
    struct loaded loaded = {0};
    struct error err = ERROR_INIT;
    struct stat found;
    char hash[SHA256_HEX], expected[400];
    begin(&place);
    if (!CHECK(loader_take(place.file, place.copies.path, &loaded, &err) == TEND_OK)) {
        return;
    }
    sha256_hex(buffer_view(&place.bytes), hash);
    snprintf(expected, sizeof expected, "%s/%s.so", place.copies.path, hash);
    CHECK_TEXT(loaded.hash, hash);
    CHECK_TEXT(loaded.path, expected);
    CHECK(read_all(loaded.path, &copy) &&
          text_equal(buffer_view(&copy), buffer_view(&place.bytes)));
    CHECK(stat(loaded.path, &found) == 0 && (found.st_mode & 0777) == 0500);
    loaded_done(&loaded);
}

static void leaves_a_good_copy_and_mends_a_bad_one(void)
{
    CLEANUP(finish) struct place place;
    struct loaded first = {0}, second = {0}, third = {0};
    struct error err = ERROR_INIT;
    struct stat before, after;
    begin(&place);
    CHECK(loader_take(place.file, place.copies.path, &first, &err) == TEND_OK);
    CHECK(stat(first.path, &before) == 0);
    CHECK(loader_take(place.file, place.copies.path, &second, &err) == TEND_OK);
    CHECK(stat(second.path, &after) == 0 && before.st_ino == after.st_ino);
    chmod(first.path, 0700);
    write_all(first.path, TEXT("damaged"));
    CHECK(loader_take(place.file, place.copies.path, &third, &err) == TEND_OK);
    CHECK(stat(third.path, &after) == 0 && after.st_size == before.st_size);
    loaded_done(&first);
    loaded_done(&second);
    loaded_done(&third);
}

static void refuses_what_others_can_write(void)
{
    CLEANUP(finish) struct place place;
    enum tend_code code;
    struct error err;
    begin(&place);
    chmod(place.file, 0666);
    CHECK_TEXT(refusal(&place, &code, &err), "/lab.so can be written by others; chmod go-w it");
    CHECK_INT(code, TEND_DENIED);
    chmod(place.file, 0644);
    chmod(place.plugins.path, 0777);
    CHECK_TEXT(refusal(&place, &code, &err), " can be written by others; chmod go-w it");
    CHECK_INT(code, TEND_DENIED);
    chmod(place.plugins.path, 0700);
    CHECK_TEXT(refusal(&place, &code, &err), "");
}

static void refuses_anothers(void)
{
    CLEANUP(finish) struct place place;
    enum tend_code code;
    struct error err;
    begin(&place);
    if (geteuid() != 0) {
        CHECK(chown(place.file, 12345, (gid_t)-1) != 0); /* only root can make this case */
        return;
    }
    CHECK(chown(place.file, 12345, (gid_t)-1) == 0);
    CHECK_TEXT(refusal(&place, &code, &err),
               "/lab.so belongs to another user (uid 12345); chown it");
    CHECK_INT(code, TEND_DENIED);
}

static void refuses_what_is_no_plain_file(void)
{
    CLEANUP(finish) struct place place;
    enum tend_code code;
    struct error err;
    char target[400];
    begin(&place);
    snprintf(target, sizeof target, "%s.real", place.file);
    CHECK(rename(place.file, target) == 0 && symlink(target, place.file) == 0);
    CHECK_TEXT(refusal(&place, &code, &err), "/lab.so is a link; plugins are plain files");
    CHECK(unlink(place.file) == 0 && mkfifo(place.file, 0600) == 0);
    CHECK_TEXT(refusal(&place, &code, &err), "/lab.so is not a plain file");
    CHECK(unlink(place.file) == 0);
    CHECK_TEXT(refusal(&place, &code, &err), "cannot open /lab.so: No such file or directory");
    CHECK_INT(code, TEND_NOT_FOUND);
}

static void waits_for_what_is_not_complete(void)
{
    CLEANUP(finish) struct place place;
    enum tend_code code;
    struct error err;
    begin(&place);
    write_all(place.file, text_first(buffer_view(&place.bytes), place.bytes.len - 4096));
    CHECK_TEXT(refusal(&place, &code, &err), "truncated: 4096 bytes are missing");
    CHECK_INT(code, TEND_UNAVAILABLE);
    write_all(place.file, TEXT("#!/bin/sh\n"));
    CHECK_TEXT(refusal(&place, &code, &err), "not a plugin: it looks like a text file");
    CHECK_INT(code, TEND_INVALID);
}

static void takes_a_script_as_it_is(void)
{
    CLEANUP(finish) struct place place;
    struct loaded loaded = {0};
    struct error err = ERROR_INIT;
    char expected[400];
    begin(&place);
    snprintf(place.file, sizeof place.file, "%s/lab.lua", place.plugins.path);
    write_all(place.file, TEXT(""));
    CHECK_INT(loader_take(place.file, place.copies.path, &loaded, &err), TEND_UNAVAILABLE);
    CHECK_TEXT(err.message, "the file is empty");
    write_all(place.file, TEXT("return 1\n"));
    chmod(place.file, 0644);
    CHECK_INT(loader_take(place.file, place.copies.path, &loaded, &err), TEND_OK);
    snprintf(expected, sizeof expected, "%s/%s.lua", place.copies.path, loaded.hash);
    CHECK_TEXT(loaded.path, expected);
    loaded_done(&loaded);
}

static void recalls_what_was_taken(void)
{
    CLEANUP(finish) struct place place;
    struct loaded taken = {0}, recalled = {0};
    struct error err = ERROR_INIT;
    begin(&place);
    CHECK_INT(loader_take(place.file, place.copies.path, &taken, &err), TEND_OK);
    unlink(place.file);
    CHECK_INT(loader_recall(place.file, taken.hash, place.copies.path, &recalled, &err), TEND_OK);
    CHECK_TEXT(recalled.path, taken.path);
    CHECK_TEXT(recalled.hash, taken.hash);
    loaded_done(&recalled);
    chmod(taken.path, 0600);
    write_all(taken.path, TEXT("damaged"));
    CHECK_INT(loader_recall(place.file, taken.hash, place.copies.path, &recalled, &err),
              TEND_CORRUPT);
    unlink(taken.path);
    CHECK_INT(loader_recall(place.file, taken.hash, place.copies.path, &recalled, &err),
              TEND_NOT_FOUND);
    loaded_done(&taken);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void tidies_what_nobody_names(void)
{
    CLEANUP(finish) struct place place;
    struct loaded first = {0}, second = {0};
    struct error err = ERROR_INIT;
    char half[400], other[400];
    begin(&place);
    CHECK_INT(loader_take(place.file, place.copies.path, &first, &err), TEND_OK);
    snprintf(place.file, sizeof place.file, "%s/lab.lua", place.plugins.path);
    write_all(place.file, TEXT("return 1\n"));
    chmod(place.file, 0644);
    CHECK_INT(loader_take(place.file, place.copies.path, &second, &err), TEND_OK);
    snprintf(half, sizeof half, "%s.new", first.path);
    snprintf(other, sizeof other, "%s/README", place.copies.path);
    write_all(half, TEXT("half"));
    write_all(other, TEXT("not ours"));
    const char *keep[] = {first.hash};
    loader_tidy(place.copies.path, keep, 1);
    CHECK(is_there(first.path) && is_there(other));
    CHECK(!is_there(second.path) && !is_there(half));
    loader_tidy(place.copies.path, NULL, 0);
    CHECK(!is_there(first.path) && is_there(other));
    loader_tidy("/nonexistent", NULL, 0);
    loaded_done(&first);
    loaded_done(&second);
}

static void a_folder_that_is_gone_is_a_file_that_is_gone(void)
{
    CLEANUP(finish) struct place place;
    enum tend_code code;
    struct error err;
    begin(&place);
    snprintf(place.file, sizeof place.file, "%s/gone/lab.so", place.plugins.path);
    (void)refusal(&place, &code, &err);
    CHECK_INT(code, TEND_NOT_FOUND);
}

SUITE({"copies a plugin under its hash", copies_under_its_hash},
      {"leaves a good copy, and mends a bad one", leaves_a_good_copy_and_mends_a_bad_one},
      {"refuses what others can write", refuses_what_others_can_write},
      {"refuses what belongs to another", refuses_anothers},
      {"refuses what is no plain file", refuses_what_is_no_plain_file},
      {"waits for what is not complete", waits_for_what_is_not_complete},
      {"takes a script as it is", takes_a_script_as_it_is},
      {"recalls what was taken, where it is whole", recalls_what_was_taken},
      {"tidies what nobody names", tidies_what_nobody_names},
      {"a folder that is gone is a file that is gone",
       a_folder_that_is_gone_is_a_file_that_is_gone})
