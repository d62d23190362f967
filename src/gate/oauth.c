/* SPDX-License-Identifier: ISC */
/*
 * oauth: the request for a token, and its answer.
 *
 * What the endpoint says becomes an outcome: its error word and description
 * where it wrote them, else our words with the beginning of the answer. The
 * table of known refusals (hint) gives the class; where no row fits, the first
 * of these rules that does:
 *
 *   temporarily_unavailable, server_error, slow_down		L
 *   status 408, 425, 429, 5xx					L
 *   status 3xx, 404, 405, 410: the URL is wrong		C
 *   invalid_grant of a refresh token: the consent has ended	P
 *   another known error word				as in words[]
 *   2xx without a usable token, 403 without a word		L
 *   token_type that is not Bearer				C
 *   all else						C
 */
#include "gate/oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"
#include "gate/http.h"
#include "mail/hint.h"

enum {
	GLIMPSE_MAX = 80, /* octets shown of an answer that is not understood */
	WORD_MAX = 64,
	DESCRIPTION_MAX = 400,
	CLOCK_SLACK = 5 * 60 * 1000 /* ms that clocks may differ */
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
	secret_init(&t->refresh);
	t->obtained = 0;
	t->expires = 0;
}

void
oauth_token_clear(struct oauth_token *t)
{
	secret_clear(&t->access);
	secret_clear(&t->refresh);
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

/* Keep foreign text in a field of size octets, made safe; cut if need be. */
static void
keep_word(char *field, size_t size, const char *word)
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
		keep_word(o->detail, sizeof(o->detail), at);
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
	const char *description = NULL;
	bool ours = true;
	struct buf text;

	if (word != NULL && word[0] == '\0')
		word = NULL;
	if (word != NULL)
		description = json_get_string(j, "error_description");
	buf_init(&text, 2 * OUTCOME_TEXT_MAX);
	if (is_wrong_url(status)) {
		buf_add_fmt(&text, "HTTP %d: %s: check token_url", status,
		    status < 400 ? "redirects are not followed"
				 : "this is not a token endpoint");
	} else if (word != NULL) {
		add_error(&text, word, description);
		ours = false;
	} else {
		buf_add_fmt(&text, "HTTP %d: ", status);
		add_lack(&text, status, j);
		add_glimpse(&text, body, n);
	}
	refuse(o, class_of(status, word), status, text.data, ours);
	if (!ours) {
		keep_word(o->error, sizeof(o->error), word);
		keep_detail(j, description, o);
	}
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
	keep_refresh(j, t);
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

/* ---- what must not be shown */

/* What is sent with a request. */
struct request {
	const struct oauth_client *client;
	const struct oauth_proof *proof;
	struct secret form;
	struct secret authorization; /* empty: none */
};

/* What stands behind the first n octets of what: the base64 of Basic without
 * that word, the value of a field without its name. */
static bool
holds_tail(const char *p, size_t n, const struct secret *what, size_t skip)
{
	return secret_len(what) > skip &&
	       memmem(p, n, secret_reveal(what) + skip,
		   secret_len(what) - skip) != NULL;
}

/* Does this text repeat a secret as it is, or as it stands in a form? */
static bool
repeats_secret(const char *p, size_t n, const struct secret *s)
{
	struct secret field;
	bool found;

	secret_init(&field);
	http_form_add_secret(&field, "x", s);
	found = holds_tail(p, n, s, 0) ||
		holds_tail(p, n, &field, sizeof("x=") - 1);
	secret_clear(&field);
	return found;
}

static bool
repeats(const char *p, size_t n, const struct request *q)
{
	return repeats_secret(p, n, q->proof->client_secret) ||
	       repeats_secret(p, n, q->proof->refresh_token) ||
	       holds_tail(p, n, &q->authorization, sizeof("Basic ") - 1);
}

/*
 * An endpoint may repeat in its refusal what was sent to it: nothing of that
 * answer is shown then but an error word that we know. True if so.
 */
static bool
withhold_echo(
    const struct request *q, const struct wire_response *r, struct outcome *o)
{
	const struct word *known = find_word(o->error);
	char text[OUTCOME_TEXT_MAX];

	if (!repeats(secret_reveal(&r->body), secret_len(&r->body), q) &&
	    !repeats(r->location, strlen(r->location), q) &&
	    !repeats(o->text, strlen(o->text), q))
		return false;
	snprintf(text, sizeof(text),
	    "%s: the rest is not shown: it repeats what was sent in "
	    "confidence",
	    known != NULL ? known->word : "refused");
	refuse(o, o->class, o->code, text, true);
	if (known != NULL)
		keep_word(o->error, sizeof(o->error), known->word);
	return true;
}

/* Put the URL before words of ours, and behind them where a redirect leads. */
static void
name_url(const char *url, const char *location, struct outcome *o)
{
	char *text;

	if (!o->ours)
		return;
	text = mem_printf("%s: %s%s%s", url, o->text,
	    location[0] != '\0' ? "; it leads to " : "", location);
	keep_word(o->text, sizeof(o->text), text);
	free(text);
}

/* ---- the request */

/* Write it: a form, and what stands in Authorization. */
static void
write_request(struct request *q)
{
	const struct oauth_client *c = q->client;
	const struct secret *secret = q->proof->client_secret;
	struct secret *form = &q->form;

	if (c->grant == OAUTH_REFRESH_TOKEN) {
		http_form_add(form, "grant_type", "refresh_token");
		http_form_add_secret(
		    form, "refresh_token", q->proof->refresh_token);
	} else {
		http_form_add(form, "grant_type", "client_credentials");
	}
	if (c->scope != NULL && c->scope[0] != '\0')
		http_form_add(form, "scope", c->scope);
	switch (c->client_auth) {
	case OAUTH_AUTH_NONE:
		http_form_add(form, "client_id", c->client_id);
		break;
	case OAUTH_AUTH_POST:
		http_form_add(form, "client_id", c->client_id);
		http_form_add_secret(form, "client_secret", secret);
		break;
	case OAUTH_AUTH_BASIC:
	case OAUTH_AUTH_BASIC_RAW:
		http_basic(&q->authorization, c->client_id, secret,
		    c->client_auth == OAUTH_AUTH_BASIC_RAW);
		break;
	}
}

/* The host that an http URL names. To be freed. */
static char *
host_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at;
	size_t n;

	host = host != NULL ? host + 3 : url;
	n = strcspn(host, "/?#");
	at = memrchr(host, '@', n);
	if (at != NULL) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	return mem_dup_n(host, host[0] == '[' ? n : strcspn(host, ":/?#"));
}

