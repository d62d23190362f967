/* SPDX-License-Identifier: ISC */
/*
 * fuzz_addr: a list of addresses. Each mailbox, written and read again, is the
 * same one; a completed list has the same mailboxes, all of them complete.
 */
#include "mail/addr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_mailbox(const struct addr *a, size_t n)
{
	struct addr again = { 0 };
	char *text = addr_text(a);
	char *same;

	err_bug_if(addr_is_null(a));
	err_bug_if(strlen(a->local) > ADDR_MAX_LOCAL);
	err_bug_if(a->domain != NULL && strlen(a->domain) > ADDR_MAX_DOMAIN);
	err_bug_if(a->spec_begin >= a->spec_end || a->spec_end > n);
	err_bug_if(a->domain_begin <= a->spec_begin);
	err_bug_if(a->domain_begin > a->spec_end);
	err_bug_if(addr_parse(text, true, &again, NULL) != 0);
	same = addr_text(&again);
	err_bug_if(strcmp(text, same) != 0);
	err_bug_if(!addr_equal(a, &again) || !addr_equal(&again, a));
	err_bug_if(addr_is_bare(a) != addr_is_bare(&again));
	if (addr_to_ascii_domain(&again, NULL) == 0)
		err_bug_if(!addr_equal(a, &again));
	free(same);
	free(text);
	addr_clear(&again);
}

/* Complete the list, which has the mailboxes l. */
static void
check_completed(
    const char *text, size_t n, const struct addr_list *l, const char *domain)
{
	struct addr_list done = { 0 };
	struct buf b;
	size_t i;

	buf_init(&b, SIZE_MAX);
	err_bug_if(addr_complete_list(&b, text, n, domain, NULL) != 0);
	err_bug_if(addr_parse_list(b.data, b.len, &done, NULL) != 0);
	err_bug_if(done.n != l->n);
	for (i = 0; i < l->n; i++) {
		const char *name = l->v[i].name, *same = done.v[i].name;

		err_bug_if(strcmp(l->v[i].local, done.v[i].local) != 0);
		if (!addr_is_bare(&l->v[i]))
			err_bug_if(!addr_equal(&l->v[i], &done.v[i]));
		else if (domain == NULL)
			err_bug_if(!addr_is_bare(&done.v[i]));
		else
			err_bug_if(strcmp(done.v[i].domain, domain) != 0);
		err_bug_if((name == NULL) != (same == NULL));
		err_bug_if(name != NULL && strcmp(name, same) != 0);
	}
	addr_list_clear(&done);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	struct buf b;
	size_t i;

	if (addr_parse_list(text, size, &l, &e) != 0) {
		err_bug_if(e.code != EX_DATAERR || l.n > 0);
		buf_init(&b, SIZE_MAX);
		err_bug_if(
		    addr_complete_list(&b, text, size, "d.example", NULL) == 0);
		err_bug_if(b.len > 0);
		buf_clear(&b);
		return 0;
	}
	for (i = 0; i < l.n; i++)
		check_mailbox(&l.v[i], size);
	check_completed(text, size, &l, "d.example");
	check_completed(text, size, &l, NULL);
	addr_list_clear(&l);
	return 0;
}
