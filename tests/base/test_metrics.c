#include "support/exposition.h"

static const double halves[] = {0.5, 1};
static const struct metric_spec adds = {METRIC_COUNTER, "adds_total", "Keys added", {NULL, 0}};
static const struct metric_spec depth = {METRIC_GAUGE, "depth", NULL, {NULL, 0}};
static const struct metric_spec took = {METRIC_HISTOGRAM, "took_seconds", "How long", {halves, 2}};

static void metrics_freep(struct metrics **metrics)
{
    metrics_free(*metrics);
}
#define REGISTRY CLEANUP(metrics_freep) struct metrics *

static void expect_page(struct metrics *metrics, const char *expected)
{
    CLEANUP(freep) char *page = exposition_page(metrics);
    CHECK_TEXT(page, expected);
    exposition_check(page);
}

static void writes_every_type(void)
{
    REGISTRY metrics = metrics_new();
    struct metric *lag = metrics_series(metrics, &took, METRIC_LABELS({"queue", "a"}));
    metric_add(metrics_series(metrics, &adds, METRIC_LABELS({"queue", "a"})), 2);
    metric_add(metrics_series(metrics, &adds, METRIC_LABELS({"queue", "b"})), 1);
    metric_set(metrics_series(metrics, &depth, METRIC_UNLABELLED), -0.25);
    metric_observe(lag, 0.5); /* the upper end belongs to the bucket */
    metric_observe(lag, 0.75);
    metric_observe(lag, 7);
    expect_page(metrics, "# HELP adds_total Keys added\n"
                         "# TYPE adds_total counter\n"
                         "adds_total{queue=\"a\"} 2\n"
                         "adds_total{queue=\"b\"} 1\n"
                         "# TYPE depth gauge\n"
                         "depth -0.25\n"
                         "# HELP took_seconds How long\n"
                         "# TYPE took_seconds histogram\n"
                         "took_seconds_bucket{queue=\"a\",le=\"0.5\"} 1\n"
                         "took_seconds_bucket{queue=\"a\",le=\"1\"} 2\n"
                         "took_seconds_bucket{queue=\"a\",le=\"+Inf\"} 3\n"
                         "took_seconds_sum{queue=\"a\"} 8.25\n"
                         "took_seconds_count{queue=\"a\"} 3\n");
}

static void a_histogram_without_labels_has_its_le(void)
{
    REGISTRY metrics = metrics_new();
    const uint64_t more[] = {1, 0, 2};
    metric_merge(metrics_series(metrics, &took, METRIC_UNLABELLED), more, 9);
    expect_page(metrics, "# HELP took_seconds How long\n"
                         "# TYPE took_seconds histogram\n"
                         "took_seconds_bucket{le=\"0.5\"} 1\n"
                         "took_seconds_bucket{le=\"1\"} 1\n"
                         "took_seconds_bucket{le=\"+Inf\"} 3\n"
                         "took_seconds_sum 9\n"
                         "took_seconds_count 3\n");
}

static void escapes_whatever_is_in_a_text(void)
{
    REGISTRY metrics = metrics_new();
    const struct metric_spec odd = {METRIC_COUNTER, "odd", "a \\ \"b\"\nc", {NULL, 0}};
    metrics_series(metrics, &odd, METRIC_LABELS({"path", "C:\\DIR\n\"x\" \xc3\xa9"}));
    expect_page(metrics, "# HELP odd a \\\\ \"b\"\\nc\n"
                         "# TYPE odd counter\n"
                         "odd{path=\"C:\\\\DIR\\n\\\"x\\\" \xc3\xa9\"} 0\n");
}

static void writes_numbers_that_are_read_back(void)
{
    static const struct {
        double value;
        const char *text;
    } numbers[] = {{INFINITY, "+Inf"},
                   {-INFINITY, "-Inf"},
                   {NAN, "NaN"},
                   {0.1, "0.1"},
                   {1e300, "1e+300"},
                   {1.0 / 3, "0.3333333333333333"},
                   {1700000000, "1700000000"},
                   {1e14 + 1, "100000000000001"}};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        REGISTRY metrics = metrics_new();
        char expected[128];
        metric_set(metrics_series(metrics, &depth, METRIC_UNLABELLED), numbers[i].value);
        snprintf(expected, sizeof expected, "# TYPE depth gauge\ndepth %s\n", numbers[i].text);
        expect_page(metrics, expected);
    }
}

static void the_same_labels_are_the_same_series(void)
{
    REGISTRY metrics = metrics_new();
    struct metric *one = metrics_series(metrics, &adds, METRIC_LABELS({"a", "1"}, {"b", "2"}));
    CHECK(one == metrics_series(metrics, &adds, METRIC_LABELS({"b", "2"}, {"a", "1"})));
    CHECK(one != metrics_series(metrics, &adds, METRIC_LABELS({"a", "1"}, {"b", "3"})));
    CHECK(one != metrics_series(metrics, &adds, METRIC_LABELS({"a", "1\",b=\"2"})));
}

