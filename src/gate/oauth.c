/* SPDX-License-Identifier: ISC */
/*
 * oauth: the request for a token, its answer, and a token as octets.
 *
 * What the endpoint says becomes an outcome: its error word and description
 * where it wrote them, else our words with the beginning of the answer. The
 * first rule that fits gives the class:
 *
 *   temporarily_unavailable, server_error, slow_down		L
 *   status 408, 425, 429, 5xx					L
 *   status 3xx, 404, 405, 410: the URL is wrong		C
 *   another known error word				as in words[]
 *   2xx without a usable token, 403 without a word		L
 *   token_type that is not Bearer				C
 *   all else						C
 *
 * Packed form, lines in this order, each ended by LF, values of the first
 * three percent-encoded; a missing scope is an empty one:
 *
 *   osmtp-token 1
 *   client ID
 *   endpoint URL
 *   scope SCOPE
 *   obtained MILLISECONDS
 *   expires MILLISECONDS
 *   access TOKEN
 */
#include "gate/oauth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "gate/http.h"

enum {
	GLIMPSE_MAX = 80, /* octets shown of an answer that is not understood */
	WORD_MAX = 64,
	DESCRIPTION_MAX = 400,
	NUMBER_MAX = 20 /* digits of a packed number */
};

/* RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, RFC 8707 2, OpenID Core 3.1.2.6;
 * invalid_resource is Entra's. */
static const struct word {
	const char *word;
	enum outcome_class class;
} words[] = {
	{ "access_denied", OUTCOME_CLASS_C },
	{ "consent_required", OUTCOME_CLASS_P },
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
};

void
oauth_token_init(struct oauth_token *t)
{
	secret_init(&t->access);
	t->obtained = 0;
	t->expires = 0;
}

void
oauth_token_clear(struct oauth_token *t)
{
	secret_clear(&t->access);
	t->obtained = 0;
	t->expires = 0;
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

/* An answer that somebody gave who is no token endpoint. */
static bool
is_wrong_url(int status)
{
	return (status >= 300 && status < 400) || status == 404 ||
	       status == 405 || status == 410;
}

static bool
is_success(int status)
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
		strcasestr(seen.data, "token") == NULL;
	if (seen.len == 0)
		buf_add_str(b, "the answer is empty");
	else if (shown)
		buf_add_fmt(b, "the answer begins: %s", seen.data);
	else
		buf_add_fmt(b, "%zu octets that are not shown", n);
	buf_clear(&seen);
}

static bool
refuse(struct outcome *o, enum outcome_class class, int status,
    const char *text, bool ours)
{
	outcome_set(o, OUTCOME_LATER, class, OUTCOME_AT_TOKEN, status, text);
	o->ours = ours;
	return false;
}

static void
add_error(struct buf *b, const char *word, const char *description)
{
	add_line(b, word, strlen(word), WORD_MAX);
	if (description != NULL && description[0] != '\0') {
		buf_add_str(b, ": ");
		add_line(b, description, strlen(description), DESCRIPTION_MAX);
	}
}

/* What an answer lacks that has neither a token nor an error word. */
static void
add_lack(struct buf *b, int status, const struct json *j)
{
	if (!is_success(status))
		return;
	if (j == NULL)
		buf_add_str(b, "not a JSON object; ");
	else if (json_has(j, "access_token"))
		buf_add_str(b, "access_token is not a string, or empty; ");
	else
		buf_add_str(b, "no access_token; ");
}

/* An answer without a token; j is NULL if it is no JSON object. */
static bool
read_refusal(int status, const char *body, size_t n, const struct json *j,
    struct outcome *o)
{
	const char *word = j != NULL ? json_get_string(j, "error") : NULL;
	bool ours = true;
	struct buf text;

	if (word != NULL && word[0] == '\0')
		word = NULL;
	buf_init(&text, 2 * OUTCOME_TEXT_MAX);
	if (is_wrong_url(status)) {
		buf_add_fmt(&text, "HTTP %d: %s: check token_url", status,
		    status < 400 ? "redirects are not followed"
				 : "this is not a token endpoint");
	} else if (word != NULL) {
		add_error(&text, word, json_get_string(j, "error_description"));
		ours = false;
	} else {
		buf_add_fmt(&text, "HTTP %d: ", status);
		add_lack(&text, status, j);
		add_glimpse(&text, body, n);
	}
	refuse(o, class_of(status, word), status, text.data, ours);
	buf_clear(&text);
	return false;
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

/* Seconds to live, within bounds; an endpoint may leave them out. */
static int64_t
life_of(const struct json *j)
{
	int64_t life;

	if (!json_get_number(j, "expires_in", &life))
		return OAUTH_DEFAULT_LIFE;
	if (life < 0)
		return 0;
	return life < OAUTH_MAX_LIFE ? life : OAUTH_MAX_LIFE;
}

static bool
read_token(int status, const struct json *j, int64_t now, struct oauth_token *t,
    struct outcome *o)
{
	const char *access = json_get_string(j, "access_token");
	const char *type = json_get_string(j, "token_type");
	struct buf text;

