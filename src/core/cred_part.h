/* SPDX-License-Identifier: ISC */
/*
 * cred_part: what the parts of cred share: reading a secret, the record of the
 * token cache, getting a token.
 */
#ifndef CORE_CRED_PART_H
#define CORE_CRED_PART_H

#include "base/err.h"
#include "core/cred.h"
#include "core/profile.h"
#include "gate/oauth.h"
#include "gate/vault.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- secrets (cred_secret.c) */

/* Read a secret of p's account from where it is: false with *o, of that stage,
 * if that fails. A command is given p->token_timeout. */
bool cred_secret_read(const struct profile *p,
    const struct profile_secret *from, enum outcome_stage stage,
    struct secret *out, struct outcome *o);

/* The first line of n octets, at most CRED_SECRET_ROOM, without its end;
 * EX_DATAERR if it is too long. */
enum { CRED_SECRET_MAX = 4096, CRED_SECRET_ROOM = CRED_SECRET_MAX + 2 };
int cred_secret_take_line(
    const char *p, size_t n, struct secret *out, struct err *e);

/* All of a file that holds a key or an assertion, which must be as private as
 * one of that form: EX_CONFIG if it is not, EX_NOPERM, EX_NOINPUT, EX_IOERR;
 * EX_DATAERR if it is empty, or longer than CRED_FILE_MAX. */
enum { CRED_FILE_MAX = 64 * 1024 };
int cred_secret_read_file(const char *path, enum profile_secret_form form,
    struct secret *out, struct err *e);

/* Whose trouble it is that a secret can't be read. */
enum outcome_class cred_secret_class(const struct err *e);

void cred_secret_copy(struct secret *to, const struct secret *from);
bool cred_secret_is_same(const struct secret *a, const struct secret *b);

/* One run of visible ASCII, at most OAUTH_MAX_TOKEN octets: a token, or an
 * assertion? */
bool cred_secret_is_word(const struct secret *s);

/* The first line of what a command prints (cred_command.c). EX_TEMPFAIL if its
 * time is up, EX_CONFIG if it fails, EX_OSERR, EX_DATAERR. */
int cred_secret_run(
    char *const argv[], int64_t timeout_ms, struct secret *out, struct err *e);

/* The same for a token, and on the next line the seconds it lives: *life is -1
 * if that is missing. A failure is EX_TEMPFAIL, unless the exit status says
 * what else: EX_NOPERM, EX_CONFIG. */
int cred_secret_run_token(char *const argv[], int64_t timeout_ms,
    struct secret *token, int64_t *life, struct err *e);

/* The part of it that reads the n octets that were printed. For fuzzing. */
int cred_secret_take_token(const char *p, size_t n, struct secret *token,
    int64_t *life, struct err *e);

/* Does reading it block for longer than a file does? */
bool cred_secret_may_block(const struct profile_secret *from);

/* Take a variable out of the environment, if that is where it is: it is kept
 * here, no child inherits it. Reading it later works as before. */
void cred_secret_hold(const struct profile_secret *from);

/* Add to b what tells that the secret, or a file (NULL: none), may have
 * changed. */
void cred_secret_add_file_stamp(struct secret *b, const char *path);
void cred_secret_add_stamp(struct secret *b, const struct profile_secret *from);

/* A failure in our own words. False. */
bool cred_fail(struct outcome *o, enum outcome_class class,
    enum outcome_stage stage, const char *text);

/* ---- the record of the token cache (cred_record.c: as text; cred_rule.c) */

enum {
	CRED_HASH = 64,	  /* hexadecimal digits of SHA-256 */
	CRED_REJECTED = 4 /* refused tokens that are remembered */
};

/* What the cache holds of an account; times are ms since 1970. */
struct cred_record {
	struct oauth_token token;
	char request[CRED_HASH + 1]; /* what the access token was asked with */
	char client[CRED_HASH + 1];  /* whose the refresh token is */
	char seed[CRED_HASH +
		  1]; /* configured token that it began with, or "" */
	char rejected[CRED_REJECTED * CRED_HASH + 1]; /* newest first */
	enum cred_state state;
	int64_t since;		   /* of the state */
	int64_t not_before;	   /* no request until then, or 0 */
	unsigned failures;	   /* in a row */
	unsigned unusable;	   /* answers in a row that were none */
	char stamp[CRED_HASH + 1]; /* of what the last request was made with */
	struct outcome why;	   /* of the trouble */
	/* The consent that the refresh token stands for. */
	int64_t consent;	   /* when it was given, or 0: not known */
	int64_t ended;		   /* the provider ended it, or 0 */
	int64_t refreshed;	   /* its last use, or 0 */
	bool refresh_fixed;	   /* no use puts token.refresh_expires off */
	int64_t lives[CRED_LIVES]; /* of those that have ended, newest first */
};