/*
 * Whose endpoint it is, and what follows for the class. An invalid_grant tells
 * that the consent of a person has ended; but where no person gave one, that
 * the configuration is wrong, whatever the table says of consents. What has no
 * error word has its class by what we saw of it.
 */
static void
classify(const struct oauth_client *c, struct outcome *o)
{
	bool refused = strcmp(o->error, "invalid_grant") == 0;
	bool consent = c->grant == OAUTH_REFRESH_TOKEN;
	char *host = host_of(c->token_url);

	snprintf(o->provider, sizeof(o->provider), "%s", hint_provider(host));
	free(host);
	if (refused && consent && o->class == OUTCOME_CLASS_C)
		o->class = OUTCOME_CLASS_P;
	if (o->error[0] != '\0' && (consent || !refused) &&
	    hint_find(o) != NULL)
		hint_classify(o);
}

/*
 * Endpoints never say "clock": what they refuse may have been too old, or not
 * yet good, by theirs (RFC 9110 6.6.1: Date).
 */
static int64_t
clock_trouble(
    const struct wire_response *r, const struct outcome *o, int64_t now)
{
	int64_t off = now - r->date;

	if (r->date < 0 || (off <= CLOCK_SLACK && off >= -CLOCK_SLACK))
		return 0;
	if (strcmp(o->error, "invalid_grant") != 0 &&
	    strcmp(o->error, "invalid_client") != 0)
		return 0;
	return off;
}

/* No whole answer came. */
static void
read_failure(const struct oauth_client *c, const struct wire_failure *f,
    struct oauth_trouble *t)
{
	bool config = f->certificate || f->local;

	refuse(&t->outcome, config ? OUTCOME_CLASS_C : OUTCOME_CLASS_L, 0,
	    f->text, true);
	name_url(c->token_url, "", &t->outcome);
	t->unanswered = f->stage >= WIRE_UP;
}

static bool
read_response(const struct request *q, const struct wire_response *r,
    int64_t now, struct oauth_token *t, struct oauth_trouble *f)
{
	if (oauth_read_answer(r->status, secret_reveal(&r->body),
		secret_len(&r->body), now, t, &f->outcome))
		return true;
	/* An answer that was cut off in its header looks so to libcurl. */
	f->unanswered = is_success(r->status) && secret_len(&r->body) == 0;
	f->retry_after = r->retry_after;
	f->clock_off = clock_trouble(r, &f->outcome, now);
	name_url(q->client->token_url,
	    withhold_echo(q, r, &f->outcome) ? "" : r->location, &f->outcome);
	return false;
}

bool
oauth_request(const struct oauth_client *c, const struct oauth_proof *proof,
    int64_t timeout_ms, int64_t now, struct oauth_token *t,
    struct oauth_trouble *f)
{
	struct request q = { .client = c, .proof = proof };
	int64_t began = sys_mono();
	struct wire_response r;
	struct wire_failure w;
	bool ok = false;

	memset(f, 0, sizeof(*f));
	f->retry_after = -1;
	secret_init(&q.form);
	secret_init(&q.authorization);
	write_request(&q);
	if (http_post_form(c->token_url, &q.form,
		secret_len(&q.authorization) > 0 ? &q.authorization : NULL,
		c->ca_file, c->pin, timeout_ms, OAUTH_MAX_ANSWER, &r, &w))
		ok = read_response(&q, &r, now + (sys_mono() - began), t, f);
	else
		read_failure(c, &w, f);
	if (!ok)
		classify(c, &f->outcome);
	wire_response_clear(&r);
	secret_clear(&q.authorization);
	secret_clear(&q.form);
	return ok;
}
