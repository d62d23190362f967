/* SPDX-License-Identifier: ISC */
/* account: can the account of a profile send just now? */
/*
 *   seen               state before    state behind
 *   works              paused ..       ok; the pause has ended
 *   works              degraded        degraded: only a first way that works
 *                                      again ends it
 *   L                  ok, degraded    paused
 *   L                  needs_login,    the same: that nobody could be asked
 *                      misconfigured   does not mend what was said before
 *   P, C before MAIL   any             needs_login, misconfigured
 *   C from MAIL on     any             works, but not for that sender
 *
 * The clock may jump. A pause is over, too, when now is before the moment at
 * which the trouble was seen last: then the clock was set back, and its end
 * may be years away. For how long trouble has lasted is added up from one look
 * to the next, each gap for GAP_MAX at most: an account in trouble is looked
 * at at least that often, so a longer gap is a machine that was off or a clock
 * that was set.
 */
#include "core/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	HOUR = 60 * 60 * 1000,
	PROBE_MIN = HOUR, /* P and C do not heal in minutes, and each try .. */
	PROBE_MAX = 6 * HOUR, /* .. counts against us */
	GAP_MAX = PROBE_MAX,
	SENDERS_MAX = 100
};

const char *
account_state_name(enum account_state s)
{
	static const char *const names[] = {
		[ACCOUNT_OK] = "ok",
		[ACCOUNT_DEGRADED] = "degraded",
		[ACCOUNT_PAUSED] = "paused",
		[ACCOUNT_NEEDS_LOGIN] = "needs_login",
		[ACCOUNT_MISCONFIGURED] = "misconfigured",
	};

	return names[s];
}

void
account_clear(struct account *a)
{
	size_t i;

	for (i = 0; i < a->n_senders; i++)
		free(a->senders[i].address);
	free(a->senders);
	memset(a, 0, sizeof(*a));
}

/* ---- when */

int64_t
account_delay(int64_t first, int64_t max, unsigned tries, uint32_t dice)
{
	int64_t ms = first;

	for (; tries > 1 && ms < max; tries--)
		ms = ms <= max / 2 ? ms * 2 : max;
	if (ms > max)
		ms = max;
	return ms + ms / 1000 * ((int64_t)(dice % 401) - 200) +
	       ms % 1000 * ((int64_t)(dice % 401) - 200) / 1000;
}

static int64_t
probe_delay(const struct profile *p, uint32_t dice)
{
	int64_t ms = p->home->queue.retry_max;

	if (ms < PROBE_MIN)
		ms = PROBE_MIN;
	if (ms > PROBE_MAX)
		ms = PROBE_MAX;
	return account_delay(ms, ms, 1, dice);
}

static bool
is_paused(const struct account *a)
{
	return a->state > ACCOUNT_DEGRADED;
}

static bool
is_due(const struct account *a, int64_t now)
{
	return now >= a->next || now < a->last;
}

/* A sender's moment of refusal is not kept: none is paused for longer than
 * PROBE_MAX and its jitter. */
static bool
sender_is_due(const struct account_sender *s, int64_t now)
{
	return now >= s->next || s->next - now > 2 * (int64_t)PROBE_MAX;
}

static struct account_sender *
find_sender(const struct account *a, const char *address)
{
	size_t i;

	for (i = 0; i < a->n_senders; i++) {
		if (strcmp(a->senders[i].address, address) == 0)
			return &a->senders[i];
	}
	return NULL;
}

const struct outcome *
account_trouble(const struct account *a, const char *sender, int64_t now)
{
	const struct account_sender *s;

	if (is_paused(a) && !is_due(a, now))
		return &a->why;
	s = find_sender(a, sender);
	return s != NULL && !sender_is_due(s, now) ? &s->why : NULL;
}

bool
account_may_try(const struct account *a, const char *sender, int64_t now)
{
	return account_trouble(a, sender, now) == NULL;
}

void
account_retry(struct account *a)
{
	size_t i;

	a->next = 0;
	for (i = 0; i < a->n_senders; i++)
		a->senders[i].next = 0;
}

bool
account_is_given_up(const struct account *a, int64_t lifetime)
{
	return is_paused(a) && a->able >= lifetime;
}

/* ---- senders */

static void
forget_sender(struct account *a, const char *address)
{
	struct account_sender *s = find_sender(a, address);

	if (s == NULL)
		return;
	free(s->address);
	*s = a->senders[--a->n_senders];
}

/* Where there are too many, the one that is due first makes room: it costs a
 * refusal more. */
