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
#include "gate/oauth.h"
#include "gate/seal.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <sys/stat.h>

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

/*
 * The same for a token, but one is asked for although the cached one is good:
 * it uses the consent, so that it does not lapse. Where somebody else has just
 * done so, or it may not be asked now, it is not.
 */
struct cred *cred_keep_alive(struct loop *l, const struct profile *p,
    void (*done)(void *ctx), void *ctx);

/*
 * The same, to see whether p is right, a copy with a new secret in it for
 * instance: a token is asked for whatever is cached or known, and a failure
 * leaves no trace. One that comes is kept as any other: a refresh token may
 * have been used up for it.
 */
struct cred *cred_try(struct loop *l, const struct profile *p,
    void (*done)(void *ctx), void *ctx);

/* Did the secret come from the token cache? */
bool cred_was_cached(const struct cred *c);

/* When the token ends, ms since 1970; 0 for what is no token. */
int64_t cred_expires(const struct cred *c);

/* Forget about it; a child that asks for a token ends its work by itself. */
void cred_free(struct cred *c); /* takes NULL */

/* What the token cache of an account says; nothing is asked or waited for. An
 * account that begins with a login, and where nobody has logged in, needs one.
 */
enum cred_state {
	CRED_NONE, /* nothing is known: no token was needed yet */
	CRED_OK,
	CRED_DEGRADED,	   /* the last request failed, class L */
	CRED_NEEDS_LOGIN,  /* P */
	CRED_MISCONFIGURED /* C */
};
enum { CRED_LIVES = 3 /* earlier consents that are remembered */ };

struct cred_status {
	enum cred_state state;
	int64_t obtained, expires; /* of the token, ms since 1970, or 0 */
	int64_t since;		   /* of the trouble, or 0 */
	int64_t next;		   /* no request before then, or 0 */
	bool unread;		   /* what is kept can't be read: no more is
				      known */
	bool refreshable;	   /* there is a refresh token */
	char scope[512];	   /* granted, or "" */
	char login[128];	   /* who gave the consent, or "" */
	int64_t consent;	   /* when it was given, or 0 */
	int64_t refreshed;	   /* last use of the refresh token, or 0 */
	int64_t refresh_expires;   /* as the server said, or 0 */
	bool refresh_fixed;	   /* a use of the token does not put it off */
	int64_t lives[CRED_LIVES]; /* ms for which earlier consents lasted that
				      the provider ended, newest first; 0 */
	struct outcome why;	   /* where there is trouble */
};
const char *cred_state_name(enum cred_state s); /* "needs_login" */
void cred_look(const struct profile *p, struct cred_status *s);

/*
 * All that a request of an account goes with: its client with the endpoints
 * filled in (by discovery, where only the issuer is configured), and what
 * proves who it is. It blocks. Begin it with {0}; cred_client_clear() in any
 * case.
 */
struct cred_client {
	struct oauth_client client;
	struct oauth_meta meta; /* where it was discovered; else empty */
	struct oauth_proof proof;
	bool asked; /* a server was asked for it: its failure earns a back-off
		     */
	/* private: what these borrow */
	struct secret client_secret, client_assertion, assertion;
	char *token_url; /* of a service account */
};

enum cred_need {
	CRED_NEED_TOKEN,     /* token_url, and a proof */
	CRED_NEED_DEVICE,    /* device_url and token_url */
	CRED_NEED_AUTHORIZE, /* authorize_url and token_url */
	CRED_NEED_REVOKE     /* revoke_url */
};

/* False with *f where something is missing or can't be had. */
bool cred_client_load(struct cred_client *c, const struct profile *p,
    enum cred_need need, struct oauth_trouble *f);
void cred_client_clear(struct cred_client *c);

/* Can that secret of p's account be read just now? False with *o. A command is
 * not run: it need only be there. */
bool cred_secret_test(const struct profile *p,
    const struct profile_secret *from, struct outcome *o);

/* ---- consents (cred_consent.c) */

/* Only one login for an account at a time: EX_TEMPFAIL if another goes on.
 * Closing *fd ends it. */
int cred_login_lock(const struct profile *p, int *fd, struct err *e);

/*
 * Keep what a login has brought, in place of the old grant, which stays until
 * this has succeeded; not ended by signals. It is used from then on, and the
 * account's trouble with tokens is over. EX_TEMPFAIL, EX_CANTCREAT, EX_IOERR,
 * EX_NOPERM.
 */
int cred_consent_store(
    const struct profile *p, struct oauth_token *t, struct err *e);

/* Can it be stored? To be asked before a person is troubled; the same codes. */
int cred_consent_check(const struct profile *p, struct err *e);

/* Read the stored refresh token, to revoke it: EX_NOINPUT if there is none. */
int cred_consent_read(
    const struct profile *p, struct secret *refresh, struct err *e);

/*
 * Forget it, with all that is cached of the account. Before that end() gets the
 * refresh token, to revoke it, or NULL and why there is none (as
 * cred_consent_read): under the account's lock, since else somebody might turn
 * in this one meanwhile, and its successor would live on. end may be NULL.
 */
typedef void cred_end_fn(
    void *ctx, const struct secret *refresh, const struct err *why);
int cred_consent_forget(
    const struct profile *p, cred_end_fn *end, void *ctx, struct err *e);

/* Remove what a crash has left of the account's files half-written, unless
 * somebody is at it just now. */
void cred_sweep(const struct profile *p);

/* Is it time to use a consent so that it does not lapse? */
bool cred_is_idle(
    const struct profile *p, const struct cred_status *s, int64_t now);

/* When that secret of p's account was sealed, ms since 1970; 0: it is not, or
 * does not open here. */
int64_t cred_sealed_at(
    const struct profile *p, const struct profile_secret *from);

/* ---- a new secret in place of one (cred_new.c) */

/* Is s the one that is there? False, too, where that can't be read. */
bool cred_new_is_old(const struct profile *p, const struct profile_secret *from,
    const struct secret *s);

/*
 * Make s the first line of the file at path, which is replaced as a whole; its
 * other lines, owner and mode stay. was: as it was when all this began:
 * EX_TEMPFAIL if it is another by now. EX_NOINPUT, EX_DATAERR, and as
 * fsio_replace_like().
 */
int cred_new_store(const char *path, const struct stat *was,
    const struct secret *s, struct err *e);

/*
 * The key ring of a file: the systemd credential osmtp-seal, seal.key beside
 * the system's configuration, or beside the user's own, state/seal.key. make as
 * in seal_load().
 */
int cred_load_ring(const struct profile_home *h, bool make,
    struct seal_ring **out, struct err *e);

/* Where these keys lie; cred_places_clear() ends it. */
void cred_places(const struct profile_home *h, struct seal_places *places);
void cred_places_clear(struct seal_places *places);

/* The directory of the vault of its accounts; to be freed. */
char *cred_vault_dir(const struct profile_home *h);

#endif
