/* SPDX-License-Identifier: ISC */
/*
 * oauth_answer: what an endpoint says, understood: a token, or an outcome with
 * its error word and description where it wrote them, else with our words and
 * the beginning of the answer. Nothing of it is believed: endpoints leave out
 * what they must send, write numbers as strings, and a portal or a proxy may
 * answer in their place.
 *
 * What a refusal means is told by the table of known refusals (hint), with the
 * grant; where no row fits, by the first of these rules that does:
 *
 *   a known error word of class L				L
 *   status 408, 425, 429, 5xx					L
 *   status 3xx, 404, 405, 410: the URL is wrong		C
 *   invalid_grant, or 400 without a word, where a person has
 *   consented: it has ended					P
 *   another known error word				as in words[]
 *   2xx without a usable token, 403 without a word		L
 *   token_type that is not Bearer				C
 *   all else						C
 */
#include "gate/oauth_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "gate/jwt.h"
#include "gate/wire.h"
#include "mail/addr.h"

enum {
	GLIMPSE_MAX = 80, /* octets shown of an answer that is not understood */
	WORD_MAX = 64,
	DESCRIPTION_MAX = 400,
	MAX_CONSENT_LIFE = 10 * 366 * 86400 /* s; of a refresh token */
};

static const struct oauth_place at_token = { "this is not a token endpoint",
	"token_url", "access_token" };

/* RFC 6749 4.1.2.1 and 5.2, RFC 7009 2.2.1, RFC 8628 3.5, RFC 8707 2, OpenID
 * Core 3.1.2.6; Entra has authorization_declined, bad_verification_code and
 * invalid_resource. */
static const struct word {
	const char *word;
	enum outcome_class class;
} words[] = {
	{ "access_denied", OUTCOME_CLASS_P },
	{ "account_selection_required", OUTCOME_CLASS_P },
	{ "authorization_declined", OUTCOME_CLASS_P },
	{ "authorization_pending", OUTCOME_CLASS_L },
	{ "bad_verification_code", OUTCOME_CLASS_P },
	{ "consent_required", OUTCOME_CLASS_P },
	{ "expired_token", OUTCOME_CLASS_P },
	{ "interaction_required", OUTCOME_CLASS_P },
	{ "invalid_client", OUTCOME_CLASS_C },
	{ "invalid_grant", OUTCOME_CLASS_C },
	{ "invalid_request", OUTCOME_CLASS_C },
	{ "invalid_resource", OUTCOME_CLASS_C },
	{ "invalid_scope", OUTCOME_CLASS_C },
	{ "invalid_target", OUTCOME_CLASS_C },
	{ "login_required", OUTCOME_CLASS_P },
	{ "server_error", OUTCOME_CLASS_L },
	{ "slow_down", OUTCOME_CLASS_L },
	{ "temporarily_unavailable", OUTCOME_CLASS_L },
	{ "unauthorized_client", OUTCOME_CLASS_C },
	{ "unsupported_grant_type", OUTCOME_CLASS_C },
	{ "unsupported_response_type", OUTCOME_CLASS_C },
	{ "unsupported_token_type", OUTCOME_CLASS_C },
};

static void
reset_token(struct oauth_token *t)
{
	t->obtained = 0;
	t->expires = 0;
	t->life_assumed = false;
	t->refresh_expires = 0;
	t->scope[0] = '\0';
	t->login[0] = '\0';
}

void
oauth_token_init(struct oauth_token *t)
{
	secret_init(&t->access);
	secret_init(&t->refresh);
	reset_token(t);
}

void
oauth_token_clear(struct oauth_token *t)
{
	secret_clear(&t->access);
	secret_clear(&t->refresh);
	reset_token(t);
}

static const struct word *
find_word(const char *word)
{
	size_t i;

	if (word == NULL)
		return NULL;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0)
			return &words[i];
	}
	return NULL;
}

const char *
oauth_known_word(const char *word)
{
	const struct word *known = find_word(word);

	return known != NULL ? known->word : NULL;
}

