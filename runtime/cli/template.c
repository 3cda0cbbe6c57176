/* A place that is not known stays as it is: a file may hold an @ of its own. */
#include "cli/template.h"

#include "base/alloc.h"
#include "cli/templates/object.yaml.h"
#include "cli/templates/plugin.c.h"
#include "cli/templates/plugin.cmake.h"
#include "cli/templates/plugin_test.lua.h"
#include "cli/templates/script.lua.h"
#include "cli/templates/script_test.lua.h"

static const char *const texts[TEMPLATES] = {
    [TEMPLATE_SCRIPT] = script_lua_text,         [TEMPLATE_SCRIPT_TEST] = script_test_lua_text,
    [TEMPLATE_OBJECT] = object_yaml_text,        [TEMPLATE_PLUGIN] = plugin_c_text,
    [TEMPLATE_PLUGIN_BUILD] = plugin_cmake_text, [TEMPLATE_PLUGIN_TEST] = plugin_test_lua_text,
};

/* What goes where `place` is; NULL where that is no place. */
static const struct text *find_place(const struct naming *naming, struct text place)
{
    const struct {
        const char *place;
        const struct text *text;
    } places[] = {{"NAME", &naming->name},       {"GROUP", &naming->group},
                  {"VERSION", &naming->version}, {"KIND", &naming->kind},
                  {"PLURAL", &naming->plural},   {"SINGULAR", &naming->singular},
                  {"FOLDER", &naming->folder},   {"AT", &naming->at}};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (text_is(place, places[i].place)) {
            return places[i].text;
        }
    }
    return NULL;
}

void template_fill(struct buffer *out, struct text form, const struct naming *naming)
{
    struct text rest = form;
    while (rest.len > 0) {
        size_t at = text_find(rest, '@');
        struct text after = text_from(rest, at < rest.len ? at + 1 : at);
        const struct text *found = find_place(naming, text_first(after, text_find(after, '@')));
        buffer_text(out, text_first(rest, at));
        if (found != NULL) {
            buffer_text(out, *found);
            (void)text_cut(&after, '@');
        } else if (at < rest.len) {
            buffer_byte(out, '@'); /* one of the file's own */
        }
        rest = after;
    }
}

struct text template_text(enum template_id id)
{
    return text_of(texts[id]);
}
