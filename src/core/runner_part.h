/* SPDX-License-Identifier: ISC */
/* What the parts of runner share; for them alone. */
#ifndef CORE_RUNNER_PART_H
#define CORE_RUNNER_PART_H

#include "core/account.h"
#include "core/runner.h"

#include <stdint.h>

/* An item that is to be taken up; small, since there may be 100,000. */
struct runner_item {
	char id[ENVELOPE_ID_MAX + 1];
	const struct profile *profile;
	int64_t since; /* since when it waits for its turn */
};

/* The items of one account, one after the other on one session. */
struct runner_lane {
	struct runner *runner;
	const struct profile *account;
	struct runner_item *items;
	size_t n, cap;
	size_t at; /* the next one */
	bool was_paused, is_paused, is_given_up;

	/* The message under way. */
	struct spool_claim *claim;
	const struct profile *profile;
	bool is_first; /* it is order->first */
	struct deliver_order order;
	struct envelope envelope; /* borrows from the claim */
	char *sender;		  /* for a second transfer, or NULL */
	struct deliver *deliver;
	struct deliver_link *link; /* for the next one */
	bool lost_link;		   /* with the one before */
	struct loop_timer turn;
};

/* A set of IDs: sorted up to n_sorted, then in order of arrival. */
struct runner_ids {
	char (*v)[ENVELOPE_ID_MAX + 1];
	size_t n, n_sorted, cap;
};

struct runner {
	const struct runner_order *order;
	struct runner_tally *tally;
	struct loop *loop;
	struct wire *wire;
	struct runner_lane **lanes;
	size_t n_lanes;
	size_t running; /* lanes */
	unsigned pass;	/* from 1; 0: that of the first */
	bool batch;
	struct loop_timer flush;
	struct runner_ids taken; /* up in this run: never again in it */
	size_t kept;		 /* of those that still wait */
	struct text_list said;	 /* profiles and IDs that were complained of */
	int code;		 /* nothing can be recorded any more */
	struct err *e;
};

/* ---- runner_scan.c */

/* Look through the queue: what is to be taken up, into lanes, oldest first.
 * Counts what is passed over. EX_NOINPUT. */
int runner_scan(struct runner *r, struct err *e);

void runner_add_id(struct runner_ids *s, const char *id);
bool runner_has_id(const struct runner_ids *s, const char *id); /* sorted */
void runner_sort_ids(struct runner_ids *s);

struct runner_lane *runner_new_lane(
    struct runner *r, const struct profile *account);
void runner_drop_lanes(struct runner *r);

/* ---- runner_lane.c */

/* Work through the lanes, side by side, until all are done. */
void runner_run_lanes(struct runner *r);

/* Nothing can be recorded: no new attempts. */
void runner_fail(struct runner *r, int code, const struct err *e);

/* Is there to be no new attempt? */
bool runner_is_over(const struct runner *r);

/* The account of p, which may send or not. */
bool runner_is_paused(const struct profile *p);

#endif
