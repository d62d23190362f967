/* SPDX-License-Identifier: ISC */
/* deliver: one message through one profile. */
/*
 * The way through:
 *
 *   get_secret   the next way of `auth`: cred fills, or none is needed
 *   get_session  connect, by the list of servers, unless a session is open
 *   authenticate a mechanism that way and server share
 *   transfer     the message; once more for whom 452 put off behind others
 *
 * A cached token that is refused leads back to get_secret, once, for a fresh
 * one; a way that failed leads to get_secret with the next way. Trouble of a
 * way is kept until all have failed; then the gravest of them is the outcome:
 * L if any was L, else P, else C.
 */
#include "core/deliver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/cred.h"

struct deliver {
	struct loop *loop;
	struct wire *wire;
	const struct deliver_order *order;
	void (*done)(void *ctx);
	void *ctx;
	struct outcome *result;
	bool finished;

	size_t way;    /* in profile->auth */
	size_t server; /* in profile->servers */
	bool fresh;    /* the cached token of this way was refused */
	struct cred *cred;
	struct smtp *smtp;
	enum { AT_SECRET, AT_SESSION, AT_AUTH, AT_TRANSFER } at;
	enum sasl_mech mech;
	struct sasl_identity identity;
	bool refused_here; /* AUTH was refused on this connection */
	struct outcome trouble[PROFILE_MAX_AUTH]; /* of the ways that failed */
	size_t n_trouble;

	int watched; /* descriptor, or -1 */
	off_t offset;
	size_t delivered; /* before this transaction */
	int64_t started;
	struct loop_timer step_timer, foreground_timer, done_timer;
	char *server_text;
};

static void go_on(void *ctx);
static void get_secret(struct deliver *d);

static const struct profile *
profile_of(const struct deliver *d)
{
	return d->order->profile;
}

static enum profile_auth
way_of(const struct deliver *d)
{
	return profile_of(d)->auth[d->way];
}

/* ---- the end */

static void
log_outcome(const struct deliver *d, const struct outcome *o, const char *rcpt)
{
	bool way_known = d->at == AT_TRANSFER;
	char *code = o->code ? mem_printf("%d", o->code) : NULL;
	char *took = mem_printf("%lld", (long long)(sys_mono() - d->started));

	log_event(
	    o->kind == OUTCOME_DELIVERED ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
	    d->order->envelope->id, "delivery", "result",
	    outcome_kind_name(o->kind), "to", rcpt, "from",
	    d->order->envelope->sender, "profile", profile_of(d)->name,
	    "server", d->server_text, "auth",
	    !way_known			     ? NULL
	    : way_of(d) == PROFILE_AUTH_NONE ? "none"
					     : sasl_name(d->mech),
	    "class",
	    o->class == OUTCOME_CLASS_NONE ? NULL
					   : outcome_class_name(o->class),
	    "stage", outcome_stage_name(o->stage), "code", code, "reply",
	    o->text, "ms", took, NULL);
	free(code);
	free(took);
}

static void
tell_done(void *ctx)
{
	struct deliver *d = ctx;

	d->done(d->ctx);
}

static void
unwatch(struct deliver *d)
{
	if (d->watched >= 0)
		loop_watch(d->loop, d->watched, 0, NULL, NULL);
	d->watched = -1;
	loop_timer_stop(d->loop, &d->step_timer);
}

static void
close_session(struct deliver *d)
{
	unwatch(d);
	smtp_free(d->smtp);
	d->smtp = NULL;
	d->refused_here = false;
}

/* Every recipient has its outcome. */
static void
finish(struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->order->envelope->n_rcpts; i++)
		log_outcome(d, &d->result[i], d->order->envelope->rcpts[i]);
	if (d->smtp != NULL)
		smtp_quit(d->smtp);
	close_session(d);
	cred_free(d->cred);
	d->cred = NULL;
	loop_timer_stop(d->loop, &d->foreground_timer);
	d->finished = true;
	loop_timer_start(d->loop, &d->done_timer, 0, tell_done, d);
}

/* Whoever has no outcome yet gets this one. */
static void
finish_with(struct deliver *d, const struct outcome *o)
{
	size_t i;

	for (i = 0; i < d->order->envelope->n_rcpts; i++)
		if (d->result[i].kind == OUTCOME_OPEN)
			d->result[i] = *o;
	finish(d);
}

