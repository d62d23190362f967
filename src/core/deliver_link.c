/* SPDX-License-Identifier: ISC */
/* deliver_link: sessions: opened by the list of servers, kept, handed on. */
#include "core/deliver_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

enum { SERVED_MAX = 100 }; /* transactions in a session; servers leave then */

static void
free_link(struct deliver_link *k)
{
	smtp_free(k->smtp);
	cred_free(k->key);
	free(k->server);
	free(k);
}

bool
deliver_is_idle(const struct deliver *d)
{
	return d->link != NULL && smtp_phase(d->link->smtp) == SMTP_IDLE;
}

bool
deliver_is_closed(const struct deliver *d)
{
	return d->link == NULL || smtp_phase(d->link->smtp) == SMTP_CLOSED;
}

/* ---- watching */

static void
wake(void *ctx)
{
	struct deliver_link *k = ctx;

	if (k->user != NULL)
		deliver_go_on(k->user);
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	wake(ctx);
}

void
deliver_unwatch(struct deliver *d)
{
	if (d->watched >= 0)
		loop_watch(d->loop, d->watched, 0, NULL, NULL);
	d->watched = -1;
	loop_timer_stop(d->loop, &d->step_timer);
}

void
deliver_watch(struct deliver *d)
{
	struct smtp_wait w;

	smtp_waits(d->link->smtp, &w);
	if (d->watched >= 0 && d->watched != w.fd)
		loop_watch(d->loop, d->watched, 0, NULL, NULL);
	d->watched = w.fd;
	if (w.fd >= 0)
		loop_watch(d->loop, w.fd, w.events, on_ready, d->link);
	loop_timer_start(d->loop, &d->step_timer, w.due, wake, d->link);
}

void
deliver_hang_up(struct deliver *d, bool quit)
{
	deliver_unwatch(d);
	d->refused_here = false;
	if (d->link == NULL)
		return;
	if (quit)
		smtp_quit(d->link->smtp);
	free_link(d->link);
	d->link = NULL;
}

/* ---- opening */

static void
open_link(struct deliver *d)
{
	struct deliver_link *k = mem_new(1, sizeof(*k));
	const struct wire_target *t = &k->target.wire;
	struct err e = ERR_NONE;
	struct outcome o;

	k->account = d->account;
	k->user = d;
	k->target = d->order->profile->servers[d->server];
	if (d->key != NULL)
		k->target.wire.key_passphrase = cred_secret(d->key);
	k->server = t->unix_path != NULL
			? mem_dup(t->unix_path)
			: mem_printf("%s:%u", t->host, t->port);
	mem_replace(&d->server_text, mem_dup(k->server));
	d->at = DELIVER_AT_SESSION;
	if (smtp_open(d->wire, &k->target, sys_mono(), wake, k, &k->smtp, &e) !=
	    0) {
		free_link(k);
		outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_L,
		    OUTCOME_AT_CONNECT, 0, e.text);
		deliver_finish_with(d, &o);
		return;
	}
	d->link = k;
	smtp_trace(k->smtp, d->order->trace, d->order->trace_ctx);
}

/* The passphrase has come, or not; without it no way can be gone. */
static void
key_came(void *ctx)
{
	struct deliver *d = ctx;

	if (cred_secret(d->key) == NULL)
		deliver_finish_with(d, cred_outcome(d->key));
	else
		open_link(d);
	deliver_go_on(d);
}

void
deliver_get_session(struct deliver *d)
{
	if (deliver_is_idle(d)) {
		deliver_authenticate(d);
		return;
	}
	deliver_hang_up(d, false);
	d->server = 0;
	if (d->account->has_key_passphrase && d->key == NULL) {
		d->at = DELIVER_AT_KEY;
		d->key = cred_fill(d->loop, d->order->profile,
		    PROFILE_AUTH_CERT, NULL, key_came, d);
	} else {
		open_link(d);
	}
}

void
deliver_redial(struct deliver *d)
{
	deliver_hang_up(d, false);
	open_link(d);
}

void
deliver_session_failed(struct deliver *d)
{
	struct outcome o = *smtp_outcome(d->link->smtp);

	deliver_classify(d, &o);
	deliver_hang_up(d, false);
	if (o.class == OUTCOME_CLASS_L &&
	    d->server + 1 < d->order->profile->n_servers) {
		log_event(LOG_LEVEL_WARN, d->order->envelope->id, "connect",
		    "profile", d->order->profile->name, "server",
		    d->server_text, "stage", outcome_stage_name(o.stage),
		    "reply", o.text, NULL);
		d->server++;
		open_link(d);
		return;
	}
	deliver_finish_with(d, &o);
}

/* ---- handing on */

bool
deliver_adopt_link(struct deliver *d)
{
	struct deliver_link *k = d->given;

	d->given = NULL;
	if (k == NULL)
		return false;
	if (k->account != d->account || smtp_phase(k->smtp) != SMTP_IDLE) {
		deliver_close_link(k);
		return false;
	}
	k->user = d;
	d->link = k;
	d->ways = k->ways;
	d->key = k->key;
	k->key = NULL;
	d->server_text = mem_dup(k->server);
	smtp_trace(k->smtp, d->order->trace, d->order->trace_ctx);
	return true;
}

struct deliver_link *
deliver_take_link(struct deliver *d)
{
	struct deliver_link *k = d->link;

	if (!d->finished || !deliver_is_idle(d) || k->served >= SERVED_MAX)
		return NULL;
	d->link = NULL;
	k->user = NULL;
	k->ways = d->ways;
	k->key = d->key;
	d->key = NULL;
	smtp_trace(k->smtp, NULL, NULL);
	return k;
}

void
deliver_close_link(struct deliver_link *k)
{
	if (k == NULL)
		return;
	smtp_quit(k->smtp);
	free_link(k);
}
