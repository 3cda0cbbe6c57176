/* What `describe` says of a Controller, and what it leaves for others to say. */
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/controller_part.h"
#include "document/yaml.h"
#include "support/suite.h"

/* What is printed; *ret_left is what was not. */
static struct text printed(struct arena *arena, const char *controller,
                           const struct value **ret_left)
{
    struct error err = ERROR_INIT;
    struct yaml_stream stream;
    char *bytes = NULL;
    size_t size = 0;
    if (!CHECK_INT(yaml_parse(arena, text_of(controller), &stream, &err), TEND_OK)) {
        printf("%s\n", err.message);
        return TEXT("");
    }
    FILE *out = open_memstream(&bytes, &size);
    *ret_left = controller_part_print(out, stream.documents[0].value, arena);
    fclose(out);
    struct text text = arena_text(arena, (struct text){bytes, size});
    free(bytes);
    return text;
}

static void says_how_it_goes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *left = NULL;
    const char *controller =
        "status:\n"
        "  phase: live\n  since: 2026-01-01T10:00:00Z\n  reason: CandidateRefused\n"
        "  message: \"a.lua is refused\\n   3 | if x the\\n     |      ^\"\n"
        "  file: /s/a.lua\n  version: 1.2.0\n  hash: 0123456789abcdef\n"
        "  lastGood: 0123456789abcdef\n  rejected: fedcba9876543210\n"
        "  kinds: [a.b/v1/A, a.b/v1/B]\n  restarts: 2\n"
        "  counts: {runs: 78, failures: 74}\n"
        "  lastError: {message: \"a.lua:12: on\\e[31m fire\\nmore\", object: as.a.b default/x,\n"
        "   time: 2026-01-01T10:00:01Z}\n";
    CHECK_TEXT(printed(&arena, controller, &left).ptr,
               "Phase:         live since 2026-01-01T10:00:00Z (CandidateRefused)\n"
               "Message:       a.lua is refused\n"
               "                  3 | if x the\n"
               "                    |      ^\n"
               "File:          /s/a.lua\n"
               "Version:       1.2.0 (0123456789ab)\n"
               "Last good:     0123456789ab, which is this one\n"
               "Rolled back:   fedcba987654\n"
               "Kinds:         a.b/v1/A\n"
               "               a.b/v1/B\n"
               "Runs:          78, of which 74 failed\n"
               "Restarts:      2\n"
               "Last error:    2026-01-01T10:00:01Z, as.a.b default/x\n"
               "               a.lua:12: on?[31m fire\n"
               "               more\n");
    CHECK_INT(value_count(left), 0);
}

static void says_the_states(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *left = NULL;
    const char *controller =
        "spec:\n  owns:\n  - apiVersion: a.b/v1\n    kind: A\n    finalizes: true\n    machine:\n"
        "      initial: new\n      field: status.state\n      states:\n"
        "      - {name: new, next: [ready, gone], within: 60000, otherwise: gone}\n"
        "      - {name: ready, next: [gone], withinField: spec.lasts, within: 5400000,\n"
        "         from: status.readyAt, condition: Late}\n"
        "      - {name: kept, next: [gone], withinField: spec.kept, otherwise: gone}\n"
        "      - {name: gone, final: true}\n";
    CHECK_TEXT(
        printed(&arena, controller, &left).ptr,
        "Phase:         not reported yet\n"
        "Cleans up:     before an object that is deleted goes\n"
        "States:\n"
        "  STATE   NEXT          WITHIN                                        THEN\n"
        "  new     ready, gone   1m                                            gone\n"
        "  ready   gone          spec.lasts, else 1h30m after status.readyAt   condition Late\n"
        "  kept    gone          spec.kept                                     gone\n"
        "  gone    (final)\n");
    CHECK_INT(value_count(left), 0);
}

/* A field of a newer host is shown like those of any object. */
static void leaves_what_it_does_not_know(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *left = NULL;
    (void)printed(&arena,
                  "kind: Controller\nspec: {owns: [], sort: b}\nstatus: {phase: live, mood: a}\n",
                  &left);
    CHECK(text_is(value_text_or(value_field(left, "kind"), TEXT("")), "Controller"));
    CHECK_INT(value_count(value_field(left, "spec")), 1);
    CHECK_INT(value_count(value_field(left, "status")), 1);
    CHECK(value_field(value_field(left, "status"), "mood") != NULL);
    /* and what makes no sense does no harm */
    (void)printed(&arena,
                  "spec: {owns: [1, {machine: {states: [2, {next: 3, within: -7}]}}]}\n"
                  "status: [x]\n",
                  &left);
    (void)printed(&arena, "spec: x\nstatus: {kinds: 1, counts: 2, lastError: 3, hash: 4}\n", &left);
    (void)printed(&arena, "[]\n", &left);
}

SUITE({"says how it goes", says_how_it_goes}, {"says the states", says_the_states},
      {"leaves what it does not know", leaves_what_it_does_not_know})
