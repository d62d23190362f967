/* SPDX-License-Identifier: ISC */
/*
 * cred_record: what the token cache holds of an account, as text.
 *
 * The line "osmtp-token 2", then lines "KEY VALUE" in any order, what is empty
 * or zero left out. Keys that are not known are passed over: who adds one that
 * must not be, raises the version. Values hold no control characters.
 *
 *   request   hash of client ID, endpoint, scope, grant: where these differ,
 *             the access token is not used
 *   client    hash of client ID and endpoint: where these differ, the refresh
 *             token is not used; it stays all the same
 *   seed      hash of the configured refresh token that the stored one began
 *             with; another in the configuration wins over the stored one
 *   rejected  hashes of access tokens that a server did not take
 *             ("-": one that could not be read)
 *   consent   when a login brought the refresh token
 *   ended     when the provider ended that consent: its life counts among
 *   life1..3  those of the last consents, the newest first
 *   refreshed      when the refresh token was used last
 *   refresh_expires, refresh_fixed    what the server said of its end, and
 *             whether a use of it leaves that as it was
 *   stamp     hash of the configuration, and of when its secrets changed: a
 *             back-off holds for what it was earned with
 *   access, refresh, obtained, expires, scope, login, state, since,
 *   not_before, failures, unusable, class, code, error, detail, provider, ours,
 *   text
 */
#include "core/cred_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define MARK "osmtp-token 2\n"

enum {
	MARK_LEN = sizeof(MARK) - 1,
	NUMBER_MAX = 20 /* digits */
};

/* ms; what is added to a time, or is between two, has room beside it. */
#define TIME_MAX (INT64_MAX / 2)

const char *
cred_state_name(enum cred_state s)
{
	static const char *const names[] = {
		[CRED_NONE] = "none",
		[CRED_OK] = "ok",
		[CRED_DEGRADED] = "degraded",
		[CRED_NEEDS_LOGIN] = "needs_login",
		[CRED_MISCONFIGURED] = "misconfigured",
	};

	return names[s];
}

void
cred_record_init(struct cred_record *r)
{
	memset(r, 0, sizeof(*r));
	oauth_token_init(&r->token);
}

void
cred_record_clear(struct cred_record *r)
{
	oauth_token_clear(&r->token);
	cred_record_init(r);
}

static const char *
state_word(int i)
{
	return cred_state_name((enum cred_state)i);
}

static const char *
class_word(int i)
{
	return outcome_class_name((enum outcome_class)i);
}

