/* A folder of files, a real store and gate, virtual time. The virtual world has no descriptors, so the
 * folder is listed again every few seconds: the way that is left where inotify does not serve. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/path.h"
#include "manifest/manifest.h"
#include "manifest/record.h"
#include "resource/builtin.h"
#include "sim/virtual_world.h"
#include "store/backends/memory.h"
#include "support/folder.h"
#include "support/suite.h"

static const char lab_definition[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: labs.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Lab, plural: labs}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object,\n"
    "      properties: {size: {type: integer, minimum: 1}, owner: {type: string}}}}}}\n";

struct bench {
    struct virtual_world v;
    struct memory_disk *disk;
    struct store *store;
    struct admission *gate;
    struct watch *watch;
    struct manifests *manifests;
    struct folder folder;
    struct log log;
    struct buffer said; /* everything that was logged */
};

static void keep_line(void *to, const char *line)
{
    struct buffer *said = to;
    buffer_chars(said, line);
    buffer_byte(said, '\n');
}

static void fatal(void *owner, const struct error *err)
{
    (void)owner;
    suite_check(false, __LINE__, err->message, __FILE__);
}

static void start(struct bench *b)
{
    struct error err = ERROR_INIT;
    struct store_options options = {.fatal = fatal};
    const char *folders[] = {b->folder.path};
    CHECK_INT(store_open(&b->v.world, memory_backend_open(b->disk), &options, &b->store, &err),
              TEND_OK);
    CHECK_INT(admission_open(&b->v.world, b->store, &b->gate, &err), TEND_OK);
    b->watch = watch_new(&b->v.world, b->store);
    struct manifests_options manifests = {&b->v.world, b->store, b->gate, b->watch, folders, 1};
    CHECK_INT(manifests_open(&manifests, &b->manifests, &err), TEND_OK);
}

static void come_up(struct bench *b)
{
    start(b);
    virtual_world_run(&b->v);
}

static void go_down(struct bench *b)
{
    manifests_close(b->manifests);
    watch_free(b->watch);
    admission_close(b->gate);
    store_close(b->store);
}

static struct bench *bench_new(void)
{
    struct bench *b = alloc_new(sizeof *b);
    virtual_world_init(&b->v, 1);
    b->said = (struct buffer)BUFFER_INIT(MIB);
    b->log = (struct log){.level = LOG_INFO, .fd = -1, .sink = keep_line, .to = &b->said};
    b->v.world.log = &b->log;
    b->disk = memory_disk_new();
    folder_init(&b->folder, FOLDER_MEMORY);
    return b;
}

static void bench_free(struct bench *b)
{
    go_down(b);
    folder_done(&b->folder);
    memory_disk_free(b->disk);
    virtual_world_done(&b->v);
    buffer_done(&b->said);
    free(b);
}

static void path_of(const struct bench *b, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", b->folder.path, name);
}

static void put(struct bench *b, const char *name, const char *text)
{
    char path[512];
    path_of(b, name, path, sizeof path);
    FILE *file = fopen(path, "w");
    if (CHECK(file != NULL)) {
        CHECK(fputs(text, file) >= 0);
        fclose(file);
    }
}

/* The folder is listed again, and what it holds is worked off. */
static void look_again(struct bench *b)
{
    buffer_clear(&b->said);
    virtual_world_advance(&b->v, FOLDER_RESCAN_MS);
}

static bool said(const struct bench *b, const char *words)
{
    bool found = strstr(buffer_view(&b->said).ptr, words) != NULL;
    if (!found) {
        printf("\n%s", buffer_view(&b->said).ptr);
    }
    return found;
}

static bool there(const struct bench *b, const char *key)
{
    return store_get(b->store, text_of(key)) != NULL;
}

/* The text (or the number, as text) at `path` of the object at `key`; "" where there is none. */
static const char *field(const struct bench *b, const char *key, const char *path, char *out)
{
    struct arena arena = {0};
    struct doc *doc = store_get(b->store, text_of(key));
    const struct value *root = NULL;
    out[0] = '\0';
    if (doc != NULL && doc_tree(doc, &arena, &root, NULL) == TEND_OK) {
        const struct value *value = path_get(root, text_of(path));
        struct text text = value_text_or(value, TEXT(""));
        if (value_is(value, VALUE_INT)) {
            snprintf(out, 128, "%lld", (long long)value->integer);
        } else {
            snprintf(out, 128, "%.*s", TEXT_ARG(text));
        }
    }
    arena_done(&arena);
    return out;
}

static const char *record_field(const struct bench *b, const char *file, const char *path,
                                char *out)
{
    char full[512], key[600];
    struct arena arena = {0};
    path_of(b, file, full, sizeof full);
    snprintf(key, sizeof key, BUILTIN_MANIFESTS "//%.*s", TEXT_ARG(record_name(&arena, full)));
    arena_done(&arena);
    return field(b, key, path, out);
}

/* Nobody waits for the answer. */
static void submit(struct bench *b, struct admission_request *request)
{
    struct admission_set set = {.requests = request, .count = 1};
    struct admission_call *call = alloc_new(sizeof *call);
    admission_submit(b->gate, &set, call);
    admission_cancel(call);
    free(call);
}

