/* What parses as a moment or a duration prints, and what was printed parses to the same. */
#include "base/moment.h"
#include "support/require.h"

static void check_moment(struct text input)
{
    int64_t moment = 0, again = 0;
    char printed[MOMENT_TEXT_MAX];
    if (!moment_parse(input, &moment)) {
        return;
    }
    moment_format_micro(moment, printed);
    if (moment >= MOMENT_MIN_MS && moment <= MOMENT_MAX_MS) {
        require(moment_parse(text_of(printed), &again) && again == moment, "moment round trip");
    }
}

static void check_duration(struct text input)
{
    int64_t duration = 0, again = 0;
    char printed[DURATION_TEXT_MAX];
    if (!duration_parse(input, &duration)) {
        return;
    }
    require(duration >= 0 && duration <= DURATION_MAX_MS, "duration range");
    duration_format(duration, printed);
    require(duration_parse(text_of(printed), &again) && again == duration, "duration round trip");
    duration_age(duration, printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    check_moment(input);
    check_duration(input);
    return 0;
}
