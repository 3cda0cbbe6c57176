/* libcurl's multi interface, driven by sockets: it says which descriptors and which moment it waits for, the
 * world tells it when they come, and what is finished is fetched afterwards. libcurl is loaded by the first
 * request, on a worker; requests wait for it as they wait for a free place.
 */
#include "effect/transfer.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/version.h"
#include "document/json.h"
#include "effect/capture.h"
#include "effect/curl.h"

enum curl_state { CURL_UNLOADED, CURL_LOADING, CURL_THERE, CURL_MISSING };

struct transfers {
    struct executor executor;
    struct world *world;
    struct list running, waiting; /* struct transfer */
    size_t count;                 /* running */
    enum curl_state state;
    struct curl curl;
    struct error missing; /* why it is */
    struct job load;
    enum tend_code loaded; /* by it */
    CURLM *multi;
    struct alarm timer;
};

struct transfer {
    struct list link;
    struct transfers *transfers;
    struct effect *effect;
    struct arena arena; /* of the request and what is made of it */
    const struct value *request;
    CURL *easy; /* NULL: it waits, or could not begin */
    struct curl_slist *sent;
    struct buffer head; /* its lines, as they came */
    struct capture body;
    char problem[CURL_ERROR_SIZE];
    struct task failed;
    const char *why; /* it did */
};

/* A descriptor of libcurl's. */
struct socket {
    struct readiness readiness;
    struct transfers *transfers;
};

/* --- what comes back ------------------------------------------------------------------------------ */

static size_t take_body(char *bytes, size_t size, size_t count, void *owner)
{
    struct transfer *transfer = owner;
    capture_add(&transfer->body, bytes, size * count);
    return transfer->body.cut ? 0 : size * count;
}

