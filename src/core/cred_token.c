/* SPDX-License-Identifier: ISC */
/*
 * cred_token: get a token, from the cache or by a request; in a process that
 * may block, and that no signal ends in the midst of it (sys_child).
 *
 * The danger is a refresh token that is good for one use: whoever redeems it
 * and loses the answer, or redeems it a second time, ends the consent of a
 * person. So, in this order:
 *
 *   1. the cache without a lock, by whoever starts us (cred)
 *   2. the lock, for 90 s; who does not get it in time, or cannot, never
 *      redeems
 *   3. the cache again: whoever held the lock may have got a token
 *   4. room for the answer on the disk; without it, no request
 *   5. the request
 *   6. the answer to the disk, synced; the generation before is kept
 *   7. if that fails after all: the mail goes, it is logged loudly, and tried
 *      again for a while, the lock held, from memory
 *   8. invalid_grant: if another token lies in the cache by now, that one, from
 *      3 on; else the account needs a login. The token is kept: it may be good
 *      again, and nobody is helped by its absence
 *   9. no whole answer: it may have been redeemed. Once more, for servers that
 *      forgive; then later
 *  10. after a failure the endpoint is left in peace (cred_cache), until time
 *      or a change of the configuration ends that
 *
 * Other grants, and a command, lose nothing by a lost answer, and so need
 * neither 4 nor 9, and go without a cache where there can be none.
 */
#include "core/cred_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"

enum {
	ANSWER_PAUSE = 2 * 1000, /* ms, before a request is repeated */
	STORE_PAUSE = 1000,
	STORE_TRIES = 5,
	ROUNDS = 3 /* tokens tried, where somebody else changes the cache */
};

/* What goes into a request. */
struct proofs {
	struct cred_client client;
	struct secret refresh;
	char seed[CRED_HASH + 1]; /* of the configured refresh token, or "" */
};

static bool
fail(struct cred_task *t, enum outcome_class class, const char *text)
{
	return cred_fail(&t->outcome, class, OUTCOME_AT_TOKEN, text);
}

static bool
rotates(const struct cred_task *t)
{
	return t->account->oauth.grant == OAUTH_REFRESH_TOKEN &&
	       !cred_has_command(t->account);
}