	if (!is_token(access, strlen(access)))
		return refuse(o, OUTCOME_CLASS_L, status,
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
		refuse(o, OUTCOME_CLASS_C, status, text.data, true);
		buf_clear(&text);
		return false;
	}
	secret_set(&t->access, access, strlen(access));
	t->obtained = now;
	t->expires = now + life_of(j) * 1000;
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
	if (is_success(status) && access != NULL && access[0] != '\0')
		ok = read_token(status, j, now, t, o);
	else
		ok = read_refusal(status, body, n, j, o);
	json_free(j);
	return ok;
}

/* No whole answer came. */
static bool
read_failure(const struct wire_failure *f, struct outcome *o)
{
	bool config = f->certificate || f->local;

	return refuse(
	    o, config ? OUTCOME_CLASS_C : OUTCOME_CLASS_L, 0, f->text, true);
}

/* What stands behind the first n octets of what: the base64 of Basic without
 * that word, the value of a field without its name. */
static bool
holds_tail(const char *p, size_t n, const struct secret *what, size_t skip)
{
	return secret_len(what) > skip &&
	       memmem(p, n, secret_reveal(what) + skip,
		   secret_len(what) - skip) != NULL;
}

/* Does this text repeat the client secret, in whatever form it was sent? */
static bool
repeats(const char *p, size_t n, const struct secret *client_secret,
    const struct secret *authorization)
{
	static const char name[] = "client_secret";
	struct secret field;
	bool found;

	secret_init(&field);
	http_form_add_secret(&field, name, client_secret);
	found = holds_tail(p, n, client_secret, 0) ||
		holds_tail(p, n, &field, sizeof(name)) ||
		holds_tail(p, n, authorization, sizeof("Basic ") - 1);
	secret_clear(&field);
	return found;
}

/*
 * An endpoint may repeat in its refusal what was sent to it: nothing of that
 * answer is shown then but an error word that we know. True if so.
 */
static bool
withhold_echo(const struct secret *body, const char *location,
    const struct secret *client_secret, const struct secret *authorization,
    struct outcome *o)
{
	const char *p = secret_reveal(body), *word = "refused";
	size_t i, n = secret_len(body);
	char text[OUTCOME_TEXT_MAX];

	if (!repeats(p, n, client_secret, authorization) &&
	    !repeats(
		location, strlen(location), client_secret, authorization) &&
	    !repeats(o->text, strlen(o->text), client_secret, authorization))
		return false;
	n = strcspn(o->text, ":");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) == n &&
		    strncmp(words[i].word, o->text, n) == 0)
			word = words[i].word;
	}
	snprintf(text, sizeof(text),
	    "%s: the rest is not shown: it repeats the client secret", word);
	refuse(o, o->class, o->code, text, true);
	return true;
}

/* Put the URL before words of ours, and behind them where a redirect leads. */
static void
name_url(const char *url, const char *location, struct outcome *o)
{
	char text[2 * OUTCOME_TEXT_MAX];

	if (!o->ours)
		return;
	snprintf(text, sizeof(text), "%s: %s%s%s", url, o->text,
	    location[0] != '\0' ? "; it leads to " : "", location);
	refuse(o, o->class, o->code, text, true);
}

/* Write the request: a form, and what stands in Authorization or nothing. */
static void
write_request(const struct oauth_client *c, const struct secret *client_secret,
    struct secret *form, struct secret *authorization)
{
	http_form_add(form, "grant_type", "client_credentials");
	if (c->scope != NULL && c->scope[0] != '\0')
		http_form_add(form, "scope", c->scope);
	switch (c->client_auth) {
	case OAUTH_AUTH_POST:
		http_form_add(form, "client_id", c->client_id);
		http_form_add_secret(form, "client_secret", client_secret);
		break;
	case OAUTH_AUTH_BASIC:
	case OAUTH_AUTH_BASIC_RAW:
		http_basic(authorization, c->client_id, client_secret,
		    c->client_auth == OAUTH_AUTH_BASIC_RAW);
		break;
	}
}

