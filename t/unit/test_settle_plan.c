/* SPDX-License-Identifier: ISC */
/*
 * settle_plan: what becomes of a message, as a table: states and results in,
 * by a clock and dice of the test; an act out.
 */
#include "core/settle_plan.h"

#include <stdio.h>
#include <string.h>

#include "core/settle.h"
#include "unit.h"

#define MINUTE ((int64_t)60 * 1000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum { MIDDLE = 200, MOST = 3 }; /* dice for no jitter; recipients */

static const int64_t start = INT64_C(1700000000000);
static const struct profile_queue queue = { .lifetime = 4 * DAY,
	.warn_after = 4 * HOUR,
	.retry_first = MINUTE,
	.retry_max = HOUR };

/*
 * One letter a recipient: . open, d delivered, s delivered and relayed, r
 * refused, t later for its own sake, u unclear, L P C F later for the
 * account's.
 */
static void
results(const char *letters, struct outcome v[MOST])
{
	static const char classes[] = "-FLtPC";
	const char *class;
	size_t i;

	memset(v, 0, MOST * sizeof(*v));
	for (i = 0; letters[i] != '\0'; i++) {
		class = strchr(classes, letters[i]);
		v[i].relayed = letters[i] == 's';
		v[i].kind = letters[i] == 'd' || v[i].relayed
				? OUTCOME_DELIVERED
			    : letters[i] == 'r' ? OUTCOME_REFUSED
			    : letters[i] == 'u' ? OUTCOME_UNCLEAR
			    : letters[i] == '.' ? OUTCOME_OPEN
						: OUTCOME_LATER;
		if (class != NULL)
			v[i].class = (enum outcome_class)(class - classes);
		if (letters[i] == 'u')
			v[i].class = OUTCOME_CLASS_T;
		if (letters[i] == 'r')
			v[i].class = OUTCOME_CLASS_M;
	}
}

/* As many recipients as there are letters, of whom that is wanted: n never, s
 * success, f failure, d delay, . nothing was said. */
static const struct envelope *
wishes(const char *letters)
{
	static const char bits[] = "nsfd";
	static struct dsn_rcpt wish[MOST];
	static struct envelope v;
	const char *bit;

	v.rcpt_dsn = wish;
	for (v.n_rcpts = 0; letters[v.n_rcpts] != '\0'; v.n_rcpts++) {
		bit = strchr(bits, letters[v.n_rcpts]);
		wish[v.n_rcpts].notify = bit != NULL ? 1u << (bit - bits) : 0;
	}
	return &v;
}

/* ---- results, counted */

static const struct {
	const char *before, *after; /* "": none */
	const char *want; /* refused open refused_now, put off, unclear, news */
	char trouble, works; /* class of that outcome, or '-' for none */
} counts[] = {
	{ "..", "dd", "0 0 0 --n", '-', 'd' },
	{ "..", "dr", "1 0 1 --n", '-', 'r' },
	{ "dr", "dr", "1 0 0 ---", '-', '-' },
	{ "dr.", "drr", "2 0 1 --n", '-', 'r' },
	{ "..", "dt", "0 1 0 p-n", '-', 't' },
	{ "..", "du", "0 1 0 pun", '-', 'u' },
	{ "t", "u", "0 1 0 pun", '-', 'u' },
	{ "..", "LL", "0 2 0 ---", 'L', '-' },
	{ "..", "dL", "0 1 0 --n", 'L', 'd' },
	{ "..", "tP", "0 2 0 p-n", 'P', 't' },
	{ "...", "CPL", "0 3 0 ---", 'L', '-' },
	{ "...", "CPC", "0 3 0 ---", 'P', '-' },
	{ ".", "F", "0 1 0 ---", 'F', '-' },
	{ "dt", "", "0 1 0 ---", '-', '-' },
	{ "dr", "", "1 0 0 ---", '-', '-' },
	{ "", "r", "1 0 1 --n", '-', 'r' },
};

static char
letter(const struct outcome *o)
{
	if (o == NULL)
		return '-';
	if (o->kind == OUTCOME_DELIVERED)
		return 'd';
	if (o->kind == OUTCOME_REFUSED)
		return 'r';
	if (o->kind == OUTCOME_UNCLEAR)
		return 'u';
	return o->class == OUTCOME_CLASS_T ? 't'
					   : *outcome_class_name(o->class);
}