/* An answer that somebody gave who is no such endpoint. */
static bool
is_wrong_url(int status)
{
	return (status >= 300 && status < 400) || status == 404 ||
	       status == 405 || status == 410;
}

bool
oauth_is_success(int status)
{
	return status >= 200 && status < 300;
}

/* The class of an answer without a token; word may be NULL. */
static enum outcome_class
class_of(int status, const char *word)
{
	const struct word *known = find_word(word);

	if (known != NULL && known->class == OUTCOME_CLASS_L)
		return OUTCOME_CLASS_L;
	if (status == 408 || status == 425 || status == 429 || status >= 500)
		return OUTCOME_CLASS_L;
	if (is_wrong_url(status))
		return OUTCOME_CLASS_C;
	if (known != NULL)
		return known->class;
	if (status < 300 || (status == 403 && word == NULL))
		return OUTCOME_CLASS_L;
	return OUTCOME_CLASS_C;
}

/* Append foreign text on one line: a run of blanks and controls is a space. */
static void
add_line(struct buf *b, const char *s, size_t n, size_t max)
{
	char line[OUTCOME_TEXT_MAX];
	size_t i, k = 0;
	bool gap = false;

	for (i = 0; i < n && k + 2 <= sizeof(line); i++) {
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f) {
			gap = k > 0;
			continue;
		}
		if (gap)
			line[k++] = ' ';
		line[k++] = s[i];
		gap = false;
	}
	text_add_safe(b, line, k, max);
}

/*
 * Append the beginning of an answer that is not understood, if it is prose or
 * markup: anything else may be a token in some other form.
 */
static void
add_glimpse(struct buf *b, const char *body, size_t n)
{
	struct buf seen;
	bool shown;

	buf_init(&seen, OUTCOME_TEXT_MAX);
	add_line(&seen, body, n, GLIMPSE_MAX);
	shown = (seen.data[0] == '<' || strchr(seen.data, ' ') != NULL) &&
		strcasestr(seen.data, "token") == NULL &&
		strstr(seen.data, "_code") == NULL;
	if (seen.len == 0)
		buf_add_str(b, "the answer is empty");
	else if (shown)
		buf_add_fmt(b, "the answer begins: %s", seen.data);
	else
		buf_add_fmt(b, "%zu octets that are not shown", n);
	buf_clear(&seen);
}

bool
oauth_refuse(struct outcome *o, enum outcome_class class, int status,
    const char *text, bool ours)
{
	outcome_set(o, OUTCOME_LATER, class, OUTCOME_AT_TOKEN, status, text);
	o->ours = ours;
	return false;
}

void
oauth_keep_word(char *field, size_t size, const char *word)
{
	struct buf b;

	buf_init(&b, size - 1);
	text_add_safe(&b, word, strlen(word), size - 1);
	memcpy(field, b.data, b.len);
	field[b.len] = '\0';
	buf_clear(&b);
}

/*
 * What narrows the error word down: the number of "AADSTS700082: .." (Entra),
 * else its suberror, or Google's error_subtype.
 */
static void
keep_detail(const struct json *j, const char *description, struct outcome *o)
{
	const char *at =
	    description != NULL ? strstr(description, "AADSTS") : NULL;
	size_t n = at != NULL ? strspn(at + 6, "0123456789") : 0;

	if (n > 0 && n < sizeof(o->detail)) {
		memcpy(o->detail, at + 6, n);
		o->detail[n] = '\0';
		return;
	}
	at = json_get_string(j, "error_subtype");
	if (at == NULL || at[0] == '\0')
		at = json_get_string(j, "suberror");
	if (at != NULL)
		oauth_keep_word(o->detail, sizeof(o->detail), at);
}

void
oauth_add_error(struct buf *b, const char *word, const char *description)
{
	add_line(b, word, strlen(word), WORD_MAX);
	if (description != NULL && description[0] != '\0') {
		buf_add_str(b, ": ");
		add_line(b, description, strlen(description), DESCRIPTION_MAX);
	}
}

