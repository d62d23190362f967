/* SPDX-License-Identifier: ISC */
/*
 * probe: a look at a submission server.
 *
 * The steps stand in one order, DNS TCP TLS EHLO AUTH MAIL RCPT, whatever the
 * server has first: with STARTTLS its greeting and a first EHLO come before
 * TLS, and what fails there fails as EHLO, with TLS not reached.
 *
 * Each order to the session is awaited by turning the loop, so that it reads
 * from top to bottom.
 */
#include "core/probe_part.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"

struct run {
	const struct probe_order *q;
	struct probe *out;
	const struct profile *account;
	struct loop *loop;
	struct wire *wire;
	struct smtp_target target;
	struct smtp *smtp;
	struct secret nothing; /* what EXTERNAL goes with */
	int64_t began;	       /* of the step that goes on */
	enum wire_stage stage; /* as last seen */
	bool secured;	       /* TLS is up */
};

const char *
probe_step_name(enum probe_step s)
{
	static const char *const names[] = { "DNS", "TCP", "TLS", "EHLO",
		"AUTH", "MAIL", "RCPT" };

	return names[s];
}

/* ---- verdicts */

/* That step is done. True if there is another to do. */
static bool
pass(struct run *r, enum probe_step s)
{
	r->out->reached = s;
	return s < r->q->until;
}

static bool
fail(struct run *r, enum probe_step s, const struct outcome *o)
{
	r->out->ok = false;
	r->out->failed = s;
	r->out->outcome = *o;
	profile_classify(r->account, r->target.wire.host, &r->out->outcome);
	return false;
}

static bool
fail_by(struct run *r, enum probe_step s, enum outcome_stage stage,
    enum outcome_class class, const char *text)
{
	struct outcome o;

	outcome_set(&o, OUTCOME_LATER, class, stage, 0, text);
	return fail(r, s, &o);
}

/* ---- waiting */

/* The time since then goes to that step. */
static void
stop_watch(struct run *r, enum probe_step s)
{
	int64_t now = sys_mono();

	r->out->took[s] += now - r->began;
	r->began = now;
}

static enum probe_step
step_of(enum wire_stage stage)
{
	switch (stage) {
	case WIRE_CONNECTING:
		return PROBE_CONNECT;
	case WIRE_SECURING:
		return PROBE_TLS;
	default:
		return PROBE_EHLO;
	}
}

/* How far has connecting come? */
static void
look_at_link(struct run *r)
{
	enum wire_stage stage = wire_stage(smtp_link(r->smtp));

	if (stage == r->stage)
		return;
	stop_watch(r, step_of(r->stage));
	if (r->stage == WIRE_SECURING && stage != WIRE_FAILED)
		r->secured = true;
	r->stage = stage;
}

static void
wake(void *ctx)
{
	struct run *r = ctx;

	loop_stop(r->loop);
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	wake(ctx);
}

/* Turn the loop once the session has said what it waits for. */
static void
turn(struct run *r)
{
	struct loop_timer timer = { 0 };
	struct smtp_wait w;

	smtp_waits(r->smtp, &w);
	if (w.fd >= 0)
		loop_watch(r->loop, w.fd, w.events, on_ready, r);
	loop_timer_start(r->loop, &timer, w.due, wake, r);
	loop_run(r->loop);
	loop_timer_stop(r->loop, &timer);
	if (w.fd >= 0)
		loop_watch(r->loop, w.fd, 0, NULL, NULL);
}

/* Until the order is done; while connecting, no further than is asked for. */
static void
await(struct run *r)
{
	for (;;) {
		smtp_step(r->smtp, sys_mono());
		look_at_link(r);
		if (smtp_phase(r->smtp) != SMTP_BUSY ||
		    (r->q->until == PROBE_CONNECT &&
			r->stage != WIRE_CONNECTING) ||
		    (r->q->until == PROBE_TLS && r->secured))
			return;
		turn(r);
	}
}

/* ---- the steps */

static bool
is_literal(const char *host)
{
	unsigned char room[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, room) == 1 ||
	       inet_pton(AF_INET6, host, room) == 1;
}

static bool
do_names(struct run *r)
{
	const struct smtp_target *t = &r->target;
	struct probe *out = r->out;
	struct outcome o;
	bool ok = true;

	if (t->wire.unix_path != NULL)
		return pass(r, PROBE_NAMES);
	if (is_literal(t->wire.host))
		snprintf(out->names, sizeof(out->names), "%s", t->wire.host);
	else
		ok = probe_names(r->loop, t->wire.host, t->timeouts.connect,
		    out->names, sizeof(out->names), &o);
	stop_watch(r, PROBE_NAMES);
	return ok ? pass(r, PROBE_NAMES) : fail(r, PROBE_NAMES, &o);
}

/* Why is the server's certificate no good, or when will it not be? */
static void
look_at_chain(struct run *r)
{
	const struct wire_target *t = &r->target.wire;
	const char *pem = wire_chain(smtp_link(r->smtp));

	if (pem[0] != '\0')
		r->out->has_chain =
		    crypt_chain_look(pem, strlen(pem),
			t->ca_file != NULL ? t->ca_file : wire_ca_file(),
			t->server_name != NULL ? t->server_name : t->host,
			sys_now(), &r->out->chain, NULL) == 0;
}

/* Where it stood when the session did not come up. */
static enum probe_step
failed_step(const struct run *r)
{
	switch (smtp_outcome(r->smtp)->stage) {
	case OUTCOME_AT_CONNECT:
		return PROBE_CONNECT;
	case OUTCOME_AT_TLS:
		return PROBE_TLS;
	default:
		return wire_failure(smtp_link(r->smtp))->no_tls ? PROBE_TLS
								: PROBE_EHLO;
	}
}

