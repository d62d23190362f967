/* SPDX-License-Identifier: ISC */
/*
 * settle: what becomes of a message in the queue after an attempt: gone, kept
 * for another try, returned with a report, moved to failed/. Only here are
 * results written to the spool, and reports made.
 *
 * Must not know: SMTP, how an attempt is made, who is told on a terminal.
 */
#ifndef CORE_SETTLE_H
#define CORE_SETTLE_H

#include "base/err.h"
#include "core/conf.h"
#include "gate/spool.h"

#include <stdbool.h>

/* What is to be done with an item of the queue. */
enum settle_need {
	SETTLE_NEED_NOTHING, /* it is held, or not due */
	SETTLE_NEED_TRY,
	SETTLE_NEED_END /* all was tried: settle_message() without a result */
};

/*
 * Pure. at_once: whether due or not; even then what is unclear waits for its 15
 * minutes. A clock that was set back by more than an item had to wait makes it
 * due.
 */
enum settle_need settle_need(const struct spool_item *i,
    const struct profile_queue *q, int64_t now, bool at_once);

/* What an attempt has shown. Borrowed. */
struct settle_attempt {
	const struct profile *profile;
	const struct outcome *result;  /* one for each recipient; NULL: no
					  attempt was made */
	const char *server;	       /* "host:port", or "" */
	const struct outcome *trouble; /* where a later way to authenticate has
					  worked: that of an earlier one */
	bool lost_links; /* the link was lost with this message, and with the
			    one before: trouble of the account */
	bool told; /* the caller knows of what was refused in this attempt, and
		      has the text: if nothing else is left of the message, no
		      report on it, nothing in failed/ */
};

/* What came of it. */
enum settle_end {
	SETTLE_DONE,	 /* it is gone from the queue */
	SETTLE_WAITS,	 /* it stays, for state.next */
	SETTLE_RETURNED, /* it is in failed/, a report is in the queue if due */
	SETTLE_DAMAGED	 /* it is in bad/ */
};

/*
 * Settle: trouble of the account is noted there; results go into the state;
 * then by what is left:
 *  - all delivered (or all refused and told): removed;
 *  - before it is removed or returned: a report (RFC 3461 5.2.2) on those who
 *    were delivered to a server that tells of no success, where that was
 *    wanted, to the envelope sender;
 *  - to be tried: next = retry_first doubled, at most retry_max, with jitter,
 *    and for one that is unclear 15 minutes at least; a delay report once it
 *    has waited for warn_after; returned once it has had `lifetime` of time in
 *    which its profile could send and four attempts;
 *  - nothing more to be tried, some refused: a report (RFC 3464), then failed/.
 * A report is about those recipients of whom it is wanted (NOTIFY).
 * A report is durable before its message leaves the queue; across crashes there
 * is one. A report is never answered, nor is the null sender; there are at
 * most reports_per_hour; for a system profile it goes to admin, else to the
 * envelope sender; it leaves by the same profile, or by `default` where that
 * one is paused.
 *
 * The claim is ended in any case. EX_IOERR, EX_CANTCREAT: the result could not
 * be recorded, and must not be forgotten: nothing else may be tried.
 */
int settle_message(struct spool *s, struct spool_claim *c, const struct conf *k,
    const struct settle_attempt *a, enum settle_end *end, struct err *e);

/* A crash may have left a report whose message is still in the queue: called
 * with a claim on the report before it is sent, it moves the message, or notes
 * in it that the report on those who were relayed is made. */
int settle_finish_return(struct spool *s, const char *report_id,
    const struct profile_queue *q, struct err *e);

/* Move the waiting messages of a profile that is paused for too long to
 * failed/ (by_pause), and those back when it can send again. */
int settle_give_up(struct spool *s, const struct profile *p, struct err *e);
int settle_take_back(struct spool *s, const struct profile *p, struct err *e);

#endif
