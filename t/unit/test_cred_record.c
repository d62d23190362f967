/* SPDX-License-Identifier: ISC */
/*
 * cred: the record of the token cache: as text, and what follows from it for
 * the use of its token and for the next request.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/cred_part.h"

#define NOW INT64_C(1767225600000)

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

#define HASH  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct profile_home home;
static struct profile profile;
static struct cred_record r;
static struct err e;

static void
begin(void)
{
	memset(&home, 0, sizeof(home));
	memset(&profile, 0, sizeof(profile));
	memset(&e, 0, sizeof(e));
	profile.name = (char *)"noreply";
	profile.home = &home;
	profile.oauth.client_id = "id";
	profile.oauth.token_url = "https://login.example.com/token";
	profile.oauth.scope = "mail";
	profile.min_life = 5 * MINUTE;
	cred_record_init(&r);
}

static void
end(void)
{
	cred_record_clear(&r);
}

/* Give r a token of an hour, and a refresh token if there is one. */
static void
renew(const char *access, const char *refresh)
{
	struct oauth_token t;
	struct secret sent;

	oauth_token_init(&t);
	secret_init(&sent);
	secret_add_str(&t.access, access);
	t.obtained = NOW;
	t.expires = NOW + HOUR;
	if (refresh != NULL)
		secret_add_str(&sent, refresh);
	cred_record_renew(&r, &profile, &t, refresh != NULL ? &sent : NULL,
	    refresh != NULL ? HASH : "", NOW);
	secret_clear(&sent);
	oauth_token_clear(&t);
}

static struct oauth_trouble
trouble(enum outcome_class class, int code)
{
	struct oauth_trouble f = { .retry_after = -1 };

	outcome_set(&f.outcome, OUTCOME_LATER, class, OUTCOME_AT_TOKEN, code,
	    "words: of an endpoint");
	return f;
}

static bool
reject(const char *token)
{
	struct secret s;
	bool ok;

	secret_init(&s);
	secret_add_str(&s, token);
	ok = cred_record_reject(&r, &s);
	secret_clear(&s);
	return ok;
}

/* ---- text */

START_TEST(write_and_parse)
{
	struct oauth_trouble f = trouble(OUTCOME_CLASS_P, 400);
	struct cred_record back;
	struct secret text, again;

	renew("ey.J-~", "1//r f");
	ck_assert(reject("ey.J-~"));
	snprintf(
	    f.outcome.error, sizeof(f.outcome.error), "%s", "invalid_grant");
	snprintf(f.outcome.detail, sizeof(f.outcome.detail), "%s", "700082");
	snprintf(f.outcome.provider, sizeof(f.outcome.provider), "%s", "entra");
	snprintf(r.token.scope, sizeof(r.token.scope), "%s", "mail openid");
	snprintf(r.token.login, sizeof(r.token.login), "%s", "a@example.com");
	r.token.refresh_expires = NOW + 9 * HOUR;
	r.refresh_fixed = true;
	r.consent = NOW - 7 * HOUR;
	r.lives[0] = 3 * HOUR;
	r.lives[1] = 2 * HOUR;
	cred_record_fail(&r, &f, true, OTHER, NOW + HOUR);
	secret_init(&text);
	secret_init(&again);
	cred_record_init(&back);
	cred_record_write(&r, &text);
	ck_assert_msg(cred_record_parse(secret_reveal(&text), secret_len(&text),
			  &back, &e) == 0,
	    "%s", e.text);
	ck_assert_str_eq(secret_reveal(&back.token.access), "ey.J-~");
	ck_assert_str_eq(secret_reveal(&back.token.refresh), "1//r f");
	ck_assert_int_eq(back.token.obtained, NOW);
	ck_assert_int_eq(back.token.expires, NOW + HOUR);
	ck_assert_str_eq(back.request, r.request);
	ck_assert_str_eq(back.client, r.client);
	ck_assert_str_eq(back.seed, HASH);
	ck_assert_uint_eq(strlen(back.rejected), CRED_HASH);
	ck_assert_str_eq(back.rejected, r.rejected);
	ck_assert_str_eq(back.stamp, OTHER);
	ck_assert_int_eq(back.state, CRED_NEEDS_LOGIN);
	ck_assert_int_eq(back.since, NOW + HOUR);
	ck_assert_int_eq(back.not_before, NOW + 7 * HOUR);
	ck_assert_uint_eq(back.failures, 1);
	ck_assert_int_eq(back.why.kind, OUTCOME_LATER);
	ck_assert_int_eq(back.why.class, OUTCOME_CLASS_P);
	ck_assert_int_eq(back.why.stage, OUTCOME_AT_TOKEN);
	ck_assert_int_eq(back.why.code, 400);
	ck_assert_str_eq(back.why.error, "invalid_grant");
	ck_assert_str_eq(back.why.detail, "700082");
	ck_assert_str_eq(back.why.provider, "entra");
	ck_assert_str_eq(back.why.text, "words: of an endpoint");
	ck_assert(!back.why.ours);
	ck_assert_str_eq(back.token.scope, "mail openid");
	ck_assert_str_eq(back.token.login, "a@example.com");
	ck_assert_int_eq(back.token.refresh_expires, NOW + 9 * HOUR);
	ck_assert(back.refresh_fixed);
	ck_assert_int_eq(back.consent, NOW - 7 * HOUR);
	ck_assert_int_eq(back.ended, NOW + HOUR);
	ck_assert_int_eq(back.refreshed, NOW);
	ck_assert_int_eq(back.lives[0], 8 * HOUR);
	ck_assert_int_eq(back.lives[1], 3 * HOUR);
	ck_assert_int_eq(back.lives[2], 2 * HOUR);
	cred_record_write(&back, &again);
	ck_assert_str_eq(secret_reveal(&again), secret_reveal(&text));
	secret_clear(&text);
	secret_clear(&again);
	cred_record_clear(&back);
}
END_TEST