static void
foreground_is_over(void *ctx)
{
	struct deliver *d = ctx;
	struct outcome o;
	struct buf b;

	if (d->smtp != NULL && smtp_is_in_data(d->smtp))
		return; /* its own deadlines hold; nothing keeps it for later */
	memset(&o, 0, sizeof(o));
	buf_init(&b, 256);
	buf_add_str(&b, "not done within ");
	text_add_duration(&b, profile_of(d)->foreground);
	buf_add_str(&b, " (timeouts.foreground)");
	outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_L,
	    d->at == AT_SECRET	  ? OUTCOME_AT_TOKEN
	    : d->at == AT_SESSION ? OUTCOME_AT_CONNECT
	    : d->at == AT_AUTH	  ? OUTCOME_AT_AUTH
				  : OUTCOME_AT_MAIL,
	    0, b.data);
	buf_clear(&b);
	finish_with(d, &o);
}

/* ---- ways that fail */

static int gravity(enum outcome_class class)
{
	switch (class) {
	case OUTCOME_CLASS_L:
		return 3;
	case OUTCOME_CLASS_P:
		return 2;
	default:
		return 1;
	}
}

static const struct outcome *
gravest_trouble(const struct deliver *d)
{
	const struct outcome *worst = &d->trouble[0];
	size_t i;

	for (i = 1; i < d->n_trouble; i++)
		if (gravity(d->trouble[i].class) > gravity(worst->class))
			worst = &d->trouble[i];
	return worst;
}

/* This way has failed for this reason: the next, or the end. */
static void
next_way(struct deliver *d, const struct outcome *o)
{
	const struct profile *p = profile_of(d);
	struct outcome *kept = &d->trouble[d->n_trouble++];
	char *code = o->code ? mem_printf("%d", o->code) : NULL;
	bool more = d->way + 1 < p->n_auth;

	*kept = *o;
	kept->kind = OUTCOME_LATER;
	if (kept->class == OUTCOME_CLASS_F)
		kept->class = p->kind == PROFILE_MAILBOX ? OUTCOME_CLASS_P
							 : OUTCOME_CLASS_C;
	log_event(LOG_LEVEL_WARN, d->order->envelope->id, "auth", "profile",
	    p->name, "way", profile_auth_name(way_of(d)), "result", "refused",
	    "class", outcome_class_name(kept->class), "stage",
	    outcome_stage_name(o->stage), "code", code, "reply", o->text,
	    "next", more ? profile_auth_name(p->auth[d->way + 1]) : "none left",
	    NULL);
	free(code);
	d->fresh = false;
	if (!more) {
		finish_with(d, gravest_trouble(d));
		return;
	}
	d->way++;
	get_secret(d);
}

/* ---- the message */

static ssize_t
read_message(void *ctx, void *p, size_t n)
{
	struct deliver *d = ctx;
	ssize_t got = pread(d->order->fd, p, n, d->offset);

	if (got > 0)
		d->offset += got;
	return got;
}

static size_t
count_delivered(const struct deliver *d)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < d->order->envelope->n_rcpts; i++)
		n += d->result[i].kind == OUTCOME_DELIVERED;
	return n;
}

static void
transfer(struct deliver *d)
{
	struct smtp_body body = { read_message, d };

	d->at = AT_TRANSFER;
	d->offset = 0;
	d->delivered = count_delivered(d);
	smtp_send(
	    d->smtp, d->order->envelope, &body, d->result, true, sys_mono());
}

/* 452 behind accepted recipients means: these in another transaction (RFC
 * 5321 4.5.3.1.10). */
static bool
split_rest(struct deliver *d)
{
	bool any = false;
	size_t i;

	if (smtp_phase(d->smtp) != SMTP_IDLE ||
	    count_delivered(d) == d->delivered)
		return false;
	for (i = 0; i < d->order->envelope->n_rcpts; i++) {
		struct outcome *o = &d->result[i];

		if (o->kind == OUTCOME_LATER && o->code == 452 &&
		    o->stage == OUTCOME_AT_RCPT) {
			memset(o, 0, sizeof(*o));
			any = true;
		}
	}
	return any;
}

/* ---- authentication */

