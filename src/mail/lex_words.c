/* SPDX-License-Identifier: ISC */
/*
 * lex: encoded words (RFC 2047).
 *
 * A text becomes as many words as it takes, one a line. Two octets are left on
 * each line for what may follow at once: a parenthesis, a comma.
 */
#include "mail/lex.h"

#include <string.h>

#include "base/text.h"

enum {
	LEX_LINE = LEX_ENCODED_LINE - 2, /* octets that we fill of a line */
	LEX_WORD_MAX = 72, /* octets of a word that we make; 75 are allowed */
	LEX_WORD_ENDS = 7, /* =? ?Q? ?= */
	LEX_ESCAPE = 3	   /* =C3 */
};

/* How a text is to be written. */
struct lex_coding {
	const char *charset;
	bool utf8;    /* characters are kept whole */
	bool in_text; /* not in a phrase or comment */
	bool base64;
};

/* Octets of a run of token characters (RFC 2047, 2) at s. */
static size_t
lex_token_length(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 127 ||
		    strchr("()<>@,;:\\\"/[]?.=", s[i]) != NULL)
			break;
	return i;
}

size_t
lex_encoded_length(const char *s, size_t n)
{
	size_t at = 2, length;

	if (n < 2 || s[0] != '=' || s[1] != '?')
		return 0;
	length = lex_token_length(s + at, n - at);
	at += length;
	if (length == 0 || n - at < 3 || s[at] != '?' ||
	    strchr("QqBb", s[at + 1]) == NULL || s[at + 2] != '?')
		return 0;
	for (at += 3; at < n && s[at] > ' ' && s[at] < 127 && s[at] != '?';)
		at++;
	return n - at >= 2 && s[at] == '?' && s[at + 1] == '=' ? at + 2 : 0;
}

/* May this octet stand for itself in a word with the encoding Q? */
static bool
lex_is_literal(const struct lex_coding *k, char c)
{
	if (text_is_alnum(c))
		return true;
	if (c <= ' ' || c >= 127)
		return false;
	return k->in_text ? c != '=' && c != '?' && c != '_'
			  : strchr("!*+-/", c) != NULL;
}

/* Q stays readable; where little is to be read, B is shorter. */
static bool
lex_prefers_base64(const struct lex_coding *k, const char *s, size_t n)
{
	size_t escapes = 0;
	size_t i;

	for (i = 0; i < n; i++)
		escapes += s[i] != ' ' && !lex_is_literal(k, s[i]);
	return escapes > n / 2;
}

size_t
lex_char_length(const char *s, size_t n)
{
	size_t length;

	for (length = 1; length <= n && length <= LEX_UTF8_LONGEST; length++) {
		if (text_is_utf8(s, length))
			return length;
	}
	return 0;
}

/* How many octets of s a word of at most room octets can hold, in Q. */
static size_t
lex_fit_q(const struct lex_coding *k, const char *s, size_t n, size_t room)
{
	size_t at = 0, used = 0, length, cost, i;

	while (at < n) {
		length = k->utf8 ? lex_char_length(s + at, n - at) : 1;
		for (cost = 0, i = at; i < at + length; i++)
			cost += s[i] == ' ' || lex_is_literal(k, s[i])
				    ? 1
				    : LEX_ESCAPE;
		if (used + cost > room)
			break;
		used += cost;
		at += length;
	}
	return at;
}

/* The same in B. */
static size_t
lex_fit_b(const struct lex_coding *k, const char *s, size_t n, size_t room)
{
	size_t length = room / 4 * 3;

	if (length >= n)
		return n;
	while (k->utf8 && ((unsigned char)s[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static void
lex_add_word(struct buf *b, const struct lex_coding *k, const char *s, size_t n)
{
	size_t i;

	buf_add_fmt(b, "=?%s?%c?", k->charset, k->base64 ? 'B' : 'Q');
	if (k->base64)
		text_add_base64(b, s, n);
	for (i = 0; i < n && !k->base64; i++) {
		if (s[i] == ' ')
			buf_add_char(b, '_');
		else if (lex_is_literal(k, s[i]))
			buf_add_char(b, s[i]);
		else
			buf_add_fmt(b, "=%02X", (unsigned char)s[i]);
	}
	buf_add_str(b, "?=");
}

size_t
lex_add_encoded(
    struct buf *b, const char *s, size_t n, bool in_text, size_t column)
{
	struct lex_coding k = { .in_text = in_text };
	size_t length, room, before;

	k.utf8 = text_is_utf8(s, n);
	k.charset = k.utf8 ? "UTF-8" : "unknown-8bit"; /* RFC 1428 */
	k.base64 = lex_prefers_base64(&k, s, n);
	while (n > 0) {
		if (column + LEX_ENCODED_ROOM > LEX_ENCODED_LINE) {
			buf_add_str(b, "\r\n ");
			column = 1;
		}
		room = LEX_LINE - column;
		room = room > LEX_WORD_MAX ? LEX_WORD_MAX : room;
		room -= LEX_WORD_ENDS + strlen(k.charset);
		length = k.base64 ? lex_fit_b(&k, s, n, room)
				  : lex_fit_q(&k, s, n, room);
		before = b->len;
		lex_add_word(b, &k, s, length);
		column += b->len - before;
		s += length;
		n -= length;
		if (n > 0)
			column =
			    LEX_ENCODED_LINE; /* the next has its own line */
	}
	return column;
}
