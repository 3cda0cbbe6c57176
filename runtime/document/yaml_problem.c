/* libyaml reports what its scanner was doing; a person wants to know what is wrong in the file. The
 * table below says, for each of its sentences, what was expected; what was found is read from the text
 * at the place that libyaml names. A sentence that is not in the table is passed on as it is, so a newer
 * libyaml is less friendly, not wrong.
 *
 * libyaml counts characters, not bytes, and knows five kinds of line breaks; the walk below counts the
 * same way.
 */
#include "document/yaml_problem.h"

#include <stdio.h>
#include <string.h>

enum { EXCERPT_MAX = 24 };

struct sentence {
    const char *problem;  /* libyaml's */
    const char *expected; /* ours */
};

static const struct sentence sentences[] = {
    {"did not find expected key", "a key in the column of the mapping's other keys"},
    {"did not find expected '-' indicator", "\"- \" in the column of the list's other items"},
    {"did not find expected ',' or ']'", "',' or ']'"},
    {"did not find expected ',' or '}'", "',' or '}'"},
    {"did not find expected node content", "a value"},
    {"did not find expected <document start>", "'---' or the end of the text"},
    {"mapping values are not allowed in this context",
     "one \"key: \" in a line (a text with \": \" in it needs quotes)"},
    {"mapping keys are not allowed in this context", "the rest of a value, not a key"},
    {"block sequence entries are not allowed in this context",
     "a value (a list begins in a line of its own)"},
    {"could not find expected ':'", "':' after the key"},
    {"found unexpected ':'", "',' or the end of the value (a text with ':' in it needs quotes)"},
    {"found character that cannot start any token",
     "a value (a text that begins with this character needs quotes; tabs cannot indent)"},
    {"found a tab character where an indentation space is expected", "spaces as indentation"},
    {"found a tab character that violates indentation", "spaces as indentation"},
    {"found unexpected end of stream", "the closing quote"},
    {"found unexpected document indicator", "the closing quote"},
    {"found unknown escape character", "an escape that YAML knows after '\\'"},
    {"did not find expected hexdecimal number", "hexadecimal digits after the escape"},
    {"found invalid Unicode character escape code", "the code of a Unicode character"},
    {"found an indentation indicator equal to 0", "an indentation of 1 to 9"},
    {"did not find expected comment or line break", "the end of the line"},
    {"did not find expected alphabetic or numeric character", "a name after '&' or '*'"},
    {"found undefined tag handle", "a tag handle that a %TAG line declares"},
    {"found duplicate %YAML directive", "one %YAML line in a document"},
    {"found duplicate %TAG directive", "one %TAG line for a handle"},
    {"found incompatible YAML document", "%YAML 1.1 or %YAML 1.2"},
    {"found unknown directive name", "%YAML or %TAG"},
    {"did not find expected whitespace or line break", "a space or the end of the line"},
    {"control characters are not allowed", "printable characters"},
    {"invalid leading UTF-8 octet", "UTF-8"},
    {"invalid trailing UTF-8 octet", "UTF-8"},
    {"incomplete UTF-8 octet sequence", "UTF-8"},
    {"invalid length of a UTF-8 sequence", "UTF-8"},
    {"invalid Unicode character", "UTF-8"},
};

struct place {
    size_t at;           /* byte */
    size_t line, column; /* 0-based, as libyaml's marks */
};

/* Length of the line break at `rest`, 0 where there is none. */
static size_t break_length(struct text rest)
{
    static const char *const breaks[] = {"\r\n",     "\n",           "\r",
                                         "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        if (text_starts(rest, text_of(breaks[i]))) {
            return strlen(breaks[i]);
        }
    }
    return 0;
}

static void place_step(struct place *place, struct text input)
{
    size_t line_break = break_length(text_from(input, place->at));
    if (line_break > 0) {
        *place = (struct place){place->at + line_break, place->line + 1, 0};
        return;
    }
    do {
        place->at++;
    } while (place->at < input.len && ((unsigned char)input.ptr[place->at] & 0xC0) == 0x80);
    place->column++;
}

static struct place place_of_offset(struct text input, size_t offset)
{
    struct place place = {0};
    while (place.at < offset && place.at < input.len) {
        place_step(&place, input);
    }
    return place;
}

static struct place place_of_mark(struct text input, const yaml_mark_t *mark)
{
    struct place place = {0};
    while (place.at < input.len &&
           (place.line < mark->line || (place.line == mark->line && place.column < mark->column))) {
        place_step(&place, input);
    }
    return place;
}

/* What stands at `place`, into `out`: a quoted piece of the line, or which end it is. */
static void describe_found(struct text input, struct place place, char *out, size_t size)
{
    struct text rest = text_from(input, place.at);
    size_t len = 0;
    while (len < rest.len && len < EXCERPT_MAX && break_length(text_from(rest, len)) == 0) {
        len++;
    }
    struct text piece = text_clip(rest, len);
    if (rest.len == 0) {
        snprintf(out, size, "the end of the text");
    } else if (piece.len == 0) {
        snprintf(out, size, "the end of the line");
    } else if (piece.ptr[0] == '\t') {
        snprintf(out, size, "a tab");
    } else {
        snprintf(out, size, "`%.*s`", TEXT_ARG(piece));
    }
}

static const char *expected_of(const char *problem)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (strcmp(sentences[i].problem, problem) == 0) {
            return sentences[i].expected;
        }
    }
    return NULL;
}

static enum tend_code reader_problem(const yaml_parser_t *parser, struct text input,
                                     struct error *err)
{
    struct place place = place_of_offset(input, parser->problem_offset);
    const char *expected = expected_of(parser->problem);
    return FAIL(err, TEND_INVALID, "line %zu, column %zu: expected %s, found 0x%02X",
                place.line + 1, place.column + 1, expected == NULL ? "text" : expected,
                (unsigned)parser->problem_value);
}

enum tend_code yaml_problem(const yaml_parser_t *parser, struct text input, struct error *err)
{
    if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL) {
        return FAIL(err, TEND_LIMIT, "no memory to read this text");
    }
    if (parser->error == YAML_READER_ERROR) {
        return reader_problem(parser, input, err);
    }
    char found[64], inside[64] = "";
    const yaml_mark_t *mark = &parser->problem_mark;
    struct place place =
        place_of_mark(input, mark); /* libyaml places the end in a line of its own */
    describe_found(input, place, found, sizeof found);
    if (parser->context != NULL && parser->context_mark.line != place.line) {
        snprintf(inside, sizeof inside, ", in what begins in line %zu, column %zu",
                 parser->context_mark.line + 1, parser->context_mark.column + 1);
    }
    const char *expected = expected_of(parser->problem);
    if (expected == NULL) {
        return FAIL(err, TEND_INVALID, "line %zu, column %zu: %s, at %s%s", place.line + 1,
                    place.column + 1, parser->problem, found, inside);
    }
    return FAIL(err, TEND_INVALID, "line %zu, column %zu: expected %s, found %s%s", place.line + 1,
                place.column + 1, expected, found, inside);
}
