/* The SQLite backend keeps what every backend keeps. The files are on a memory file system where there
 * is one: what is tested here is what comes back, not whether it survives a loss of power. */
#include "conformance/backend_suite.h"
#include "store/backends/sqlite.h"
#include "support/folder.h"

struct place {
    struct folder folder;
};

static struct place *place_new(void)
{
    struct place *place = alloc_new(sizeof *place);
    folder_init(&place->folder, FOLDER_MEMORY);
    return place;
}

static void place_free(struct place *place)
{
    folder_done(&place->folder);
    free(place);
}

static struct backend *place_open(struct place *place)
{
    struct error err = ERROR_INIT;
    struct backend *backend = NULL;
    struct sqlite_options options = {.directory = place->folder.path};
    if (!CHECK_INT(sqlite_backend_open(&options, &backend, &err), TEND_OK)) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return backend;
}

SUITE(BACKEND_CASES)
