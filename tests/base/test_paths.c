#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/paths.h"
#include "support/suite.h"

static void check_path(enum tend_code (*ask)(char **, struct error *), const char *expected)
{
    struct error err = ERROR_INIT;
    char *path = NULL;
    if (CHECK(ask(&path, &err) == TEND_OK)) {
        CHECK_TEXT(path, expected);
    }
    free(path);
}

static void finds_the_data_folder(void)
{
    setenv("XDG_DATA_HOME", "/data", 1);
    check_path(paths_data, "/data/tend");
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", "/home/me", 1);
    check_path(paths_data, "/home/me/.local/share/tend");
    unsetenv("HOME");
    struct error err = ERROR_INIT;
    char *path = NULL;
    CHECK(paths_data(&path, &err) == TEND_INVALID);
}

static void finds_the_socket(void)
{
    char own[64];
    unsetenv("TEND_SOCKET");
    unsetenv("XDG_RUNTIME_DIR");
    snprintf(own, sizeof own, "/tmp/tend-%u/tend.sock", (unsigned)getuid());
    check_path(paths_socket, own);
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    check_path(paths_socket, "/run/user/7/tend/tend.sock");
    setenv("TEND_SOCKET", "here.sock", 1);
    check_path(paths_socket, "here.sock");
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    setenv("TEND_SOCKET", name, 1);
    struct error err = ERROR_INIT;
    char *path = NULL;
    CHECK(paths_socket(&path, &err) == TEND_INVALID);
}

static void makes_private_folders_and_refuses_open_ones(void)
{
    char base[] = "/tmp/tend-test-XXXXXX", path[64];
    struct stat status;
    struct error err = ERROR_INIT;
    CHECK(mkdtemp(base) != NULL);
    snprintf(path, sizeof path, "%s/a/b", base);
    CHECK(paths_make_private(path, &err) == TEND_OK);
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0700);
    CHECK(paths_make_private(path, &err) == TEND_OK);
    CHECK(chmod(path, 0777) == 0);
    CHECK(paths_make_private(path, &err) == TEND_DENIED);
    rmdir(path);
    snprintf(path, sizeof path, "%s/a", base);
    rmdir(path);
    rmdir(base);
}

SUITE({"finds the data folder by the XDG rules", finds_the_data_folder},
      {"finds the socket by TEND_SOCKET, the runtime folder or the user's own", finds_the_socket},
      {"makes private folders, and refuses open ones", makes_private_folders_and_refuses_open_ones})
