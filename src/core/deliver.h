/* SPDX-License-Identifier: ISC */
/*
 * deliver: one message through one profile: secret, session, transaction,
 * outcomes. The only place that decides which way to authenticate comes next
 * and what class a trouble has in the end. Driven by a loop, with as many at
 * once as its user likes.
 *
 * Must not know: argv, how tokens are had, how the loop turns.
 */
#ifndef CORE_DELIVER_H
#define CORE_DELIVER_H

#include "base/loop.h"
#include "core/profile.h"
#include "gate/smtp.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

#include <stdbool.h>

/* What to do; borrowed until deliver_free(). */
struct deliver_order {
	const struct profile *profile;
	const struct envelope *envelope;
	int fd;		      /* the canonical message, from its offset 0 */
	bool somebody_waits;  /* timeouts.foreground holds until the body */
	smtp_trace_fn *trace; /* or NULL */
	void *trace_ctx;
};

struct deliver;

/*
 * Begin; done(ctx) is called from the loop, once, when every recipient has an
 * outcome (and never before this returns). Each attempt, token and refusal
 * has its log line.
 */
struct deliver *deliver_start(struct loop *l, struct wire *w,
    const struct deliver_order *o, void (*done)(void *ctx), void *ctx);

/* One for each recipient of the envelope; final after done. */
const struct outcome *deliver_outcomes(const struct deliver *d);

/*
 * Why each way to authenticate failed, if all have: trouble i is of way i of
 * the profile's auth. *n is 0 otherwise.
 */
const struct outcome *deliver_troubles(const struct deliver *d, size_t *n);

/* "host:port" of the server that was used or tried last. */
const char *deliver_server(const struct deliver *d);

void deliver_free(struct deliver *d); /* takes NULL; stops what goes on */

#endif
