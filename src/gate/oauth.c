/* SPDX-License-Identifier: ISC */
/*
 * oauth: a request: what is sent, and whose trouble it is where it fails. Its
 * answer is oauth_answer's to understand; requests of more than one step have
 * parts of their own.
 */
#include "gate/oauth_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"
#include "gate/http.h"
#include "mail/hint.h"

enum {
	CLOCK_SLACK = 5 * 60 * 1000, /* ms that clocks may differ */
	TELLING = 32 /* octets of a secret that are enough to tell it by */
};

#define BEARER_URN "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* ---- what is sent */

void
oauth_ask_begin(struct oauth_ask *q, const struct oauth_client *c,
    const struct oauth_proof *proof, const char *url)
{
	memset(q, 0, sizeof(*q));
	q->client = c;
	q->proof = proof;
	q->grant = c->grant;
	q->url = url;
	secret_init(&q->form);
	secret_init(&q->authorization);
}

void
oauth_ask_end(struct oauth_ask *q)
{
	secret_clear(&q->authorization);
	secret_clear(&q->form);
}

void
oauth_add_text(struct oauth_ask *q, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		http_form_add(&q->form, key, value);
}

void
oauth_add_secret(
    struct oauth_ask *q, const char *key, const struct secret *value)
{
	if (value != NULL && secret_len(value) > 0)
		http_form_add_secret(&q->form, key, value);
}

void
oauth_add_service(struct oauth_ask *q)
{
	oauth_add_text(q, "audience", q->client->audience);
	oauth_add_text(q, "resource", q->client->resource);
}

static void
add_basic(struct oauth_ask *q, bool raw)
{
	const struct oauth_client *c = q->client;
	struct secret none;

	secret_init(&none);
	http_basic(&q->authorization, c->client_id != NULL ? c->client_id : "",
	    q->proof->client_secret != NULL ? q->proof->client_secret : &none,
	    raw);
	secret_clear(&none);
}

void
oauth_add_client(struct oauth_ask *q)
{
	const struct oauth_client *c = q->client;

	switch (c->client_auth) {
	case OAUTH_AUTH_NONE:
		oauth_add_text(q, "client_id", c->client_id);
		break;
	case OAUTH_AUTH_POST:
		oauth_add_text(q, "client_id", c->client_id);
		oauth_add_secret(q, "client_secret", q->proof->client_secret);
		break;
	case OAUTH_AUTH_BASIC:
	case OAUTH_AUTH_BASIC_RAW:
		add_basic(q, c->client_auth == OAUTH_AUTH_BASIC_RAW);
		break;
	case OAUTH_AUTH_JWT:
		oauth_add_text(q, "client_id", c->client_id);
		oauth_add_text(q, "client_assertion_type", BEARER_URN);
		oauth_add_secret(
		    q, "client_assertion", q->proof->client_assertion);
		break;
	}
}

/* ---- what must not be shown */

static bool
holds(const char *p, size_t n, const struct secret *what)
{
	return secret_len(what) > 0 &&
	       memmem(p, n, secret_reveal(what), secret_len(what)) != NULL;
}

/* Does this text repeat n octets as they are, or as they stand in a form? */
static bool
repeats_octets(const char *text, size_t len, const char *p, size_t n)
{
	struct secret plain, coded;
	bool found;

	secret_init(&plain);
	secret_init(&coded);
	secret_set(&plain, p, n);
	http_form_add_secret(&coded, "", &plain);
	secret_set(&coded, secret_reveal(&coded) + 1, secret_len(&coded) - 1);
	found = holds(text, len, &plain) || holds(text, len, &coded);
	secret_clear(&coded);
	secret_clear(&plain);
	return found;
}

/* Of a long secret its beginning or its end is too much, too: what repeats it
 * may be cut. The first skip octets are none of it. */
static bool
repeats_secret(
    const char *text, size_t len, const struct secret *s, size_t skip)
{
	size_t n = s != NULL ? secret_len(s) : 0, k;
	const char *p;

	if (n <= skip)
		return false;
	p = secret_reveal(s) + skip;
	n -= skip;
	k = n < TELLING ? n : TELLING;
	return repeats_octets(text, len, p, k) ||
	       repeats_octets(text, len, p + n - k, k);
}

static bool
repeats(const char *text, size_t len, const struct oauth_ask *q)
{
	const struct secret *const sent[] = { q->proof->client_secret,
		q->proof->refresh_token, q->proof->client_assertion,
		q->proof->assertion, q->hush[0], q->hush[1] };
	size_t i;

	for (i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		if (repeats_secret(text, len, sent[i], 0))
			return true;
	}
	return repeats_secret(
	    text, len, &q->authorization, sizeof("Basic ") - 1);
}

/*
 * An endpoint may repeat in its refusal what was sent to it: nothing of that
 * answer is shown then but an error word that we know. True if so.
 */
static bool
withhold_echo(
    const struct oauth_ask *q, const struct wire_response *r, struct outcome *o)
{
	const char *known = oauth_known_word(o->error);
	char text[OUTCOME_TEXT_MAX];

	if (!repeats(secret_reveal(&r->body), secret_len(&r->body), q) &&
	    !repeats(r->location, strlen(r->location), q) &&
	    !repeats(o->text, strlen(o->text), q))
		return false;
	snprintf(text, sizeof(text),
	    "%s: the rest is not shown: it repeats what was sent in "
	    "confidence",
	    known != NULL ? known : "refused");
	oauth_refuse(o, o->class, o->code, text, true);
	if (known != NULL)
		oauth_keep_word(o->error, sizeof(o->error), known);
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
	oauth_keep_word(o->text, sizeof(o->text), text);
	free(text);
}

