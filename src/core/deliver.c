/* SPDX-License-Identifier: ISC */
/* deliver: one message through one profile. */
/*
 * The way through, each step in the part that is named:
 *
 *   secret       deliver_auth   the next way of `auth`: cred fills, or none is
 *                               needed
 *   key, session deliver_link   connect, by the list of servers, unless a
 *                               session is open; before, the passphrase of
 *                               the client key
 *   auth         deliver_auth   a mechanism that way and server share
 *   transfer     deliver        the message, in as many transactions as it
 *                               takes; deliver_text makes it fit for the server
 *
 * A link that was handed on is logged in: its message begins at transfer. If
 * the server has left in the meantime that is nobody's trouble, and all begins
 * at the front.
 *
 * Recipients without an outcome are OPEN; a transaction is for the first so and
 * so many of them, and gives each an outcome. Behind it each is judged, once:
 * its class, and whether it becomes OPEN again, for the next transaction. One
 * class needs all of them: C at RCPT (judge_policy).
 */
#include "core/deliver_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

/* ---- words for the log */

/* The end of the word w in text, wherever it begins; or NULL. */
static const char *
behind(const char *text, const char *w)
{
	size_t n = strlen(w);
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (text_case_eq_n(p, w, n) &&
		    (p == text || !text_is_alnum(p[-1])))
			return p + n;
	}
	return NULL;
}

/* The name that the server gave the message, from its 250: to be freed; NULL
 * if it says none. */
static char *
remote_id(const struct outcome *o)
{
	static const char *const before[] = { "queued as ", "id=", "ok: " };
	const char *p = NULL;
	size_t i, n;

	if (o->kind != OUTCOME_DELIVERED)
		return NULL;
	for (i = 0; i < sizeof(before) / sizeof(before[0]) && p == NULL; i++)
		p = behind(o->text, before[i]);
	n = p != NULL ? strcspn(p, " ,;()<>") : 0;
	while (n > 0 && p[n - 1] == '.')
		n--;
	return n > 0 ? mem_dup_n(p, n) : NULL;
}

static void
log_outcome(const struct deliver *d, const struct outcome *o, const char *rcpt)
{
	const char *auth = d->ways.mech != NULL ? d->ways.mech : "none";
	char *code = o->code ? mem_printf("%d", o->code) : NULL;
	char *took = mem_printf("%lld", (long long)(sys_mono() - d->started));
	char *remote = remote_id(o);

	log_event(
	    o->kind == OUTCOME_DELIVERED ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
	    d->order->envelope->id, "delivery", "result",
	    outcome_kind_name(o->kind), "to", rcpt, "from",
	    d->order->envelope->sender, "profile", d->order->profile->name,
	    "server", d->server_text, "auth",
	    d->at == DELIVER_AT_TRANSFER ? auth : NULL, "class",
	    o->class == OUTCOME_CLASS_NONE ? NULL
					   : outcome_class_name(o->class),
	    "stage", outcome_stage_name(o->stage), "code", code, "reply",
	    o->text, "remote", remote, "ms", took, NULL);
	free(code);
	free(took);
	free(remote);
}

/* ---- classes */

void
deliver_classify(const struct deliver *d, struct outcome *o)
{
	profile_classify(d->account, d->link->target.wire.host, o);
}

static bool
is_final(const struct outcome *o)
{
	return o->kind == OUTCOME_DELIVERED || o->kind == OUTCOME_REFUSED;
}

/* Was recipient i settled before this attempt? */
static bool
is_passed_over(const struct deliver *d, size_t i)
{
	return d->order->before != NULL && is_final(&d->order->before[i]);
}

/* A refusal that may be the recipient's, or the sender's, the login's .. that
 * the server has held back until RCPT. */
static bool
is_policy(const struct outcome *o)
{
	return o->stage == OUTCOME_AT_RCPT && o->class == OUTCOME_CLASS_C;
}

/* Where the server takes anybody from this sender, it does so for them that
 * it refused; where all are refused alike, it is not they who are meant. */
static void
judge_policy(struct deliver *d)
{
	const size_t n = d->order->envelope->n_rcpts;
	bool any_taken = false, all_refused = true;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct outcome *o = &d->result[i];

		any_taken |=
		    o->kind == OUTCOME_DELIVERED || o->stage > OUTCOME_AT_RCPT;
		all_refused &= is_policy(o) || is_passed_over(d, i);
	}
	if (!any_taken && !all_refused)
		return;
	for (i = 0; i < n; i++) {
		struct outcome *o = &d->result[i];

		if (is_passed_over(d, i) || !is_policy(o))
			continue;
		o->kind = any_taken ? OUTCOME_REFUSED : OUTCOME_LATER;
		o->class = any_taken ? OUTCOME_CLASS_M : OUTCOME_CLASS_C;
	}
}

/* ---- the end */

static void
tell_done(void *ctx)
{
	struct deliver *d = ctx;

	d->done(d->ctx);
}

