/* A file that says what it likes goes through here to a terminal: whatever is no UTF-8 is shown as '?', and
 * printing goes through plain.h. */
#include "cli/inspection.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/plain_file.h"
#include "base/sha256.h"
#include "cli/declared.h"
#include "cli/libraries.h"
#include "cli/plain.h"
#include "protocol/descriptor.h"
#include "protocol/plugin_file.h"

struct inspection {
    struct arena *arena;
    const struct value *report;
    struct elf_plugin found;
    struct elf_image *image; /* NULL: its bytes cannot be followed */
};

static void put(struct inspection *inspection, const char *field, const struct value *value)
{
    inspection->report = value_with(inspection->arena, inspection->report, text_of(field), value);
}

static void put_text(struct inspection *inspection, const char *field, struct text text)
{
    put(inspection, field, value_text(inspection->arena, plain_utf8(inspection->arena, text)));
}

/* --- judging ----------------------------------------------------------------------------------- */

/* The folders of a host are searched for files of this name. */
static enum tend_code check_name(const char *file, struct error *err)
{
    return text_ends(text_of(file), TEXT(".so"))
               ? TEND_OK
               : FAIL(err, TEND_INVALID,
                      "a host does not look at it: the names of plugins end in .so");
}

static void put_file(struct inspection *inspection, struct text bytes)
{
    char hash[SHA256_HEX];
    sha256_hex(bytes, hash);
    put(inspection, "bytes", value_int(inspection->arena, (int64_t)bytes.len));
    put(inspection, "sha256", value_chars(inspection->arena, hash));
}

/* What cannot be read is no reason for a host, which runs it. */
static enum tend_code put_plugin(struct inspection *inspection, struct error *err)
{
    const struct value *plugin;
    enum tend_code code = plugin_file_describe(inspection->image, &inspection->found,
                                               inspection->arena, &plugin, err);
    if (code == TEND_UNAVAILABLE) {
        put_text(inspection, "unread", text_of(err->message));
        return TEND_OK;
    }
    TRY(code);
    put(inspection, "plugin", plugin);
    TRY(descriptor_read(plugin, inspection->arena, &plugin, err));
    put(inspection, "plugin", plugin);
    return declared_check(plugin, inspection->arena, err);
}

static enum tend_code put_content(struct inspection *inspection, const char *file,
                                  struct text bytes, struct error *err)
{
    struct arena *arena = inspection->arena;
    TRY(elf_check(bytes, &inspection->found, err));
    put(inspection, "machine", value_chars(arena, elf_machine()));
    put_text(inspection, "contract",
             arena_format(arena, "%u.%u", inspection->found.major, inspection->found.minor));
    if (elf_image_open(bytes, arena, &inspection->image, err) != TEND_OK) {
        put_text(inspection, "unread", text_of(err->message));
        return TEND_OK;
    }
    put(inspection, "needs", libraries_describe(inspection->image, arena));
    TRY(libraries_check(file, bytes, inspection->image, err));
    return put_plugin(inspection, err);
}

static enum tend_code judge_file(struct inspection *inspection, const char *file, struct error *err)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(PLUGIN_BYTES_MAX + 64 * KIB);
    TRY(plain_file_take(file, "plugins", PLUGIN_BYTES_MAX, &bytes, err));
    put_file(inspection, buffer_view(&bytes));
    return put_content(inspection, file, buffer_view(&bytes), err);
}

/* Of a file with another name, what it is as well: a new name may not be all that it needs. */
static enum tend_code judge(struct inspection *inspection, const char *file, struct error *err)
{
    struct error named = ERROR_INIT, held = ERROR_INIT;
    if (check_name(file, &named) == TEND_OK) {
        return judge_file(inspection, file, err);
    }
    if (judge_file(inspection, file, &held) == TEND_OK) {
        return FAIL(err, TEND_INVALID, "%s", named.message);
    }
    return FAIL(err, TEND_INVALID, "%s; and %s", named.message, held.message);
}

const struct value *inspection_make(const char *file, struct arena *arena)
{
    struct inspection inspection = {.arena = arena};
    struct error err = ERROR_INIT;
    put_text(&inspection, "file", text_of(file));
    bool loads = judge(&inspection, file, &err) == TEND_OK;
    put(&inspection, "loads", value_bool(arena, loads));
    if (!loads) {
        put_text(&inspection, "why", text_of(err.message));
    }
    return inspection.report;
}