START_TEST(results_are_counted)
{
	const char *b = counts[_i].before, *a = counts[_i].after;
	struct outcome before[MOST], after[MOST];
	struct settle_count c;
	char got[32];

	results(b, before);
	results(a, after);
	settle_count(*b != '\0' ? before : NULL, *a != '\0' ? after : NULL,
	    wishes(&"..."[MOST - strlen(*b != '\0' ? b : a)]), &c);
	snprintf(got, sizeof(got), "%zu %zu %zu %c%c%c", c.refused, c.open,
	    c.refused_now, c.put_off ? 'p' : '-', c.unclear ? 'u' : '-',
	    c.news ? 'n' : '-');
	ck_assert_msg(letter(c.trouble) == counts[_i].trouble &&
			  letter(c.it_works) == counts[_i].works,
	    "%s -> %s: trouble %c, works %c", b, a, letter(c.trouble),
	    letter(c.it_works));
	ck_assert_msg(strcmp(got, counts[_i].want) == 0, "%s -> %s: %s, not %s",
	    b, a, got, counts[_i].want);
}
END_TEST

/* ---- what follows */

enum { TOLD = 1, NO_ANSWER = 2, WARNED = 4, RETURNED = 8 };

static const struct {
	const char *what;
	const char *before, *after;
	unsigned attempts; /* before */
	int64_t last;	   /* before; how long ago, 0: never */
	int64_t able;	   /* before */
	int64_t resumed;   /* how long ago, 0: never in trouble */
	int64_t age;
	int flags;
	const char *want;  /* act, report, warn */
	int64_t want_able; /* more than before */
} plans[] = {
	/* all is said */
	{ "delivered", ".", "d", 0, 0, 0, 0, 0, 0, "remove --", 0 },
	{ "delivered at last", "d.", "dd", 3, HOUR, HOUR, 0, 0, 0, "remove --",
	    0 },
	{ "refused", ".", "r", 0, 0, 0, 0, 0, 0, "return r-", 0 },
	{ "one refused", "..", "dr", 0, 0, 0, 0, 0, 0, "return r-", 0 },
	{ "refused before", "r.", "rd", 1, HOUR, 0, 0, 0, 0, "return r-", 0 },
	{ "refused, told", "..", "rr", 0, 0, 0, 0, 0, TOLD, "remove --", 0 },
	{ "some refused, told", "..", "dr", 0, 0, 0, 0, 0, TOLD, "return r-",
	    0 },
	{ "refused before, told", "r.", "rr", 1, HOUR, 0, 0, 0, TOLD,
	    "return r-", 0 },
	{ "delivered before, told", "d.", "dr", 1, HOUR, 0, 0, 0, TOLD,
	    "return r-", 0 },
	{ "refused, null sender", ".", "r", 0, 0, 0, 0, 0, NO_ANSWER,
	    "return --", 0 },
	{ "refused, reported", ".", "r", 0, 0, 0, 0, 0, RETURNED, "return --",
	    0 },

	/* the account's trouble is not the message's */
	{ "L", "..", "LL", 0, 0, 0, 0, 0, 0, "leave --", 0 },
	{ "P", ".", "P", 2, HOUR, HOUR, 0, 0, 0, "leave --", 0 },
	{ "C, old", ".", "C", 9, 9 * DAY, 3 * DAY, 0, 99 * DAY, 0, "leave --",
	    0 },
	{ "delivered and L", "..", "dL", 0, 0, 0, 0, 0, 0, "keep --", 0 },
	{ "delivered and L, again", "d.", "dL", 1, HOUR, 0, 0, 0, 0, "leave --",
	    0 },
	{ "refused and L, told", "..", "rL", 0, 0, 0, 0, 0, TOLD, "keep --",
	    0 },

	/* age: only what was seen between two attempts */
	{ "T, first", ".", "t", 0, 0, 0, 0, 9 * DAY, 0, "keep --", 0 },
	{ "T, second", ".", "t", 1, HOUR, 0, 0, HOUR, 0, "keep --", HOUR },
	{ "T, account was away", ".", "t", 1, 2 * DAY, 0, HOUR, 2 * DAY, 0,
	    "keep --", HOUR },
	{ "T, trouble was before", ".", "t", 1, HOUR, 0, DAY, 2 * DAY, 0,
	    "keep --", HOUR },
	{ "T, machine was off", ".", "t", 1, 9 * DAY, 0, 0, 9 * DAY, WARNED,
	    "keep --", DAY },
	{ "T, clock set back", ".", "t", 1, -9 * DAY, HOUR, 0, -9 * DAY, 0,
	    "keep --", 0 },
	{ "L and delivered adds none", "..", "dL", 1, HOUR, 0, 0, HOUR, 0,
	    "keep --", 0 },
	{ "unclear adds", ".", "u", 1, HOUR, 0, 0, HOUR, 0, "keep --", HOUR },

	/* ten years at once, four times over, is one lifetime */
	{ "a jump, third attempt", ".", "t", 3, 3650 * DAY, 2 * DAY, 0,
	    3650 * DAY, WARNED, "keep --", DAY },
	{ "a jump with a day left", ".", "t", 9, 3650 * DAY, 3 * DAY - 1, 0,
	    3650 * DAY, WARNED, "keep --", DAY },
	{ "four attempts, not its time", ".", "t", 3, HOUR, 4 * DAY - HOUR - 1,
	    0, 5 * DAY, WARNED, "keep --", HOUR },
	{ "its time, three attempts", ".", "t", 2, HOUR, 4 * DAY, 0, 5 * DAY,
	    WARNED, "keep --", HOUR },
	{ "its time, four attempts", ".", "t", 3, HOUR, 4 * DAY - HOUR, 0,
	    5 * DAY, WARNED, "return r-", HOUR },
	{ "its time, unclear", ".", "u", 3, HOUR, 4 * DAY - HOUR, 0, 5 * DAY,
	    WARNED, "return r-", HOUR },
	{ "its time, some delivered", "..", "dt", 3, HOUR, 4 * DAY, 0, 5 * DAY,
	    0, "return r-", HOUR },
	{ "its time, a report", ".", "t", 3, HOUR, 4 * DAY, 0, 5 * DAY,
	    NO_ANSWER, "return --", HOUR },

	/* a warning: once, by the clock and by what was seen */
	{ "late", ".", "t", 9, HOUR, 3 * HOUR, 0, 4 * HOUR, 0, "keep -w",
	    HOUR },
	{ "late, told", ".", "t", 9, HOUR, 3 * HOUR, 0, 4 * HOUR, WARNED,
	    "keep --", HOUR },
	{ "not late yet", ".", "t", 9, HOUR, 3 * HOUR - 1, 0, 4 * HOUR, 0,
	    "keep --", HOUR },
	{ "late by what was seen alone", ".", "t", 9, HOUR, 3 * HOUR, 0,
	    4 * HOUR - 1, 0, "keep --", HOUR },
	{ "late, null sender", ".", "t", 9, HOUR, 3 * HOUR, 0, 4 * HOUR,
	    NO_ANSWER, "keep --", HOUR },

	/* without an attempt: what a crash has left */
	{ "all delivered", "dd", "", 1, HOUR, 0, 0, HOUR, 0, "remove --", 0 },
	{ "all said, some refused", "dr", "", 1, HOUR, 0, 0, HOUR, 0,
	    "return r-", 0 },
	{ "had its time", "dt", "", 4, HOUR, 4 * DAY, 0, DAY, 0, "return r-",
	    0 },
	{ "open", "dt", "", 4, HOUR, DAY, 0, DAY, 0, "leave --", 0 },
};

