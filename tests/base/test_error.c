#include "base/error.h"
#include "support/suite.h"

static enum tend_code fails(struct error *err)
{
    return FAIL(err, TEND_CONFLICT, "%s changed since revision %d", "lab/a", 7);
}

static enum tend_code forwards(struct error *err, bool *ret_went_on)
{
    TRY(fails(err));
    *ret_went_on = true;
    return TEND_OK;
}

static void says_what_and_where(void)
{
    struct error err = ERROR_INIT;
    CHECK_INT(fails(&err), TEND_CONFLICT);
    CHECK_INT(err.code, TEND_CONFLICT);
    CHECK_TEXT(err.message, "lab/a changed since revision 7");
    CHECK(err.origin != NULL && strncmp(err.origin, "tests/base/test_error.c:", 24) == 0);
}

static void forwards_unchanged(void)
{
    struct error err = ERROR_INIT;
    bool went_on = false;
    CHECK_INT(forwards(&err, &went_on), TEND_CONFLICT);
    CHECK(!went_on);
    CHECK_TEXT(err.message, "lab/a changed since revision 7");
}

static void does_without_a_listener(void)
{
    CHECK_INT(fails(NULL), TEND_CONFLICT);
    CHECK_INT(error_wrap(NULL, "nobody hears"), TEND_INTERNAL);
}

static void gains_context_on_its_way_up(void)
{
    struct error err = ERROR_INIT;
    fails(&err);
    const char *origin = err.origin;
    CHECK_INT(error_wrap(&err, "%s:%d", "lab.yaml", 3), TEND_CONFLICT);
    CHECK_TEXT(err.message, "lab.yaml:3: lab/a changed since revision 7");
    CHECK(err.origin == origin);
}

static void may_quote_itself(void)
{
    struct error err = ERROR_INIT;
    fails(&err);
    FAIL(&err, TEND_INVALID, "again: %s", err.message);
    CHECK_TEXT(err.message, "again: lab/a changed since revision 7");
    error_wrap(&err, "(%s)", err.message);
    CHECK(strstr(err.message, "(again: lab/a changed since revision 7): again:") == err.message);
}

/* `count` times the two bytes of an e with an acute accent, after `start`. */
static void fill(char *out, const char *start, size_t count)
{
    strcpy(out, start);
    for (size_t i = 0; i < count; i++) {
        strcat(out, "\xc3\xa9");
    }
}

static void check_cut_between_characters(const struct error *err, size_t start_len)
{
    size_t len = strlen(err->message);
    CHECK(len < ERROR_TEXT_MAX && len >= ERROR_TEXT_MAX - 5);
    CHECK_TEXT(err->message + len - 3, "...");
    CHECK_INT((len - 3 - start_len) % 2, 0);
}

static void cuts_long_messages_between_characters(void)
{
    char text[1024];
    struct error err = ERROR_INIT;
    fill(text, "", 400);
    FAIL(&err, TEND_INVALID, "%s", text);
    check_cut_between_characters(&err, 0);
    fill(text, "x", 400);
    FAIL(&err, TEND_INVALID, "%s", text);
    check_cut_between_characters(&err, 1);
    fill(text, "", 250);
    FAIL(&err, TEND_INVALID, "%s", text);
    CHECK_INT(strlen(err.message), 500);
    error_wrap(&err, "prefix of the message");
    check_cut_between_characters(&err, strlen("prefix of the message: "));
}

static void leaves_out_a_prefix_without_room(void)
{
    char text[1024];
    struct error err = ERROR_INIT;
    fails(&err);
    fill(text, "", 400);
    CHECK_INT(error_wrap(&err, "%s", text), TEND_CONFLICT);
    CHECK_TEXT(err.message, "lab/a changed since revision 7");
}

static void names_every_code(void)
{
    for (int code = TEND_OK; code <= TEND_INTERNAL; code++) {
        CHECK(strcmp(code_name((enum tend_code)code), "unknown") != 0);
    }
    CHECK_TEXT(code_name(TEND_NOT_FOUND), "not-found");
    CHECK_TEXT(code_name((enum tend_code)99), "unknown");
}

SUITE({"says what happened and where", says_what_and_where},
      {"is forwarded unchanged", forwards_unchanged},
      {"does without a listener", does_without_a_listener},
      {"gains context on its way up", gains_context_on_its_way_up},
      {"may quote itself", may_quote_itself},
      {"cuts long messages between characters", cuts_long_messages_between_characters},
      {"leaves out a prefix that has no room", leaves_out_a_prefix_without_room},
      {"names every code", names_every_code})
