/* `inspect`: asks no host, so that it can be used where plugins are built. */
#include "base/alloc.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/inspection.h"
#include "cli/printer.h"

static enum tend_code check_files(const struct arguments *arguments, struct error *err)
{
    if (arguments->word_count == 0) {
        return FAIL(err, TEND_INVALID, "inspect takes plugin files");
    }
    for (size_t i = 0; i < arguments->word_count; i++) {
        if (text_ends(text_of(arguments->words[i]), TEXT(".lua"))) {
            return FAIL(err, TEND_INVALID, "%s is a script, which `tend test` checks",
                        arguments->words[i]);
        }
    }
    return TEND_OK;
}

static enum tend_code read_form(const struct arguments *arguments, enum output *ret_output,
                                struct error *err)
{
    struct text word = arguments_value(arguments, OPTION_FORM);
    if (output_parse(word, ret_output, err) == TEND_OK &&
        (*ret_output == OUTPUT_TABLE || *ret_output == OUTPUT_JSON || *ret_output == OUTPUT_YAML)) {
        return TEND_OK;
    }
    return FAIL(err, TEND_INVALID, "-o takes yaml or json, not \"%.*s\"", TEXT_ARG(word));
}

/* Returns whether a host would load it. */
static bool show(struct session *session, const char *file, struct printer *printer)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *inspection = inspection_make(file, &arena);
    if (printer->output == OUTPUT_TABLE) {
        fputs(printer->count++ > 0 ? "\n" : "", session->out);
        inspection_print(session->out, inspection);
    } else {
        printer_object(printer, NULL, inspection);
    }
    return value_bool_or(value_field(inspection, "loads"), false);
}

int command_inspect(struct session *session, const struct arguments *arguments)
{
    struct printer printer = {.out = session->out, .shape = PRINT_STREAM};
    struct error err = ERROR_INIT;
    int result = EXIT_DONE;
    if (check_files(arguments, &err) != TEND_OK ||
        read_form(arguments, &printer.output, &err) != TEND_OK) {
        return command_misused(session, "inspect", &err);
    }
    for (size_t i = 0; i < arguments->word_count && !session_output_closed(session); i++) {
        result = show(session, arguments->words[i], &printer) ? result : EXIT_FAILED;
    }
    return result;
}
