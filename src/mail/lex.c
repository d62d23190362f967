/* SPDX-License-Identifier: ISC */
/* lex: the words of a structured header field. */
#include "mail/lex.h"

#include <string.h>

#include "base/text.h"

bool
lex_is_atext(char c)
{
	return text_is_alnum(c) || (unsigned char)c > 127 ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

bool
lex_is_control(char c)
{
	return (unsigned char)c < ' ' || c == 127;
}

bool
lex_is_dot_atom(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] != '.' && !lex_is_atext(s[i]))
			return false;
		if (s[i] == '.' && (i == 0 || i + 1 == n || s[i + 1] == '.'))
			return false;
	}
	return n > 0;
}

/* Octets of the fold (CRLF before a blank) at text[i], or 0. */
static size_t
lex_fold_length(const struct lex *l, size_t i)
{
	bool fold = i + 2 < l->n && l->text[i] == '\r' &&
		    l->text[i + 1] == '\n' && text_is_blank(l->text[i + 2]);

	return fold ? 2 : 0;
}

/*
 * Length of what stands at text[at] inside a comment, a quoted string or a
 * literal: a fold, a quoted pair, one octet; 0 and a fault for what may not
 * stand there.
 */
static size_t
lex_inner_length(struct lex *l)
{
	size_t length = lex_fold_length(l, l->at);
	char c;

	if (length > 0)
		return length;
	length = l->text[l->at] == '\\' && l->at + 1 < l->n ? 2 : 1;
	c = l->text[l->at + length - 1];
	if (lex_is_control(c) && c != '\t') {
		l->fault = "a control character";
		return 0;
	}
	return length;
}

/* Go behind the comment that begins here. */
static bool
lex_skip_comment(struct lex *l)
{
	size_t begin = l->at;
	size_t length;
	int depth = 0;

	for (; l->at < l->n; l->at += length) {
		length = lex_inner_length(l);
		if (length == 0)
			return false;
		if (l->text[l->at] == '(' && ++depth > l->max_depth) {
			l->fault = "comments nested too deeply";
			return false;
		}
		if (l->text[l->at] == ')' && --depth == 0)
			break;
	}
	if (l->at >= l->n) {
		l->fault = "a parenthesis is not closed";
		return false;
	}
	l->at++;
	if (l->comment.end == 0)
		l->comment = (struct lex_span){ begin, l->at };
	return true;
}

/* Go behind white space and comments. */
static bool
lex_skip_space(struct lex *l)
{
	size_t fold;

	l->comment = (struct lex_span){ 0, 0 };
	while (l->at < l->n) {
		fold = lex_fold_length(l, l->at);
		if (fold > 0)
			l->at += fold;
		else if (text_is_blank(l->text[l->at]))
			l->at++;
		else if (l->text[l->at] != '(')
			break;
		else if (!lex_skip_comment(l))
			return false;
	}
	return true;
}

/* A quoted string or a literal, which ends with close. */
static enum lex_kind
lex_scan_closed(struct lex *l, char close, enum lex_kind kind)
{
	size_t length;

	for (l->at++; l->at < l->n && l->text[l->at] != close;
	     l->at += length) {
		length = lex_inner_length(l);
		if (length == 0)
			return LEX_BAD;
	}
	if (l->at >= l->n) {
		l->fault = kind == LEX_QUOTED ? "a quote is not closed"
					      : "a bracket is not closed";
		return LEX_BAD;
	}
	l->at++;
	return kind;
}

static enum lex_kind
lex_scan_token(struct lex *l)
{
	char c = l->text[l->at];

	if (c == '"')
		return lex_scan_closed(l, '"', LEX_QUOTED);
	if (c == '[')
		return lex_scan_closed(l, ']', LEX_LITERAL);
	if (c != '\0' && strchr("<>@,;:.", c) != NULL) {
		l->at++;
		return LEX_CHAR;
	}
	if (c == '\\' && l->at + 1 < l->n) /* belongs to the word behind it */
		c = l->text[++l->at];
	if (!lex_is_atext(c)) {
		l->fault = lex_is_control(c) ? "a control character"
					     : "a character that needs quotes";
		return LEX_BAD;
	}
	while (l->at < l->n && lex_is_atext(l->text[l->at]))
		l->at++;
	return LEX_WORD;
}

void
lex_next(struct lex *l)
{
	if (l->fault != NULL)
		return;
	l->token.begin = l->at;
	if (!lex_skip_space(l)) {
		l->kind = LEX_BAD;
	} else {
		l->token.begin = l->at;
		l->kind = l->at < l->n ? lex_scan_token(l) : LEX_END;
	}
	l->token.end = l->at;
}

bool
lex_is_char(const struct lex *l, char c)
{
	return l->kind == LEX_CHAR && l->text[l->token.begin] == c;
}

void
lex_add_unquoted(struct buf *b, const char *text, struct lex_span quoted)
{
	size_t i;

	for (i = quoted.begin + 1; i + 1 < quoted.end; i++) {
		if (text[i] == '\r' || text[i] == '\n')
			continue;
		if (text[i] == '\\')
			i++;
		buf_add_char(b, text[i]);
	}
}

void
lex_add_quoted(struct buf *b, const char *s, size_t n)
{
	size_t i;

	buf_add_char(b, '"');
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, s[i]);
	}
	buf_add_char(b, '"');
}

size_t
lex_closed_end(const char *text, size_t i, size_t limit)
{
	bool comment = text[i] == '(';
	int depth = 1;

	for (i++; i < limit && depth > 0; i++) {
		if (text[i] == '\\')
			i++;
		else if (comment && text[i] == '(')
			depth++;
		else if (text[i] == (comment ? ')' : '"'))
			depth--;
	}
	return i < limit ? i : limit;
}

/* What was built in b, which is cleared, or NULL for nothing. */
static char *
lex_take_text(struct buf *b)
{
	if (b->len > 0)
		return buf_take(b);
	buf_clear(b);
	return NULL;
}

char *
lex_phrase_text(const char *text, struct lex_span words)
{
	struct buf b;
	bool space = false;
	size_t i, next;

	buf_init(&b, 2 * (words.end - words.begin));
	for (i = words.begin; i < words.end; i = next) {
		next = i + 1;
		if (text[i] == '(' || text[i] == '"')
			next = lex_closed_end(text, i, words.end);
		if (text[i] == '(' || text_is_blank(text[i]) ||
		    text[i] == '\r' || text[i] == '\n') {
			space = b.len > 0;
			continue;
		}
		if (space)
			buf_add_char(&b, ' ');
		space = false;
		if (text[i] == '"')
			lex_add_unquoted(
			    &b, text, (struct lex_span){ i, next });
		else
			buf_add_char(&b, text[i]);
	}
	return lex_take_text(&b);
}

char *
lex_comment_text(const char *text, struct lex_span comment)
{
	struct buf b;
	size_t from = comment.begin;
	size_t to = comment.end;

	buf_init(&b, to - from);
	while (from + 2 < to && strchr(" \t\r\n", text[from + 1]) != NULL)
		from++;
	lex_add_unquoted(&b, text, (struct lex_span){ from, to });
	while (b.len > 0 && text_is_blank(b.data[b.len - 1]))
		b.data[--b.len] = '\0';
	return lex_take_text(&b);
}
