/* An answer read in one piece and byte by byte is the same answer, whoever sends it; nothing of it is
 * kept beyond its bounds. */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "cli/refusal.h"
#include "support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum tend_code feed(struct reply *reply, struct text bytes, size_t step)
{
    struct error err = ERROR_INIT;
    enum tend_code code = TEND_OK;
    reply_init(reply);
    while (code == TEND_OK && bytes.len > 0 && !reply->is_complete) {
        size_t used = 0;
        struct text piece = text_first(bytes, step);
        code = reply_feed(reply, piece, &used, &err);
        require(code != TEND_OK || used == piece.len || reply->is_complete,
                "takes all it is given");
        bytes = text_from(bytes, used);
    }
    return code == TEND_OK ? reply_end(reply, &err) : code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {(const char *)data, size};
    struct arena arena = {0};
    struct reply whole, pieces;
    enum tend_code code = feed(&whole, bytes, size + 1);
    require(code == feed(&pieces, bytes, 1), "the same outcome in pieces");
    if (code == TEND_OK) {
        require(whole.status == pieces.status, "the same status");
        require(text_equal(buffer_view(&whole.body), buffer_view(&pieces.body)), "the same body");
        require(strlen(whole.effect) < REPLY_EFFECT_MAX, "a bounded effect");
        (void)refusal_of(&whole, &arena);
    }
    arena_done(&arena);
    reply_done(&whole);
    reply_done(&pieces);
    return 0;
}