/* Every recipient has its outcome. */
static void
finish(struct deliver *d)
{
	const struct envelope *v = d->order->envelope;
	size_t i;

	judge_policy(d);
	for (i = 0; i < v->n_rcpts; i++) {
		if (!is_passed_over(d, i))
			log_outcome(d, &d->result[i], v->rcpts[i]);
	}
	deliver_unwatch(d);
	if (!d->order->more || d->at != DELIVER_AT_TRANSFER ||
	    !deliver_is_idle(d))
		deliver_hang_up(d, true);
	cred_free(d->cred);
	d->cred = NULL;
	if (d->at == DELIVER_AT_KEY) { /* it must not call back */
		cred_free(d->key);
		d->key = NULL;
	}
	loop_timer_stop(d->loop, &d->foreground_timer);
	d->finished = true;
	loop_timer_start(d->loop, &d->done_timer, 0, tell_done, d);
}

void
deliver_finish_with(struct deliver *d, const struct outcome *o)
{
	size_t i;

	for (i = 0; i < d->order->envelope->n_rcpts; i++) {
		if (d->result[i].kind == OUTCOME_OPEN)
			d->result[i] = *o;
	}
	finish(d);
}

static enum outcome_stage
stage_of(enum deliver_at at)
{
	switch (at) {
	case DELIVER_AT_SECRET:
		return OUTCOME_AT_TOKEN;
	case DELIVER_AT_KEY:
	case DELIVER_AT_SESSION:
		return OUTCOME_AT_CONNECT;
	case DELIVER_AT_AUTH:
		return OUTCOME_AT_AUTH;
	case DELIVER_AT_TRANSFER:
		break;
	}
	return OUTCOME_AT_MAIL;
}

static void
foreground_is_over(void *ctx)
{
	struct deliver *d = ctx;
	struct outcome o;
	struct buf b;

	if (d->link != NULL && smtp_is_in_data(d->link->smtp))
		return; /* its own deadlines hold */
	buf_init(&b, 256);
	buf_add_str(&b, "not done within ");
	text_add_duration(&b, d->order->profile->foreground);
	buf_add_str(&b, " (timeouts.foreground)");
	outcome_set(
	    &o, OUTCOME_LATER, OUTCOME_CLASS_L, stage_of(d->at), 0, b.data);
	buf_clear(&b);
	deliver_finish_with(d, &o);
}

/* ---- the message */

static size_t
count_open(const struct deliver *d)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < d->order->envelope->n_rcpts; i++)
		n += d->result[i].kind == OUTCOME_OPEN;
	return n;
}

void
deliver_transfer(struct deliver *d)
{
	size_t max = d->order->profile->max_rcpts;
	struct smtp_order o = { .max_rcpts = max,
		.last = !d->order->more && count_open(d) <= max };

	d->at = DELIVER_AT_TRANSFER;
	if (!deliver_fit_text(d, &o))
		return;
	smtp_send(d->link->smtp, &o, d->result, sys_mono());
}

/* The session was over before the server had said anything of this message. */
static bool
is_stale_link(const struct deliver *d, const struct outcome *o)
{
	return deliver_is_closed(d) && d->link->served > 0 &&
	       o->kind == OUTCOME_LATER && o->stage == OUTCOME_AT_MAIL &&
	       (o->code == 0 || o->code == 421);
}

static bool
is_lost(const struct outcome *o)
{
	return o->stage > OUTCOME_AT_MAIL && o->class == OUTCOME_CLASS_T &&
	       (o->code == 0 || o->code == 421);
}

/* Too many at once, behind others that were taken (RFC 5321 4.5.3.1.10). */
static bool
is_put_off(const struct outcome *o)
{
	return o->stage == OUTCOME_AT_RCPT && o->class == OUTCOME_CLASS_T &&
	       (o->code == 452 || o->code == 552);
}

/* What a transaction has shown. */
struct transaction {
	size_t first; /* of its recipients; n_rcpts: it had none */
	size_t delivered;
	const struct outcome *failure; /* of one that was not, or NULL */
};

static bool
is_new(const struct deliver *d, size_t i)
{
	return !d->judged[i] && d->result[i].kind != OUTCOME_OPEN;
}

static void
look(const struct deliver *d, struct transaction *t)
{
	const size_t n = d->order->envelope->n_rcpts;
	size_t i;

	*t = (struct transaction){ .first = n };
	for (i = 0; i < n; i++) {
		if (!is_new(d, i))
			continue;
		if (t->first == n)
			t->first = i;
		if (d->result[i].kind == OUTCOME_DELIVERED)
			t->delivered++;
		else
			t->failure = &d->result[i];
	}
}

/* Make those of the last transaction OPEN again: all, or who were put off. */
static void
reopen(struct deliver *d, bool all)
{
	size_t i;

	for (i = 0; i < d->order->envelope->n_rcpts; i++) {
		if (is_new(d, i) && (all || is_put_off(&d->result[i])))
			memset(&d->result[i], 0, sizeof(d->result[i]));
	}
}

static void
judge(struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->order->envelope->n_rcpts; i++) {
		if (!is_new(d, i))
			continue;
		d->judged[i] = true;
		d->lost_link |= is_lost(&d->result[i]) && !d->text_failed;
	}
}