START_TEST(empty_record)
{
	struct secret text;

	secret_init(&text);
	cred_record_write(&r, &text);
	ck_assert_str_eq(secret_reveal(&text), "osmtp-token 2\n");
	ck_assert_int_eq(
	    cred_record_parse(secret_reveal(&text), secret_len(&text), &r, &e),
	    0);
	ck_assert(!cred_record_is_usable(&r, &profile, NOW));
	ck_assert(!cred_record_can_refresh(&r, &profile));
	secret_clear(&text);
}
END_TEST

/* One that was made before there were consents, and its token is good. */
START_TEST(old_record)
{
	static const char text[] =
	    "osmtp-token 2\n"
	    "request "
	    "4a2404d0fc604244e5b6da9ebe85c811eb00d0cf0d7d7cae01cba7a172d8bed7\n"
	    "obtained 1767225600000\nexpires 1767229200000\naccess abc\n"
	    "refresh R\nstate ok\nsince 1767225600000\n";

	ck_assert_int_eq(cred_record_parse(text, sizeof(text) - 1, &r, &e), 0);
	ck_assert_int_eq(r.consent, 0);
	ck_assert_int_eq(r.refreshed, 0);
	ck_assert(cred_record_is_usable(&r, &profile, NOW));
}
END_TEST

/* The largest there can be fits into the vault. */
START_TEST(largest_record)
{
	static char token[OAUTH_MAX_TOKEN + 1], words[2 * OUTCOME_TEXT_MAX];
	struct oauth_trouble f;
	struct secret text;
	int i;

	memset(token, 'x', sizeof(token) - 1);
	memset(words, 'w', sizeof(words) - 1);
	for (i = 0; i < 2 * CRED_REJECTED; i++) {
		token[0] = (char)('a' + i);
		renew(token, token);
		ck_assert(reject(token));
	}
	ck_assert_uint_eq(strlen(r.rejected), CRED_REJECTED * CRED_HASH);
	memset(r.token.scope, 's', sizeof(r.token.scope) - 1);
	memset(r.token.login, 'l', sizeof(r.token.login) - 1);
	r.token.refresh_expires = r.consent = r.ended = r.lives[0] =
	    INT64_MAX / 2;
	f = trouble(OUTCOME_CLASS_C, 401);
	outcome_set(&f.outcome, OUTCOME_LATER, OUTCOME_CLASS_C,
	    OUTCOME_AT_TOKEN, 401, words);
	cred_record_fail(&r, &f, true, HASH, NOW);
	secret_init(&text);
	cred_record_write(&r, &text);
	ck_assert_uint_lt(secret_len(&text), VAULT_MAX_BLOB);
	ck_assert_int_eq(
	    cred_record_parse(secret_reveal(&text), secret_len(&text), &r, &e),
	    0);
	ck_assert_uint_eq(secret_len(&r.token.refresh), OAUTH_MAX_TOKEN);
	secret_clear(&text);
}
END_TEST

