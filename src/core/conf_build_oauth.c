/* SPDX-License-Identifier: ISC */
/*
 * conf_build_oauth: the group oauth as written becomes grants, a client, and
 * what signs for it.
 *
 * The grants come first. Where they are not written, they follow from what is:
 *
 *     token_command     command
 *     service_account   jwt_bearer
 *     else, of a system client_credentials
 *     else, a mailbox   device_code and authorization_code, as far as it is
 *                       known where to ask; if it is not, and there is a
 *                       refresh_token, refresh_token
 *
 * From the grants follows which keys have an effect (the table uses), and which
 * must be there.
 */
#include "core/conf_build_part.h"

#include <string.h>

#include "base/buf.h"

/* Sets of grants. */
enum {
	CREDENTIALS = 1 << PROFILE_GRANT_CLIENT_CREDENTIALS,
	BEARER = 1 << PROFILE_GRANT_JWT_BEARER,
	CODE = 1 << PROFILE_GRANT_AUTHORIZATION_CODE,
	DEVICE = 1 << PROFILE_GRANT_DEVICE_CODE,
	REFRESH = 1 << PROFILE_GRANT_REFRESH_TOKEN,
	COMMAND = 1 << PROFILE_GRANT_COMMAND,
	CONSENT = CODE | DEVICE | REFRESH,     /* of a person */
	ASKED = CREDENTIALS | BEARER | CONSENT /* at a token endpoint */
};

enum { GRANTS = PROFILE_GRANT_COMMAND + 1, MAX_NAMES = 256 };

/* Beside which grants a key has an effect; others have one beside all. */
static const struct {
	enum conf_id id;
	unsigned grants;
} uses[] = {
	{ CONF_OAUTH_CLIENT_ID, ASKED },
	{ CONF_OAUTH_CLIENT_SECRET, ASKED },
	{ CONF_OAUTH_CLIENT_AUTH, ASKED },
	{ CONF_OAUTH_CLIENT_KEY, ASKED },
	{ CONF_OAUTH_CLIENT_CERT, ASKED },
	{ CONF_OAUTH_CLIENT_KEY_PASSPHRASE, ASKED },
	{ CONF_OAUTH_KEY_ID, ASKED },
	{ CONF_OAUTH_SIGNING_ALG, ASKED },
	{ CONF_OAUTH_ASSERTION_FILE, ASKED },
	{ CONF_OAUTH_ASSERTION_AUDIENCE, ASKED },
	{ CONF_OAUTH_ISSUER, ASKED },
	{ CONF_OAUTH_TOKEN_URL, ASKED },
	{ CONF_OAUTH_AUTHORIZE_URL, CODE },
	{ CONF_OAUTH_DEVICE_URL, DEVICE },
	{ CONF_OAUTH_REVOKE_URL, CONSENT },
	{ CONF_OAUTH_SCOPE, ASKED },
	{ CONF_OAUTH_AUDIENCE, ASKED },
	{ CONF_OAUTH_RESOURCE, ASKED },
	{ CONF_OAUTH_PARAMETERS, ASKED },
	{ CONF_OAUTH_SERVICE_ACCOUNT, BEARER },
	{ CONF_OAUTH_SUBJECT, BEARER },
	{ CONF_OAUTH_REFRESH_TOKEN, CONSENT },
	{ CONF_OAUTH_TOKEN_COMMAND, COMMAND },
	{ CONF_OAUTH_CA_FILE, ASKED },
	{ CONF_OAUTH_PIN, ASKED },
	{ CONF_OAUTH_REDIRECT_HOST, CODE },
	{ CONF_OAUTH_REDIRECT_PORT, CODE },
	{ CONF_OAUTH_SECRET_EXPIRES, ASKED },
};

static unsigned
grants_of(const struct profile *p)
{
	unsigned all = 0;

	for (size_t i = 0; i < p->n_grants; i++)
		all |= 1u << p->grants[i];
	return all;
}

/* "\"device_code\", \"refresh_token\"" */
static void
add_names(struct buf *b, unsigned grants)
{
	for (unsigned g = 0; g < GRANTS; g++)
		if (grants & 1u << g)
			buf_add_fmt(b, "%s\"%s\"", b->len > 0 ? ", " : "",
			    profile_grant_name((enum profile_grant)g));
}

