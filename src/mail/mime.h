/* SPDX-License-Identifier: ISC */
/*
 * mime: a message made fit for a server at transmission (RFC 2045, 2046, 6152).
 * Where the server takes no 8-bit text, where a line has more than 998 octets,
 * where there is a NUL, or where a part is called binary that is none, the leaf
 * parts concerned are encoded or their label is put right; all else stays to
 * the octet.
 *
 * The text is read twice, as a stream, in memory that does not grow with it: a
 * plan says what is to change, since the header of a part stands before what
 * decides about it; a filter does it. Input is canonical (CRLF only, no bare CR
 * or LF), and so is output.
 *
 * Must not know: SMTP, the queue, who decides that there is need.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "base/err.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MIME_MAX_DEPTH = 32,   /* of parts in parts; what is deeper is a leaf */
	MIME_MAX_PARTS = 10000 /* that are changed */
};

struct mime_plan;

/*
 * Read in to its end and make a plan. seven_bit: the server takes no 8-bit
 * text. EX_DATAERR, with the reason for people, where something must be
 * changed that may not be: a signed or encrypted part (RFC 1847), of which
 * every octet counts. EX_NOINPUT for a read error.
 */
int mime_plan_make(struct stream_source *in, bool seven_bit,
    struct mime_plan **out, struct err *e);
void mime_plan_free(struct mime_plan *p); /* takes NULL */

/* Does it change anything? */
bool mime_plan_is_needed(const struct mime_plan *p);

/* Octets of what the filter gives, and whether some are over 127. */
uint64_t mime_plan_size(const struct mime_plan *p);
bool mime_plan_is_eight_bit(const struct mime_plan *p);

struct mime_filter;

/* The same text, as planned. Both are borrowed. */
struct mime_filter *mime_filter_new(
    const struct mime_plan *p, struct stream_source *in);
/* As a source; borrowed. */
struct stream_source *mime_filter_source(struct mime_filter *f);
void mime_filter_free(struct mime_filter *f); /* takes NULL */

#endif
