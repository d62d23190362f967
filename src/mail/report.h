/* SPDX-License-Identifier: ISC */
/*
 * report: the message that tells a sender what became of his message (RFC
 * 3461 6, 3462, 3464): multipart/report with words for a person,
 * message/delivery-status for a program, and the message or its header.
 *
 * Must not know: the queue, who gets it, how it is sent.
 */
#ifndef MAIL_REPORT_H
#define MAIL_REPORT_H

#include "base/err.h"
#include "base/stream.h"
#include "mail/dsn.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REPORT_WHOLE_MAX = 64 * 1024
}; /* a larger original: its header only,
     RET=FULL or not */

enum report_kind {
	REPORT_FAILED,	/* these recipients did not get it and will not */
	REPORT_DELAYED, /* they have not got it yet */
	REPORT_RELAYED, /* a server has it that tells of no success */
	REPORT_KINDS
};

struct report_rcpt {
	const char *address;
	const struct outcome *outcome;
	const char *advice; /* meaning and remedy, or "" */
	const char *orcpt;  /* Original-Recipient: "type;xtext", or NULL */
};

/* Borrowed. */
struct report {
	enum report_kind kind;
	const char *id;	      /* of the report: Message-ID, boundary */
	const char *from;     /* address; the name is Mail Delivery System */
	const char *to;	      /* address */
	const char *hostname; /* Reporting-MTA, Message-ID */
	const char *envid;    /* Original-Envelope-Id: xtext, or NULL */
	enum dsn_ret ret;     /* what of a message that failed is returned */
	const char *queue_id; /* of the message: X-Queue-ID and the words */
	const char *server;   /* Remote-MTA: "host:port", or "" */
	int64_t now, arrived; /* ms since 1970 */
	int64_t until;	      /* DELAYED: tried until then */
	const struct report_rcpt *rcpts;
	size_t n_rcpts;
};

/*
 * Write it, in canonical form (CRLF): header, parts. original: the message,
 * canonical, of size octets; eight_bit: it holds octets over 127. No line of
 * ours is over 998 octets, and none of the foreign words can end one. EX_IOERR
 * for the sink, EX_NOINPUT for the source.
 */
int report_write(const struct report *r, struct stream_source *original,
    uint64_t size, bool eight_bit, struct stream_sink *out, struct err *e);

#endif
