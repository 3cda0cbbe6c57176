/* What comes back from outside: bytes of anybody's, kept up to a limit, and given as text. */
#ifndef EFFECT_CAPTURE_H
#define EFFECT_CAPTURE_H

#include "base/buffer.h"
#include "base/limits.h"
#include "document/value.h"

struct capture {
    struct buffer bytes;
    bool cut; /* there was more */
};

#define CAPTURE_INIT                                                                               \
    {                                                                                              \
        .bytes = BUFFER_INIT(EFFECT_OUTPUT_MAX)                                                    \
    }

void capture_add(struct capture *capture, const void *bytes, size_t len);
void capture_done(struct capture *capture);

/* All of it as text: what is no UTF-8, and NUL, becomes U+FFFD; a character that the limit cut in two is
 * left out. */
const struct value *capture_text(struct arena *arena, const struct capture *capture);

/* The same for a piece of text that is somebody else's, such as a reason or a header. */
const struct value *capture_clean(struct arena *arena, struct text bytes);

#endif
