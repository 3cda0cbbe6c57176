/* The reference plugin, run over every situation of its machine. The host's half (who may move where,
 * deadlines, deletion) is the business of other tests; here stands what the plugin says to each. */
#include "base/alloc.h"
#include "support/engine_bench.h"
#include "support/suite.h"

#define START INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct lab_case {
    const char *spec, *status; /* JSON maps */
    int64_t age_ms;            /* since the state was entered */
    const char *result;
    enum engine_verb verb;
    int generation; /* 0: 1 */
};

static void judge(const struct lab_case *cases, size_t count)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!CHECK(engine_bench_open(&bench, TEND_BUILD "/plugins/labinstance.so"))) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char object[1024];
        snprintf(object, sizeof object,
                 "{\"metadata\":{\"generation\":%d,\"name\":\"demo\"},\"spec\":%s,\"status\":%s}",
                 cases[i].generation == 0 ? 1 : cases[i].generation, cases[i].spec,
                 cases[i].status);
        struct engine_call call = {.id = 1,
                                   .controller = TEXT("labinstance"),
                                   .verb = cases[i].verb,
                                   .object = text_of(object),
                                   .now_ms = START + cases[i].age_ms,
                                   .entered_ms = START};
        CHECK_TEXT(engine_bench_run(&bench, &call), cases[i].result);
    }
}

#define TOLD(reason, ready, message, tone)                                                         \
    "{\"conditions\":[{\"message\":\"" message "\",\"reason\":\"" reason "\",\"status\":\"" ready  \
    "\",\"type\":\"Ready\"}],\"events\":[{\"message\":\"" message "\",\"reason\":\"" reason        \
    "\",\"type\":\"" tone "\"}]"
#define ENTERS(reason, state, message)                                                             \
    ",\"message\":\"" message "\",\"outcome\":\"enter\",\"reason\":\"" reason                      \
    "\",\"state\":\"" state "\""

static void is_taken_up_at_once(void)
{
#define STARTING "Starting lab instance provisioning"
    static const char expected[] = TOLD("Provisioning", "False", STARTING, "Normal")
        ENTERS("Provisioning", "provisioning",
               STARTING) ",\"status\":{\"attempts\":1,\"message\":\"" STARTING
                         "\",\"observedGeneration\":1,\"startedAt\":\"2026-01-01T00:00:00Z\"}}";
    static const struct lab_case cases[] = {
        {"{\"template\":\"a\"}", "{}", 0, expected, ENGINE_RECONCILE, 0},
        {"{\"template\":\"a\"}", "{\"state\":\"pending\"}", 0, expected, ENGINE_RECONCILE, 0},
    };
    judge(cases, COUNT_OF(cases));
}

/* Defect 1 and 3 of the sample: nothing woke it when its time was over. */
static void asks_to_be_woken_when_provisioning_is_over(void)
{
    static const struct lab_case cases[] = {
        {"{\"provisionSeconds\":5}", "{\"state\":\"provisioning\"}", 0,
         "{\"afterMs\":5000,\"outcome\":\"again\",\"status\":{\"observedGeneration\":1}}",
         ENGINE_RECONCILE, 0},
        {"{\"provisionSeconds\":5}", "{\"observedGeneration\":1,\"state\":\"provisioning\"}", 4999,
         "{\"afterMs\":1,\"outcome\":\"again\"}", ENGINE_RECONCILE, 0},
    };
    judge(cases, COUNT_OF(cases));
}

static void becomes_ready(void)
{
#define READY "Lab instance is ready"
    static const struct lab_case cases[] = {
        {"{\"provisionSeconds\":5}", "{\"observedGeneration\":1,\"state\":\"provisioning\"}", 5000,
         TOLD("Ready", "True", READY, "Normal") ENTERS(
             "Ready", "ready",
             READY) ",\"status\":{\"endpoint\":\"https://lab-demo.example.com\",\"message\":\"" READY
                    "\",\"readyAt\":\"2026-01-01T00:00:05Z\"}}",
         ENGINE_RECONCILE, 0},
        {"{\"provisionSeconds\":0}", "{\"observedGeneration\":1,\"state\":\"provisioning\"}", 0,
         TOLD("Ready", "True", READY, "Normal") ENTERS(
             "Ready", "ready",
             READY) ",\"status\":{\"endpoint\":\"https://lab-demo.example.com\",\"message\":\"" READY
                    "\",\"readyAt\":\"2026-01-01T00:00:00Z\"}}",
         ENGINE_RECONCILE, 0},
    };
    judge(cases, COUNT_OF(cases));
}

