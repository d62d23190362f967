/* SPDX-License-Identifier: ISC */
/*
 * check_server: each server of a profile, twice: as far as EHLO, and, once it
 * is known what can be said to it, from AUTH to RCPT. In between tokens are
 * fetched, for which no session should have to wait.
 */
#include "cmd/check_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/tell.h"

/* ---- as far as EHLO */

static void
show_line(void *ctx, bool sent, const char *line)
{
	(void)ctx;
	fputs(sent ? "    > " : "    < ", stdout);
	tell_print_text(line, strlen(line));
	fflush(stdout);
}

static void
order(struct check *k, size_t server, enum probe_step until,
    struct probe_order *q)
{
	*q = (struct probe_order){ .profile = k->profile,
		.server = server,
		.until = until,
		.way = PROFILE_AUTH_NONE };
	if (k->key != NULL)
		q->key_passphrase = cred_secret(k->key);
	if (k->asked->verbose && !k->asked->json)
		q->trace = show_line;
}

static void
advise_on_names(const struct check *k, const struct wire_target *t,
    const struct outcome *o, struct buf *b)
{
	if (o->class == OUTCOME_CLASS_C)
		buf_add_fmt(b,
		    "correct server (%s is unknown; getent ahosts "
		    "%s shows the same)",
		    t->host, t->host);
	else
		buf_add_fmt(b,
		    "see that names can be looked up here (/etc/resolv.conf): "
		    "getent ahosts %s",
		    t->host);
	check_add_place(b, k->profile);
}

static void
advise_on_connecting(
    const struct check *k, const struct wire_target *t, struct buf *b)
{
	if (t->unix_path != NULL)
		buf_add_fmt(b,
		    "see that something listens there: ss -lx src %s",
		    t->unix_path);
	else
		buf_add_fmt(b,
		    "see that the port can be reached: nc -vz %s %u; a "
		    "firewall may close it%s; else correct server",
		    t->host, t->port,
		    t->port == 25 ? " (25 is closed in most networks: submit "
				    "at 587 or 465)"
				  : "");
	check_add_place(b, k->profile);
}

static void
add_offer(struct buf *b, const struct smtp_offer *o)
{
	buf_add_fmt(b, "%s%s", o->has_auth ? "AUTH " : "no AUTH",
	    o->has_auth ? o->auth_words : "");
	if (o->has_size)
		buf_add_fmt(b, ", SIZE %llu", (unsigned long long)o->size);
	buf_add_fmt(b, "%s%s%s", o->pipelining ? ", PIPELINING" : "",
	    o->eight_bit ? ", 8BITMIME" : "", o->utf8 ? ", SMTPUTF8" : "");
}

static void
tell_names(struct check *k, const struct wire_target *t, const struct probe *p,
    bool ok)
{
	struct check_step s;

	check_step_begin(&s, probe_step_name(PROBE_NAMES));
	s.took = p->took[PROBE_NAMES];
	buf_add_fmt(
	    &s.text, "%s%s%s", ok ? t->host : "", ok ? ": " : "", p->names);
	if (!ok) {
		check_step_fail(&s, &p->outcome);
		advise_on_names(k, t, &p->outcome, &s.remedy);
	}
	check_step_end(k, &s);
}

static void
tell_connect(struct check *k, const struct wire_target *t,
    const struct probe *p, bool ok)
{
	struct check_step s;

	check_step_begin(&s, probe_step_name(PROBE_CONNECT));
	s.took = p->took[PROBE_CONNECT];
	if (ok) {
		buf_add_str(
		    &s.text, t->unix_path != NULL ? t->unix_path : p->address);
		if (t->unix_path == NULL)
			buf_add_fmt(&s.text, " port %u", t->port);
	} else {
		check_step_fail(&s, &p->outcome);
		advise_on_connecting(k, t, &s.remedy);
	}
	check_step_end(k, &s);
}

static void
tell_ehlo(struct check *k, const struct probe *p, bool ok)
{
	struct check_step s;

	check_step_begin(&s, probe_step_name(PROBE_EHLO));
	s.took = p->took[PROBE_EHLO];
	if (ok)
		add_offer(&s.text, &p->offer);
	else
		check_step_fail(&s, &p->outcome);
	check_step_end(k, &s);
}

/* What the first look has shown of that step. */
static void
tell_step(struct check *k, const struct wire_target *t, const struct probe *p,
    enum probe_step step)
{
	bool failed = !p->ok && p->failed == step;

	if (step == PROBE_NAMES && t->unix_path != NULL)
		return;
	if (!failed && step > p->reached)
		check_skip(k, probe_step_name(step));
	else if (step == PROBE_NAMES)
		tell_names(k, t, p, !failed);
	else if (step == PROBE_CONNECT)
		tell_connect(k, t, p, !failed);
	else if (step == PROBE_TLS)
		check_tls(k, t, p, !failed);
	else
		tell_ehlo(k, p, !failed);
}

