/* SPDX-License-Identifier: ISC */
/*
 * lex: the words of a structured header field (RFC 5322 3.2): atoms, quoted
 * strings, literals, with white space, folds and comments between them.
 *
 * Must not know: what the words mean.
 */
#ifndef MAIL_LEX_H
#define MAIL_LEX_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum lex_kind {
	LEX_END,
	LEX_WORD,    /* atext and 8-bit octets, perhaps behind a backslash */
	LEX_QUOTED,  /* with its quotes */
	LEX_LITERAL, /* with its brackets */
	LEX_CHAR,    /* one of <>@,;:. */
	LEX_BAD	     /* see fault */
};

/* A part of the text; nothing if end is 0. */
struct lex_span {
	size_t begin, end;
};

/* Begin it with text, n and max_depth set, and call lex_next(). */
struct lex {
	const char *text; /* borrowed */
	size_t n;
	int max_depth;		 /* of nested comments */
	enum lex_kind kind;	 /* of the current token */
	struct lex_span token;	 /* where it stands */
	struct lex_span comment; /* the first between the last token and it */
	const char *fault;	 /* with LEX_BAD: why the text has no token */
	size_t at;		 /* private: the next octet */
};

/*
 * Go to the next token. Time is that of the octets passed, never more. What
 * cannot be a token (a control character, an open quote or comment, a
 * backslash or parenthesis in a wrong place) is LEX_BAD, and stays so.
 */
void lex_next(struct lex *l);

bool lex_is_char(const struct lex *l, char c);

bool lex_is_atext(char c); /* 8-bit octets, too */
bool lex_is_control(char c);

/* Atoms with single dots between them, which need no quotes? */
bool lex_is_dot_atom(const char *s, size_t n);

/* Append what the quoted string stands for, which lex_next() has found. */
void lex_add_unquoted(struct buf *b, const char *text, struct lex_span quoted);

/* Append n octets, without controls, as a quoted string. */
void lex_add_quoted(struct buf *b, const char *s, size_t n);

/*
 * The offset behind the quoted string or comment that begins at text[i]; limit
 * if it is not closed before.
 */
size_t lex_closed_end(const char *text, size_t i, size_t limit);

enum { LEX_UTF8_LONGEST = 4 }; /* octets of one character */

/* Octets of the UTF-8 character at s, at most n; 0 if there is none. */
size_t lex_char_length(const char *s, size_t n);

/* Octets of the encoded word (RFC 2047) at the front of s; 0 if none is. */
size_t lex_encoded_length(const char *s, size_t n);

enum {
	LEX_ENCODED_LINE =
	    76, /* octets of a line with encoded words (RFC 2047) */
	LEX_ENCODED_ROOM = 34 /* less, and a word of ours begins a new line */
};

/*
 * Append n octets as encoded words of at most 75 octets, none of which cuts a
 * character; what is not UTF-8 throughout is called unknown-8bit. Each but
 * the first begins a folded line; column tells how many octets the line has
 * already, and the first begins one, too, if there is no room. In an
 * unstructured field (in_text) more can stay readable than in a phrase or
 * comment. Returns the new column.
 */
size_t lex_add_encoded(
    struct buf *b, const char *s, size_t n, bool in_text, size_t column);

/*
 * Words that lex_next() has found as a person reads them: unquoted, with one
 * blank for white space and comments. NULL if nothing is left; free(3).
 */
char *lex_phrase_text(const char *text, struct lex_span words);

/* As lex_phrase_text(), what a comment says inside its parentheses. */
char *lex_comment_text(const char *text, struct lex_span comment);

#endif
