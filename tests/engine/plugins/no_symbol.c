/* Has the note, and exports something else. */
#include <tend/plugin.h>

TEND_NOTE
TEND_EXPORT int answer(void);
int answer(void)
{
    return 42;
}
