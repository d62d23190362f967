/* SPDX-License-Identifier: ISC */
/* What a sender wants to hear: words of a command line or of a client. What is
 * taken can stand in a command, and says the same when it is read again. */
#include "mail/dsn.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_notify(const char *text)
{
	unsigned got, again;
	struct buf b;

	if (dsn_parse_notify(text, &got, NULL) != 0)
		return;
	buf_init(&b, 64);
	dsn_add_notify(&b, got);
	err_bug_if(got == 0 || b.full ||
		   dsn_parse_notify(b.data, &again, NULL) != 0 || again != got);
	buf_clear(&b);
}

static void
check_envid(const char *text)
{
	char *got = NULL;
	struct buf b;

	if (dsn_parse_envid(text, &got, NULL) != 0)
		return;
	buf_init(&b, DSN_MAX_ENVID);
	dsn_add_decoded(&b, got);
	err_bug_if(
	    !dsn_is_xtext(got, DSN_MAX_ENVID) || strcmp(b.data, text) != 0);
	buf_clear(&b);
	free(got);
}

/* It can stand in a command, and no control character comes out of it. */
static void
check_xtext(const char *text)
{
	struct buf b;
	size_t i;

	if (!dsn_is_xtext(text, DSN_MAX_ORCPT) && !dsn_is_orcpt(text))
		return;
	buf_init(&b, DSN_MAX_ORCPT);
	dsn_add_decoded(&b, text);
	for (i = 0; text[i] != '\0'; i++)
		err_bug_if(text[i] <= ' ' || text[i] >= 127 || text[i] == '=');
	for (i = 0; i < b.len; i++)
		err_bug_if((unsigned char)b.data[i] < ' ' || b.data[i] == 127);
	err_bug_if(b.full);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = mem_dup_n((const char *)data, n);
	char *orcpt = dsn_make_orcpt(text);
	enum dsn_ret ret;

	check_notify(text);
	check_envid(text);
	check_xtext(text);
	(void)dsn_parse_ret(text, &ret, NULL);
	err_bug_if(orcpt != NULL && *text != '\0' && !dsn_is_orcpt(orcpt));
	free(orcpt);
	free(text);
	return 0;
}
