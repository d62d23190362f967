/* SPDX-License-Identifier: ISC */
/* runner_lane: the messages of one account, one after the other. */
/*
 *   lane_turn    the attempt under way has ended: settle it; then begin the
 *                next one, and come back when that has ended
 *
 * An account that was paused needs no mode of its own for its probe: the first
 * message is one, and after it the account is paused again, or not.
 *
 * A report whose null sender is refused goes out once more, with the profile's
 * address as sender; to the rest of the program that is one attempt.
 */
#include "core/runner_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

static void lane_turn(void *ctx);

void
runner_fail(struct runner *r, int code, const struct err *e)
{
	if (r->code != 0)
		return;
	r->code = code;
	err_set(r->e, code, "%s", e->text);
	log_event(LOG_LEVEL_ERROR, NULL, "queue", "result",
	    "results can't be recorded: nothing more is tried", "reason",
	    e->text, NULL);
}

bool
runner_is_over(const struct runner *r)
{
	return r->code != 0 || (r->order->stop != NULL && *r->order->stop);
}

/* ---- the batch */

static void
flush(void *ctx)
{
	struct runner *r = ctx;
	struct err e = ERR_NONE;
	int code = spool_flush(r->order->spool, &e);

	if (code != 0)
		runner_fail(r, code, &e);
}

static void
flush_soon(struct runner *r)
{
	if (r->batch && !r->flush.on && !spool_is_flushed(r->order->spool))
		loop_timer_start(
		    r->loop, &r->flush, sys_mono() + SPOOL_BATCH_MS, flush, r);
}

/* ---- the account */

bool
runner_is_paused(const struct profile *p)
{
	struct account a;
	bool paused;

	account_load(p, &a);
	paused = a.state > ACCOUNT_DEGRADED;
	account_clear(&a);
	return paused;
}

/* May a message of that sender be tried? */
static bool
may_try(const struct runner_lane *lane, const char *sender)
{
	struct account a;
	bool may;

	account_load(lane->account, &a);
	may = account_may_try(&a, sender, sys_now());
	account_clear(&a);
	return may;
}

/* Begin with the account as it is; with order->now a pause is over, once. */
static void
look_at_account(struct runner_lane *lane)
{
	struct account a;

	account_load(lane->account, &a);
	lane->was_paused = a.state > ACCOUNT_DEGRADED;
	if (lane->runner->order->now && lane->runner->pass <= 1 &&
	    (lane->was_paused || a.n_senders > 0)) {
		account_retry(&a);
		account_save(lane->account, &a, NULL);
	}
	account_clear(&a);
}

static void
look_again_at_account(struct runner_lane *lane)
{
	struct account a;

	account_load(lane->account, &a);
	lane->is_paused = a.state > ACCOUNT_DEGRADED;
	lane->is_given_up =
	    account_is_given_up(&a, lane->account->home->queue.lifetime);
	account_clear(&a);
}

/* ---- an attempt ends */

static void
tell_first(const struct runner_lane *lane, int code, enum settle_end end,
    const char *words)
{
	const struct runner_order *o = lane->runner->order;

	if (lane->is_first && o->first_settled != NULL)
		o->first_settled(o->ctx, code, end, words);
}

static void
count_end(struct runner *r, enum settle_end end)
{
	switch (end) {
	case SETTLE_DONE:
		r->tally->done++;
		break;
	case SETTLE_WAITS:
		r->kept++;
		break;
	case SETTLE_RETURNED:
		r->tally->returned++;
		break;
	case SETTLE_DAMAGED:
		r->tally->bad++;
		break;
	}
}

/* The claim goes; what it has learned is on disk, or nothing more is tried. */
static void
settle(struct runner_lane *lane, const struct settle_attempt *a)
{
	struct runner *r = lane->runner;
	enum settle_end end = SETTLE_WAITS;
	struct err e = ERR_NONE;
	int code = settle_message(
	    r->order->spool, lane->claim, r->order->conf, a, &end, &e);

	lane->claim = NULL;
	if (code == 0)
		count_end(r, end);
	else
		runner_fail(r, code, &e);
	tell_first(lane, code, end, e.text);
	flush_soon(r);
}

