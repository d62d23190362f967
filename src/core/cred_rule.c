/* SPDX-License-Identifier: ISC */
/*
 * cred_rule: what follows from the record of an account: may its token be used,
 * is there a way to another one, and when may it be tried.
 *
 * State and back-off after a failed request, by its class:
 *
 *   L   degraded       1, 2, 4 .. 60 minutes, less a quarter: an account's
 *                      own pauses are as long, with a jitter of a fifth, and
 *                      its probe must find us ready; or what Retry-After says
 *   P   needs_login    6 hours, then one request
 *   C   misconfigured  the same
 *
 * invalid_grant for the refresh token of a login tells how long its consent has
 * lasted, which is remembered: three that lasted as long as each other show a
 * rule of the provider's (forecast).
 *
 * What is no answer at all (2xx without a token, 403 without an error word) is
 * L twice, C from the third in a row: no token endpoint is there.
 */
#include "core/cred_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gate/crypt.h"

enum {
	NUMBER_MAX = 20, /* digits */
	MINUTE = 60 * 1000,
	HOUR = 60 * MINUTE,
	FIRST_WAIT = MINUTE,
	MAX_WAIT = HOUR,
	LONG_WAIT = 6 * HOUR,
	MIN_WAIT = 1000,
	STEP = MINUTE,	/* by which a clock may be put right at any time */
	NO_ENDPOINT = 3 /* answers in a row that are none */
};

/* ms; a consent is used once in so long */
#define DAY	   INT64_C(86400000)
#define KEEP_ALIVE (7 * DAY)

/* ---- hashes */

