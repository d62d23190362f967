/* SPDX-License-Identifier: ISC */
/*
 * cred_client: what a request of an account goes with: its client with the
 * endpoints filled in, and what proves who it is.
 *
 * An endpoint is the configured one; else, for the token endpoint, that of the
 * service account's file; else what the issuer's metadata says (cred_meta).
 *
 * Assertions (RFC 7523) are signed anew for each request, as is what somebody
 * else renews read anew. With a key and a file, the key makes the grant's
 * assertion and the file holds the client's.
 *
 * Whatever fails is an outcome that names the key of the configuration, and
 * the file, and never what is in it.
 */
#include "core/cred_part.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/sys.h"
#include "gate/crypt.h"
#include "gate/jwt.h"

struct job {
	struct cred_client *out;
	const struct profile *profile; /* who asks */
	const struct profile *account;
	enum cred_need need;
	struct oauth_trouble *trouble;
	struct jwt_account service; /* filled where there is one */
};

/* A failure in our own words, of a key of the oauth group. False. */
static bool
fail(struct job *j, const char *key, struct err *e)
{
	enum outcome_class class = cred_secret_class(e);

	err_wrap(e, "profiles.%s.oauth.%s", j->account->name, key);
	return cred_fail(
	    &j->trouble->outcome, class, OUTCOME_AT_TOKEN, e->text);
}

static bool
is_service(const struct job *j)
{
	return j->need == CRED_NEED_TOKEN &&
	       j->account->oauth.grant == OAUTH_JWT_BEARER &&
	       j->account->signer.service_account != NULL;
}

/* ---- endpoints */

static bool
is_audience(const struct profile *a, const char *word)
{
	const char *audience = a->signer.audience;

	return strcmp(audience != NULL ? audience : "token_url", word) == 0;
}

/* Name of the first URL that is missing for what is needed, or NULL. */
static const char *
missing_url(const struct job *j)
{
	const struct oauth_client *q = &j->out->client;
	bool names_token = q->client_auth == OAUTH_AUTH_JWT &&
			   j->account->signer.file == NULL &&
			   is_audience(j->account, "token_url");

	if (j->need == CRED_NEED_DEVICE && q->device_url == NULL)
		return "device_url";
	if (j->need == CRED_NEED_AUTHORIZE && q->authorize_url == NULL)
		return "authorize_url";
	if (j->need == CRED_NEED_REVOKE && q->revoke_url == NULL)
		return "revoke_url";
	if ((j->need != CRED_NEED_REVOKE || names_token) &&
	    q->token_url == NULL)
		return "token_url";
	return NULL;
}

static void
fill(const char **url, const char *found)
{
	if (*url == NULL)
		*url = found;
}

static bool
find_urls(struct job *j)
{
	struct oauth_client *q = &j->out->client;
	const struct oauth_meta *m = &j->out->meta;
	struct err e = ERR_NONE;
	const char *missing;

	if (is_service(j) && q->token_url == NULL) {
		j->out->token_url = mem_dup(j->service.token_url);
		q->token_url = j->out->token_url;
	}
	if (missing_url(j) != NULL && q->issuer != NULL) {
		if (!cred_meta_find(
			j->profile, &j->out->meta, &j->out->asked, j->trouble))
			return false;
		fill(&q->token_url, m->token_url);
		fill(&q->authorize_url, m->authorize_url);
		fill(&q->device_url, m->device_url);
		fill(&q->revoke_url, m->revoke_url);
	}
	missing = missing_url(j);
	if (missing == NULL)
		return true;
	if (q->issuer != NULL)
		err_set(&e, EX_CONFIG,
		    "the metadata of %s names none, and none is configured",
		    q->issuer);
	else
		err_set(&e, EX_CONFIG,
		    "not set, and there is no issuer to ask for it");
	return fail(j, missing, &e);
}

/* ---- keys */

/* The service account's file, where there is one. */
static bool
load_service(struct job *j)
{
	const char *path = j->account->signer.service_account;
	struct err e = ERR_NONE;
	struct secret text;
	int rc;

	if (!is_service(j))
		return true;
	secret_init(&text);
	rc = cred_secret_read_file(path, PROFILE_FILE, &text, &e);
	if (rc == 0) {
		rc = jwt_account_read(&text, &j->service, &e);
		if (rc == 0 && !oauth_is_url(j->service.token_url))
			rc = err_set(&e, EX_CONFIG,
			    "service account: token_uri: not an https URL");
		if (rc != 0)
			err_wrap(&e, "%s", path);
	}
	secret_clear(&text);
	return rc == 0 || fail(j, "service_account", &e);
}

