/* SPDX-License-Identifier: ISC */
/* What the parts of addr share. */
#ifndef MAIL_ADDR_PART_H
#define MAIL_ADDR_PART_H

#include "mail/addr.h"

enum { ADDR_SHOWN = 80 }; /* octets of a bad address in an error text */

/* Forget all mailboxes but the first n. */
void addr_list_cut(struct addr_list *l, size_t n);

/* Append *a, which the list owns then. */
void addr_list_take(struct addr_list *l, const struct addr *a);

#endif