#define MARK "osmtp-token 2\n"

static const struct {
	const char *label, *text;
	bool good;
} texts[] = {
	{ "nothing at all", "", false },
	{ "the first line alone", MARK, true },
	{ "version 1", "osmtp-token 1\nclient id\n", false },
	{ "version 3", "osmtp-token 3\n", false },
	{ "no line end", MARK "access abc", false },
	{ "an empty line", MARK "\n", false },
	{ "a key alone", MARK "access\n", false },
	{ "unknown key", MARK "moon full\naccess abc\n", true },
	{ "times", MARK "obtained 1000\nexpires 2000\naccess abc\n", true },
	{ "times swapped", MARK "obtained 2000\nexpires 1000\naccess abc\n",
	    false },
	{ "lives too long", MARK "obtained 0\nexpires 2592000001\n", false },
	{ "negative", MARK "since -5\n", false },
	{ "beyond 64 bits", MARK "since 18446744073709551617\n", false },
	{ "a longer number", MARK "since 0000000000000000000000002\n", false },
	{ "no number", MARK "since \n", false },
	{ "a count that is too large", MARK "failures 4294967296\n", false },
	{ "blank in the access token", MARK "access a b\n", false },
	{ "blank in the refresh token", MARK "refresh a b\n", true },
	{ "CR", MARK "access ab\r\n", false },
	{ "DEL", MARK "text a\177b\n", false },
	{ "UTF-8", MARK "text h\303\244\n", true },
	{ "unknown state", MARK "state asleep\n", false },
	{ "state", MARK "state degraded\n", true },
	{ "unknown class", MARK "class X\n", false },
	{ "sign", MARK "ours 2\n", false },
	{ "a life", MARK "life1 86400000\nconsent 5\n", true },
	{ "a time that is none", MARK "consent 9223372036854775807\n", false },
	{ "no life", MARK "life2 long\n", false },
	{ "hash too long", MARK "seed " HASH "0\n", false },
	{ "rejected", MARK "rejected " HASH OTHER "\n", true },
	{ "rejected, cut", MARK "rejected 0123\n", false },
	{ "rejected, too many", MARK "rejected " HASH HASH HASH HASH HASH "\n",
	    false },
};

START_TEST(damage)
{
	struct oauth_trouble f = trouble(OUTCOME_CLASS_L, 0);
	int rc;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		renew("abc", "R");
		cred_record_fail(&r, &f, true, HASH, NOW);
		rc = cred_record_parse(
		    texts[i].text, strlen(texts[i].text), &r, &e);
		ck_assert_msg(rc == (texts[i].good ? 0 : EX_DATAERR), "%s",
		    texts[i].label);
		/* What was there before is gone in any case. */
		ck_assert_uint_eq(r.failures, 0);
		if (!texts[i].good)
			ck_assert_uint_eq(secret_len(&r.token.access), 0);
	}
	/* A NUL ends nothing. */
	ck_assert_int_eq(
	    cred_record_parse(MARK "seed a\0b\n", 23, &r, &e), EX_DATAERR);
}
END_TEST

/* ---- use */