/* The private key of the configuration. */
static bool
load_key(struct job *j, struct crypt_key **key)
{
	const struct profile_signer *s = &j->account->signer;
	struct secret pem, passphrase;
	struct err e = ERR_NONE;
	bool ok;

	secret_init(&pem);
	secret_init(&passphrase);
	ok = s->key != NULL;
	if (!ok)
		err_set(&e, EX_CONFIG,
		    "not set, and without it there is "
		    "nothing to sign an assertion with");
	if (ok && s->passphrase.form != PROFILE_NO_SECRET &&
	    !cred_secret_read(j->profile, &s->passphrase, OUTCOME_AT_TOKEN,
		&passphrase, &j->trouble->outcome)) {
		secret_clear(&passphrase);
		return false;
	}
	ok = ok && cred_secret_read_file(s->key, PROFILE_FILE, &pem, &e) == 0;
	if (ok && crypt_key_load(&pem, &passphrase, key, &e) != 0) {
		err_wrap(&e, "%s", s->key);
		ok = false;
	}
	secret_clear(&pem);
	secret_clear(&passphrase);
	return ok || fail(j, "client_key", &e);
}

/* The certificate that belongs to it. It is public: anybody may read it. */
static bool
load_cert(struct job *j, const struct crypt_key *key, struct crypt_cert *cert)
{
	const struct profile_signer *s = &j->account->signer;
	struct err e = ERR_NONE;
	struct stat st;
	struct buf b;
	int fd, rc;

	buf_init(&b, CRED_FILE_MAX);
	rc = fsio_open_read(s->cert, &fd, &st, &e);
	if (rc == 0) {
		rc = fsio_read_all(fd, s->cert, &b, &e);
		close(fd);
	}
	if (rc == 0) {
		rc = crypt_cert_load(b.data, b.len, cert, &e);
		if (rc == 0 && !crypt_cert_fits(b.data, b.len, key))
			rc = err_set(&e, EX_CONFIG,
			    "it is not the certificate of the key %s", s->key);
		if (rc != 0)
			err_wrap(&e, "%s", s->cert);
	}
	buf_clear(&b);
	return rc == 0 || fail(j, "client_cert", &e);
}

/* How it signs: as configured, else by the key. */
static enum crypt_sign
alg_of(const struct job *j, const struct crypt_key *key)
{
	if (j->account->signer.has_alg)
		return j->account->signer.alg;
	return crypt_key_can(key, CRYPT_ES256) ? CRYPT_ES256 : CRYPT_RS256;
}

/* ---- assertions */

/* To whom it speaks; NULL with the trouble set. */
static const char *
audience_of(struct job *j)
{
	const struct oauth_client *q = &j->out->client;
	struct err e = ERR_NONE;

	if (is_audience(j->account, "token_url"))
		return q->token_url;
	if (!is_audience(j->account, "issuer"))
		return j->account->signer.audience;
	if (q->issuer != NULL)
		return q->issuer;
	err_set(&e, EX_CONFIG, "\"issuer\": no issuer is configured");
	fail(j, "assertion_audience", &e);
	return NULL;
}

/* Sign what q says, with that key. */
static bool
sign(struct job *j, struct jwt_order *q, const char *from, struct secret *out)
{
	const struct profile_signer *s = &j->account->signer;
	struct err e = ERR_NONE;

	q->aud = audience_of(j);
	if (q->aud == NULL)
		return false;
	q->alg = alg_of(j, q->key);
	q->life = JWT_LIFE;
	if (jwt_make(q, sys_now(), out, &e) == 0)
		return true;
	err_wrap(&e, "%s", s->key != NULL ? s->key : s->service_account);
	return fail(j, s->has_alg ? "signing_alg" : from, &e);
}

/* With the configuration's key. */
static bool
sign_own(struct job *j, struct jwt_order *q, struct secret *out)
{
	const struct profile_signer *s = &j->account->signer;
	struct crypt_key *key = NULL;
	struct crypt_cert cert;
	bool ok;

	ok = load_key(j, &key);
	if (ok && s->cert != NULL) {
		ok = load_cert(j, key, &cert);
		q->cert = &cert;
	}
	q->key = key;
	q->kid = s->key_id;
	q->typ = s->typ;
	ok = ok && sign(j, q, "client_key", out);
	crypt_key_free(key);
	return ok;
}

