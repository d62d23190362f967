/* SPDX-License-Identifier: ISC */
/* report, its parts: fields and paragraphs on their way out. */
#ifndef MAIL_REPORT_PART_H
#define MAIL_REPORT_PART_H

#include "base/buf.h"
#include "mail/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REPORT_WORD_MAX = 900, /* a longer word is cut */
	REPORT_FLUSH_AT = 16 * 1024,
	REPORT_VALUE_MAX = 64 * 1024
};

struct report_out {
	const struct report *r;
	struct stream_sink *sink;
	struct buf b;	     /* not yet written */
	struct buf words;    /* a text that is being put together */
	struct buf boundary; /* without the hyphens in front */
	bool quoted;	     /* the words: quoted-printable */
	int error;	     /* errno of the first write that failed */
};

/* Write what has come together. */
void report_flush(struct report_out *o);

/* Octets over 127 become question marks. */
void report_make_ascii(struct buf *b);

/* A header field, made safe, folded. */
void report_field(struct report_out *o, const char *name, const char *value);
void report_date_field(struct report_out *o, const char *name, int64_t when);

/* A field of message/delivery-status: "Name: type; value", in ASCII. */
void report_status_field(struct report_out *o, const char *name,
    const char *type, const char *value);

/* One line of the words, quoted-printable where o says so. */
void report_line(struct report_out *o, const char *s, size_t n);

/* Write o->words, made safe, as a paragraph of lines behind that many blanks;
 * o->words is empty then. The other: that text. */
void report_say(struct report_out *o, int indent);
void report_say_text(struct report_out *o, int indent, const char *text);

#endif