bool
oauth_client_credentials(const struct oauth_client *c,
    const struct secret *client_secret, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct outcome *o)
{
	struct secret form, authorization;
	int64_t began = sys_mono();
	struct wire_response r;
	struct wire_failure f;
	bool ok = false;

	secret_init(&form);
	secret_init(&authorization);
	write_request(c, client_secret, &form, &authorization);
	if (http_post_form(c->token_url, &form,
		secret_len(&authorization) > 0 ? &authorization : NULL,
		c->ca_file, timeout_ms, OAUTH_MAX_ANSWER, &r, &f)) {
		ok = oauth_read_answer(r.status, secret_reveal(&r.body),
		    secret_len(&r.body), now + (sys_mono() - began), t, o);
		if (!ok && withhold_echo(&r.body, r.location, client_secret,
			       &authorization, o))
			name_url(c->token_url, "", o);
		else if (!ok)
			name_url(c->token_url, r.location, o);
	} else {
		read_failure(&f, o);
		name_url(c->token_url, "", o);
	}
	wire_response_clear(&r);
	secret_clear(&authorization);
	secret_clear(&form);
	return ok;
}

static void
add_field(struct secret *out, const char *word, const char *value)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add_fmt(&b, "%s ", word);
	if (value != NULL)
		text_add_percent(&b, value, strlen(value));
	buf_add_char(&b, '\n');
	secret_add(out, b.data, b.len);
	buf_clear(&b);
}

/* The lines that say whose token it is: equal in every pack of one client. */
static void
add_origin(struct secret *out, const struct oauth_client *c)
{
	secret_add_str(out, "osmtp-token 1\n");
	add_field(out, "client", c->client_id);
	add_field(out, "endpoint", c->token_url);
	add_field(out, "scope", c->scope);
}

void
oauth_pack(const struct oauth_token *t, const struct oauth_client *c,
    struct secret *out)
{
	char times[64 + 2 * NUMBER_MAX];

	secret_set(out, "", 0);
	add_origin(out, c);
	snprintf(times, sizeof(times),
	    "obtained %" PRId64 "\nexpires %" PRId64 "\naccess ", t->obtained,
	    t->expires);
	secret_add_str(out, times);
	secret_add(out, secret_reveal(&t->access), secret_len(&t->access));
	secret_add_str(out, "\n");
}

/* Take the line "word VALUE" off *p; the value is not ended. */
static bool
take_line(const char **p, const char *end, const char *word, const char **value,
    size_t *n)
{
	const char *lf = memchr(*p, '\n', (size_t)(end - *p));
	size_t len = strlen(word);

	if (lf == NULL || (size_t)(lf - *p) < len + 1 ||
	    memcmp(*p, word, len) != 0 || (*p)[len] != ' ')
		return false;
	*value = *p + len + 1;
	*n = (size_t)(lf - *value);
	*p = lf + 1;
	return true;
}

static bool
take_time(const char **p, const char *end, const char *word, int64_t *out)
{
	char digits[NUMBER_MAX + 1];
	const char *value;
	uint64_t number;
	size_t n;

	if (!take_line(p, end, word, &value, &n) || n > NUMBER_MAX)
		return false;
	memcpy(digits, value, n);
	digits[n] = '\0';
	if (!text_parse_uint(digits, INT64_MAX, &number))
		return false;
	*out = (int64_t)number;
	return true;
}

int
oauth_unpack(const struct secret *in, const struct oauth_client *c,
    struct oauth_token *t, struct err *e)
{
	const char *p = secret_reveal(in), *end = p + secret_len(in), *access;
	int64_t obtained, expires;
	struct secret origin;
	bool same;
	size_t n;

	secret_init(&origin);
	add_origin(&origin, c);
	n = secret_len(&origin);
	same =
	    (size_t)(end - p) >= n && memcmp(p, secret_reveal(&origin), n) == 0;
	secret_clear(&origin);
	if (!same)
		return err_set(e, EX_DATAERR,
		    "stored token: of another client, endpoint or scope");
	p += n;
	if (!take_time(&p, end, "obtained", &obtained) ||
	    !take_time(&p, end, "expires", &expires) ||
	    !take_line(&p, end, "access", &access, &n) || p != end ||
	    !is_token(access, n) || expires < obtained ||
	    expires - obtained > (int64_t)OAUTH_MAX_LIFE * 1000)
		return err_set(e, EX_DATAERR, "stored token: damaged");
	secret_set(&t->access, access, n);
	t->obtained = obtained;
	t->expires = expires;
	return 0;
}