/* With that of the service account. Google reads the scope in it. */
static bool
sign_service(struct job *j, struct secret *out)
{
	const struct profile_signer *s = &j->account->signer;
	const struct jwt_account *from = &j->service;
	struct jwt_order q = { .iss = from->email,
		.sub = s->subject,
		.scope = j->out->client.scope,
		.kid = s->key_id != NULL ? s->key_id : from->key_id,
		.typ = s->typ };
	struct crypt_key *key = NULL;
	struct err e = ERR_NONE;
	struct secret none;
	bool ok;

	secret_init(&none);
	if (crypt_key_load(&from->key, &none, &key, &e) != 0) {
		err_wrap(&e, "%s", s->service_account);
		return fail(j, "service_account", &e);
	}
	q.key = key;
	ok = sign(j, &q, "service_account", out);
	crypt_key_free(key);
	return ok;
}

/*
 * The one that somebody else renews. Where that is a cluster, its group is
 * none of ours, so that any group may read it.
 */
static bool
read_assertion(struct job *j, struct secret *out)
{
	const char *path = j->account->signer.file;
	struct err e = ERR_NONE;
	struct secret text;
	const char *p;
	size_t n;
	int rc;

	secret_init(&text);
	rc = cred_secret_read_file(path, PROFILE_CREDENTIAL, &text, &e);
	p = secret_reveal(&text);
	n = secret_len(&text);
	while (n > 0 && strchr(" \t\r\n", p[n - 1]) != NULL)
		n--;
	while (n > 0 && strchr(" \t\r\n", *p) != NULL) {
		p++;
		n--;
	}
	if (rc == 0) {
		secret_set(out, p, n);
		if (!cred_secret_is_word(out))
			rc = err_set(&e, EX_CONFIG,
			    "read: %s: one line with an assertion is wanted, "
			    "without blanks",
			    path);
	}
	secret_clear(&text);
	return rc == 0 || fail(j, "assertion_file", &e);
}

/* What shows which client it is. */
static bool
prove_client(struct job *j)
{
	const struct profile *a = j->account;
	struct cred_client *c = j->out;
	struct jwt_order q = { .iss = a->oauth.client_id,
		.sub = a->oauth.client_id };

	switch (a->oauth.client_auth) {
	case OAUTH_AUTH_NONE:
		return true;
	case OAUTH_AUTH_POST:
	case OAUTH_AUTH_BASIC:
	case OAUTH_AUTH_BASIC_RAW:
		return cred_secret_read(j->profile, &a->client_secret,
		    OUTCOME_AT_TOKEN, &c->client_secret, &j->trouble->outcome);
	case OAUTH_AUTH_JWT:
		if (a->signer.file != NULL)
			return read_assertion(j, &c->client_assertion);
		return sign_own(j, &q, &c->client_assertion);
	}
	return false;
}

/* The assertion that is the grant itself. */
static bool
prove_grant(struct job *j)
{
	const struct profile *a = j->account;
	struct jwt_order q = { .iss = a->oauth.client_id,
		.sub = a->signer.subject };

	if (j->need != CRED_NEED_TOKEN || a->oauth.grant != OAUTH_JWT_BEARER)
		return true;
	if (is_service(j))
		return sign_service(j, &j->out->assertion);
	if (a->signer.file != NULL && a->signer.key == NULL)
		return read_assertion(j, &j->out->assertion);
	return sign_own(j, &q, &j->out->assertion);
}

bool
cred_client_load(struct cred_client *c, const struct profile *p,
    enum cred_need need, struct oauth_trouble *f)
{
	struct job j = { .out = c,
		.profile = p,
		.account = profile_account(p),
		.need = need,
		.trouble = f };
	bool ok;

	cred_client_clear(c);
	memset(f, 0, sizeof(*f));
	f->retry_after = -1;
	c->client = j.account->oauth;
	ok = load_service(&j) && find_urls(&j) && prove_client(&j) &&
	     prove_grant(&j);
	jwt_account_clear(&j.service);
	return ok;
}

void
cred_client_clear(struct cred_client *c)
{
	oauth_meta_clear(&c->meta);
	secret_clear(&c->client_secret);
	secret_clear(&c->client_assertion);
	secret_clear(&c->assertion);
	free(c->token_url);
	memset(c, 0, sizeof(*c));
	secret_init(&c->client_secret);
	secret_init(&c->client_assertion);
	secret_init(&c->assertion);
	c->proof.client_secret = &c->client_secret;
	c->proof.client_assertion = &c->client_assertion;
	c->proof.assertion = &c->assertion;
}
