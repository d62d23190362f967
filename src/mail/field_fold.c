/* SPDX-License-Identifier: ISC */
/*
 * field: lines that are too long.
 *
 * First, folds that would leave a line of nothing but blanks go: there are
 * servers for which such a line ends the header. Then a line over the limit is
 * broken before the white space of its words. For a word that no line can hold
 * each octet has a mark: whether a line may begin with it.
 */
#include "mail/field_part.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mail/lex.h"

enum {
	FIELD_NICE_LINE = 76,	/* octets, of a line that is broken anyway */
	FIELD_MAX_BLANKS = 400, /* in a row, in such a line */
	FIELD_MAX_WHOLE = 500	/* octets of an encoded word that stays whole */
};

enum field_mark {
	FIELD_MARK_NEVER,
	FIELD_MARK_POOR, /* in a word, a quoted string or a comment */
	FIELD_MARK_GOOD	 /* behind a comma, semicolon or closing angle */
};

/* Octets of the fold at s, before its blank; or 0. */
static size_t
field_fold_length(const char *s, size_t n)
{
	return n > 2 && s[0] == '\r' && s[1] == '\n' && text_is_blank(s[2]) ? 2
									    : 0;
}

/* Where the line of s that begins at at ends: at a fold, or n. */
static size_t
field_line_end(const char *s, size_t n, size_t at)
{
	while (at < n && field_fold_length(s + at, n - at) == 0)
		at++;
	return at;
}

/* Append the value without folds that make a line of blanks. */
static void
field_add_joined(struct buf *b, const char *s, size_t n)
{
	size_t at = 0, end, i;

	for (; at < n; at = end) {
		end = field_line_end(s, n, at + 1);
		for (i = at; i < end && field_is_space(s[i]);)
			i++;
		if (i == end && field_fold_length(s + at, n - at) > 0)
			at += 2;
		buf_add(b, s + at, end - at);
	}
}

/* Octets that must stay together behind s: a character, an encoded word. */
static size_t
field_whole_length(const char *s, size_t n)
{
	size_t length = lex_encoded_length(s, n);

	if (length == 0 || length > FIELD_MAX_WHOLE)
		length = lex_char_length(s, n);
	return length > 0 ? length : 1;
}

/*
 * Fill marks, one for each octet of the value. Quotes and parentheses are
 * those of a structured field; elsewhere they may hide a good place, no more.
 */
static void
field_mark(unsigned char *marks, const char *s, size_t n)
{
	enum field_mark mark = FIELD_MARK_POOR;
	bool quoted = false;
	size_t depth = 0, i, length;

	for (i = 0; i < n; i += length) {
		length = field_whole_length(s + i, n - i);
		if (s[i] == '\\' && i + 1 < n)
			length += field_whole_length(s + i + 1, n - i - 1);
		memset(marks + i, FIELD_MARK_NEVER, length);
		marks[i] = (unsigned char)mark;
		if (s[i] == '"' && depth == 0)
			quoted = !quoted;
		else if (s[i] == '(' && !quoted)
			depth++;
		else if (s[i] == ')' && !quoted && depth > 0)
			depth--;
		mark = !quoted && depth == 0 && length == 1 &&
			       strchr(",;>", s[i]) != NULL
			   ? FIELD_MARK_GOOD
			   : FIELD_MARK_POOR;
	}
}

/* The best place at or before room to cut a word that is longer. */
static size_t
field_cut(const unsigned char *marks, size_t room)
{
	size_t poor = 0, i;

	for (i = room; i > 0; i--) {
		if (marks[i] == FIELD_MARK_GOOD)
			return i;
		if (poor == 0 && marks[i] == FIELD_MARK_POOR)
			poor = i;
	}
	return poor;
}

/* Append a word behind column octets of its line, cut if it must; returns the
 * new column. */
static size_t
field_add_word(struct buf *b, const char *s, size_t n,
    const unsigned char *marks, size_t column)
{
	size_t cut;

	while (column + n > FIELD_MAX_LINE) {
		cut = field_cut(marks, FIELD_MAX_LINE - column);
		buf_add(b, s, cut);
		buf_add_str(b, "\r\n ");
		s += cut;
		marks += cut;
		n -= cut;
		column = 1;
	}
	buf_add(b, s, n);
	return column + n;
}

/*
 * Append a line that is too long, which has no folds, behind column octets (of
 * the field's name, or none).
 */
static void
field_add_line(struct buf *b, const char *s, size_t n,
    const unsigned char *marks, size_t column)
{
	size_t limit = FIELD_MAX_LINE; /* a name is not left alone */
	size_t at = 0, blanks, word;

	while (at < n) {
		for (blanks = 0;
		     at + blanks < n && text_is_blank(s[at + blanks]);)
			blanks++;
		for (word = at + blanks; word < n && !text_is_blank(s[word]);)
			word++;
		word -= at + blanks;
		if (word == 0) { /* at the end, as many as fit */
			if (blanks > FIELD_MAX_LINE - column)
				blanks = FIELD_MAX_LINE - column;
			buf_add(b, s + at, blanks);
			break;
		}
		if (column > 0 && column + blanks + word > limit) {
			buf_add_str(b, blanks > 0 ? "\r\n" : "\r\n ");
			column = blanks > 0 ? 0 : 1;
		}
		limit = FIELD_NICE_LINE;
		at += blanks;
		if (blanks > FIELD_MAX_BLANKS)
			blanks = FIELD_MAX_BLANKS;
		buf_add(b, s + at - blanks, blanks);
		column = field_add_word(
		    b, s + at, word, marks + at, column + blanks);
		at += word;
	}
}

/* Append the value, all lines of which are short enough then. */
static void
field_add_folded(struct buf *b, const char *s, size_t n,
    const unsigned char *marks, size_t column)
{
	size_t at = 0, end;

	while (at < n) {
		end = field_line_end(s, n, at);
		if (column + (end - at) <= FIELD_MAX_LINE)
			buf_add(b, s + at, end - at);
		else
			field_add_line(b, s + at, end - at, marks + at, column);
		column = 0;
		if (end < n)
			buf_add_str(b, "\r\n");
		at = end < n ? end + 2 : n;
	}
}

/* May the value stay as it is? */
static bool
field_is_folded(const struct field *f)
{
	size_t column = strlen(f->name) + 1;
	size_t at = 0, end, i;

	for (; at < f->value_len; at = end + 2) {
		end = field_line_end(f->value, f->value_len, at);
		for (i = at; i < end && field_is_space(f->value[i]);)
			i++;
		if (column + (end - at) > FIELD_MAX_LINE ||
		    (at > 0 && i == end))
			return false;
		column = 0;
	}
	return true;
}

void
field_fold(struct field *f)
{
	struct buf joined, done;
	unsigned char *marks;

	if (field_is_folded(f))
		return;
	buf_init(&joined, SIZE_MAX);
	buf_init(&done, SIZE_MAX);
	field_add_joined(&joined, f->value, f->value_len);
	marks = mem_new(joined.len + 1, sizeof(*marks));
	field_mark(marks, joined.data, joined.len);
	field_add_folded(
	    &done, joined.data, joined.len, marks, strlen(f->name) + 1);
	free(marks);
	buf_clear(&joined);
	f->value_len = done.len;
	mem_replace(&f->value, buf_take(&done));
}