static void
hash_octets(const void *p, size_t n, char out[CRED_HASH + 1])
{
	unsigned char sum[CRYPT_SHA256];
	size_t i;

	crypt_sha256((struct crypt_octets){ p, n }, sum);
	for (i = 0; i < sizeof(sum); i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

void
cred_hash(const struct secret *s, char out[CRED_HASH + 1])
{
	hash_octets(secret_reveal(s), secret_len(s), out);
}

/* Of strings, each with its NUL, so that no two lists look the same. */
static void
hash_strings(const char *const *v, size_t n, char out[CRED_HASH + 1])
{
	struct buf b;
	size_t i;

	buf_init(&b, SIZE_MAX);
	for (i = 0; i < n; i++)
		buf_add(&b, v[i], strlen(v[i]) + 1);
	hash_octets(b.data, b.len, out);
	buf_clear(&b);
}

/* The endpoint as configured: where it is discovered, the issuer stands for
 * it, so that the hashes are known without a request. */
static const char *
endpoint_of(const struct profile *a)
{
	const struct oauth_client *q = &a->oauth;

	if (q->token_url != NULL)
		return q->token_url;
	return q->issuer != NULL ? q->issuer : "";
}

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static void
hash_client(const struct profile *a, char out[CRED_HASH + 1])
{
	const char *v[] = { or_empty(a->oauth.client_id), endpoint_of(a) };

	hash_strings(v, sizeof(v) / sizeof(v[0]), out);
}

static void
add_pair(struct text_list *l, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_list_add(l, name);
	text_list_add(l, value);
}

/* What a request may go with, besides what every request has. */
static void
add_extras(struct text_list *l, const struct profile *a)
{
	const struct oauth_client *q = &a->oauth;
	const struct profile_signer *s = &a->signer;
	size_t i;

	add_pair(l, "audience", q->audience);
	add_pair(l, "resource", q->resource);
	for (i = 0; i < q->n_parameters; i++) {
		add_pair(l, "parameter", q->parameters[2 * i]);
		add_pair(l, "value", q->parameters[2 * i + 1]);
	}
	if (q->grant == OAUTH_JWT_BEARER) {
		add_pair(l, "account", s->service_account);
		add_pair(l, "subject", s->subject);
	}
	add_pair(l, "key_id", s->key_id);
	for (i = 0; cred_has_command(a) && i < a->token_command.n; i++)
		add_pair(l, "word", a->token_command.v[i]);
}

static const char *
grant_mark(const struct profile *a)
{
	if (cred_has_command(a))
		return "x";
	switch (a->oauth.grant) {
	case OAUTH_CLIENT_CREDENTIALS:
		return "c";
	case OAUTH_JWT_BEARER:
		return "j";
	default:
		return "r";
	}
}

/* Four strings, and what else is configured: a record that was made before
 * there was anything else stays good. */
static void
hash_request(const struct profile *a, char out[CRED_HASH + 1])
{
	struct text_list l = { 0 };

	text_list_add(&l, or_empty(a->oauth.client_id));
	text_list_add(&l, endpoint_of(a));
	text_list_add(&l, or_empty(a->oauth.scope));
	text_list_add(&l, grant_mark(a));
	add_extras(&l, a);
	hash_strings((const char *const *)l.v, l.n, out);
	text_list_clear(&l);
}

bool
cred_has_command(const struct profile *a)
{
	return profile_has_grant(a, PROFILE_GRANT_COMMAND) &&
	       a->token_command.n > 0;
}

static void
add_signer_stamp(struct secret *b, const struct profile_signer *s)
{
	const char *const files[] = { s->key, s->cert, s->file,
		s->service_account };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		cred_secret_add_file_stamp(b, files[i]);
	if (s->passphrase.form != PROFILE_NO_SECRET)
		cred_secret_add_stamp(b, &s->passphrase);
}

void
cred_stamp(const struct profile *a, char out[CRED_HASH + 1])
{
	char number[NUMBER_MAX];
	struct secret s;

	secret_init(&s);
	snprintf(number, sizeof(number), "%08" PRIx32, a->home->stamp);
	secret_add_str(&s, number);
	cred_secret_add_stamp(&s, &a->client_secret);
	cred_secret_add_stamp(&s, &a->refresh_token);
	add_signer_stamp(&s, &a->signer);
	if (cred_has_command(a))
		cred_secret_add_file_stamp(&s, a->token_command.v[0]);
	cred_hash(&s, out);
	secret_clear(&s);
}

/* ---- what follows from it */

static bool
is_rejected(const struct cred_record *r, const char *hash)
{
	const char *p;

	for (p = r->rejected; *p != '\0'; p += CRED_HASH) {
		if (memcmp(p, hash, CRED_HASH) == 0)
			return true;
	}
	return false;
}

/* One that was obtained in the future tells of a clock that was set back, so
 * that its expiry can't be trusted. A small step is no reason for everybody to
 * get a token of his own until the clock is there. */
bool
cred_record_is_usable(
    const struct cred_record *r, const struct profile *a, int64_t now)
{
	char hash[CRED_HASH + 1];

	if (secret_len(&r->token.access) == 0 ||
	    r->token.obtained - now > STEP ||
	    r->token.expires - now <= a->min_life)
		return false;
	hash_request(a, hash);
	if (strcmp(hash, r->request) != 0)
		return false;
	cred_hash(&r->token.access, hash);
	return !is_rejected(r, hash);
}

bool
cred_record_can_refresh(const struct cred_record *r, const struct profile *a)
{
	char hash[CRED_HASH + 1];

	hash_client(a, hash);
	return secret_len(&r->token.refresh) > 0 &&
	       strcmp(hash, r->client) == 0;
}

bool
cred_record_reject(struct cred_record *r, const struct secret *token)
{
	char hash[CRED_HASH + 1], own[CRED_HASH + 1];
	size_t keep = (CRED_REJECTED - 1) * CRED_HASH;
	size_t n = strlen(r->rejected);

	if (secret_len(&r->token.access) == 0)
		return false;
	cred_hash(token, hash);
	cred_hash(&r->token.access, own);
	if (strcmp(hash, own) != 0 || is_rejected(r, hash))
		return false;
	n = n < keep ? n : keep;
	memmove(r->rejected + CRED_HASH, r->rejected, n);
	memcpy(r->rejected, hash, CRED_HASH);
	r->rejected[CRED_HASH + n] = '\0';
	return true;
}

/* An instant that lies too far ahead was set by another clock. */
bool
cred_record_must_wait(
    const struct cred_record *r, const char *stamp, int64_t now)
{
	return r->state > CRED_OK && r->not_before > now &&
	       r->not_before - now <= LONG_WAIT && strcmp(r->stamp, stamp) == 0;
}

static enum cred_state state_of(enum outcome_class class)
{
	switch (class) {
	case OUTCOME_CLASS_P:
		return CRED_NEEDS_LOGIN;
	case OUTCOME_CLASS_C:
		return CRED_MISCONFIGURED;
	default:
		return CRED_DEGRADED;
	}
}

static int64_t
wait_after(const struct cred_record *r, const struct oauth_trouble *f)
{
	int64_t wait = FIRST_WAIT;
	unsigned i;

	if (r->state != CRED_DEGRADED)
		return LONG_WAIT;
	if (f->retry_after >= 0) {
		wait = f->retry_after < MIN_WAIT ? MIN_WAIT : f->retry_after;
		return wait < LONG_WAIT ? wait : LONG_WAIT;
	}
	for (i = 1; i < r->failures && wait < MAX_WAIT; i++)
		wait *= 2;
	return (wait < MAX_WAIT ? wait : MAX_WAIT) / 4 * 3;
}

static bool
is_no_answer(const struct outcome *o)
{
	return o->class == OUTCOME_CLASS_L && o->error[0] == '\0' &&
	       ((o->code >= 200 && o->code < 300) || o->code == 403);
}

static void
set_state(struct cred_record *r, enum cred_state s, int64_t now)
{
	if (r->state == s)
		return;
	r->state = s;
	r->since = now;
}

/* Is it the stored consent that the provider does not take any more? */
static bool
ends_consent(const struct cred_record *r)
{
	return r->why.class == OUTCOME_CLASS_P &&
	       strcmp(r->why.error, "invalid_grant") == 0 && r->consent > 0 &&
	       r->ended == 0;
}

/* Remember, once, for how long it has lasted. */
static void
learn_life(struct cred_record *r, int64_t now)
{
	size_t size = (CRED_LIVES - 1) * sizeof(r->lives[0]);

	if (now <= r->consent)
		return;
	r->ended = now;
	memmove(&r->lives[1], &r->lives[0], size);
	r->lives[0] = now - r->consent;
}

/* It was taken again: it had not ended. */
static void
unlearn_life(struct cred_record *r)
{
	size_t size = (CRED_LIVES - 1) * sizeof(r->lives[0]);

	if (r->ended == 0)
		return;
	r->ended = 0;
	memmove(&r->lives[0], &r->lives[1], size);
	r->lives[CRED_LIVES - 1] = 0;
}

void
cred_record_fail(struct cred_record *r, const struct oauth_trouble *f,
    bool asked, const char *stamp, int64_t now)
{
	if (strcmp(r->stamp, stamp) != 0)
		r->failures = r->unusable = 0;
	memcpy(r->stamp, stamp, sizeof(r->stamp));
	r->why = f->outcome;
	r->not_before = 0;
	if (asked) {
		r->failures += r->failures < INT32_MAX;
		r->unusable = is_no_answer(&f->outcome) ? r->unusable + 1 : 0;
		if (r->unusable >= NO_ENDPOINT)
			r->why.class = OUTCOME_CLASS_C;
	}
	if (asked && ends_consent(r))
		learn_life(r, now);
	set_state(r, state_of(r->why.class), now);
	if (asked)
		r->not_before = now + wait_after(r, f);
}

static void
end_trouble(struct cred_record *r, int64_t now)
{
	set_state(r, CRED_OK, now);
	r->not_before = 0;
	r->failures = r->unusable = 0;
	memset(&r->why, 0, sizeof(r->why));
}

/* What the server says of the end of the refresh token, after it was used. A
 * time that stays where it was is no limit of idleness. */
static void
note_end(struct cred_record *r, const struct oauth_token *t)
{
	int64_t was = r->token.refresh_expires, is = t->refresh_expires;
	int64_t unused = t->obtained - r->refreshed;

	if (is == 0 && secret_len(&t->refresh) == 0)
		return; /* the old one, and nothing new is said of it */
	if (was == 0 || is == 0)
		r->refresh_fixed = false;
	else if (unused >= HOUR)
		r->refresh_fixed = is - was < unused / 2;
	r->token.refresh_expires = is;
}

/* sent was redeemed, and t came for it. */
static void
renew_refresh(struct cred_record *r, const struct profile *a,
    struct oauth_token *t, const struct secret *sent, const char *seed,
    int64_t now)
{
	bool stored = cred_secret_is_same(&r->token.refresh, sent);

	if (!stored) { /* the configured one: of its consent nothing is known */
		r->consent = r->ended = r->token.refresh_expires = 0;
		r->refresh_fixed = false;
		r->token.login[0] = r->token.scope[0] = '\0';
	}
	unlearn_life(r);
	note_end(r, t);
	r->refreshed = now;
	hash_client(a, r->client);
	snprintf(r->seed, sizeof(r->seed), "%s", seed);
	if (secret_len(&t->refresh) > 0)
		secret_move(&r->token.refresh, &t->refresh);
	else
		cred_secret_copy(&r->token.refresh, sent);
}

void
cred_record_renew(struct cred_record *r, const struct profile *a,
    struct oauth_token *t, const struct secret *sent, const char *seed,
    int64_t now)
{
	hash_request(a, r->request);
	if (sent != NULL)
		renew_refresh(r, a, t, sent, seed, now);
	/* An answer that names no scope leaves it as it was granted. */
	if (sent == NULL || t->scope[0] != '\0')
		memcpy(r->token.scope, t->scope, sizeof(r->token.scope));
	if (t->login[0] != '\0')
		memcpy(r->token.login, t->login, sizeof(r->token.login));
	secret_move(&r->token.access, &t->access);
	r->token.obtained = t->obtained;
	r->token.expires = t->expires;
	end_trouble(r, now);
}

void
cred_record_consent(struct cred_record *r, const struct profile *a,
    const struct oauth_token *t, const char *seed, int64_t now)
{
	hash_request(a, r->request);
	hash_client(a, r->client);
	snprintf(r->seed, sizeof(r->seed), "%s", seed);
	cred_secret_copy(&r->token.refresh, &t->refresh);
	cred_secret_copy(&r->token.access, &t->access);
	r->token.obtained = t->obtained;
	r->token.expires = t->expires;
	r->token.refresh_expires = t->refresh_expires;
	memcpy(r->token.scope, t->scope, sizeof(r->token.scope));
	memcpy(r->token.login, t->login, sizeof(r->token.login));
	r->consent = r->refreshed = now;
	r->ended = 0;
	r->refresh_fixed = false;
	end_trouble(r, now);
}

/* ---- what it tells */

bool
cred_lacks_consent(const struct profile *a, struct outcome *o)
{
	if (!profile_needs_login(a))
		return cred_fail(o, OUTCOME_CLASS_P, OUTCOME_AT_TOKEN,
		    "no refresh token: none is configured, and none is stored "
		    "for this client and endpoint");
	cred_fail(o, OUTCOME_CLASS_P, OUTCOME_AT_TOKEN,
	    "no consent yet: nobody has logged in for this client and "
	    "endpoint");
	snprintf(o->error, sizeof(o->error), "%s", "no_consent");
	return false;
}

void
cred_record_status(
    const struct cred_record *r, const struct profile *a, struct cred_status *s)
{
	memset(s, 0, sizeof(*s));
	s->state = r->state;
	s->obtained = r->token.obtained;
	s->expires = r->token.expires;
	s->since = r->state > CRED_OK ? r->since : 0;
	s->next = r->state > CRED_OK ? r->not_before : 0;
	s->why = r->why;
	memcpy(s->scope, r->token.scope, sizeof(s->scope));
	memcpy(s->lives, r->lives, sizeof(s->lives));
	s->refreshable = a->refresh_token.form != PROFILE_NO_SECRET;
	if (!cred_record_can_refresh(r, a))
		return;
	s->refreshable = true;
	memcpy(s->login, r->token.login, sizeof(s->login));
	s->consent = r->consent;
	s->refreshed = r->refreshed;
	s->refresh_expires = r->token.refresh_expires;
	s->refresh_fixed = r->refresh_fixed;
}

bool
cred_is_idle(const struct profile *p, const struct cred_status *s, int64_t now)
{
	const struct profile *a = profile_account(p);
	int64_t last = s->refreshed > s->consent ? s->refreshed : s->consent;
	int64_t period = KEEP_ALIVE, limit;

	if (a->oauth.grant != OAUTH_REFRESH_TOKEN || cred_has_command(a) ||
	    !a->has_oauth || !s->refreshable)
		return false;
	if (a->preset != NULL && a->preset->idle_days > 0) {
		limit = a->preset->idle_days * DAY;
		period = limit / 4 < period ? limit / 4 : period;
	}
	if (s->refresh_expires > last && !s->refresh_fixed) {
		limit = s->refresh_expires - last;
		period = limit / 4 < period ? limit / 4 : period;
	}
	/* A use in the future: the clock was wrong then, or is now. */
	return last > now || now - last >= period;
}
