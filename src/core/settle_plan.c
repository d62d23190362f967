/* SPDX-License-Identifier: ISC */
/* settle_plan: what is to become of a message, decided. */
/*
 *   recipients            the attempt has shown     act
 *   all delivered                                   remove
 *   none open, refused    all now, and told         remove
 *   none open, refused    else                      return, report
 *   open                  nothing but trouble of    leave
 *                         the account
 *   open, had its time                              return, report
 *   open                                            keep
 *
 * Its time: `able`, the sum of the times between two attempts for which its
 * account could send, each counted for a quarter of the lifetime at most, so
 * that a clock that jumps, or a machine that slept, expires nothing; and four
 * attempts. An attempt that the account's trouble has ended adds nothing and
 * is not recorded.
 *
 * A report is about those of whom that was wanted (NOTIFY, RFC 3461 4.1); where
 * that is nobody, none is due, and the act is the same. Those who were relayed
 * are told of once, when the message ends: one report, not one an attempt.
 *
 * What a state file holds is enough to see that a message has had its time.
 * So a crash between that record and the move to failed/ leads to a message
 * which is not tried again (SETTLE_NEED_END).
 */
#include "core/settle_plan.h"

#include <string.h>

#include "core/account.h"
#include "core/settle.h"

enum {
	HOUR = 60 * 60 * 1000,
	UNCLEAR_MS = 15 * 60 * 1000,
	ATTEMPTS_MIN = 4,
	GAP_SHARE = 4 /* of the lifetime, that one gap may count for */
};

/* ---- results */

static bool
is_final(enum outcome_kind k)
{
	return k == OUTCOME_DELIVERED || k == OUTCOME_REFUSED;
}

/* Of the account's troubles the one that counts: one that goes by itself says
 * that nothing is known of the others yet. 0: it is none. */
static int
weight(const struct outcome *o)
{
	if (o->kind != OUTCOME_LATER)
		return 0;
	switch (o->class) {
	case OUTCOME_CLASS_L:
		return 3;
	case OUTCOME_CLASS_P:
		return 2;
	case OUTCOME_CLASS_F:
	case OUTCOME_CLASS_C:
		return 1;
	case OUTCOME_CLASS_NONE:
	case OUTCOME_CLASS_T:
	case OUTCOME_CLASS_M:
		break;
	}
	return 0;
}

static void
count_attempt(struct settle_count *c, const struct outcome *o)
{
	int w = weight(o);

	if (w > 0) {
		if (c->trouble == NULL || w > weight(c->trouble))
			c->trouble = o;
		return;
	}
	c->news = true;
	c->it_works = o;
	c->refused_now += o->kind == OUTCOME_REFUSED;
	c->put_off |= !is_final(o->kind);
	c->unclear |= o->kind == OUTCOME_UNCLEAR;
}

bool
settle_concerns(enum report_kind kind, const struct outcome *o, unsigned notify)
{
	switch (kind) {
	case REPORT_FAILED:
		return o->kind != OUTCOME_DELIVERED &&
		       dsn_wants_failure(notify);
	case REPORT_DELAYED:
		return !is_final(o->kind) && dsn_wants_delay(notify);
	case REPORT_RELAYED:
		return o->kind == OUTCOME_DELIVERED && o->relayed;
	case REPORT_KINDS:
		break;
	}
	return false;
}

void
settle_count(const struct outcome *before, const struct outcome *result,
    const struct envelope *v, struct settle_count *c)
{
	static const struct outcome open;
	const struct outcome *o;
	unsigned kind;
	size_t i;

	memset(c, 0, sizeof(*c));
	c->n = v->n_rcpts;
	for (i = 0; i < c->n; i++) {
		o = before != NULL ? &before[i] : &open;
		if (!is_final(o->kind) && result != NULL) {
			o = &result[i];
			count_attempt(c, o);
		}
		c->refused += o->kind == OUTCOME_REFUSED;
		c->open += !is_final(o->kind);
		for (kind = 0; kind < REPORT_KINDS; kind++)
			c->to_tell[kind] += settle_concerns(
			    kind, o, envelope_wish(v, i)->notify);
	}
}

/* ---- the plan */

static bool
has_had_its_time(unsigned attempts, int64_t able, const struct profile_queue *q)
{
	return attempts >= ATTEMPTS_MIN && able >= q->lifetime;
}

