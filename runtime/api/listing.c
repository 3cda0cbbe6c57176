/* A list is written in slices over a snapshot: a revision and the last key that was looked at are all
 * that is kept between two slices, so a list of any length costs a fixed amount of memory. Pages of one
 * list share the snapshot of the first, so they show one moment, whatever is written meanwhile.
 *
 * A continue token is "REVISION:NAMESPACE/NAME", the last object of the page. It is not a secret and
 * not trusted: it can only name a snapshot that is kept and a place inside the same collection.
 */
#include "api/listing.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/form.h"
#include "api/problem.h"
#include "api/untended.h"
#include "base/alloc.h"
#include "resource/key.h"
#include "resource/selector.h"

enum listing_phase { LISTING_HEAD, LISTING_ITEMS, LISTING_TAIL, LISTING_DONE };

struct listing {
    struct stream stream;
    struct service *service;
    struct kind *kind; /* owned */
    struct form form;
    struct selector *selector;
    struct snapshot *snapshot; /* used */
    char *prefix;
    size_t kind_len; /* what of the prefix names the kind, its '/' included */
    char after[KEY_BYTES_MAX + 1];
    size_t after_len;
    int64_t limit; /* 0: none */
    size_t written;
    bool is_cut; /* more objects follow what the limit lets through */
    enum listing_phase phase;
};

/* --- one object -------------------------------------------------------------------------------- */

static enum tend_code form_of(const struct operation *operation, struct form *ret_form,
                              struct error *err)
{
    *ret_form = (struct form){
        .media = operation->form,
        .kind = operation->kind,
        .now_ms = world_wall_ms(operation->service->rooms.world),
    };
    return form_include(url_parameter(&operation->url, "includeObject"), &ret_form->include, err);
}

static enum tend_code key_of(const struct operation *operation, char *out, struct text *ret_key,
                             struct error *err)
{
    return key_write(out, text_of(operation->kind->resource), operation->route.namespace,
                     operation->route.name, ret_key, err);
}

void read_object(struct operation *operation)
{
    struct exchange *exchange = operation->exchange;
    struct error err = ERROR_INIT;
    struct form form;
    char name[KEY_BYTES_MAX + 1];
    struct text key;
    const struct doc *doc = NULL;
    if (key_of(operation, name, &key, &err) == TEND_OK) {
        doc = store_get(operation->service->rooms.store, key);
    }
    if (doc == NULL) {
        operation_not_found(operation);
    } else if (form_of(operation, &form, &err) != TEND_OK ||
               form_object(&form, doc, COLUMNS_SHOWN, &exchange->response.body, &err) != TEND_OK) {
        problem_answer_error(exchange, &err);
    } else {
        untended_warn(operation);
        exchange_answer(exchange, 200, form_content_type(&form));
    }
}

/* --- writing a list ---------------------------------------------------------------------------- */