static struct account_sender *
add_sender(struct account *a, const char *address)
{
	struct account_sender *s;
	size_t i;

	if (a->n_senders < SENDERS_MAX) {
		a->senders =
		    mem_grow(a->senders, a->n_senders + 1, sizeof(*a->senders));
		s = &a->senders[a->n_senders++];
		memset(s, 0, sizeof(*s));
	} else {
		s = &a->senders[0];
		for (i = 1; i < a->n_senders; i++) {
			if (a->senders[i].next < s->next)
				s = &a->senders[i];
		}
	}
	mem_replace(&s->address, mem_dup(address));
	return s;
}

static void
pause_sender(struct account *a, const struct profile *p,
    const struct outcome *o, const char *address, int64_t now, uint32_t dice)
{
	struct account_sender *s = find_sender(a, address);

	if (s == NULL)
		s = add_sender(a, address);
	s->why = *o;
	s->next = now + probe_delay(p, dice);
}

/* ---- what an attempt has shown */

/* From MAIL on the account is let in; what the server says no to is the
 * sender. 530: it was not let in after all. */
static bool
is_about_sender(const struct outcome *o)
{
	return o->class == OUTCOME_CLASS_C && o->stage >= OUTCOME_AT_MAIL &&
	       o->code != 530;
}

static bool
is_account_trouble(enum outcome_class c)
{
	return c == OUTCOME_CLASS_F || c == OUTCOME_CLASS_L ||
	       c == OUTCOME_CLASS_P || c == OUTCOME_CLASS_C;
}

/* The pause is over. */
static bool
resume(struct account *a, int64_t now)
{
	if (!is_paused(a))
		return false;
	a->state = ACCOUNT_OK;
	a->resumed = now;
	a->since = a->last = a->next = a->able = 0;
	a->tries = 0;
	a->announced = false;
	memset(&a->why, 0, sizeof(a->why));
	return true;
}

static enum account_state
state_behind(const struct account *a, const struct outcome *o)
{
	switch (o->class) {
	case OUTCOME_CLASS_P:
		return ACCOUNT_NEEDS_LOGIN;
	case OUTCOME_CLASS_C:
		return ACCOUNT_MISCONFIGURED;
	default:
		return is_paused(a) ? a->state : ACCOUNT_PAUSED;
	}
}

/* Add up for how long the trouble was seen. */
static void
add_time(struct account *a, int64_t now)
{
	int64_t gap = now - a->last;

	if (gap > GAP_MAX)
		gap = GAP_MAX;
	if (gap > 0)
		a->able += gap;
	a->last = now;
}

static bool
pause_account(struct account *a, const struct profile *p,
    const struct outcome *o, int64_t now, uint32_t dice)
{
	const struct profile_queue *q = &p->home->queue;
	enum account_state state = state_behind(a, o);
	bool changed = state != a->state;

	if (!is_paused(a)) {
		a->since = a->last = now;
		a->able = 0;
	}
	add_time(a, now);
	if (changed) {
		a->tries = 0;
		a->announced = false;
	}
	a->state = state;
	a->tries++;
	if (changed || o->class != OUTCOME_CLASS_L || state == ACCOUNT_PAUSED)
		a->why = *o;
	a->next =
	    now + (state == ACCOUNT_PAUSED ? account_delay(q->retry_first,
						 q->retry_max, a->tries, dice)
					   : probe_delay(p, dice));
	return changed;
}

bool
account_note(struct account *a, const struct profile *p,
    const struct outcome *o, const char *sender, const char *server,
    int64_t now, uint32_t dice)
{
	if (o->kind == OUTCOME_OPEN)
		return false;
	if (*server != '\0') {
		size_t n = strlen(server);

		if (n >= sizeof(a->server))
			n = sizeof(a->server) - 1;
		memcpy(a->server, server, n);
		a->server[n] = '\0';
	}
	if (is_about_sender(o)) {
		/* Reports have the null sender, and a refused one pauses
		 * nothing. */
		if (*sender != '\0')
			pause_sender(a, p, o, sender, now, dice);
		return resume(a, now);
	}
	if (is_account_trouble(o->class))
		return pause_account(a, p, o, now, dice);
	if (o->kind == OUTCOME_DELIVERED)
		forget_sender(a, sender);
	return resume(a, now);
}

void
account_note_degraded(struct account *a, const struct outcome *why, int64_t now)
{
	if (is_paused(a))
		return;
	if (why == NULL) {
		if (a->state == ACCOUNT_DEGRADED) {
			a->state = ACCOUNT_OK;
			a->announced = false;
			a->since = a->last = 0;
			memset(&a->why, 0, sizeof(a->why));
		}
		return;
	}
	if (a->state != ACCOUNT_DEGRADED) {
		a->state = ACCOUNT_DEGRADED;
		a->since = now;
		a->announced = false;
	}
	a->last = now;
	a->why = *why;
}
