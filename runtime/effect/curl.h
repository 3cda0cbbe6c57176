/* The functions of libcurl that are used, from the library that the system has: it costs 5 MiB of memory and
 * 10 ms, and a host that asks nobody for anything has neither. */
#ifndef EFFECT_CURL_H
#define EFFECT_CURL_H

#include <curl/curl.h>

#include "base/error.h"

#define CURL_LIBRARY "libcurl-gnutls.so.4"

/* Named as in libcurl, without "curl_". */
struct curl {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *easy);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t fd, int events, int *ret_running);
    CURLMcode (*multi_assign)(CURLM *multi, curl_socket_t fd, void *ours);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *ret_left);
};

/* Load and initialise it; it stays. May take 20 ms: [worker]. TEND_UNAVAILABLE with the package to install. */
NODISCARD enum tend_code curl_load(struct curl *ret_curl, struct error *err);

#endif