START_TEST(usable_token)
{
	struct profile p;

	ck_assert(!cred_record_is_usable(&r, &profile, NOW));
	renew("abc", NULL);
	ck_assert(cred_record_is_usable(&r, &profile, NOW));
	ck_assert(cred_record_is_usable(&r, &profile, NOW + 54 * MINUTE));
	ck_assert(!cred_record_is_usable(&r, &profile, NOW + 55 * MINUTE));
	ck_assert(!cred_record_is_usable(&r, &profile, NOW + 2 * HOUR));
	/* The clock was set back. */
	ck_assert(cred_record_is_usable(&r, &profile, NOW - 1));
	ck_assert(cred_record_is_usable(&r, &profile, NOW - MINUTE));
	ck_assert(!cred_record_is_usable(&r, &profile, NOW - MINUTE - 1));

	/* How the client shows who it is does not matter, all else does. */
	p = profile;
	p.oauth.client_auth = OAUTH_AUTH_BASIC;
	p.oauth.ca_file = "/some/ca.pem";
	ck_assert(cred_record_is_usable(&r, &p, NOW));
	p = profile;
	p.oauth.client_id = "other";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	p = profile;
	p.oauth.token_url = "https://login.example.com/other";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	p = profile;
	p.oauth.scope = NULL;
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	p = profile;
	p.oauth.grant = OAUTH_REFRESH_TOKEN;
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	/* Strings do not run into each other. */
	p = profile;
	p.oauth.client_id = "idh";
	p.oauth.token_url = "ttps://login.example.com/token";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
}
END_TEST

/* All that a request goes with counts, where it is configured. */
START_TEST(what_a_request_goes_with)
{
	char *pair[] = { (char *)"a", (char *)"b", (char *)"c", (char *)"d" };
	char *other[] = { (char *)"a", (char *)"b", (char *)"c", (char *)"e" };
	struct profile p = profile;
	struct text_list words = { 0 };

	p.oauth.audience = "x";
	renew("abc", NULL);
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	p.oauth.audience = NULL;
	p.oauth.resource = "x";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	p.oauth.resource = NULL;
	p.oauth.parameters = pair;
	p.oauth.n_parameters = 2;
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	profile = p;
	renew("abc", NULL);
	ck_assert(cred_record_is_usable(&r, &p, NOW));
	p.oauth.parameters = other;
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	p.oauth.n_parameters = 0;
	p.signer.key_id = "k";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	p.oauth.grant = OAUTH_JWT_BEARER;
	p.oauth.client_id = NULL;
	p.signer.subject = "anna@example.com";
	profile = p;
	renew("abc", NULL);
	ck_assert(cred_record_is_usable(&r, &p, NOW));
	p.signer.subject = "bert@example.com";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	/* Where the endpoint is discovered, the issuer stands for it. */
	p = profile;
	p.oauth.token_url = NULL;
	p.oauth.issuer = "https://login.example.com";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	profile = p;
	renew("abc", "R");
	ck_assert(cred_record_is_usable(&r, &p, NOW));
	ck_assert(cred_record_can_refresh(&r, &p));
	p.oauth.issuer = "https://login.example.net";
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	ck_assert(!cred_record_can_refresh(&r, &p));
	/* A command and its words. */
	p.grants[0] = PROFILE_GRANT_COMMAND;
	p.n_grants = 1;
	text_list_add(&words, "/bin/say");
	p.token_command = words;
	profile = p;
	renew("abc", NULL);
	ck_assert(cred_record_is_usable(&r, &p, NOW));
	text_list_add(&words, "more");
	p.token_command = words;
	ck_assert(!cred_record_is_usable(&r, &p, NOW));
	text_list_clear(&words);
}
END_TEST

START_TEST(refresh_token_of_whom)
{
	struct profile p = profile;

	renew("abc", "R");
	ck_assert(cred_record_can_refresh(&r, &profile));
	p.oauth.scope = "more";
	p.oauth.grant = OAUTH_REFRESH_TOKEN;
	ck_assert(cred_record_can_refresh(&r, &p));
	p.oauth.client_id = "other";
	ck_assert(!cred_record_can_refresh(&r, &p));
	p = profile;
	p.oauth.token_url = "https://login.example.net/token";
	ck_assert(!cred_record_can_refresh(&r, &p));
	/* A token by another grant leaves it where it is. */
	renew("def", NULL);
	ck_assert(cred_record_can_refresh(&r, &profile));
	ck_assert_str_eq(r.seed, HASH);
}
END_TEST

