/* Which representation a client wants, and which it sent: Accept and Content-Type.
 *
 * Accept is a preference list; the first clause that can be served is taken (weights are not looked
 * at: Kubernetes clients order their clauses).
 */
#ifndef API_MEDIA_H
#define API_MEDIA_H

#include "base/error.h"
#include "base/text.h"

enum media_form {
    FORM_JSON,
    FORM_YAML,
    FORM_TABLE,   /* meta.k8s.io/v1 Table, as JSON */
    FORM_PARTIAL, /* meta.k8s.io/v1 PartialObjectMetadata(List), as JSON */
};

/* TEND_INVALID where nothing in `accept` can be served, naming what can. Empty means JSON. */
NODISCARD enum tend_code media_accept(struct text accept, enum media_form *ret_form,
                                      struct error *err);

enum media_body { MEDIA_JSON, MEDIA_YAML, MEDIA_MERGE_PATCH, MEDIA_APPLY_PATCH, MEDIA_OTHER };

/* The kind of body that a Content-Type announces; none at all means JSON. */
enum media_body media_body(struct text content_type);

#endif
