/* Tables of fields, each with the function that reads it: so a field that is unknown is known to be. */
#include "host/configuration.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/plain_file.h"
#include "document/json.h"
#include "document/yaml.h"
#include "host/options.h"

struct reader {
    const char *path;   /* of the file, for people */
    const char *folder; /* that relative paths are below; NULL: the working folder */
    struct options *options;
    struct configuration *configuration;
    struct error *err;
};

/* One field of a map, and what its reader fills in. */
struct given {
    const struct value_field *field;
    struct configured_file *file; /* NULL: the field is of all */
};

struct field {
    const char *name;
    enum tend_code (*read)(struct reader *reader, const struct given *given, int option);
    int option; /* enum option_name; of those that have one */
};

/* Whole where it is short enough for a sentence. */
#define SHOWN(text) TEXT_ARG(text_clip((text), 64))

/* --- places -------------------------------------------------------------------------------------- */

static NODISCARD enum tend_code fail_at(struct reader *reader, uint32_t line, uint32_t column)
{
    return error_wrap(reader->err, "%s:%u:%u", reader->path, line, column);
}

#define FAIL_AT_KEY(reader, field, ...)                                                            \
    (FAIL((reader)->err, TEND_INVALID, __VA_ARGS__),                                               \
     fail_at((reader), (field)->line, (field)->column))

#define FAIL_AT(reader, value, ...)                                                                \
    (FAIL((reader)->err, TEND_INVALID, __VA_ARGS__),                                               \
     fail_at((reader), (value)->line, (value)->column))

static NODISCARD enum tend_code check_type(struct reader *reader, const struct value_field *field,
                                           enum value_type type)
{
    static const char *const names[] = {
        [VALUE_NULL] = "null",     [VALUE_BOOL] = "true or false", [VALUE_INT] = "a whole number",
        [VALUE_REAL] = "a number", [VALUE_TEXT] = "a text",        [VALUE_LIST] = "a list",
        [VALUE_MAP] = "a map"};
    if (field->value->type == type) {
        return TEND_OK;
    }
    return FAIL_AT(reader, field->value, "%.*s: expected %s, found %s", SHOWN(field->key),
                   names[type], names[field->value->type]);
}

/* --- maps ---------------------------------------------------------------------------------------- */

static NODISCARD enum tend_code fail_unknown(struct reader *reader, const struct value_field *field,
                                             const struct field *known, size_t count)
{
    const char *names[16];
    assert(count <= COUNT_OF(names));
    for (size_t i = 0; i < count; i++) {
        names[i] = known[i].name;
    }
    const char *near = text_nearest(field->key, names, count);
    return FAIL_AT_KEY(reader, field, "unknown field \"%.*s\"%s%s%s", SHOWN(field->key),
                       near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                       near == NULL ? "" : "\"?");
}

static NODISCARD enum tend_code read_map(struct reader *reader, const struct value *map,
                                         struct configured_file *file, const struct field *known,
                                         size_t count)
{
    for (size_t i = 0; i < map->count; i++) {
        struct given given = {&map->fields[i], file};
        size_t at = 0;
        while (at < count && !text_is(given.field->key, known[at].name)) {
            at++;
        }
        TRY(at == count ? fail_unknown(reader, given.field, known, count)
                        : known[at].read(reader, &given, known[at].option));
    }
    return TEND_OK;
}

/* --- values -------------------------------------------------------------------------------------- */

/* As a flag would have it: a text, or a number. NULL: it is neither. */
static const char *written(const struct reader *reader, const struct value *value)
{
    struct arena *arena = &reader->configuration->arena;
    switch (value->type) {
    case VALUE_TEXT:
        return memchr(value->text.ptr, '\0', value->text.len) == NULL ? value->text.ptr : NULL;
    case VALUE_INT:
        return arena_format(arena, "%lld", (long long)value->integer).ptr;
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_REAL:
    case VALUE_LIST:
    case VALUE_MAP:
        break;
    }
    return NULL;
}

