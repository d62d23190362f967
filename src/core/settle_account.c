/* SPDX-License-Identifier: ISC */
/* settle_account: an account's trouble, noted and announced once. */
/*
 * It is kept after the results are recorded: they must not be lost, while a
 * lost note costs a probe. A success that changes nothing is not written, so
 * that a good day writes no file at all.
 */
#include "core/settle_account.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/settle_report.h"

static bool
is_in_trouble(enum account_state s)
{
	return s != ACCOUNT_OK;
}

static bool
is_same(const struct outcome *a, const struct outcome *b)
{
	return a->class == b->class && a->code == b->code &&
	       strcmp(a->text, b->text) == 0;
}

/* It sends: by the first way, or by a later one? */
static void
note_ways(struct settle_account *s, const struct outcome *trouble, int64_t now)
{
	struct outcome why = s->account.why;
	bool was = s->account.state == ACCOUNT_DEGRADED;

	account_note_degraded(&s->account, trouble, now);
	if (was != (s->account.state == ACCOUNT_DEGRADED) ||
	    (was && !is_same(&why, &s->account.why)))
		s->changed = true;
}

void
settle_account_note(struct settle_account *s, const struct settle_attempt *a,
    const struct settle_count *c, const char *sender, int64_t now,
    uint32_t dice)
{
	const struct outcome *o = c->trouble != NULL ? c->trouble : c->it_works;
	struct outcome lost;

	account_load(a->profile, &s->account);
	s->before = s->account.state;
	s->since = s->account.since;
	s->n_senders = s->account.n_senders;
	s->changed = false;
	if (o == NULL)
		return;
	if (a->lost_links && c->trouble == NULL) {
		lost = *o; /* unclear, say; of the account it is this */
		lost.kind = OUTCOME_LATER;
		lost.class = OUTCOME_CLASS_L;
		o = &lost;
	}
	if (account_note(
		&s->account, a->profile, o, sender, a->server, now, dice) ||
	    o != c->it_works || s->account.n_senders != s->n_senders)
		s->changed = true;
	if (o == c->it_works)
		note_ways(s, a->trouble, now);
}

/* ---- telling */

static void
log_alert(const struct settle_attempt *a, const char *server, const char *state,
    const struct outcome *o, const char *sender)
{
	char *code = o->code != 0 ? mem_printf("%d", o->code) : NULL;
	struct buf advice;

	buf_init(&advice, 8192);
	profile_add_advice(&advice, o, a->profile);
	log_event(LOG_LEVEL_ERROR, NULL, "alert", "account",
	    profile_account(a->profile)->name, "state", state, "sender", sender,
	    "class", outcome_class_name(o->class), "stage",
	    outcome_stage_name(o->stage), "code", code, "reply", o->text,
	    "server", server, "advice", advice.data, NULL);
	buf_clear(&advice);
	free(code);
}

static void
log_resumed(
    const struct settle_account *s, const struct settle_attempt *a, int64_t now)
{
	int64_t ms = now - s->since;
	struct buf b;

	buf_init(&b, 64);
	text_add_duration(&b, ms - ms % 1000);
	log_event(LOG_LEVEL_WARN, NULL, "resumed", "account",
	    profile_account(a->profile)->name, "was",
	    account_state_name(s->before), "for", b.data, NULL);
	buf_clear(&b);
}

/* A sender that is refused since this attempt: why. */
static const struct outcome *
new_sender_trouble(const struct settle_account *s, const char *sender)
{
	size_t i = s->account.n_senders;

	if (i <= s->n_senders)
		return NULL;
	while (i-- > 0) {
		if (strcmp(s->account.senders[i].address, sender) == 0)
			return &s->account.senders[i].why;
	}
	return NULL;
}

static void
announce(struct settle_account *s, const struct settle_attempt *a,
    const char *sender, int64_t now)
{
	struct account *account = &s->account;
	const struct outcome *why = new_sender_trouble(s, sender);

	if (why != NULL)
		log_alert(a, account->server, "sender_refused", why, sender);
	if (is_in_trouble(account->state) && !account->announced) {
		log_alert(a, account->server,
		    account_state_name(account->state), &account->why, NULL);
		account->announced = true;
		s->changed = true;
	} else if (is_in_trouble(s->before) && !is_in_trouble(account->state)) {
		log_resumed(s, a, now);
	}
}

void
settle_account_keep(struct settle_account *s, const struct settle_attempt *a,
    const char *sender, int64_t now)
{
	struct err e = ERR_NONE;

	announce(s, a, sender, now);
	if (s->changed && account_save(a->profile, &s->account, &e) != 0)
		log_event(LOG_LEVEL_WARN, NULL, "account", "account",
		    profile_account(a->profile)->name, "result", "not recorded",
		    "reason", e.text, NULL);
	account_clear(&s->account);
}
