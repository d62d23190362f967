/* SPDX-License-Identifier: ISC */
/*
 * smtpd: the server's side of SMTP (RFC 5321, 6152, 3461, 6531) as a machine:
 * octets in, replies and events out. For one caller at a time (-bs), who is
 * trusted as far as his uid; no AUTH, no STARTTLS.
 *
 *   smtpd_feed(), then smtpd_next() until SMTPD_HUNGRY; write what
 *   smtpd_replies() holds before more input is awaited.
 *   SMTPD_MESSAGE: smtpd_read() until it gives 0, then smtpd_answer().
 *
 * Commands and text may end their lines with CRLF or LF. The line that said
 * DATA decides how the text ends: after CRLF only by CRLF . CRLF, so that
 * nothing can be smuggled; after LF by LF . LF.
 *
 * Must not know: descriptors, profiles, the queue.
 */
#ifndef MAIL_SMTPD_H
#define MAIL_SMTPD_H

#include "base/buf.h"
#include "mail/dsn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SMTPD_MAX_LINE = 4096,	 /* octets of a command; RFC 5321 has 512, with
				    room for parameters and UTF-8 */
	SMTPD_MAX_RCPTS = 50000, /* ENVELOPE_MAX_RCPTS */
	SMTPD_MAX_ERRORS = 100	 /* refused commands, after which it ends */
};

/* Borrowed for the life of the machine. */
struct smtpd_settings {
	const char *hostname;
	uint64_t max_message; /* octets, 0 for no limit: SIZE */
};

/* What one transaction has said. */
struct smtpd_rcpt {
	char *address; /* as between < and >, which addr can parse */
	struct dsn_rcpt dsn;
};

struct smtpd_order {
	const char *helo; /* of HELO or EHLO, or NULL; safe in a header */
	bool esmtp;	  /* EHLO */
	char *sender;	  /* "" is the null sender */
	struct dsn_wish dsn;
	struct smtpd_rcpt *rcpts;
	size_t n_rcpts;
};

enum smtpd_event {
	SMTPD_HUNGRY,  /* smtpd_feed(), or smtpd_end() */
	SMTPD_MESSAGE, /* a text begins */
	SMTPD_CLOSED   /* QUIT, too many errors, or the end of input */
};

struct smtpd;

struct smtpd *smtpd_new(const struct smtpd_settings *s);
void smtpd_free(struct smtpd *d); /* takes NULL */

/* More input, kept until it is used; or its end. */
void smtpd_feed(struct smtpd *d, const void *p, size_t n);
void smtpd_end(struct smtpd *d);

enum smtpd_event smtpd_next(struct smtpd *d);

/* After SMTPD_MESSAGE: who it is from and for; borrowed until the answer. */
const struct smtpd_order *smtpd_order(const struct smtpd *d);

/*
 * Octets of the text, with its line ends as they came and without the doubled
 * dots: how many, 0 at its end, -1 with EAGAIN where more must be fed, -1 with
 * EPIPE where the input has ended in mid-text: then it is no message.
 */
ssize_t smtpd_read(struct smtpd *d, void *p, size_t n);

/* The answer to the final dot; text may have several lines. What of the text
 * was not read is skipped. enhanced: "2.0.0" (RFC 3463). */
void smtpd_answer(
    struct smtpd *d, int code, const char *enhanced, const char *text);

/* Replies that wait to be written; the caller empties it. */
struct buf *smtpd_replies(struct smtpd *d);

/* End the session with a 421 (RFC 5321 3.8). */
void smtpd_close(struct smtpd *d, const char *enhanced, const char *text);

/* Was the session ended by QUIT? */
bool smtpd_has_quit(const struct smtpd *d);

#endif