/* Those who are still OPEN after a transaction that ended all. MAIL's refusal
 * holds for them, too; else they were not tried. */
static void
leave_rest(struct deliver *d, const struct outcome *why)
{
	struct outcome o = *why;
	char *text;

	if (why->stage != OUTCOME_AT_MAIL) {
		text = mem_printf(
		    "not tried, since the session had ended: %s", why->text);
		outcome_set(&o, OUTCOME_LATER,
		    why->class == OUTCOME_CLASS_L ? OUTCOME_CLASS_L
						  : OUTCOME_CLASS_T,
		    OUTCOME_AT_MAIL, 0, text);
		free(text);
	}
	deliver_finish_with(d, &o);
}

static void
transfer_ended(struct deliver *d)
{
	struct transaction t;
	size_t i;

	look(d, &t);
	if (is_stale_link(d, &d->result[t.first])) {
		reopen(d, true);
		deliver_hang_up(d, false);
		deliver_begin(d);
		return;
	}
	d->link->served++;
	for (i = t.first; i < d->order->envelope->n_rcpts; i++) {
		if (is_new(d, i))
			deliver_classify(d, &d->result[i]);
	}
	if (t.delivered > 0 && deliver_is_idle(d))
		reopen(d, false);
	judge(d);
	if (count_open(d) == 0)
		finish(d);
	else if (deliver_is_idle(d) &&
		 (t.failure == NULL || t.failure->stage != OUTCOME_AT_MAIL))
		deliver_transfer(d);
	else
		leave_rest(d, t.failure);
}

/* ---- the machine */

/* The session has come to rest: what now? True if it has work again. */
static bool
take_turn(struct deliver *d)
{
	switch (d->at) {
	case DELIVER_AT_SESSION:
		if (deliver_is_closed(d))
			deliver_session_failed(d);
		else
			deliver_authenticate(d);
		break;
	case DELIVER_AT_AUTH:
		deliver_auth_ended(d);
		break;
	case DELIVER_AT_TRANSFER:
		transfer_ended(d);
		break;
	case DELIVER_AT_SECRET:
	case DELIVER_AT_KEY:
		return false; /* idle while a secret is fetched */
	}
	return true;
}

static bool
is_busy(const struct deliver *d)
{
	return smtp_phase(d->link->smtp) == SMTP_BUSY;
}

void
deliver_go_on(struct deliver *d)
{
	if (d->finished || d->link == NULL)
		return;
	smtp_step(d->link->smtp, sys_mono());
	while (!d->finished && d->link != NULL && !is_busy(d)) {
		if (!take_turn(d))
			break;
	}
	if (d->finished || d->link == NULL)
		return;
	if (is_busy(d))
		deliver_watch(d);
	else
		deliver_unwatch(d);
}

static void
begin(void *ctx)
{
	struct deliver *d = ctx;

	if (deliver_adopt_link(d))
		deliver_transfer(d);
	else
		deliver_begin(d);
	deliver_go_on(d);
}

struct deliver *
deliver_start(struct loop *l, struct wire *w, const struct deliver_order *o,
    void (*done)(void *ctx), void *ctx)
{
	struct deliver *d = mem_new(1, sizeof(*d));
	size_t n = o->envelope->n_rcpts;
	size_t i;

	d->loop = l;
	d->wire = w;
	d->order = o;
	d->account = profile_account(o->profile);
	d->done = done;
	d->ctx = ctx;
	d->given = o->link;
	d->watched = -1;
	d->started = sys_mono();
	secret_init(&d->nothing);
	d->result = mem_new(n, sizeof(*d->result));
	d->judged = mem_new(n, sizeof(*d->judged));
	for (i = 0; i < n; i++) {
		d->judged[i] = is_passed_over(d, i);
		if (d->judged[i])
			d->result[i] = o->before[i];
	}
	err_bug_if(count_open(d) == 0);
	if (o->somebody_waits)
		loop_timer_start(l, &d->foreground_timer,
		    d->started + o->profile->foreground, foreground_is_over, d);
	loop_timer_start(l, &d->done_timer, 0, begin, d);
	return d;
}

const struct outcome *
deliver_outcomes(const struct deliver *d)
{
	return d->result;
}

bool
deliver_lost_link(const struct deliver *d)
{
	return d->lost_link;
}

const struct outcome *
deliver_troubles(const struct deliver *d, size_t *n)
{
	*n = d->ways.n_trouble;
	return d->ways.trouble;
}

const char *
deliver_server(const struct deliver *d)
{
	return d->server_text != NULL ? d->server_text : "";
}

const char *
deliver_mech(const struct deliver *d)
{
	return d->ways.mech;
}

void
deliver_free(struct deliver *d)
{
	if (d == NULL)
		return;
	deliver_close_link(d->given);
	deliver_hang_up(d, d->finished);
	cred_free(d->cred);
	cred_free(d->key);
	loop_timer_stop(d->loop, &d->foreground_timer);
	loop_timer_stop(d->loop, &d->done_timer);
	deliver_forget_text(d);
	free(d->server_text);
	free(d->judged);
	free(d->result);
	free(d);
}
