/* A plugin that loads, and says of itself what CLAIM makes of it: nothing of that is allowed. */
#include <tend/plugin.h>

#define DEFINITION(names, schema)                                                                  \
    "apiVersion: apiextensions.k8s.io/v1\n"                                                        \
    "kind: CustomResourceDefinition\n"                                                             \
    "metadata: {name: claims.example.com}\n"                                                       \
    "spec:\n"                                                                                      \
    "  group: example.com\n"                                                                       \
    "  scope: Namespaced\n" names "  versions:\n"                                                  \
    "  - name: v1\n"                                                                               \
    "    served: true\n"                                                                           \
    "    storage: true\n"                                                                          \
    "    subresources: {status: {}}\n"                                                             \
    "    schema: {openAPIV3Schema: " schema "}\n"
#define NAMES  "  names: {kind: Claim, plural: claims, singular: claim}\n"
#define SCHEMA "{type: object, properties: {status: {type: object, properties: " STATES "}}}"
#define STATES "{state: {type: string}}"

enum { WORD, LABELS, LOST_STATE, NO_NAMES, BAD_NAME, BAD_TYPE, FIELD, NO_STATE, HOSTS_OWN };

static const struct tend_state first = {.size = sizeof first, .name = "first", .next = "last"};
static const struct tend_state lost = {.size = sizeof lost, .name = "lost", .next = "last"};
static const struct tend_state last = {.size = sizeof last, .flags = TEND_FINAL, .name = "last"};
static const struct tend_state *const good_states[] = {&first, &last, NULL};
static const struct tend_state *const bad_states[] = {&first, &lost, &last, NULL};

static const struct tend_controller controller = {
    .size = sizeof controller,
    .name = "claiming",
    .kind = CLAIM == WORD        ? "Claim"
            : CLAIM == LABELS    ? "*"
            : CLAIM == HOSTS_OWN ? "v1/Event"
                                 : "example.com/v1/Claim",
    .flags = CLAIM == LABELS ? TEND_OBSERVER : 0,
    .labels = CLAIM == LABELS ? "a==b==c" : NULL,
    .states = CLAIM == LOST_STATE ? bad_states
              : CLAIM == NO_STATE ? good_states
                                  : NULL,
    .crd = CLAIM == NO_NAMES   ? DEFINITION("", SCHEMA)
           : CLAIM == BAD_NAME ? DEFINITION("  names: {kind: claim, plural: claims}\n", SCHEMA)
           : CLAIM == BAD_TYPE ? DEFINITION(NAMES, "{type: thing}")
           : CLAIM == FIELD    ? DEFINITION(NAMES "  nonsense: 1\n", SCHEMA)
           : CLAIM == NO_STATE
               ? DEFINITION(NAMES, "{type: object, properties: {spec: {type: object}}}")
               : NULL,
};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("claiming", "1", controllers)
