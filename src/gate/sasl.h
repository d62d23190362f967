/* SPDX-License-Identifier: ISC */
/*
 * sasl: mechanism and identity and challenge -> response. XOAUTH2,
 * OAUTHBEARER (RFC 7628), SCRAM-SHA-256 (RFC 5802, 7677; without channel
 * binding), PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), EXTERNAL (RFC 4422).
 * Octets, not base64: the protocol around it encodes.
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
	SASL_SCRAM_SHA_256,
	SASL_PLAIN,
	SASL_LOGIN,
	SASL_CRAM_MD5, /* used only where the configuration names it */
	SASL_EXTERNAL,
	SASL_MECHS /* how many */
};

const char *sasl_name(enum sasl_mech m);
bool sasl_find(const char *name, enum sasl_mech *m); /* without case */

/* What proves the identity. */
enum sasl_proof { SASL_TOKEN, SASL_PASSWORD, SASL_CERTIFICATE };
enum sasl_proof sasl_proof(enum sasl_mech m);

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
	int step;	    /* private */
	struct secret kept; /* private: SCRAM's messages so far */
	unsigned char server_signature[32]; /* private: SCRAM's */
	char refusal[256]; /* what an error challenge said, made safe */
	char status[48];   /* its status word or number, or "" */
};

void sasl_begin(
    struct sasl *s, enum sasl_mech m, const struct sasl_identity *id);
void sasl_end(struct sasl *s); /* wipes; s may be {0} */

/* The initial response; false if the mechanism lets the server speak first. */
bool sasl_initial(struct sasl *s, struct secret *out);

/*
 * The response to what followed "334 " (base64 as the server sent it). An
 * error challenge of XOAUTH2 (JSON) or OAUTHBEARER is kept in s->refusal and
 * answered as its mechanism wants: empty, or one 0x01. EX_PROTOCOL for a
 * challenge that has no place, or that shows that the server does not know the
 * password (SCRAM's signature): then cancel with "*".
 */
int sasl_answer(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e);

/* At the server's yes: has it proved what the mechanism wants it to (SCRAM's
 * signature)? */
bool sasl_is_complete(const struct sasl *s);

#endif
