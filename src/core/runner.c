/* SPDX-License-Identifier: ISC */
/* runner: one run over a queue. */
/*
 *   the first      what a command has just written, alone, settled at once
 *   the run lock   with it, results are settled in batches. Where another
 *                  process has it, the rest of the queue is its work
 *   a pass         scan, then all lanes side by side. Passes follow until one
 *                  takes up nothing: reports and new messages have come
 *                  meanwhile
 *
 * What a pause has moved to failed/ comes back behind the pass in which its
 * account has resumed; since that may be missed in a crash, and for what must
 * be swept, the house is kept once an hour, by whoever runs then.
 */
#include "core/runner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/runner_part.h"

enum {
	PASSES_MAX = 10,
	HOUSE_MS = 60 * 60 * 1000,
};

/* ---- the first */

static void
run_first(struct runner *r)
{
	const struct runner_order *o = r->order;
	const char *name = spool_item(o->first)->profile;
	const struct profile *p = profile_find(&o->conf->set, name);
	struct runner_lane *lane;

	if (p == NULL) {
		spool_release(o->first);
		if (o->first_settled != NULL)
			o->first_settled(o->ctx, 0, SETTLE_WAITS,
			    "no such profile in the configuration");
		return;
	}
	lane = runner_new_lane(r, profile_account(p));
	lane->claim = o->first;
	lane->profile = p;
	lane->is_first = true;
	runner_run_lanes(r);
}

/* ---- the house */

/* Is it the hour? spool/swept has the time of the last sweep as its own. */
static bool
is_house_due(const struct spool *s, int64_t now)
{
	char *path = mem_printf("%s/swept", spool_path(s));
	struct stat st;
	int64_t ago = HOUSE_MS;

	if (lstat(path, &st) == 0)
		ago = now - (int64_t)st.st_mtime * 1000;
	free(path);
	return ago >= HOUSE_MS || ago <= -HOUSE_MS;
}

/* Call fn for the profiles of this home whose account is that one, or any. */
static void
for_profiles(struct runner *r, const struct profile *account,
    int (*fn)(struct spool *s, const struct profile *p, struct err *e))
{
	const struct profile_set *set = &r->order->conf->set;
	struct err e = ERR_NONE;
	size_t i;
	int code;

	for (i = 0; i < set->n; i++) {
		const struct profile *p = &set->v[i];

		if (p->home != r->order->home ||
		    (account != NULL && profile_account(p) != account) ||
		    (account == NULL && runner_is_paused(p)))
			continue;
		code = fn(r->order->spool, p, &e);
		if (code == EX_IOERR || code == EX_CANTCREAT)
			runner_fail(r, code, &e);
	}
}

static void
keep_house(struct runner *r)
{
	const struct profile_home *home = r->order->home;
	struct err e = ERR_NONE;
	size_t n = 0;
	char *text;

	if (spool_sweep(r->order->spool, sys_now(), home->queue.keep_failed, &n,
		&e) != 0)
		log_event(LOG_LEVEL_WARN, NULL, "sweep", "result", "failed",
		    "reason", e.text, NULL);
	if (n > 0) {
		text = mem_printf("%zu", n);
		log_event(LOG_LEVEL_INFO, NULL, "sweep", "removed", text, NULL);
		free(text);
	}
	for_profiles(r, NULL, settle_take_back);
}

/* ---- passes */

/* Accounts that have resumed, or were paused for too long. True if messages
 * may have come back. */
static bool
look_at_lanes(struct runner *r)
{
	bool back = false;
	size_t i;

	for (i = 0; i < r->n_lanes && r->code == 0; i++) {
		const struct runner_lane *lane = r->lanes[i];

		if (lane->is_given_up)
			for_profiles(r, lane->account, settle_give_up);
		if (lane->was_paused && !lane->is_paused) {
			for_profiles(r, lane->account, settle_take_back);
			back = true;
		}
	}
	runner_drop_lanes(r);
	return back;
}

/*
 * Could anything of the queue be sent? A command that has just seen that its
 * account is paused needs no look at 100,000 messages to know.
 */
static bool
is_worth_a_scan(const struct runner *r)
{
	const struct profile_set *set = &r->order->conf->set;
	int64_t now = sys_now();
	struct account a;
	bool worth = false;
	size_t i;

	if (r->order->first == NULL)
		return true;
	for (i = 0; i < set->n && !worth; i++) {
		if (set->v[i].home != r->order->home)
			continue;
		account_load(&set->v[i], &a);
		worth = account_may_try(&a, "", now) ||
			account_is_given_up(&a, r->order->home->queue.lifetime);
		account_clear(&a);
	}
	return worth;
}

static void
run_passes(struct runner *r)
{
	struct err e = ERR_NONE;
	bool again = true;
	size_t taken;

	while (r->pass++ < PASSES_MAX && again && !runner_is_over(r)) {
		taken = r->taken.n;
		if (runner_scan(r, &e) != 0)
			log_event(LOG_LEVEL_ERROR, NULL, "queue", "result",
			    "not read", "reason", e.text, NULL);
		runner_run_lanes(r);
		again = look_at_lanes(r) || r->taken.n > taken;
	}
}

/* ---- the rest of the queue */

static bool
count_busy(void *ctx, const char *id)
{
	struct runner *r = ctx;

	(void)id;
	r->tally->busy++;
	return true;
}

/* The run lock, or an end of it: another process is at work, and does it. */
static bool
begin_batch(struct runner *r)
{
	struct err e = ERR_NONE;
	int code = spool_batch_begin(r->order->spool, &e);

	r->batch = code == 0;
	if (code == 0 || r->order->only != NULL)
		return true;
	if (code == EX_TEMPFAIL) {
		if (r->order->first == NULL)
			spool_each(
			    r->order->spool, SPOOL_QUEUE, count_busy, r, NULL);
		return false;
	}
	code = spool_check_record(r->order->spool, &e);
	if (code != 0) {
		runner_fail(r, code, &e);
		return false;
	}
	/* A disk that has no room for a log may have room for this. */
	log_event(LOG_LEVEL_WARN, NULL, "queue", "result",
	    "no batch: results are recorded one by one", "reason", e.text,
	    NULL);
	return true;
}

static void
run_rest(struct runner *r)
{
	const struct runner_order *o = r->order;
	struct err e = ERR_NONE;
	int code;

	if (!is_worth_a_scan(r) || !begin_batch(r))
		return;
	if (o->only == NULL &&
	    (is_house_due(o->spool, sys_now()) || o->first == NULL))
		keep_house(r);
	run_passes(r);
	if (r->batch) {
		code = spool_batch_end(o->spool, &e);
		if (code != 0)
			runner_fail(r, code, &e);
	}
}

int
runner_once(const struct runner_order *o, struct runner_tally *t, struct err *e)
{
	struct runner r = { .order = o, .tally = t, .e = e };

	memset(t, 0, sizeof(*t));
	r.loop = loop_new();
	r.wire = wire_new(r.loop);
	if (o->first != NULL)
		run_first(&r);
	look_at_lanes(&r);
	if (!runner_is_over(&r))
		run_rest(&r);
	t->waiting += r.kept;
	runner_drop_lanes(&r);
	wire_free(r.wire);
	loop_free(r.loop);
	text_list_clear(&r.said);
	free(r.taken.v);
	return r.code;
}
