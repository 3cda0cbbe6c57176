/* What is known of a Controller is taken out of the object as it is printed, so that a field that this file
 * does not know is shown after it like those of any object. Hashes are shown as `get` shows them. */
#include "cli/controller_part.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/moment.h"
#include "cli/plain.h"
#include "cli/table.h"

enum { HASH_SHOWN = 12 };

static long long int_at(const struct value *map, const char *field)
{
    return (long long)value_int_or(value_get(map, text_of(field)), 0);
}

/* --- what serves ------------------------------------------------------------------------------- */

static void print_phase(FILE *out, const struct value *status, struct arena *arena)
{
    struct text since = value_get_text(status, TEXT("since")),
                reason = value_get_text(status, TEXT("reason"));
    struct text phase = value_get_text(status, TEXT("phase"));
    plain_print_titled(out, "Phase:",
                       arena_format(arena, "%.*s%s%.*s%s%.*s%s",
                                    TEXT_ARG(phase.len > 0 ? phase : TEXT("not reported yet")),
                                    since.len > 0 ? " since " : "", TEXT_ARG(since),
                                    reason.len > 0 ? " (" : "", TEXT_ARG(reason),
                                    reason.len > 0 ? ")" : ""));
    plain_print_titled(out, "Message:", value_get_text(status, TEXT("message")));
}

static void print_limits(FILE *out, const struct value *limits, struct arena *arena)
{
    struct text memory = value_get_text(limits, TEXT("memory"));
    long long most = int_at(limits, "parallel");
    if (limits == NULL) {
        return;
    }
    struct text line =
        arena_format(arena, "confine %.*s, %s%.*s%s%lld files, %.*s a run",
                     TEXT_ARG(value_get_text(limits, TEXT("confine"))),
                     memory.len > 0 ? "memory " : "", TEXT_ARG(memory), memory.len > 0 ? ", " : "",
                     int_at(limits, "files"), TEXT_ARG(value_get_text(limits, TEXT("runTime"))));
    if (most > 0) {
        line = arena_format(arena, "%.*s, %lld object%s at once", TEXT_ARG(line), most,
                            most == 1 ? "" : "s");
    }
    plain_print_titled(out, "Limits:", line);
}

static void print_content(FILE *out, const struct value *status, struct arena *arena)
{
    struct text version = value_get_text(status, TEXT("version"));
    struct text hash = text_first(value_get_text(status, TEXT("hash")), HASH_SHOWN);
    struct text good = text_first(value_get_text(status, TEXT("lastGood")), HASH_SHOWN);
    plain_print_titled(out, "File:", value_get_text(status, TEXT("file")));
    if (version.len > 0) {
        plain_print_titled(
            out, "Version:", arena_format(arena, "%.*s (%.*s)", TEXT_ARG(version), TEXT_ARG(hash)));
    } else {
        plain_print_titled(out, "Content:", hash);
    }
    if (good.len > 0) {
        plain_print_titled(out, "Last good:",
                           arena_format(arena, "%.*s%s", TEXT_ARG(good),
                                        text_equal(good, hash) ? ", which is this one" : ""));
    }
    if (text_is(value_get_text(status, TEXT("isolation")), "inline")) {
        plain_print_titled(out, "Isolation:",
                           TEXT("inline: in the host's own process, neither confined nor limited; "
                                "it is trusted like the host, and runs one call at a time"));
    }
    print_limits(out, value_field(status, "limits"), arena);
    plain_print_titled(
        out, "Rolled back:", text_first(value_get_text(status, TEXT("rejected")), HASH_SHOWN));
}

static void print_kinds(FILE *out, const struct value *controller)
{
    const struct value *kinds = value_field(value_field(controller, "status"), "kinds");
    const struct value *owned = value_field(value_field(controller, "spec"), "owns");
    for (size_t i = 0; i < value_count(kinds); i++) {
        plain_print_titled(out, i == 0 ? "Kinds:" : "",
                           value_text_or(value_at(kinds, i), TEXT("")));
    }
    if (value_bool_or(value_field(value_at(owned, 0), "finalizes"), false)) {
        plain_print_titled(out, "Cleans up:", TEXT("before an object that is deleted goes"));
    }
}

/* --- how its runs went ------------------------------------------------------------------------- */