/* For how long it could have gone since the last attempt. */
static int64_t
able_since(const struct settle_facts *f)
{
	int64_t begin = f->state->last;
	int64_t ms;

	if (begin == 0 || !f->count.put_off)
		return 0;
	if (f->resumed > begin)
		begin = f->resumed;
	ms = f->now - begin;
	if (ms > f->queue->lifetime / GAP_SHARE)
		ms = f->queue->lifetime / GAP_SHARE;
	return ms > 0 ? ms : 0;
}

static void
plan_attempt(const struct settle_facts *f, struct settle_plan *p)
{
	int64_t unclear = f->now + UNCLEAR_MS;

	p->attempts++;
	p->last = f->now;
	p->able += able_since(f);
	p->next = f->now + account_delay(f->queue->retry_first,
			       f->queue->retry_max, p->attempts, f->dice);
	if (f->count.unclear && p->next < unclear)
		p->next = unclear;
}

static bool
is_warning_due(const struct settle_facts *f, const struct settle_plan *p)
{
	int64_t after = f->queue->warn_after;

	return after > 0 && !f->state->warned && !f->unanswerable &&
	       f->count.to_tell[REPORT_DELAYED] > 0 && p->able >= after &&
	       f->now - f->accepted >= after;
}

void
settle_plan(const struct settle_facts *f, struct settle_plan *p)
{
	const struct settle_count *c = &f->count;

	memset(p, 0, sizeof(*p));
	p->attempts = f->state->attempts;
	p->last = f->state->last;
	p->next = f->state->next;
	p->able = f->state->able;
	if (f->attempt && c->news)
		plan_attempt(f, p);
	if (c->open == 0 &&
	    (c->refused == 0 || (f->told && c->refused_now == c->n))) {
		p->act = SETTLE_ACT_REMOVE;
	} else if (c->open == 0 ||
		   has_had_its_time(p->attempts, p->able, f->queue)) {
		p->act = SETTLE_ACT_RETURN;
		p->report = !f->unanswerable && !f->state->returned &&
			    c->to_tell[REPORT_FAILED] > 0;
	} else if (f->attempt && c->news) {
		p->act = SETTLE_ACT_KEEP;
		p->warn = is_warning_due(f, p);
	} else {
		p->act = SETTLE_ACT_LEAVE;
	}
	p->relayed =
	    (p->act == SETTLE_ACT_REMOVE || p->act == SETTLE_ACT_RETURN) &&
	    !f->unanswerable && c->to_tell[REPORT_RELAYED] > 0;
}

/* ---- when */

static int64_t
distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* Has it waited as long as it had to, by a clock that may have been set? */
static bool
is_due(const struct spool_state *s, int64_t now)
{
	return now >= s->next || s->last - now >= s->next - s->last;
}

static bool
is_unclear(const struct spool_item *i)
{
	size_t r;

	for (r = 0; i->state.result != NULL && r < i->envelope.n_rcpts; r++) {
		if (i->state.result[r].kind == OUTCOME_UNCLEAR)
			return true;
	}
	return false;
}

bool
settle_has_ended(const struct spool_item *i, const struct profile_queue *q)
{
	return !spool_is_open(i) ||
	       has_had_its_time(i->state.attempts, i->state.able, q);
}

enum settle_need
settle_need(const struct spool_item *i, const struct profile_queue *q,
    int64_t now, bool at_once)
{
	const struct spool_state *s = &i->state;

	if (s->held || (!at_once && !is_due(s, now)))
		return SETTLE_NEED_NOTHING;
	if (settle_has_ended(i, q))
		return SETTLE_NEED_END;
	if (is_unclear(i) && distance(now, s->last) < UNCLEAR_MS)
		return SETTLE_NEED_NOTHING;
	return SETTLE_NEED_TRY;
}

/* ---- how many reports */

bool
settle_may_report(int64_t *booked, int64_t now, int64_t per_hour)
{
	int64_t from = *booked;

	if (per_hour <= 0)
		return false;
	if (from < now || from > now + HOUR) /* idle, or the clock was set */
		from = now;
	if (from + HOUR / per_hour > now + HOUR)
		return false;
	*booked = from + HOUR / per_hour;
	return true;
}