static void fails_or_hangs_where_that_is_simulated(void)
{
    static const struct lab_case cases[] = {
        {"{\"provisionSeconds\":1,\"simulate\":\"fail\"}",
         "{\"observedGeneration\":1,\"state\":\"provisioning\"}", 1000,
         TOLD("ProvisioningFailed", "False", "Provisioning failed", "Warning") ENTERS(
             "ProvisioningFailed", "failed",
             "Provisioning failed") ",\"status\":{\"failedAt\":\"2026-01-01T00:00:01Z\",\"message\":\"Provisioning "
                                    "failed\"}}",
         ENGINE_RECONCILE, 0},
        {"{\"provisionSeconds\":1,\"simulate\":\"hang\"}",
         "{\"observedGeneration\":1,\"state\":\"provisioning\"}", 1000000, "{\"outcome\":\"done\"}",
         ENGINE_RECONCILE, 0},
    };
    judge(cases, COUNT_OF(cases));
}

/* Defect 4: what was seen is said; and a lab that is ready is left alone. */
static void does_nothing_while_ready_but_observe(void)
{
    static const struct lab_case cases[] = {
        {"{\"duration\":\"60m\"}", "{\"observedGeneration\":1,\"state\":\"ready\"}", 1000,
         "{\"outcome\":\"done\"}", ENGINE_RECONCILE, 0},
        {"{\"duration\":\"90m\"}", "{\"observedGeneration\":1,\"state\":\"ready\"}", 1000,
         "{\"outcome\":\"done\",\"status\":{\"observedGeneration\":2}}", ENGINE_RECONCILE, 2},
    };
    judge(cases, COUNT_OF(cases));
}

static void says_what_a_deadline_did(void)
{
    static const struct lab_case cases[] = {
        {"{\"retries\":3}",
         "{\"attempts\":1,\"observedGeneration\":1,\"startedAt\":\"2025-12-31T23:59:00Z\","
         "\"state\":\"failed\"}",
         10,
         "{\"afterMs\":9990,\"conditions\":[{\"message\":\"Provisioning timeout\",\"reason\":"
         "\"Timeout\",\"status\":\"False\",\"type\":\"Ready\"}],\"outcome\":"
         "\"again\",\"status\":{\"failedAt\":\"2026-01-01T00:00:00Z\",\"message\":"
         "\"Provisioning timeout\"}}",
         ENGINE_RECONCILE, 0},
        {"{\"retries\":0}", "{\"attempts\":1,\"observedGeneration\":1,\"state\":\"failed\"}", 10,
         "{\"conditions\":[{\"message\":\"Nobody took the lab instance up\",\"reason\":"
         "\"Timeout\",\"status\":\"False\",\"type\":\"Ready\"}],\"events\":["
         "{\"message\":\"Gave up after 1 attempt\",\"reason\":\"GaveUp\",\"type\":\"Warning\"}],"
         "\"outcome\":\"done\",\"status\":{\"failedAt\":\"2026-01-01T00:00:00Z\",\"gaveUpAt\":"
         "\"2026-01-01T00:00:00Z\",\"message\":\"Nobody took the lab instance up\"}}",
         ENGINE_RECONCILE, 0},
    };
    judge(cases, COUNT_OF(cases));
}

#define FAILED(attempts)                                                                           \
    "{\"attempts\":" #attempts ",\"failedAt\":\"2026-01-01T00:00:00Z\",\"message\":\"m\","         \
    "\"observedGeneration\":1,\"startedAt\":\"2026-01-01T00:00:00Z\",\"state\":\"failed\"}"

