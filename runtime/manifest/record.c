/* The record is an ordinary object: it is listed, watched and backed up like any other, and one set
 * writes it together with the objects that it speaks of. */
#include "manifest/record.h"

#include <ctype.h>
#include <stdio.h>

#include "base/sha256.h"
#include "resource/builtin.h"
#include "resource/key.h"

static struct text base_name(const char *path)
{
    struct text rest = text_of(path), last = rest;
    while (rest.len > 0) {
        last = text_cut(&rest, '/');
    }
    return last;
}

struct text record_name(struct arena *arena, const char *path)
{
    struct text base = text_first(base_name(path), 200); /* with the hash below NAME_BYTES_MAX */
    char *name = arena_alloc(arena, base.len + 16);
    size_t len = 0;
    for (size_t i = 0; i < base.len; i++) {
        int letter = tolower((unsigned char)base.ptr[i]);
        bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
        bool inner = len > 0 && name[len - 1] != '.' && name[len - 1] != '-';
        if (plain || (inner && i + 1 < base.len)) {
            name[len++] = plain ? (char)letter : letter == '.' ? '.' : '-';
        }
    }
    while (len > 0 && (name[len - 1] == '.' || name[len - 1] == '-')) {
        len--;
    }
    unsigned char digest[SHA256_BYTES];
    sha256(text_of(path), digest);
    len += (size_t)snprintf(name + len, 16, "%s%02x%02x%02x%02x", len > 0 ? "-" : "m", digest[0],
                            digest[1], digest[2], digest[3]);
    return (struct text){name, len};
}

struct record record_load(struct arena *arena, const struct store *store, const char *path)
{
    struct record record = {.path = arena_text(arena, text_of(path)),
                            .documents = value_empty_map()};
    record.name = record_name(arena, path);
    struct doc *doc =
        store_get(store, key_make(arena, TEXT(BUILTIN_MANIFESTS), TEXT(""), record.name));
    const struct value *root;
    if (doc == NULL || doc_tree(doc, arena, &root, NULL) != TEND_OK) {
        return record;
    }
    record.exists = true;
    if (value_is(value_field(root, "documents"), VALUE_MAP)) {
        record.documents = value_field(root, "documents");
    }
    record.said_phase = value_text_or(value_field(root, "phase"), TEXT(""));
    record.said_message = value_text_or(value_field(root, "message"), TEXT(""));
    return record;
}

struct text record_hash(const struct record *record, struct text key)
{
    return value_text_or(value_get(record->documents, key), TEXT(""));
}

static const char *phase_name(enum record_phase phase)
{
    switch (phase) {
    case PHASE_APPLIED:
        return "applied";
    case PHASE_WAITING:
        return "waiting";
    case PHASE_REFUSED:
        return "refused";
    case PHASE_REMOVED:
        return "removed";
    }
    return "";
}

bool record_says_so_already(const struct record *record)
{
    return text_is(record->said_phase, phase_name(record->phase)) &&
           text_equal(record->said_message, record->message);
}

const struct value *record_root(struct arena *arena, const struct record *record,
                                const struct value *documents)
{
    const struct value_field metadata[] = {
        {.key = TEXT("name"), .value = value_text(arena, record->name)}};
    const struct value_field fields[] = {
        {.key = TEXT("apiVersion"), .value = value_chars(arena, "tend.dev/v1")},
        {.key = TEXT("kind"), .value = value_chars(arena, "Manifest")},
        {.key = TEXT("metadata"), .value = value_map(arena, metadata, 1)},
        {.key = TEXT("path"), .value = value_text(arena, record->path)},
        {.key = TEXT("phase"), .value = value_chars(arena, phase_name(record->phase))},
        {.key = TEXT("message"), .value = value_text(arena, record->message)},
        {.key = TEXT("documents"), .value = documents},
    };
    return value_map(arena, fields, sizeof fields / sizeof fields[0]);
}
