#include "base/limits.h"
#include "document/doc.h"
#include "support/suite.h"
#include "support/tree.h"

static void holds_canonical_bytes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(doc_unrefp) struct doc *doc = NULL;
    const struct value *value = tree_of(&arena, " { \"b\" : [ 1.0 ] , \"a\" : \"\\u0041\" } ");
    CHECK_INT(doc_from_value(value, &doc, NULL), TEND_OK);
    if (CHECK(doc != NULL)) {
        CHECK_TEXT(doc->bytes, "{\"a\":\"A\",\"b\":[1.0]}");
        CHECK_INT(doc->len, strlen(doc->bytes));
        CHECK(text_is(doc_text(doc), doc->bytes));
    }
}

static void decodes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes(TEXT("{\"spec\":{\"n\":3}}"));
    const struct value *tree = NULL;
    CHECK_INT(doc_tree(doc, &arena, &tree, NULL), TEND_OK);
    CHECK_INT(value_int_or(value_field(value_field(tree, "spec"), "n"), 0), 3);
}

static void tree_outlives_its_document(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct doc *doc = doc_from_bytes(TEXT("[\"kept\"]"));
    const struct value *tree = NULL;
    CHECK_INT(doc_tree(doc, &arena, &tree, NULL), TEND_OK);
    doc = doc_unref(doc);
    CHECK(doc == NULL);
    CHECK_TEXT(value_at(tree, 0)->text.ptr, "kept");
}

static void counts_owners(void)
{
    struct doc *doc = doc_from_bytes(TEXT("1"));
    struct doc *second = doc_ref(doc);
    CHECK(second == doc);
    CHECK_INT(atomic_load(&doc->refs), 2);
    CHECK(doc_unref(doc) == NULL);
    CHECK_TEXT(second->bytes, "1"); /* the sanitizer knows whether it is still there */
    CHECK(doc_unref(second) == NULL);
    CHECK(doc_unref(NULL) == NULL);
}

static void damage_is_told_apart(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes(TEXT("{\"a\":"));
    struct error err = ERROR_INIT;
    const struct value *tree = NULL;
    CHECK_INT(doc_tree(doc, &arena, &tree, &err), TEND_CORRUPT);
    CHECK_INT(err.code, TEND_CORRUPT);
    CHECK_TEXT(err.message, "the stored document is damaged: line 1, column 6: expected a value, "
                            "found the end");
    CHECK_INT(doc_tree(doc, &arena, &tree, NULL), TEND_CORRUPT);
    CHECK(tree == NULL);
}

/* A text of `len` bytes is `len + 2` bytes of JSON. */
static enum tend_code doc_of_size(size_t bytes, struct doc **ret_doc, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char *chars = arena_alloc(&arena, bytes);
    memset(chars, 'x', bytes);
    return doc_from_value(value_text(&arena, (struct text){chars, bytes - 2}), ret_doc, err);
}

static void size_is_bounded(void)
{
    CLEANUP(doc_unrefp) struct doc *doc = NULL, *none = NULL;
    struct error err = ERROR_INIT;
    CHECK_INT(doc_of_size(DOC_BYTES_MAX, &doc, &err), TEND_OK);
    CHECK(doc != NULL && doc->len == DOC_BYTES_MAX);
    CHECK_INT(doc_of_size(DOC_BYTES_MAX + 1, &none, &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "the document has more than 1536 KiB");
    CHECK(none == NULL);
}

/* Whatever became a document can be decoded again: what is too deep never becomes one. */
static void depth_is_bounded(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct doc *doc = NULL;
    const struct value *deep = value_null();
    for (unsigned i = 0; i <= DOC_DEPTH_MAX; i++) {
        deep = value_append(&arena, NULL, deep);
    }
    CHECK_INT(doc_from_value(deep, &doc, &err), TEND_LIMIT);
    CHECK(doc == NULL);
    CHECK_INT(doc_from_value(value_at(deep, 0), &doc, &err), TEND_OK);
    const struct value *tree = NULL;
    CHECK_INT(doc_tree(doc, &arena, &tree, &err), TEND_OK);
    CHECK(value_equal(tree, value_at(deep, 0)));
    doc_unref(doc);
}

SUITE({"holds the canonical bytes of a value", holds_canonical_bytes},
      {"decodes into a tree", decodes},
      {"decodes into a tree that outlives it", tree_outlives_its_document},
      {"lives as long as its last owner", counts_owners},
      {"says that stored bytes are damaged", damage_is_told_apart},
      {"is bounded in size", size_is_bounded}, {"is bounded in depth", depth_is_bounded})
