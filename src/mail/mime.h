/* SPDX-License-Identifier: ISC */
/*
 * mime: a message made fit for a server at transmission (RFC 2045, 2046, 6152).
 * Where the server takes no 8-bit text, where a line has more than 998 octets,
 * where there is a NUL, or where a part is called binary, which only BINARYMIME
 * could carry, the leaf parts concerned are encoded or their label is put
 * right; all else stays to the octet.
 *
 * The text is read as a stream, in memory that does not grow with it: first for
 * a plan, since the header of a part stands before what decides about it; then
 * by a filter that does it. Input is canonical (CRLF only, no bare CR or LF),
 * and so is output.
 *
 * What is done to whom:
 *
 *   text        quoted-printable; base64 where more than half of its octets
 *               would be escaped
 *   other types whichever of the two is shorter
 *   encoded     quoted-printable and base64 keep their encoding: lines are
 *               broken anew, octets that should not be there are escaped or,
 *               in base64, where they mean nothing, become '?'
 *   reports     message/delivery-status and its like are blocks of fields, and
 *               done as the header of a part
 *   multipart   and message/rfc822 are never encoded (RFC 2045 6.4), their
 *               parts are; their label says what is inside then
 *   between     parts (preamble, epilogue) what does not fit becomes '?', and
 *               long lines are cut: nothing there is shown, or has a label
 *   headers     of parts: field_encode(), field_fold()
 *   signed      parts and encrypted ones (RFC 1847), message/partial and
 *               message/external-body, and what lies deeper than
 *               MIME_MAX_DEPTH, may not be changed: if that is needed, there
 *               is no plan
 *
 * A part without a type is text (RFC 2045 5.2), and so is a multipart that has
 * no usable boundary, or in which it never comes; where such a one is encoded
 * it is called so, too. An encoding of which we know nothing counts for none.
 *
 * Must not know: SMTP, the queue, who decides that there is need.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MIME_MAX_DEPTH = 100,	 /* of parts in parts */
	MIME_MAX_CHANGED = 65536 /* parts; 8 octets of memory each */
};

struct mime_plan;

/*
 * Read in to its end and make a plan. seven_bit: the server takes no 8-bit
 * text. EX_DATAERR, with the reason for people, where something must be changed
 * that may not be, or where it is more than MIME_MAX_CHANGED parts. EX_NOINPUT
 * for a read error.
 */
int mime_plan_make(struct stream_source *in, bool seven_bit,
    struct mime_plan **out, struct err *e);

/*
 * Read the text once more and learn how long it is as the filter gives it, and
 * whether it is 8-bit. EX_NOINPUT for a read error. To be called before the two
 * are asked for, unless nothing changes.
 */
int mime_plan_measure(
    struct mime_plan *p, struct stream_source *in, struct err *e);

void mime_plan_free(struct mime_plan *p); /* takes NULL */

/* Does it change anything? */
bool mime_plan_is_needed(const struct mime_plan *p);

/* Octets of what the filter gives, and whether some are over 127. */
uint64_t mime_plan_size(const struct mime_plan *p);
bool mime_plan_is_eight_bit(const struct mime_plan *p);

/* Append why it changes something, for a log: "8-bit, long-line, NUL". */
void mime_plan_add_reasons(struct buf *b, const struct mime_plan *p);

struct mime_filter;

/* The same text, as planned. Both are borrowed. */
struct mime_filter *mime_filter_new(
    const struct mime_plan *p, struct stream_source *in);

/*
 * As a source; borrowed. A read error of the text is one of it. Text that is
 * not the one that was measured ends in EBADMSG instead.
 */
struct stream_source *mime_filter_source(struct mime_filter *f);
void mime_filter_free(struct mime_filter *f); /* takes NULL */

#endif
