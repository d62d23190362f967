/* SPDX-License-Identifier: ISC */
/* settle: what becomes of a message after an attempt. */
/*
 * settle_plan decides, settle_account notes the account's trouble,
 * settle_report makes reports; here is the order of writes.
 *
 * A message that is returned:
 *
 *   1  its results are recorded, and durable. From here on it is not tried
 *      again (SETTLE_NEED_END), whatever happens
 *   2  the report, R + ID, is committed, and still claimed
 *   3  the message moves to failed/ as `returned`
 *   4  the claim on the report ends: it may go out
 *
 * A crash behind 1: the next run finds SETTLE_NEED_END and goes on with 2.
 * Behind 2: whoever takes the message finds that R + ID exists and goes on with
 * 3; whoever takes the report calls settle_finish_return(), which is 3, before
 * it sends it. So R + ID can't be gone while its message is still in queue/,
 * and no second report can be made. A message that an administrator has put
 * back into the queue meanwhile is known by its state: it has not ended.
 *
 * A message of which recipients were relayed (outcome.relayed: they are to be
 * told of, and the server tells nobody), whether it is returned or removed:
 *
 *   1  as above: the results with their marks. Before that, a crash loses the
 *      server's 250 as it does for any message: it is tried again, and what is
 *      due is marked then
 *   1a the report on them, S + ID, is committed, and still claimed
 *   1b where R + ID follows: the marks are off, and that is durable
 *   2  as above; or
 *   3  the message is removed
 *   4  the claims on both reports end
 *
 * A crash behind 1: SETTLE_NEED_END, and on with 1a. Behind 1a: whoever takes
 * the message finds that S + ID exists and goes on; whoever takes S + ID calls
 * settle_finish_return(), which is 1b, before it sends it. So S + ID can't be
 * gone while a message with marks is in queue/, unless one was put back.
 */
#include "core/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/settle_account.h"
#include "core/settle_plan.h"
#include "core/settle_report.h"

struct job {
	struct spool *spool;
	struct spool_claim *claim;
	struct spool_item *item;
	const struct conf *conf;
	const struct settle_attempt *attempt;
	struct outcome *result; /* what counts of those of the attempt */
	struct settle_facts facts;
	struct settle_plan plan;
	enum settle_end end;
};

/* ---- log */

static char *
seconds_text(int64_t ms)
{
	struct buf b;

	buf_init(&b, 64);
	text_add_duration(&b, ms - ms % 1000);
	return buf_take(&b);
}

static void
log_settled(const struct job *j)
{
	static const struct {
		const char *name;
		enum log_level level;
	} ends[] = {
		[SETTLE_DONE] = { "done", LOG_LEVEL_INFO },
		[SETTLE_WAITS] = { "waits", LOG_LEVEL_INFO },
		[SETTLE_RETURNED] = { "returned", LOG_LEVEL_WARN },
		[SETTLE_DAMAGED] = { "damaged", LOG_LEVEL_ERROR },
	};
	const struct spool_state *s = &j->item->state;
	bool failed_report = j->end == SETTLE_RETURNED && j->item->report;
	char *age = seconds_text(j->facts.now - j->item->accepted);
	char *attempts = mem_printf("%u", s->attempts);
	char *next = j->end == SETTLE_WAITS && s->next > 0
			 ? seconds_text(s->next - j->facts.now)
			 : NULL;

	log_event(failed_report ? LOG_LEVEL_ERROR : ends[j->end].level,
	    j->item->envelope.id, "settle", "result",
	    failed_report ? "report failed" : ends[j->end].name, "attempts",
	    attempts, "next", next, "age", age, "profile", j->item->profile,
	    NULL);
	free(next);
	free(attempts);
	free(age);
}

/* ---- what an attempt amounts to */

static bool
is_lost(const struct outcome *o)
{
	return o->kind == OUTCOME_LATER && o->class == OUTCOME_CLASS_T &&
	       (o->code == 0 || o->code == 421);
}