/* True if the server says EHLO. */
static bool
look_at_server(struct check *k, size_t server)
{
	const struct wire_target *t = &k->profile->servers[server].wire;
	struct probe_order q;
	struct probe p;

	order(k, server, PROBE_EHLO, &q);
	probe_run(&q, &p);
	k->server = p.server;
	for (enum probe_step s = PROBE_NAMES; s <= PROBE_EHLO; s++)
		tell_step(k, t, &p, s);
	k->server = NULL;
	return p.ok;
}

/* ---- from AUTH on */

static void
tell_auth(struct check *k, enum profile_auth way, const struct probe *p)
{
	bool ok = p->reached >= PROBE_AUTH;
	struct outcome o = p->outcome;
	struct check_step s;

	check_step_begin(&s, probe_step_name(PROBE_AUTH));
	s.of_way = true;
	s.took = p->took[PROBE_AUTH];
	if (ok && way == PROFILE_AUTH_NONE) {
		buf_add_str(&s.text, "none (auth = \"none\")");
		s.took = -1;
	} else if (ok) {
		buf_add_fmt(&s.text, "%s by %s as %s: 235",
		    profile_auth_name(way), sasl_name(p->mech),
		    profile_user_text(k->profile));
	} else {
		profile_use_up(k->account, &o);
		buf_add_fmt(&s.text, "%s: ", profile_auth_name(way));
		check_step_fail(&s, &o);
	}
	k->some_way |= ok;
	check_step_end(k, &s);
}

/*
 * The profile's own address need not take mail: a refusal of that alone says
 * nothing of the account.
 */
static void
judge_rcpt(const struct check *k, struct check_step *s)
{
	if (k->asked->rcpt != NULL || s->outcome->class != OUTCOME_CLASS_M)
		return;
	s->mark = CHECK_WARN;
	buf_add_fmt(&s->remedy,
	    "name an address that takes mail: osmtp check %s --to ADDRESS",
	    k->profile->name);
}

static void
tell_envelope(struct check *k, const struct probe *p, enum probe_step step,
    const char *address)
{
	bool failed = !p->ok && p->failed == step;
	struct check_step s;

	if (!failed && p->reached < step) {
		check_skip(k, probe_step_name(step));
		return;
	}
	check_step_begin(&s, probe_step_name(step));
	buf_add_fmt(&s.text, "<%s>", address);
	if (failed) {
		buf_add_str(&s.text, ": ");
		check_step_fail(&s, &p->outcome);
	}
	if (failed && step == PROBE_RCPT)
		judge_rcpt(k, &s);
	check_step_end(k, &s);
}

/* Try way i there; a token from the cache that is refused makes room for a
 * fresh one, once. False: nothing could be tried. */
static bool
try_way(struct check *k, size_t server, size_t i, enum probe_step until,
    const char *rcpt, struct probe *p)
{
	enum profile_auth way = k->account->auth[i];
	struct probe_order q;
	bool again;

	if (k->cred[i] != NULL && cred_secret(k->cred[i]) == NULL)
		return false;
	order(k, server, until, &q);
	q.way = way;
	q.rcpt = rcpt;
	q.secret = k->cred[i] != NULL ? cred_secret(k->cred[i]) : NULL;
	probe_run(&q, p);
	again = !p->ok && p->failed == PROBE_AUTH &&
		p->outcome.class == OUTCOME_CLASS_F && k->cred[i] != NULL &&
		cred_was_cached(k->cred[i]);
	if (!again)
		return true;
	if (!check_refill(k, i))
		return false;
	q.secret = cred_secret(k->cred[i]);
	probe_run(&q, p);
	return true;
}

static void
sign_in(struct check *k, size_t server, const char *own, const char *rcpt)
{
	struct probe p;
	bool sent = false;

	for (size_t i = 0; i < k->account->n_auth; i++) {
		if (!try_way(k, server, i, sent ? PROBE_AUTH : PROBE_RCPT, rcpt,
			&p)) {
			check_skip(k, probe_step_name(PROBE_AUTH));
			continue;
		}
		k->server = p.server;
		tell_auth(k, k->account->auth[i], &p);
		if (!sent && p.reached >= PROBE_AUTH) {
			tell_envelope(k, &p, PROBE_MAIL, own);
			tell_envelope(k, &p, PROBE_RCPT, rcpt);
			sent = true;
		}
		k->server = NULL;
	}
	if (!sent) {
		check_skip(k, probe_step_name(PROBE_MAIL));
		check_skip(k, probe_step_name(PROBE_RCPT));
	}
}

void
check_servers(struct check *k)
{
	const struct profile *p = k->profile;
	char *own = addr_text(&p->address);
	const char *rcpt = k->asked->rcpt != NULL ? k->asked->rcpt : own;
	bool *up = mem_new(p->n_servers, sizeof(*up));
	bool key = check_key(k);

	for (size_t i = 0; key && i < p->n_servers; i++)
		up[i] = look_at_server(k, i);
	check_secrets(k);
	for (size_t i = 0; i < p->n_servers; i++) {
		if (up[i]) {
			sign_in(k, i, own, rcpt);
			continue;
		}
		for (enum probe_step s = key ? PROBE_AUTH : PROBE_NAMES;
		     s < PROBE_STEPS; s++)
			check_skip(k, probe_step_name(s));
	}
	free(up);
	free(own);
}
