/* Parameters select the representation ("as=Table;v=v1;g=meta.k8s.io"), so a clause with an `as` that
 * is not served is passed over, never answered as plain JSON. */
#include "api/media.h"

#include <stdbool.h>
#include <stddef.h>

static struct text trim(struct text text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text = text_from(text, 1);
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

static bool is_json(struct text type)
{
    return text_is(type, "application/json") || text_is(type, "*/*") ||
           text_is(type, "application/*");
}

/* The form that JSON with these parameters is; false where it is none that is served. */
static bool json_form(struct text as, struct text group, struct text version,
                      enum media_form *ret_form)
{
    if (as.len == 0) {
        *ret_form = FORM_JSON;
        return true;
    }
    if (!text_is(group, "meta.k8s.io") || !text_is(version, "v1")) {
        return false;
    }
    *ret_form = text_is(as, "Table") ? FORM_TABLE : FORM_PARTIAL;
    return text_is(as, "Table") || text_is(as, "PartialObjectMetadata") ||
           text_is(as, "PartialObjectMetadataList");
}

static bool clause_form(struct text clause, enum media_form *ret_form)
{
    struct text type = trim(text_cut(&clause, ';'));
    struct text as = TEXT(""), group = TEXT(""), version = TEXT("");
    while (clause.len > 0) {
        struct text value = trim(text_cut(&clause, ';'));
        struct text name = text_cut(&value, '=');
        as = text_is(name, "as") ? value : as;
        group = text_is(name, "g") ? value : group;
        version = text_is(name, "v") ? value : version;
    }
    if (is_json(type)) {
        return json_form(as, group, version, ret_form);
    }
    *ret_form = FORM_YAML;
    return as.len == 0 && (text_is(type, "application/yaml") || text_is(type, "text/yaml"));
}

enum tend_code media_accept(struct text accept, enum media_form *ret_form, struct error *err)
{
    struct text rest = trim(accept);
    *ret_form = FORM_JSON;
    if (rest.len == 0) {
        return TEND_OK;
    }
    while (rest.len > 0) {
        if (clause_form(text_cut(&rest, ','), ret_form)) {
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID,
                "only application/json and application/yaml are served, and as=Table or "
                "as=PartialObjectMetadata of meta.k8s.io/v1; asked for \"%.*s\"",
                TEXT_ARG(text_first(accept, 128)));
}

enum media_body media_body(struct text content_type)
{
    static const struct {
        const char *type;
        enum media_body body;
    } known[] = {
        {"", MEDIA_JSON},
        {"application/json", MEDIA_JSON},
        {"application/yaml", MEDIA_YAML},
        {"text/yaml", MEDIA_YAML},
        {"application/merge-patch+json", MEDIA_MERGE_PATCH},
        {"application/apply-patch+yaml", MEDIA_APPLY_PATCH},
    };
    struct text type = trim(text_cut(&content_type, ';'));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_is(type, known[i].type)) {
            return known[i].body;
        }
    }
    return MEDIA_OTHER;
}
