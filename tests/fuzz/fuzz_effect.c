/* What comes from controllers and from outside, by the first byte: a question is checked; what a program says
 * or a keeper wrote becomes a result that can be printed and parsed again. */
#include "base/alloc.h"
#include "document/json.h"
#include "document/utf8.h"
#include "effect/command.h"
#include "effect/effect.h"
#include "support/require.h"

static void check_question(struct arena *arena, struct text input)
{
    const struct value *question;
    struct error err = ERROR_INIT;
    if (json_parse(arena, input, &question, &err) == TEND_OK &&
        effect_check(question, &err) != TEND_OK) {
        require(err.message[0] != '\0', "a refusal has a sentence");
    }
}

static void check_prints(struct arena *arena, const struct value *result)
{
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(MIB);
    const struct value *again = NULL;
    json_write(&json, result);
    require(!json.full, "a result is bounded");
    require(json_parse(arena, buffer_view(&json), &again, NULL) == TEND_OK, "a result is JSON");
    require(value_equal(result, again), "a result is what was printed");
}

static void check_output(struct arena *arena, struct text input)
{
    struct capture capture = CAPTURE_INIT;
    size_t half = input.len / 2;
    capture_add(&capture, input.ptr, half);
    capture_add(&capture, input.ptr + half, input.len - half);
    const struct value *said = capture_text(arena, &capture);
    require(utf8_is_text(said->text.ptr) && strlen(said->text.ptr) == said->text.len, "text");
    struct command_end end = {.status = 0, .out = &capture, .err = &capture};
    check_prints(arena, command_result(arena, &end));
    capture_done(&capture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (size == 0) {
        return 0;
    }
    struct text input = arena_text(&arena, (struct text){(const char *)data + 1, size - 1});
    switch (data[0] % 3) {
    case 0:
        check_question(&arena, input);
        break;
    case 1:
        check_output(&arena, input);
        break;
    default:
        check_prints(&arena, command_kept_result(&arena, input));
        break;
    }
    return 0;
}
