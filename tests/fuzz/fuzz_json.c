/* What parses as JSON is a document: written, it parses as equal, is written as the same bytes, and is
 * within every limit. What does not parse is refused with a sentence. */
#include "base/alloc.h"
#include "base/limits.h"
#include "document/doc.h"
#include "document/json.h"
#include "support/require.h"

static const struct value *read_back(struct arena *arena, const struct buffer *written)
{
    const struct value *value = NULL;
    struct error err = ERROR_INIT;
    require(json_parse(arena, buffer_view(written), &value, &err) == TEND_OK, err.message);
    return value;
}

static void check_writing(struct arena *arena, const struct value *value)
{
    CLEANUP(buffer_done) struct buffer once = BUFFER_INIT(INPUT_BYTES_MAX);
    CLEANUP(buffer_done) struct buffer twice = BUFFER_INIT(INPUT_BYTES_MAX);
    CLEANUP(buffer_done) struct buffer pretty = BUFFER_INIT(INPUT_BYTES_MAX);
    json_write(&once, value);
    const struct value *again = read_back(arena, &once);
    json_write(&twice, again);
    json_write_pretty(&pretty, value);
    require(value_equal(again, value), "reads back as equal");
    require(text_equal(buffer_view(&once), buffer_view(&twice)), "is written as the same bytes");
    require(value_equal(read_back(arena, &pretty), value), "reads back from indented");
}

static void check_document(struct arena *arena, const struct value *value)
{
    CLEANUP(doc_unrefp) struct doc *doc = NULL;
    const struct value *tree = NULL;
    struct error err = ERROR_INIT;
    require(doc_from_value(value, &doc, &err) == TEND_OK, err.message);
    require(doc_tree(doc, arena, &tree, &err) == TEND_OK, err.message);
    require(value_equal(tree, value_copy(arena, value)), "is a document");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *value = NULL;
    enum tend_code code = json_parse(&arena, (struct text){(const char *)data, size}, &value, &err);
    if (code != TEND_OK) {
        require(code == TEND_INVALID || code == TEND_LIMIT, "is refused as input");
        require(err.code == code && err.message[0] != '\0' && value == NULL, "is refused in words");
        return 0;
    }
    check_writing(&arena, value);
    check_document(&arena, value);
    return 0;
}