static bool
refuses_sender(const struct outcome *o)
{
	if (o->code < 500 || o->code == 530)
		return false;
	return o->stage == OUTCOME_AT_MAIL
		   ? o->class == OUTCOME_CLASS_C || o->class == OUTCOME_CLASS_M
		   : o->stage > OUTCOME_AT_MAIL && o->class == OUTCOME_CLASS_C;
}

/* Is the attempt that has ended to be followed by one with a sender? */
static bool
wants_sender(const struct runner_lane *lane)
{
	const struct spool_item *i = spool_item(lane->claim);

	return i->report && lane->sender == NULL &&
	       i->envelope.sender[0] == '\0' && i->envelope.n_rcpts == 1 &&
	       refuses_sender(deliver_outcomes(lane->deliver));
}

static void
attempt_ended(struct runner_lane *lane)
{
	const struct runner_order *o = lane->runner->order;
	struct deliver *d = lane->deliver;
	struct settle_attempt a = { .profile = lane->profile,
		.result = deliver_outcomes(d),
		.server = deliver_server(d) };
	const struct outcome *trouble;
	size_t n;

	trouble = deliver_troubles(d, &n);
	a.trouble = n > 0 ? trouble : NULL;
	a.lost_links = lane->lost_link && deliver_lost_link(d);
	lane->lost_link = deliver_lost_link(d);
	lane->link = deliver_take_link(d);
	if (lane->is_first && o->first_done != NULL)
		a.told = o->first_done(o->ctx, a.result, d);
	settle(lane, &a);
	lane->is_first = false;
	deliver_free(d);
	lane->deliver = NULL;
	mem_replace(&lane->sender, NULL);
}

/* ---- an attempt begins */

static void
attempt_done(void *ctx)
{
	struct runner_lane *lane = ctx;

	loop_timer_start(lane->runner->loop, &lane->turn, 0, lane_turn, lane);
}

static ssize_t
read_claim(void *ctx, void *p, size_t n, uint64_t at)
{
	const struct runner_lane *lane = ctx;

	return spool_read(lane->claim, p, n, at);
}

static void
start(struct runner_lane *lane)
{
	const struct runner_order *o = lane->runner->order;
	struct spool_item *i = spool_item(lane->claim);

	lane->envelope = i->envelope;
	if (lane->sender != NULL)
		lane->envelope.sender = lane->sender;
	lane->order = (struct deliver_order){ .profile = lane->profile,
		.envelope = &lane->envelope,
		.text = { read_claim, lane },
		.before = i->state.result,
		.link = lane->link,
		.more = lane->at < lane->n };
	if (lane->is_first) {
		lane->order.trace = o->trace;
		lane->order.trace_ctx = o->trace_ctx;
	}
	lane->link = NULL;
	lane->deliver = deliver_start(lane->runner->loop, lane->runner->wire,
	    &lane->order, attempt_done, lane);
}

/* The same once more, from the profile's own address. */
static void
start_with_sender(struct runner_lane *lane)
{
	lane->sender = addr_text(&lane->profile->address);
	log_event(LOG_LEVEL_INFO, lane->envelope.id, "report", "result",
	    "null sender refused", "next", lane->sender, NULL);
	lane->link = deliver_take_link(lane->deliver);
	deliver_free(lane->deliver);
	start(lane);
}

/* It stays as it is. */
static void
leave(struct runner_lane *lane, size_t *count, const char *why)
{
	spool_release(lane->claim);
	lane->claim = NULL;
	(*count)++;
	tell_first(lane, 0, SETTLE_WAITS, why);
}

static void
cannot_record(struct runner_lane *lane, int code, const struct err *e)
{
	runner_fail(lane->runner, code, e);
	spool_release(lane->claim);
	lane->claim = NULL;
	tell_first(lane, code, SETTLE_WAITS, e->text);
}