START_TEST(rejected_tokens)
{
	char token[2] = "a";
	int i;

	ck_assert(!reject("a"));
	for (i = 0; i < CRED_REJECTED + 2; i++) {
		token[0] = (char)('a' + i);
		renew(token, NULL);
		ck_assert(cred_record_is_usable(&r, &profile, NOW));
		ck_assert(!reject("another"));
		ck_assert(reject(token));
		ck_assert(!reject(token));
		ck_assert(!cred_record_is_usable(&r, &profile, NOW));
	}
	/* The last ones are remembered. */
	renew("c", NULL);
	ck_assert(!cred_record_is_usable(&r, &profile, NOW));
	renew("a", NULL);
	ck_assert(cred_record_is_usable(&r, &profile, NOW));
}
END_TEST

/* ---- the next request */

START_TEST(back_off)
{
	static const int minutes[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	struct oauth_trouble f = trouble(OUTCOME_CLASS_L, 0);
	int64_t wait;
	size_t i;

	for (i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		cred_record_fail(&r, &f, true, HASH, NOW);
		wait = (int64_t)minutes[i] * MINUTE / 4 * 3;
		ck_assert_int_eq(r.not_before, NOW + wait);
		ck_assert_int_eq(r.state, CRED_DEGRADED);
		ck_assert(cred_record_must_wait(&r, HASH, NOW));
		ck_assert(cred_record_must_wait(&r, HASH, NOW + wait - 1));
		ck_assert(!cred_record_must_wait(&r, HASH, NOW + wait));
	}
	/* It begins anew with another configuration, and after success. */
	ck_assert(!cred_record_must_wait(&r, OTHER, NOW));
	cred_record_fail(&r, &f, true, OTHER, NOW);
	ck_assert_int_eq(r.not_before, NOW + 45 * SECOND);
	cred_record_fail(&r, &f, true, OTHER, NOW);
	renew("abc", NULL);
	ck_assert(!cred_record_must_wait(&r, OTHER, NOW));
	ck_assert_int_eq(r.state, CRED_OK);
	ck_assert_str_eq(r.why.text, "");
	cred_record_fail(&r, &f, true, OTHER, NOW);
	ck_assert_int_eq(r.not_before, NOW + 45 * SECOND);
	/* An instant that another clock has set. */
	ck_assert(!cred_record_must_wait(&r, OTHER, NOW - 7 * HOUR));
}
END_TEST

START_TEST(retry_after)
{
	static const struct {
		int64_t said, wait;
	} cases[] = {
		{ 90 * SECOND, 90 * SECOND },
		{ 0, SECOND },
		{ 5 * HOUR, 5 * HOUR },
		{ 40 * HOUR, 6 * HOUR },
	};
	struct oauth_trouble f = trouble(OUTCOME_CLASS_L, 429);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.retry_after = cases[i].said;
		cred_record_fail(&r, &f, true, HASH, NOW);
		ck_assert_int_eq(r.not_before, NOW + cases[i].wait);
	}
	f = trouble(OUTCOME_CLASS_C, 401);
	f.retry_after = SECOND;
	cred_record_fail(&r, &f, true, HASH, NOW);
	ck_assert_int_eq(r.not_before, NOW + 6 * HOUR);
}
END_TEST