/*
 * The results, as they count here. A refused report pauses nothing, so that
 * C at MAIL is a refusal. Links lost twice running are the account's trouble.
 */
static struct outcome *
weigh_results(const struct spool_item *i, const struct settle_attempt *a)
{
	size_t n = i->envelope.n_rcpts;
	struct outcome *v = mem_new(n, sizeof(*v));
	size_t at;

	for (at = 0; at < n; at++) {
		v[at] = a->result[at];
		if (i->report && v[at].kind == OUTCOME_LATER &&
		    v[at].class == OUTCOME_CLASS_C &&
		    v[at].stage >= OUTCOME_AT_MAIL && v[at].code != 530) {
			v[at].kind = OUTCOME_REFUSED;
			v[at].class = OUTCOME_CLASS_M;
		} else if (a->lost_links && is_lost(&v[at])) {
			v[at].class = OUTCOME_CLASS_L;
		}
	}
	return v;
}

/* The state as the plan wants it; on disk nothing changes yet. */
static void
apply_plan(struct job *j)
{
	struct spool_state *s = &j->item->state;
	const char *server = j->attempt->server;
	size_t n = strlen(server), i;

	s->attempts = j->plan.attempts;
	s->last = j->plan.last;
	s->next = j->plan.next;
	s->able = j->plan.able;
	if (j->result == NULL)
		return;
	for (i = 0; i < j->item->envelope.n_rcpts; i++) {
		if (s->result[i].kind != OUTCOME_DELIVERED &&
		    s->result[i].kind != OUTCOME_REFUSED)
			s->result[i] = j->result[i];
	}
	if (n >= sizeof(s->server))
		n = sizeof(s->server) - 1;
	memcpy(s->server, server, n);
	s->server[n] = '\0';
}

/* ---- acts */

static int
set_aside(struct job *j, struct err *e)
{
	j->end = SETTLE_DAMAGED;
	return spool_move(j->claim, SPOOL_BAD, e);
}

static int
make_report(struct job *j, enum report_kind kind, struct spool_claim **out,
    struct err *e)
{
	struct settle_report r = { .kind = kind,
		.claim = j->claim,
		.conf = j->conf,
		.profile = j->attempt->profile,
		.now = j->facts.now,
		.until =
		    j->facts.now + j->facts.queue->lifetime - j->plan.able };

	return settle_make_report(j->spool, &r, out, e);
}

/* It has waited for long: tell the sender. A warning that can't be made is not
 * made up for. */
static int
warn(struct job *j, struct err *e)
{
	struct spool_claim *report = NULL;
	struct err why = ERR_NONE;

	if (make_report(j, REPORT_DELAYED, &report, &why) != 0)
		log_event(LOG_LEVEL_ERROR, j->item->envelope.id, "report",
		    "result", "failed", "reason", why.text, NULL);
	spool_release(report);
	return spool_is_damaged(j->claim) ? set_aside(j, e) : 0;
}

static int
keep(struct job *j, struct err *e)
{
	int code;

	j->end = SETTLE_WAITS;
	apply_plan(j);
	if (j->plan.warn)
		j->item->state.warned = true;
	code = spool_save(j->claim, e);
	return code == 0 && j->plan.warn ? warn(j, e) : code;
}

/* No report just now, since the disk is full, say: the message waits for one,
 * and nothing of it is tried. */
static int
wait_for_report(struct job *j, const struct err *why)
{
	j->end = SETTLE_WAITS;
	log_event(LOG_LEVEL_ERROR, j->item->envelope.id, "report", "result",
	    "failed", "reason", why->text, NULL);
	return 0;
}

static int
record(struct job *j, struct err *e)
{
	int code = spool_save(j->claim, e);

	if (code == 0 && !spool_is_flushed(j->spool))
		code = spool_flush(j->spool, e);
	return code;
}

static void
clear_marks(struct spool_item *i)
{
	size_t n;

	for (n = 0; n < i->envelope.n_rcpts; n++)
		i->state.result[n].relayed = false;
}