/* In place of a hash in cred_record.seed: a login brought the stored refresh
 * token while the configured one could not be read. */
#define CRED_SEED_UNREAD "-"

void cred_record_init(struct cred_record *r);
void cred_record_clear(struct cred_record *r);

/* As octets, and back: EX_DATAERR. */
void cred_record_write(const struct cred_record *r, struct secret *out);
int cred_record_parse(
    const char *p, size_t n, struct cred_record *r, struct err *e);

/* May the access token be used by a, at now? */
bool cred_record_is_usable(
    const struct cred_record *r, const struct profile *a, int64_t now);

/* Is there a refresh token for a's client and endpoint? */
bool cred_record_can_refresh(
    const struct cred_record *r, const struct profile *a);

/* Remember that a server refused that token; false if it is not ours. */
bool cred_record_reject(struct cred_record *r, const struct secret *token);

/* What it tells of a at now; see cred_look(). */
void cred_record_status(const struct cred_record *r, const struct profile *a,
    struct cred_status *s);

/* There is no refresh token, neither stored nor configured: false with *o. */
bool cred_lacks_consent(const struct profile *a, struct outcome *o);

/* Is the endpoint to be left in peace? stamp: cred_stamp(). */
bool cred_record_must_wait(
    const struct cred_record *r, const char *stamp, int64_t now);

/* A request failed: state, back-off, outcome. A trouble that arose before
 * anything was asked (asked is false) needs no back-off. */
void cred_record_fail(struct cred_record *r, const struct oauth_trouble *f,
    bool asked, const char *stamp, int64_t now);

/*
 * A token came: it moves into r. sent: the refresh token that was sent, or
 * NULL; it stays if the answer had none. seed: hash of the configured one.
 */
void cred_record_renew(struct cred_record *r, const struct profile *a,
    struct oauth_token *t, const struct secret *sent, const char *seed,
    int64_t now);

/* A login brought t: it is copied into r, and all trouble is over. seed: hash
 * of the configured refresh token, which it replaces, or "". */
void cred_record_consent(struct cred_record *r, const struct profile *a,
    const struct oauth_token *t, const char *seed, int64_t now);

/* Does a command give the account's tokens? */
bool cred_has_command(const struct profile *a);

/* Hashes: of a token; of the configuration that a request is made with. */
void cred_hash(const struct secret *s, char out[CRED_HASH + 1]);
void cred_stamp(const struct profile *a, char out[CRED_HASH + 1]);

/* ---- an issuer's metadata (cred_meta.c) */

/* That of p's account's issuer, kept or fetched (then asked is true): m is
 * empty before. False with *f set. */
bool cred_meta_find(const struct profile *p, struct oauth_meta *m, bool *asked,
    struct oauth_trouble *f);

/* ---- the cache (cred_cache.c) */

/* Name of the account's issuer's metadata in the vault. To be freed. */
char *cred_meta_name(const struct profile *a);

/* That of an account. It must not move while it is open. */
struct cred_cache {
	char *dir;
	const char *name;
	struct seal_ring *ring;
	struct vault vault;
};

void cred_cache_init(struct cred_cache *c, const struct profile *a);
void cred_cache_clear(struct cred_cache *c);

/* Load the key ring; then read. As seal_load(), vault_read(). */
int cred_cache_load_ring(
    struct cred_cache *c, const struct profile *a, bool make, struct err *e);
int cred_cache_read(
    const struct cred_cache *c, struct cred_record *r, struct err *e);

/* How long one waits for the account's lock, ms: a request has 60 s, if not
 * told else. */
enum { CRED_LOCK_WAIT = 90 * 1000 };

/* ---- tokens (cred_token.c) */

/* Getting a token, in a process that may block. Begin it with {0}. */
struct cred_task {
	const struct profile *profile; /* who asks */
	const struct profile *account;
	const struct secret *refused; /* empty: none was */
	bool keep_alive; /* one is asked for where the consent is idle */
	bool trial;	 /* one is asked for; a failure leaves no trace */
	struct outcome outcome;
	bool unstored; /* a new refresh token is in memory alone */
	/* private */
	int lock; /* descriptor, or -1 */
	struct cred_cache cache;
	struct cred_record record;
	struct vault_slot *slot;
	char stamp[CRED_HASH + 1];
};

/* Get one, by what may be a request: true with t->record.token, else false
 * with t->outcome. Then cred_task_end(). */
bool cred_task_run(
    struct cred_task *t, const struct profile *p, const struct secret *refused);

/* Try again to store what is unstored, for some seconds. */
void cred_task_store_again(struct cred_task *t);
void cred_task_end(struct cred_task *t);

#endif
