/* Tables of fields instead of code for each: which bytes of a struct are pointers, and to what. A byte that the
 * linker changes and that is no such pointer would be read wrong, so it ends the reading; behind the end
 * of our own struct it only counts as used. Texts stay in the file; together they are bounded as the
 * descriptor is that they become. */
#include "protocol/plugin_file.h"

#include <string.h>

#include <tend/plugin.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/utf8.h"
#include "protocol/contract.h"

enum target { TARGET_TEXT, TARGET_CODE, TARGET_CONTROLLERS, TARGET_STATES };

struct field {
    size_t at;
    enum target target;
};

struct form {
    const char *what;
    size_t size;
    const struct field *fields;
    size_t count;
};

#define AT(type, field, target)                                                                    \
    {                                                                                              \
        offsetof(struct type, field), target                                                       \
    }

static const struct field plugin_fields[] = {AT(tend_plugin, name, TARGET_TEXT),
                                             AT(tend_plugin, version, TARGET_TEXT),
                                             AT(tend_plugin, controllers, TARGET_CONTROLLERS)};
static const struct field controller_fields[] = {
    AT(tend_controller, name, TARGET_TEXT),        AT(tend_controller, kind, TARGET_TEXT),
    AT(tend_controller, owns, TARGET_TEXT),        AT(tend_controller, crd, TARGET_TEXT),
    AT(tend_controller, state_field, TARGET_TEXT), AT(tend_controller, states, TARGET_STATES),
    AT(tend_controller, start, TARGET_CODE),       AT(tend_controller, stop, TARGET_CODE),
    AT(tend_controller, reconcile, TARGET_CODE),   AT(tend_controller, finalize, TARGET_CODE),
    AT(tend_controller, renamed, TARGET_TEXT),     AT(tend_controller, labels, TARGET_TEXT),
    AT(tend_controller, annotation, TARGET_TEXT),  AT(tend_controller, data, TARGET_CODE)};
static const struct field state_fields[] = {
    AT(tend_state, name, TARGET_TEXT),      AT(tend_state, next, TARGET_TEXT),
    AT(tend_state, run, TARGET_CODE),       AT(tend_state, within_field, TARGET_TEXT),
    AT(tend_state, from, TARGET_TEXT),      AT(tend_state, otherwise, TARGET_TEXT),
    AT(tend_state, condition, TARGET_TEXT), AT(tend_state, reason, TARGET_TEXT),
    AT(tend_state, message, TARGET_TEXT)};

static const struct form plugin_form = {"the descriptor", sizeof(struct tend_plugin), plugin_fields,
                                        COUNT_OF(plugin_fields)};
static const struct form controller_form = {"a controller", sizeof(struct tend_controller),
                                            controller_fields, COUNT_OF(controller_fields)};
static const struct form state_form = {"a state", sizeof(struct tend_state), state_fields,
                                       COUNT_OF(state_fields)};

enum { POINTER = sizeof(void *), STRUCT_MAX = 4096 };

struct reading {
    const struct elf_image *image;
    struct arena *arena;
    size_t text_left; /* bytes of texts that may still come */
};

static enum tend_code unclear(struct error *err, const char *what, const char *why)
{
    return FAIL(err, TEND_UNAVAILABLE, "%s cannot be read without running it: %s", what, why);
}

/* --- texts ------------------------------------------------------------------------------------- */

static enum tend_code read_text(struct reading *reading, const char *what, uint64_t address,
                                const char **ret_chars, struct error *err)
{
    struct text text;
    if (!elf_image_text(reading->image, address, reading->text_left, &text)) {
        return unclear(err, what, "a text of it does not lie in the file, or has no end there");
    }
    if (!utf8_is_text(text.ptr)) {
        return FAIL(err, TEND_INVALID, "%s has a text that is not UTF-8", what);
    }
    reading->text_left -= text.len;
    *ret_chars = text.ptr;
    return TEND_OK;
}

/* --- structs ----------------------------------------------------------------------------------- */

static enum tend_code read_struct(struct reading *reading, const struct form *form,
                                  uint64_t address, void **ret_struct, struct error *err);

/* NULL-ended; at most so many that whoever counts them finds too many. */
static enum tend_code read_list(struct reading *reading, const struct form *form, size_t most,
                                uint64_t address, void **ret_list, struct error *err)
{
    enum elf_pointer kind;
    uint64_t target;
    void **list = arena_alloc(reading->arena, (most + 2) * sizeof *list);
    for (size_t i = 0; i <= most; i++) {
        if (!elf_image_pointer(reading->image, address + i * POINTER, &kind, &target) ||
            kind == ELF_FOREIGN) {
            return unclear(err, form->what, "the list of them is not all in the file");
        }
        if (kind == ELF_NULL) {
            break;
        }
        TRY(read_struct(reading, form, target, &list[i], err));
    }
    *ret_list = list;
    return TEND_OK;
}

