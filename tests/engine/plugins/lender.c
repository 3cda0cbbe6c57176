/* A library that lends a plugin a part of its descriptor. */
#include <tend/plugin.h>

TEND_EXPORT extern const char borrowed_kind[];
const char borrowed_kind[] = "example.com/v1/Borrowed";