static void
nap(int64_t ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* ---- the log */

static void
log_trouble(const struct cred_task *t, enum log_level level, const char *what,
    const char *text)
{
	log_event(level, NULL, "token", "profile", t->account->name, "result",
	    what, "text", text, NULL);
}

static void
log_request(const struct cred_task *t, const char *url, bool ok,
    const struct oauth_token *got, const struct oauth_trouble *f)
{
	const struct outcome *o = &f->outcome;
	char code[16];
	struct buf life;

	snprintf(code, sizeof(code), "%d", o->code);
	buf_init(&life, 64);
	if (ok)
		text_add_duration(&life, got->expires - got->obtained);
	log_event(LOG_LEVEL_INFO, NULL, "token", "profile", t->account->name,
	    "result", ok ? "obtained" : "failed", "url", url, "life",
	    ok ? life.data : NULL, "class",
	    ok ? NULL : outcome_class_name(o->class), "code",
	    o->code != 0 ? code : NULL, "text", ok ? NULL : o->text, NULL);
	buf_clear(&life);
}

/* A state is logged when it begins. */
static void
log_state(const struct cred_task *t, enum cred_state before)
{
	const struct cred_record *r = &t->record;

	if (r->state == before || (r->state == CRED_OK && before == CRED_NONE))
		return;
	log_event(r->state == CRED_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, NULL,
	    "token", "profile", t->account->name, "state",
	    cred_state_name(r->state), "before", cred_state_name(before),
	    "text", r->state == CRED_OK ? NULL : r->why.text, NULL);
}

/* ---- to the disk */

static int
store(struct cred_task *t, struct err *e)
{
	struct secret blob;
	int rc;

	secret_init(&blob);
	cred_record_write(&t->record, &blob);
	if (t->slot != NULL)
		rc = vault_store(t->slot, &blob, e);
	else
		rc = vault_write(&t->cache.vault, t->cache.name, &blob, e);
	secret_clear(&blob);
	return rc;
}

/* Keep the record. What is lost if that fails is a request, no more, unless a
 * new refresh token came. */
static void
keep(struct cred_task *t, bool rotated)
{
	struct err e = ERR_NONE;

	if (store(t, &e) == 0)
		return;
	if (!rotated) {
		log_trouble(t, LOG_LEVEL_WARN, "not kept", e.text);
		return;
	}
	t->unstored = true;
	err_wrap(&e, "new refresh token could not be stored, and a login will "
		     "be needed if this lasts");
	log_trouble(t, LOG_LEVEL_ERROR, "not kept", e.text);
}

void
cred_task_store_again(struct cred_task *t)
{
	struct err e = ERR_NONE;
	unsigned i;

	for (i = 0; i < STORE_TRIES && t->unstored; i++) {
		nap(STORE_PAUSE);
		t->unstored = store(t, &e) != 0;
	}
	if (t->unstored)
		log_trouble(t, LOG_LEVEL_ERROR, "lost", e.text);
	else
		log_trouble(t, LOG_LEVEL_WARN, "kept",
		    "new refresh token was stored after all");
}

/*
 * Make room for the answer. Without it a refresh token is not redeemed; any
 * other request can be made again.
 */
static bool
reserve(struct cred_task *t)
{
	struct err e = ERR_NONE;

	if (t->slot != NULL ||
	    vault_reserve(&t->cache.vault, t->cache.name, &t->slot, &e) == 0)
		return true;
	if (!rotates(t)) {
		log_trouble(t, LOG_LEVEL_WARN, "no room", e.text);
		return true;
	}
	err_wrap(&e, "no room for a new refresh token, so none is asked for");
	log_trouble(t, LOG_LEVEL_ERROR, "failed", e.text);
	return fail(t, OUTCOME_CLASS_L, e.text);
}

/* ---- what to ask with */

static void
proofs_init(struct proofs *q)
{
	memset(q, 0, sizeof(*q));
	secret_init(&q->refresh);
}

static void
proofs_clear(struct proofs *q)
{
	cred_client_clear(&q->client);
	secret_clear(&q->refresh);
}

/* The stored one, which began with the seed that the record names. */
static void
take_stored(const struct cred_record *r, struct proofs *q)
{
	cred_secret_copy(&q->refresh, &r->token.refresh);
	memcpy(q->seed, r->seed, sizeof(q->seed));
}

/* Foreign words never name the clock, so ours are put behind. */
static void
name_clock(struct oauth_trouble *f)
{
	enum { MINUTE = 60 * 1000 };
	struct outcome *o = &f->outcome;
	struct buf b;

	if (f->clock_off == 0)
		return;
	buf_init(&b, SIZE_MAX);
	text_add_safe(&b, o->text, strlen(o->text), OUTCOME_TEXT_MAX - 64);
	buf_add_str(&b, " (our clock is ");
	text_add_duration(
	    &b, (f->clock_off < 0 ? -f->clock_off : f->clock_off) / MINUTE *
		    MINUTE);
	buf_add_fmt(&b, " %s the endpoint's)",
	    f->clock_off < 0 ? "behind" : "ahead of");
	snprintf(o->text, sizeof(o->text), "%s", b.data);
	buf_clear(&b);
}

/*
 * Which refresh token to redeem: the stored one, unless another than it began
 * with, or than was there when a login brought it, is configured by now. A
 * configured one that can't be read is not missed where it has done its work.
 */
static bool
choose_refresh(struct cred_task *t, const struct cred_record *r,
    struct proofs *q, struct outcome *o)
{
	const struct profile *a = t->account;
	bool stored = cred_record_can_refresh(r, a);
	bool unread = strcmp(r->seed, CRED_SEED_UNREAD) == 0;

	if (a->refresh_token.form == PROFILE_NO_SECRET) {
		if (!stored)
			return cred_lacks_consent(a, o);
		take_stored(r, q);
		return true;
	}
	if (!cred_secret_read(t->profile, &a->refresh_token, OUTCOME_AT_TOKEN,
		&q->refresh, o)) {
		if (!stored || r->seed[0] == '\0')
			return false;
		log_trouble(t, LOG_LEVEL_WARN, "not read", o->text);
		take_stored(r, q);
		return true;
	}
	cred_hash(&q->refresh, q->seed);
	if (stored && (unread || strcmp(q->seed, r->seed) == 0))
		cred_secret_copy(&q->refresh, &r->token.refresh);
	return true;
}

static bool
load_proof(const struct cred_task *t, struct proofs *q, struct oauth_trouble *f)
{
	if (!cred_client_load(&q->client, t->profile, CRED_NEED_TOKEN, f)) {
		name_clock(f);
		return false;
	}
	q->client.proof.refresh_token = &q->refresh;
	return true;
}

/* All but what a command brings along itself. */
static bool
gather(struct cred_task *t, struct proofs *q, struct oauth_trouble *f)
{
	if (rotates(t) && !choose_refresh(t, &t->record, q, &f->outcome))
		return false;
	return cred_has_command(t->account) || load_proof(t, q, f);
}

/* ---- the request */

/* By the account's command. */
static bool
run_command(
    const struct cred_task *t, struct oauth_token *got, struct oauth_trouble *f)
{
	char *const *argv = t->account->token_command.v;
	struct err e = ERR_NONE;
	int64_t life;

	if (cred_secret_run_token(argv, t->profile->token_timeout, &got->access,
		&life, &e) != 0) {
		err_wrap(
		    &e, "profiles.%s.oauth.token_command", t->account->name);
		return cred_fail(&f->outcome, cred_secret_class(&e),
		    OUTCOME_AT_TOKEN, e.text);
	}
	got->life_assumed = life < 0;
	got->obtained = sys_now();
	got->expires =
	    got->obtained + (life < 0 ? OAUTH_DEFAULT_LIFE : life) * 1000;
	return true;
}

static bool
ask_once(const struct cred_task *t, const struct proofs *q,
    struct oauth_token *got, struct oauth_trouble *f)
{
	bool command = cred_has_command(t->account), ok;

	if (command)
		ok = run_command(t, got, f);
	else
		ok = oauth_request(&q->client.client, &q->client.proof,
		    t->profile->token_timeout, sys_now(), got, f);
	if (!ok)
		name_clock(f);
	log_request(t,
	    command ? t->account->token_command.v[0]
		    : q->client.client.token_url,
	    ok, got, f);
	return ok;
}

/* A repeated request has a proof of its own: many servers take an assertion
 * but once. */
static bool
ask(const struct cred_task *t, struct proofs *q, struct oauth_token *got,
    struct oauth_trouble *f)
{
	if (ask_once(t, q, got, f))
		return true;
	if (!rotates(t) || !f->unanswered)
		return false;
	nap(ANSWER_PAUSE);
	return load_proof(t, q, f) && ask_once(t, q, got, f);
}

/* A request without any cache, for a grant that can stand that. */
static bool
ask_without_cache(struct cred_task *t, const struct err *e)
{
	struct oauth_trouble f = { .retry_after = -1 };
	struct oauth_token got;
	struct proofs q;
	bool ok = false;

	if (rotates(t)) {
		log_trouble(t, LOG_LEVEL_ERROR, "no lock", e->text);
		return fail(t, OUTCOME_CLASS_L, e->text);
	}
	log_trouble(t, LOG_LEVEL_WARN, "no lock", e->text);
	oauth_token_init(&got);
	proofs_init(&q);
	if (gather(t, &q, &f))
		ok = ask(t, &q, &got, &f);
	if (ok)
		cred_record_renew(
		    &t->record, t->account, &got, NULL, "", sys_now());
	else
		t->outcome = f.outcome;
	proofs_clear(&q);
	oauth_token_clear(&got);
	return ok;
}

/*
 * The refresh token was not taken. Is there another one by now, which somebody
 * put there in spite of our lock, or in the configuration's file? Then the
 * record is as it stands there.
 */
static bool
has_another(struct cred_task *t, const struct oauth_trouble *f,
    const struct proofs *sent)
{
	struct cred_record now;
	struct outcome o;
	struct proofs q;
	bool another;
	int rc;

	if (!rotates(t) || strcmp(f->outcome.error, "invalid_grant") != 0)
		return false;
	cred_record_init(&now);
	proofs_init(&q);
	rc = cred_cache_read(&t->cache, &now, NULL);
	another = (rc == 0 || rc == EX_NOINPUT) &&
		  choose_refresh(t, &now, &q, &o) &&
		  !cred_secret_is_same(&q.refresh, &sent->refresh);
	if (another) {
		cred_record_clear(&t->record);
		t->record = now;
		cred_record_init(&now);
	}
	proofs_clear(&q);
	cred_record_clear(&now);
	return another;
}

enum verdict { GOT, FAILED, AGAIN };

/* One request with what there is, and what follows for the record. */
static enum verdict
redeem(struct cred_task *t)
{
	struct oauth_trouble f = { .retry_after = -1 };
	enum cred_state before = t->record.state;
	enum verdict v = FAILED;
	struct oauth_token got;
	struct proofs q;
	bool rotated, ready, asked;

	oauth_token_init(&got);
	proofs_init(&q);
	ready = gather(t, &q, &f);
	asked = ready || q.client.asked;
	if (ready && ask(t, &q, &got, &f)) {
		rotated = rotates(t) && secret_len(&got.refresh) > 0 &&
			  !cred_secret_is_same(&got.refresh, &q.refresh);
		cred_record_renew(&t->record, t->account, &got,
		    rotates(t) ? &q.refresh : NULL, q.seed, sys_now());
		keep(t, rotated);
		v = GOT;
	} else if (ready && has_another(t, &f, &q)) {
		v = AGAIN;
	} else if (t->trial) {
		t->outcome = f.outcome;
	} else {
		cred_record_fail(&t->record, &f, asked, t->stamp, sys_now());
		keep(t, false);
		t->outcome = t->record.why;
	}
	log_state(t, before);
	proofs_clear(&q);
	oauth_token_clear(&got);
	return v;
}

/* The record as it is gives no token. */
static bool
renew(struct cred_task *t)
{
	enum verdict v = AGAIN;
	unsigned i;

	for (i = 0; i < ROUNDS && v == AGAIN; i++) {
		if (!reserve(t))
			return false;
		v = redeem(t);
		if (v == AGAIN &&
		    cred_record_is_usable(&t->record, t->account, sys_now()))
			return true;
	}
	if (v == AGAIN)
		return fail(t, OUTCOME_CLASS_L,
		    "refresh token: it changes while it is used");
	return v == GOT;
}

/*
 * What is in the cache can't be read. An access token is missed by nobody; a
 * refresh token may be in it, and the configured one may be spent: to redeem
 * that could end the consent for good.
 */
static bool
is_missed(struct cred_task *t, const struct err *e)
{
	struct err said = *e;

	if (!rotates(t)) {
		log_trouble(t, LOG_LEVEL_WARN, "not read", e->text);
		return false;
	}
	err_wrap(&said, "stored refresh token");
	log_trouble(t, LOG_LEVEL_ERROR, "not read", said.text);
	fail(t, OUTCOME_CLASS_C, said.text);
	snprintf(
	    t->outcome.error, sizeof(t->outcome.error), "%s", "unread_consent");
	return true;
}

/* Is a request to be made whatever is cached? */
static bool
must_keep_alive(const struct cred_task *t)
{
	struct cred_status s;

	if (t->trial || !t->keep_alive)
		return t->trial;
	cred_record_status(&t->record, t->account, &s);
	return cred_is_idle(t->account, &s, sys_now());
}

/* Under the lock. */
static bool
run_locked(struct cred_task *t)
{
	struct err e = ERR_NONE;
	int rc = cred_cache_read(&t->cache, &t->record, &e);
	bool marked = false;

	if (rc != 0 && rc != EX_NOINPUT && is_missed(t, &e))
		return false;
	if (secret_len(t->refused) > 0)
		marked = cred_record_reject(&t->record, t->refused);
	if (!must_keep_alive(t) &&
	    cred_record_is_usable(&t->record, t->account, sys_now()))
		return true;
	vault_sweep(&t->cache.vault, t->cache.name);
	cred_stamp(t->account, t->stamp);
	if (t->trial || !cred_record_must_wait(&t->record, t->stamp, sys_now()))
		return renew(t);
	t->outcome = t->record.why;
	if (marked)
		keep(t, false);
	return false;
}

bool
cred_task_run(
    struct cred_task *t, const struct profile *p, const struct secret *refused)
{
	struct err e = ERR_NONE;
	int rc;

	t->profile = p;
	t->account = profile_account(p);
	t->refused = refused;
	cred_cache_init(&t->cache, t->account);
	cred_record_init(&t->record);
	rc = vault_lock(&t->cache.vault, t->cache.name,
	    sys_mono() + CRED_LOCK_WAIT, &t->lock, &e);
	if (rc != 0)
		t->lock = -1;
	if (rc == EX_TEMPFAIL)
		return fail(t, OUTCOME_CLASS_L, e.text);
	if (rc == 0)
		rc = cred_cache_load_ring(&t->cache, t->account, true, &e);
	return rc == 0 ? run_locked(t) : ask_without_cache(t, &e);
}

void
cred_task_end(struct cred_task *t)
{
	vault_release(t->slot);
	if (t->lock >= 0)
		close(t->lock);
	cred_record_clear(&t->record);
	cred_cache_clear(&t->cache);
}
