/* SPDX-License-Identifier: ISC */
/*
 * field: one header field, and the values that we make ourselves.
 *
 * Must not know: the envelope, configuration.
 */
#ifndef MAIL_FIELD_H
#define MAIL_FIELD_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets up to the colon; more would not fit a line (RFC 5322 2.1.1). */
enum {
	FIELD_MAX_NAME = 997,
	FIELD_MAX_LINE = 998 /* before CRLF, with the name */
};

/*
 * A field as it will be written: "Name:value", where value keeps its leading
 * blank and its folds (CRLF followed by a blank), without the last CRLF. The
 * octets belong to whoever holds the field.
 */
struct field {
	char *name;
	char *value;
	size_t value_len; /* value may hold NUL octets */
};

/*
 * Length of the field name at the front of line[0..n), with blanks behind it
 * allowed before the colon (RFC 5322 4.5); *value is set to the offset behind
 * the colon. 0 if the line is no field; a colon behind FIELD_MAX_NAME octets
 * does not count, so that whoever reads can decide with that many octets.
 */
size_t field_name_length(const char *line, size_t n, size_t *value);

bool field_is(const struct field *f, const char *name); /* without case */

/* Append the value on one line: folds become their blank, ends trimmed. */
void field_unfold(struct buf *b, const struct field *f);

/*
 * Put 8-bit text, and octets that no field may have, into the form that every
 * server can take: RFC 2047 words in unstructured fields and in the names and
 * comments of address fields, RFC 2231 values in the parameters of Content-Type
 * and Content-Disposition, '?' where a field has no place for either. UTF-8 is
 * called so, else the charset is unknown-8bit (RFC 1428). Encoded words that
 * are there stay. NULs vanish, a CR or LF that is no fold becomes a blank, and
 * so do other controls but tabs where 8-bit text is read by a grammar. Domains
 * become A-labels; addresses that are beyond ASCII all the same stay: true if
 * there are any, which need SMTPUTF8. A field that is ASCII stays as it is.
 */
bool field_encode(struct field *f);

/*
 * Fold lines of more than FIELD_MAX_LINE octets before blanks. A single word
 * that is longer is cut, if it can be behind a comma, and never in a UTF-8
 * character, a quoted pair or an encoded word. Lines of nothing but blanks are
 * joined to the one before. Unfolded the value is the same but for such cuts,
 * and for blanks of which there are hundreds in a row. Other lines stay as they
 * are.
 */
void field_fold(struct field *f);

void field_clear(struct field *f);

/* Append the RFC 5322 date-time of now (sys_now() ms), with the local zone of
 * TZ and English names whatever the locale. */
void field_add_date(struct buf *b, int64_t now);

/* Append "Mon Nov 23 17:05:00", by the same zone and names. */
void field_add_brief_date(struct buf *b, int64_t now);

/* Append an mbox separator's date (asctime form, UTC). */
void field_add_mbox_date(struct buf *b, int64_t now);

#endif