static bool selects(const struct listing *listing, const struct store_entry *entry)
{
    struct key_parts parts;
    struct error err = ERROR_INIT;
    if (listing->selector == NULL || key_split(entry->key, &parts, &err) != TEND_OK) {
        return listing->selector == NULL;
    }
    switch (selector_match_key(listing->selector, &parts)) {
    case SELECT_NO:
        return false;
    case SELECT_YES:
        return true;
    case SELECT_LOOK:
        break;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    return doc_tree(entry->doc, &arena, &root, &err) == TEND_OK &&
           selector_match(listing->selector, root);
}

static void remember(struct listing *listing, struct text key)
{
    listing->after_len = key.len < sizeof listing->after ? key.len : 0;
    memcpy(listing->after, key.ptr, listing->after_len);
}

/* Write the entries of one slice while there is room and the limit allows. Returns false where the
 * slice was not used up. */
static enum tend_code write_entries(struct listing *listing, const struct store_entry *entries,
                                    size_t count, size_t room, struct buffer *out, bool *ret_all,
                                    struct error *err)
{
    size_t start = out->len;
    *ret_all = false;
    for (size_t i = 0; i < count; i++) {
        if (selects(listing, &entries[i])) {
            if (listing->limit > 0 && listing->written == (size_t)listing->limit) {
                listing->is_cut = true;
                return TEND_OK;
            }
            if (out->len - start >= room) {
                return TEND_OK;
            }
            TRY(form_list_item(&listing->form, entries[i].doc, listing->written, out, err));
            listing->written++;
        }
        remember(listing, entries[i].key);
    }
    *ret_all = true;
    return TEND_OK;
}

static enum stream_state write_slice(struct listing *listing, struct buffer *out, size_t room)
{
    struct store_entry entries[LIST_SLICE];
    struct error err = ERROR_INIT;
    bool used_up;
    struct text after = {listing->after, listing->after_len};
    size_t count = store_list(listing->service->rooms.store, listing->snapshot->reader.revision,
                              text_of(listing->prefix), after, entries, LIST_SLICE);
    if (write_entries(listing, entries, count, room, out, &used_up, &err) != TEND_OK) {
        return STREAM_BROKEN;
    }
    if (listing->is_cut || (used_up && count < LIST_SLICE)) {
        listing->phase = LISTING_TAIL;
    }
    return STREAM_MORE;
}

static void write_tail(struct listing *listing, struct buffer *out)
{
    int64_t revision = listing->snapshot->reader.revision;
    struct arena arena = {0};
    struct text token = TEXT("");
    if (listing->is_cut) {
        token = arena_format(&arena, "%" PRId64 ":%.*s", revision,
                             (int)(listing->after_len - listing->kind_len),
                             listing->after + listing->kind_len);
        snapshot_keep(listing->snapshot);
    }
    form_list_tail(&listing->form, listing->written, revision, token, out);
    arena_done(&arena);
}

static enum stream_state listing_fill(struct stream *stream, struct buffer *out, size_t room)
{
    struct listing *listing = CONTAINER_OF(stream, struct listing, stream);
    if (!listing->snapshot->is_open) {
        return STREAM_BROKEN;
    }
    switch (listing->phase) {
    case LISTING_HEAD:
        form_list_head(&listing->form, out);
        listing->phase = LISTING_ITEMS;
        return write_slice(listing, out, room);
    case LISTING_ITEMS:
        return write_slice(listing, out, room);
    case LISTING_TAIL:
        write_tail(listing, out);
        listing->phase = LISTING_DONE;
        return STREAM_END;
    case LISTING_DONE:
        break;
    }
    return STREAM_END;
}

static void listing_end(struct stream *stream)
{
    struct listing *listing = CONTAINER_OF(stream, struct listing, stream);
    snapshot_leave(listing->snapshot);
    selector_free(listing->selector);
    kind_unref(listing->kind);
    free(listing->prefix);
    free(listing);
}

/* --- beginning a list -------------------------------------------------------------------------- */

/* The snapshot that resourceVersion and resourceVersionMatch ask for. */
static enum tend_code choose_snapshot(const struct operation *operation,
                                      struct snapshot **ret_snapshot, struct error *err)
{
    struct service *service = operation->service;
    struct text match = url_parameter(&operation->url, "resourceVersionMatch");
    struct text version = url_parameter(&operation->url, "resourceVersion");
    int64_t revision = 0, head = store_revision(service->rooms.store);
    TRY(url_number(&operation->url, "resourceVersion", &revision, err));
    if (match.len > 0 && version.len == 0) {
        return FAIL(err, TEND_INVALID, "resourceVersionMatch needs a resourceVersion");
    }
    if (revision > head) {
        return FAIL(err, TEND_TIMEOUT, "Too large resource version: %" PRId64 ", current: %" PRId64,
                    revision, head);
    }
    if (text_is(match, "Exact")) {
        *ret_snapshot = revision == head ? snapshots_now(&service->snapshots)
                                         : snapshots_find(&service->snapshots, revision);
        return *ret_snapshot != NULL
                   ? TEND_OK
                   : FAIL(err, TEND_GONE, "the resourceVersion for the provided list is too old");
    }
    if (match.len > 0 && !text_is(match, "NotOlderThan")) {
        return FAIL(err, TEND_INVALID, "resourceVersionMatch must be Exact or NotOlderThan");
    }
    *ret_snapshot = snapshots_now(&service->snapshots);
    return TEND_OK;
}

/* Go on where the page ended that the token stands on. */
static enum tend_code resume_listing(const struct operation *operation, struct text token,
                                     struct listing *listing, struct error *err)
{
    int64_t revision = 0;
    struct text last = token;
    struct text number = text_cut(&last, ':');
    if (!text_to_int(number, &revision) || revision <= 0 || last.len == 0 ||
        listing->kind_len + last.len > KEY_BYTES_MAX) {
        return FAIL(err, TEND_INVALID, "continue is not a token that this host made");
    }
    if (url_parameter(&operation->url, "resourceVersion").len > 0) {
        return FAIL(err, TEND_INVALID, "continue and resourceVersion exclude each other");
    }
    listing->snapshot = snapshots_find(&operation->service->snapshots, revision);
    if (listing->snapshot == NULL) {
        return FAIL(err, TEND_GONE,
                    "the list at revision %" PRId64 " is no longer kept: list again from the start",
                    revision);
    }
    snapshot_resume(listing->snapshot);
    memcpy(listing->after, listing->prefix, listing->kind_len);
    memcpy(listing->after + listing->kind_len, last.ptr, last.len);
    listing->after_len = listing->kind_len + last.len;
    return TEND_OK;
}

static enum tend_code begin_listing(const struct operation *operation, struct listing *listing,
                                    struct error *err)
{
    const struct url *url = &operation->url;
    struct text token = url_parameter(url, "continue");
    struct text prefix = operation_prefix(operation);
    listing->prefix = alloc_text(prefix.ptr, prefix.len);
    listing->kind_len = strlen(operation->kind->resource) + 1;
    TRY(form_of(operation, &listing->form, err));
    TRY(url_number(url, "limit", &listing->limit, err));
    TRY(selector_parse(url_parameter(url, "labelSelector"), url_parameter(url, "fieldSelector"),
                       operation->kind, &listing->selector, err));
    return token.len > 0 ? resume_listing(operation, token, listing, err)
                         : choose_snapshot(operation, &listing->snapshot, err);
}

static void refuse_listing(const struct operation *operation, const struct error *err)
{
    struct problem problem =
        err->code == TEND_TIMEOUT ? problem_other(PROBLEM_AHEAD, err->message) : problem_of(err);
    problem_answer(operation->exchange, &problem);
}

void read_collection(struct operation *operation)
{
    struct exchange *exchange = operation->exchange;
    struct error err = ERROR_INIT;
    struct listing *listing = alloc_new(sizeof *listing);
    listing->service = operation->service;
    listing->stream = (struct stream){.fill = listing_fill, .end = listing_end};
    if (begin_listing(operation, listing, &err) != TEND_OK) {
        listing_end(&listing->stream);
        refuse_listing(operation, &err);
        return;
    }
    untended_warn(operation);
    listing->kind = operation_kind(operation);
    listing->form.kind = listing->kind;
    exchange->response.stream = &listing->stream;
    exchange_answer(exchange, 200, form_content_type(&listing->form));
}