static void nothing_happens_without_a_registry(void)
{
    struct metrics_source source = {.collect = NULL};
    struct metric *none = metrics_series(NULL, &took, METRIC_UNLABELLED);
    CHECK(none == NULL);
    metric_add(none, 1);
    metric_set(none, 1);
    metric_hide(none);
    metric_speak(none, 1, &source);
    metric_fall_silent(none, &source);
    metric_observe(none, 1);
    metric_merge(none, NULL, 1);
    metrics_attach(NULL, &source);
    metrics_detach(&source);
    CHECK(metrics_lot(NULL, "a") == NULL);
    metrics_lot_dropped(NULL, 1);
}

struct teller {
    struct metrics_source source;
    struct metric *depth;
    int asked;
};

static void tell_depth(struct metrics_source *source)
{
    struct teller *teller = CONTAINER_OF(source, struct teller, source);
    metric_set(teller->depth, ++teller->asked);
}

static void sources_are_asked_when_the_page_is(void)
{
    REGISTRY metrics = metrics_new();
    struct teller teller = {.source.collect = tell_depth,
                            .depth = metrics_series(metrics, &depth, METRIC_UNLABELLED)};
    metrics_attach(metrics, &teller.source);
    CHECK_INT(teller.asked, 0);
    expect_page(metrics, "# TYPE depth gauge\ndepth 1\n");
    expect_page(metrics, "# TYPE depth gauge\ndepth 2\n");
    metrics_detach(&teller.source);
    metric_hide(teller.depth);
    expect_page(metrics, "");
    CHECK_INT(teller.asked, 2);
}

static void a_gauge_falls_silent_with_who_spoke_last(void)
{
    REGISTRY metrics = metrics_new();
    struct metric *gauge = metrics_series(metrics, &depth, METRIC_UNLABELLED);
    int old, new;
    expect_page(metrics, ""); /* nobody has spoken */
    metric_speak(gauge, 1, &old);
    metric_speak(gauge, 2, &new);
    metric_fall_silent(gauge, &old);
    expect_page(metrics, "# TYPE depth gauge\ndepth 2\n");
    metric_fall_silent(gauge, &new);
    expect_page(metrics, "");
}

static void a_page_goes_on_while_series_come(void)
{
    REGISTRY metrics = metrics_new();
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(MIB);
    struct metrics_cursor cursor = {0};
    metrics_series(metrics, &adds, METRIC_UNLABELLED);
    const struct metric_spec before = {METRIC_COUNTER, "aaa_total", NULL, {NULL, 0}};
    const struct metric_spec after = {METRIC_COUNTER, "zzz_total", NULL, {NULL, 0}};
    CHECK(metrics_write(metrics, &cursor, &out, 1));
    metrics_series(metrics, &before, METRIC_UNLABELLED);
    metrics_series(metrics, &after, METRIC_UNLABELLED);
    CHECK(metrics_write(metrics, &cursor, &out, 1));
    CHECK(!metrics_write(metrics, &cursor, &out, 1));
    CHECK_TEXT(buffer_view(&out).ptr, "# HELP adds_total Keys added\n# TYPE adds_total counter\n"
                                      "adds_total 0\n# TYPE zzz_total counter\nzzz_total 0\n");
}

static void a_name_has_one_type(void)
{
    REGISTRY metrics = metrics_new();
    const struct metric_spec other = {METRIC_GAUGE, "adds_total", NULL, {NULL, 0}};
    CHECK(metrics_series(metrics, &adds, METRIC_UNLABELLED) != NULL);
    CHECK(metrics_series(metrics, &other, METRIC_LABELS({"a", "b"})) == NULL);
    expect_page(metrics, "# HELP adds_total Keys added\n# TYPE adds_total counter\nadds_total 0\n"
                         "# HELP tend_metrics_dropped_total Series that were asked for and did not "
                         "fit\n# TYPE tend_metrics_dropped_total counter\n"
                         "tend_metrics_dropped_total 1\n");
}