static const char *
act_name(const struct settle_plan *p)
{
	static const char *const names[] = { "remove", "leave", "keep",
		"return" };
	static char text[32];

	snprintf(text, sizeof(text), "%s %c%c", names[p->act],
	    p->report ? 'r' : '-', p->warn ? 'w' : '-');
	return text;
}

static void
plan_one(size_t i, uint32_t dice, struct settle_plan *p)
{
	struct outcome before[MOST], after[MOST];
	struct spool_state s = { .attempts = plans[i].attempts,
		.last = plans[i].last != 0 ? start - plans[i].last : 0,
		.next = plans[i].last != 0 ? start : 0,
		.able = plans[i].able,
		.warned = (plans[i].flags & WARNED) != 0,
		.returned = (plans[i].flags & RETURNED) != 0,
		.result = before };
	struct settle_facts f = { .queue = &queue,
		.state = &s,
		.attempt = plans[i].after[0] != '\0',
		.told = (plans[i].flags & TOLD) != 0,
		.unanswerable = (plans[i].flags & NO_ANSWER) != 0,
		.accepted = start - plans[i].age,
		.resumed = plans[i].resumed != 0 ? start - plans[i].resumed : 0,
		.now = start,
		.dice = dice };

	results(plans[i].before, before);
	results(plans[i].after, after);
	settle_count(before, f.attempt ? after : NULL,
	    wishes(&"..."[MOST - strlen(plans[i].before)]), &f.count);
	settle_plan(&f, p);
}

