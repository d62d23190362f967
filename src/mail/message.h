/* SPDX-License-Identifier: ISC */
/*
 * message: an RFC 5322 message on its way through: the header in memory, the
 * body copied once in bounded memory. What comes out is canonical: every line
 * ends with CRLF, there is no bare CR or LF.
 *
 * Must not know: accounts, the queue, SMTP (dots are stuffed by smtp).
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "mail/addr.h"
#include "mail/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MESSAGE_MAX_HEAD = 1024 * 1024, /* octets of the whole header */
	MESSAGE_MAX_FIELDS = 10000,
	MESSAGE_MAX_LINE = 998 /* octets before CRLF, RFC 5322 2.1.1 */
};

/* How to read; begin it with {0}. */
struct message_reading {
	bool dot_ends;	   /* a line of one dot ends the message (no -i) */
	uint64_t max_size; /* octets of the canonical message, head and body;
			      0 for no limit */
};

/* What was seen while the message was read. */
struct message_facts {
	uint64_t size;	  /* octets of the canonical form, head as read */
	size_t long_line; /* number of the first line of the body that is over
			     MESSAGE_MAX_LINE, the header's lines counted */
	bool eight_bit;	  /* in the body */
	bool nul;	  /* in the body; in the header they are dropped */
	bool bare_cr;	  /* in the body: became a line end; head: a blank */
};

struct message {
	struct field *v;
	size_t n;
	size_t cap; /* private */
	struct message_facts facts;
	struct message_reading how;
	struct buf pending; /* private: octets read behind the header */
	bool ended;	    /* private: end of input or the lone dot was seen */
	size_t lines;	    /* private: that were read or copied */
};

/*
 * Read the header of in: fields, until a blank line, the end of input, or a
 * line that is no field, which then is the first line of the body. A leading
 * mbox "From " or ">From " line is dropped, and NUL octets of the header are;
 * blanks before a colon are (RFC 5322 4.5). CRLF and LF end lines alike. A
 * line of blanks continues a field. EX_DATAERR for a
 * header that is too large; EX_NOINPUT for a read error. Begin m with {0};
 * message_clear() it in any case.
 */
int message_read_head(struct message *m, const struct message_reading *how,
    struct stream_source *in, struct err *e);

/*
 * Copy the rest of in to out in canonical form, without the blank line in
 * front of it, filling m->facts. A last line without an end gets one.
 * EX_DATAERR beyond how->max_size, EX_NOINPUT for a read error (which is
 * never the end), EX_IOERR for the sink. 64 kB of memory at any size.
 */
int message_copy_body(struct message *m, struct stream_source *in,
    struct stream_sink *out, struct err *e);

/* Write the header as it stands, and the blank line behind it. EX_IOERR. */
int message_write_head(
    const struct message *m, struct stream_sink *out, struct err *e);

void message_clear(struct message *m);

/* The first field of that name, or NULL; borrowed until the next change. */
struct field *message_field(const struct message *m, const char *name);

/* Remove all fields of that name; how many there were. */
size_t message_remove(struct message *m, const char *name);

/*
 * Replace the first field of that name (others of it are removed), or append
 * one. The value is written behind "Name: "; it must hold no CR, LF or NUL
 * but folds (CRLF and a blank), else our own fault: err_bug.
 */
void message_set(struct message *m, const char *name, const char *value);

/* Insert one before the field with the index at; index 0 is in front of all
 * others, where trace fields belong. */
void message_insert(
    struct message *m, size_t at, const char *name, const char *value);
void message_prepend(struct message *m, const char *name, const char *value);

/* How many fields of that name there are. */
size_t message_count_fields(const struct message *m, const char *name);

/*
 * Append the recipients of the header: To, Cc, Bcc; or, if there is any
 * Resent-To, -Cc or -Bcc, those alone (RFC 5322 3.6.6). EX_DATAERR with the
 * field's name in front.
 */
int message_recipients(
    const struct message *m, struct addr_list *out, struct err *e);

/* The mailboxes of the first field of that name; none if it is absent. */
int message_addresses(const struct message *m, const char *name,
    struct addr_list *out, struct err *e);

/*
 * The fields of the last resending (RFC 5322 3.6.6), which stand in front of
 * those of earlier ones: from the index *begin on, up to *end; fields of other
 * names may stand among them. False if nobody has resent it; Resent-Bcc alone
 * does not count, since it is not seen.
 */
bool message_resent_block(const struct message *m, size_t *begin, size_t *end);

/* Is there a field of that name from index begin up to end? */
bool message_has_between(
    const struct message *m, size_t begin, size_t end, const char *name);

/*
 * Complete the bare addresses of From, Sender, Reply-To, To, Cc and their
 * Resent- forms with "@domain". A field that does not parse stays as it is.
 */
void message_complete(struct message *m, const char *domain);

/* Make every field fit for every server: field_encode(), field_fold(). True if
 * an address in the header needs SMTPUTF8. The last step before writing. */
bool message_tidy(struct message *m);

/* Does header or body hold octets over 127 (so that 8BITMIME is needed)? */
bool message_is_eight_bit(const struct message *m);

/* Once head and body were read: must it be repaired wherever it goes (see
 * mime)? A line over MESSAGE_MAX_LINE, a NUL, or a Content-Transfer-Encoding
 * of binary. */
bool message_needs_repair(const struct message *m);

#endif