START_TEST(states)
{
	struct oauth_trouble f;

	f = trouble(OUTCOME_CLASS_L, 503);
	cred_record_fail(&r, &f, true, HASH, NOW);
	ck_assert_int_eq(r.since, NOW);
	cred_record_fail(&r, &f, true, HASH, NOW + HOUR);
	ck_assert_int_eq(r.since, NOW);
	f = trouble(OUTCOME_CLASS_P, 400);
	cred_record_fail(&r, &f, true, HASH, NOW + HOUR);
	ck_assert_int_eq(r.state, CRED_NEEDS_LOGIN);
	ck_assert_int_eq(r.since, NOW + HOUR);
	ck_assert_int_eq(r.not_before, NOW + 7 * HOUR);
	f = trouble(OUTCOME_CLASS_C, 401);
	cred_record_fail(&r, &f, true, HASH, NOW + 2 * HOUR);
	ck_assert_int_eq(r.state, CRED_MISCONFIGURED);
	ck_assert_str_eq(cred_state_name(r.state), "misconfigured");
	/* What failed here bothered no endpoint. */
	cred_record_fail(&r, &f, false, HASH, NOW + 3 * HOUR);
	ck_assert_int_eq(r.since, NOW + 2 * HOUR);
	ck_assert(!cred_record_must_wait(&r, HASH, NOW + 3 * HOUR));
}
END_TEST

START_TEST(answers_that_are_none)
{
	static const struct {
		int code;
		const char *error;
		bool counts;
	} cases[] = {
		{ 200, "", true },
		{ 204, "", true },
		{ 403, "", true },
		{ 503, "", false },
		{ 0, "", false },
		{ 200, "server_error", false },
	};
	struct oauth_trouble f;
	size_t i;
	int k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = trouble(OUTCOME_CLASS_L, cases[i].code);
		snprintf(f.outcome.error, sizeof(f.outcome.error), "%s",
		    cases[i].error);
		for (k = 1; k <= 3; k++) {
			cred_record_fail(&r, &f, true, HASH, NOW);
			ck_assert_int_eq(r.why.class, cases[i].counts && k == 3
							  ? OUTCOME_CLASS_C
							  : OUTCOME_CLASS_L);
		}
		/* Any other answer ends the row. */
		f = trouble(OUTCOME_CLASS_L, 500);
		cred_record_fail(&r, &f, true, HASH, NOW);
		ck_assert_int_eq(r.state, CRED_DEGRADED);
	}
}
END_TEST

START_TEST(stamps)
{
	char one[CRED_HASH + 1], two[CRED_HASH + 1];

	cred_stamp(&profile, one);
	cred_stamp(&profile, two);
	ck_assert_str_eq(one, two);
	home.stamp++;
	cred_stamp(&profile, two);
	ck_assert_str_ne(one, two);
	profile.client_secret.form = PROFILE_ENV;
	profile.client_secret.text = (char *)"OSMTP_TEST_STAMP";
	cred_stamp(&profile, one);
	setenv("OSMTP_TEST_STAMP", "x", 1);
	cred_stamp(&profile, two);
	ck_assert_str_ne(one, two);
}
END_TEST

/* ---- consents */

/* A use of the stored refresh token after some hours; the server says that it
 * ends so many hours from the beginning. */
static void
use_at(int hours, int ends)
{
	struct oauth_token t;
	struct secret sent;

	memset(&t, 0, sizeof(t));
	oauth_token_init(&t);
	secret_init(&sent);
	cred_secret_copy(&sent, &r.token.refresh);
	secret_add_str(&t.access, "new");
	secret_add_str(&t.refresh, "next");
	t.obtained = NOW + (int64_t)hours * HOUR;
	t.expires = t.obtained + HOUR;
	t.refresh_expires = ends > 0 ? NOW + (int64_t)ends * HOUR : 0;
	cred_record_renew(&r, &profile, &t, &sent, HASH, t.obtained);
	secret_clear(&sent);
	oauth_token_clear(&t);
}

static void
consent(int ends)
{
	struct oauth_token t;

	memset(&t, 0, sizeof(t));
	oauth_token_init(&t);
	secret_add_str(&t.access, "first");
	secret_add_str(&t.refresh, "R");
	t.obtained = NOW;
	t.expires = NOW + HOUR;
	t.refresh_expires = ends > 0 ? NOW + (int64_t)ends * HOUR : 0;
	snprintf(t.scope, sizeof(t.scope), "%s", "mail offline");
	snprintf(t.login, sizeof(t.login), "%s", "anna@example.com");
	cred_record_consent(&r, &profile, &t, HASH, NOW);
	oauth_token_clear(&t);
}