static bool
choose_mech(const struct deliver *d, enum sasl_mech *out)
{
	const struct profile *p = profile_of(d);
	bool token = way_of(d) == PROFILE_AUTH_OAUTH;
	enum sasl_mech m;
	size_t i;

	for (i = 0; i < (p->n_sasl ? p->n_sasl : SASL_MECHS); i++) {
		m = p->n_sasl ? p->sasl[i] : (enum sasl_mech)i;
		if (sasl_takes_token(m) == token &&
		    smtp_offer(d->smtp)->auth[m]) {
			*out = m;
			return true;
		}
	}
	return false;
}

static void
not_offered(struct deliver *d)
{
	const struct smtp_offer *offer = smtp_offer(d->smtp);
	struct outcome o;
	char *text;

	memset(&o, 0, sizeof(o));
	text =
	    offer->has_auth
		? mem_printf("the server offers no mechanism for %s that the "
			     "profile allows; it offers: %s",
		      profile_auth_name(way_of(d)), offer->auth_words)
		: mem_printf("the server offers no AUTH at all");
	outcome_set(
	    &o, OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 0, text);
	free(text);
	next_way(d, &o);
}

static void
authenticate(struct deliver *d)
{
	const struct wire_target *t = &profile_of(d)->servers[d->server].wire;

	if (way_of(d) == PROFILE_AUTH_NONE) {
		transfer(d);
		return;
	}
	if (!choose_mech(d, &d->mech)) {
		not_offered(d);
		return;
	}
	d->at = AT_AUTH;
	d->identity.user = profile_user_text(profile_of(d));
	d->identity.secret = cred_secret(d->cred);
	d->identity.host = t->host;
	d->identity.port = t->port;
	smtp_auth(d->smtp, d->mech, &d->identity, sys_mono());
}

/* ---- the session */

static void
open_session(struct deliver *d)
{
	const struct smtp_target *t = &profile_of(d)->servers[d->server];
	struct err e = ERR_NONE;
	struct outcome o;

	free(d->server_text);
	d->server_text = t->wire.unix_path != NULL
			     ? mem_dup(t->wire.unix_path)
			     : mem_printf("%s:%u", t->wire.host, t->wire.port);
	d->at = AT_SESSION;
	if (smtp_open(d->wire, t, sys_mono(), go_on, d, &d->smtp, &e) != 0) {
		memset(&o, 0, sizeof(o));
		outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_L,
		    OUTCOME_AT_CONNECT, 0, e.text);
		finish_with(d, &o);
		return;
	}
	smtp_trace(d->smtp, d->order->trace, d->order->trace_ctx);
}

static void
get_session(struct deliver *d)
{
	if (d->smtp != NULL && smtp_phase(d->smtp) == SMTP_IDLE) {
		authenticate(d);
		return;
	}
	close_session(d);
	d->server = 0;
	open_session(d);
}

/* It did not come up: another host of the same service may do. */
static void
session_failed(struct deliver *d)
{
	struct outcome o = *smtp_outcome(d->smtp);

	close_session(d);
	if (o.class == OUTCOME_CLASS_L &&
	    d->server + 1 < profile_of(d)->n_servers) {
		log_event(LOG_LEVEL_WARN, d->order->envelope->id, "connect",
		    "profile", profile_of(d)->name, "server", d->server_text,
		    "stage", outcome_stage_name(o.stage), "reply", o.text,
		    NULL);
		d->server++;
		open_session(d);
		return;
	}
	finish_with(d, &o);
}

/* ---- the secret */

/* cred is done. */
static void
secret_came(void *ctx)
{
	struct deliver *d = ctx;

	if (cred_secret(d->cred) == NULL)
		next_way(d, cred_outcome(d->cred));
	else
		get_session(d);
	go_on(d);
}

static void
get_secret(struct deliver *d)
{
	struct cred *old = d->cred;

	d->at = AT_SECRET;
	d->cred = NULL;
	if (way_of(d) == PROFILE_AUTH_NONE)
		get_session(d);
	else
		d->cred = cred_fill(d->loop, profile_of(d), way_of(d),
		    d->fresh ? cred_secret(old) : NULL, secret_came, d);
	cred_free(old);
}

/* ---- the machine */

