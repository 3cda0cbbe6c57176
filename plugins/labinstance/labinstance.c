/* LabInstance: a lab that is provisioned, used for a while, and cleaned up.
 *
 *     pending ──> provisioning ──> ready ──> deleting ──> deleted
 *        ^    └────────┴─────┬────────┴─────────^
 *        └────────────────  failed ─────────────┘
 *
 * The machine at the end of this file is the truth about states; the host holds it, and fires its
 * deadlines whether or not this code is up. What is left to do here is one function for each state:
 * look at the object, write its status, and say what comes next. Each may run at any time, twice, or
 * after a crash, so each says what should be, never what to add.
 *
 * Provisioning is a timer (spec.provisionSeconds). All moments are the host's: see call->now_ms.
 */
#include <tend/plugin.h>

#include "crd.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, RETRY_DELAY_MS = 10 * SECOND_MS };

static int is_simulated(struct tend_call *call, const char *what)
{
    return strcmp(tend_text(call, TEND_THIS, "spec.simulate", "none"), what) == 0;
}

static int64_t generation(struct tend_call *call)
{
    return tend_int(call, TEND_THIS, "metadata.generation", 0);
}

/* Every run says which spec it has seen. */
static void observe(struct tend_call *call)
{
    tend_put_int(call, TEND_THIS, "status.observedGeneration", generation(call));
}

/* What everybody who looks at the lab is told: message, condition Ready, and an event. */
static void tell(struct tend_call *call, int32_t tone, const char *reason, const char *message)
{
    int32_t ready = strcmp(reason, "Ready") == 0 ? TEND_TRUE : TEND_FALSE;
    tend_put_text(call, TEND_THIS, "status.message", message);
    tend_condition(call, "Ready", ready, reason, message);
    tend_event(call, tone, reason, message);
}

static void pending(struct tend_call *call, struct tend_result *result)
{
    int64_t attempts = tend_int(call, TEND_THIS, "status.attempts", 0);
    observe(call);
    tend_put_int(call, TEND_THIS, "status.attempts", attempts + 1);
    tend_put_moment(call, TEND_THIS, "status.startedAt", call->now_ms);
    tell(call, TEND_NORMAL, "Provisioning", "Starting lab instance provisioning");
    tend_enter(result, "provisioning", "Provisioning", "Starting lab instance provisioning");
}

static void become_ready(struct tend_call *call, struct tend_result *result)
{
    const char *name = tend_text(call, TEND_THIS, "metadata.name", "");
    tend_put_moment(call, TEND_THIS, "status.readyAt", call->now_ms);
    tend_put_text(call, TEND_THIS, "status.endpoint",
                  tend_format(call, "https://lab-%s.example.com", name));
    tell(call, TEND_NORMAL, "Ready", "Lab instance is ready");
    tend_enter(result, "ready", "Ready", "Lab instance is ready");
}

static void provisioning(struct tend_call *call, struct tend_result *result)
{
    int64_t takes_ms = tend_int(call, TEND_THIS, "spec.provisionSeconds", 5) * SECOND_MS;
    int64_t left_ms = call->entered_ms + takes_ms - call->now_ms;
    observe(call);
    if (is_simulated(call, "hang")) {
        tend_done(result); /* the deadline of this state will end it */
    } else if (left_ms > 0) {
        tend_again(result, left_ms);
    } else if (is_simulated(call, "fail")) {
        tend_put_moment(call, TEND_THIS, "status.failedAt", call->now_ms);
        tell(call, TEND_WARNING, "ProvisioningFailed", "Provisioning failed");
        tend_enter(result, "failed", "ProvisioningFailed", "Provisioning failed");
    } else {
        become_ready(call, result);
    }
}

/* A running lab has nothing to do but to live until its deadline. */
static void ready(struct tend_call *call, struct tend_result *result)
{
    observe(call);
    tend_done(result);
}

/* A deadline brought the lab here: the host has told it as an event, and the status does not say so
 * yet. */
static void note_timeout(struct tend_call *call)
{
    const char *message = tend_get(call, TEND_THIS, "status.startedAt") != 0
                              ? "Provisioning timeout"
                              : "Nobody took the lab instance up";
    tend_put_moment(call, TEND_THIS, "status.failedAt", call->entered_ms);
    tend_put_text(call, TEND_THIS, "status.message", message);
    tend_condition(call, "Ready", TEND_FALSE, "Timeout", message);
}

/* From now on the state has a deadline: its length is status.keptFor, which is there only now. */
static void give_up(struct tend_call *call, struct tend_result *result, int64_t attempts)
{
    if (tend_get(call, TEND_THIS, "status.gaveUpAt") == 0) {
        tend_put_moment(call, TEND_THIS, "status.gaveUpAt", call->now_ms);
        tend_put(call, TEND_THIS, "status.keptFor",
                 tend_get(call, TEND_THIS, "spec.ttlAfterFailed"));
        tend_event(call, TEND_WARNING, "GaveUp",
                   tend_format(call, "Gave up after %d attempt%s", (int)attempts,
                               attempts == 1 ? "" : "s"));
    }
    tend_done(result);
}