/* What an answer lacks that has neither a result nor an error word. */
static void
add_lack(struct buf *b, const struct oauth_place *place, int status,
    const struct json *j)
{
	if (!oauth_is_success(status))
		return;
	if (j == NULL)
		buf_add_str(b, "not a JSON object; ");
	else if (place->member != NULL && json_has(j, place->member))
		buf_add_fmt(b, "%s is not a string, or empty; ", place->member);
	else if (place->member != NULL)
		buf_add_fmt(b, "no %s; ", place->member);
}

bool
oauth_read_refusal(const struct oauth_place *place, int status,
    const char *body, size_t n, const struct json *j, struct outcome *o)
{
	const char *word = j != NULL ? json_get_string(j, "error") : NULL;
	const char *description = NULL;
	bool ours = true;
	struct buf text;

	if (word != NULL && word[0] == '\0')
		word = NULL;
	if (word != NULL)
		description = json_get_string(j, "error_description");
	buf_init(&text, 2 * OUTCOME_TEXT_MAX);
	if (is_wrong_url(status)) {
		buf_add_fmt(&text, "HTTP %d: %s: check %s", status,
		    status < 400 ? "redirects are not followed" : place->missed,
		    place->key);
	} else if (word != NULL) {
		oauth_add_error(&text, word, description);
		ours = false;
	} else {
		buf_add_fmt(&text, "HTTP %d: ", status);
		add_lack(&text, place, status, j);
		add_glimpse(&text, body, n);
	}
	oauth_refuse(o, class_of(status, word), status, text.data, ours);
	if (!ours) {
		oauth_keep_word(o->error, sizeof(o->error), word);
		keep_detail(j, description, o);
	}
	buf_clear(&text);
	return false;
}

bool
oauth_is_url(const char *s)
{
	const char *host, *p;
	size_t n;

	if (!text_case_eq_n(s, "https://", 8) && !wire_is_loopback_http(s))
		return false;
	for (p = s; *p != '\0'; p++) {
		if (*p < 0x21 || *p > 0x7e)
			return false;
	}
	host = strstr(s, "://") + 3;
	n = strcspn(host, "/?#");
	return n > 0 && host[0] != ':' && memchr(host, '@', n) == NULL;
}

/* What may stand behind "Bearer " in a line: RFC 6750 allows less, but what
 * matters is that nothing can end the line or the field. */
static bool
is_token(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] < 0x21 || p[i] > 0x7e)
			return false;
	}
	return n > 0 && n <= OAUTH_MAX_TOKEN;
}

/* Milliseconds for seconds, from 0 up to max of them. */
static int64_t
span(int64_t seconds, int64_t max)
{
	if (seconds < 0)
		return 0;
	return (seconds < max ? seconds : max) * 1000;
}

/* When the token ends. An endpoint may leave that out. */
static void
keep_life(const struct json *j, struct oauth_token *t)
{
	int64_t life = OAUTH_DEFAULT_LIFE;

	t->life_assumed = !json_get_number(j, "expires_in", &life);
	t->expires = t->obtained + span(life, OAUTH_MAX_LIFE);
}

/*
 * When the consent ends. No RFC has a member for that: the names are Entra's
 * and GitHub's, and Keycloak's, where 0 means that it does not end.
 */
static void
keep_consent_life(const struct json *j, struct oauth_token *t)
{
	int64_t life;

	if (!json_get_number(j, "refresh_token_expires_in", &life) &&
	    !json_get_number(j, "refresh_expires_in", &life))
		return;
	if (life > 0)
		t->refresh_expires = t->obtained + span(life, MAX_CONSENT_LIFE);
}

/* What was granted; some endpoints write an array. */
static void
keep_scope(const struct json *j, struct oauth_token *t)
{
	const char *word;
	struct buf all;
	size_t i;

	buf_init(&all, sizeof(t->scope) - 1);
	for (i = 0; (word = json_get_text(j, "scope", i)) != NULL; i++) {
		if (all.len > 0)
			buf_add_char(&all, ' ');
		add_line(
		    &all, word, strlen(word), sizeof(t->scope) - 1 - all.len);
	}
	memcpy(t->scope, all.data, all.len);
	t->scope[all.len] = '\0';
	buf_clear(&all);
}

