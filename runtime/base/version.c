/* A function and not a macro: only this file is compiled anew when the number changes. */
#include "base/version.h"

const char *version_text(void)
{
    return TEND_VERSION;
}