static struct text trim(struct text text)
{
    while (text.len > 0 && isspace((unsigned char)text.ptr[0])) {
        text = text_from(text, 1);
    }
    while (text.len > 0 && isspace((unsigned char)text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* The next line that is a header; false: there is none. */
static bool next_header(struct text *rest, struct text *ret_name, struct text *ret_value)
{
    while (rest->len > 0) {
        struct text line = text_cut(rest, '\n');
        *ret_name = text_cut(&line, ':');
        *ret_value = trim(line);
        if (ret_name->len > 0) {
            return true;
        }
    }
    return false;
}

/* What came under `name`, from its first line on. */
static const struct value *header_value(struct arena *arena, struct text name, struct text value,
                                        struct text rest)
{
    CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(EFFECT_OUTPUT_MAX);
    struct text other;
    buffer_text(&all, value);
    while (next_header(&rest, &other, &value)) {
        if (other.len == name.len && strncasecmp(other.ptr, name.ptr, name.len) == 0) {
            buffer_chars(&all, all.len > 0 ? ", " : "");
            buffer_text(&all, value);
        }
    }
    return capture_clean(arena, buffer_view(&all));
}

/* The lines as they came are bounded, and each name is put together once: somebody may send one name ten
 * thousand times. */
static const struct value *headers_of(struct transfer *transfer)
{
    struct arena *arena = &transfer->arena;
    const struct value *headers = value_empty_map();
    struct text rest = buffer_view(&transfer->head), name, value;
    while (value_count(headers) < HTTP_HEADERS_KEPT_MAX && next_header(&rest, &name, &value)) {
        char lower[64];
        if (name.len >= sizeof lower) {
            continue;
        }
        for (size_t i = 0; i < name.len; i++) {
            lower[i] = (char)tolower((unsigned char)name.ptr[i]);
        }
        struct text key = capture_clean(arena, (struct text){lower, name.len})->text;
        if (value_get(headers, key) == NULL) {
            headers = value_with(arena, headers, key, header_value(arena, name, value, rest));
        }
    }
    return headers;
}

/* A line. A status line begins anew: an interim answer, or one that was followed elsewhere. Too many end the
 * transfer: libcurl keeps all that follow a body, without a limit. */
static size_t take_header(char *bytes, size_t size, size_t count, void *owner)
{
    struct transfer *transfer = owner;
    struct text line = {bytes, size * count};
    if (text_starts(line, TEXT("HTTP/"))) {
        buffer_clear(&transfer->head);
    } else if (text_find(line, ':') < line.len) {
        buffer_text(&transfer->head, line);
    }
    return transfer->head.full ? 0 : size * count;
}

/* --- the end -------------------------------------------------------------------------------------- */

static void begin_waiting(struct transfers *transfers);

static void transfer_free(struct transfer *transfer)
{
    struct transfers *transfers = transfer->transfers;
    if (transfer->easy != NULL) {
        transfers->curl.multi_remove_handle(transfers->multi, transfer->easy);
        transfers->curl.easy_cleanup(transfer->easy);
        transfers->count--;
    }
    if (transfer->sent != NULL) {
        transfers->curl.slist_free_all(transfer->sent);
    }
    buffer_done(&transfer->head);
    capture_done(&transfer->body);
    list_remove(&transfer->failed.link);
    list_remove(&transfer->link);
    arena_done(&transfer->arena);
    free(transfer);
}

static void finish(struct transfer *transfer, const struct value *result)
{
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(MIB);
    struct transfers *transfers = transfer->transfers;
    struct effect *effect = transfer->effect;
    json_write(&json, result);
    transfer_free(transfer);
    effect->done(effect, buffer_view(&json));
    begin_waiting(transfers);
}

static const struct value *answer(struct transfer *transfer, long status)
{
    struct arena *arena = &transfer->arena;
    const struct value *result =
        value_with(arena, NULL, TEXT("ok"), value_bool(arena, status < 400));
    result = value_with(arena, result, TEXT("status"), value_int(arena, status));
    if (transfer->body.cut) {
        result = value_with(arena, result, TEXT("cut"), value_bool(arena, true));
    }
    result = value_with(arena, result, TEXT("headers"), headers_of(transfer));
    return value_with(arena, result, TEXT("body"), capture_text(arena, &transfer->body));
}

static const struct value *problem(struct arena *arena, const char *sentence)
{
    const struct value *result = value_with(arena, NULL, TEXT("ok"), value_bool(arena, false));
    return value_with(arena, result, TEXT("problem"), capture_clean(arena, text_of(sentence)));
}

static void on_failed(struct task *task)
{
    struct transfer *transfer = CONTAINER_OF(task, struct transfer, failed);
    finish(transfer, problem(&transfer->arena, transfer->why));
}

/* Its words, with the host's name and the reason, are better than the code's. */
static const struct value *result_of(struct transfer *transfer, CURLcode code)
{
    struct transfers *transfers = transfer->transfers;
    long status = 0;
    transfers->curl.easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer->body.cut)) {
        return answer(transfer, status);
    }
    if (transfer->head.full) {
        snprintf(transfer->problem, sizeof transfer->problem, "its headers are longer than %u KiB",
                 EFFECT_OUTPUT_MAX / KIB);
    } else if (transfer->problem[0] == '\0') {
        snprintf(transfer->problem, sizeof transfer->problem, "%s",
                 transfers->curl.easy_strerror(code));
    }
    return problem(&transfer->arena, transfer->problem);
}

static void fetch_finished(struct transfers *transfers)
{
    int left;
    for (CURLMsg *message = transfers->curl.multi_info_read(transfers->multi, &left);
         message != NULL; message = transfers->curl.multi_info_read(transfers->multi, &left)) {
        void *owner = NULL;
        if (message->msg == CURLMSG_DONE) {
            CURLcode code = message->data.result;
            transfers->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
            finish(owner, result_of(owner, code));
        }
    }
}

/* --- what libcurl waits for ----------------------------------------------------------------------- */

static void act(struct transfers *transfers, curl_socket_t fd, int events)
{
    int running;
    transfers->curl.multi_socket_action(transfers->multi, fd, events, &running);
    fetch_finished(transfers);
}

static void on_ready(struct readiness *readiness, unsigned events)
{
    struct socket *socket = CONTAINER_OF(readiness, struct socket, readiness);
    act(socket->transfers, readiness->fd,
        ((events & READY_READ) != 0 ? CURL_CSELECT_IN : 0) |
            ((events & READY_WRITE) != 0 ? CURL_CSELECT_OUT : 0) |
            ((events & READY_HANGUP) != 0 ? CURL_CSELECT_ERR : 0));
}

static void on_timer(struct alarm *alarm)
{
    act(CONTAINER_OF(alarm, struct transfers, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *owner)
{
    struct transfers *transfers = owner;
    (void)multi;
    if (ms < 0) {
        world_alarm_clear(transfers->world, &transfers->timer);
    } else {
        world_alarm_set(transfers->world, &transfers->timer, world_ticks_ms(transfers->world) + ms);
    }
    return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *ours)
{
    struct transfers *transfers = owner;
    struct socket *socket = ours;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL) {
            world_unwatch_fd(transfers->world, &socket->readiness);
            free(socket);
        }
        return 0;
    }
    if (socket == NULL) {
        socket = alloc_new(sizeof *socket);
        *socket = (struct socket){{.fd = fd, .ready = on_ready}, transfers};
        transfers->curl.multi_assign(transfers->multi, fd, socket);
    }
    unsigned events = ((what & CURL_POLL_IN) != 0 ? READY_READ : 0u) |
                      ((what & CURL_POLL_OUT) != 0 ? READY_WRITE : 0u);
    struct error err = ERROR_INIT;
    return world_watch_fd(transfers->world, &socket->readiness, events, &err) == TEND_OK ? 0 : -1;
}

/* --- the beginning -------------------------------------------------------------------------------- */

static void add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *more = transfer->transfers->curl.slist_append(transfer->sent, line);
    transfer->sent = more != NULL ? more : transfer->sent;
}