/* ---- what it means */

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
 * error word has its class by what we saw of it; Glewlwyd says 400 and no word
 * where others say invalid_grant.
 */
static void
classify(const struct oauth_ask *q, struct outcome *o)
{
	bool mute = o->error[0] == '\0' && o->code == 400;
	bool refused = strcmp(o->error, "invalid_grant") == 0;
	bool consent = q->grant != OAUTH_CLIENT_CREDENTIALS &&
		       q->grant != OAUTH_JWT_BEARER;
	char *host = host_of(q->url);

	snprintf(o->provider, sizeof(o->provider), "%s", hint_provider(host));
	free(host);
	if ((refused || mute) && consent && o->class == OUTCOME_CLASS_C)
		o->class = OUTCOME_CLASS_P;
	if (o->error[0] != '\0' && (consent || !refused) &&
	    hint_find(o) != NULL)
		hint_classify(o);
	if (!consent && o->class == OUTCOME_CLASS_P)
		o->class = OUTCOME_CLASS_C;
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
read_failure(const struct oauth_ask *q, const struct wire_failure *w,
    struct oauth_trouble *f)
{
	bool config = w->certificate || w->local;

	oauth_refuse(&f->outcome, config ? OUTCOME_CLASS_C : OUTCOME_CLASS_L, 0,
	    w->text, true);
	name_url(q->url, "", &f->outcome);
	f->unanswered = w->stage >= WIRE_UP;
}

/* One came, but not what was asked for. */
static void
explain(const struct oauth_ask *q, const struct wire_response *r, int64_t at,
    struct oauth_trouble *f)
{
	/* An answer that was cut off in its header looks so to libcurl. */
	f->unanswered =
	    oauth_is_success(r->status) && secret_len(&r->body) == 0;
	f->retry_after = r->retry_after;
	f->clock_off = clock_trouble(r, &f->outcome, at);
	name_url(q->url, withhold_echo(q, r, &f->outcome) ? "" : r->location,
	    &f->outcome);
}

/* ---- the request */

static bool
perform(const struct oauth_ask *q, int64_t timeout_ms, struct wire_response *r,
    struct wire_failure *w)
{
	const struct oauth_client *c = q->client;

	if (secret_len(&q->form) == 0)
		return http_get(q->url, c->ca_file, c->pin, timeout_ms,
		    OAUTH_MAX_ANSWER, r, w);
	return http_post_form(q->url, &q->form,
	    secret_len(&q->authorization) > 0 ? &q->authorization : NULL,
	    c->ca_file, c->pin, timeout_ms, OAUTH_MAX_ANSWER, r, w);
}

bool
oauth_send(const struct oauth_ask *q, int64_t timeout_ms, int64_t now,
    oauth_reader *read, void *ctx, struct oauth_trouble *f)
{
	int64_t began = sys_mono(), at;
	struct wire_response r;
	struct wire_failure w;
	bool ok = false;

	memset(f, 0, sizeof(*f));
	f->retry_after = -1;
	if (perform(q, timeout_ms, &r, &w)) {
		at = now + (sys_mono() - began);
		ok = read(r.status, secret_reveal(&r.body), secret_len(&r.body),
		    at, ctx, &f->outcome);
		if (!ok)
			explain(q, &r, at, f);
	} else {
		read_failure(q, &w, f);
	}
	if (!ok)
		classify(q, &f->outcome);
	wire_response_clear(&r);
	return ok;
}

static bool
read_token(int status, const char *body, size_t n, int64_t at, void *ctx,
    struct outcome *o)
{
	return oauth_read_answer(status, body, n, at, ctx, o);
}

bool
oauth_exchange(struct oauth_ask *q, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct oauth_trouble *f)
{
	const struct oauth_client *c = q->client;
	size_t i;

	oauth_add_service(q);
	oauth_add_client(q);
	for (i = 0; i < c->n_parameters; i++)
		http_form_add(
		    &q->form, c->parameters[2 * i], c->parameters[2 * i + 1]);
	return oauth_send(q, timeout_ms, now, read_token, t, f);
}

bool
oauth_request(const struct oauth_client *c, const struct oauth_proof *proof,
    int64_t timeout_ms, int64_t now, struct oauth_token *t,
    struct oauth_trouble *f)
{
	struct oauth_ask q;
	bool ok;

	oauth_ask_begin(&q, c, proof, c->token_url);
	switch (c->grant) {
	case OAUTH_JWT_BEARER:
		oauth_add_text(&q, "grant_type", OAUTH_GRANT_URN "jwt-bearer");
		oauth_add_secret(&q, "assertion", proof->assertion);
		break;
	case OAUTH_REFRESH_TOKEN:
		oauth_add_text(&q, "grant_type", "refresh_token");
		oauth_add_secret(&q, "refresh_token", proof->refresh_token);
		break;
	default:
		oauth_add_text(&q, "grant_type", "client_credentials");
		break;
	}
	oauth_add_text(&q, "scope", c->scope);
	ok = oauth_exchange(&q, timeout_ms, now, t, f);
	oauth_ask_end(&q);
	return ok;
}