/* Defect 18: the retry limit is used. */
static void tries_again_as_often_as_it_may(void)
{
#define AGAIN   "Trying again, attempt 2"
#define CHANGED "Trying again with the changed spec"
    static const struct lab_case cases[] = {
        {"{\"retries\":1}", FAILED(1), 4000, "{\"afterMs\":6000,\"outcome\":\"again\"}",
         ENGINE_RECONCILE, 0},
        {"{\"retries\":1}", FAILED(1), 10000,
         TOLD("Retrying", "False", AGAIN, "Normal") ENTERS(
             "Retrying", "pending", AGAIN) ",\"status\":{\"failedAt\":null,\"message\":\"" AGAIN
                                           "\",\"startedAt\":null}}",
         ENGINE_RECONCILE, 0},
        {"{\"retries\":1,\"ttlAfterFailed\":\"3s\"}", FAILED(2), 10000,
         "{\"events\":[{\"message\":\"Gave up after 2 attempts\",\"reason\":\"GaveUp\",\"type\":"
         "\"Warning\"}],\"outcome\":\"done\",\"status\":{\"gaveUpAt\":\"2026-01-01T00:00:10Z\","
         "\"keptFor\":\"3s\"}}",
         ENGINE_RECONCILE, 0},
        {"{\"retries\":1}",
         "{\"attempts\":2,\"failedAt\":\"2026-01-01T00:00:00Z\",\"gaveUpAt\":"
         "\"2026-01-01T00:00:10Z\",\"observedGeneration\":1,\"state\":\"failed\"}",
         900000, "{\"outcome\":\"done\"}", ENGINE_RECONCILE, 0},
        {"{\"retries\":0}",
         "{\"attempts\":1,\"failedAt\":\"2026-01-01T00:00:00Z\",\"gaveUpAt\":"
         "\"2026-01-01T00:00:10Z\",\"observedGeneration\":1,\"state\":\"failed\"}",
         900000,
         TOLD("Retrying", "False", CHANGED, "Normal") ENTERS(
             "Retrying", "pending",
             CHANGED) ",\"status\":{\"attempts\":0,\"failedAt\":null,\"gaveUpAt\":null,\"message\":\"" CHANGED
                      "\",\"observedGeneration\":2}}",
         ENGINE_RECONCILE, 2},
    };
    judge(cases, COUNT_OF(cases));
}

/* Defects 2 and 17: deleting has an exit, and only where the cleanup was done. */
static void is_let_go_when_it_is_cleaned_up(void)
{
    static const struct lab_case cases[] = {
        {"{}", "{\"observedGeneration\":1,\"state\":\"deleting\"}", 0,
         "{\"events\":[{\"message\":\"Lab instance is deleted\",\"reason\":\"Deleted\",\"type\":"
         "\"Normal\"}],\"outcome\":\"done\"}",
         ENGINE_FINALIZE, 0},
        {"{}", "{\"observedGeneration\":1,\"state\":\"ready\"}", 0,
         "{\"events\":[{\"message\":\"Lab instance is deleted\",\"reason\":\"Deleted\",\"type\":"
         "\"Normal\"}],\"outcome\":\"done\"}",
         ENGINE_FINALIZE, 0},
        {"{\"simulate\":\"stuck\"}", "{\"observedGeneration\":1,\"state\":\"deleting\"}", 0,
         "{\"message\":\"The simulated cleanup fails\",\"outcome\":\"retry\",\"reason\":"
         "\"CleanupFailed\"}",
         ENGINE_FINALIZE, 0},
        {"{}", "{\"observedGeneration\":1,\"state\":\"deleting\"}", 0, "{\"outcome\":\"done\"}",
         ENGINE_RECONCILE, 0},
    };
    judge(cases, COUNT_OF(cases));
}

SUITE({"is taken up at once", is_taken_up_at_once},
      {"asks to be woken when provisioning is over", asks_to_be_woken_when_provisioning_is_over},
      {"becomes ready", becomes_ready},
      {"fails or hangs where that is simulated", fails_or_hangs_where_that_is_simulated},
      {"does nothing while it is ready but observe", does_nothing_while_ready_but_observe},
      {"says what a deadline did", says_what_a_deadline_did},
      {"tries again as often as it may", tries_again_as_often_as_it_may},
      {"is let go when it is cleaned up", is_let_go_when_it_is_cleaned_up})
