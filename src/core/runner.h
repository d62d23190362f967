/* SPDX-License-Identifier: ISC */
/*
 * runner: works through a queue: what is due goes out, one session a profile,
 * many messages on it; profiles side by side, so that none waits for another.
 *
 * Must not know: argv, who is told on a terminal.
 */
#ifndef CORE_RUNNER_H
#define CORE_RUNNER_H

#include "base/err.h"
#include "core/conf.h"
#include "core/deliver.h"
#include "core/settle.h"
#include "gate/spool.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* What to run over. Borrowed. */
struct runner_order {
	struct spool *spool;
	const struct conf *conf;
	const struct profile_home *home; /* whose spool it is: only profiles of
					    this file deliver from it */
	bool now;	  /* all that is not held, whether due or not */
	const char *only; /* this ID alone, or NULL */
	const struct spool_select *select; /* these alone, or NULL */
	/*
	 * Where a command has claimed one that it has just written: it goes
	 * first, on its own, and first_done() hears of its results before they
	 * are settled; what that returns is settle_attempt.told. Then
	 * first_settled() hears what came of it: 0, or the code with which
	 * nothing could be recorded. Both may block. The rest of the queue
	 * comes after that. Where it can't be tried now (its account is paused,
	 * say), first_settled() alone hears that it waits, and why.
	 */
	struct spool_claim *first; /* or NULL; taken */
	bool (*first_done)(
	    void *ctx, const struct outcome *result, const struct deliver *d);
	void (*first_settled)(
	    void *ctx, int code, enum settle_end end, const char *words);
	void *ctx;
	smtp_trace_fn *trace; /* of the first, or NULL */
	void *trace_ctx;
	const volatile sig_atomic_t *stop; /* once true: no new attempt, those
					      under way end; or NULL */
};

/* Messages. */
struct runner_tally {
	size_t tried, done, returned, bad;
	size_t waiting; /* tried in vain, or not due, or held */
	size_t paused;	/* passed over for their account or sender */
	size_t busy;	/* somebody else has them */
};

/*
 * Run once: the first, then what is due. A profile whose account is paused and
 * not due is passed over; a probe is one message. Blocks until nothing more is
 * to be done. EX_IOERR, EX_CANTCREAT: results can't be recorded; nothing more
 * was tried then. Another process working through the queue is no failure: its
 * messages are passed over (busy).
 */
int runner_once(
    const struct runner_order *o, struct runner_tally *t, struct err *e);

#endif
