/* SPDX-License-Identifier: ISC */
/* deliver_part: what the parts of deliver share; for them alone. */
#ifndef CORE_DELIVER_PART_H
#define CORE_DELIVER_PART_H

#include "core/cred.h"
#include "core/deliver.h"
#include "mail/mime.h"

enum deliver_at {
	DELIVER_AT_SECRET,  /* cred fills */
	DELIVER_AT_KEY,	    /* cred fills, for the client key */
	DELIVER_AT_SESSION, /* connecting */
	DELIVER_AT_AUTH,
	DELIVER_AT_TRANSFER
};

/* Why ways to authenticate failed, in their order. */
struct deliver_ways {
	size_t way; /* in account->auth: the one that is tried, or in use */
	struct outcome trouble[PROFILE_MAX_AUTH];
	size_t n_trouble;
	const char *mech; /* accepted, or NULL */
};

/* A session and all that it borrows. */
struct deliver_link {
	const struct profile *account;
	struct smtp_target target; /* with the passphrase */
	struct smtp *smtp;
	struct deliver *user; /* NULL: nobody's for now */
	size_t served;	      /* transactions that MAIL was answered in */
	char *server;	      /* "host:port" */
	/* For the time between two users, who keep these by themselves: */
	struct deliver_ways ways;
	struct cred *key;
};

/* The text, from where it is. */
struct deliver_source {
	struct stream_source source; /* first */
	struct deliver *deliver;
	uint64_t at;
};

/* The message as the server can take it. */
struct deliver_fit {
	struct deliver_source source;
	struct mime_plan *plan;	    /* NULL: none was needed so far */
	bool seven_bit;		    /* that the plan is for */
	struct mime_filter *filter; /* of this transaction; NULL: as it is */
	struct envelope envelope;   /* borrows what it points to */
};

struct deliver {
	struct loop *loop;
	struct wire *wire;
	const struct deliver_order *order;
	const struct profile *account; /* of order->profile */
	void (*done)(void *ctx);
	void *ctx;
	bool finished;
	enum deliver_at at;

	struct deliver_ways ways;
	bool fresh;	   /* the cached token of this way was refused */
	struct cred *cred; /* of this way */
	struct cred *key;  /* passphrase of the client key */
	struct secret nothing;
	enum sasl_mech mech;
	struct sasl_identity identity;

	size_t server;	   /* in the profile's servers */
	char *server_text; /* of the last one */
	struct deliver_link *link;
	struct deliver_link *given; /* with the order, not yet made use of */
	bool refused_here;	    /* AUTH was refused in this session */
	int watched;		    /* descriptor, or -1 */
	struct loop_timer step_timer, foreground_timer, done_timer;

	struct outcome *result;
	bool *judged; /* result[i] is ours no more to change */
	struct deliver_fit fit;
	bool text_failed; /* it could not be read */
	bool lost_link;
	int64_t started;
};

/* ---- deliver */

/* Whoever has no outcome yet gets this one, and all is over. */
void deliver_finish_with(struct deliver *d, const struct outcome *o);

/* Step the session, and follow whatever comes of it. */
void deliver_go_on(struct deliver *d);

void deliver_transfer(struct deliver *d);

/* The class that it has in the end; but F at AUTH, which tells of the secret.
 */
void deliver_classify(const struct deliver *d, struct outcome *o);

/* ---- deliver_text */

/* Fill in envelope and body for the session that is idle. False: there is no
 * way to, and all is over. */
bool deliver_fit_text(struct deliver *d, struct smtp_order *o);
void deliver_forget_text(struct deliver *d);

/* ---- deliver_auth */

/* Begin with the first way. */
void deliver_begin(struct deliver *d);

void deliver_authenticate(struct deliver *d);

/* AUTH has been answered, or the session was lost over it. */
void deliver_auth_ended(struct deliver *d);

/* ---- deliver_link */

/* Make use of the link that was given. False: there is none that will do. */
bool deliver_adopt_link(struct deliver *d);

/* Connect, by the list of servers, unless a session is open. */
void deliver_get_session(struct deliver *d);

/* Connect once more to the server that was left. */
void deliver_redial(struct deliver *d);

/* It did not come up: another host of the same service may do. */
void deliver_session_failed(struct deliver *d);

bool deliver_is_idle(const struct deliver *d);
bool deliver_is_closed(const struct deliver *d);
void deliver_watch(struct deliver *d);
void deliver_unwatch(struct deliver *d);
void deliver_hang_up(struct deliver *d, bool quit);

#endif