/* What libcurl adds by itself to a body is not what was asked for. An empty value is "Name;" to it. */
static void set_headers(struct transfer *transfer)
{
    const struct value *headers = value_field(transfer->request, "headers");
    add_header(transfer, "Expect:");
    add_header(transfer, "Content-Type:");
    for (size_t i = 0; i < value_count(headers); i++) {
        const struct value_field *field = &headers->fields[i];
        struct text value = field->value->text;
        struct text line = value.len > 0
                               ? arena_format(&transfer->arena, "%.*s: %.*s", TEXT_ARG(field->key),
                                              TEXT_ARG(value))
                               : arena_format(&transfer->arena, "%.*s;", TEXT_ARG(field->key));
        add_header(transfer, line.ptr);
    }
    transfer->transfers->curl.easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->sent);
}

static void set_method(struct transfer *transfer)
{
    const struct curl *curl = &transfer->transfers->curl;
    struct text method = value_text_or(value_field(transfer->request, "method"), TEXT("GET"));
    const struct value *body = value_field(transfer->request, "body");
    bool takes_body = text_is(method, "POST") || text_is(method, "PUT") || text_is(method, "PATCH");
    if (text_is(method, "HEAD")) {
        curl->easy_setopt(transfer->easy, CURLOPT_NOBODY, 1L);
    } else if (body != NULL || takes_body) {
        struct text bytes = value_text_or(body, TEXT(""));
        curl->easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE, (long)bytes.len);
        curl->easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, bytes.ptr);
    }
    if (!text_is(method, "HEAD")) {
        curl->easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, method.ptr);
    }
    bool follows = text_is(method, "GET") || text_is(method, "HEAD");
    curl->easy_setopt(transfer->easy, CURLOPT_FOLLOWLOCATION, follows ? 1L : 0L);
}

static void set_options(struct transfer *transfer)
{
    const struct curl *curl = &transfer->transfers->curl;
    CURL *easy = transfer->easy;
    char agent[64]; /* libcurl copies it */
    snprintf(agent, sizeof agent, "tend/%s", version_text());
    int64_t ms = value_int_or(value_field(transfer->request, "timeoutMs"), HTTP_TIMEOUT_MS);
    curl->easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS_MAX);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, agent);
    curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ms);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    set_method(transfer);
    set_headers(transfer);
}

/* `sentence` stays where it is. */
static void fail(struct transfer *transfer, const char *sentence)
{
    transfer->why = sentence;
    transfer->failed.run = on_failed;
    world_soon(transfer->transfers->world, &transfer->failed);
}

