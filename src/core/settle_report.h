/* SPDX-License-Identifier: ISC */
/* settle_report: a report into the queue; for settle alone. */
#ifndef CORE_SETTLE_REPORT_H
#define CORE_SETTLE_REPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "core/conf.h"
#include "gate/spool.h"
#include "mail/report.h"

#include <stdint.h>

/* What to report on. Borrowed. */
struct settle_report {
	enum report_kind kind;
	struct spool_claim *claim; /* on the message; its state is up to date */
	const struct conf *conf;
	const struct profile *profile;
	int64_t now;
	int64_t until; /* DELAYED: tried until then */
};

/*
 * Make it durable, as R + ID, D + ID or S + ID, and claimed: whoever has the
 * claim decides when it may go out. 0 with *out NULL: there is one already,
 * there are too many, or there can be none; the last two are logged. EX_IOERR,
 * EX_CANTCREAT, EX_TEMPFAIL: not now. EX_NOINPUT: the message can't be read.
 */
int settle_make_report(struct spool *s, const struct settle_report *r,
    struct spool_claim **out, struct err *e);

#endif