/* AUTH has been answered, or the session was lost over it. */
static void
auth_ended(struct deliver *d)
{
	struct outcome o = *smtp_outcome(d->smtp);
	bool closed = smtp_phase(d->smtp) == SMTP_CLOSED;

	if (o.kind == OUTCOME_DELIVERED) {
		transfer(d);
		return;
	}
	if (closed && d->refused_here && (o.code == 0 || o.code == 421)) {
		/* The server left after its earlier refusal: dial again. */
		close_session(d);
		open_session(d);
		return;
	}
	d->refused_here = true;
	if (o.class == OUTCOME_CLASS_F && !d->fresh &&
	    cred_was_cached(d->cred)) {
		log_event(LOG_LEVEL_INFO, d->order->envelope->id, "auth",
		    "profile", profile_of(d)->name, "result",
		    "cached token refused", "reply", o.text, "next",
		    "fresh token", NULL);
		d->fresh = true;
		get_secret(d);
		return;
	}
	if (o.class == OUTCOME_CLASS_L || o.class == OUTCOME_CLASS_T)
		finish_with(d, &o);
	else
		next_way(d, &o);
}

static void
transfer_ended(struct deliver *d)
{
	if (split_rest(d))
		transfer(d);
	else
		finish(d);
}

/* The session has come to rest: what now? True if it has work again. */
static bool
take_turn(struct deliver *d)
{
	bool closed = smtp_phase(d->smtp) == SMTP_CLOSED;

	switch (d->at) {
	case AT_SESSION:
		if (closed)
			session_failed(d);
		else
			authenticate(d);
		break;
	case AT_AUTH:
		auth_ended(d);
		break;
	case AT_TRANSFER:
		transfer_ended(d);
		break;
	case AT_SECRET:
		return false; /* idle while a token is fetched */
	}
	return true;
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	go_on(ctx);
}

static void
watch(struct deliver *d)
{
	struct smtp_wait w;

	smtp_waits(d->smtp, &w);
	if (d->watched >= 0 && d->watched != w.fd)
		loop_watch(d->loop, d->watched, 0, NULL, NULL);
	d->watched = w.fd;
	if (w.fd >= 0)
		loop_watch(d->loop, w.fd, w.events, on_ready, d);
	loop_timer_start(d->loop, &d->step_timer, w.due, go_on, d);
}

/* Step the session, and follow whatever comes of it. */
static void
go_on(void *ctx)
{
	struct deliver *d = ctx;

	if (d->finished || d->smtp == NULL)
		return;
	smtp_step(d->smtp, sys_mono());
	while (
	    !d->finished && d->smtp != NULL && smtp_phase(d->smtp) != SMTP_BUSY)
		if (!take_turn(d))
			break;
	if (d->finished || d->smtp == NULL)
		return;
	if (smtp_phase(d->smtp) == SMTP_BUSY)
		watch(d);
	else
		unwatch(d);
}

static void
begin(void *ctx)
{
	struct deliver *d = ctx;

	get_secret(d);
	go_on(d);
}

struct deliver *
deliver_start(struct loop *l, struct wire *w, const struct deliver_order *o,
    void (*done)(void *ctx), void *ctx)
{
	struct deliver *d = mem_new(1, sizeof(*d));
	const struct profile *p = o->profile;

	d->loop = l;
	d->wire = w;
	d->order = o;
	d->done = done;
	d->ctx = ctx;
	d->watched = -1;
	d->started = sys_mono();
	d->result = mem_new(o->envelope->n_rcpts, sizeof(*d->result));
	if (o->somebody_waits)
		loop_timer_start(l, &d->foreground_timer,
		    d->started + p->foreground, foreground_is_over, d);
	loop_timer_start(l, &d->done_timer, 0, begin, d);
	return d;
}

const struct outcome *
deliver_outcomes(const struct deliver *d)
{
	return d->result;
}

const struct outcome *
deliver_troubles(const struct deliver *d, size_t *n)
{
	*n = d->n_trouble == profile_of(d)->n_auth ? d->n_trouble : 0;
	return d->trouble;
}

const char *
deliver_server(const struct deliver *d)
{
	return d->server_text != NULL ? d->server_text : "";
}

void
deliver_free(struct deliver *d)
{
	if (d == NULL)
		return;
	close_session(d);
	cred_free(d->cred);
	loop_timer_stop(d->loop, &d->foreground_timer);
	loop_timer_stop(d->loop, &d->done_timer);
	free(d->server_text);
	free(d->result);
	free(d);
}
