/* metrics.count and its like: the interface tend.metrics/1 of the contract, where the host has it. What makes no
 * sense is an error with its line, also where nobody counts: a test says so as well. */
#include <string.h>

#include "base/metrics.h"
#include "script/inside.h"

/* What a run declares, as both need it: the judge (base/metrics.h) and the contract. */
struct declared_labels {
    struct metric_label judged[METRIC_LABELS_MAX + 1];
    const char *given[2 * METRIC_LABELS_MAX + 1];
};

/* Those of the list at `index`: name, value, name, value, ... The texts are the list's, or the call's. */
static void read_labels(lua_State *L, struct script_run *run, int index,
                        struct declared_labels *labels)
{
    size_t count = (size_t)lua_rawlen(L, index) / 2;
    luaL_argcheck(L, count < METRIC_LABELS_MAX, index, "more than 8 labels");
    for (size_t i = 0; i < count; i++) {
        size_t len;
        lua_rawgeti(L, index, (lua_Integer)(2 * i + 1));
        const char *name = luaL_checkstring(L, -1);
        lua_rawgeti(L, index, (lua_Integer)(2 * i + 2));
        const char *value = luaL_checklstring(L, -1, &len);
        value = clean_text(run->call, (struct text){value, len});
        lua_pop(L, 2);
        labels->judged[i] = (struct metric_label){name, value};
        labels->given[2 * i] = name;
        labels->given[2 * i + 1] = value;
    }
    labels->judged[count] = (struct metric_label){"controller", run->declared->given.name};
    labels->judged[count + 1] = (struct metric_label){NULL, NULL};
    labels->given[2 * count] = NULL;
}

static tend_metric declare(lua_State *L, struct script_run *run, enum metric_type type,
                           const char *name)
{
    struct declared_labels labels;
    struct error err = ERROR_INIT;
    struct metric_spec spec = {.type = type, .name = name, .bounds = metric_seconds()};
    read_labels(L, run, 4, &labels);
    if (metric_check(&spec, labels.judged, &err) != TEND_OK) {
        luaL_error(L, "%s", err.message);
    }
    return tend_declare(run->call->host, (int32_t)type, name, NULL, labels.given);
}

/* meter(type, name, value, labels) */
static int meter(lua_State *L)
{
    struct script_run *run = script_run_of(L, "metrics");
    lua_Integer type = luaL_checkinteger(L, 1);
    const char *name = luaL_checkstring(L, 2);
    double value = luaL_checknumber(L, 3);
    const struct tend_host *host = run->call->host;
    luaL_checktype(L, 4, LUA_TTABLE);
    switch (type) {
    case TEND_COUNTER:
        luaL_argcheck(L, value >= 0, 3, "a counter only grows");
        tend_count(host, declare(L, run, METRIC_COUNTER, name), value);
        return 0;
    case TEND_GAUGE:
        tend_gauge(host, declare(L, run, METRIC_GAUGE, name), value);
        return 0;
    default:
        tend_observe(host, declare(L, run, METRIC_HISTOGRAM, name), value);
        return 0;
    }
}

void meter_open(lua_State *L)
{
    lua_pushcfunction(L, meter);
    lua_setfield(L, -2, "meter");
}
