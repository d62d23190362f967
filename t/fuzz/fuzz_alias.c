/* SPDX-License-Identifier: ISC */
/*
 * fuzz_alias: a file of aliases; each of its names is carried out. What comes
 * out is elsewhere, or a local name that has no alias or is kept bare.
 */
#include "core/alias.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_local(void *ctx, const struct addr *a)
{
	(void)ctx;
	return a->domain == NULL || text_case_eq(a->domain, "here");
}

static void
carry_out(const struct alias_map *m, const char *name)
{
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	int code = alias_expand(m, name, is_local, NULL, &l, &e);
	size_t i;

	err_bug_if(code != 0 && code != EX_CONFIG);
	err_bug_if(code != 0 && e.text[0] == '\0');
	err_bug_if(code == 0 && alias_has(m, name) && l.n == 0);
	for (i = 0; code == 0 && i < l.n; i++) {
		const struct addr *a = &l.v[i];

		err_bug_if(is_local(NULL, a) && !a->keep_bare &&
			   alias_has(m, a->local));
	}
	addr_list_clear(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct alias_map *m = NULL;
	struct err e = ERR_NONE;
	const char *text = (const char *)data;

	/* A file that the input names would not be the input's own. */
	if (size > 4096 || memmem(data, size, "include", 7) != NULL)
		return 0;
	if (alias_parse("aliases", text, size, &m, &e) != 0) {
		err_bug_if(e.code != EX_CONFIG || m != NULL);
		return 0;
	}
	carry_out(m, "root");
	carry_out(m, "a");
	carry_out(m, "\"a b\"");
	alias_check(m, is_local, NULL, &e);
	alias_free(m);
	return 0;
}