/* What is made before a message leaves; NULL: not due. */
struct reports {
	struct spool_claim *relayed, *failed;
};

/* Steps 1a to 2. What could not be recorded is in e and in *broken. */
static int
make_reports(struct job *j, struct reports *r, struct err *why, int *broken,
    struct err *e)
{
	int code = 0;

	if (j->plan.relayed) {
		code = make_report(j, REPORT_RELAYED, &r->relayed, why);
		if (code != 0)
			return code;
		clear_marks(j->item);
	}
	if (j->plan.relayed && j->plan.report)
		*broken = record(j, e);
	if (*broken == 0 && j->plan.report)
		code = make_report(j, REPORT_FAILED, &r->failed, why);
	return code;
}

/* It leaves the queue. */
static int
move_away(struct job *j, struct err *e)
{
	if (j->plan.act == SETTLE_ACT_REMOVE) {
		j->end = SETTLE_DONE;
		return spool_remove(j->claim, e);
	}
	if (!j->facts.unanswerable &&
	    j->facts.count.to_tell[REPORT_FAILED] == 0)
		log_event(LOG_LEVEL_INFO, j->item->envelope.id, "report",
		    "result", "none", "reason", "not wanted (NOTIFY)", NULL);
	j->end = SETTLE_RETURNED;
	j->item->state.returned = true;
	return spool_move(j->claim, SPOOL_FAILED, e);
}

/* Steps 1 to 4 of the tables above. */
static int
end_message(struct job *j, struct err *e)
{
	struct reports r = { NULL, NULL };
	struct err why = ERR_NONE;
	int code, broken = 0;

	apply_plan(j);
	code = record(j, e);
	if (code != 0)
		return code;
	code = make_reports(j, &r, &why, &broken, e);
	if (broken != 0)
		code = broken;
	else if (spool_is_damaged(j->claim))
		code = set_aside(j, e);
	else if (code != 0)
		code = wait_for_report(j, &why);
	else
		code = move_away(j, e);
	spool_release(r.failed);
	spool_release(r.relayed);
	return code;
}

static int
act(struct job *j, struct err *e)
{
	switch (j->plan.act) {
	case SETTLE_ACT_REMOVE:
		if (j->plan.relayed)
			return end_message(j, e);
		j->end = SETTLE_DONE;
		apply_plan(j); /* for the log */
		return spool_remove(j->claim, e);
	case SETTLE_ACT_KEEP:
		return keep(j, e);
	case SETTLE_ACT_RETURN:
		return end_message(j, e);
	case SETTLE_ACT_LEAVE:
		break;
	}
	j->end = SETTLE_WAITS;
	return 0;
}

/* ---- a message */

static void
plan(struct job *j, struct settle_account *account)
{
	const struct spool_item *i = j->item;
	const struct settle_attempt *a = j->attempt;
	struct settle_facts *f = &j->facts;

	f->queue = &a->profile->home->queue;
	f->state = &i->state;
	f->attempt = a->result != NULL;
	f->told = a->told;
	f->unanswerable = i->report || i->envelope.sender[0] == '\0';
	f->accepted = i->accepted;
	sys_random(&f->dice, sizeof(f->dice));
	if (a->result != NULL)
		j->result = weigh_results(i, a);
	settle_count(i->state.result, j->result, &i->envelope, &f->count);
	settle_account_note(
	    account, a, &f->count, i->envelope.sender, f->now, f->dice);
	f->resumed = account->account.resumed;
	settle_plan(f, &j->plan);
}

