/* SPDX-License-Identifier: ISC */
/*
 * upkeep: what the accounts of a configuration need now and then, whether there
 * is mail or not: consents that lie idle are used, so that they do not lapse,
 * and what will end is announced in the log.
 *
 * Must not know: the queue, argv, how a token is had.
 */
#ifndef CORE_UPKEEP_H
#define CORE_UPKEEP_H

#include "core/profile.h"

#include <signal.h>
#include <stddef.h>

/* Accounts. */
struct upkeep_tally {
	size_t used;   /* consents that were used */
	size_t failed; /* .. or were to be */
	size_t told;   /* forecasts that were announced */
};

/*
 * Look after each account of the set whose state is ours: one request at most
 * for each, several at a time, none where the account must wait. stop: once
 * true, no more is begun; or NULL. It blocks.
 */
void upkeep_run(const struct profile_set *set,
    const volatile sig_atomic_t *stop, struct upkeep_tally *t);

#endif
