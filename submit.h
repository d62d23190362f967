/* SPDX-License-Identifier: ISC */
/*
 * submit: the two steps of accepting a message. take needs no trust and runs
 * for any uid: it reads the header and makes a request of who asked for what.
 * admit is for whoever delivers: it chooses the profile, judges permission,
 * turns local recipients into real ones and rewrites the header, which is
 * final then.
 *
 * Must not know: libcurl, tokens.
 */
#ifndef CORE_SUBMIT_H
#define CORE_SUBMIT_H

#include "base/err.h"
#include "base/stream.h"
#include "core/conf.h"
#include "core/profile.h"
#include "mail/addr.h"
#include "mail/envelope.h"
#include "mail/message.h"

#include <stdbool.h>

/* What the command line said; borrowed. */
struct submit_options {
	const char *profile;   /* -a, or NULL */
	const char *sender;    /* -f, or NULL */
	const char *full_name; /* -F, or NULL */
	const char *own_name;  /* NAME of the environment, or NULL */
	bool from_header;      /* -t */
	bool dot_ends;	       /* no -i */
	bool no_aliases;       /* -n */
	struct dsn_wish dsn;   /* -R, -V; borrowed */
	unsigned notify;       /* -N, of all recipients */
	const char *helo;   /* what the client of -bs called itself, or NULL */
	bool esmtp;	    /* by EHLO */
	char *const *rcpts; /* operands */
	const struct dsn_rcpt *rcpt_dsn; /* one for each operand, which then is
					    one address; or NULL */
	size_t n_rcpts;
	uint64_t max_size; /* 0: no limit */
};

/* Who asked for what. Begin it with {0}; submit_request_clear() ends it. */
struct submit_request {
	char id[ENVELOPE_ID_LENGTH + 1];
	const struct sys_user *user; /* borrowed */
	const char *profile;	     /* borrowed, or NULL */
	const char *full_name;	     /* borrowed, or NULL */
	const char *own_name;	     /* borrowed, or NULL */
	const char *helo;	     /* borrowed, or NULL */
	bool esmtp;
	int64_t now; /* when it was taken */
	bool sender_given;
	bool no_aliases;
	struct addr sender;
	struct addr_list rcpts;	   /* as given, -t's too */
	struct dsn_wish dsn;	   /* its own */
	struct dsn_rcpt *rcpt_dsn; /* one for each of rcpts, or NULL */
	struct message message;	   /* header read, body not */
};

enum { SUBMIT_MAX_HOPS = 100 }; /* Received fields; RFC 5321 6.3 */

/*
 * Read the operands and the header of in. Bcc and Return-Path go, Date and
 * Message-ID (at hostname) come, and the same of the last resending. EX_DATAERR
 * for a bad address, for -t without any recipient, for a header that is too
 * large, for more than SUBMIT_MAX_HOPS; EX_NOINPUT for a read error.
 */
int submit_take(struct submit_request *r, const struct submit_options *o,
    const struct sys_user *user, const char *hostname, int64_t now,
    struct stream_source *in, struct err *e);
void submit_request_clear(struct submit_request *r);

/* The recipients as given, for people; a list that the caller clears. */
void submit_rcpt_texts(const struct submit_request *r, struct text_list *out);

/* What admit decided. */
struct submit_admission {
	const struct profile *profile;
	struct profile_choice choice;
	struct envelope envelope; /* size and eight_bit are set later */
};

/*
 * Decide, and make r->message's header final. EX_NOPERM, EX_CONFIG (unknown
 * profile, no default, a local recipient with nowhere to go), EX_NOUSER
 * (unaliased = "reject"), EX_DATAERR. a begins as {0} and is ended by
 * submit_admission_clear() in any case; choice.why tells how far it came.
 */
int submit_admit(struct submit_request *r, const struct conf *c,
    struct submit_admission *a, struct err *e);
void submit_admission_clear(struct submit_admission *a);

#endif