int
settle_message(struct spool *s, struct spool_claim *c, const struct conf *k,
    const struct settle_attempt *a, enum settle_end *end, struct err *e)
{
	struct job j = { .spool = s,
		.claim = c,
		.item = spool_item(c),
		.conf = k,
		.attempt = a,
		.facts = { .now = sys_now() } };
	struct settle_account account;
	int code;

	if (spool_is_damaged(c)) {
		code = set_aside(&j, e);
	} else {
		plan(&j, &account);
		code = act(&j, e);
		settle_account_keep(
		    &account, a, j.item->envelope.sender, j.facts.now);
	}
	if (code == 0)
		log_settled(&j);
	*end = j.end;
	free(j.result);
	spool_release(c);
	return code;
}

int
settle_finish_return(struct spool *s, const char *report_id,
    const struct profile_queue *q, struct err *e)
{
	struct spool_claim *c = NULL;
	struct spool_item *i;
	struct err why = ERR_NONE;
	int code;

	if (report_id[0] != 'R' && report_id[0] != 'S')
		return 0;
	code = spool_claim(s, SPOOL_QUEUE, report_id + 1, &c, &why);
	if (code == EX_NOINPUT || code == EX_DATAERR)
		return 0; /* it has moved; spool has moved it to bad/ */
	if (code != 0)
		return err_set(e, code, "%s", why.text);
	i = spool_item(c);
	if (report_id[0] == 'S') {
		clear_marks(i);
		code = spool_save(c, e);
	} else if (settle_has_ended(i, q)) {
		i->state.returned = true;
		code = spool_move(c, SPOOL_FAILED, e);
	}
	spool_release(c);
	return code;
}

/* ---- a profile that is paused for too long */

/* The messages of one place that move to another. */
struct removal {
	struct spool *spool;
	const struct profile *profile;
	bool back;
	size_t n;
	int code;
	struct err *e;
};

/* Is it one of those, and not held? */
static bool
is_to_move(const struct removal *r, const struct spool_item *i)
{
	return strcmp(i->profile, r->profile->name) == 0 &&
	       (r->back ? i->state.by_pause
			: !i->state.held && spool_is_open(i));
}

static bool
peek_is_to_move(const struct removal *r, enum spool_place from, const char *id)
{
	struct spool_item i = { .uid = 0 };
	bool busy = false;
	bool yes = spool_peek(r->spool, from, id, &i, &busy, NULL) == 0 &&
		   !busy && is_to_move(r, &i);

	spool_item_clear(&i);
	return yes;
}

/* What somebody else has, or what is damaged, is passed over. */
static bool
move_one(void *ctx, const char *id)
{
	struct removal *r = ctx;
	enum spool_place from = r->back ? SPOOL_FAILED : SPOOL_QUEUE;
	enum spool_place to = r->back ? SPOOL_QUEUE : SPOOL_FAILED;
	struct spool_claim *c = NULL;
	struct spool_item *i;

	if (!peek_is_to_move(r, from, id) ||
	    spool_claim(r->spool, from, id, &c, NULL) != 0)
		return true;
	i = spool_item(c);
	if (is_to_move(r, i)) {
		i->state.by_pause = !r->back;
		r->code = spool_move(c, to, r->e);
		r->n += r->code == 0;
	}
	spool_release(c);
	return r->code == 0;
}

static int
move_all(struct removal *r, struct err *e)
{
	int code;
	char *n;

	r->e = e;
	code = spool_each(
	    r->spool, r->back ? SPOOL_FAILED : SPOOL_QUEUE, move_one, r, e);
	if (code == 0)
		code = r->code;
	if (r->n > 0) {
		n = mem_printf("%zu", r->n);
		log_event(r->back ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, NULL,
		    "alert", "profile", r->profile->name, "state",
		    r->back ? "messages taken back into the queue"
			    : "paused too long: messages moved to failed",
		    "messages", n, NULL);
		free(n);
	}
	return code;
}

int
settle_give_up(struct spool *s, const struct profile *p, struct err *e)
{
	struct removal r = { .spool = s, .profile = p };

	return move_all(&r, e);
}

int
settle_take_back(struct spool *s, const struct profile *p, struct err *e)
{
	struct removal r = { .spool = s, .profile = p, .back = true };

	return move_all(&r, e);
}
