/* SPDX-License-Identifier: ISC */
/*
 * cred: a profile's password or access token.
 *
 * A password is read at once, unless a command says it. A token is taken from
 * the cache at once, or else a child gets one (cred_token), since the lock and
 * the request may block. One request at a time for all processes.
 *
 * The answer of the child is a struct answer and, if that says so, the
 * secret's octets behind it; both ends are the same program. A child that goes
 * away before it is whole has given no answer. One that could not store what
 * it has got leaves a child of its own that goes on trying: the mail need not
 * wait for that.
 *
 * cred_free() before the answer only closes the pipe: the child goes on and
 * stores its token for whoever comes next. It stays a zombie until our process
 * ends, which for a command is soon.
 */
#include "core/cred_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "base/sys.h"

struct cred {
	struct loop *loop;
	const struct profile *profile;
	enum profile_auth way;
	void (*done)(void *ctx);
	void *ctx;
	struct loop_timer soon; /* calls done where there is no child */
	struct secret refused;	/* empty: none was */
	struct secret secret;
	bool keep_alive; /* a request is wanted, not only a token */
	bool trial;	 /* the same, and a failure leaves no trace */
	bool filled;	 /* secret is it */
	bool was_cached;
	int64_t expires; /* of a token */
	struct outcome outcome;
	pid_t pid; /* the child's */
	int fd;	   /* what it writes arrives here; -1: there is none */
	struct secret answer; /* what came from it so far */
};

struct answer {
	bool ok;
	size_t n; /* octets of the secret that follow */
	int64_t expires;
	struct outcome outcome;
};

/* ---- the child */

/* Nobody may be reading any more: then there is nobody to tell. */
static void
give_answer(int fd, struct answer *a, const struct secret *s)
{
	struct stream_sink out = stream_to_fd(fd);

	a->n = a->ok ? secret_len(s) : 0;
	if (out.write(&out, a, sizeof(*a)) == 0 && a->ok)
		out.write(&out, secret_reveal(s), a->n);
}

struct leftover {
	struct cred_task *task;
	int answer; /* descriptor that somebody waits at */
};

static void
store_again(int fd, void *ctx)
{
	const struct leftover *left = ctx;

	(void)fd;
	close(left->answer);
	cred_task_store_again(left->task);
	cred_task_end(left->task);
}

static void
run_token_child(int fd, void *ctx)
{
	const struct cred *c = ctx;
	struct cred_task t = {
		.lock = -1, .keep_alive = c->keep_alive, .trial = c->trial
	};
	struct leftover left = { &t, fd };
	struct answer a;
	pid_t pid;
	int out;

	memset(&a, 0, sizeof(a));
	a.ok = cred_task_run(&t, c->profile, &c->refused);
	a.outcome = t.outcome;
	a.expires = t.record.token.expires;
	give_answer(fd, &a, &t.record.token.access);
	if (!t.unstored) {
		cred_task_end(&t);
		return;
	}
	/* The lock and the room on the disk go on to a child of ours; without
	 * one the mail waits. */
	if (sys_child(
		store_again, &left, log_uses_stderr(), &pid, &out, NULL) != 0)
		cred_task_store_again(&t);
}

static enum outcome_stage
stage_of(const struct cred *c)
{
	switch (c->way) {
	case PROFILE_AUTH_OAUTH:
		return OUTCOME_AT_TOKEN;
	case PROFILE_AUTH_CERT:
		return OUTCOME_AT_TLS;
	default:
		return OUTCOME_AT_AUTH;
	}
}

/* Where the secret of that way is that is no token. */
static const struct profile_secret *
place_of(const struct cred *c)
{
	const struct profile *a = profile_account(c->profile);

	return c->way == PROFILE_AUTH_CERT ? &a->key_passphrase : &a->password;
}

static void
run_secret_child(int fd, void *ctx)
{
	const struct cred *c = ctx;
	struct secret s;
	struct answer a;

	memset(&a, 0, sizeof(a));
	secret_init(&s);
	a.ok = cred_secret_read(
	    c->profile, place_of(c), stage_of(c), &s, &a.outcome);
	give_answer(fd, &a, &s);
	secret_clear(&s);
}

/* ---- the parent */

/* Understand what the child wrote. */
static void
take_answer(struct cred *c)
{
	const char *octets = secret_reveal(&c->answer);
	size_t n = secret_len(&c->answer);
	struct answer a;

	memset(&a, 0, sizeof(a));
	if (n >= sizeof(a))
		memcpy(&a, octets, sizeof(a));
	if (n < sizeof(a) || n - sizeof(a) != a.n) {
		cred_fail(&c->outcome, OUTCOME_CLASS_L, stage_of(c),
		    c->way == PROFILE_AUTH_OAUTH
			? "token request ended without an answer"
			: "reading the secret ended without an answer");
		return;
	}
	c->outcome = a.outcome;
	c->filled = a.ok;
	c->expires = a.ok ? a.expires : 0;
	if (a.ok)
		secret_set(&c->secret, octets + sizeof(a), a.n);
	secret_clear(&c->answer);
}

static void
forget_child(struct cred *c)
{
	loop_watch(c->loop, c->fd, 0, NULL, NULL);
	close(c->fd);
	c->fd = -1;
}

