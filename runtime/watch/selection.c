/* The prefix is compared as text: it ends in '/', so it selects whole kinds and whole namespaces. */
#include "watch/selection.h"

#include "base/alloc.h"
#include "resource/key.h"

struct selection selection_of(struct text prefix, struct selector *selector)
{
    return (struct selection){.prefix = alloc_text(prefix.ptr, prefix.len), .selector = selector};
}

void selection_done(struct selection *selection)
{
    free(selection->prefix);
    selector_free(selection->selector);
    *selection = (struct selection){0};
}

enum selector_verdict selection_match_key(const struct selection *selection, struct text key)
{
    if (!text_starts(key, text_of(selection->prefix))) {
        return SELECT_NO;
    }
    struct key_parts parts;
    if (selection->selector == NULL) {
        return SELECT_YES;
    }
    return key_split(key, &parts, NULL) == TEND_OK ? selector_match_key(selection->selector, &parts)
                                                   : SELECT_NO;
}

bool selection_match(const struct selection *selection, struct text key, const struct doc *doc)
{
    enum selector_verdict verdict = doc == NULL ? SELECT_NO : selection_match_key(selection, key);
    if (verdict != SELECT_LOOK) {
        return verdict == SELECT_YES;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    return doc_tree(doc, &arena, &root, NULL) == TEND_OK &&
           selector_match(selection->selector, root);
}

struct text selection_resource(const struct selection *selection)
{
    struct text prefix = text_of(selection->prefix);
    size_t end = text_find(prefix, '/');
    return end == prefix.len ? (struct text){0} : text_first(prefix, end);
}
