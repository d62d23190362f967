/* SPDX-License-Identifier: ISC */
/*
 * cred_consent: what a login brings, stored, read and forgotten.
 *
 * A consent takes the place of the one before in one step, under the account's
 * lock and with room made for it first: until it is on the disk the old one is
 * untouched, and whoever asks for a token meanwhile waits. Signals wait, too,
 * from the first octet to the last.
 *
 * It wins over a refresh token in the configuration for as long as that stays
 * the same: its hash becomes the record's seed. One that can't be read just now
 * is recorded as unread; cred_token takes its hash at the next renewal.
 *
 * NAME:login.lock is held by a login while it goes on (a profile's name has no
 * colon).
 */
#include "core/cred_part.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

/* An account's blob while we are at it. It must not move. */
struct desk {
	const struct profile *account;
	struct cred_cache cache;
	int lock; /* descriptor, or -1 */
};

/* Take the lock; the key ring too, where it is needed. Then tidy(). Whoever has
 * the lock may ask the endpoint twice before he lets go, and what a person has
 * just consented to is not lost for that. */
static int
sit_down(struct desk *d, const struct profile *p, bool sealed, struct err *e)
{
	int rc;

	d->account = profile_account(p);
	cred_cache_init(&d->cache, d->account);
	rc = vault_lock(&d->cache.vault, d->cache.name,
	    sys_mono() + CRED_LOCK_WAIT + 2 * p->token_timeout, &d->lock, e);
	if (rc != 0)
		d->lock = -1;
	else
		vault_sweep(&d->cache.vault, d->cache.name);
	if (rc == 0 && sealed)
		rc = cred_cache_load_ring(&d->cache, d->account, true, e);
	return rc;
}

static void
tidy(struct desk *d)
{
	if (d->lock >= 0)
		close(d->lock);
	cred_cache_clear(&d->cache);
}

/* Let signals wait that would end us; old gets what was so before. */
static void
hold_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, old);
}

static void
log_consent(const struct profile *a, const char *result, const char *login)
{
	log_event(LOG_LEVEL_INFO, NULL, "consent", "profile", a->name, "result",
	    result, "login", login[0] != '\0' ? login : NULL, NULL);
}

int
cred_login_lock(const struct profile *p, int *fd, struct err *e)
{
	const struct profile *a = profile_account(p);
	char *name = mem_printf("%s:login", a->name);
	struct cred_cache k;
	int rc;

	cred_cache_init(&k, a);
	rc = vault_lock(&k.vault, name, sys_mono(), fd, e);
	if (rc == EX_TEMPFAIL)
		err_set(e, EX_TEMPFAIL,
		    "login: profile \"%s\": another login goes on", a->name);
	cred_cache_clear(&k);
	free(name);
	return rc;
}

/* What stands for the configured refresh token. */
static void
find_seed(const struct profile *p, char seed[CRED_HASH + 1])
{
	const struct profile_secret *from = &profile_account(p)->refresh_token;
	struct outcome o;
	struct secret s;

	seed[0] = '\0';
	if (from->form == PROFILE_NO_SECRET)
		return;
	secret_init(&s);
	if (cred_secret_read(p, from, OUTCOME_AT_TOKEN, &s, &o))
		cred_hash(&s, seed);
	else
		snprintf(seed, CRED_HASH + 1, "%s", CRED_SEED_UNREAD);
	secret_clear(&s);
}

/* The record as it is. One that does not open, or is damaged, is no loss: what
 * comes now takes its place. */
static int
read_record(struct desk *d, struct cred_record *r, struct err *e)
{
	struct err said = ERR_NONE;
	int rc = cred_cache_read(&d->cache, r, &said);

	if (rc == EX_NOPERM)
		return err_set(e, rc, "%s", said.text);
	if (rc != 0 && rc != EX_NOINPUT)
		log_event(LOG_LEVEL_WARN, NULL, "consent", "profile",
		    d->account->name, "result", "not read", "text", said.text,
		    NULL);
	return 0;
}

/* Storing it failed. Is it there all the same? Only that its name lasts may be
 * unknown, and that the old grant stays would be untrue then. */
static bool
is_there(const struct desk *d, const struct oauth_token *t, const char *why)
{
	struct cred_record r;
	bool there;

	cred_record_init(&r);
	there = cred_cache_read(&d->cache, &r, NULL) == 0 &&
		cred_secret_is_same(&r.token.refresh, &t->refresh);
	cred_record_clear(&r);
	if (there)
		log_event(LOG_LEVEL_WARN, NULL, "consent", "profile",
		    d->account->name, "result", "not synced", "text", why,
		    NULL);
	return there;
}

/* Put r into the slot; t is what is new in it. */
static int
store(const struct desk *d, struct vault_slot *slot,
    const struct cred_record *r, const struct oauth_token *t, struct err *e)
{
	struct err why = ERR_NONE;
	struct secret blob;
	int rc;

	secret_init(&blob);
	cred_record_write(r, &blob);
	/* The second time is for a disk that failed but once. */
	rc = vault_store(slot, &blob, NULL);
	if (rc != 0)
		rc = vault_store(slot, &blob, &why);
	secret_clear(&blob);
	if (rc == 0 || is_there(d, t, why.text))
		return 0;
	return err_set(e, rc, "%s", why.text);
}

