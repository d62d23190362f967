/* SPDX-License-Identifier: ISC */
/* runner_scan: the queue, looked through. */
/*
 * Each item is opened once, and of each that is to be tried an ID, a profile
 * and a time are kept. What was taken up in this run is passed over, so that a
 * run ends, and nobody gets a message again whose result a broken disk forgot.
 */
#include "core/runner_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

/* ---- a set of IDs */

static int
cmp_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

void
runner_add_id(struct runner_ids *s, const char *id)
{
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 16;
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	memcpy(s->v[s->n++], id, strlen(id) + 1);
}

void
runner_sort_ids(struct runner_ids *s)
{
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), cmp_ids);
	s->n_sorted = s->n;
}

bool
runner_has_id(const struct runner_ids *s, const char *id)
{
	return s->n_sorted > 0 &&
	       bsearch(id, s->v, s->n_sorted, sizeof(*s->v), cmp_ids) != NULL;
}

/* ---- lanes */

struct runner_lane *
runner_new_lane(struct runner *r, const struct profile *account)
{
	struct runner_lane *lane = mem_new(1, sizeof(*lane));

	lane->runner = r;
	lane->account = account;
	r->lanes =
	    mem_grow(r->lanes, r->n_lanes + 1, sizeof(struct runner_lane *));
	r->lanes[r->n_lanes++] = lane;
	return lane;
}

void
runner_drop_lanes(struct runner *r)
{
	size_t i;

	for (i = 0; i < r->n_lanes; i++) {
		free(r->lanes[i]->items);
		free(r->lanes[i]);
	}
	free(r->lanes);
	r->lanes = NULL;
	r->n_lanes = 0;
}

static struct runner_lane *
lane_of(struct runner *r, const struct profile *account)
{
	size_t i;

	for (i = 0; i < r->n_lanes; i++)
		if (r->lanes[i]->account == account)
			return r->lanes[i];
	return runner_new_lane(r, account);
}

static int
cmp_items(const void *a, const void *b)
{
	const struct runner_item *x = a;
	const struct runner_item *y = b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* What was tried before waits since its time has come. */
static void
add_item(struct runner *r, const struct spool_item *i, const struct profile *p)
{
	struct runner_lane *lane = lane_of(r, profile_account(p));
	struct runner_item *item;

	if (lane->n == lane->cap) {
		lane->cap = lane->cap > 0 ? 2 * lane->cap : 16;
		lane->items =
		    mem_grow(lane->items, lane->cap, sizeof(*lane->items));
	}
	item = &lane->items[lane->n++];
	memcpy(item->id, i->envelope.id, sizeof(item->id));
	item->profile = p;
	item->since = i->state.next > 0 ? i->state.next : i->accepted;
}

/* ---- the queue */

/* Complain once a run. */
static void
complain(struct runner *r, const char *about, const char *id,
    const char *profile, const char *reason)
{
	if (text_list_has(&r->said, about))
		return;
	text_list_add(&r->said, about);
	log_event(LOG_LEVEL_ERROR, id, "queue", "result", "passed over",
	    "profile", profile, "reason", reason, NULL);
}

/* Whose message is it? NULL: nobody's here. */
static const struct profile *
profile_of(struct runner *r, const struct spool_item *i)
{
	const struct profile *p =
	    profile_find(&r->order->conf->set, i->profile);

	if (p == NULL)
		complain(r, i->profile, i->envelope.id, i->profile,
		    "no such profile in the configuration; the message waits");
	return p != NULL && p->home == r->order->home ? p : NULL;
}

static void
consider(struct runner *r, const struct spool_item *i, int64_t now)
{
	const struct spool_select *select = r->order->select;
	const struct profile *p = NULL;

	if (select == NULL || spool_is_selected(select, i))
		p = profile_of(r, i);
	if (p != NULL && settle_need(i, &p->home->queue, now, r->order->now) !=
			     SETTLE_NEED_NOTHING)
		add_item(r, i, p);
	else
		r->tally->waiting++;
}

/* What is damaged goes to bad/ with a claim. */
static void
set_aside(struct runner *r, const char *id, const char *reason)
{
	struct spool_claim *c = NULL;

	if (spool_claim(r->order->spool, SPOOL_QUEUE, id, &c, NULL) ==
	    EX_DATAERR) {
		r->tally->bad++;
		log_event(LOG_LEVEL_ERROR, id, "queue", "result",
		    "moved to bad", "reason", reason, NULL);
	}
	spool_release(c);
}

static bool
look_at(void *ctx, const char *id)
{
	struct runner *r = ctx;
	struct spool_item i = { .uid = 0 };
	struct err e = ERR_NONE;
	bool busy = false;
	int code;

	if (runner_has_id(&r->taken, id))
		return true;
	code = spool_peek(r->order->spool, SPOOL_QUEUE, id, &i, &busy, &e);
	if (code == 0 && busy)
		r->tally->busy++;
	else if (code == 0)
		consider(r, &i, sys_now());
	else if (code == EX_DATAERR)
		set_aside(r, id, e.text);
	else if (code != EX_NOINPUT)
		complain(r, id, id, NULL, e.text);
	spool_item_clear(&i);
	return true;
}

int
runner_scan(struct runner *r, struct err *e)
{
	int code = 0;
	size_t i;

	runner_sort_ids(&r->taken);
	r->tally->waiting = r->tally->paused = r->tally->busy = 0;
	if (r->order->only != NULL)
		look_at(r, r->order->only);
	else
		code = spool_each(r->order->spool, SPOOL_QUEUE, look_at, r, e);
	for (i = 0; i < r->n_lanes; i++)
		qsort(r->lanes[i]->items, r->lanes[i]->n,
		    sizeof(struct runner_item), cmp_items);
	return code;
}
