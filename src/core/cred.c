/* SPDX-License-Identifier: ISC */
/*
 * cred: a profile's password or access token.
 *
 * A password is read at once. A token is taken from the cache at once, or else
 * asked for by a child, since the request and the lock may block. One request
 * at a time for all processes: the child takes the lock, reads the cache
 * again (whoever held the lock may have got a token), asks, stores, answers.
 *
 * The answer on the pipe is a struct answer and, if that says so, the token's
 * octets behind it; both ends are the same program. A child that goes away
 * before it is whole has given no answer.
 *
 * cred_free() before the answer only closes the pipe: the child goes on and
 * stores its token for whoever comes next. It stays a zombie until our process
 * ends, which for a command is soon.
 */
#include "core/cred.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "base/sys.h"
#include "base/text.h"
#include "gate/vault.h"

enum {
	SECRET_MAX = 4096,    /* octets of a secret in a file */
	LOCK_WAIT = 90 * 1000 /* ms; a request has 60 s, if not told else */
};

struct cred {
	struct loop *loop;
	const struct profile *profile;
	void (*done)(void *ctx);
	void *ctx;
	struct loop_timer soon; /* calls done where there is no child */
	struct secret refused;	/* empty: none was */
	struct secret secret;
	bool filled; /* secret is it */
	bool was_cached;
	struct outcome outcome;
	pid_t pid; /* the child's */
	int fd;	   /* what it writes arrives here; -1: there is none */
	struct secret answer; /* what came from it so far */
};

struct answer {
	bool ok;
	size_t n; /* octets of token that follow */
	struct outcome outcome;
};

static bool
fail(struct outcome *o, enum outcome_class class, enum outcome_stage stage,
    const char *text)
{
	outcome_set(o, OUTCOME_LATER, class, stage, 0, text);
	return false;
}

/* ---- secrets of the configuration */

/* Read up to n octets, fewer only at the end of the file; -1 with errno. */
static ssize_t
read_front(int fd, char *p, size_t n)
{
	struct stream_source in = stream_from_fd(fd);
	size_t have = 0;
	ssize_t k;

	while (have < n && (k = in.read(&in, p + have, n - have)) != 0) {
		if (k < 0)
			return -1;
		have += (size_t)k;
	}
	return (ssize_t)have;
}

/* The first line of fd, without its end. Not through a buf, which would leave
 * copies behind when it grows. */
static int
read_line(int fd, const char *path, struct secret *out, struct err *e)
{
	char room[SECRET_MAX + 2]; /* with CR LF */
	ssize_t have = read_front(fd, room, sizeof(room));
	const char *lf;
	size_t n;
	int rc = 0;

	if (have < 0)
		return err_set_errno(e, EX_IOERR, errno, "read: %s", path);
	n = (size_t)have;
	lf = memchr(room, '\n', n);
	if (lf != NULL)
		n = (size_t)(lf - room);
	if (lf != NULL && n > 0 && room[n - 1] == '\r')
		n--;
	if (n <= SECRET_MAX)
		secret_set(out, room, n);
	else
		rc = err_set(e, EX_DATAERR,
		    "read: %s: line 1 is longer than "
		    "%d octets",
		    path, SECRET_MAX);
	buf_wipe(room, sizeof(room));
	return rc;
}

static int
read_file(const char *path, struct secret *out, struct err *e)
{
	struct stat st;
	char mode[8];
	int fd, rc;

	rc = fsio_open_read(path, &fd, &st, e);
	if (rc != 0)
		return errno == EACCES ? (e->code = EX_NOPERM) : rc;
	if (fsio_is_private(&st, "osmtp"))
		rc = read_line(fd, path, out, e);
	else
		rc = err_set(e, EX_CONFIG,
		    "read: %s: others may read it (owner uid %u, mode %s; we "
		    "are uid %u): give it mode 0600, or 0640 and group osmtp",
		    path, (unsigned)st.st_uid, fsio_mode_text(st.st_mode, mode),
		    (unsigned)geteuid());
	close(fd);
	return rc;
}

/* What no server takes, and what would be cut short on its way. */
static int
check_secret(const struct secret *s, struct err *e)
{
	if (secret_len(s) == 0)
		return err_set(e, EX_CONFIG, "it is empty");
	if (memchr(secret_reveal(s), '\0', secret_len(s)) != NULL)
		return err_set(e, EX_CONFIG, "it holds a NUL");
	return 0;
}

