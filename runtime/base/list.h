/* Doubly linked lists whose links live inside their elements: no allocation, and an element takes
 * itself out without knowing its list. A list is a `struct list` too: the head. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

struct list {
    struct list *prev, *next; /* both NULL: not in a list (a zeroed link is valid) */
};

static inline void list_init(struct list *head)
{
    head->prev = head->next = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline bool list_linked(const struct list *link)
{
    return link->next != NULL;
}

static inline void list_insert_after(struct list *place, struct list *link)
{
    assert(!list_linked(link)); /* one list at a time: remove it first */
    link->prev = place;
    link->next = place->next;
    place->next->prev = link;
    place->next = link;
}

static inline void list_append(struct list *head, struct list *link)
{
    list_insert_after(head->prev, link);
}

static inline void list_prepend(struct list *head, struct list *link)
{
    list_insert_after(head, link);
}

/* Take `link` out of its list; harmless where it is in none. */
static inline void list_remove(struct list *link)
{
    if (link->next != NULL) {
        link->prev->next = link->next;
        link->next->prev = link->prev;
        link->prev = link->next = NULL;
    }
}

/* First element taken out, or NULL. */
static inline struct list *list_pop(struct list *head)
{
    struct list *first = head->next;
    if (first == head) {
        return NULL;
    }
    list_remove(first);
    return first;
}

/* Take every element out; they belong to others. */
static inline void list_drop(struct list *head)
{
    while (list_pop(head) != NULL) {
    }
}

/* All elements of `from` to the end of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (!list_empty(from)) {
        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
    }
}

#define LIST_FOREACH(link, head)                                                                   \
    for (struct list *link = (head)->next; link != (head); link = link->next)

/* The body may remove `link` (and no other). */
#define LIST_FOREACH_SAFE(link, head)                                                              \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head);              \
         link = link##_next, link##_next = link->next)

#endif
