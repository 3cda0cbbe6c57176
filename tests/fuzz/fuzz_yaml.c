/* Any bytes as YAML and as JSON: what is read is written as YAML, and read again as equal. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what, const struct buffer *written)
{
    if (!holds) {
        fprintf(stderr, "%s\n%s\n", what, written->data == NULL ? "" : written->data);
        abort();
    }
}

static void check_round_trip(struct arena *arena, const struct value *value)
{
    CLEANUP(buffer_done) struct buffer yaml = BUFFER_INIT(INPUT_BYTES_MAX);
    struct yaml_stream again = {0};
    struct error err = ERROR_INIT;
    yaml_write(&yaml, value);
    if (yaml.full) {
        return; /* indentation alone may make it longer than what may be read */
    }
    require(yaml_parse(arena, buffer_view(&yaml), &again, &err) == TEND_OK, err.message, &yaml);
    require(again.count == 1, "one document", &yaml);
    require(value_equal(again.documents[0].value, value), "an equal value", &yaml);
}

static void check_limits(const struct value *value)
{
    static const struct buffer none;
    require(value_nodes(value) <= DOC_NODES_MAX, "number of values", &none);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    static const struct buffer none;
    struct text text = {(const char *)data, size};
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    const struct value *value = NULL;
    if (yaml_parse(&arena, text, &stream, &err) == TEND_OK) {
        for (size_t i = 0; i < stream.count; i++) {
            check_limits(stream.documents[i].value);
            check_round_trip(&arena, stream.documents[i].value);
        }
    } else {
        require(text_starts(text_of(err.message), TEXT("line ")), err.message, &none);
    }
    if (json_parse(&arena, text, &value, &err) == TEND_OK) {
        check_round_trip(&arena, value);
    }
    return 0;
}
