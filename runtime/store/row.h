/* One row of the log in memory: from the commit that makes it to the ring that forgets it. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/index.h"
#include "store/store.h"

struct row {
    struct change change;      /* texts point into `chars`, documents are references */
    struct index_entry *entry; /* its key's, valid while the commit is under way */
    char chars[];
};

/* A row that holds its own copies of the texts and references of the documents. */
struct row *row_new(const struct change *change);
void row_free(struct row *row);

/* Bytes of documents that it keeps in memory. */
size_t row_weight(const struct row *row);

#endif
