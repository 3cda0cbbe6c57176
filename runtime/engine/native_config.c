/* The interface tend.config/1. The tree is read once, before the plugin, and only looked at after that: there is
 * no lock. */
#include "base/moment.h"
#include "document/path.h"
#include "engine/native_find.h"
#include "engine/native_inside.h"

static const struct value *find(const struct tend_host *host, const char *path)
{
    const struct native *native = native_of(native_controller_of(host)->engine);
    return path == NULL ? NULL : path_get(native->config, text_of(path));
}

static const char *get_text(const struct tend_host *host, const char *path, const char *otherwise)
{
    const struct value *value = find(host, path);
    if (value_is(value, VALUE_TEXT)) {
        return value->text.ptr;
    }
    return otherwise == NULL ? "" : otherwise;
}

static int64_t get_integer(const struct tend_host *host, const char *path, int64_t otherwise)
{
    return value_int_or(find(host, path), otherwise);
}

static double get_real(const struct tend_host *host, const char *path, double otherwise)
{
    const struct value *value = find(host, path);
    if (value_is(value, VALUE_INT)) {
        return (double)value->integer;
    }
    return value_is(value, VALUE_REAL) ? value->real : otherwise;
}

static int32_t get_boolean(const struct tend_host *host, const char *path, int32_t otherwise)
{
    const struct value *value = find(host, path);
    return value_is(value, VALUE_BOOL) ? value->boolean : otherwise;
}

static int64_t get_duration(const struct tend_host *host, const char *path, int64_t otherwise_ms)
{
    int64_t ms;
    return duration_parse(value_text_or(find(host, path), TEXT("")), &ms) ? ms : otherwise_ms;
}

static uint32_t get_count(const struct tend_host *host, const char *path)
{
    return (uint32_t)value_count(find(host, path));
}

const void *native_config_interface(void)
{
    static const struct tend_config config = {
        sizeof config, 0, get_text, get_integer, get_real, get_boolean, get_duration, get_count,
    };
    return &config;
}
