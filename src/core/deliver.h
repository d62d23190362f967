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

/* The canonical message: read n octets at most at offset at; 0 at the end, -1
 * with errno: then it is never sent to its end. It may be read several times,
 * each time from its front. */
struct deliver_text {
	ssize_t (*read)(void *ctx, void *p, size_t n, uint64_t at);
	void *ctx;
};

/* What to do; borrowed until deliver_free(). */
struct deliver_order {
	const struct profile *profile;
	const struct envelope *envelope;
	struct deliver_text text;
	const struct outcome *before; /* one for each recipient: those that are
					 final are passed over; NULL: none is */
	struct deliver_link *link; /* a session that is open, or NULL; taken */
	bool more;	      /* keep the session for deliver_take_link() */
	bool somebody_waits;  /* timeouts.foreground holds until the body */
	smtp_trace_fn *trace; /* or NULL */
	void *trace_ctx;
};

struct deliver;

/*
 * Begin; an order without an open recipient is our own fault. done(ctx) is
 * called from the loop, once, when every recipient has an
 * outcome (and never before this returns). Each attempt, token and refusal
 * has its log line.
 */
struct deliver *deliver_start(struct loop *l, struct wire *w,
    const struct deliver_order *o, void (*done)(void *ctx), void *ctx);

/*
 * One for each recipient of the envelope, none OPEN after done; those that were
 * final before are as they were. Class and kind are hint_classify()'s, with
 * what only we know: a secret that did not come from a cache (F is P or C
 * then), 5.7.x at RCPT (C where every recipient got it, else M), a 421 or a
 * lost link after MAIL's reply (T). Where a later way of auth has worked, all
 * is delivered and deliver_troubles() tells of the earlier ones.
 */
const struct outcome *deliver_outcomes(const struct deliver *d);

/* Was the link lost, or a 421 said, after MAIL's reply? With two different
 * messages in a row that is the account's trouble (L). */
bool deliver_lost_link(const struct deliver *d);

/* The session, if one is left that can take another message; else NULL. */
struct deliver_link *deliver_take_link(struct deliver *d);
void deliver_close_link(struct deliver_link *k); /* says QUIT; takes NULL */

/* Why ways to authenticate failed: trouble i is of way i of the account's
 * auth. All failed if *n is the number of ways. */
const struct outcome *deliver_troubles(const struct deliver *d, size_t *n);

/* "host:port" of the server that was used or tried last. */
const char *deliver_server(const struct deliver *d);

/* The mechanism that was accepted, or NULL. */
const char *deliver_mech(const struct deliver *d);

void deliver_free(struct deliver *d); /* takes NULL; stops what goes on */

#endif
