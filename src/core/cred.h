/* SPDX-License-Identifier: ISC */
/*
 * cred: a profile's secret for sasl and TLS: the password from where the
 * profile says, or an access token from the cache or its endpoint. What may
 * block runs in a child. The life of a secret: fill, then accept or reject.
 *
 * Must not know: messages, the queue, SMTP.
 */
#ifndef CORE_CRED_H
#define CORE_CRED_H

#include "base/loop.h"
#include "core/profile.h"
#include "gate/seal.h"
#include "mail/outcome.h"

#include <stdbool.h>

struct cred;

/*
 * Get the secret of p's account (profile_account) for that way: OAUTH the
 * access token, PASSWORD the password, CERT the passphrase of the client key
 * (empty where none is given). done(ctx) is called from the loop, never before
 * this returns. refused: a token that a server did not take, so that only
 * another will do, or NULL; it is marked in the cache by its hash, so that
 * everybody who holds it causes one request, not one each. p is borrowed until
 * cred_free().
 */
struct cred *cred_fill(struct loop *l, const struct profile *p,
    enum profile_auth way, const struct secret *refused,
    void (*done)(void *ctx), void *ctx);

/* After done: the secret, or NULL; then cred_outcome() says why. */
const struct secret *cred_secret(const struct cred *c);
const struct outcome *cred_outcome(const struct cred *c);

/* Did the secret come from the token cache? */
bool cred_was_cached(const struct cred *c);

/* When the token ends, ms since 1970; 0 for what is no token. */
int64_t cred_expires(const struct cred *c);

/* Forget about it; a child that asks for a token ends its work by itself. */
void cred_free(struct cred *c); /* takes NULL */

/* What the token cache of an account says; nothing is asked or waited for. */
enum cred_state {
	CRED_NONE, /* nothing is known: no token was needed yet */
	CRED_OK,
	CRED_DEGRADED,	   /* the last request failed, class L */
	CRED_NEEDS_LOGIN,  /* P */
	CRED_MISCONFIGURED /* C */
};
struct cred_status {
	enum cred_state state;
	int64_t obtained, expires; /* of the token, ms since 1970, or 0 */
	int64_t since;		   /* of the trouble, or 0 */
	bool refreshable;	   /* there is a refresh token */
	struct outcome why;	   /* where there is trouble */
};
const char *cred_state_name(enum cred_state s); /* "needs_login" */
void cred_look(const struct profile *p, struct cred_status *s);

/*
 * The key ring of p's file: the systemd credential osmtp-seal, seal.key beside
 * the system's configuration, or beside the user's own, state/seal.key. make as
 * in seal_load().
 */
int cred_load_ring(const struct profile_home *h, bool make,
    struct seal_ring **out, struct err *e);

#endif
