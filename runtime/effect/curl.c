/* dlopen and not a link: see curl.h. The header's own types keep the table honest only as far as sizes go,
 * so each name stands once, beside its place. */
#include "effect/curl.h"

#include <dlfcn.h>
#include <string.h>

#include "base/alloc.h"

#define ENTRY(name)                                                                                \
    {                                                                                              \
        "curl_" #name, offsetof(struct curl, name)                                                 \
    }

static NODISCARD enum tend_code find_functions(void *library, struct curl *curl, struct error *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } entries[] = {ENTRY(global_init),         ENTRY(easy_init),           ENTRY(easy_cleanup),
                   ENTRY(easy_setopt),         ENTRY(easy_getinfo),        ENTRY(easy_strerror),
                   ENTRY(slist_append),        ENTRY(slist_free_all),      ENTRY(multi_init),
                   ENTRY(multi_cleanup),       ENTRY(multi_setopt),        ENTRY(multi_add_handle),
                   ENTRY(multi_remove_handle), ENTRY(multi_socket_action), ENTRY(multi_assign),
                   ENTRY(multi_info_read)};
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        void *function = dlsym(library, entries[i].name);
        if (function == NULL) {
            return FAIL(err, TEND_UNAVAILABLE, "%s has no %s", CURL_LIBRARY, entries[i].name);
        }
        memcpy((char *)curl + entries[i].offset, &function, sizeof function);
    }
    return TEND_OK;
}

enum tend_code curl_load(struct curl *ret_curl, struct error *err)
{
    void *library = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return FAIL(err, TEND_UNAVAILABLE, "http needs the package libcurl3-gnutls: %s", dlerror());
    }
    TRY(find_functions(library, ret_curl, err));
    CURLcode code = ret_curl->global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        return FAIL(err, TEND_UNAVAILABLE, "%s: %s", CURL_LIBRARY, ret_curl->easy_strerror(code));
    }
    return TEND_OK;
}
