/* SPDX-License-Identifier: ISC */
/*
 * What comes back from an authorization request, or is pasted. The first octet
 * says how: 'b' may be the code alone, 'i' must name the issuer; anything else
 * is a query. The state is STATE.
 */
#include "gate/oauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STATE  "Sx-1"
#define ISSUER "https://as.example"

static void
check_code(const struct secret *code, const char *text, char how)
{
	const char *p = secret_reveal(code);
	size_t i;

	err_bug_if(secret_len(code) == 0);
	for (i = 0; i < secret_len(code); i++)
		err_bug_if(p[i] < ' ' || p[i] > '~');
	/* Decoding makes nothing longer; and the state has been there. */
	err_bug_if(secret_len(code) > strlen(text));
	if (how != 'b')
		err_bug_if(strstr(text, "state=") == NULL);
	if (how == 'i')
		err_bug_if(strstr(text, "iss=") == NULL);
}

static void
check_text(const struct err *e)
{
	size_t n = strnlen(e->text, sizeof(e->text)), i;

	err_bug_if(n == 0 || n == sizeof(e->text));
	for (i = 0; i < n; i++)
		err_bug_if((unsigned char)e->text[i] < ' ');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char state[] = STATE, issuer[] = ISSUER;
	struct oauth_code q = { .state = state };
	struct err e = ERR_NONE;
	struct secret code;
	char how, *text;
	int rc;

	if (size == 0)
		return 0;
	how = (char)data[0];
	q.issuer = how == 'i' ? issuer : NULL;
	q.iss = how == 'i';
	text = mem_dup_n((const char *)data + 1, size - 1);
	secret_init(&code);
	rc = oauth_code_read(&q, text, how == 'b', &code, &e);
	err_bug_if(rc != e.code);
	if (rc == 0) {
		check_code(&code, text, how);
	} else {
		err_bug_if(rc != EX_DATAERR && rc != EX_NOPERM);
		err_bug_if(secret_len(&code) > 0);
		check_text(&e);
	}
	secret_clear(&code);
	free(text);
	return 0;
}