static void print_runs(FILE *out, const struct value *status, struct arena *arena)
{
    const struct value *counts = value_field(status, "counts");
    const struct value *error = value_field(status, "lastError");
    const struct value *longest = value_field(status, "longestRun");
    long long restarts = int_at(status, "restarts"), failures = int_at(counts, "failures");
    struct text runs = arena_format(arena, "%lld", int_at(counts, "runs"));
    if (failures > 0) {
        runs = arena_format(arena, "%.*s, of which %lld failed", TEXT_ARG(runs), failures);
    }
    if (counts != NULL) {
        plain_print_titled(out, "Runs:", runs);
    }
    if (restarts > 0) {
        plain_print_titled(out, "Restarts:", arena_format(arena, "%lld", restarts));
    }
    if (longest != NULL) {
        plain_print_titled(out, "Longest run:",
                           arena_format(arena, "%.*s without a wait, %.*s, %.*s",
                                        TEXT_ARG(value_get_text(longest, TEXT("held"))),
                                        TEXT_ARG(value_get_text(longest, TEXT("time"))),
                                        TEXT_ARG(value_get_text(longest, TEXT("object")))));
    }
    if (error != NULL) {
        plain_print_titled(out, "Last error:",
                           arena_format(arena, "%.*s, %.*s\n%.*s",
                                        TEXT_ARG(value_get_text(error, TEXT("time"))),
                                        TEXT_ARG(value_get_text(error, TEXT("object"))),
                                        TEXT_ARG(value_get_text(error, TEXT("message")))));
    }
}

/* --- its states -------------------------------------------------------------------------------- */

static struct text next_of(const struct value *state, struct arena *arena)
{
    const struct value *next = value_field(state, "next");
    struct text all = TEXT("");
    for (size_t i = 0; i < value_count(next); i++) {
        all = arena_format(arena, "%.*s%s%.*s", TEXT_ARG(all), i > 0 ? ", " : "",
                           TEXT_ARG(value_text_or(value_at(next, i), TEXT(""))));
    }
    return value_bool_or(value_field(state, "final"), false) ? TEXT("(final)") : all;
}

/* "spec.timeout, else 30s". */
static struct text within_of(const struct value *state, struct arena *arena)
{
    char duration[DURATION_TEXT_MAX] = "";
    struct text field = value_get_text(state, TEXT("withinField")),
                from = value_get_text(state, TEXT("from"));
    int64_t within_ms = value_int_or(value_field(state, "within"), -1);
    if (within_ms >= 0 && within_ms <= DURATION_MAX_MS) {
        (void)duration_format(within_ms, duration);
    }
    const char *between = field.len > 0 && duration[0] != '\0' ? ", else " : "";
    return arena_format(arena, "%.*s%s%s%s%.*s", TEXT_ARG(field), between, duration,
                        from.len > 0 ? " after " : "", TEXT_ARG(from));
}

static struct text then_of(const struct value *state, struct arena *arena)
{
    struct text condition = value_get_text(state, TEXT("condition"));
    return condition.len > 0 ? arena_format(arena, "condition %.*s", TEXT_ARG(condition))
                             : value_get_text(state, TEXT("otherwise"));
}

static void print_states(FILE *out, const struct value *owned, struct arena *arena)
{
    const struct value *states = value_field(value_field(owned, "machine"), "states");
    const struct text header[] = {TEXT("STATE"), TEXT("NEXT"), TEXT("WITHIN"), TEXT("THEN")};
    struct table table;
    if (value_count(states) == 0) {
        return;
    }
    table_init(&table, COUNT_OF(header));
    table.indent = 2;
    table_add(&table, TABLE_HEADER, header);
    for (size_t i = 0; i < value_count(states); i++) {
        const struct value *state = value_at(states, i);
        table_add(&table, TABLE_ROW,
                  (const struct text[]){value_get_text(state, TEXT("name")), next_of(state, arena),
                                        within_of(state, arena), then_of(state, arena)});
    }
    fputs("States:\n", out);
    table_print(&table, out);
    table_done(&table);
}

/* --- what is left ------------------------------------------------------------------------------ */

/* `root` without those fields of its part; without the part where nothing is left of it. */
static const struct value *without(const struct value *root, struct text part,
                                   const char *const *fields, size_t count, struct arena *arena)
{
    const struct value *left = value_get(root, part);
    for (size_t i = 0; i < count && value_is(left, VALUE_MAP); i++) {
        left = value_with(arena, left, text_of(fields[i]), NULL);
    }
    return left == NULL ? root : value_with(arena, root, part, value_count(left) > 0 ? left : NULL);
}

const struct value *controller_part_print(FILE *out, const struct value *root, struct arena *arena)
{
    static const char *const spec[] = {"owns"};
    static const char *const status[] = {"phase",     "since",      "reason",    "message",
                                         "file",      "version",    "hash",      "lastGood",
                                         "kinds",     "rejected",   "restarts",  "counts",
                                         "lastError", "longestRun", "isolation", "limits"};
    const struct value *said = value_field(root, "status");
    const struct value *owned = value_field(value_field(root, "spec"), "owns");
    print_phase(out, said, arena);
    print_content(out, said, arena);
    print_kinds(out, root);
    print_runs(out, said, arena);
    for (size_t i = 0; i < value_count(owned); i++) {
        print_states(out, value_at(owned, i), arena);
    }
    root = without(root, TEXT("spec"), spec, COUNT_OF(spec), arena);
    return without(root, TEXT("status"), status, COUNT_OF(status), arena);
}
