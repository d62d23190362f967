/* SPDX-License-Identifier: ISC */
/*
 * dsn: what a sender wants to hear of his message's fate (RFC 3461): the
 * parameters NOTIFY, ORCPT, RET, ENVID, in words of a command line or of SMTP.
 *
 * Must not know: the envelope, reports, who is told.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* NOTIFY as bits; 0: nothing was said, which means failures and delays. */
enum dsn_notify {
	DSN_NEVER = 1, /* stands alone */
	DSN_SUCCESS = 2,
	DSN_FAILURE = 4,
	DSN_DELAY = 8
};

enum dsn_ret { DSN_RET_UNSAID, DSN_RET_FULL, DSN_RET_HDRS };

enum {
	DSN_MAX_ENVID = 100, /* octets of the xtext, RFC 3461 4.4 */
	DSN_MAX_ORCPT = 500  /* octets of "type;xtext", RFC 3461 4.2 */
};

/* What is wanted of a message. Begins as {0}. */
struct dsn_wish {
	enum dsn_ret ret;
	char *envid; /* xtext, or NULL */
};

/* What is wanted of one recipient. Begins as {0}. */
struct dsn_rcpt {
	unsigned notify; /* enum dsn_notify */
	char *orcpt;	 /* "type;xtext", or NULL */
};

/* "never", or a list of success, failure, delay with commas, in any case and
 * order. EX_DATAERR with the word. */
int dsn_parse_notify(const char *text, unsigned *out, struct err *e);

/* "full" or "hdrs", in any case. EX_DATAERR. */
int dsn_parse_ret(const char *text, enum dsn_ret *out, struct err *e);

/* An ENVID as a person gives it (-V): printable ASCII without blanks, which
 * becomes xtext, to be freed. EX_DATAERR, also where it is empty or too long.
 */
int dsn_parse_envid(const char *text, char **out, struct err *e);

/* Is it xtext (RFC 3461 4) of 1 to max octets? And an ORCPT, "type;xtext"? */
bool dsn_is_xtext(const char *text, size_t max);
bool dsn_is_orcpt(const char *text);

void dsn_add_xtext(struct buf *b, const char *text);
/* Append what the xtext stands for; what is no xtext, or stands for a control
 * character, goes as it is. */
void dsn_add_decoded(struct buf *b, const char *xtext);

/* The ORCPT of an address as somebody gave it: "rfc822;..", or "utf-8;.." (RFC
 * 6533 3) where it is not ASCII. To be freed; NULL where it would be too long.
 */
char *dsn_make_orcpt(const char *address);

/* "SUCCESS,FAILURE"; nothing for 0. */
void dsn_add_notify(struct buf *b, unsigned notify);

/* "FULL", "HDRS", or "". */
const char *dsn_ret_name(enum dsn_ret ret);

/* Does somebody who said that want to hear of a failure, of a delay, of a
 * success? */
bool dsn_wants_failure(unsigned notify);
bool dsn_wants_delay(unsigned notify);
bool dsn_wants_success(unsigned notify);

/* to is {0}, or is cleared first. */
void dsn_wish_copy(struct dsn_wish *to, const struct dsn_wish *from);
void dsn_wish_clear(struct dsn_wish *w);
void dsn_rcpt_copy(struct dsn_rcpt *to, const struct dsn_rcpt *from);
void dsn_rcpt_clear(struct dsn_rcpt *r);

/*
 * Of a recipient who was named twice all is wanted that was wanted either time;
 * where once nothing was said, failures and delays are. "Never" is only left
 * where both say it: it must not take a report from whoever waits for it. The
 * first ORCPT is kept.
 */
void dsn_rcpt_merge(struct dsn_rcpt *to, const struct dsn_rcpt *more);

#endif
