/* The memory backend keeps what every backend keeps. */
#include "conformance/backend_suite.h"
#include "store/backends/memory.h"

struct place {
    struct memory_disk *disk;
};

static struct place *place_new(void)
{
    struct place *place = alloc_new(sizeof *place);
    place->disk = memory_disk_new();
    return place;
}

static void place_free(struct place *place)
{
    memory_disk_free(place->disk);
    free(place);
}

static struct backend *place_open(struct place *place)
{
    return memory_backend_open(place->disk);
}

SUITE(BACKEND_CASES)