static int
replace(struct desk *d, const struct oauth_token *t, const char *seed,
    struct err *e)
{
	struct vault_slot *slot = NULL;
	struct cred_record r;
	int rc;

	cred_record_init(&r);
	rc = vault_reserve(&d->cache.vault, d->cache.name, &slot, e);
	if (rc == 0)
		rc = read_record(d, &r, e);
	if (rc == 0) {
		cred_record_consent(&r, d->account, t, seed, sys_now());
		rc = store(d, slot, &r, t, e);
	}
	vault_release(slot);
	cred_record_clear(&r);
	return rc;
}

int
cred_consent_store(
    const struct profile *p, struct oauth_token *t, struct err *e)
{
	char seed[CRED_HASH + 1];
	struct desk d;
	sigset_t old;
	int rc;

	find_seed(p, seed); /* which may take its time */
	rc = sit_down(&d, p, true, e);
	if (rc == 0) {
		hold_signals(&old);
		rc = replace(&d, t, seed, e);
		if (rc == 0)
			log_consent(d.account, "stored", t->login);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	tidy(&d);
	return rc;
}

/* Can its lock be had? One that somebody else has now can. */
static int
try_lock(struct desk *d, struct err *e)
{
	struct err said = ERR_NONE;
	int rc = vault_lock(
	    &d->cache.vault, d->cache.name, sys_mono(), &d->lock, &said);

	if (rc == 0)
		return 0;
	d->lock = -1;
	return rc == EX_TEMPFAIL ? 0 : err_set(e, rc, "%s", said.text);
}

int
cred_consent_check(const struct profile *p, struct err *e)
{
	struct desk d = { .account = profile_account(p), .lock = -1 };
	struct vault_slot *slot = NULL;
	struct cred_record r;
	int rc;

	cred_record_init(&r);
	cred_cache_init(&d.cache, d.account);
	rc = try_lock(&d, e);
	if (rc == 0)
		rc = cred_cache_load_ring(&d.cache, d.account, true, e);
	if (rc == 0)
		rc = vault_reserve(&d.cache.vault, d.cache.name, &slot, e);
	if (rc == 0)
		rc = read_record(&d, &r, e);
	vault_release(slot);
	cred_record_clear(&r);
	tidy(&d);
	return rc;
}

int
cred_consent_read(
    const struct profile *p, struct secret *refresh, struct err *e)
{
	const struct profile *a = profile_account(p);
	struct cred_record r;
	struct cred_cache k;
	int rc;

	cred_record_init(&r);
	cred_cache_init(&k, a);
	rc = cred_cache_load_ring(&k, a, false, e);
	if (rc == 0)
		rc = cred_cache_read(&k, &r, e);
	if (rc == 0 && !cred_record_can_refresh(&r, a))
		rc = err_set(e, EX_NOINPUT,
		    "profile \"%s\": no refresh token is stored for this "
		    "client and endpoint",
		    a->name);
	if (rc == 0)
		secret_move(refresh, &r.token.refresh);
	cred_cache_clear(&k);
	cred_record_clear(&r);
	return rc;
}

static void
end_it(const struct profile *p, cred_end_fn *end, void *ctx)
{
	struct err why = ERR_NONE;
	struct secret refresh;
	int rc;

	secret_init(&refresh);
	rc = cred_consent_read(p, &refresh, &why);
	end(ctx, rc == 0 ? &refresh : NULL, &why);
	secret_clear(&refresh);
}

int
cred_consent_forget(
    const struct profile *p, cred_end_fn *end, void *ctx, struct err *e)
{
	char *meta = cred_meta_name(profile_account(p));
	struct desk d;
	sigset_t old;
	int rc;

	rc = sit_down(&d, p, false, e);
	if (rc == 0 && end != NULL)
		end_it(p, end, ctx);
	if (rc == 0) {
		hold_signals(&old);
		vault_sweep(&d.cache.vault, meta);
		rc = vault_remove(&d.cache.vault, d.cache.name, e);
		if (rc == 0)
			rc = vault_remove(&d.cache.vault, meta, e);
		if (rc == 0)
			log_consent(d.account, "forgotten", "");
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	tidy(&d);
	free(meta);
	return rc;
}

void
cred_sweep(const struct profile *p)
{
	const struct profile *a = profile_account(p);
	char *meta = cred_meta_name(a);
	struct cred_cache k;
	int lock;

	cred_cache_init(&k, a);
	if (access(k.dir, F_OK) == 0 &&
	    vault_lock(&k.vault, k.name, sys_mono(), &lock, NULL) == 0) {
		vault_sweep(&k.vault, k.name);
		vault_sweep(&k.vault, meta);
		close(lock);
	}
	cred_cache_clear(&k);
	free(meta);
}
