/* A target is taken apart or refused; what comes out of it can be a part of a key and of an answer. */
#include <stdint.h>
#include <string.h>

#include "api/media.h"
#include "api/route.h"
#include "base/alloc.h"
#include "resource/builtin.h"
#include "resource/selector.h"
#include "support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segments(const struct url *url)
{
    for (size_t i = 0; i < url->segment_count; i++) {
        struct text segment = url->segments[i];
        require(segment.len > 0, "a segment is not empty");
        require(memchr(segment.ptr, '/', segment.len) == NULL, "a segment holds no '/'");
        require(memchr(segment.ptr, '\0', segment.len) == NULL, "a segment holds no NUL");
    }
}

static void check_selectors(const struct url *url)
{
    struct error err = ERROR_INIT;
    struct selector *selector = NULL;
    struct kind *kind = builtin_kind(0);
    if (selector_parse(url_parameter(url, "labelSelector"), url_parameter(url, "fieldSelector"),
                       kind, &selector, &err) == TEND_OK) {
        (void)selector_match(selector, value_empty_map());
    }
    selector_free(selector);
    kind_unref(kind);
}

static void check_media(struct text text)
{
    struct error err = ERROR_INIT;
    enum media_form form;
    if (media_accept(text, &form, &err) == TEND_OK) {
        require(form <= FORM_PARTIAL, "a form that there is");
    }
    require(media_body(text) <= MEDIA_OTHER, "a body that there is");
}

static void check_parameters(const struct url *url)
{
    struct error err = ERROR_INIT;
    bool flag;
    int64_t number;
    if (url_number(url, "limit", &number, &err) == TEND_OK) {
        require(number >= 0, "a number from 0 on");
    }
    if (url_flag(url, "watch", &flag, &err) == TEND_OK && flag) {
        require(url_parameter(url, "watch").len > 0, "true is said");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text target = {(const char *)data, size};
    struct error err = ERROR_INIT;
    struct url url;
    check_media(target);
    if (url_parse(&arena, target, &url, &err) != TEND_OK) {
        return 0;
    }
    check_segments(&url);
    check_selectors(&url);
    check_parameters(&url);
    (void)route_of(&url);
    return 0;
}