static void begin(struct transfer *transfer)
{
    struct transfers *transfers = transfer->transfers;
    const struct curl *curl = &transfers->curl;
    if (transfers->state == CURL_MISSING) {
        fail(transfer, transfers->missing.message);
        return;
    }
    CURL *easy = curl->easy_init();
    if (easy == NULL) {
        fail(transfer, "libcurl has no memory");
        return;
    }
    transfer->easy = easy;
    transfers->count++;
    set_options(transfer);
    struct text url = value_text_or(value_field(transfer->request, "url"), TEXT(""));
    CURLcode code = curl->easy_setopt(easy, CURLOPT_URL, url.ptr);
    CURLMcode added = curl->multi_add_handle(transfers->multi, easy);
    if (code != CURLE_OK || added != CURLM_OK) {
        fail(transfer, curl->easy_strerror(code));
    }
}

static void load(struct job *job)
{
    struct transfers *transfers = CONTAINER_OF(job, struct transfers, load);
    transfers->missing = (struct error)ERROR_INIT;
    transfers->loaded = curl_load(&transfers->curl, &transfers->missing);
}

static void loaded(struct job *job)
{
    struct transfers *transfers = CONTAINER_OF(job, struct transfers, load);
    transfers->state = transfers->loaded == TEND_OK ? CURL_THERE : CURL_MISSING;
    if (transfers->state == CURL_THERE) {
        transfers->multi = transfers->curl.multi_init();
        const struct curl *curl = &transfers->curl;
        curl->multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
        curl->multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers);
        curl->multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, set_timer);
        curl->multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers);
    }
    begin_waiting(transfers);
}

static void begin_waiting(struct transfers *transfers)
{
    if (transfers->state == CURL_UNLOADED && !list_empty(&transfers->waiting)) {
        transfers->state = CURL_LOADING;
        transfers->load = (struct job){.lane = LANE_READ, .work = load, .done = loaded};
        world_offload(transfers->world, &transfers->load);
    }
    if (transfers->state == CURL_UNLOADED || transfers->state == CURL_LOADING) {
        return;
    }
    while (transfers->count < HTTP_TRANSFERS_MAX && !list_empty(&transfers->waiting)) {
        struct transfer *transfer =
            CONTAINER_OF(list_pop(&transfers->waiting), struct transfer, link);
        list_append(&transfers->running, &transfer->link);
        begin(transfer);
    }
}

/* --- all of them ---------------------------------------------------------------------------------- */

static void start(struct executor *executor, struct effect *effect, const struct value *request)
{
    struct transfer *transfer = alloc_new(sizeof *transfer);
    *transfer = (struct transfer){.transfers = CONTAINER_OF(executor, struct transfers, executor),
                                  .effect = effect,
                                  .head = BUFFER_INIT(EFFECT_OUTPUT_MAX),
                                  .body = CAPTURE_INIT};
    transfer->request = value_copy(&transfer->arena, request);
    effect->impl = transfer;
    list_append(&transfer->transfers->waiting, &transfer->link);
    begin_waiting(transfer->transfers);
}

static void cancel(struct executor *executor, struct effect *effect)
{
    transfer_free(effect->impl);
    begin_waiting(CONTAINER_OF(executor, struct transfers, executor));
}

struct transfers *transfers_new(struct world *world)
{
    static const struct executor_ops ops = {.start = start, .cancel = cancel};
    struct transfers *transfers = alloc_new(sizeof *transfers);
    transfers->executor.ops = &ops;
    transfers->world = world;
    transfers->timer.fire = on_timer;
    list_init(&transfers->running);
    list_init(&transfers->waiting);
    return transfers;
}

void transfers_free(struct transfers *transfers)
{
    if (transfers == NULL) {
        return;
    }
    assert(list_empty(&transfers->running) && list_empty(&transfers->waiting));
    if (transfers->multi != NULL) {
        transfers->curl.multi_cleanup(transfers->multi);
    }
    world_alarm_clear(transfers->world, &transfers->timer);
    free(transfers);
}

struct executor *transfers_executor(struct transfers *transfers)
{
    return &transfers->executor;
}