START_TEST(a_plan_is_made)
{
	struct settle_plan p;
	int64_t more;

	plan_one((size_t)_i, MIDDLE, &p);
	more = p.able - plans[_i].able;
	ck_assert_msg(strcmp(act_name(&p), plans[_i].want) == 0,
	    "%s: %s, not %s", plans[_i].what, act_name(&p), plans[_i].want);
	ck_assert_msg(more == plans[_i].want_able, "%s: able for %lld more",
	    plans[_i].what, (long long)more);
	if (p.act == SETTLE_ACT_LEAVE) { /* as it was */
		ck_assert_uint_eq(p.attempts, plans[_i].attempts);
		ck_assert_int_eq(p.next, plans[_i].last != 0 ? start : 0);
	} else if (p.act == SETTLE_ACT_KEEP) {
		ck_assert_uint_eq(p.attempts, plans[_i].attempts + 1);
		ck_assert_int_eq(p.last, start);
		ck_assert_int_gt(p.next, start);
	}
}
END_TEST

/* The next attempt: doubled from a minute to an hour; unclear: 15 minutes. */
static const struct {
	const char *after;
	unsigned attempts; /* before */
	uint32_t dice;
	int64_t want; /* ms from now */
} delays[] = {
	{ "t", 0, MIDDLE, MINUTE },
	{ "t", 1, MIDDLE, 2 * MINUTE },
	{ "t", 5, MIDDLE, 32 * MINUTE },
	{ "t", 6, MIDDLE, HOUR },
	{ "t", 99, MIDDLE, HOUR },
	{ "t", 4000000000u, MIDDLE, HOUR },
	{ "t", 0, 0, MINUTE * 4 / 5 },
	{ "t", 0, 400, MINUTE * 6 / 5 },
	{ "u", 0, MIDDLE, 15 * MINUTE },
	{ "u", 3, MIDDLE, 15 * MINUTE },
	{ "u", 4, MIDDLE, 16 * MINUTE },
	{ "u", 4, 0, 15 * MINUTE },
	{ "u", 99, MIDDLE, HOUR },
};

START_TEST(the_next_attempt_is_put_off)
{
	struct outcome after[MOST];
	struct spool_state s = { .attempts = delays[_i].attempts };
	struct settle_facts f = { .queue = &queue,
		.state = &s,
		.attempt = true,
		.accepted = start,
		.now = start,
		.dice = delays[_i].dice };
	struct settle_plan p;

	results(delays[_i].after, after);
	settle_count(NULL, after, wishes("."), &f.count);
	settle_plan(&f, &p);
	ck_assert_int_eq(p.act, SETTLE_ACT_KEEP);
	ck_assert_int_eq(p.next - start, delays[_i].want);
}
END_TEST

START_TEST(no_warning_where_there_is_to_be_none)
{
	struct profile_queue silent = queue;
	struct outcome after[MOST];
	struct spool_state s = {
		.attempts = 9, .last = start - HOUR, .able = 2 * DAY
	};
	struct settle_facts f = { .queue = &silent,
		.state = &s,
		.attempt = true,
		.accepted = start - 9 * DAY,
		.now = start };
	struct settle_plan p;

	results("t", after);
	settle_count(NULL, after, wishes("."), &f.count);
	settle_plan(&f, &p);
	ck_assert(p.warn);
	silent.warn_after = 0;
	settle_plan(&f, &p);
	ck_assert(!p.warn);
}
END_TEST

/* ---- who is to be told */