static void
read_child(void *ctx, int fd, unsigned events)
{
	struct cred *c = ctx;
	char room[4096];
	ssize_t n;

	(void)events;
	while ((n = read(fd, room, sizeof(room))) > 0)
		secret_add(&c->answer, room, (size_t)n);
	buf_wipe(room, sizeof(room));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	forget_child(c);
	sys_reap(c->pid);
	take_answer(c);
	c->done(c->ctx); /* which may free c */
}

/* There is nothing to wait for, but done comes from the loop all the same. */
static void
call_done(void *ctx)
{
	struct cred *c = ctx;

	c->done(c->ctx); /* which may free c */
}

static void
start_child(struct cred *c, void (*fn)(int fd, void *ctx))
{
	struct err e = ERR_NONE;

	if (sys_child(fn, c, log_uses_stderr(), &c->pid, &c->fd, &e) == 0)
		loop_watch(c->loop, c->fd, LOOP_READ, read_child, c);
	else
		cred_fail(&c->outcome, OUTCOME_CLASS_L, stage_of(c), e.text);
}

/* A password, or the passphrase of a key, which need not have one. */
static void
fill_secret(struct cred *c)
{
	const struct profile_secret *from = place_of(c);

	cred_secret_hold(from);
	if (c->way == PROFILE_AUTH_CERT && from->form == PROFILE_NO_SECRET)
		c->filled = true;
	else if (cred_secret_may_block(from))
		start_child(c, run_secret_child);
	else
		c->filled = cred_secret_read(
		    c->profile, from, stage_of(c), &c->secret, &c->outcome);
}

/* Is there a token in the cache that will do? Without a lock: what is there is
 * whole, and whoever may have to ask looks again. */
static bool
take_cached(struct cred *c)
{
	const struct profile *a = profile_account(c->profile);
	struct cred_record r;
	struct cred_cache k;
	bool ok;

	if (secret_len(&c->refused) > 0)
		return false;
	cred_record_init(&r);
	cred_cache_init(&k, a);
	ok = cred_cache_load_ring(&k, a, false, NULL) == 0 &&
	     cred_cache_read(&k, &r, NULL) == 0 &&
	     cred_record_is_usable(&r, a, sys_now());
	if (ok) {
		secret_move(&c->secret, &r.token.access);
		c->expires = r.token.expires;
	}
	cred_cache_clear(&k);
	cred_record_clear(&r);
	return ok;
}

static void
fill_token(struct cred *c)
{
	const struct profile *a = profile_account(c->profile);

	cred_secret_hold(&a->client_secret);
	cred_secret_hold(&a->refresh_token);
	cred_secret_hold(&a->signer.passphrase);
	c->filled = c->was_cached =
	    !c->keep_alive && !c->trial && take_cached(c);
	if (!c->filled)
		start_child(c, run_token_child);
}

static struct cred *
new_cred(struct loop *l, const struct profile *p, enum profile_auth way,
    void (*done)(void *ctx), void *ctx)
{
	struct cred *c = mem_new(1, sizeof(*c));

	c->loop = l;
	c->profile = p;
	c->way = way;
	c->done = done;
	c->ctx = ctx;
	c->fd = -1;
	secret_init(&c->refused);
	secret_init(&c->secret);
	secret_init(&c->answer);
	return c;
}

static struct cred *
start(struct cred *c)
{
	if (c->way == PROFILE_AUTH_OAUTH)
		fill_token(c);
	else
		fill_secret(c);
	if (c->fd < 0)
		loop_timer_start(
		    c->loop, &c->soon, loop_now(c->loop), call_done, c);
	return c;
}

struct cred *
cred_fill(struct loop *l, const struct profile *p, enum profile_auth way,
    const struct secret *refused, void (*done)(void *ctx), void *ctx)
{
	struct cred *c = new_cred(l, p, way, done, ctx);

	err_bug_if(way == PROFILE_AUTH_NONE);
	if (refused != NULL)
		secret_set(
		    &c->refused, secret_reveal(refused), secret_len(refused));
	return start(c);
}

struct cred *
cred_keep_alive(
    struct loop *l, const struct profile *p, void (*done)(void *ctx), void *ctx)
{
	struct cred *c = new_cred(l, p, PROFILE_AUTH_OAUTH, done, ctx);

	c->keep_alive = true;
	return start(c);
}

struct cred *
cred_try(
    struct loop *l, const struct profile *p, void (*done)(void *ctx), void *ctx)
{
	struct cred *c = new_cred(l, p, PROFILE_AUTH_OAUTH, done, ctx);

	c->trial = true;
	return start(c);
}

const struct secret *
cred_secret(const struct cred *c)
{
	return c->filled ? &c->secret : NULL;
}

const struct outcome *
cred_outcome(const struct cred *c)
{
	return &c->outcome;
}

/*
 * A token that another process stored while our child waited does not count:
 * it is seconds old, and one that is refused then is not retried.
 */
bool
cred_was_cached(const struct cred *c)
{
	return c->was_cached;
}

int64_t
cred_expires(const struct cred *c)
{
	return c->filled ? c->expires : 0;
}

void
cred_free(struct cred *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0)
		forget_child(c);
	loop_timer_stop(c->loop, &c->soon);
	secret_clear(&c->refused);
	secret_clear(&c->secret);
	secret_clear(&c->answer);
	free(c);
}