/*
 * A refresh token that could not be stored or sent is as none: the one that we
 * have stays. (RFC 6749 A.17 allows a blank in it, but no control.)
 */
static void
keep_refresh(const struct json *j, struct oauth_token *t)
{
	const char *s = json_get_string(j, "refresh_token");
	size_t i, n = s != NULL ? strlen(s) : 0;

	if (n == 0 || n > OAUTH_MAX_TOKEN)
		return;
	for (i = 0; i < n; i++) {
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return;
	}
	secret_set(&t->refresh, s, n);
}

/* An address that can be shown as it is, and fits? */
static bool
is_address(const char *s, size_t size)
{
	struct addr a = { 0 };
	char *text = NULL;
	bool ok = false;

	if (strlen(s) < size && addr_parse(s, false, &a, NULL) == 0) {
		text = addr_text(&a);
		ok = a.domain != NULL && addr_is_ascii(&a) &&
		     strcmp(text, s) == 0;
	}
	free(text);
	addr_clear(&a);
	return ok;
}

/* Who signed in, by the claims of the id_token: to be shown, so nothing is
 * verified. What is no address (Keycloak's preferred_username) is no help. */
static void
keep_login(const struct json *j, struct oauth_token *t)
{
	static const char *const names[] = { "email", "preferred_username",
		"upn" };
	const char *s = json_get_string(j, "id_token");
	struct json *claims = NULL;
	struct secret token;
	size_t i;

	if (s == NULL)
		return;
	secret_init(&token);
	secret_set(&token, s, strlen(s));
	if (jwt_look(&token, NULL, &claims)) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			s = json_get_string(claims, names[i]);
			if (s != NULL && is_address(s, sizeof(t->login))) {
				memcpy(t->login, s, strlen(s) + 1);
				break;
			}
		}
	}
	json_free(claims);
	secret_clear(&token);
}

static bool
read_token(int status, const struct json *j, int64_t now, struct oauth_token *t,
    struct outcome *o)
{
	const char *access = json_get_string(j, "access_token");
	const char *type = json_get_string(j, "token_type");
	struct buf text;

	if (!is_token(access, strlen(access)))
		return oauth_refuse(o, OUTCOME_CLASS_L, status,
		    strlen(access) > OAUTH_MAX_TOKEN
			? "access_token is too long; it is not used"
			: "access_token holds octets that no token may have; "
			  "it is not used",
		    true);
	if (type != NULL && !text_case_eq(type, "Bearer")) {
		buf_init(&text, OUTCOME_TEXT_MAX);
		buf_add_str(&text, "token_type is \"");
		add_line(&text, type, strlen(type), WORD_MAX);
		buf_add_str(&text, "\", and only Bearer can be used");
		oauth_refuse(o, OUTCOME_CLASS_C, status, text.data, true);
		buf_clear(&text);
		return false;
	}
	secret_set(&t->access, access, strlen(access));
	keep_refresh(j, t);
	t->obtained = now;
	keep_life(j, t);
	keep_consent_life(j, t);
	keep_scope(j, t);
	keep_login(j, t);
	return true;
}

bool
oauth_read_answer(int status, const char *body, size_t n, int64_t now,
    struct oauth_token *t, struct outcome *o)
{
	struct json *j = NULL;
	const char *access = NULL;
	bool ok;

	if (n <= OAUTH_MAX_ANSWER && json_parse(body, n, &j, NULL) == 0)
		access = json_get_string(j, "access_token");
	if (oauth_is_success(status) && access != NULL && access[0] != '\0')
		ok = read_token(status, j, now, t, o);
	else
		ok = oauth_read_refusal(&at_token, status, body, n, j, o);
	json_free(j);
	return ok;
}
