/* SPDX-License-Identifier: ISC */
/*
 * mime_code: quoted-printable and base64 (RFC 2045 6.7, 6.8) of a text that
 * comes in pieces of lines.
 *
 * Quoted-printable goes through a line buffer: each octet becomes a token that
 * must fit before the 76th column, else a soft break comes first. Two things
 * are held back until what follows is known: a blank, which is escaped at the
 * end of a line, and "From " at its front, which mbox files would alter. A dot
 * at the front is escaped, and so is, in a multipart, a hyphen, so that no line
 * that we break becomes a delimiter.
 *
 * Done again, quoted-printable keeps its escapes and its soft breaks; an equals
 * sign that begins neither is escaped, as lenient readers take it. Blanks at
 * the end of a line stay, since they are no text there.
 *
 * Base64 done again is its letters in lines of 76. Once there was anything else
 * (padding, a footer that a list has added), lines are kept as far as they are
 * short enough: the same letters in the same order in any case.
 */
#include "mail/mime_part.h"

#include <string.h>

#include "base/text.h"

enum {
	MIME_BASE64_OCTETS = MIME_LINE / 4 * 3, /* that fill a line */
	MIME_PLAIN_CUT = 980			/* a good place to cut .. */
};

static const char mime_from[] = "From ";

void
mime_coder_begin(struct mime_coder *c, enum mime_code code, struct buf *out,
    bool seven_bit, bool inner)
{
	*c = (struct mime_coder){
		.out = out, .code = code, .seven_bit = seven_bit, .inner = inner
	};
}

/* Write the line that was collected, and what ends it. */
static void
mime_flush(struct mime_coder *c, const char *end)
{
	buf_add(c->out, c->line, c->n);
	buf_add_str(c->out, end);
	c->n = 0;
}

/* ---- quoted-printable */

static void
mime_qp_token(struct mime_coder *c, const char *token, size_t n)
{
	if (c->n + n > MIME_LINE - 1)
		mime_flush(c, "=\r\n");
	memcpy(c->line + c->n, token, n);
	c->n += n;
}

static void
mime_qp_escape(struct mime_coder *c, char octet)
{
	static const char digits[] = "0123456789ABCDEF";
	char token[3] = { '=', digits[(unsigned char)octet >> 4],
		digits[octet & 15] };

	mime_qp_token(c, token, sizeof(token));
}

/* What was held back is followed by something in the same line. */
static void
mime_qp_release(struct mime_coder *c)
{
	if (c->from > 0)
		mime_qp_token(c, mime_from, c->from);
	if (c->blank != 0)
		mime_qp_token(c, &c->blank, 1);
	c->from = 0;
	c->blank = 0;
}

static bool
mime_is_literal(char octet)
{
	return octet > ' ' && octet < 127 && octet != '=';
}

static void
mime_qp_octet(struct mime_coder *c, char octet)
{
	if (c->n == 0 && c->blank == 0 && octet == mime_from[c->from]) {
		if (++c->from < sizeof(mime_from) - 1)
			return;
		c->from = 0;
		mime_qp_token(c, "=46rom", 6);
		c->blank = ' ';
		return;
	}
	mime_qp_release(c);
	if (text_is_blank(octet)) {
		c->blank = octet;
		return;
	}
	if (c->n >= MIME_LINE - 1)
		mime_flush(c, "=\r\n");
	if (mime_is_literal(octet) &&
	    (c->n > 0 || (octet != '.' && (octet != '-' || !c->inner))))
		c->line[c->n++] = octet;
	else
		mime_qp_escape(c, octet);
}

/* What needs no thought goes at once: bodies are long. */
static void
mime_qp_text(struct mime_coder *c, const char *p, size_t n)
{
	for (; n > 0; p++, n--) {
		if (c->n > 0 && c->n < MIME_LINE - 1 && c->blank == 0 &&
		    mime_is_literal(*p))
			c->line[c->n++] = *p;
		else
			mime_qp_octet(c, *p);
	}
}

/* The text of a line ends here. */
static void
mime_qp_end_text(struct mime_coder *c)
{
	char blank = c->blank;

	if (c->code == MIME_CODE_QP)
		c->blank = 0;
	mime_qp_release(c);
	if (c->code == MIME_CODE_QP && blank != 0)
		mime_qp_escape(c, blank);
}

/* ---- quoted-printable again */

static bool
mime_is_hex(char octet)
{
	return text_is_digit(octet) || (octet >= 'A' && octet <= 'F') ||
	       (octet >= 'a' && octet <= 'f');
}

/* Has what was held back of an escape begun a soft break? */
static bool
mime_is_soft(const struct mime_coder *c)
{
	return c->n_escape == 1 ||
	       (c->n_escape > 1 && text_is_blank(c->escape[1]));
}

/* It is no escape. */
static void
mime_again_release(struct mime_coder *c)
{
	size_t i, n = c->n_escape;

	c->n_escape = 0;
	if (n == 0)
		return;
	mime_qp_release(c);
	mime_qp_escape(c, '=');
	for (i = 1; i < n; i++)
		mime_qp_octet(c, c->escape[i]);
}