/* --- for people -------------------------------------------------------------------------------- */

static void print_titled(FILE *out, int indent, const char *title, struct text text)
{
    if (text.len > 0) {
        fprintf(out, "%*s", indent, "");
        plain_print_titled(out, title, text);
    }
}

static struct text joined(struct arena *arena, const struct value *list, const char *field)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(DESCRIPTOR_BYTES_MAX * 2);
    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *item = value_at(list, i);
        buffer_chars(&out, i == 0 ? "" : ", ");
        buffer_text(&out, field == NULL ? value_text_or(item, TEXT(""))
                                        : value_get_text(item, text_of(field)));
    }
    return arena_text(arena, buffer_view(&out));
}

static void print_libraries(FILE *out, const struct value *needs, struct arena *arena)
{
    for (size_t i = 0; i < value_count(needs); i++) {
        const struct value *need = value_at(needs, i);
        bool is_found = value_field(need, "found") != NULL;
        struct text library = value_get_text(need, TEXT("library"));
        plain_print_titled(
            out, "Needs:",
            arena_format(arena, "%.*s%s", TEXT_ARG(library),
                         is_found ? "" : " (in none of the usual folders; it may be elsewhere)"));
    }
}

static void print_controller(FILE *out, const struct value *controller, struct arena *arena)
{
    const struct value *machine = value_field(controller, "machine");
    const struct value *crd = value_field(value_field(controller, "crd"), "metadata");
    bool observes = value_bool_or(value_field(controller, "observer"), false);
    int64_t parallel = value_int_or(value_field(controller, "parallel"), 1);
    plain_print_titled(out, "Controller:", value_get_text(controller, TEXT("name")));
    print_titled(out, 2,
                 observes ? "Observes:" : "Kind:", value_get_text(controller, TEXT("kind")));
    print_titled(out, 2, "Labels:", value_get_text(controller, TEXT("labels")));
    print_titled(out, 2, "Annotation:", value_get_text(controller, TEXT("annotation")));
    print_titled(out, 2, "Definition:", value_get_text(crd, TEXT("name")));
    print_titled(out, 2, "States:", joined(arena, value_field(machine, "states"), "name"));
    print_titled(out, 2, "Owns:", joined(arena, value_field(controller, "owns"), NULL));
    print_titled(out, 2, "Parallel:", arena_format(arena, "%lld", (long long)parallel));
    if (value_bool_or(value_field(controller, "finalize"), false)) {
        print_titled(out, 2, "Finalizes:", TEXT("yes"));
    }
}

static void print_plugin(FILE *out, const struct value *plugin, struct arena *arena)
{
    const struct value *controllers = value_field(plugin, "controllers");
    struct text name = value_get_text(plugin, TEXT("name")),
                version = value_get_text(plugin, TEXT("version"));
    if (plugin != NULL) {
        plain_print_titled(
            out, "Plugin:", arena_format(arena, "%.*s %.*s", TEXT_ARG(name), TEXT_ARG(version)));
    }
    for (size_t i = 0; i < value_count(controllers); i++) {
        print_controller(out, value_at(controllers, i), arena);
    }
}

void inspection_print(FILE *out, const struct value *inspection)
{
    CLEANUP(arena_done) struct arena arena = {0};
    bool loads = value_bool_or(value_field(inspection, "loads"), false);
    plain_print_titled(out, "File:", value_get_text(inspection, TEXT("file")));
    plain_print_titled(
        out,
        "Verdict:", loads ? TEXT("would load, as far as the file tells") : TEXT("would not load"));
    plain_print_titled(out, "Why:", value_get_text(inspection, TEXT("why")));
    plain_print_titled(out, "SHA-256:", value_get_text(inspection, TEXT("sha256")));
    plain_print_titled(out, "Machine:", value_get_text(inspection, TEXT("machine")));
    plain_print_titled(out, "Contract:", value_get_text(inspection, TEXT("contract")));
    print_libraries(out, value_field(inspection, "needs"), &arena);
    plain_print_titled(out, "Unread:", value_get_text(inspection, TEXT("unread")));
    print_plugin(out, value_field(inspection, "plugin"), &arena);
}
