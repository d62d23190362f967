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
	NO_ENDPOINT = 3 /* answers in a row that are none */
};

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

static void
hash_client(const struct profile *a, char out[CRED_HASH + 1])
{
	const char *v[] = { a->oauth.client_id, a->oauth.token_url };

	hash_strings(v, sizeof(v) / sizeof(v[0]), out);
}

static void
hash_request(const struct profile *a, char out[CRED_HASH + 1])
{
	const char *v[] = { a->oauth.client_id, a->oauth.token_url,
		a->oauth.scope != NULL ? a->oauth.scope : "",
		a->oauth.grant == OAUTH_REFRESH_TOKEN ? "r" : "c" };

	hash_strings(v, sizeof(v) / sizeof(v[0]), out);
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
 * that its expiry can't be trusted. */
bool
cred_record_is_usable(
    const struct cred_record *r, const struct profile *a, int64_t now)
{
	char hash[CRED_HASH + 1];

	if (secret_len(&r->token.access) == 0 || r->token.obtained > now ||
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
	set_state(r, state_of(r->why.class), now);
	if (asked)
		r->not_before = now + wait_after(r, f);
}

void
cred_record_renew(struct cred_record *r, const struct profile *a,
    struct oauth_token *t, const struct secret *sent, const char *seed,
    int64_t now)
{
	hash_request(a, r->request);
	if (sent != NULL) {
		hash_client(a, r->client);
		snprintf(r->seed, sizeof(r->seed), "%s", seed);
		if (secret_len(&t->refresh) > 0)
			secret_move(&r->token.refresh, &t->refresh);
		else
			secret_set(&r->token.refresh, secret_reveal(sent),
			    secret_len(sent));
	}
	secret_move(&r->token.access, &t->access);
	r->token.obtained = t->obtained;
	r->token.expires = t->expires;
	set_state(r, CRED_OK, now);
	r->not_before = 0;
	r->failures = r->unusable = 0;
	memset(&r->why, 0, sizeof(r->why));
}
