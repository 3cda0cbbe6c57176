/* What is said of an error: where it was, the line of the source, who called. The source is that of exactly
 * this version, because the script keeps it. Frames of the prelude are nobody's business. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "script/inside.h"

enum { LINE_SHOWN_MAX = 100, FRAMES_MAX = 8 };
/* Of what cannot be loaded: two lines of the source go behind it. */
enum { MESSAGE_SHOWN_MAX = ERROR_TEXT_MAX - 2 * LINE_SHOWN_MAX - 40 };

/* Line `number` of the source; empty where there is none. */
static struct text source_line(const struct script *script, int number)
{
    struct text rest = script->text;
    for (int i = 1; i < number && rest.len > 0; i++) {
        (void)text_cut(&rest, '\n');
    }
    return number < 1 ? TEXT("") : text_cut(&rest, '\n');
}

/* 17, of "labinstance.lua:17: unexpected symbol near 'end'"; 0: it names no line of the script. */
static int line_of(const struct script *script, const char *message)
{
    size_t len = strlen(script->file);
    if (strncmp(message, script->file, len) != 0 || message[len] != ':') {
        return 0;
    }
    return atoi(message + len + 1);
}

static bool is_of_script(const struct script *script, const lua_Debug *record)
{
    return strcmp(record->short_src, script->file) == 0 && record->currentline > 0;
}

/* The stack of `L` from `level` on is written by the hand of the script's file only. */
static bool next_frame(lua_State *L, int *level, lua_Debug *ret_record)
{
    while (lua_getstack(L, (*level)++, ret_record) == 1) {
        if (lua_getinfo(L, "Sln", ret_record) != 0 && is_of_script(script_of(L), ret_record)) {
            return true;
        }
    }
    return false;
}

static int append(char *out, size_t size, size_t *used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static int append(char *out, size_t size, size_t *used, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(out + *used, size - *used, format, args);
    va_end(args);
    *used = len < 0 || (size_t)len >= size - *used ? size - 1 : *used + (size_t)len;
    return len;
}

static void append_source(const struct script *script, int line, char *out, size_t size,
                          size_t *used)
{
    for (int i = line > 1 ? line - 1 : 1; i <= line; i++) {
        struct text text = text_clip(source_line(script, i), LINE_SHOWN_MAX);
        append(out, size, used, "\n%s%4d | %.*s", i == line ? "> " : "  ", i, TEXT_ARG(text));
    }
}

static void append_frame(const lua_Debug *record, char *out, size_t size, size_t *used)
{
    append(out, size, used, "\n  called from %s:%d%s%s", record->short_src, record->currentline,
           record->name == NULL ? "" : ", in ", record->name == NULL ? "" : record->name);
}

/* The line of the source is that of the message: an error that was passed on (from a coroutine, through a
 * pcall) has lost the frames below. */
static void write_trace(lua_State *L, const char *message, char *out, size_t size)
{
    const struct script *script = script_of(L);
    size_t used = 0;
    int level = 0, line = line_of(script, message);
    lua_Debug record;
    append(out, size, &used, "%s", message);
    if (line > 0) {
        append_source(script, line, out, size, &used);
    }
    for (int frames = 0; frames < FRAMES_MAX && next_frame(L, &level, &record); frames++) {
        if (frames > 0 || record.currentline != line) {
            append_frame(&record, out, size, &used);
        }
    }
}

/* `script:line: ` is missing where a function of C has no line: the nearest line of the script is put in
 * front. */
static void put_position(lua_State *L)
{
    const struct script *script = script_of(L);
    size_t len = strlen(script->file);
    const char *message = lua_tostring(L, -1);
    int level = 0;
    lua_Debug record;
    if (strncmp(message, script->file, len) != 0 && next_frame(L, &level, &record)) {
        lua_pushfstring(L, "%s:%d: %s", script->file, record.currentline, message);
    }
}

static int to_text(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Push what is said of the error at 1, which may be anything. */
static void push_message(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING) {
        lua_pushvalue(L, 1);
    } else if (lua_isnil(L, 1)) {
        lua_pushliteral(L, "an error that is nil");
    } else {
        lua_pushfstring(L, "an error that is a %s: ", luaL_typename(L, 1));
        lua_pushcfunction(L, to_text); /* __tostring is the script's: it may fail as well */
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
            lua_pop(L, 1);
            lua_pushliteral(L, "and its __tostring failed");
        }
        lua_concat(L, 2);
    }
}