static void start_over(struct tend_call *call, struct tend_result *result, int64_t attempts,
                       const char *message)
{
    tend_put_int(call, TEND_THIS, "status.attempts", attempts);
    tend_unset(call, TEND_THIS, "status.startedAt");
    tend_unset(call, TEND_THIS, "status.failedAt");
    tend_unset(call, TEND_THIS, "status.gaveUpAt");
    tend_unset(call, TEND_THIS, "status.keptFor");
    tell(call, TEND_NORMAL, "Retrying", message);
    tend_enter(result, "pending", "Retrying", message);
}

/* Try again a few times; then keep the lab for ttlAfterFailed. A changed spec starts over. */
static void failed(struct tend_call *call, struct tend_result *result)
{
    int64_t attempts = tend_int(call, TEND_THIS, "status.attempts", 0);
    int64_t retries = tend_int(call, TEND_THIS, "spec.retries", 3);
    int64_t left_ms = call->entered_ms + RETRY_DELAY_MS - call->now_ms;
    int64_t seen = tend_int(call, TEND_THIS, "status.observedGeneration", 0);
    if (tend_get(call, TEND_THIS, "status.failedAt") == 0) {
        note_timeout(call);
    }
    observe(call);
    if (seen != generation(call)) {
        start_over(call, result, 0, "Trying again with the changed spec");
    } else if (attempts > retries) {
        give_up(call, result, attempts);
    } else if (left_ms > 0) {
        tend_again(result, left_ms);
    } else {
        start_over(call, result, attempts,
                   tend_format(call, "Trying again, attempt %d", (int)attempts + 1));
    }
}

/* The lab is being deleted. Nothing exists outside the host yet, so there is nothing to undo. */
static void finalize(struct tend_call *call, struct tend_result *result)
{
    observe(call);
    if (is_simulated(call, "stuck")) {
        tend_retry(result, "CleanupFailed", "The simulated cleanup fails");
        return;
    }
    tend_event(call, TEND_NORMAL, "Deleted", "Lab instance is deleted");
    tend_done(result);
}

/* --- the machine ------------------------------------------------------------------------------- */

static const struct tend_state state_pending = {
    .size = sizeof state_pending,
    .name = "pending",
    .next = "provisioning, failed, deleting",
    .run = pending,
    .within_ms = MINUTE_MS,
    .otherwise = "failed",
    .reason = "PickupTimeout",
    .message = "Nobody took the lab instance up",
};
static const struct tend_state state_provisioning = {
    .size = sizeof state_provisioning,
    .name = "provisioning",
    .next = "ready, failed, deleting",
    .run = provisioning,
    .within_ms = 30 * SECOND_MS,
    .within_field = "spec.provisionTimeout",
    .otherwise = "failed",
    .reason = "ProvisioningTimeout",
    .message = "Provisioning timeout",
};
static const struct tend_state state_ready = {
    .size = sizeof state_ready,
    .name = "ready",
    .next = "failed, deleting",
    .run = ready,
    .within_ms = 60 * MINUTE_MS,
    .within_field = "spec.duration",
    .otherwise = "deleting",
    .reason = "SessionExpired",
    .message = "Lab session expired",
};
static const struct tend_state state_failed = {
    .size = sizeof state_failed,
    .name = "failed",
    .next = "pending, deleting",
    .run = failed,
    .within_field = "status.keptFor",
    .otherwise = "deleting",
    .reason = "FailedExpired",
    .message = "The failed lab instance was kept long enough",
};
static const struct tend_state state_deleting = {
    .size = sizeof state_deleting,
    .flags = TEND_TEARDOWN,
    .name = "deleting",
    .next = "deleted, failed",
    .within_ms = 5 * MINUTE_MS,
    .condition = "CleanupStuck",
    .reason = "CleanupStuck",
    .message = "The lab instance is not cleaned up after 5 minutes",
};
static const struct tend_state state_deleted = {
    .size = sizeof state_deleted,
    .flags = TEND_FINAL,
    .name = "deleted",
};
static const struct tend_state *const states[] = {
    &state_pending,  &state_provisioning, &state_ready, &state_failed,
    &state_deleting, &state_deleted,      NULL};

static const struct tend_controller labinstance = {
    .size = sizeof labinstance,
    .name = "labinstance",
    .kind = "lab.neuroglia.com/v1/LabInstance",
    .crd = labinstance_crd,
    .states = states,
    .finalize = finalize,
};
static const struct tend_controller *const controllers[] = {&labinstance, NULL};
TEND_PLUGIN("labinstance", "1.0.0", controllers)