/* How a member is written. */
static const struct field {
	const char *key;
	enum { TEXT, SECRET, TIME, COUNT, SIGN, STATE, CLASS } type;
	size_t at;   /* in struct cred_record */
	size_t room; /* of a text; how many words an enum has */
} fields[] = {
#define AT(m)	offsetof(struct cred_record, m)
#define TEXT(m) TEXT, AT(m), sizeof(((struct cred_record *)NULL)->m)
	{ "request", TEXT(request) },
	{ "client", TEXT(client) },
	{ "seed", TEXT(seed) },
	{ "rejected", TEXT(rejected) },
	{ "stamp", TEXT(stamp) },
	{ "obtained", TIME, AT(token.obtained), 0 },
	{ "expires", TIME, AT(token.expires), 0 },
	{ "access", SECRET, AT(token.access), 0 },
	{ "refresh", SECRET, AT(token.refresh), 0 },
	{ "state", STATE, AT(state), CRED_MISCONFIGURED + 1 },
	{ "since", TIME, AT(since), 0 },
	{ "not_before", TIME, AT(not_before), 0 },
	{ "failures", COUNT, AT(failures), 0 },
	{ "unusable", COUNT, AT(unusable), 0 },
	{ "class", CLASS, AT(why.class), OUTCOME_CLASS_M + 1 },
	{ "code", COUNT, AT(why.code), 0 },
	{ "error", TEXT(why.error) },
	{ "detail", TEXT(why.detail) },
	{ "provider", TEXT(why.provider) },
	{ "ours", SIGN, AT(why.ours), 0 },
	{ "text", TEXT(why.text) },
	{ "scope", TEXT(token.scope) },
	{ "login", TEXT(token.login) },
	{ "consent", TIME, AT(consent), 0 },
	{ "ended", TIME, AT(ended), 0 },
	{ "refreshed", TIME, AT(refreshed), 0 },
	{ "refresh_expires", TIME, AT(token.refresh_expires), 0 },
	{ "refresh_fixed", SIGN, AT(refresh_fixed), 0 },
	{ "life1", TIME, AT(lives[0]), 0 },
	{ "life2", TIME, AT(lives[1]), 0 },
	{ "life3", TIME, AT(lives[2]), 0 },
#undef TEXT
#undef AT
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

_Static_assert(CRED_LIVES == 3, "life1 to life3");

/* An enum is read and written as an int. */
_Static_assert(sizeof(enum cred_state) == sizeof(int), "state");
_Static_assert(sizeof(enum outcome_class) == sizeof(int), "class");

static void
add_line(struct secret *out, const char *key, const char *p, size_t n)
{
	if (n == 0)
		return;
	secret_add_str(out, key);
	secret_add_str(out, " ");
	secret_add(out, p, n);
	secret_add_str(out, "\n");
}

static void
add_word(struct secret *out, const char *key, const char *word)
{
	add_line(out, key, word, strlen(word));
}

static void
add_number(struct secret *out, const char *key, uint64_t number)
{
	char digits[NUMBER_MAX + 1];

	if (number == 0)
		return;
	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	add_word(out, key, digits);
}

static void
add_field(struct secret *out, const struct field *f, const void *at)
{
	const struct secret *s = at;
	int64_t time;
	unsigned count;
	int i;

	switch (f->type) {
	case TEXT:
		add_word(out, f->key, at);
		break;
	case SECRET:
		add_line(out, f->key, secret_reveal(s), secret_len(s));
		break;
	case TIME:
		memcpy(&time, at, sizeof(time));
		add_number(out, f->key, time > 0 ? (uint64_t)time : 0);
		break;
	case COUNT:
		memcpy(&count, at, sizeof(count));
		add_number(out, f->key, count);
		break;
	case SIGN:
		add_number(out, f->key, *(const bool *)at);
		break;
	case STATE:
	case CLASS:
		memcpy(&i, at, sizeof(i));
		if (i != 0)
			add_word(out, f->key,
			    f->type == STATE ? state_word(i) : class_word(i));
		break;
	}
}

void
cred_record_write(const struct cred_record *r, struct secret *out)
{
	size_t i;

	secret_set(out, MARK, MARK_LEN);
	for (i = 0; i < FIELDS; i++)
		add_field(out, &fields[i], (const char *)r + fields[i].at);
}

static bool
take_number(const char *p, size_t n, uint64_t max, uint64_t *out)
{
	char digits[NUMBER_MAX + 1];

	if (n > NUMBER_MAX)
		return false;
	memcpy(digits, p, n);
	digits[n] = '\0';
	return text_parse_uint(digits, max, out);
}

static bool
take_enum(const struct field *f, const char *p, size_t n, void *at)
{
	const char *word;
	int i;

	for (i = 0; i < (int)f->room; i++) {
		word = f->type == STATE ? state_word(i) : class_word(i);
		if (strlen(word) == n && memcmp(word, p, n) == 0) {
			memcpy(at, &i, sizeof(i));
			return true;
		}
	}
	return false;
}

/* The value p of n octets goes to its member. */
static bool
take_field(const struct field *f, const char *p, size_t n, void *at)
{
	uint64_t number;
	int64_t time;
	unsigned count;

	switch (f->type) {
	case TEXT:
		if (n >= f->room)
			return false;
		memcpy(at, p, n);
		((char *)at)[n] = '\0';
		return true;
	case SECRET:
		if (n > OAUTH_MAX_TOKEN)
			return false;
		secret_set(at, p, n);
		return true;
	case TIME:
		if (!take_number(p, n, TIME_MAX, &number))
			return false;
		time = (int64_t)number;
		memcpy(at, &time, sizeof(time));
		return true;
	case COUNT:
	case SIGN:
		if (!take_number(
			p, n, f->type == SIGN ? 1 : INT32_MAX, &number))
			return false;
		count = (unsigned)number;
		if (f->type == SIGN)
			*(bool *)at = number == 1;
		else
			memcpy(at, &count, sizeof(count));
		return true;
	case STATE:
	case CLASS:
		return take_enum(f, p, n, at);
	}
	return false;
}

/* The line p of n octets, without its LF. */
static bool
take_line(struct cred_record *r, const char *p, size_t n)
{
	const char *space = memchr(p, ' ', n);
	size_t i, k;

	for (i = 0; i < n; i++) {
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			return false;
	}
	if (space == NULL)
		return false;
	k = (size_t)(space - p);
	for (i = 0; i < FIELDS; i++) {
		if (strlen(fields[i].key) == k &&
		    memcmp(fields[i].key, p, k) == 0)
			return take_field(&fields[i], space + 1, n - k - 1,
			    (char *)r + fields[i].at);
	}
	return true;
}

/* What no record of ours says. A token that holds a blank would end what it is
 * put into. */
static bool
is_sound(const struct cred_record *r)
{
	const struct oauth_token *t = &r->token;

	return t->expires >= t->obtained &&
	       t->expires - t->obtained <= (int64_t)OAUTH_MAX_LIFE * 1000 &&
	       memchr(secret_reveal(&t->access), ' ', secret_len(&t->access)) ==
		   NULL &&
	       strlen(r->rejected) % CRED_HASH == 0;
}

int
cred_record_parse(const char *p, size_t n, struct cred_record *r, struct err *e)
{
	const char *end = p + n, *lf;
	bool good = n >= MARK_LEN && memcmp(p, MARK, MARK_LEN) == 0;

	cred_record_clear(r);
	p += good ? MARK_LEN : 0;
	while (good && p < end) {
		lf = memchr(p, '\n', (size_t)(end - p));
		good = lf != NULL && take_line(r, p, (size_t)(lf - p));
		p = good ? lf + 1 : end;
	}
	r->why.kind = OUTCOME_LATER;
	r->why.stage = OUTCOME_AT_TOKEN;
	if (good && is_sound(r))
		return 0;
	cred_record_clear(r);
	return err_set(e, EX_DATAERR,
	    "stored token: damaged, or of a version that is not known");
}