void fault_say(lua_State *L)
{
    struct script_run *run = script_of(L)->current;
    put_position(L);
    if (run != NULL && run->trace[0] == '\0') {
        write_trace(L, lua_tostring(L, -1), run->trace, sizeof run->trace);
    }
}

int fault_handler(lua_State *L)
{
    push_message(L);
    fault_say(L);
    return 1;
}

int fault_line(lua_State *L)
{
    int level = 0;
    lua_Debug record;
    return next_frame(L, &level, &record) ? record.currentline : 0;
}

void fault_memory(const struct script *script, char *out, size_t size)
{
    if (script->memory_deep) {
        snprintf(out, size, "%s:%d: stack overflow: a function that calls itself without end?",
                 script->file, script->memory_line);
    } else {
        snprintf(out, size, "%s:%d: not enough memory: a script has %u MiB", script->file,
                 script->memory_line, SCRIPT_MEMORY_MAX / MIB);
    }
}

void fault_show_line(const struct script *script, const char *message, char *out, size_t size)
{
    size_t used = 0;
    append(out, size, &used, "%s", message);
    append_source(script, line_of(script, message), out, size, &used);
}

/* --- what cannot be loaded --------------------------------------------------------------------- */

/* The word that a syntax error is near; empty: it names none. */
static struct text word_of(const char *message)
{
    const char *near = strstr(message, "near '"), *end = strrchr(message, '\'');
    return near == NULL || end <= near + 6 ? TEXT("")
                                           : (struct text){near + 6, (size_t)(end - near) - 6};
}

/* The column where that word stands in `line`: the last one that the compiler has read. 0: nowhere. */
static size_t column_of(const struct script *script, struct text line, const char *message)
{
    struct text word = word_of(message);
    size_t begin = (size_t)(line.ptr - script->source);
    size_t end = script->read_to < begin ? 0 : script->read_to - begin;
    for (size_t i = end < line.len ? end : line.len; word.len > 0 && i >= word.len; i--) {
        if (memcmp(line.ptr + i - word.len, word.ptr, word.len) == 0) {
            return i - word.len + 1;
        }
    }
    return 0;
}

/* What stands before the caret: as wide as what stands above it. */
static const char *pad_of(struct text line, size_t column, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i + 1 < column; i++) {
        if (((unsigned char)line.ptr[i] & 0xC0) != 0x80) { /* once for a character */
            out[len++] = line.ptr[i] == '\t' ? '\t' : ' ';
        }
    }
    out[len] = '\0';
    return out;
}

void fault_describe(const struct script *script, const char *message, struct error *err)
{
    int number = line_of(script, message);
    struct text line = source_line(script, number);
    struct text said = text_clip(text_of(message), MESSAGE_SHOWN_MAX);
    struct text shown = text_clip(line, LINE_SHOWN_MAX);
    size_t column = column_of(script, line, message);
    char pad[LINE_SHOWN_MAX + 1];
    if (line.len == 0) {
        (void)FAIL(err, TEND_INVALID, "%.*s", TEXT_ARG(said));
    } else if (column == 0 || column > shown.len) {
        (void)FAIL(err, TEND_INVALID, "%.*s\n%4d | %.*s", TEXT_ARG(said), number, TEXT_ARG(shown));
    } else {
        (void)FAIL(err, TEND_INVALID, "%.*s\n%4d | %.*s\n     | %s^", TEXT_ARG(said), number,
                   TEXT_ARG(shown), pad_of(line, column, pad));
    }
}
