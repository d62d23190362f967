/* SPDX-License-Identifier: ISC */
/* What the parts of field share: the writer of a field that gets encoded. */
#ifndef MAIL_FIELD_PART_H
#define MAIL_FIELD_PART_H

#include "mail/field.h"

/* Where a text stands: what escapes in it, what its encoded words may hold. */
enum field_place {
	FIELD_IN_TEXT,	  /* an unstructured field */
	FIELD_IN_COMMENT, /* quoted pairs */
	FIELD_IN_PHRASE	  /* quoted strings, too */
};

/* A value while it is written anew. */
struct field_writer {
	struct buf *out;
	size_t column; /* octets of the line that was begun */
	bool coded;    /* there is an encoded word on it */
	bool apart;    /* ours was the last: a blank must follow */
};

/* n octets as they are. */
void field_write(struct field_writer *w, const char *s, size_t n);

/*
 * White space as it is, or none; before need octets, which are the begin of an
 * encoded word if coded. Becomes a fold where a line with encoded words would
 * pass its 76 octets.
 */
void field_write_space(
    struct field_writer *w, const char *s, size_t n, size_t need, bool coded);

/* A text with encoded words in place of its words that are not ASCII. */
void field_write_text(
    struct field_writer *w, const char *s, size_t n, enum field_place place);

/* A comment, with its parentheses. */
void field_write_comment(struct field_writer *w, const char *s, size_t n);

/* A list of phrases; what looks like an address is none. */
void field_write_phrases(struct field_writer *w, const char *s, size_t n);

/* A list of addresses; true if one is left that is not ASCII. */
bool field_write_list(struct field_writer *w, const char *s, size_t n);

/* A value with parameters (RFC 2045, 2183), which get RFC 2231 values. */
void field_write_params(struct field_writer *w, const char *s, size_t n);

/* '?' in place of each character that is not ASCII. */
void field_write_marks(struct field_writer *w, const char *s, size_t n);

bool field_is_space(char c); /* a blank, or a part of a fold */

#endif
