/* SPDX-License-Identifier: ISC */
/* smtpd_part: what the parts of smtpd share; for them alone. */
#ifndef MAIL_SMTPD_PART_H
#define MAIL_SMTPD_PART_H

#include "mail/smtpd.h"

#include <stdbool.h>
#include <stddef.h>

enum smtpd_phase {
	SMTPD_AT_COMMAND,
	SMTPD_AT_TEXT, /* smtpd_read() gives it */
	SMTPD_AT_SKIP, /* it is answered, but its end has not come */
	SMTPD_AT_END
};

/* Where in a line of the text: the table is at the head of smtpd_text.c. */
enum smtpd_at {
	SMTPD_AT_BEGIN,
	SMTPD_AT_DOT,
	SMTPD_AT_DOT_CR,
	SMTPD_AT_MIDDLE,
	SMTPD_AT_CR
};

struct smtpd {
	const struct smtpd_settings *settings;
	enum smtpd_phase phase;
	struct buf in;
	size_t at;	/* octets of in that are used */
	size_t scanned; /* behind them: known to hold no line end */
	bool is_long;	/* the rest of a line that is too long goes */
	bool has_ended; /* no more input will come */
	bool has_quit;
	struct buf out;

	char *helo;
	struct smtpd_order order;
	size_t cap_rcpts;
	bool has_sender; /* MAIL was taken */
	bool was_tried;	 /* or refused, since the last message */
	bool is_wary;	 /* DATA was refused then: its text may follow */
	size_t n_errors; /* since the last message */

	bool crlf; /* the line that said DATA ended so */
	enum smtpd_at text;
	bool is_whole; /* the end of the text was seen */
	struct buf answer;

	char line[SMTPD_MAX_LINE + 1]; /* the command */
};

/* ---- smtpd: replies */

/* Append a reply; text may have several lines. enhanced: "" for none. */
void smtpd_add_reply(
    struct buf *b, int code, const char *enhanced, const char *text);
void smtpd_reply(
    struct smtpd *d, int code, const char *enhanced, const char *text);

/* The same for a command that was wrong; too many of these end the session. */
void smtpd_refuse(
    struct smtpd *d, int code, const char *enhanced, const char *text);

/* Forget what MAIL and RCPT have said. */
void smtpd_reset(struct smtpd *d);

/* ---- smtpd_command */

/* Do what the line says, which has n octets of any kind. */
void smtpd_do(struct smtpd *d, size_t n);

/* ---- smtpd_mail: MAIL and RCPT, with what stands behind the verb */

void smtpd_do_mail(struct smtpd *d, char *rest);
void smtpd_do_rcpt(struct smtpd *d, char *rest);

/* ---- smtpd_text */

/* The text begins; it ends as the line that said DATA did. */
void smtpd_text_begin(struct smtpd *d);

/* Take octets of the text, at most n to p; 0 with is_whole set at its end, or
 * 0 for want of input. */
size_t smtpd_text_take(struct smtpd *d, char *p, size_t n);

#endif
