/* SPDX-License-Identifier: ISC */
/*
 * hint: the known refusals: what a server or token endpoint means, whose
 * trouble it is, who can mend it, and the one step that does. The table is
 * etc/refusals.tsv, which the build turns into hint_table.inc; where nothing
 * in it fits, the class of the stage and the digit holds (outcome_class_of)
 * and the general advice of that class is given.
 *
 * A row is found by provider, stage, reply code and enhanced code, or by error
 * word and detail. Free text decides only where there is no code, or where a
 * provider says two things by one code; else it chooses among rows of one
 * class.
 *
 * Must not know: how an outcome was obtained, who is told.
 */
#ifndef MAIL_HINT_H
#define MAIL_HINT_H

#include "base/buf.h"
#include "mail/outcome.h"

#include <stdbool.h>

struct hint {
	const char *id; /* of the row: "entra-700082" */
	const char *provider;
	enum outcome_stage stage; /* the first, if the row has several */
	enum outcome_class class;
	const char *who;     /* "admin" "person" "sender" "nobody" */
	const char *meaning; /* a sentence with its full stop */
	const char *remedy;  /* a step; NAME <user> <host> stand for values */
};

/* Whose server or endpoint this host is ("microsoft", "google", "entra" ..),
 * by its name; "" if unknown. host may be NULL. */
const char *hint_provider(const char *host);

/* The row that fits o best (o->provider counts), or NULL: none does, or the
 * best differ in class. o->class is not looked at. */
const struct hint *hint_find(const struct outcome *o);

/*
 * Give o the class that the table says, else that of outcome_class_of(); and
 * the kind that follows: M is refused, all else later. What is delivered or
 * unclear, and what o says in our own words without a row, stays as it is.
 *
 * At the token endpoint a refusal that ended a consent (invalid_grant and its
 * like) is P: where no person has consented (client_credentials), whoever knows
 * the grant makes it C. F is P or C where the secret did not come from a
 * cache, and C at RCPT is M where other recipients were taken: that, too, is
 * for those who know.
 */
void hint_classify(struct outcome *o);

/* What stands for NAME, <user>, <host>; and where the profile is written. */
struct hint_names {
	const char *profile;
	bool mailbox; /* a person can log in */
	bool login;   /* by "osmtp login" */
	const char *user;
	const char *host;
	const char *path; /* of the configuration, or NULL */
	int line;
};

/* Append the meaning; nothing if no row fits, or o has another class than the
 * row by what only others know. */
void hint_add_meaning(struct buf *b, const struct outcome *o);

/* Append what to do: the row's remedy, or the general advice of the class;
 * nothing for what is delivered. Only ways that exist in this program. */
void hint_add_remedy(
    struct buf *b, const struct outcome *o, const struct hint_names *n);

#endif
