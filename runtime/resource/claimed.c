/* Only the form is judged here: a kind may come later, and who may have it is for those who know the others. */
#include "resource/claimed.h"

#include "base/alloc.h"
#include "resource/selector.h"

bool kind_words(struct text word, struct text *ret_api_version, struct text *ret_kind)
{
    size_t cut = word.len;
    while (cut > 0 && word.ptr[cut - 1] != '/') {
        cut--;
    }
    if (cut < 2 || cut == word.len) {
        return false;
    }
    *ret_api_version = text_first(word, cut - 1);
    *ret_kind = text_from(word, cut);
    return true;
}

struct text claimed_word(struct text *rest)
{
    struct text word = text_cut(rest, ',');
    while (word.len > 0 && word.ptr[0] == ' ') {
        word = text_from(word, 1);
    }
    while (word.len > 0 && word.ptr[word.len - 1] == ' ') {
        word.len--;
    }
    return word;
}

static NODISCARD enum tend_code check_word(struct text word, struct error *err)
{
    struct text api_version, kind;
    bool plain = word.len > 0 && text_find(word, '/') == word.len &&
                 text_find(word, ' ') == word.len && text_find(word, '*') == word.len;
    return plain || kind_words(word, &api_version, &kind)
               ? TEND_OK
               : FAIL(err, TEND_INVALID, "\"%.*s\" is no kind; expected GROUP/VERSION/KIND",
                      TEXT_ARG(word));
}

static enum tend_code check_observed(const struct claimed *claimed, struct error *err)
{
    CLEANUP(selector_freep) struct selector *selector = NULL;
    struct text rest = text_of(claimed->kind);
    bool is_everything = text_is(rest, "*");
    do {
        TRY(is_everything ? TEND_OK : check_word(claimed_word(&rest), err));
    } while (rest.len > 0 && !is_everything);
    if (claimed->annotation != NULL && claimed->annotation[0] == '\0') {
        return FAIL(err, TEND_INVALID, "the annotation that objects must have has no name");
    }
    return selector_parse(text_of(claimed->labels), TEXT(""), NULL, &selector, err);
}

static enum tend_code check_owned(const struct claimed *claimed, struct error *err)
{
    struct text api_version, kind;
    return kind_words(text_of(claimed->kind), &api_version, &kind)
               ? TEND_OK
               : FAIL(err, TEND_INVALID, "\"%s\" is no kind; expected GROUP/VERSION/KIND",
                      claimed->kind);
}

enum tend_code claimed_check(const struct claimed *claimed, struct error *err)
{
    TRY(claimed->observes ? check_observed(claimed, err) : check_owned(claimed, err));
    for (size_t i = 0; claimed->owns != NULL && claimed->owns[i] != NULL; i++) {
        TRY(check_word(text_of(claimed->owns[i]), err));
    }
    return TEND_OK;
}

const struct value *claimed_kind(struct arena *arena, const struct value *described,
                                 const struct value *machine)
{
    struct text api_version = TEXT(""), kind = TEXT("");
    bool finalizes = value_bool_or(value_field(described, "finalize"), false);
    (void)kind_words(value_text_or(value_field(described, "kind"), TEXT("")), &api_version, &kind);
    const struct value *owned =
        value_with(arena, NULL, TEXT("apiVersion"), value_text(arena, api_version));
    owned = value_with(arena, owned, TEXT("kind"), value_text(arena, kind));
    owned = value_with(arena, owned, TEXT("finalizes"), value_bool(arena, finalizes));
    return machine == NULL ? owned : value_with(arena, owned, TEXT("machine"), machine);
}
