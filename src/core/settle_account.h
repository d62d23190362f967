/* SPDX-License-Identifier: ISC */
/* settle_account: what an attempt has shown of the account; for settle
 * alone. */
#ifndef CORE_SETTLE_ACCOUNT_H
#define CORE_SETTLE_ACCOUNT_H

#include "core/account.h"
#include "core/settle.h"
#include "core/settle_plan.h"

#include <stdbool.h>
#include <stdint.h>

/* Begin: load the account and note, in memory, what was seen. sender: of the
 * envelope. */
struct settle_account {
	struct account account;
	enum account_state before;
	int64_t since;	  /* the trouble before began */
	size_t n_senders; /* before */
	bool changed;	  /* to be kept */
};

void settle_account_note(struct settle_account *s,
    const struct settle_attempt *a, const struct settle_count *c,
    const char *sender, int64_t now, uint32_t dice);

/* Keep it, and announce trouble that begins or ends; what can't be kept is
 * logged. Ends s. */
void settle_account_keep(struct settle_account *s,
    const struct settle_attempt *a, const char *sender, int64_t now);

#endif