/* The sender may not send now; if that is the account, nor may the others. */
static void
leave_paused(struct runner_lane *lane)
{
	if (!may_try(lane, "")) {
		lane->runner->tally->paused += lane->n - lane->at;
		lane->at = lane->n;
	}
	leave(lane, &lane->runner->tally->paused, "its account is paused");
}

/* With a claim: is it (still) to be tried? Else the claim has ended. */
static bool
is_to_be_tried(struct runner_lane *lane)
{
	struct runner *r = lane->runner;
	struct spool_item *i = spool_item(lane->claim);
	const struct profile_queue *q = &lane->profile->home->queue;
	struct settle_attempt none = { .profile = lane->profile, .server = "" };
	enum settle_need need = settle_need(i, q, sys_now(), r->order->now);
	struct err e = ERR_NONE;
	int code = 0;

	if (need == SETTLE_NEED_NOTHING) {
		leave(lane, &r->tally->waiting, "it is held, or not due");
		return false;
	}
	if (i->report)
		code = settle_finish_return(
		    r->order->spool, i->envelope.id, q, &e);
	if (code == EX_IOERR || code == EX_CANTCREAT) {
		cannot_record(lane, code, &e);
		return false;
	}
	if (code != 0) { /* whoever has its message comes to it */
		leave(lane, &r->tally->busy, e.text);
		return false;
	}
	if (need == SETTLE_NEED_END) {
		runner_add_id(&r->taken, i->envelope.id);
		settle(lane, &none);
		return false;
	}
	if (!may_try(lane, i->envelope.sender)) {
		leave_paused(lane);
		return false;
	}
	code = spool_check_record(r->order->spool, &e);
	if (code != 0)
		cannot_record(lane, code, &e);
	return code == 0;
}

/* Take up the claim's message. False: nothing is under way, take the next. */
static bool
take_up(struct runner_lane *lane, const struct profile *p)
{
	struct runner *r = lane->runner;

	lane->profile = p;
	if (!is_to_be_tried(lane)) {
		lane->is_first = false;
		return false;
	}
	r->tally->tried++;
	runner_add_id(&r->taken, spool_item(lane->claim)->envelope.id);
	start(lane);
	return true;
}

static bool
claim_next(struct runner_lane *lane)
{
	struct runner *r = lane->runner;
	const struct runner_item *item = &lane->items[lane->at++];
	struct err e = ERR_NONE;
	int code;

	if (lane->at > 1 && strcmp(item->id, item[-1].id) == 0)
		return false; /* it was seen twice */
	code = spool_claim(
	    r->order->spool, SPOOL_QUEUE, item->id, &lane->claim, &e);
	if (code == EX_TEMPFAIL)
		r->tally->busy++;
	else if (code != 0 && code != EX_NOINPUT)
		log_event(LOG_LEVEL_ERROR, item->id, "queue", "result",
		    "passed over", "reason", e.text, NULL);
	return code == 0 && take_up(lane, item->profile);
}

static void
end_lane(struct runner_lane *lane)
{
	struct runner *r = lane->runner;

	deliver_close_link(lane->link);
	lane->link = NULL;
	look_again_at_account(lane);
	if (--r->running == 0)
		loop_stop(r->loop);
}

static void
lane_turn(void *ctx)
{
	struct runner_lane *lane = ctx;
	struct runner *r = lane->runner;

	if (lane->deliver != NULL) {
		if (wants_sender(lane)) {
			start_with_sender(lane);
			return;
		}
		attempt_ended(lane);
	} else if (lane->claim != NULL && take_up(lane, lane->profile)) {
		return;
	}
	while (lane->at < lane->n && !runner_is_over(r)) {
		if (claim_next(lane))
			return;
	}
	end_lane(lane);
}

void
runner_run_lanes(struct runner *r)
{
	size_t i;

	r->running = r->n_lanes;
	for (i = 0; i < r->n_lanes; i++) {
		look_at_account(r->lanes[i]);
		loop_timer_start(
		    r->loop, &r->lanes[i]->turn, 0, lane_turn, r->lanes[i]);
	}
	if (r->running > 0)
		loop_run(r->loop);
	loop_timer_stop(r->loop, &r->flush);
	if (r->batch)
		flush(r);
}
