/* SPDX-License-Identifier: ISC */
/*
 * forecast: what will end, and when: a consent that is not used or is too old,
 * a client secret, a certificate. From what the configuration, the preset and
 * the token cache say; decisions are pure functions of these and the clock.
 *
 * Must not know: who is told, the network.
 */
#ifndef CORE_FORECAST_H
#define CORE_FORECAST_H

#include "base/err.h"
#include "core/cred.h"
#include "core/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum forecast_what {
	FORECAST_CONSENT_IDLE, /* ends if it is not used */
	FORECAST_CONSENT_MAX,  /* ends whatever is done */
	FORECAST_SECRET,       /* secret_expires */
	FORECAST_SECRET_AGE,   /* sealed long ago */
	FORECAST_CERT,	       /* notAfter of a client certificate */
	FORECAST_PASSWORDS     /* the provider stops taking passwords */
};

enum { FORECAST_DATE = 16 };

struct forecast {
	enum forecast_what what;
	int64_t when; /* ms since 1970 */
	int64_t span; /* ms from its beginning to when, or 0: not known */
	char date[FORECAST_DATE]; /* of when: "2026-12-04" */
	bool guessed;		  /* by the preset's rule, or learnt */
	char text[256];		  /* "consent ends on 2026-12-04, in 6 days" */
	char remedy[200];	  /* a command, or what to do; "" */
};

enum { FORECAST_MAX = 8 };

/* What is known to end for p's account, soonest first; how many. s: as
 * cred_look() gives it. Certificates are read from their files. */
size_t forecast_make(const struct profile *p, const struct cred_status *s,
    int64_t now, struct forecast v[FORECAST_MAX]);

const char *forecast_name(enum forecast_what what); /* "consent_idle" */

/* Days of the last threshold (30, 14, 7, 1, 0: it has ended) that it has
 * passed at now; -1: none yet. One of more than half the span is none. */
int forecast_threshold(const struct forecast *f, int64_t now);

/*
 * Which of the n have passed a threshold at which they were not announced yet:
 * they come first in v; returns how many. They count as announced from then on,
 * at all thresholds passed, by what is kept in state/accounts. A place that
 * can't be written to makes them be announced again: EX_CANTCREAT, EX_IOERR in
 * e->code.
 */
size_t forecast_news(const struct profile *p, struct forecast *v, size_t n,
    int64_t now, struct err *e);

#endif
