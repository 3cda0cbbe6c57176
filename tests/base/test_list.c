#include "base/list.h"
#include "support/dies.h"
#include "support/suite.h"

struct item {
    char name;
    struct list link;
};

/* The names in `head`, forward and then backward, into `out`. */
static const char *names(const struct list *head, char *out)
{
    char *at = out;
    LIST_FOREACH (link, head) {
        *at++ = CONTAINER_OF(link, struct item, link)->name;
    }
    *at++ = '|';
    for (struct list *link = head->prev; link != head; link = link->prev) {
        *at++ = CONTAINER_OF(link, struct item, link)->name;
    }
    *at = '\0';
    return out;
}

static void links_at_both_ends(void)
{
    char shown[32];
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'};
    list_init(&head);
    CHECK(list_empty(&head));
    list_append(&head, &b.link);
    list_append(&head, &d.link);
    list_prepend(&head, &a.link);
    list_insert_after(&b.link, &c.link);
    CHECK_TEXT(names(&head, shown), "abcd|dcba");
    CHECK(!list_empty(&head));
}

static void lets_elements_take_themselves_out(void)
{
    char shown[32];
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'};
    list_init(&head);
    list_remove(&a.link); /* in no list */
    list_append(&head, &a.link);
    list_append(&head, &b.link);
    CHECK(list_linked(&a.link));
    list_remove(&a.link);
    CHECK(!list_linked(&a.link));
    list_remove(&a.link);
    CHECK_TEXT(names(&head, shown), "b|b");
}

static void pops_from_the_front(void)
{
    struct list head;
    struct item a = {.name = 'a'}, b = {.name = 'b'};
    list_init(&head);
    list_append(&head, &a.link);
    list_append(&head, &b.link);
    CHECK(list_pop(&head) == &a.link);
    CHECK(!list_linked(&a.link));
    CHECK(list_pop(&head) == &b.link);
    CHECK(list_pop(&head) == NULL);
    CHECK(list_empty(&head));
}

static void splices_all_to_the_end(void)
{
    char shown[32];
    struct list to, from;
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
    list_init(&to);
    list_init(&from);
    list_splice(&to, &from);
    CHECK_TEXT(names(&to, shown), "|");
    list_append(&to, &a.link);
    list_append(&from, &b.link);
    list_append(&from, &c.link);
    list_splice(&to, &from);
    CHECK_TEXT(names(&to, shown), "abc|cba");
    CHECK(list_empty(&from));
    list_splice(&to, &from);
    CHECK_TEXT(names(&to, shown), "abc|cba");
}

static void lets_the_body_remove_its_element(void)
{
    char shown[32];
    struct list head;
    struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}};
    list_init(&head);
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        list_append(&head, &items[i].link);
    }
    LIST_FOREACH_SAFE (link, &head) {
        if (CONTAINER_OF(link, struct item, link)->name != 'c') {
            list_remove(link);
        }
    }
    CHECK_TEXT(names(&head, shown), "c|c");
}

static void link_twice(void)
{
    struct list one, other, link = {0};
    list_init(&one);
    list_init(&other);
    list_append(&one, &link);
    list_append(&other, &link);
}

static void refuses_an_element_of_another_list(void)
{
#ifdef NDEBUG
    CHECK(!dies(link_twice, "list_linked")); /* the check is an assert, compiled out here */
#else
    CHECK(dies(link_twice, "list_linked"));
#endif
}

SUITE({"links at both ends and between", links_at_both_ends},
      {"lets elements take themselves out", lets_elements_take_themselves_out},
      {"pops from the front", pops_from_the_front},
      {"splices all to the end", splices_all_to_the_end},
      {"lets the body of a loop remove its element", lets_the_body_remove_its_element},
      {"refuses an element that is in a list", refuses_an_element_of_another_list})