static NODISCARD enum tend_code set(struct reader *reader, const struct given *given,
                                    const struct value *value, int option)
{
    const struct option_text text = {
        .text = written(reader, value), .folder = reader->folder, .from = OPTION_OF_FILE};
    struct text key = given->field->key;
    enum option_name name = (enum option_name)option;
    if (text.text == NULL) {
        return FAIL_AT(reader, value, "%.*s: expected a text", SHOWN(key));
    }
    enum tend_code code =
        given->file != NULL
            ? options_set_bound(&given->file->settings.bounds, name, text.text, reader->err)
            : options_set(reader->options, name, &text, reader->err);
    if (code != TEND_OK) {
        (void)error_wrap(reader->err, "%.*s", SHOWN(key));
        return fail_at(reader, value->line, value->column);
    }
    return TEND_OK;
}

static enum tend_code read_option(struct reader *reader, const struct given *given, int option)
{
    return set(reader, given, given->field->value, option);
}

static enum tend_code read_folders(struct reader *reader, const struct given *given, int option)
{
    TRY(check_type(reader, given->field, VALUE_LIST));
    for (size_t i = 0; i < given->field->value->count; i++) {
        TRY(set(reader, given, given->field->value->items[i], option));
    }
    return TEND_OK;
}

static const struct field bounds[] = {
    {"memory", read_option, OPTION_RUNNER_MEMORY},
    {"files", read_option, OPTION_RUNNER_FILES},
    {"runTime", read_option, OPTION_RUN_TIME},
    {"confine", read_option, OPTION_CONFINE},
};

static enum tend_code read_runners(struct reader *reader, const struct given *given, int option)
{
    (void)option;
    TRY(check_type(reader, given->field, VALUE_MAP));
    return read_map(reader, given->field->value, NULL, bounds, COUNT_OF(bounds));
}

/* --- of one file --------------------------------------------------------------------------------- */

static enum tend_code read_enabled(struct reader *reader, const struct given *given, int option)
{
    (void)option;
    TRY(check_type(reader, given->field, VALUE_BOOL));
    given->file->settings.use = given->field->value->boolean ? PLUGIN_ENABLED : PLUGIN_DISABLED;
    return TEND_OK;
}

static bool is_script(const char *name)
{
    return text_ends(text_of(name), TEXT(".lua"));
}

static enum tend_code read_isolation(struct reader *reader, const struct given *given, int option)
{
    const struct value *value = given->field->value;
    (void)option;
    TRY(check_type(reader, given->field, VALUE_TEXT));
    if (text_is(value->text, "process")) {
        return TEND_OK;
    }
    if (!text_is(value->text, "inline")) {
        return FAIL_AT(reader, value, "isolation: \"%.*s\" is neither process nor inline",
                       SHOWN(value->text));
    }
    if (is_script(given->file->name)) {
        return FAIL_AT(
            reader, value,
            "isolation: a script always has a process of its own; inline is for plugins");
    }
    given->file->settings.isolation = ISOLATION_INLINE;
    return TEND_OK;
}

static enum tend_code read_parallel(struct reader *reader, const struct given *given, int option)
{
    const struct value *value = given->field->value;
    (void)option;
    TRY(check_type(reader, given->field, VALUE_INT));
    if (value->integer < 1 || value->integer > WORKER_CALLS_MAX) {
        return FAIL_AT(reader, value, "parallel: %lld is not between 1 and %u",
                       (long long)value->integer, WORKER_CALLS_MAX);
    }
    given->file->settings.parallel = (uint32_t)value->integer;
    return TEND_OK;
}

static enum tend_code read_confine(struct reader *reader, const struct given *given, int option)
{
    given->file->confined = CONFINED_OWN;
    return read_option(reader, given, option);
}

static enum tend_code read_config(struct reader *reader, const struct given *given, int option)
{
    const struct value *value = given->field->value;
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(CONFIG_BYTES_MAX);
    (void)option;
    TRY(check_type(reader, given->field, VALUE_MAP));
    json_write(&json, value);
    if (json.full) {
        return FAIL_AT(reader, value, "config: it is larger than %u KiB as JSON",
                       CONFIG_BYTES_MAX / KIB);
    }
    given->file->settings.config = value;
    return TEND_OK;
}

static const struct field of_file[] = {
    {"enabled", read_enabled, 0},
    {"isolation", read_isolation, 0},
    {"parallel", read_parallel, 0},
    {"memory", read_option, OPTION_RUNNER_MEMORY},
    {"files", read_option, OPTION_RUNNER_FILES},
    {"runTime", read_option, OPTION_RUN_TIME},
    {"confine", read_confine, OPTION_CONFINE},
    {"config", read_config, 0},
};

