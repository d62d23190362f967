/* SPDX-License-Identifier: ISC */
/*
 * envelope: who gets a message and who hears of its fate (RFC 5321 2.3.1).
 *
 * Must not know: profiles, the network.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "base/err.h"
#include "mail/addr.h"
#include "mail/dsn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ENVELOPE_MAX_RCPTS = 50000,
	ENVELOPE_ID_LENGTH = 16, /* [0-9a-hjkmnp-tv-z]: 9 of time, 7 random */
	ENVELOPE_ID_MAX =
	    ENVELOPE_ID_LENGTH + 1 /* "R", "D", "S" before a report's */
};

struct envelope {
	char id[ENVELOPE_ID_MAX + 1];
	char *sender; /* "" is the null sender */
	char **rcpts; /* each as it goes to the wire, no two the same */
	size_t n_rcpts;
	struct dsn_wish dsn;
	struct dsn_rcpt *rcpt_dsn; /* one for each recipient, or NULL while
				      nobody said anything: envelope_wish() */
	bool eight_bit;		   /* header or body hold octets over 127 */
	bool repair;	 /* a line is too long, there is a NUL, or it is
			    called binary: see mime */
	bool utf8;	 /* an address, here or in the header, needs
			    SMTPUTF8 (RFC 6531) */
	bool utf8_head;	 /* one in the header does */
	uint64_t size;	 /* octets of head and body as they go out */
	uint32_t *slots; /* private: finds a recipient by hash */
	size_t n_slots;	 /* private: twice the room in rcpts */
};

/* A new ID of now (ms since 1970) and 35 random bits. */
void envelope_make_id(char id[ENVELOPE_ID_LENGTH + 1], int64_t now);

/*
 * Set the sender, add a recipient. Both take complete addresses (a bare name,
 * or a null recipient: EX_DATAERR) and refuse what addr_check_wire() refuses:
 * EX_DATAERR. A domain beyond ASCII is put into A-labels (EX_DATAERR where that
 * can't be done), so that only a local part needs SMTPUTF8. The envelope
 * begins as {0}; utf8 follows the addresses and utf8_head. A recipient that is
 * there already is not added again; more than ENVELOPE_MAX_RCPTS: EX_DATAERR.
 */
int envelope_set_sender(
    struct envelope *v, const struct addr *a, struct err *e);
int envelope_add_rcpt(struct envelope *v, const struct addr *a, struct err *e);

/* The same, with what is wanted of him, copied; NULL: nothing was said, and
 * nothing changes. Of one who is there already it is wanted as well
 * (dsn_rcpt_merge()). */
int envelope_add_rcpt_dsn(struct envelope *v, const struct addr *a,
    const struct dsn_rcpt *wish, struct err *e);

/* What is wanted of recipient i; never NULL. Borrowed until v changes. */
const struct dsn_rcpt *envelope_wish(const struct envelope *v, size_t i);
/* Say it of recipient i, in place of what was said. */
void envelope_set_wish(
    struct envelope *v, size_t i, const struct dsn_rcpt *wish);

/*
 * The same from text that an envelope gave and a file kept: it is not parsed
 * again, but refused (EX_DATAERR) where it could not stand in an envelope, a
 * recipient also where it is there already. "" is the null sender.
 */
int envelope_restore_sender(
    struct envelope *v, const char *text, struct err *e);
int envelope_restore_rcpt(struct envelope *v, const char *text, struct err *e);

/* Does the message need SMTPUTF8 whoever gets it, for its sender or header? */
bool envelope_is_utf8_for_all(const struct envelope *v);

void envelope_clear(struct envelope *v);

#endif
