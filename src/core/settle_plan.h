/* SPDX-License-Identifier: ISC */
/* settle_plan: the decisions of settle, without a clock, a file or a random
 * number of its own; for settle alone. */
#ifndef CORE_SETTLE_PLAN_H
#define CORE_SETTLE_PLAN_H

#include "core/profile.h"
#include "gate/spool.h"
#include "mail/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the results of an attempt amount to. */
struct settle_count {
	size_t n;
	size_t refused, open;	       /* of all recipients */
	size_t refused_now;	       /* by this attempt */
	bool put_off;		       /* one of them for its own sake */
	bool unclear;		       /* one of them */
	bool news;		       /* there is something to be recorded */
	size_t to_tell[REPORT_KINDS];  /* those whom such a report would be
					  about */
	const struct outcome *trouble; /* of the account, or NULL */
	const struct outcome
	    *it_works; /* shows that the account does; or NULL */
};

/* Is a report of that kind about a recipient of whom that was wanted (enum
 * dsn_notify)? */
bool settle_concerns(
    enum report_kind kind, const struct outcome *o, unsigned notify);

/* before: the results so far, or NULL: none; result: those of the attempt, or
 * NULL: there was none. Each has one for each recipient of v. */
void settle_count(const struct outcome *before, const struct outcome *result,
    const struct envelope *v, struct settle_count *c);

struct settle_facts {
	const struct profile_queue *queue;
	const struct spool_state *state; /* before the attempt */
	struct settle_count count;
	bool attempt; /* one was made */
	bool told;
	bool unanswerable; /* a report, or the null sender */
	int64_t accepted;
	int64_t resumed; /* the last trouble of the account ended */
	int64_t now;
	uint32_t dice;
};

enum settle_act {
	SETTLE_ACT_REMOVE,
	SETTLE_ACT_LEAVE, /* as it is: the trouble is the account's */
	SETTLE_ACT_KEEP,  /* with a new state */
	SETTLE_ACT_RETURN
};

struct settle_plan {
	enum settle_act act;
	bool report;  /* on its end is due */
	bool relayed; /* a report on those who were relayed is due before */
	bool warn;    /* of its delay */
	unsigned attempts;
	int64_t last, next, able;
};

void settle_plan(const struct settle_facts *f, struct settle_plan *p);

/* Is nothing of it to be tried any more? */
bool settle_has_ended(
    const struct spool_item *i, const struct profile_queue *q);

/*
 * May a report be made? Reports are worth 1/per_hour of an hour each; *booked
 * is the instant up to which they are, and moves on if it may.
 */
bool settle_may_report(int64_t *booked, int64_t now, int64_t per_hour);

#endif