/* Of the file called `name`, where that is one. */
static NODISCARD enum tend_code check_name(struct reader *reader, struct text name, uint32_t line,
                                           uint32_t column)
{
    const char *why = NULL;
    if (memchr(name.ptr, '/', name.len) != NULL) {
        why = "is a path; write the name of the file without its folder";
    } else if (memchr(name.ptr, '\0', name.len) != NULL ||
               (!text_ends(name, TEXT(".so")) && !text_ends(name, TEXT(".lua")))) {
        why = "is no plugin (*.so) or script (*.lua)";
    }
    if (why != NULL) {
        (void)FAIL(reader->err, TEND_INVALID, "\"%.*s\" %s", SHOWN(name), why);
        return fail_at(reader, line, column);
    }
    return TEND_OK;
}

static enum tend_code read_files(struct reader *reader, const struct given *given, int option)
{
    struct configuration *configuration = reader->configuration;
    const struct value *map = given->field->value;
    (void)option;
    TRY(check_type(reader, given->field, VALUE_MAP));
    configuration->files =
        arena_alloc(&configuration->arena, map->count * sizeof *configuration->files);
    for (size_t i = 0; i < map->count; i++) {
        const struct value_field *field = &map->fields[i];
        struct configured_file *file = &configuration->files[configuration->file_count++];
        *file = (struct configured_file){.name = field->key.ptr};
        TRY(check_name(reader, field->key, field->line, field->column));
        TRY(check_type(reader, field, VALUE_MAP));
        TRY(read_map(reader, field->value, file, of_file, COUNT_OF(of_file)));
    }
    return TEND_OK;
}

/* --- kinds --------------------------------------------------------------------------------------- */

/* "lab.neuroglia.com" and "LabInstance" of "lab.neuroglia.com/v1/LabInstance"; the group of "v1/Pod" is empty. */
static bool split_kind(struct text kind, struct text *ret_group, struct text *ret_name)
{
    struct text rest = kind, first = text_cut(&rest, '/'), second = text_cut(&rest, '/');
    *ret_group = rest.len > 0 ? first : TEXT("");
    *ret_name = rest.len > 0 ? rest : second;
    return first.len > 0 && second.len > 0 && kind.ptr[kind.len - 1] != '/' &&
           memchr(rest.ptr, '/', rest.len) == NULL;
}

static enum tend_code read_kinds(struct reader *reader, const struct given *given, int option)
{
    struct configuration *configuration = reader->configuration;
    const struct value *map = given->field->value;
    struct text group, name;
    (void)option;
    TRY(check_type(reader, given->field, VALUE_MAP));
    configuration->pins =
        arena_alloc(&configuration->arena, map->count * sizeof *configuration->pins);
    for (size_t i = 0; i < map->count; i++) {
        const struct value_field *field = &map->fields[i];
        if (!split_kind(field->key, &group, &name)) {
            return FAIL_AT_KEY(
                reader, field,
                "\"%.*s\" is no kind; write GROUP/VERSION/KIND, as a controller does",
                SHOWN(field->key));
        }
        if (configuration_pin(configuration, field->key.ptr) != NULL) {
            return FAIL_AT_KEY(reader, field, "%.*s is named twice, in two versions", SHOWN(name));
        }
        TRY(check_type(reader, field, VALUE_TEXT));
        TRY(check_name(reader, field->value->text, field->value->line, field->value->column));
        configuration->pins[configuration->pin_count++] =
            (struct kind_pin){field->key.ptr, field->value->text.ptr};
    }
    return TEND_OK;
}

/* --- the file ------------------------------------------------------------------------------------ */

static const struct field of_host[] = {
    {"manifests", read_folders, OPTION_MANIFESTS},
    {"plugins", read_folders, OPTION_PLUGINS},
    {"scripts", read_folders, OPTION_SCRIPTS},
    {"data", read_option, OPTION_DATA},
    {"socket", read_option, OPTION_SOCKET},
    {"watchInterval", read_option, OPTION_WATCH_INTERVAL},
    {"resync", read_option, OPTION_RESYNC},
    {"for", read_option, OPTION_FOR},
    {"logLevel", read_option, OPTION_LOG_LEVEL},
    {"logFormat", read_option, OPTION_LOG_FORMAT},
    {"runners", read_runners, 0},
    {"files", read_files, 0},
    {"kinds", read_kinds, 0},
};

