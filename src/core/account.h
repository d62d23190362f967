/* SPDX-License-Identifier: ISC */
/*
 * account: can the account of a profile send just now? Trouble of an account is
 * noted here, once, never once a message: state/accounts/NAME. A profile with
 * trouble is paused, and resumes by itself: a probe when it is due, at once
 * after a change of the configuration or of a secret's file.
 *
 * Losing this file costs a probe, no mail. The decisions are pure functions of
 * a struct, the clock and a random number.
 *
 * Must not know: the queue, messages, how a probe is made.
 */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "base/err.h"
#include "core/profile.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stdint.h>

enum account_state {
	ACCOUNT_OK,
	ACCOUNT_DEGRADED,     /* sends, but a way of auth before has failed */
	ACCOUNT_PAUSED,	      /* L */
	ACCOUNT_NEEDS_LOGIN,  /* P */
	ACCOUNT_MISCONFIGURED /* C */
};

/* A sender that the server does not take from this account (C at MAIL). */
struct account_sender {
	char *address;
	int64_t next;
	struct outcome why;
};

/* Times are ms since 1970. */
struct account {
	enum account_state state;
	int64_t since;	 /* the trouble began */
	int64_t last;	 /* it was seen last */
	int64_t next;	 /* probe not before */
	int64_t resumed; /* the last trouble ended */
	int64_t able;	 /* ms for which the trouble was seen to last */
	unsigned tries;	 /* of this trouble */
	bool announced;	 /* the alert of this trouble was made */
	uint32_t stamp;	 /* of what the account was tried with */
	struct outcome why;
	char server[128];
	struct account_sender *senders;
	size_t n_senders;
};

const char *account_state_name(enum account_state s); /* "needs_login" */

/* Load that of p's account (profile_account). No file, or a damaged one, is an
 * account without trouble. Where configuration or secrets have changed since,
 * the trouble stays to be shown, but its probe is due. Ended by
 * account_clear(). */
void account_load(const struct profile *p, struct account *a);

/* Keep it; EX_CANTCREAT, EX_IOERR. */
int account_save(
    const struct profile *p, const struct account *a, struct err *e);
void account_clear(struct account *a);

/* May a message of that sender be tried at now? */
bool account_may_try(const struct account *a, const char *sender, int64_t now);

/* Why not: the trouble, or that of the sender; NULL if it may. */
const struct outcome *account_trouble(
    const struct account *a, const char *sender, int64_t now);

/*
 * Note what an attempt for sender has shown: what was delivered or refused for
 * good (M), or put off for one recipient (T), shows that the account works. L,
 * P and C begin a pause or make it longer: L doubles from retry_first to
 * retry_max; P and C probe every retry_max, but not within an hour, and at
 * least every 6 h. C from MAIL on pauses that sender alone; the null sender is
 * never paused. dice: a random number, for the jitter of +-20 %. True if the
 * state has changed; trouble that is new has announced false.
 */
bool account_note(struct account *a, const struct profile *p,
    const struct outcome *o, const char *sender, const char *server,
    int64_t now, uint32_t dice);

/* The account sends, but by a later way than the first: why. NULL: by the
 * first; what stood is over. To be called behind account_note() for each
 * message that got as far as MAIL. */
void account_note_degraded(
    struct account *a, const struct outcome *why, int64_t now);

/* The pause has lasted for lifetime ms, as it was seen: between two attempts 6
 * h count at most, so that a step of the clock does not. */
bool account_is_given_up(const struct account *a, int64_t lifetime);

/* Try at once. */
void account_retry(struct account *a);

/* A delay: first doubled for each try after the first, at most max, +-20 %. */
int64_t account_delay(
    int64_t first, int64_t max, unsigned tries, uint32_t dice);

#endif
