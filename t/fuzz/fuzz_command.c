/* SPDX-License-Identifier: ISC */
/*
 * fuzz_command: what a command prints that gives tokens: a token, and on the
 * next line its life.
 */
#include "core/cred_part.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken is the first line, and can stand behind "Bearer ". */
static void
check(const char *p, size_t n, const struct secret *token, int64_t life)
{
	size_t len = secret_len(token), i;

	err_bug_if(len == 0 || len > OAUTH_MAX_TOKEN || len > n);
	err_bug_if(memcmp(secret_reveal(token), p, len) != 0);
	for (i = 0; i < len; i++)
		err_bug_if(p[i] <= ' ' || p[i] > '~');
	err_bug_if(life < -1 || life > OAUTH_MAX_LIFE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct err e = ERR_NONE;
	struct secret token;
	int64_t life;

	secret_init(&token);
	if (cred_secret_take_token(p, size, &token, &life, &e) == 0)
		check(p, size, &token, life);
	else
		err_bug_if(e.code != EX_CONFIG || e.text[0] == '\0');
	secret_clear(&token);
	return 0;
}