static void sums_what_has_these_labels(void)
{
    REGISTRY metrics = metrics_new();
    metric_add(metrics_series(metrics, &adds, METRIC_LABELS({"a", "1"}, {"bb", "x"})), 1);
    metric_add(metrics_series(metrics, &adds, METRIC_LABELS({"a", "2"}, {"bb", "x"})), 2);
    metric_add(metrics_series(metrics, &adds, METRIC_LABELS({"a", ",b=\"x\""})), 4);
    metric_observe(metrics_series(metrics, &took, METRIC_UNLABELLED), 1);
    metric_observe(metrics_series(metrics, &took, METRIC_UNLABELLED), 9);
    metrics_series(metrics, &depth, METRIC_UNLABELLED);
    CHECK(metrics_sum(metrics, "adds_total", METRIC_UNLABELLED) == 7);
    CHECK(metrics_sum(metrics, "adds_total", METRIC_LABELS({"bb", "x"})) == 3);
    CHECK(metrics_sum(metrics, "adds_total", METRIC_LABELS({"bb", "x"}, {"a", "2"})) == 2);
    CHECK(metrics_sum(metrics, "adds_total", METRIC_LABELS({"a", ",b=\"x\""})) == 4);
    CHECK(isnan(metrics_sum(metrics, "adds_total", METRIC_LABELS({"b", "x"}))));
    CHECK(isnan(metrics_sum(metrics, "none", METRIC_UNLABELLED)));
    CHECK(isnan(metrics_sum(metrics, "depth", METRIC_UNLABELLED))); /* hidden */
    CHECK(metrics_sum(metrics, "took_seconds", METRIC_UNLABELLED) == 2);
}

/* --- lots ---------------------------------------------------------------------------------------- */

static enum tend_code lot_code(struct metrics_lot *lot, const struct metric_spec *spec,
                               const struct metric_label *labels)
{
    struct metric *metric = NULL;
    struct error err = ERROR_INIT;
    enum tend_code code = metrics_lot_series(lot, spec, labels, &metric, &err);
    CHECK((code == TEND_OK) == (metric != NULL));
    CHECK((code == TEND_OK) == (err.message[0] == '\0'));
    return code;
}

static void a_lot_has_its_label(void)
{
    REGISTRY metrics = metrics_new();
    struct metric *one = NULL, *two = NULL;
    struct metrics_lot *lot = metrics_lot(metrics, "probe");
    CHECK(lot == metrics_lot(metrics, "probe"));
    CHECK_INT(metrics_lot_series(lot, &adds, METRIC_LABELS({"z", "1"}), &one, NULL), TEND_OK);
    CHECK_INT(metrics_lot_series(metrics_lot(metrics, "other"), &adds, METRIC_LABELS({"z", "1"}),
                                 &two, NULL),
              TEND_OK);
    CHECK(one != two);
    metric_add(one, 3);
    expect_page(metrics, "# HELP adds_total Keys added\n# TYPE adds_total counter\n"
                         "adds_total{plugin=\"probe\",z=\"1\"} 3\n"
                         "adds_total{plugin=\"other\",z=\"1\"} 0\n");
}

static void a_lot_takes_no_nonsense(void)
{
    REGISTRY metrics = metrics_new();
    struct metrics_lot *lot = metrics_lot(metrics, "probe");
    static const double falling[] = {2, 1};
    static const double endless[] = {1, INFINITY};
    const struct metric_spec bad[] = {
        {METRIC_COUNTER, "", NULL, {NULL, 0}},
        {METRIC_COUNTER, "9lives", NULL, {NULL, 0}},
        {METRIC_COUNTER, "a-b", NULL, {NULL, 0}},
        {METRIC_COUNTER, "a\nb 1", NULL, {NULL, 0}},
        {METRIC_COUNTER, "tend_commits_total", NULL, {NULL, 0}},
        {METRIC_GAUGE, "process_open_fds", NULL, {NULL, 0}},
        {METRIC_HISTOGRAM, "h", NULL, {NULL, 0}},
        {METRIC_HISTOGRAM, "h", NULL, {falling, 2}},
        {METRIC_HISTOGRAM, "h", NULL, {endless, 2}},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK_INT(lot_code(lot, &bad[i], METRIC_UNLABELLED), TEND_INVALID);
    }
    CHECK_INT(lot_code(lot, &adds, METRIC_LABELS({"le", "1"})), TEND_INVALID);
    CHECK_INT(lot_code(lot, &adds, METRIC_LABELS({"plugin", "other"})), TEND_INVALID);
    CHECK_INT(lot_code(lot, &adds, METRIC_LABELS({"__name__", "x"})), TEND_INVALID);
    CHECK_INT(lot_code(lot, &adds, METRIC_LABELS({"a", "1"}, {"a", "2"})), TEND_INVALID);
    CHECK_INT(lot_code(lot, &adds, METRIC_LABELS({"a\"", "1"})), TEND_INVALID);
    expect_page(metrics, "");
}