static const struct {
	const char *what, *wishes, *before, *after;
	int flags;
	const char *want; /* act, report, warning, report on the relayed */
} wanted[] = {
	{ "nothing said, refused", "..", "..", "rr", 0, "return r--" },
	{ "never, refused", "n", ".", "r", 0, "return ---" },
	{ "never and nothing, refused", "n.", "..", "rr", 0, "return r--" },
	{ "never, the other has it", "n.", "..", "rd", 0, "return ---" },
	{ "success only, refused", "s", ".", "r", 0, "return ---" },
	{ "delay only, refused", "d", ".", "r", 0, "return ---" },
	{ "failure, refused", "f", ".", "r", 0, "return r--" },
	{ "never, told", "n", ".", "r", TOLD, "remove ---" },
	{ "nothing said, late", ".", "t", "t", 0, "keep -w-" },
	{ "delay, late", "d", "t", "t", 0, "keep -w-" },
	{ "never, late", "n", "t", "t", 0, "keep ---" },
	{ "failure only, late", "f", "t", "t", 0, "keep ---" },
	{ "delay has it, failure is late", "df", "dt", "dt", 0, "keep ---" },
	{ "success, the server tells", "s", ".", "d", 0, "remove ---" },
	{ "success, relayed", "s", ".", "s", 0, "remove --s" },
	{ "relayed, null sender", "s", ".", "s", NO_ANSWER, "remove ---" },
	{ "relayed, one put off", "ss", "..", "st", 0, "keep ---" },
	{ "relayed, then the other", "ss", "st", "ss", 0, "remove --s" },
	{ "relayed, then the other by DSN", "ss", "st", "sd", 0, "remove --s" },
	{ "relayed, one refused", "sf", "..", "sr", 0, "return r-s" },
	{ "relayed, one refused, told", "sf", "..", "sr", TOLD, "return r-s" },
	{ "relayed, one never, refused", "sn", "..", "sr", 0, "return --s" },
	{ "relayed, the account's trouble", "ss", "s.", "sL", 0, "leave ---" },
	{ "relayed, a crash before the report", "s", "s", "", 0, "remove --s" },
	{ "refused, a crash behind that", "s.", "dr", "", 0, "return r--" },
};

START_TEST(those_are_told_who_want_it)
{
	struct outcome before[MOST], after[MOST];
	struct spool_state s = { .attempts = 3,
		.last = start - HOUR,
		.able = 5 * HOUR,
		.result = before };
	struct settle_facts f = { .queue = &queue,
		.state = &s,
		.attempt = wanted[_i].after[0] != '\0',
		.told = (wanted[_i].flags & TOLD) != 0,
		.unanswerable = (wanted[_i].flags & NO_ANSWER) != 0,
		.accepted = start - 6 * HOUR,
		.now = start,
		.dice = MIDDLE };
	struct settle_plan p;
	char got[40];

	results(wanted[_i].before, before);
	results(wanted[_i].after, after);
	settle_count(before, f.attempt ? after : NULL,
	    wishes(wanted[_i].wishes), &f.count);
	settle_plan(&f, &p);
	snprintf(got, sizeof(got), "%s%c", act_name(&p), p.relayed ? 's' : '-');
	ck_assert_msg(strcmp(got, wanted[_i].want) == 0, "%s: %s, not %s",
	    wanted[_i].what, got, wanted[_i].want);
}
END_TEST

/* ---- what is to be done */

enum { HELD = 1, AT_ONCE = 2 };

static const struct {
	const char *what;
	const char *results;
	unsigned attempts;
	int64_t last, next; /* from now; 0, 0: never */
	int64_t able;
	int flags;
	enum settle_need want;
} needs[] = {
	{ "new", ".", 0, 0, 0, 0, 0, SETTLE_NEED_TRY },
	{ "held", ".", 0, 0, 0, 0, HELD, SETTLE_NEED_NOTHING },
	{ "held, at once", ".", 0, 0, 0, 0, HELD | AT_ONCE,
	    SETTLE_NEED_NOTHING },
	{ "held, ended", "r", 1, -HOUR, 0, 0, HELD, SETTLE_NEED_NOTHING },
	{ "due", "t", 1, -HOUR, -1, 0, 0, SETTLE_NEED_TRY },
	{ "due now", "t", 1, -HOUR, 0, 0, 0, SETTLE_NEED_TRY },
	{ "not due", "t", 1, -HOUR, 1, 0, 0, SETTLE_NEED_NOTHING },
	{ "not due, at once", "t", 1, -HOUR, HOUR, 0, AT_ONCE,
	    SETTLE_NEED_TRY },
	{ "clock set back a little", "t", 1, MINUTE, HOUR, 0, 0,
	    SETTLE_NEED_NOTHING },
	{ "clock set back for as long as it waits", "t", 1, HOUR, 2 * HOUR, 0,
	    0, SETTLE_NEED_TRY },
	{ "clock set back ten years", "t", 1, 3650 * DAY, 3650 * DAY + HOUR, 0,
	    0, SETTLE_NEED_TRY },
	{ "unclear, not due", "u", 1, -10 * MINUTE, 5 * MINUTE, 0, 0,
	    SETTLE_NEED_NOTHING },
	{ "unclear, at once, too soon", "u", 1, -15 * MINUTE + 1, 1, 0, AT_ONCE,
	    SETTLE_NEED_NOTHING },
	{ "unclear, at once", "du", 1, -15 * MINUTE, HOUR, 0, AT_ONCE,
	    SETTLE_NEED_TRY },
	{ "unclear, due", "du", 1, -15 * MINUTE, 0, 0, 0, SETTLE_NEED_TRY },
	{ "all delivered", "d", 1, -HOUR, 0, 0, 0, SETTLE_NEED_END },
	{ "refused", "dr", 1, -HOUR, 0, 0, 0, SETTLE_NEED_END },
	{ "refused, waits for a report", "dr", 1, -HOUR, HOUR, 0, 0,
	    SETTLE_NEED_NOTHING },
	{ "had its time", "t", 4, -HOUR, 0, 4 * DAY, 0, SETTLE_NEED_END },
	{ "had its time, unclear", "u", 4, -MINUTE, 0, 4 * DAY, 0,
	    SETTLE_NEED_END },
	{ "three attempts", "t", 3, -HOUR, 0, 9 * DAY, 0, SETTLE_NEED_TRY },
	{ "almost its time", "t", 9, -HOUR, 0, 4 * DAY - 1, 0,
	    SETTLE_NEED_TRY },
};