static bool
do_connect(struct run *r)
{
	struct err e = ERR_NONE;
	enum probe_step s;

	if (smtp_open(r->wire, &r->target, sys_mono(), wake, r, &r->smtp, &e) !=
	    0)
		return fail_by(r, PROBE_CONNECT, OUTCOME_AT_CONNECT,
		    OUTCOME_CLASS_L, e.text);
	smtp_trace(r->smtp, r->q->trace, r->q->trace_ctx);
	await(r);
	stop_watch(r, step_of(r->stage));
	snprintf(r->out->address, sizeof(r->out->address), "%s",
	    wire_address(smtp_link(r->smtp)));
	look_at_chain(r);
	if (smtp_phase(r->smtp) == SMTP_BUSY) /* far enough */
		return pass(r, r->q->until);
	if (smtp_phase(r->smtp) == SMTP_IDLE) {
		r->out->offer = *smtp_offer(r->smtp);
		return pass(
		    r, r->q->until < PROBE_EHLO ? r->q->until : PROBE_EHLO);
	}
	s = failed_step(r);
	if (s != PROBE_CONNECT &&
	    (r->out->address[0] != '\0' || r->target.wire.unix_path != NULL))
		r->out->reached = PROBE_CONNECT;
	if (s > PROBE_TLS && (r->secured || r->target.wire.tls == WIRE_CLEAR))
		r->out->reached = PROBE_TLS;
	return fail(r, s, smtp_outcome(r->smtp));
}

static bool
do_auth(struct run *r)
{
	const struct wire_target *t = &r->target.wire;
	const struct probe_order *q = r->q;
	struct sasl_identity id = { .user = profile_user_text(q->profile),
		.secret = q->secret != NULL ? q->secret : &r->nothing,
		.host = t->host,
		.port = t->port };
	struct outcome o;

	if (q->way == PROFILE_AUTH_NONE)
		return pass(r, PROBE_AUTH);
	if (!profile_choose_mech(
		r->account, q->way, &r->out->offer, &r->out->mech, &o))
		return fail(r, PROBE_AUTH, &o);
	smtp_auth(r->smtp, r->out->mech, &id, sys_mono());
	await(r);
	stop_watch(r, PROBE_AUTH);
	if (smtp_outcome(r->smtp)->kind != OUTCOME_DELIVERED)
		return fail(r, PROBE_AUTH, smtp_outcome(r->smtp));
	r->out->outcome = *smtp_outcome(r->smtp);
	return pass(r, PROBE_AUTH);
}

/* The recipient that is asked for, if any. */
static int
make_envelope(struct run *r, struct envelope *v, struct err *e)
{
	struct addr rcpt = { 0 };
	int rc = envelope_set_sender(v, &r->q->profile->address, e);

	if (rc == 0 && r->q->until >= PROBE_RCPT) {
		rc = addr_parse(r->q->rcpt, false, &rcpt, e);
		if (rc == 0)
			rc = envelope_add_rcpt(v, &rcpt, e);
		addr_clear(&rcpt);
	}
	return rc;
}

static bool
do_envelope(struct run *r)
{
	struct envelope v = { 0 };
	struct err e = ERR_NONE;
	struct outcome rcpt;
	int rc;

	memset(&rcpt, 0, sizeof(rcpt));
	rc = make_envelope(r, &v, &e);
	if (rc == 0) {
		smtp_verify(r->smtp, &v, &rcpt, sys_mono());
		await(r);
		stop_watch(r, PROBE_MAIL);
	}
	envelope_clear(&v);
	if (rc != 0)
		return fail_by(
		    r, PROBE_MAIL, OUTCOME_AT_MAIL, OUTCOME_CLASS_M, e.text);
	r->out->outcome = *smtp_outcome(r->smtp);
	if (r->out->outcome.kind != OUTCOME_DELIVERED)
		return fail(r, PROBE_MAIL, smtp_outcome(r->smtp));
	if (!pass(r, PROBE_MAIL))
		return false;
	if (rcpt.kind != OUTCOME_DELIVERED)
		return fail(r, PROBE_RCPT, &rcpt);
	r->out->outcome = rcpt;
	return pass(r, PROBE_RCPT);
}

static void
name_server(struct run *r)
{
	const struct wire_target *t = &r->target.wire;
	char *out = r->out->server;
	size_t size = sizeof(r->out->server);

	if (t->unix_path != NULL)
		snprintf(out, size, "%s", t->unix_path);
	else
		snprintf(out, size, "%s:%u", t->host, t->port);
}

void
probe_run(const struct probe_order *q, struct probe *out)
{
	static bool (*const steps[])(
	    struct run *) = { do_names, do_connect, do_auth, do_envelope };
	struct run r = {
		.q = q, .out = out, .account = profile_account(q->profile)
	};
	size_t i = 0;

	memset(out, 0, sizeof(*out));
	out->ok = true;
	secret_init(&r.nothing);
	r.target = q->profile->servers[q->server];
	r.target.wire.keep_chain = true;
	r.target.wire.key_passphrase = q->key_passphrase;
	name_server(&r);
	r.loop = loop_new();
	r.wire = wire_new(r.loop);
	r.began = sys_mono();
	while (i < sizeof(steps) / sizeof(steps[0]) && steps[i](&r))
		i++;
	if (r.smtp != NULL)
		smtp_quit(r.smtp);
	smtp_free(r.smtp);
	wire_free(r.wire);
	loop_free(r.loop);
}