START_TEST(end_that_use_puts_off)
{
	consent(100);
	ck_assert(!r.refresh_fixed);
	use_at(10, 110);
	ck_assert(!r.refresh_fixed);
	use_at(20, 120);
	ck_assert(!r.refresh_fixed);
	ck_assert_int_eq(r.token.refresh_expires, NOW + 120 * (int64_t)HOUR);
	ck_assert_int_eq(r.refreshed, NOW + 20 * HOUR);
	ck_assert_int_eq(r.consent, NOW);
	/* Not said of a new one: not known. */
	use_at(30, 0);
	ck_assert_int_eq(r.token.refresh_expires, 0);
}
END_TEST

START_TEST(end_that_stays)
{
	consent(168);
	use_at(0, 168); /* too soon to tell */
	ck_assert(!r.refresh_fixed);
	use_at(10, 168);
	ck_assert(r.refresh_fixed);
	use_at(20, 168);
	ck_assert(r.refresh_fixed);
	consent(168);
	ck_assert(!r.refresh_fixed);
}
END_TEST

START_TEST(status_of_a_consent)
{
	struct cred_status s;
	struct profile p = profile;

	consent(0);
	use_at(5, 0);
	cred_record_status(&r, &profile, &s);
	ck_assert_int_eq(s.consent, NOW);
	ck_assert_int_eq(s.refreshed, NOW + 5 * HOUR);
	ck_assert_str_eq(s.scope, "mail offline");
	ck_assert_str_eq(s.login, "anna@example.com");
	ck_assert(s.refreshable);
	/* It is no consent to another client. */
	p.oauth.client_id = "other";
	cred_record_status(&r, &p, &s);
	ck_assert(!s.refreshable);
	ck_assert_int_eq(s.consent, 0);
	ck_assert_str_eq(s.login, "");
}
END_TEST

/* A life is learnt once; not at all where the consent is good after all, nor
 * from any other trouble. */
START_TEST(learning)
{
	struct oauth_trouble f = trouble(OUTCOME_CLASS_P, 400);

	snprintf(
	    f.outcome.error, sizeof(f.outcome.error), "%s", "invalid_grant");
	renew("abc", "R");
	cred_record_fail(&r, &f, true, HASH, NOW + HOUR);
	ck_assert_int_eq(r.lives[0], 0); /* of a seed nothing is known */
	consent(0);
	cred_record_fail(&r, &f, false, HASH, NOW + HOUR);
	ck_assert_int_eq(r.lives[0], 0);
	cred_record_fail(&r, &f, true, HASH, NOW + 5 * HOUR);
	ck_assert_int_eq(r.lives[0], 5 * HOUR);
	cred_record_fail(&r, &f, true, HASH, NOW + 6 * HOUR);
	ck_assert_int_eq(r.lives[0], 5 * HOUR);
	ck_assert_int_eq(r.lives[1], 0);
	use_at(7, 0);
	ck_assert_int_eq(r.lives[0], 0);
	f = trouble(OUTCOME_CLASS_C, 401);
	snprintf(
	    f.outcome.error, sizeof(f.outcome.error), "%s", "invalid_client");
	cred_record_fail(&r, &f, true, HASH, NOW + 8 * HOUR);
	ck_assert_int_eq(r.lives[0], 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, write_and_parse);
	tcase_add_test(tc, empty_record);
	tcase_add_test(tc, old_record);
	tcase_add_test(tc, largest_record);
	tcase_add_test(tc, damage);
	tcase_add_test(tc, usable_token);
	tcase_add_test(tc, what_a_request_goes_with);
	tcase_add_test(tc, refresh_token_of_whom);
	tcase_add_test(tc, end_that_use_puts_off);
	tcase_add_test(tc, end_that_stays);
	tcase_add_test(tc, status_of_a_consent);
	tcase_add_test(tc, learning);
	tcase_add_test(tc, rejected_tokens);
	tcase_add_test(tc, back_off);
	tcase_add_test(tc, retry_after);
	tcase_add_test(tc, states);
	tcase_add_test(tc, answers_that_are_none);
	tcase_add_test(tc, stamps);
}

int
main(void)
{
	return unit_main("cred_record", add);
}
