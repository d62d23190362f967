/* SPDX-License-Identifier: ISC */
/*
 * sasl: mechanism and identity and challenge -> response. XOAUTH2,
 * OAUTHBEARER (RFC 7628), PLAIN (RFC 4616), LOGIN. Octets, not base64: the
 * protocol around it encodes.
 *
 * Must not know: sockets, where secrets come from.
 */
#ifndef GATE_SASL_H
#define GATE_SASL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* In the order of preference within each kind. */
enum sasl_mech {
	SASL_XOAUTH2,
	SASL_OAUTHBEARER,
	SASL_PLAIN,
	SASL_LOGIN,
	SASL_MECHS /* how many */
};

const char *sasl_name(enum sasl_mech m);
bool sasl_find(const char *name, enum sasl_mech *m); /* without case */
bool sasl_takes_token(enum sasl_mech m);	     /* else a password */

/* Borrowed for the exchange. */
struct sasl_identity {
	const char *user;
	const struct secret *secret; /* password or access token */
	const char *host;	     /* OAUTHBEARER's host= and port= */
	unsigned port;
};

struct sasl {
	enum sasl_mech mech;
	const struct sasl_identity *id;
	int step;	   /* private */
	char refusal[256]; /* what an error challenge said, made safe */
};

void sasl_begin(
    struct sasl *s, enum sasl_mech m, const struct sasl_identity *id);

/* The initial response; false if the mechanism lets the server speak first. */
bool sasl_initial(struct sasl *s, struct secret *out);

/*
 * The response to what followed "334 " (base64 as the server sent it). An
 * error challenge of XOAUTH2 (JSON) or OAUTHBEARER is kept in s->refusal and
 * answered as its mechanism wants: empty, or one 0x01. EX_PROTOCOL for a
 * challenge that has no place: then cancel with "*".
 */
int sasl_answer(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e);

#endif