/* "line L, column C: what" of a file that is no YAML becomes FILE:L:C: what. */
static NODISCARD enum tend_code fail_yaml(struct reader *reader)
{
    char message[ERROR_TEXT_MAX];
    unsigned line, column;
    int used = 0;
    snprintf(message, sizeof message, "%s", reader->err->message);
    if (sscanf(message, "line %u, column %u: %n", &line, &column, &used) == 2 && used > 0) {
        return FAIL(reader->err, reader->err->code, "%s:%u:%u: %s", reader->path, line, column,
                    message + used);
    }
    return error_wrap(reader->err, "%s", reader->path);
}

static NODISCARD enum tend_code parse(struct reader *reader, struct text bytes)
{
    struct yaml_stream stream;
    if (yaml_parse(&reader->configuration->arena, bytes, &stream, reader->err) != TEND_OK) {
        return fail_yaml(reader);
    }
    if (stream.count == 0) {
        return TEND_OK;
    }
    if (stream.count > 1) {
        (void)FAIL(reader->err, TEND_INVALID,
                   "a configuration is one document; here begins another");
        return fail_at(reader, stream.documents[1].line, 1);
    }
    const struct value *root = stream.documents[0].value;
    if (!value_is(root, VALUE_MAP)) {
        return FAIL_AT(reader, root, "expected a map of fields, such as plugins: [FOLDER]");
    }
    return read_map(reader, root, NULL, of_host, COUNT_OF(of_host));
}

enum tend_code configuration_parse(struct text bytes, const char *path, struct options *options,
                                   struct error *err)
{
    struct configuration *configuration = &options->configuration;
    const char *slash = strrchr(path, '/');
    struct text folder = {path, slash == NULL ? 0 : (size_t)(slash - path)};
    configuration->path = arena_text(&configuration->arena, text_of(path)).ptr;
    struct reader reader = {.path = configuration->path,
                            .folder = slash == NULL ? NULL
                                                    : arena_text(&configuration->arena, folder).ptr,
                            .options = options,
                            .configuration = configuration,
                            .err = err};
    return parse(&reader, bytes);
}

enum tend_code configuration_read(const char *path, struct options *options, struct error *err)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(CONFIGURATION_MAX + 64 * KIB);
    CLEANUP(freep) char *real = realpath(path, NULL); /* the file may be a link to one */
    if (plain_file_take(real == NULL ? path : real, "configurations", CONFIGURATION_MAX, &bytes,
                        err) != TEND_OK) {
        return error_wrap(err, "--config");
    }
    return configuration_parse(buffer_view(&bytes), path, options, err);
}

/* --- answers ------------------------------------------------------------------------------------- */

const char *configuration_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash == NULL ? file : slash + 1;
}

struct plugin_settings configuration_settings(const struct configuration *configuration,
                                              const struct runner_bounds *all, const char *file)
{
    struct plugin_settings settings = {.bounds = *all};
    for (size_t i = 0; i < configuration->file_count; i++) {
        const struct configured_file *said = &configuration->files[i];
        if (strcmp(said->name, configuration_name(file)) == 0) {
            const struct runner_bounds *own = &said->settings.bounds;
            settings = said->settings;
            settings.bounds.memory_bytes =
                own->memory_bytes != 0 ? own->memory_bytes : all->memory_bytes;
            settings.bounds.open_files = own->open_files != 0 ? own->open_files : all->open_files;
            settings.bounds.run_ms = own->run_ms != 0 ? own->run_ms : all->run_ms;
            settings.bounds.confinement =
                said->confined == CONFINED_OWN ? own->confinement : all->confinement;
        }
    }
    return settings;
}

const char *configuration_pin(const struct configuration *configuration, const char *kind)
{
    struct text group, name, pinned_group, pinned_name;
    if (!split_kind(text_of(kind), &group, &name)) {
        return NULL;
    }
    for (size_t i = 0; i < configuration->pin_count; i++) {
        const struct kind_pin *pin = &configuration->pins[i];
        if (split_kind(text_of(pin->kind), &pinned_group, &pinned_name) &&
            text_equal(group, pinned_group) && text_equal(name, pinned_name)) {
            return pin->file;
        }
    }
    return NULL;
}

void configuration_done(struct configuration *configuration)
{
    arena_done(&configuration->arena);
    *configuration = (struct configuration){0};
}
