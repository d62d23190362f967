/* SPDX-License-Identifier: ISC */
/*
 * reply: the replies of an SMTP server (RFC 5321 4.2), taken octet by octet
 * out of whatever it sends. Bounded: 64 kB and 200 lines a reply; 2 kB of a
 * line are kept.
 *
 * Must not know: which command a reply answers.
 */
#ifndef GATE_REPLY_H
#define GATE_REPLY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	REPLY_MAX_OCTETS = 64 * 1024,
	REPLY_MAX_LINES = 200,
	REPLY_MAX_KEPT = 2048
};

enum reply_state {
	REPLY_MORE, /* all octets taken, the reply goes on */
	REPLY_DONE, /* code and text are there */
	REPLY_BAD /* no reply, or too long: nothing can be believed any more */
};

struct reply {
	int code;	 /* 200 to 599 */
	struct buf text; /* the lines without codes, a blank between them; as
			    sent, so not safe to show */
	struct buf line; /* private */
	size_t octets;	 /* private */
	unsigned lines;	 /* private */
};

void reply_init(struct reply *r);
void reply_clear(struct reply *r);

/* Begin the next one. */
void reply_reset(struct reply *r);

/*
 * Take from p[0..n); *used says how many octets. Each line ends with LF, one
 * CR before it is dropped; it is three digits from 200 to 599, then a blank, a
 * hyphen (more lines follow) or nothing; all lines carry the same code.
 */
enum reply_state reply_take(
    struct reply *r, const char *p, size_t n, size_t *used);

/* Has any octet of it come? */
bool reply_has_begun(const struct reply *r);

#endif
