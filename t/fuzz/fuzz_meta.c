/* SPDX-License-Identifier: ISC */
/*
 * What authorization servers write about themselves and about device codes. The
 * first octet says which: 'd' is the answer to a device request, anything else
 * metadata of ISSUER; the document is behind it.
 */
#include "gate/oauth_part.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ISSUER "https://as.example/r"

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
check_url(const char *url, bool needed)
{
	if (url == NULL || url[0] == '\0')
		err_bug_if(needed);
	else
		err_bug_if(!oauth_is_url(url));
}

static void
take_meta(const char *p, size_t n)
{
	struct err e = ERR_NONE;
	struct oauth_meta m;
	int rc = oauth_meta_read(ISSUER, p, n, &m, &e);

	err_bug_if(rc != e.code);
	if (rc == 0) {
		err_bug_if(strcmp(m.issuer, ISSUER) != 0);
	} else {
		err_bug_if(rc != EX_DATAERR);
		err_bug_if(m.issuer != NULL || m.token_url != NULL);
		check_words(e.text, sizeof(e.text));
	}
	check_url(m.token_url, false);
	check_url(m.authorize_url, false);
	check_url(m.device_url, false);
	check_url(m.revoke_url, false);
	oauth_meta_clear(&m);
}

static void
take_device(const char *p, size_t n)
{
	struct oauth_device d;
	struct outcome o;

	oauth_device_init(&d);
	if (oauth_device_read(200, p, n, &d, &o)) {
		err_bug_if(secret_len(&d.device_code) == 0);
		err_bug_if(secret_len(&d.device_code) > OAUTH_MAX_TOKEN);
		err_bug_if(d.user_code[0] == '\0');
		err_bug_if(d.life <= 0 || d.interval < 1000);
	} else {
		err_bug_if(secret_len(&d.device_code) > 0);
		err_bug_if(d.user_code[0] != '\0' || d.uri[0] != '\0');
		err_bug_if(o.kind != OUTCOME_LATER || o.code != 200);
		check_words(o.text, sizeof(o.text));
		check_words(o.error, sizeof(o.error));
	}
	check_words(d.user_code, sizeof(d.user_code));
	check_url(d.uri, d.user_code[0] != '\0');
	check_url(d.uri_complete, false);
	oauth_device_clear(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;

	if (size > 0 && p[0] == 'd')
		take_device(p + 1, size - 1);
	else if (size > 0)
		take_meta(p + 1, size - 1);
	return 0;
}