static void remove_object(struct bench *b, const char *name)
{
    struct admission_request request = {.verb = ADMIT_DELETE,
                                        .resource = TEXT("labs.example.com"),
                                        .namespace = TEXT("default"),
                                        .name = text_of(name)};
    submit(b, &request);
    virtual_world_run(&b->v);
}

#define LAB(name, size)                                                                            \
    "---\napiVersion: example.com/v1\nkind: Lab\nmetadata: {name: " name "}\nspec: {size: " size   \
    "}\n"
#define LAB_KEY(name) "labs.example.com/default/" name

static void applies_definition_and_object_in_any_order(void)
{
    struct bench *b = bench_new();
    char text[128];
    put(b, "a.yaml", LAB("one", "1"));
    put(b, "b.yaml", lab_definition);
    put(b, "c.json",
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"j\"}}");
    put(b, "ignored.txt", "kind: [");
    put(b, ".hidden.yaml", "kind: [");
    come_up(b);
    CHECK(there(b, LAB_KEY("one")));
    CHECK(there(b, "configmaps/default/j"));
    CHECK_TEXT(record_field(b, "a.yaml", "phase", text), "applied");
    CHECK(said(b, "Lab/one (line 2) waits for the kind Lab of example.com/v1"));
    bench_free(b);
}

static void waits_for_a_namespace(void)
{
    struct bench *b = bench_new();
    char text[128];
    put(b, "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: later}\n");
    come_up(b);
    CHECK(!there(b, "configmaps/later/c"));
    CHECK_TEXT(record_field(b, "a.yaml", "phase", text), "waiting");
    CHECK_TEXT(record_field(b, "a.yaml", "message", text),
               "ConfigMap/c (line 1) waits for the namespace later");
    put(b, "b.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n");
    look_again(b);
    CHECK(there(b, "configmaps/later/c"));
    CHECK_TEXT(record_field(b, "a.yaml", "phase", text), "applied");
    bench_free(b);
}

static void passes_a_name_over_that_is_no_text(void)
{
    struct bench *b = bench_new();
    put(b, "a\xff.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    come_up(b);
    CHECK(said(b, "it is passed over: its name is no UTF-8 text"));
    put(b, "b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n");
    look_again(b);
    CHECK(!there(b, "configmaps/default/a"));
    CHECK(there(b, "configmaps/default/b"));
    bench_free(b);
}

static void create_namespace(struct bench *b, const char *text)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    CHECK_INT(json_parse(&arena, text_of(text), &root, NULL), TEND_OK);
    struct admission_request request = {
        .verb = ADMIT_CREATE, .resource = TEXT(BUILTIN_NAMESPACES), .body = root};
    submit(b, &request);
}

/* The namespace is written after so many steps of the world, and on a disk that takes its time; false where
 * there were fewer. */
static bool comes_after(unsigned steps)
{
    struct bench *b = bench_new();
    put(b, "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: later}\n");
    start(b);
    unsigned done = 0;
    while (done < steps && virtual_world_step(&b->v)) {
        done++;
    }
    create_namespace(b, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
                        "\"later\"}}");
    virtual_world_hold(&b->v, LANE_WRITE);
    virtual_world_run(&b->v);
    virtual_world_release(&b->v, LANE_WRITE);
    virtual_world_run(&b->v);
    bool found = there(b, "configmaps/later/c");
    if (!CHECK(found)) {
        printf("the namespace came after %u steps\n", done);
    }
    bench_free(b);
    return done == steps;
}

/* Also between the moment when the file is judged and the one when it is told to wait. */
static void waits_for_what_comes_at_any_moment(void)
{
    unsigned steps = 0;
    while (comes_after(steps)) {
        steps++;
    }
    CHECK(steps > 3);
}

static void leaves_the_last_good_objects_when_a_file_breaks(void)
{
    struct bench *b = bench_new();
    char text[128];
    put(b, "a.yaml", lab_definition);
    put(b, "b.yaml", LAB("one", "1"));
    come_up(b);
    put(b, "b.yaml", "apiVersion: example.com/v1\nkind: Lab\nmetadata: {name: [\n");
    look_again(b);
    CHECK(said(b, "b.yaml:4:1: "));
    CHECK(said(b, "what was applied before stays"));
    CHECK_TEXT(record_field(b, "b.yaml", "phase", text), "refused");
    CHECK_TEXT(field(b, LAB_KEY("one"), "spec.size", text), "1");
    put(b, "b.yaml", LAB("one", "2"));
    look_again(b);
    CHECK_TEXT(record_field(b, "b.yaml", "phase", text), "applied");
    CHECK_TEXT(field(b, LAB_KEY("one"), "spec.size", text), "2");
    bench_free(b);
}

