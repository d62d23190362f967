/* SPDX-License-Identifier: ISC */
/* smtpd_text: the text of a message: where it ends, and its doubled dots. */
/*
 * A line ends with CRLF where the line that said DATA did, else with LF. Where
 * lines end with CRLF:
 *
 *              .          CR         LF        other
 *   BEGIN      DOT        CR:CR      MIDDLE:LF MIDDLE
 *   DOT        MIDDLE:.   DOT_CR     MIDDLE:LF MIDDLE
 *   DOT_CR     MIDDLE:CR. CR:CR,CR   (end)     MIDDLE:CR,other
 *   MIDDLE     MIDDLE     CR:CR      MIDDLE    MIDDLE
 *   CR         MIDDLE     CR:CR      BEGIN:LF  MIDDLE
 *
 * (the state that follows, and what goes out: an octet itself where nothing is
 * said). So a lone LF or CR is an octet of a line, and neither ends a text nor
 * makes a dot one that counts. Where lines end with LF, a CR is an octet of a
 * line, and DOT ends at LF.
 */
#include "mail/smtpd_part.h"

#include <string.h>

void
smtpd_text_begin(struct smtpd *d)
{
	d->phase = SMTPD_AT_TEXT;
	d->text = SMTPD_AT_BEGIN;
	d->is_whole = false;
}

/* What may be copied from the middle of a line: up to what ends one. */
static size_t
copy_middle(const struct smtpd *d, char *p, size_t n)
{
	const char *begin = d->in.data + d->at;
	size_t left = d->in.len - d->at;
	const char *end;

	if (n > left)
		n = left;
	end = memchr(begin, d->crlf ? '\r' : '\n', n);
	if (end != NULL)
		n = (size_t)(end - begin);
	memcpy(p, begin, n);
	return n;
}

/*
 * One octet. Where it stands in the way of a state it is not used, and comes
 * again in the next one. How many octets go out at p: none or one.
 */
static size_t
step(struct smtpd *d, char *p)
{
	char c = d->in.data[d->at];
	bool ends = c == (d->crlf ? '\r' : '\n');

	*p = c;
	switch (d->text) {
	case SMTPD_AT_BEGIN:
		d->text = c == '.' ? SMTPD_AT_DOT : SMTPD_AT_MIDDLE;
		d->at += c == '.';
		return 0;
	case SMTPD_AT_DOT:
		d->text = SMTPD_AT_MIDDLE;
		if (!ends) /* the dot was a doubled one */
			return 0;
		d->at++;
		d->text = SMTPD_AT_DOT_CR;
		d->is_whole = !d->crlf;
		return 0;
	case SMTPD_AT_DOT_CR:
		d->is_whole = c == '\n';
		d->at += c == '\n';
		d->text = SMTPD_AT_CR;
		*p = '\r';
		return d->is_whole ? 0 : 1;
	case SMTPD_AT_CR:
		d->text = SMTPD_AT_MIDDLE;
		if (c != '\n')
			return 0;
		d->at++;
		d->text = SMTPD_AT_BEGIN;
		return 1;
	default:
		d->at++; /* it ends the line, or may */
		d->text = d->crlf ? SMTPD_AT_CR : SMTPD_AT_BEGIN;
		return 1;
	}
}

size_t
smtpd_text_take(struct smtpd *d, char *p, size_t n)
{
	size_t got = 0, some;

	while (got < n && d->at < d->in.len && !d->is_whole) {
		some = 0;
		if (d->text == SMTPD_AT_MIDDLE) {
			some = copy_middle(d, p + got, n - got);
			d->at += some;
		}
		got += some > 0 ? some : step(d, p + got);
	}
	return got;
}