/* A disk that does not read is for later; a file that the caller may not read
 * wants another caller, or another mode. */
static enum outcome_class
class_of(const struct err *e)
{
	switch (e->code) {
	case EX_IOERR:
		return OUTCOME_CLASS_L;
	case EX_NOPERM:
		return OUTCOME_CLASS_P;
	default:
		return OUTCOME_CLASS_C;
	}
}

/* Read a secret from where the profile says: false with *o if that fails. */
static bool
read_secret(const struct profile_secret *from, enum outcome_stage stage,
    struct secret *out, struct outcome *o)
{
	struct err e = ERR_NONE;
	int rc = 0;

	switch (from->form) {
	case PROFILE_NO_SECRET:
		rc = err_set(&e, EX_CONFIG, "none is given");
		break;
	case PROFILE_PLAIN:
		secret_set(
		    out, secret_reveal(&from->plain), secret_len(&from->plain));
		break;
	case PROFILE_FILE:
		rc = read_file(from->path, out, &e);
		break;
	}
	if (rc == 0 && check_secret(out, &e) == 0)
		return true;
	if (rc == 0 && from->form == PROFILE_FILE)
		err_wrap(&e, "read: %s", from->path);
	err_wrap(&e, "%s", from->key != NULL ? from->key : "secret");
	return fail(o, class_of(&e), stage, e.text);
}

/* ---- the token cache */

static char *
cache_dir(const struct profile *p)
{
	return mem_printf("%s/tokens", p->home->state);
}

/* Is there a token in the cache that was asked for as we would? */
static bool
cache_read(const struct profile *p, struct oauth_token *t, struct err *e)
{
	char *dir = cache_dir(p);
	struct secret blob;
	bool ok;

	secret_init(&blob);
	ok = vault_read(dir, p->name, &blob, e) == 0 &&
	     oauth_unpack(&blob, &p->oauth, t, e) == 0;
	secret_clear(&blob);
	free(dir);
	return ok;
}

static int
cache_write(const struct profile *p, const struct oauth_token *t, struct err *e)
{
	char *dir = cache_dir(p);
	struct secret blob;
	int rc;

	secret_init(&blob);
	oauth_pack(t, &p->oauth, &blob);
	rc = vault_write(dir, p->name, &blob, e);
	secret_clear(&blob);
	free(dir);
	return rc;
}

static bool
same_secret(const struct secret *a, const struct secret *b)
{
	return secret_len(a) == secret_len(b) &&
	       memcmp(secret_reveal(a), secret_reveal(b), secret_len(a)) == 0;
}

/* One that was obtained in the future tells of a clock that was set back, so
 * that its expiry can't be trusted. */
static bool
is_usable(const struct cred *c, const struct oauth_token *t)
{
	int64_t now = sys_now();

	return t->obtained <= now && t->expires - now > c->profile->min_life &&
	       !same_secret(&t->access, &c->refused);
}

/* ---- the child */

static void
log_trouble(const struct profile *p, const char *what, const struct err *e)
{
	log_event(LOG_LEVEL_WARN, NULL, "token", "profile", p->name, "result",
	    what, "text", e->text, NULL);
}

static void
log_request(const struct profile *p, bool ok, const struct oauth_token *t,
    const struct outcome *o)
{
	char code[16];
	struct buf life;

	snprintf(code, sizeof(code), "%d", o->code);
	buf_init(&life, 64);
	if (ok)
		text_add_duration(&life, t->expires - t->obtained);
	log_event(LOG_LEVEL_INFO, NULL, "token", "profile", p->name, "result",
	    ok ? "obtained" : "failed", "url", p->oauth.token_url, "life",
	    ok ? life.data : NULL, "class",
	    ok ? NULL : outcome_class_name(o->class), "code",
	    o->code != 0 ? code : NULL, "text", ok ? NULL : o->text, NULL);
	buf_clear(&life);
}

/* Ask the endpoint and keep what it gives. A token that can't be kept is good
 * for this once: the next process will ask again. */