static void names_the_place_of_what_the_schema_refuses(void)
{
    struct bench *b = bench_new();
    put(b, "a.yaml", lab_definition);
    put(b, "b.yaml", LAB("good", "1") LAB("bad", "0"));
    come_up(b);
    CHECK(said(b, "b.yaml:10:14: spec.size: "));
    CHECK(!there(b, LAB_KEY("good"))); /* a file is applied whole, or not at all */
    put(b, "b.yaml",
        "apiVersion: example.com/v1\nkind: Lab\nmetadata: {name: x}\nspec: {sise: 1}\n");
    look_again(b);
    CHECK(said(b, "b.yaml:4:8: spec.sise"));
    CHECK(said(b, "size"));
    bench_free(b);
}

static void keeps_deleted_objects_away_over_a_restart(void)
{
    struct bench *b = bench_new();
    put(b, "a.yaml", lab_definition);
    put(b, "b.yaml", LAB("one", "1"));
    come_up(b);
    remove_object(b, "one");
    CHECK(!there(b, LAB_KEY("one")));
    look_again(b);
    CHECK(!there(b, LAB_KEY("one")));
    go_down(b);
    buffer_clear(&b->said);
    come_up(b);
    CHECK(!there(b, LAB_KEY("one")));
    CHECK(said(b, "it stays gone until the file changes"));
    put(b, "b.yaml", LAB("one", "3"));
    look_again(b);
    CHECK(there(b, LAB_KEY("one")));
    bench_free(b);
}

static void writes_nothing_where_nothing_changed(void)
{
    struct bench *b = bench_new();
    put(b, "a.yaml", lab_definition);
    put(b, "b.yaml", LAB("one", "1") LAB("two", "2"));
    put(b, "c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: none}\n");
    come_up(b);
    int64_t revision = store_revision(b->store);
    look_again(b);
    look_again(b);
    go_down(b);
    come_up(b);
    CHECK_INT(store_revision(b->store), revision);
    bench_free(b);
}

static void lets_fields_go_that_the_file_drops(void)
{
    struct bench *b = bench_new();
    char text[128];
    put(b, "a.yaml", lab_definition);
    put(b, "b.yaml",
        "apiVersion: example.com/v1\nkind: Lab\nmetadata: {name: one}\n"
        "spec: {size: 1, owner: me}\n");
    come_up(b);
    CHECK_TEXT(field(b, LAB_KEY("one"), "spec.owner", text), "me");
    put(b, "b.yaml", LAB("one", "1"));
    look_again(b);
    CHECK_TEXT(field(b, LAB_KEY("one"), "spec.owner", text), "");
    CHECK_TEXT(field(b, LAB_KEY("one"), "spec.size", text), "1");
    bench_free(b);
}

static void deletes_nothing_when_a_file_or_document_goes(void)
{
    struct bench *b = bench_new();
    char path[512], text[128];
    put(b, "a.yaml", lab_definition);
    put(b, "b.yaml", LAB("one", "1") LAB("two", "2"));
    come_up(b);
    put(b, "b.yaml", LAB("one", "1"));
    look_again(b);
    CHECK(said(b, "is no longer in the file; it stays"));
    CHECK(there(b, LAB_KEY("two")));
    path_of(b, "b.yaml", path, sizeof path);
    CHECK(unlink(path) == 0);
    look_again(b);
    CHECK(said(b, "the file is gone; its 1 objects stay"));
    CHECK(there(b, LAB_KEY("one")));
    CHECK_TEXT(record_field(b, "b.yaml", "phase", text), "removed");
    bench_free(b);
}

static void refuses_what_is_no_file_and_what_is_too_large(void)
{
    struct bench *b = bench_new();
    char path[512];
    path_of(b, "pipe.yaml", path, sizeof path);
    CHECK(mkfifo(path, 0600) == 0);
    path_of(b, "large.yaml", path, sizeof path);
    FILE *file = fopen(path, "w");
    if (CHECK(file != NULL)) {
        CHECK(fseek(file, (long)INPUT_BYTES_MAX + 1, SEEK_SET) == 0);
        CHECK(fputc('\n', file) == '\n');
        fclose(file);
    }
    come_up(b);
    CHECK(said(b, "pipe.yaml: is no regular file"));
    CHECK(said(b, "large.yaml: is larger than 16 MiB"));
    bench_free(b);
}

SUITE({"applies definition and object in any order", applies_definition_and_object_in_any_order},
      {"waits for a namespace, and says so", waits_for_a_namespace},
      {"passes a name over that is no text", passes_a_name_over_that_is_no_text},
      {"waits for what comes at any moment", waits_for_what_comes_at_any_moment},
      {"leaves the last good objects when a file breaks",
       leaves_the_last_good_objects_when_a_file_breaks},
      {"names the place of what the schema refuses", names_the_place_of_what_the_schema_refuses},
      {"keeps deleted objects away, over a restart too", keeps_deleted_objects_away_over_a_restart},
      {"writes nothing where nothing changed", writes_nothing_where_nothing_changed},
      {"lets fields go that the file drops", lets_fields_go_that_the_file_drops},
      {"deletes nothing when a file or document goes",
       deletes_nothing_when_a_file_or_document_goes},
      {"refuses what is no file, and what is too large",
       refuses_what_is_no_file_and_what_is_too_large})