static void no_sample_is_there_twice(void)
{
    REGISTRY metrics = metrics_new();
    struct metrics_lot *lot = metrics_lot(metrics, "probe");
    const struct metric_spec count = {METRIC_COUNTER, "took_seconds_count", NULL, {NULL, 0}};
    const struct metric_spec gauge = {METRIC_GAUGE, "adds_total", NULL, {NULL, 0}};
    const struct metric_spec coarse = {METRIC_HISTOGRAM, "took_seconds", NULL, {halves, 1}};
    CHECK_INT(lot_code(lot, &took, METRIC_UNLABELLED), TEND_OK);
    CHECK_INT(lot_code(lot, &adds, METRIC_UNLABELLED), TEND_OK);
    CHECK_INT(lot_code(lot, &count, METRIC_UNLABELLED), TEND_EXISTS);
    CHECK_INT(lot_code(lot, &gauge, METRIC_LABELS({"a", "b"})), TEND_EXISTS);
    CHECK_INT(lot_code(lot, &coarse, METRIC_UNLABELLED), TEND_EXISTS);
    REGISTRY again = metrics_new();
    CHECK_INT(lot_code(metrics_lot(again, "a"), &count, METRIC_UNLABELLED), TEND_OK);
    CHECK_INT(lot_code(metrics_lot(again, "b"), &took, METRIC_UNLABELLED), TEND_EXISTS);
}

static void a_lot_that_overflows_is_told_and_harms_nobody(void)
{
    REGISTRY metrics = metrics_new();
    struct metrics_lot *lot = metrics_lot(metrics, "probe");
    size_t made = 0;
    for (int i = 0; i < 2 * (int)METRICS_LOT_SERIES_MAX; i++) {
        char uid[16];
        snprintf(uid, sizeof uid, "%d", i);
        made += lot_code(lot, &adds, METRIC_LABELS({"uid", uid})) == TEND_OK;
    }
    CHECK_INT(made, METRICS_LOT_SERIES_MAX);
    CHECK_INT(lot_code(lot, &adds, METRIC_LABELS({"uid", "0"})), TEND_OK); /* is there already */
    CHECK_INT(lot_code(metrics_lot(metrics, "other"), &adds, METRIC_UNLABELLED), TEND_OK);
    metrics_lot_dropped(lot, 4);
    CLEANUP(freep) char *page = exposition_page(metrics);
    CHECK(strstr(page, "\ntend_metrics_dropped_total{plugin=\"probe\"} 260\n") != NULL);
    CHECK(strstr(page, "dropped_total{plugin=\"other\"}") == NULL);
}

static void a_page_is_bounded(void)
{
    REGISTRY metrics = metrics_new();
    char value[METRIC_VALUE_MAX + 1] = {0};
    double many[METRIC_BOUNDS_MAX];
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        many[i] = (double)i;
    }
    const struct metric_spec wide = {METRIC_HISTOGRAM, "wide", NULL, {many, COUNT_OF(many)}};
    memset(value, '"', sizeof value - 1); /* each takes two */
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "l%d", i);
        (void)lot_code(metrics_lot(metrics, name), &wide,
                       METRIC_LABELS({"a", value}, {"b", value}, {"c", value}, {"d", value}));
        for (int j = 0; j < 20; j++) {
            value[0] = (char)('a' + j);
            (void)lot_code(metrics_lot(metrics, name), &wide,
                           METRIC_LABELS({"a", value}, {"b", value}, {"c", value}, {"d", value}));
        }
    }
    CLEANUP(freep) char *page = exposition_page(metrics);
    CHECK(strlen(page) < METRICS_PAGE_MAX + MIB);
    CHECK(strlen(page) > METRICS_PAGE_MAX / 2);
    CHECK(strstr(page, "dropped_total{plugin=\"l199\"}") != NULL);
}

SUITE({"writes every type", writes_every_type},
      {"a histogram without labels has its le", a_histogram_without_labels_has_its_le},
      {"escapes whatever is in a text", escapes_whatever_is_in_a_text},
      {"writes numbers that are read back", writes_numbers_that_are_read_back},
      {"the same labels are the same series", the_same_labels_are_the_same_series},
      {"nothing happens without a registry", nothing_happens_without_a_registry},
      {"sources are asked when the page is", sources_are_asked_when_the_page_is},
      {"a gauge falls silent with who spoke last", a_gauge_falls_silent_with_who_spoke_last},
      {"a page goes on while series come", a_page_goes_on_while_series_come},
      {"a name has one type", a_name_has_one_type},
      {"sums what has these labels", sums_what_has_these_labels},
      {"a lot has its label", a_lot_has_its_label},
      {"a lot takes no nonsense", a_lot_takes_no_nonsense},
      {"no sample is there twice", no_sample_is_there_twice},
      {"a lot that overflows is told and harms nobody",
       a_lot_that_overflows_is_told_and_harms_nobody},
      {"a page is bounded", a_page_is_bounded})
