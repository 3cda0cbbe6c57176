/* A list is put together around objects that are written one at a time: the parts of its frame are
 * known beforehand. */
#include "cli/printer.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/plain.h"
#include "document/json.h"
#include "document/yaml.h"

enum tend_code output_parse(struct text word, enum output *ret_output, struct error *err)
{
    static const struct {
        const char *word;
        enum output output;
    } words[] = {
        {"", OUTPUT_TABLE},    {"wide", OUTPUT_WIDE}, {"name", OUTPUT_NAME},
        {"json", OUTPUT_JSON}, {"yaml", OUTPUT_YAML},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (text_is(word, words[i].word)) {
            *ret_output = words[i].output;
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID, "-o takes yaml, json, name or wide, not \"%.*s\"",
                TEXT_ARG(word));
}

void print_indented(FILE *out, struct text text, int indent)
{
    while (text.len > 0) {
        struct text line = text_cut(&text, '\n');
        fprintf(out, "%*s%.*s\n", indent, "", TEXT_ARG(line));
    }
}

void printer_begin(struct printer *printer)
{
    if (printer->shape != PRINT_LIST) {
        return;
    }
    if (printer->output == OUTPUT_JSON) {
        fputs("{\n  \"apiVersion\": \"v1\",\n  \"items\": [", printer->out);
    } else if (printer->output == OUTPUT_YAML) {
        fputs("apiVersion: v1\nitems:", printer->out);
    }
}

static void print_json(struct printer *printer, const struct value *object)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(CLIENT_BODY_MAX);
    json_write_pretty(&text, object);
    struct text view = buffer_view(&text);
    if (view.len > 0 && view.ptr[view.len - 1] == '\n') {
        view.len--;
    }
    if (printer->shape != PRINT_LIST) {
        fprintf(printer->out, "%.*s\n", TEXT_ARG(view));
        return;
    }
    fputs(printer->count == 0 ? "\n" : ",\n", printer->out);
    while (view.len > 0) {
        struct text line = text_cut(&view, '\n');
        fprintf(printer->out, "    %.*s%s", TEXT_ARG(line), view.len > 0 ? "\n" : "");
    }
}

static void print_yaml(struct printer *printer, const struct value *object)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(CLIENT_BODY_MAX);
    if (printer->shape == PRINT_LIST) {
        buffer_chars(&text, printer->count == 0 ? "\n" : "");
        yaml_write(&text, value_list(&arena, &object, 1));
    } else {
        buffer_chars(&text, printer->count > 0 ? "---\n" : "");
        yaml_write(&text, object);
    }
    fwrite(text.data, 1, text.len, printer->out);
}

void printer_object(struct printer *printer, const struct served_kind *kind,
                    const struct value *object)
{
    struct text name =
        value_text_or(value_field(value_field(object, "metadata"), "name"), TEXT(""));
    switch (printer->output) {
    case OUTPUT_JSON:
        print_json(printer, object);
        break;
    case OUTPUT_YAML:
        print_yaml(printer, object);
        break;
    case OUTPUT_TABLE:
    case OUTPUT_WIDE:
    case OUTPUT_NAME:
        plain_print(printer->out, kind->shown);
        fputc('/', printer->out);
        plain_print(printer->out, name);
        fputc('\n', printer->out);
        break;
    }
    printer->count++;
}

void printer_end(struct printer *printer)
{
    if (printer->shape != PRINT_LIST) {
        return;
    }
    if (printer->output == OUTPUT_JSON) {
        fprintf(printer->out, "%s],\n  \"kind\": \"List\",\n  \"metadata\": {}\n}\n",
                printer->count == 0 ? "" : "\n  ");
    } else if (printer->output == OUTPUT_YAML) {
        fprintf(printer->out, "%skind: List\nmetadata: {}\n", printer->count == 0 ? " []\n" : "");
    }
}
