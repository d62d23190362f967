/* SPDX-License-Identifier: ISC */
/*
 * fuzz_token: what a token endpoint answers, and the record of the token
 * cache. Octets that begin with three digits and a line end are an HTTP status
 * and a body; all else is a record.
 */
#include "core/cred_part.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An instant; any will do. */
#define NOW INT64_C(1767225600000)

/* One line that a terminal can show, and that is whole. */
static void
check_words(const char *s, size_t size)
{
	size_t n = strnlen(s, size), i;

	err_bug_if(n == size);
	err_bug_if(!text_is_utf8(s, n));
	for (i = 0; i < n; i++)
		err_bug_if((unsigned char)s[i] < ' ' || s[i] == 0x7f);
}

static void
check_token(const struct oauth_token *t)
{
	const struct secret *s[] = { &t->access, &t->refresh };
	const char *p;
	size_t i, k;

	err_bug_if(t->expires < t->obtained);
	err_bug_if(t->expires - t->obtained > INT64_C(1000) * OAUTH_MAX_LIFE);
	for (i = 0; i < 2; i++) {
		err_bug_if(secret_len(s[i]) > OAUTH_MAX_TOKEN);
		p = secret_reveal(s[i]);
		for (k = 0; k < secret_len(s[i]); k++) {
			err_bug_if((unsigned char)p[k] < ' ' || p[k] == 0x7f);
			err_bug_if(i == 0 && p[k] == ' ');
		}
	}
}

static void
take_answer(int status, const char *body, size_t n)
{
	struct oauth_token t;
	struct outcome o;
	bool ok;

	memset(&o, 0, sizeof(o));
	oauth_token_init(&t);
	ok = oauth_read_answer(status, body, n, NOW, &t, &o);
	if (ok) {
		err_bug_if(status < 200 || status > 299);
		err_bug_if(secret_len(&t.access) == 0);
		err_bug_if(t.obtained != NOW);
	} else {
		err_bug_if(secret_len(&t.access) > 0);
		err_bug_if(o.kind != OUTCOME_LATER || o.code != status);
		err_bug_if(o.class != OUTCOME_CLASS_L &&
			   o.class != OUTCOME_CLASS_P &&
			   o.class != OUTCOME_CLASS_C);
		check_words(o.text, sizeof(o.text));
		check_words(o.error, sizeof(o.error));
		check_words(o.detail, sizeof(o.detail));
	}
	err_bug_if(t.refresh_expires != 0 && t.refresh_expires < t.obtained);
	check_words(t.scope, sizeof(t.scope));
	check_words(t.login, sizeof(t.login));
	check_token(&t);
	oauth_token_clear(&t);
}

/* What is understood is written so that it is understood in the same way. */
static void
take_record(const char *p, size_t n)
{
	struct secret once, twice;
	struct cred_record r;

	cred_record_init(&r);
	secret_init(&once);
	secret_init(&twice);
	if (cred_record_parse(p, n, &r, NULL) == 0) {
		check_token(&r.token);
		cred_record_write(&r, &once);
		err_bug_if(cred_record_parse(secret_reveal(&once),
			       secret_len(&once), &r, NULL) != 0);
		cred_record_write(&r, &twice);
		err_bug_if(secret_len(&once) != secret_len(&twice));
		err_bug_if(memcmp(secret_reveal(&once), secret_reveal(&twice),
			       secret_len(&once)) != 0);
	} else {
		err_bug_if(secret_len(&r.token.access) > 0);
		err_bug_if(secret_len(&r.token.refresh) > 0);
	}
	secret_clear(&once);
	secret_clear(&twice);
	cred_record_clear(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;

	if (size >= 4 && text_is_digit(p[0]) && text_is_digit(p[1]) &&
	    text_is_digit(p[2]) && p[3] == '\n')
		take_answer((p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0',
		    p + 4, size - 4);
	else
		take_record(p, size);
	return 0;
}