/* What the field at `address` points to, in memory. What is called is never called here: any address does. */
static enum tend_code read_target(struct reading *reading, const struct form *form,
                                  enum target target, uint64_t address, void **ret_pointer,
                                  struct error *err)
{
    const char *chars = NULL;
    switch (target) {
    case TARGET_TEXT:
        TRY(read_text(reading, form->what, address, &chars, err));
        memcpy(ret_pointer, &chars, sizeof chars);
        return TEND_OK;
    case TARGET_CODE:
        *ret_pointer = reading;
        return TEND_OK;
    case TARGET_CONTROLLERS:
        return read_list(reading, &controller_form, PLUGIN_CONTROLLERS_MAX, address, ret_pointer,
                         err);
    case TARGET_STATES:
        return read_list(reading, &state_form, MACHINE_STATES_MAX, address, ret_pointer, err);
    }
    return TEND_OK;
}

static enum tend_code read_field(struct reading *reading, const struct form *form,
                                 const struct field *field, uint64_t address, char *copy,
                                 struct error *err)
{
    enum elf_pointer kind;
    uint64_t target;
    void *pointer = NULL;
    if (!elf_image_pointer(reading->image, address + field->at, &kind, &target)) {
        return unclear(err, form->what, "a pointer of it is nothing that the linker makes");
    }
    if (kind == ELF_FOREIGN && field->target != TARGET_CODE) {
        return unclear(err, form->what, "a part of it lies in another library");
    }
    if (kind != ELF_NULL) {
        TRY(read_target(reading, form, field->target, target, &pointer, err));
    }
    memcpy(copy + field->at, &pointer, sizeof pointer);
    return TEND_OK;
}

static const struct field *find_field(const struct form *form, uint64_t at)
{
    for (size_t i = 0; i < form->count; i++) {
        if (form->fields[i].at == at) {
            return &form->fields[i];
        }
    }
    return NULL;
}

/* No change but of pointers that are known, or behind what is known. */
static enum tend_code check_changes(struct reading *reading, const struct form *form,
                                    uint64_t address, char *copy, size_t size, struct error *err)
{
    uint64_t from = address < POINTER ? 0 : address - POINTER + 1;
    uint64_t place = elf_image_next_change(reading->image, from);
    while (place < address || place - address < size) {
        uint64_t at = place - address;
        if (place >= address && at >= form->size) {
            memset(copy + at, 0xff, size - at < POINTER ? size - at : POINTER);
        } else if (place < address || find_field(form, at) == NULL) {
            return unclear(err, form->what, "the linker changes a number in it");
        }
        if (place == UINT64_MAX) {
            break;
        }
        place = elf_image_next_change(reading->image, place + 1);
    }
    return TEND_OK;
}

static enum tend_code read_struct(struct reading *reading, const struct form *form,
                                  uint64_t address, void **ret_struct, struct error *err)
{
    uint32_t size;
    if (!elf_image_bytes(reading->image, address, &size, sizeof size)) {
        return unclear(err, form->what, "it is filled in when it starts");
    }
    size_t known = size < sizeof size || size > STRUCT_MAX ? sizeof size : size;
    char *copy = arena_alloc(reading->arena, known < form->size ? form->size : known);
    if (!elf_image_bytes(reading->image, address, copy, known)) {
        return unclear(err, form->what, "it is not all in the file");
    }
    TRY(check_changes(reading, form, address, copy, known, err));
    for (size_t i = 0; i < form->count && known > sizeof size; i++) {
        if (form->fields[i].at + POINTER <= known) {
            TRY(read_field(reading, form, &form->fields[i], address, copy, err));
        } else if (form->fields[i].at < known) {
            return unclear(err, form->what, "its size cuts a pointer");
        }
    }
    *ret_struct = copy;
    return TEND_OK;
}

enum tend_code plugin_file_describe(const struct elf_image *image, const struct elf_plugin *found,
                                    struct arena *arena, const struct value **ret_descriptor,
                                    struct error *err)
{
    struct reading reading = {image, arena, DESCRIPTOR_BYTES_MAX};
    struct contract contract;
    void *plugin;
    TRY(read_struct(&reading, &plugin_form, found->symbol, &plugin, err));
    TRY(contract_adopt(plugin, arena, &contract, err));
    return contract_describe(&contract, arena, ret_descriptor, err);
}
