/* SPDX-License-Identifier: ISC */
/*
 * rotate_try: the new secret, as those see it who must take it.
 *
 * The trial is made with the profile as it would be: a token request as any
 * other, with the account's single flight, or a session with the submission
 * server up to AUTH. Of several servers the first that comes to AUTH decides.
 */
#include "cmd/rotate_part.h"

#include <string.h>

#include "base/loop.h"
#include "core/cred.h"
#include "core/probe.h"

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* ---- a token */

/* The profile as it would be; it borrows all that it has. */
static struct profile
as_it_would_be(const struct rotate *r)
{
	struct profile p = *r->profile;
	struct profile_secret plain = { .form = PROFILE_PLAIN,
		.plain = r->fresh };

	if (r->what == ROTATE_SECRET) {
		plain.key = p.client_secret.key;
		plain.field = p.client_secret.field;
		p.client_secret = plain;
	} else if (r->what == ROTATE_ACCOUNT) {
		p.signer.service_account = r->key;
	} else {
		p.signer.key = r->key;
		p.signer.cert = r->cert;
		p.signer.key_id = r->key_id;
		if (r->passphrase) {
			plain.key = p.signer.passphrase.key;
			plain.field = p.signer.passphrase.field;
			p.signer.passphrase = plain;
		}
	}
	return p;
}

static bool
try_token(const struct rotate *r, struct buf *words, struct outcome *o)
{
	struct profile p = as_it_would_be(r);
	struct loop *l = loop_new();
	struct cred *c = cred_try(l, &p, stop, l);
	bool ok;

	loop_run(l);
	ok = cred_secret(c) != NULL;
	if (ok && p.oauth.token_url != NULL)
		buf_add_fmt(words, "%s gave a token", p.oauth.token_url);
	else if (ok)
		buf_add_str(words, "the token endpoint gave a token");
	else
		*o = *cred_outcome(c);
	cred_free(c);
	loop_free(l);
	return ok;
}

/* ---- a password */

/* Of the key of the servers' client certificate, if that has one. */
static bool
try_servers(const struct rotate *r, const struct secret *passphrase,
    struct buf *words, struct outcome *o)
{
	struct probe_order q = { .profile = r->profile,
		.until = PROBE_AUTH,
		.way = PROFILE_AUTH_PASSWORD,
		.secret = &r->fresh,
		.key_passphrase = passphrase };
	struct probe p = { 0 };

	for (; q.server < r->profile->n_servers; q.server++) {
		memset(&p, 0, sizeof(p));
		probe_run(&q, &p);
		if (p.ok)
			buf_add_fmt(words, "%s took the password", p.server);
		if (p.ok || p.failed == PROBE_AUTH)
			break;
	}
	*o = p.outcome;
	if (!p.ok)
		profile_use_up(r->profile, o);
	return p.ok;
}

static bool
try_password(const struct rotate *r, struct buf *words, struct outcome *o)
{
	struct loop *l;
	struct cred *c;
	bool ok = false;

	if (!r->profile->has_key_passphrase)
		return try_servers(r, NULL, words, o);
	l = loop_new();
	c = cred_fill(l, r->profile, PROFILE_AUTH_CERT, NULL, stop, l);
	loop_run(l);
	if (cred_secret(c) != NULL)
		ok = try_servers(r, cred_secret(c), words, o);
	else
		*o = *cred_outcome(c);
	cred_free(c);
	loop_free(l);
	return ok;
}

bool
rotate_try(const struct rotate *r, struct buf *words, struct outcome *o)
{
	return r->what == ROTATE_PASSWORD ? try_password(r, words, o)
					  : try_token(r, words, o);
}
