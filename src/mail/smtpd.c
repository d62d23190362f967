/* SPDX-License-Identifier: ISC */
/* smtpd: the server's side of SMTP. */
/*
 *   COMMAND --DATA--> TEXT --answer, end seen----------> COMMAND
 *                      |  \--answer--> SKIP --its end--> COMMAND
 *   QUIT, errors, end of input: END, from which nothing leads away
 *
 * Input is used octet by octet, and what comes of it does not depend on the
 * pieces in which it came. A text that was refused early is answered at its
 * end all the same: until then the client reads nothing.
 */
#include "mail/smtpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "mail/smtpd_part.h"

enum {
	REPLY_LINE = 400,      /* octets of words; RFC 5321 has 512 for all */
	DROP_AFTER = 64 * 1024 /* octets that are used */
};

/* ---- replies */

/* How much of text fits into a line: to a line end, else to a blank. */
static size_t
line_length(const char *text)
{
	size_t n = strcspn(text, "\r\n"), cut;

	if (n <= REPLY_LINE)
		return n;
	for (cut = REPLY_LINE; cut > 0 && text[cut] != ' '; cut--)
		;
	return cut > 0 ? cut : REPLY_LINE;
}

/* Replies are ASCII: who can read more is not known here. */
static void
add_ascii(struct buf *b, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buf_add_char(
		    b, text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
}

void
smtpd_add_reply(struct buf *b, int code, const char *enhanced, const char *text)
{
	size_t n;
	bool more;

	do {
		n = line_length(text);
		more = text[n + strspn(text + n, " \r\n")] != '\0';
		buf_add_fmt(b, "%d%c", code, more ? '-' : ' ');
		if (enhanced[0] != '\0')
			buf_add_fmt(b, "%s ", enhanced);
		add_ascii(b, text, n);
		buf_add_str(b, "\r\n");
		text += n + strspn(text + n, " \r\n");
	} while (more);
}

void
smtpd_reply(struct smtpd *d, int code, const char *enhanced, const char *text)
{
	smtpd_add_reply(&d->out, code, enhanced, text);
}

void
smtpd_refuse(struct smtpd *d, int code, const char *enhanced, const char *text)
{
	if (++d->n_errors < SMTPD_MAX_ERRORS) {
		smtpd_reply(d, code, enhanced, text);
		return;
	}
	smtpd_close(d, "4.7.0", "too many errors; closing");
}

void
smtpd_close(struct smtpd *d, const char *enhanced, const char *text)
{
	smtpd_reply(d, 421, enhanced, text);
	d->phase = SMTPD_AT_END;
}

struct buf *
smtpd_replies(struct smtpd *d)
{
	return &d->out;
}

/* ---- life */

struct smtpd *
smtpd_new(const struct smtpd_settings *s)
{
	struct smtpd *d = mem_new(1, sizeof(*d));
	char *text = mem_printf("%s ESMTP osmtp", s->hostname);

	d->settings = s;
	buf_init(&d->in, SIZE_MAX / 2);
	buf_init(&d->out, SIZE_MAX / 2);
	buf_init(&d->answer, SIZE_MAX / 2);
	smtpd_reply(d, 220, "", text);
	free(text);
	return d;
}

void
smtpd_reset(struct smtpd *d)
{
	struct smtpd_order *o = &d->order;
	size_t i;

	for (i = 0; i < o->n_rcpts; i++) {
		free(o->rcpts[i].address);
		free(o->rcpts[i].dsn.orcpt);
	}
	free(o->rcpts);
	free(o->sender);
	dsn_wish_clear(&o->dsn);
	*o = (struct smtpd_order){ .helo = d->helo, .esmtp = o->esmtp };
	d->cap_rcpts = 0;
	d->has_sender = false;
	d->was_tried = false;
	d->is_wary = false;
}

void
smtpd_free(struct smtpd *d)
{
	if (d == NULL)
		return;
	smtpd_reset(d);
	free(d->helo);
	buf_clear(&d->in);
	buf_clear(&d->out);
	buf_clear(&d->answer);
	free(d);
}

/* ---- input */

void
smtpd_feed(struct smtpd *d, const void *p, size_t n)
{
	if (d->phase == SMTPD_AT_END)
		return;
	if (d->at == d->in.len) {
		buf_reset(&d->in);
		d->at = 0;
	} else if (d->at > DROP_AFTER && d->at > d->in.len / 2) {
		buf_drop(&d->in, d->at);
		d->at = 0;
	}
	buf_add(&d->in, p, n);
}

void
smtpd_end(struct smtpd *d)
{
	d->has_ended = true;
}

enum line { LINE_WANTED, LINE_READY, LINE_LONG };

/* The next line: without its end into d->line, of *n octets. */
static enum line
take_line(struct smtpd *d, size_t *n)
{
	const char *begin = d->in.data + d->at, *end;
	size_t left = d->in.len - d->at;
	bool was_long = d->is_long;

	end = memchr(begin + d->scanned, '\n', left - d->scanned);
	if (end == NULL) {
		d->scanned = left;
		if (was_long || left >= SMTPD_MAX_LINE + 2) {
			d->is_long = true;
			d->at += left;
			d->scanned = 0;
		}
		return LINE_WANTED;
	}
	d->at += (size_t)(end - begin) + 1;
	d->scanned = 0;
	d->is_long = false;
	d->crlf = end > begin && end[-1] == '\r';
	*n = (size_t)(end - begin) - (d->crlf ? 1 : 0);
	if (was_long || *n > SMTPD_MAX_LINE)
		return LINE_LONG;
	memcpy(d->line, begin, *n);
	d->line[*n] = '\0';
	return LINE_READY;
}

/* One command. False: there is none yet. */
static bool
step(struct smtpd *d)
{
	size_t n;

	switch (take_line(d, &n)) {
	case LINE_READY:
		smtpd_do(d, n);
		return true;
	case LINE_LONG:
		smtpd_refuse(d, 500, "5.5.2", "line too long");
		return true;
	default:
		return false;
	}
}

/* The text is answered and over. */
static void
end_text(struct smtpd *d)
{
	buf_add(&d->out, d->answer.data, d->answer.len);
	buf_reset(&d->answer);
	d->phase = SMTPD_AT_COMMAND;
}

/* Pass over what is left of the text. False: its end has not come. */
static bool
skip(struct smtpd *d)
{
	char room[4096];

	while (!d->is_whole && smtpd_text_take(d, room, sizeof(room)) > 0)
		;
	if (d->is_whole)
		end_text(d);
	return d->is_whole;
}

enum smtpd_event
smtpd_next(struct smtpd *d)
{
	bool more = true;

	err_bug_if(d->phase == SMTPD_AT_TEXT);
	while (more && d->phase != SMTPD_AT_END && d->phase != SMTPD_AT_TEXT)
		more = d->phase == SMTPD_AT_SKIP ? skip(d) : step(d);
	if (d->phase == SMTPD_AT_TEXT)
		return SMTPD_MESSAGE;
	if (!more && d->has_ended)
		d->phase = SMTPD_AT_END; /* half a command is none */
	return d->phase == SMTPD_AT_END ? SMTPD_CLOSED : SMTPD_HUNGRY;
}

bool
smtpd_has_quit(const struct smtpd *d)
{
	return d->has_quit;
}

/* ---- a message */

const struct smtpd_order *
smtpd_order(const struct smtpd *d)
{
	return &d->order;
}

ssize_t
smtpd_read(struct smtpd *d, void *p, size_t n)
{
	size_t got;

	if (d->phase != SMTPD_AT_TEXT || d->is_whole || n == 0)
		return 0;
	got = smtpd_text_take(d, p, n);
	if (got > 0 || d->is_whole)
		return (ssize_t)got;
	errno = EAGAIN;
	if (d->has_ended) {
		d->phase = SMTPD_AT_END;
		errno = EPIPE;
	}
	return -1;
}

void
smtpd_answer(struct smtpd *d, int code, const char *enhanced, const char *text)
{
	if (d->phase != SMTPD_AT_TEXT)
		return; /* the input has ended: nobody listens */
	smtpd_add_reply(&d->answer, code, enhanced, text);
	smtpd_reset(d);
	if (code / 100 == 2)
		d->n_errors = 0;
	d->phase = SMTPD_AT_SKIP;
	if (d->is_whole)
		end_text(d);
}