START_TEST(what_is_due_is_seen)
{
	struct outcome v[MOST];
	bool never = needs[_i].last == 0 && needs[_i].next == 0;
	struct spool_item i = { .accepted = start,
		.state = { .attempts = needs[_i].attempts,
		    .last = never ? 0 : start + needs[_i].last,
		    .next = never ? 0 : start + needs[_i].next,
		    .able = needs[_i].able,
		    .held = (needs[_i].flags & HELD) != 0,
		    .result = v } };
	enum settle_need need;

	results(needs[_i].results, v);
	i.envelope.n_rcpts = strlen(needs[_i].results);
	need = settle_need(&i, &queue, start, (needs[_i].flags & AT_ONCE) != 0);
	ck_assert_msg(
	    need == needs[_i].want, "%s: %d", needs[_i].what, (int)need);
}
END_TEST

/* ---- how many reports */

START_TEST(reports_are_limited_by_the_hour)
{
	int64_t booked = 0;
	int i;

	for (i = 0; i < 60; i++)
		ck_assert(settle_may_report(&booked, start, 60));
	ck_assert(!settle_may_report(&booked, start, 60));
	ck_assert(!settle_may_report(&booked, start + MINUTE - 1, 60));
	ck_assert(settle_may_report(&booked, start + MINUTE, 60));
	ck_assert(!settle_may_report(&booked, start + MINUTE, 60));
	/* an hour of silence, and all are there again */
	for (i = 0; i < 60; i++)
		ck_assert(settle_may_report(&booked, start + 3 * HOUR, 60));
	ck_assert(!settle_may_report(&booked, start + 3 * HOUR, 60));
}
END_TEST

START_TEST(a_limit_outlives_a_clock_that_jumps)
{
	int64_t booked = start + 3650 * DAY;

	ck_assert(settle_may_report(&booked, start, 1));
	ck_assert_int_eq(booked, start + HOUR);
	ck_assert(!settle_may_report(&booked, start, 1));
	ck_assert(settle_may_report(&booked, start + 3650 * DAY, 1));
	ck_assert(settle_may_report(&booked, start, 1));
	booked = 0;
	ck_assert(!settle_may_report(&booked, start, 0));
	ck_assert(settle_may_report(&booked, start, 1000000));
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, results_are_counted, 0, ROWS(counts));
	tcase_add_loop_test(tc, a_plan_is_made, 0, ROWS(plans));
	tcase_add_loop_test(tc, the_next_attempt_is_put_off, 0, ROWS(delays));
	tcase_add_loop_test(tc, those_are_told_who_want_it, 0, ROWS(wanted));
	tcase_add_test(tc, no_warning_where_there_is_to_be_none);
	tcase_add_loop_test(tc, what_is_due_is_seen, 0, ROWS(needs));
	tcase_add_test(tc, reports_are_limited_by_the_hour);
	tcase_add_test(tc, a_limit_outlives_a_clock_that_jumps);
}

int
main(void)
{
	return unit_main("settle_plan", add);
}