static void
mime_again_octet(struct mime_coder *c, char octet)
{
	bool fits;

	if (c->n_escape == 0 && octet != '=') {
		mime_qp_octet(c, octet);
		return;
	}
	if (c->n_escape <= 1)
		fits = c->n_escape == 0 || mime_is_hex(octet) ||
		       text_is_blank(octet);
	else if (mime_is_soft(c))
		fits = text_is_blank(octet) && c->n_escape < sizeof(c->escape);
	else
		fits = mime_is_hex(octet);
	if (!fits) {
		mime_again_release(c);
		mime_again_octet(c, octet); /* once: nothing is held now */
		return;
	}
	c->escape[c->n_escape++] = octet;
	if (c->n_escape == 3 && !mime_is_soft(c)) {
		c->n_escape = 0;
		mime_qp_release(c);
		mime_qp_token(c, c->escape, 3);
	}
}

/* True if the line goes on behind a soft break. */
static bool
mime_again_end_text(struct mime_coder *c)
{
	bool soft = mime_is_soft(c);

	if (soft) {
		c->n_escape = 0;
		mime_qp_release(c);
	} else {
		mime_again_release(c);
		mime_qp_end_text(c);
	}
	return soft;
}

/* ---- base64 */

static void
mime_base64_line(struct mime_coder *c)
{
	if (c->begun)
		buf_add_str(c->out, "\r\n");
	text_add_base64(c->out, c->line, c->n);
	c->begun = true;
	c->n = 0;
}

static void
mime_base64_text(struct mime_coder *c, const char *p, size_t n)
{
	size_t some;

	while (n > 0) {
		if (c->n == MIME_BASE64_OCTETS)
			mime_base64_line(c);
		some = MIME_BASE64_OCTETS - c->n;
		some = n < some ? n : some;
		memcpy(c->line + c->n, p, some);
		c->n += some;
		p += some;
		n -= some;
	}
}

static void
mime_base64_again(struct mime_coder *c, char octet)
{
	bool letter = text_is_alnum(octet) || octet == '+' || octet == '/';

	if (!letter && !c->impure && text_is_blank(octet))
		return;
	c->impure |= !letter;
	if ((octet < ' ' && octet != '\t') || octet >= 127)
		octet = '?';
	if (c->n == MIME_LINE)
		mime_flush(c, "\r\n");
	if (c->n == 0 && octet == '-' && c->inner)
		octet = '?';
	c->line[c->n++] = octet;
}

/* ---- no encoding */

/* May a line be cut in front of this octet, its n-th? */
static bool
mime_may_cut(char octet, size_t n)
{
	bool within = ((unsigned char)octet & 0xc0) == 0x80; /* a character */

	return n >= MIME_PLAIN_CUT && (!within || n >= MESSAGE_MAX_LINE);
}

/* A blank in front keeps a line from being a delimiter, and a dot from being
 * the end. */
static void
mime_plain_octet(struct mime_coder *c, char octet)
{
	bool eight = (unsigned char)octet > 127;

	if (octet == '\0' || octet == '\r' || (eight && c->seven_bit))
		octet = '?';
	if (mime_may_cut(octet, c->n)) {
		buf_add_str(c->out, "\r\n ");
		c->n = 1;
	} else if (c->n == 0 && octet == '-' && c->inner) {
		buf_add_char(c->out, ' ');
		c->n = 1;
	}
	buf_add_char(c->out, octet);
	c->n++;
}

/* ---- all */

void
mime_coder_text(struct mime_coder *c, const char *p, size_t n)
{
	const char *end = p + n;

	switch (c->code) {
	case MIME_CODE_NONE:
		buf_add(c->out, p, n);
		break;
	case MIME_CODE_QP:
		mime_qp_text(c, p, n);
		break;
	case MIME_CODE_BASE64:
		mime_base64_text(c, p, n);
		break;
	case MIME_CODE_QP_AGAIN:
		while (p < end)
			mime_again_octet(c, *p++);
		break;
	case MIME_CODE_BASE64_AGAIN:
		while (p < end)
			mime_base64_again(c, *p++);
		break;
	case MIME_CODE_PLAIN:
		while (p < end)
			mime_plain_octet(c, *p++);
		break;
	}
}

void
mime_coder_line_end(struct mime_coder *c)
{
	switch (c->code) {
	case MIME_CODE_PLAIN:
		c->n = 0;
		/* fall through */
	case MIME_CODE_NONE:
		buf_add_str(c->out, "\r\n");
		break;
	case MIME_CODE_QP:
		mime_qp_end_text(c);
		mime_flush(c, "\r\n");
		break;
	case MIME_CODE_BASE64:
		mime_base64_text(c, "\r\n", 2);
		break;
	case MIME_CODE_QP_AGAIN:
		mime_flush(c, mime_again_end_text(c) ? "=\r\n" : "\r\n");
		break;
	case MIME_CODE_BASE64_AGAIN:
		if (c->impure)
			mime_flush(c, "\r\n");
		break;
	}
}

void
mime_coder_end(struct mime_coder *c, bool last)
{
	switch (c->code) {
	case MIME_CODE_NONE:
	case MIME_CODE_PLAIN:
		return;
	case MIME_CODE_QP:
		mime_qp_end_text(c);
		break;
	case MIME_CODE_BASE64:
		if (c->n > 0)
			mime_base64_line(c);
		last &= c->begun;
		break;
	case MIME_CODE_QP_AGAIN:
		if (mime_again_end_text(c))
			c->line[c->n++] = '=';
		break;
	case MIME_CODE_BASE64_AGAIN:
		break;
	}
	last &= c->code == MIME_CODE_BASE64 || c->n > 0;
	mime_flush(c, last ? "\r\n" : "");
}
