/* YAML is read here and not by the engine, so that a runner needs no libyaml. */
#include "protocol/descriptor.h"

#include "document/yaml.h"
#include "protocol/shape.h"

static enum tend_code read_crd(const struct value *controller, struct arena *arena,
                               const struct value **ret_controller, struct error *err)
{
    const struct value *crd = value_field(controller, "crd");
    *ret_controller = controller;
    if (!value_is(crd, VALUE_TEXT)) {
        return TEND_OK;
    }
    struct yaml_stream stream;
    struct text name = value_text_or(value_field(controller, "name"), TEXT(""));
    if (yaml_parse(arena, crd->text, &stream, err) != TEND_OK) {
        return error_wrap(err, "controller %.*s: its CustomResourceDefinition",
                          TEXT_ARG(text_first(name, 63)));
    }
    if (stream.count != 1 || stream.documents[0].value->type != VALUE_MAP) {
        return FAIL(err, TEND_INVALID,
                    "controller %.*s: its CustomResourceDefinition is not one document",
                    TEXT_ARG(text_first(name, 63)));
    }
    *ret_controller = value_with(arena, controller, TEXT("crd"), stream.documents[0].value);
    return TEND_OK;
}

enum tend_code descriptor_read(const struct value *given, struct arena *arena,
                               const struct value **ret_descriptor, struct error *err)
{
    TRY(shape_descriptor(given, err));
    const struct value *controllers = value_field(given, "controllers");
    const struct value *read = NULL;
    for (size_t i = 0; i < value_count(controllers); i++) {
        const struct value *controller;
        TRY(read_crd(controllers->items[i], arena, &controller, err));
        read = value_append(arena, read, controller);
    }
    *ret_descriptor = value_with(arena, given, TEXT("controllers"), read);
    return TEND_OK;
}