/* ---- which grants */

static void
add_grant(struct profile *p, enum profile_grant g)
{
	p->grants[p->n_grants++] = g;
}

/* Is it known where a login by that grant begins? */
static bool
has_place(const struct conf_entry *d, enum profile_grant g)
{
	if (g == PROFILE_GRANT_DEVICE_CODE && !is_set(d, CONF_OAUTH_DEVICE_URL))
		return is_set(d, CONF_OAUTH_ISSUER);
	if (g == PROFILE_GRANT_AUTHORIZATION_CODE &&
	    !is_set(d, CONF_OAUTH_AUTHORIZE_URL))
		return is_set(d, CONF_OAUTH_ISSUER);
	return true;
}

/* What a mailbox has that does not say. */
static int
default_consent(struct conf_entry *d, struct err *e)
{
	static const enum profile_grant logins[] = { PROFILE_GRANT_DEVICE_CODE,
		PROFILE_GRANT_AUTHORIZATION_CODE };
	struct profile *p = &d->p;

	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++)
		if (has_place(d, logins[i]))
			add_grant(p, logins[i]);
	if (p->n_grants == 0 && is_set(d, CONF_OAUTH_REFRESH_TOKEN))
		add_grant(p, PROFILE_GRANT_REFRESH_TOKEN);
	if (p->n_grants > 0)
		return 0;
	return complain(d, e, CONF_OAUTH_GRANT,
	    "a mailbox needs somebody's consent, and it is not known where to "
	    "ask for it: set device_url or authorize_url, or the issuer that "
	    "has them; or write another grant");
}

/* The words stand in the table in the order of the enum. */
static void
written_grants(struct conf_entry *d)
{
	for (size_t i = 0; i < d->grant.n; i++)
		for (int g = 0; g < GRANTS; g++)
			if (strcmp(profile_grant_name((enum profile_grant)g),
				d->grant.v[i]) == 0)
				add_grant(&d->p, (enum profile_grant)g);
}

/* A program's own grant stands alone; those of a person go together. */
static int
check_mixture(const struct conf_entry *d, struct err *e)
{
	const struct profile *p = &d->p;
	unsigned all = grants_of(p);

	for (size_t i = 0; p->n_grants > 1 && i < p->n_grants; i++)
		if ((1u << p->grants[i] & CONSENT) == 0)
			return complain(d, e, CONF_OAUTH_GRANT,
			    "\"%s\" stands alone: it needs nobody's consent%s",
			    profile_grant_name(p->grants[i]),
			    all & CONSENT ? ", and the others rest on one"
					  : "");
	return 0;
}

static int
build_grants(struct conf_entry *d, struct err *e)
{
	struct profile *p = &d->p;

	/* What is given says more than a preset. */
	if (is_set(d, CONF_OAUTH_TOKEN_COMMAND) ||
	    is_set(d, CONF_OAUTH_SERVICE_ACCOUNT))
		conf_build_forget(d, CONF_OAUTH_GRANT);
	if (is_set(d, CONF_OAUTH_GRANT))
		written_grants(d);
	else if (is_set(d, CONF_OAUTH_TOKEN_COMMAND))
		add_grant(p, PROFILE_GRANT_COMMAND);
	else if (is_set(d, CONF_OAUTH_SERVICE_ACCOUNT))
		add_grant(p, PROFILE_GRANT_JWT_BEARER);
	else if (d->kind == PROFILE_SYSTEM)
		add_grant(p, PROFILE_GRANT_CLIENT_CREDENTIALS);
	else if (default_consent(d, e) != 0)
		return EX_CONFIG;
	if (check_mixture(d, e) != 0)
		return EX_CONFIG;
	p->oauth.grant = grants_of(p) & CONSENT	 ? OAUTH_REFRESH_TOKEN
			 : grants_of(p) & BEARER ? OAUTH_JWT_BEARER
						 : OAUTH_CLIENT_CREDENTIALS;
	return 0;
}

/* ---- which keys */

