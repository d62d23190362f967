/* SPDX-License-Identifier: ISC */
/*
 * oauth_revoke: end a consent (RFC 7009). A token that the server does not know
 * is as good as revoked: RFC 7009 2.2 wants 200 for it, Google says
 * invalid_token.
 */
#include "gate/oauth_part.h"

#include <string.h>

#include "base/sys.h"

static const struct oauth_place at_revoke = {
	"this is not a revocation endpoint", "revoke_url", NULL
};

static bool
read_revoked(int status, const char *body, size_t n, int64_t at, void *ctx,
    struct outcome *o)
{
	const char *word = NULL;
	struct json *j = NULL;
	bool ok;

	(void)at;
	(void)ctx;
	if (n <= OAUTH_MAX_ANSWER && json_parse(body, n, &j, NULL) == 0)
		word = json_get_string(j, "error");
	if (word == NULL || word[0] == '\0')
		ok = oauth_is_success(status);
	else
		ok = strcmp(word, "invalid_token") == 0;
	if (!ok)
		oauth_read_refusal(&at_revoke, status, body, n, j, o);
	json_free(j);
	return ok;
}

bool
oauth_revoke(const struct oauth_client *c, const struct oauth_proof *proof,
    const struct secret *refresh, int64_t timeout_ms, struct oauth_trouble *f)
{
	struct oauth_ask q;
	bool ok;

	oauth_ask_begin(&q, c, proof, c->revoke_url);
	q.grant = OAUTH_REFRESH_TOKEN;
	q.hush[0] = refresh;
	oauth_add_secret(&q, "token", refresh);
	oauth_add_text(&q, "token_type_hint", "refresh_token");
	oauth_add_client(&q);
	ok = oauth_send(&q, timeout_ms, sys_now(), read_revoked, NULL, f);
	oauth_ask_end(&q);
	return ok;
}
