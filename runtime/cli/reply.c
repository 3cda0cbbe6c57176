/* A machine that takes whatever piece of the answer there is. Everything but a body is read line by
 * line, so there is one place that bounds a line and one that ends it. */
#include "cli/reply.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"

void reply_init(struct reply *reply)
{
    *reply = (struct reply){
        .body = BUFFER_INIT(CLIENT_BODY_MAX),
        .warnings = BUFFER_INIT(CLIENT_HEAD_MAX),
        .line = BUFFER_INIT(CLIENT_HEAD_MAX),
    };
}

void reply_done(struct reply *reply)
{
    buffer_done(&reply->body);
    buffer_done(&reply->warnings);
    buffer_done(&reply->line);
}

static enum tend_code broken(const char *what, struct error *err)
{
    return FAIL(err, TEND_INVALID, "what answers on the socket does not speak HTTP: %s", what);
}

static struct text trim(struct text text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text = text_from(text, 1);
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

static bool same_word(struct text text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

/* --- the head ---------------------------------------------------------------------------------- */

static enum tend_code read_status(struct reply *reply, struct text line, struct error *err)
{
    int64_t status = 0;
    struct text rest = line;
    struct text version = text_cut(&rest, ' ');
    struct text number = text_cut(&rest, ' ');
    bool is_known = text_is(version, "HTTP/1.1") || text_is(version, "HTTP/1.0");
    if (!is_known || number.len != 3 || !text_to_int(number, &status) || status < 100 ||
        status > 599) {
        return broken("no status line", err);
    }
    reply->status = (int)status;
    reply->closes = text_is(version, "HTTP/1.0");
    reply->phase = REPLY_HEADERS;
    return TEND_OK;
}

static enum tend_code read_length(struct reply *reply, struct text value, struct error *err)
{
    int64_t length = 0;
    if (!text_to_int(value, &length) || length < 0 ||
        (reply->has_length && reply->left != (uint64_t)length)) {
        return broken("a Content-Length that is none", err);
    }
    reply->has_length = true;
    reply->left = (uint64_t)length;
    return TEND_OK;
}

/* The text between the quotes of `299 - "text"`, or the whole where it looks otherwise. */
static void keep_warning(struct reply *reply, struct text value)
{
    size_t open = text_find(value, '"');
    struct text text = open < value.len ? text_from(value, open + 1) : value;
    if (text.len > 0 && text.ptr[text.len - 1] == '"') {
        text.len--;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.ptr[i] == '\\' && i + 1 < text.len;
        buffer_byte(&reply->warnings, text.ptr[is_escape ? ++i : i]);
    }
    buffer_byte(&reply->warnings, '\n');
}

static void keep_effect(struct reply *reply, struct text value)
{
    size_t len = value.len < REPLY_EFFECT_MAX ? value.len : 0;
    memcpy(reply->effect, value.ptr, len);
    reply->effect[len] = '\0';
}

static enum tend_code read_header(struct reply *reply, struct text line, struct error *err)
{
    struct text value = line;
    struct text name = text_cut(&value, ':');
    if (name.len == 0 || name.len == line.len || name.ptr[0] == ' ' || name.ptr[0] == '\t') {
        return broken("a malformed header", err);
    }
    value = trim(value);
    if (same_word(name, "Content-Length")) {
        return read_length(reply, value, err);
    }
    if (same_word(name, "Transfer-Encoding")) {
        if (!same_word(value, "chunked")) {
            return broken("an unknown Transfer-Encoding", err);
        }
        reply->is_chunked = true;
    } else if (same_word(name, "Connection")) {
        reply->closes = reply->closes || same_word(value, "close");
    } else if (same_word(name, "Warning")) {
        keep_warning(reply, value);
    } else if (same_word(name, "Tend-Effect")) {
        keep_effect(reply, value);
    }
    return TEND_OK;
}

static void complete(struct reply *reply)
{
    reply->phase = REPLY_COMPLETE;
    reply->is_complete = true;
}

/* The empty line: what follows depends on the headers. An interim answer (1xx) is passed over. */
static void end_head(struct reply *reply)
{
    if (reply->status < 200) {
        reply->phase = REPLY_STATUS;
        reply->has_length = reply->is_chunked = false;
        return;
    }
    reply->has_head = true;
    if (reply->is_chunked) {
        reply->phase = REPLY_CHUNK_SIZE;
    } else if (reply->has_length) {
        reply->phase = REPLY_LENGTH;
    } else {
        reply->phase = REPLY_UNTIL_CLOSE;
        reply->closes = true;
    }
    if (reply->status == 204 || reply->status == 304 ||
        (reply->phase == REPLY_LENGTH && reply->left == 0)) {
        complete(reply);
    }
}

/* --- the body ---------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum tend_code read_chunk_size(struct reply *reply, struct text line, struct error *err)
{
    struct text extension = line;
    struct text digits = trim(text_cut(&extension, ';'));
    uint64_t size = 0;
    if (digits.len == 0 || digits.len > 8) {
        return broken("a chunk without a size", err);
    }
    for (size_t i = 0; i < digits.len; i++) {
        int digit = hex_digit(digits.ptr[i]);
        if (digit < 0) {
            return broken("a chunk without a size", err);
        }
        size = size * 16 + (uint64_t)digit;
    }
    reply->left = size;
    reply->phase = size == 0 ? REPLY_TRAILERS : REPLY_CHUNK;
    return TEND_OK;
}

static enum tend_code take_body(struct reply *reply, struct text *bytes, struct error *err)
{
    size_t len = bytes->len;
    bool is_counted = reply->phase != REPLY_UNTIL_CLOSE;
    if (is_counted && reply->left < len) {
        len = (size_t)reply->left;
    }
    buffer_add(&reply->body, bytes->ptr, len);
    if (reply->body.full) {
        return FAIL(err, TEND_LIMIT, "the host's answer is larger than %u MiB",
                    CLIENT_BODY_MAX / MIB);
    }
    *bytes = text_from(*bytes, len);
    if (is_counted) {
        reply->left -= len;
        if (reply->left == 0 && reply->phase == REPLY_LENGTH) {
            complete(reply);
        } else if (reply->left == 0) {
            reply->phase = REPLY_CHUNK_END;
        }
    }
    return TEND_OK;
}

/* --- lines ------------------------------------------------------------------------------------- */

static enum tend_code read_line(struct reply *reply, struct text line, struct error *err)
{
    switch (reply->phase) {
    case REPLY_STATUS:
        return read_status(reply, line, err);
    case REPLY_HEADERS:
        if (line.len > 0) {
            return read_header(reply, line, err);
        }
        end_head(reply);
        return TEND_OK;
    case REPLY_CHUNK_SIZE:
        return read_chunk_size(reply, line, err);
    case REPLY_CHUNK_END:
        reply->phase = REPLY_CHUNK_SIZE;
        return line.len == 0 ? TEND_OK : broken("a chunk longer than its size", err);
    case REPLY_TRAILERS:
        if (line.len == 0) {
            complete(reply);
        }
        return TEND_OK;
    case REPLY_LENGTH:
    case REPLY_CHUNK:
    case REPLY_UNTIL_CLOSE:
    case REPLY_COMPLETE:
        break;
    }
    return broken("a line out of place", err);
}

/* What is not the body counts against one bound, whatever it is made of; a chunk that brought content
 * gives it back, so that a long stream does not use it up. */
static enum tend_code take_line(struct reply *reply, struct text *bytes, struct error *err)
{
    size_t end = text_find(*bytes, '\n');
    size_t taken = end < bytes->len ? end + 1 : end;
    buffer_add(&reply->line, bytes->ptr, end);
    reply->head_bytes += taken;
    if (reply->line.full || reply->head_bytes > CLIENT_HEAD_MAX) {
        return FAIL(err, TEND_LIMIT, "the head of the host's answer is larger than %u KiB",
                    CLIENT_HEAD_MAX / KIB);
    }
    bool is_whole = end < bytes->len;
    *bytes = text_from(*bytes, taken);
    if (!is_whole) {
        return TEND_OK;
    }
    struct text line = buffer_view(&reply->line);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    enum tend_code code = read_line(reply, line, err);
    buffer_clear(&reply->line);
    if (reply->phase == REPLY_CHUNK) {
        reply->head_bytes = 0;
    }
    return code;
}

enum tend_code reply_feed(struct reply *reply, struct text bytes, size_t *ret_used,
                          struct error *err)
{
    struct text rest = bytes;
    while (rest.len > 0 && !reply->is_complete) {
        bool in_body = reply->phase == REPLY_LENGTH || reply->phase == REPLY_CHUNK ||
                       reply->phase == REPLY_UNTIL_CLOSE;
        TRY(in_body ? take_body(reply, &rest, err) : take_line(reply, &rest, err));
    }
    *ret_used = bytes.len - rest.len;
    return TEND_OK;
}

enum tend_code reply_end(struct reply *reply, struct error *err)
{
    if (reply->phase == REPLY_UNTIL_CLOSE) {
        complete(reply);
    }
    if (!reply->is_complete) {
        return FAIL(err, TEND_UNAVAILABLE, "the host closed the connection %s",
                    reply->has_head ? "in the middle of its answer" : "without an answer");
    }
    return TEND_OK;
}