/* No key that would have no effect. */
static int
check_uses(struct conf_entry *d, struct err *e)
{
	unsigned grants = grants_of(&d->p);
	struct buf here, there;
	int rc = 0;

	buf_init(&here, MAX_NAMES);
	buf_init(&there, MAX_NAMES);
	for (size_t i = 0; rc == 0 && i < sizeof(uses) / sizeof(uses[0]); i++) {
		if (!is_set(d, uses[i].id) || uses[i].grants & grants ||
		    conf_build_forget(d, uses[i].id))
			continue;
		add_names(&here, grants);
		if (uses[i].grants != ASKED)
			add_names(&there, uses[i].grants);
		rc = complain(d, e, uses[i].id,
		    "has no effect beside grant %s%s%s", here.data,
		    there.len > 0 ? ": it is for " : "",
		    there.len > 0 ? there.data : "");
	}
	buf_clear(&here);
	buf_clear(&there);
	return rc;
}

static bool
has_assertion(const struct conf_entry *d)
{
	return is_set(d, CONF_OAUTH_CLIENT_KEY) ||
	       is_set(d, CONF_OAUTH_ASSERTION_FILE);
}

/* What a grant rests on. */
static int
check_rests(const struct conf_entry *d, struct err *e)
{
	unsigned grants = grants_of(&d->p);

	if (grants & COMMAND && !is_set(d, CONF_OAUTH_TOKEN_COMMAND))
		return complain(d, e, CONF_OAUTH_TOKEN_COMMAND,
		    "is missing: grant \"command\" rests on it");
	if (grants & CREDENTIALS && !is_set(d, CONF_OAUTH_CLIENT_SECRET) &&
	    !has_assertion(d))
		return complain(d, e, CONF_OAUTH_CLIENT_SECRET,
		    "is missing: grant \"client_credentials\" rests on it, on "
		    "a client_key or an assertion_file");
	if (grants & BEARER && !is_set(d, CONF_OAUTH_SERVICE_ACCOUNT) &&
	    !has_assertion(d))
		return complain(d, e, CONF_OAUTH_SERVICE_ACCOUNT,
		    "is missing: grant \"jwt_bearer\" rests on it, on a "
		    "client_key or an assertion_file");
	if (grants == REFRESH && !is_set(d, CONF_OAUTH_REFRESH_TOKEN))
		return complain(d, e, CONF_OAUTH_REFRESH_TOKEN,
		    "is missing: grant \"refresh_token\" needs one to begin "
		    "with, as the provider gave it out");
	return 0;
}

/* Where to ask. */
static int
check_places(const struct conf_entry *d, struct err *e)
{
	const struct profile *p = &d->p;

	if (!is_set(d, CONF_OAUTH_TOKEN_URL) && !is_set(d, CONF_OAUTH_ISSUER) &&
	    !is_set(d, CONF_OAUTH_SERVICE_ACCOUNT))
		return complain(d, e, CONF_OAUTH_TOKEN_URL,
		    "is missing, and there is no issuer that would tell it");
	for (size_t i = 0; i < p->n_grants; i++)
		if (!has_place(d, p->grants[i]))
			return complain(d, e,
			    p->grants[i] == PROFILE_GRANT_DEVICE_CODE
				? CONF_OAUTH_DEVICE_URL
				: CONF_OAUTH_AUTHORIZE_URL,
			    "is missing, and there is no issuer that would "
			    "tell it: grant \"%s\" begins there",
			    profile_grant_name(p->grants[i]));
	if (d->issuer != NULL && strchr(d->issuer, '?') != NULL)
		return complain(d, e, CONF_OAUTH_ISSUER,
		    "\"%s\": an issuer has no query (RFC 8414)", d->issuer);
	return 0;
}

static int
check_client(const struct conf_entry *d, struct err *e)
{
	if (!is_set(d, CONF_OAUTH_CLIENT_ID) &&
	    !is_set(d, CONF_OAUTH_SERVICE_ACCOUNT))
		return complain(d, e, CONF_OAUTH_CLIENT_ID,
		    "is missing: as the provider gave it out when this program "
		    "was registered there");
	if (is_set(d, CONF_OAUTH_SECRET_EXPIRES) &&
	    !is_set(d, CONF_OAUTH_CLIENT_SECRET))
		return complain(d, e, CONF_OAUTH_SECRET_EXPIRES,
		    "there is no client_secret that could expire");
	return 0;
}