static bool
request_token(const struct profile *p, struct oauth_token *t, struct outcome *o)
{
	struct secret client_secret;
	struct err e = ERR_NONE;
	bool ok = false;

	secret_init(&client_secret);
	if (read_secret(
		&p->client_secret, OUTCOME_AT_TOKEN, &client_secret, o)) {
		ok = oauth_client_credentials(&p->oauth, &client_secret,
		    p->token_timeout, sys_now(), t, o);
		log_request(p, ok, t, o);
	}
	secret_clear(&client_secret);
	if (ok && cache_write(p, t, &e) != 0)
		log_trouble(p, "not kept", &e);
	return ok;
}

/*
 * Take the lock, look again, ask. Whoever waits too long for the lock does
 * not ask: somebody else does. Where there can be no lock, there can be no
 * cache either, and the request is made without.
 */
static bool
get_token(const struct cred *c, struct oauth_token *t, struct outcome *o)
{
	const struct profile *p = c->profile;
	char *dir = cache_dir(p);
	struct err e = ERR_NONE;
	int rc, lock = -1;
	bool ok;

	rc = vault_lock(dir, p->name, sys_mono() + LOCK_WAIT, &lock, &e);
	free(dir);
	if (rc == EX_TEMPFAIL)
		return fail(o, OUTCOME_CLASS_L, OUTCOME_AT_TOKEN, e.text);
	if (rc != 0)
		log_trouble(p, "no lock", &e);
	ok = rc == 0 && cache_read(p, t, &e);
	if (rc == 0 && !ok && e.code == EX_NOPERM)
		log_trouble(p, "not read", &e);
	if (!ok || !is_usable(c, t))
		ok = request_token(p, t, o);
	if (rc == 0)
		close(lock);
	return ok;
}

static void
run_child(int fd, void *ctx)
{
	const struct cred *c = ctx;
	struct stream_sink out = stream_to_fd(fd);
	struct oauth_token t;
	struct answer a;

	memset(&a, 0, sizeof(a));
	oauth_token_init(&t);
	a.ok = get_token(c, &t, &a.outcome);
	if (a.ok)
		a.n = secret_len(&t.access);
	/* Nobody may be reading any more: then there is nobody to tell. */
	if (out.write(&out, &a, sizeof(a)) == 0 && a.ok)
		out.write(&out, secret_reveal(&t.access), a.n);
	oauth_token_clear(&t);
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
		fail(&c->outcome, OUTCOME_CLASS_L, OUTCOME_AT_TOKEN,
		    "token request ended without an answer");
		return;
	}
	c->outcome = a.outcome;
	c->filled = a.ok;
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
fill_password(struct cred *c)
{
	c->filled = read_secret(
	    &c->profile->password, OUTCOME_AT_AUTH, &c->secret, &c->outcome);
}

static void
fill_token(struct cred *c)
{
	struct err e = ERR_NONE;
	struct oauth_token t;

	oauth_token_init(&t);
	if (cache_read(c->profile, &t, &e) && is_usable(c, &t)) {
		secret_move(&c->secret, &t.access);
		c->filled = c->was_cached = true;
	}
	oauth_token_clear(&t);
	if (c->filled)
		return;
	if (sys_child(run_child, c, log_uses_stderr(), &c->pid, &c->fd, &e) ==
	    0)
		loop_watch(c->loop, c->fd, LOOP_READ, read_child, c);
	else
		fail(&c->outcome, OUTCOME_CLASS_L, OUTCOME_AT_TOKEN, e.text);
}

struct cred *
cred_fill(struct loop *l, const struct profile *p, enum profile_auth way,
    const struct secret *refused, void (*done)(void *ctx), void *ctx)
{
	struct cred *c = mem_new(1, sizeof(*c));

	err_bug_if(way == PROFILE_AUTH_NONE);
	c->loop = l;
	c->profile = p;
	c->done = done;
	c->ctx = ctx;
	c->fd = -1;
	secret_init(&c->refused);
	secret_init(&c->secret);
	secret_init(&c->answer);
	if (refused != NULL)
		secret_set(
		    &c->refused, secret_reveal(refused), secret_len(refused));
	if (way == PROFILE_AUTH_OAUTH)
		fill_token(c);
	else
		fill_password(c);
	if (c->fd < 0)
		loop_timer_start(l, &c->soon, loop_now(l), call_done, c);
	return c;
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
