/* SPDX-License-Identifier: ISC */
/*
 * field: encoded words (RFC 2047) in place of raw 8-bit text.
 *
 * A text is a row of units with white space between them. A reader drops the
 * white space between two encoded words and keeps it between a word and plain
 * text. So units that need encoding are taken together, with short plain ones
 * between them; the white space beside a word that was there already goes into
 * ours; all other white space stays where it is.
 */
#include "mail/field_part.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "mail/lex.h"

enum { FIELD_BRIDGE = 16 }; /* plain octets worth no words of their own */

enum field_unit_kind {
	FIELD_UNIT_END,
	FIELD_UNIT_PLAIN,
	FIELD_UNIT_RAW,	 /* not ASCII */
	FIELD_UNIT_CODED /* encoded words already */
};

/* A unit in s[begin..end), behind white space from s[space] on. */
struct field_unit {
	enum field_unit_kind kind;
	size_t space, begin, end;
};

bool
field_is_space(char c)
{
	return text_is_blank(c) || c == '\r' || c == '\n';
}

void
field_write(struct field_writer *w, const char *s, size_t n)
{
	size_t i = n;

	while (i > 0 && s[i - 1] != '\n')
		i--;
	if (i > 0) {
		w->column = 0;
		w->coded = false;
	}
	w->column += n - i;
	w->apart = w->apart && n == 0;
	buf_add(w->out, s, n);
}

void
field_write_space(
    struct field_writer *w, const char *s, size_t n, size_t need, bool coded)
{
	bool fold = memchr(s, '\n', n) == NULL && (coded || w->coded) &&
		    w->column + n + need > LEX_ENCODED_LINE;

	if (n == 0 && (fold || w->apart)) {
		s = " ";
		n = 1;
	}
	if (fold)
		field_write(w, "\r\n", 2);
	field_write(w, s, n);
}

/* Are these encoded words, and nothing else? */
static bool
field_is_coded(const char *s, size_t n)
{
	size_t at = 0, length;

	while (at < n) {
		length = lex_encoded_length(s + at, n - at);
		if (length == 0)
			return false;
		at += length;
	}
	return n > 0;
}

/* The unit of s that begins at or behind s[at]. */
static struct field_unit
field_next_unit(const char *s, size_t n, size_t at, enum field_place place)
{
	struct field_unit u = { .space = at };
	bool quoted = false;

	while (at < n && field_is_space(s[at]))
		at++;
	u.begin = at;
	for (; at < n && (quoted || !field_is_space(s[at])); at++) {
		if (place == FIELD_IN_PHRASE && s[at] == '"')
			quoted = !quoted;
		else if (place != FIELD_IN_TEXT && s[at] == '\\' &&
			 at + 1 < n && s[at + 1] != '\r')
			at++;
	}
	u.end = at;
	if (u.end == u.begin)
		u.kind = FIELD_UNIT_END;
	else if (!text_is_ascii(s + u.begin, u.end - u.begin))
		u.kind = FIELD_UNIT_RAW;
	else if (field_is_coded(s + u.begin, u.end - u.begin))
		u.kind = FIELD_UNIT_CODED;
	else
		u.kind = FIELD_UNIT_PLAIN;
	return u;
}

/* Append what n octets in that place stand for. */
static void
field_add_content(
    struct buf *b, const char *s, size_t n, enum field_place place)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\r' || s[i] == '\n' ||
		    (place == FIELD_IN_PHRASE && s[i] == '"'))
			continue;
		if (place != FIELD_IN_TEXT && s[i] == '\\' && i + 1 < n &&
		    s[i + 1] != '\r')
			i++;
		buf_add_char(b, s[i]);
	}
}

/* Go to the last unit that is taken together with u; *next follows it. */
static struct field_unit
field_last_unit(const char *s, size_t n, struct field_unit u,
    enum field_place place, struct field_unit *next)
{
	struct field_unit ahead;

	*next = ahead = field_next_unit(s, n, u.end, place);
	for (;;) {
		if (ahead.kind == FIELD_UNIT_RAW) {
			u = ahead;
			*next = ahead = field_next_unit(s, n, u.end, place);
		} else if (ahead.kind == FIELD_UNIT_PLAIN &&
			   ahead.end - u.end <= FIELD_BRIDGE)
			ahead = field_next_unit(s, n, ahead.end, place);
		else
			return u;
	}
}

/*
 * Write the units from *u on that are taken together; *u is the next one then.
 * behind_coded: an encoded word is the last that was written.
 */
static void
field_write_run(struct field_writer *w, const char *s, size_t n,
    struct field_unit *u, enum field_place place, bool behind_coded)
{
	struct field_unit next;
	struct field_unit last = field_last_unit(s, n, *u, place, &next);
	struct buf text;
	size_t space = u->begin - u->space;

	buf_init(&text, SIZE_MAX);
	if (behind_coded)
		field_add_content(&text, s + u->space, space, FIELD_IN_TEXT);
	field_add_content(&text, s + u->begin, last.end - u->begin, place);
	if (next.kind == FIELD_UNIT_CODED)
		field_add_content(&text, s + next.space,
		    next.begin - next.space, FIELD_IN_TEXT);
	if (space == 0 && place == FIELD_IN_PHRASE)
		field_write_space(w, " ", 1, LEX_ENCODED_ROOM, true);
	else
		field_write_space(
		    w, s + u->space, space, LEX_ENCODED_ROOM, true);
	w->column = lex_add_encoded(
	    w->out, text.data, text.len, place == FIELD_IN_TEXT, w->column);
	w->coded = true;
	w->apart = place == FIELD_IN_PHRASE;
	buf_clear(&text);
	*u = next;
}

void
field_write_text(
    struct field_writer *w, const char *s, size_t n, enum field_place place)
{
	struct field_unit u = field_next_unit(s, n, 0, place);
	bool behind_coded = false;

	while (u.kind != FIELD_UNIT_END) {
		if (u.kind == FIELD_UNIT_RAW) {
			field_write_run(w, s, n, &u, place, behind_coded);
			behind_coded = false; /* plain, or white space inside */
			continue;
		}
		behind_coded = u.kind == FIELD_UNIT_CODED;
		field_write_space(w, s + u.space, u.begin - u.space,
		    u.end - u.begin, behind_coded);
		field_write(w, s + u.begin, u.end - u.begin);
		w->coded = w->coded || behind_coded;
		u = field_next_unit(s, n, u.end, place);
	}
	field_write(w, s + u.space, u.begin - u.space);
}

void
field_write_comment(struct field_writer *w, const char *s, size_t n)
{
	size_t from = 0, i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 1 < n && s[i + 1] != '\r') {
			i++;
		} else if (s[i] == '(' || s[i] == ')') {
			field_write_text(
			    w, s + from, i - from, FIELD_IN_COMMENT);
			field_write(w, s + i, 1);
			from = i + 1;
		}
	}
	field_write_text(w, s + from, n - from, FIELD_IN_COMMENT);
}

void
field_write_marks(struct field_writer *w, const char *s, size_t n)
{
	size_t from, i, length;

	for (from = i = 0; i < n; i += length) {
		length = 1;
		if ((unsigned char)s[i] < 128)
			continue;
		field_write(w, s + from, i - from);
		field_write(w, "?", 1);
		length = lex_char_length(s + i, n - i);
		length = length > 0 ? length : 1;
		from = i + length;
	}
	field_write(w, s + from, n - from);
}