/* ---- what signs */

static int
check_signer(struct conf_entry *d, struct err *e)
{
	static const enum conf_id keys[] = { CONF_OAUTH_CLIENT_CERT,
		CONF_OAUTH_CLIENT_KEY_PASSPHRASE, CONF_OAUTH_KEY_ID,
		CONF_OAUTH_SIGNING_ALG };
	bool key = is_set(d, CONF_OAUTH_CLIENT_KEY);
	bool account = is_set(d, CONF_OAUTH_SERVICE_ACCOUNT);

	if (account && key)
		return complain(d, e, CONF_OAUTH_CLIENT_KEY,
		    "has no effect beside service_account, which holds a key");
	if (is_set(d, CONF_OAUTH_ASSERTION_FILE) && (account || key))
		return complain(d, e, CONF_OAUTH_ASSERTION_FILE,
		    "has no effect beside %s, which signs an assertion: remove "
		    "one of them",
		    account ? "service_account" : "client_key");
	for (size_t i = 0; !key && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (is_set(d, keys[i]) && !conf_build_forget(d, keys[i]))
			return complain(d, e, keys[i],
			    "there is no client_key that it belongs to");
	if (!is_set(d, CONF_OAUTH_ASSERTION_AUDIENCE))
		return 0;
	if (!key && !account &&
	    !conf_build_forget(d, CONF_OAUTH_ASSERTION_AUDIENCE))
		return complain(d, e, CONF_OAUTH_ASSERTION_AUDIENCE,
		    "there is no client_key that would sign an assertion");
	if (strcmp(d->assertion_audience, "issuer") == 0 &&
	    !is_set(d, CONF_OAUTH_ISSUER) &&
	    !conf_build_forget(d, CONF_OAUTH_ASSERTION_AUDIENCE))
		return complain(d, e, CONF_OAUTH_ASSERTION_AUDIENCE,
		    "\"issuer\": issuer is not set");
	return 0;
}

static void
build_signer(struct conf_entry *d)
{
	struct profile *p = &d->p;
	struct profile_signer *s = &p->signer;

	s->key = conf_build_keep(p, d->client_key);
	s->cert = conf_build_keep(p, d->client_cert);
	s->key_id = conf_build_keep(p, d->key_id);
	s->has_alg = is_set(d, CONF_OAUTH_SIGNING_ALG);
	s->alg = (enum crypt_sign)d->signing_alg; /* words in its order */
	s->file = conf_build_keep(p, d->assertion_file);
	s->audience = conf_build_keep(p, d->assertion_audience);
	s->typ = p->preset != NULL ? p->preset->assertion_typ : NULL;
	s->service_account = conf_build_keep(p, d->service_account);
	s->subject = conf_build_keep(
	    p, is_set(d, CONF_OAUTH_SUBJECT) ? d->subject : p->user);
}

/* ---- how the client shows who it is */

/*
 * A key, and what stands for it, proves the client; but with jwt_bearer the
 * grant, and the client only where private_key_jwt is written.
 */
static enum oauth_client_auth
default_auth(const struct conf_entry *d)
{
	if (has_assertion(d) && !(grants_of(&d->p) & BEARER))
		return OAUTH_AUTH_JWT;
	return is_set(d, CONF_OAUTH_CLIENT_SECRET) ? OAUTH_AUTH_POST
						   : OAUTH_AUTH_NONE;
}

/* What would not be used, or is not there. */
static int
check_auth(
    const struct conf_entry *d, enum oauth_client_auth way, struct err *e)
{
	bool secret = is_set(d, CONF_OAUTH_CLIENT_SECRET);
	bool bearer = grants_of(&d->p) & BEARER;
	bool proof =
	    bearer ? is_set(d, CONF_OAUTH_CLIENT_KEY) : has_assertion(d);

	if (way == OAUTH_AUTH_JWT && !proof)
		return complain(d, e, CONF_OAUTH_CLIENT_AUTH,
		    "\"private_key_jwt\": there is no client_key%s: set it",
		    bearer ? "" : " and no assertion_file");
	if (way == OAUTH_AUTH_JWT && secret)
		return complain(d, e, CONF_OAUTH_CLIENT_SECRET,
		    "has no effect beside %s, by which the client shows who it "
		    "is: remove one of them",
		    is_set(d, CONF_OAUTH_CLIENT_KEY) ? "client_key"
						     : "assertion_file");
	if (way == OAUTH_AUTH_NONE && secret)
		return complain(d, e, CONF_OAUTH_CLIENT_AUTH,
		    "\"none\": there is a client_secret, which would not be "
		    "used: remove one of them");
	if (way != OAUTH_AUTH_JWT && proof && !bearer)
		return complain(d, e, CONF_OAUTH_CLIENT_AUTH,
		    "there is a %s, which would not be used: write "
		    "\"private_key_jwt\"",
		    is_set(d, CONF_OAUTH_CLIENT_KEY) ? "client_key"
						     : "assertion_file");
	if (way != OAUTH_AUTH_NONE && way != OAUTH_AUTH_JWT && !secret)
		return complain(d, e, CONF_OAUTH_CLIENT_AUTH,
		    "there is no client_secret that could be shown: set it, or "
		    "write \"none\"");
	return 0;
}

static int
build_auth(struct conf_entry *d, struct err *e)
{
	/* By the words of the table. */
	static const enum oauth_client_auth ways[] = { OAUTH_AUTH_NONE,
		OAUTH_AUTH_POST, OAUTH_AUTH_BASIC, OAUTH_AUTH_BASIC_RAW,
		OAUTH_AUTH_JWT };

	d->p.oauth.client_auth = is_set(d, CONF_OAUTH_CLIENT_AUTH)
				     ? ways[d->client_auth]
				     : default_auth(d);
	return check_auth(d, d->p.oauth.client_auth, e);
}

static void
build_client(struct conf_entry *d)
{
	struct profile *p = &d->p;
	struct oauth_client *c = &p->oauth;

	c->client_id = conf_build_keep(p, d->client_id);
	c->issuer = conf_build_keep(p, d->issuer);
	c->token_url = conf_build_keep(p, d->token_url);
	c->authorize_url = conf_build_keep(p, d->authorize_url);
	c->device_url = conf_build_keep(p, d->device_url);
	c->revoke_url = conf_build_keep(p, d->revoke_url);
	c->scope = conf_build_keep(p, d->scope);
	c->audience = conf_build_keep(p, d->audience);
	c->resource = conf_build_keep(p, d->resource);
	c->parameters = p->parameters.v;
	c->n_parameters = p->parameters.n / 2;
	c->ca_file = conf_build_keep(p, d->oauth_ca_file);
	c->pin = conf_build_keep_joined(p, &d->oauth_pin, ';');
	p->redirect_host =
	    conf_rows[CONF_OAUTH_REDIRECT_HOST].words[d->redirect_host];
	p->redirect_port = (unsigned)d->redirect_port;
}

int
conf_build_oauth(struct conf_entry *d, struct err *e)
{
	struct profile *p = &d->p;
	bool asked;

	p->has_oauth = is_set(d, CONF_OAUTH);
	if (!p->has_oauth)
		return 0;
	if (build_grants(d, e) != 0 || check_uses(d, e) != 0)
		return EX_CONFIG;
	asked = grants_of(p) & ASKED;
	if (asked && (check_client(d, e) != 0 || check_places(d, e) != 0))
		return EX_CONFIG;
	if (check_rests(d, e) != 0)
		return EX_CONFIG;
	if (!(grants_of(p) & CONSENT) && d->scope != NULL &&
	    strstr(d->scope, "offline_access") != NULL)
		conf_build_forget(d, CONF_OAUTH_SCOPE); /* of a consent */
	if (asked && (check_signer(d, e) != 0 || build_auth(d, e) != 0))
		return EX_CONFIG;
	build_signer(d);
	build_client(d);
	return 0;
}
