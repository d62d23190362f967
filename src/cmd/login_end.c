/* SPDX-License-Identifier: ISC */
/*
 * login_end: from a token to a login that works.
 *
 * A consent may be given and still be of no use: a box was left unticked, no
 * refresh token came, the server does not take it for this mailbox. So all of
 * that is looked at while the person is still there, and while the old grant,
 * if there is one, still lies where it was. Only what has passed takes its
 * place.
 */
#include "cmd/login_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/tell.h"
#include "cmd/term.h"
#include "core/account.h"
#include "core/forecast.h"
#include "core/probe.h"
#include "core/runner.h"
#include "gate/spool.h"
#include "mail/hint.h"

#define DAY INT64_C(86400000)

/* ---- scopes */

/* One word of a list; false at its end. */
static bool
next_scope(const char **s, char **one)
{
	static const char between[] = " ,";
	size_t n;

	*s += strspn(*s, between);
	n = strcspn(*s, between);
	*one = n > 0 ? mem_dup_n(*s, n) : NULL;
	*s += n;
	return n > 0;
}

/* Scopes that ask for something else than mail: what comes of them shows in
 * other ways, and some servers never list them. */
static bool
is_aside(const char *scope)
{
	static const char *const aside[] = { "openid", "offline_access",
		"profile", "email", "address", "phone" };
	const char *dot = strrchr(scope, '/');

	for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++)
		if (strcmp(scope, aside[i]) == 0)
			return true;
	/* "all that is allowed": each of it is listed by its own name */
	return dot != NULL && strcmp(dot, "/.default") == 0;
}

/* The same, or the same name of a resource under another of its addresses? */
static bool
is_same_scope(const char *a, const char *b)
{
	const char *last_a = strrchr(a, '/'), *last_b = strrchr(b, '/');

	if (text_case_eq(a, b))
		return true;
	last_a = last_a != NULL ? last_a + 1 : a;
	last_b = last_b != NULL ? last_b + 1 : b;
	return last_a[0] != '\0' && text_case_eq(last_a, last_b);
}

static bool
has_scope(const char *granted, const char *scope)
{
	bool found = false;
	char *one;

	while (!found && next_scope(&granted, &one)) {
		found = is_same_scope(one, scope);
		free(one);
	}
	return found;
}

/* What was asked for is what was granted; a server that says nothing has
 * granted all (RFC 6749 5.1). */
static int
check_scopes(const struct login *l)
{
	const char *asked = l->with.client.scope;
	const char *granted = l->token.scope;
	struct buf missing;
	int code = EX_OK;
	char *one;

	if (asked == NULL || granted[0] == '\0')
		return EX_OK;
	buf_init(&missing, 4096);
	while (next_scope(&asked, &one)) {
		if (!is_aside(one) && !has_scope(granted, one)) {
			if (missing.len > 0)
				buf_add_str(&missing, ", ");
			buf_add_str(&missing, one);
		}
		free(one);
	}
	if (missing.len > 0)
		code = login_fail(l, EX_NOPERM,
		    "not granted: %s; granted: %s. Begin again and allow "
		    "all that is asked for, or, where that was not shown, "
		    "allow it to the application at the provider; nothing was "
		    "changed",
		    missing.data, granted);
	buf_clear(&missing);
	return code;
}

static int
check_refresh(const struct login *l)
{
	const char *scope = l->with.client.scope;
	const char *why = "have the application given refresh tokens there";

	if (secret_len(&l->token.refresh) > 0)
		return EX_OK;
	if (scope != NULL && strstr(scope, "mail.google.com") != NULL)
		why = "remove the application's access in the account's "
		      "settings at Google and begin again, so that the consent "
		      "is asked for anew (access_type=offline, "
		      "prompt=consent: the preset gmail sends them)";
	else if (scope == NULL || strstr(scope, "offline_access") == NULL)
		why = "add offline_access to oauth.scope, if it knows that";
	return login_fail(l, EX_CONFIG,
	    "the server gave no refresh token, so mail would stop when the "
	    "access token ends: %s (%s:%d); nothing was changed",
	    why, l->p->home->path, l->p->line);
}

static void
tell_granted(const struct login *l)
{
	const struct oauth_token *t = &l->token;
	const char *granted = t->scope;
	struct json *j;
	struct buf b;

	buf_init(&b, 4096);
	if (granted[0] == '\0' && l->with.client.scope != NULL)
		granted = l->with.client.scope;
	login_add_scopes(&b, granted);
	login_tell(l, "Signed in%s%s.  Granted: %s.  Refresh token: %s.",
	    t->login[0] != '\0' ? " as " : "", t->login,
	    b.len > 0 ? b.data : "not said",
	    secret_len(&t->refresh) > 0 ? "yes" : "no");
	buf_clear(&b);
	j = login_event(l, "granted");
	json_set_string(j, "scope", granted);
	json_set_bool(j, "refresh_token", secret_len(&t->refresh) > 0);
	if (t->login[0] != '\0')
		json_set_string(j, "login", t->login);
	login_emit(l, j);
}

/* ---- keeping it */

/* What was wrong with the account may be over: its mail is tried at once. */
static void
wake_account(const struct login *l)
{
	struct err e = ERR_NONE;
	struct account a;

	account_load(l->p, &a);
	if (a.state != ACCOUNT_OK) {
		account_retry(&a);
		if (account_save(l->p, &a, &e) != 0)
			cmd_say(l->call, "login: %s", e.text);
	}
	account_clear(&a);
}

static int
store(struct login *l)
{
	struct err e = ERR_NONE;
	int code;

	term_hold();
	code = cred_consent_store(l->p, &l->token, &e);
	if (code == 0)
		wake_account(l);
	l->stored = code == 0;
	term_release(l->stored ? l->stored_words : l->last_words);
	if (code != 0)
		return login_fail(l, code,
		    "%s; the new login is lost, and an older one stays as it "
		    "was",
		    e.text);
	return EX_OK;
}

/* Is there no grant that the new one would displace? One that can't be read is
 * one. */
static bool
has_none_before(const struct login *l)
{
	struct err e = ERR_NONE;
	struct secret refresh;
	int rc;

	if (l->p->refresh_token.form != PROFILE_NO_SECRET)
		return false;
	secret_init(&refresh);
	rc = cred_consent_read(l->p, &refresh, &e);
	secret_clear(&refresh);
	return rc == EX_NOINPUT;
}

/* ---- the submission server */

static bool
is_other_person(const struct login *l)
{
	return l->token.login[0] != '\0' &&
	       !text_case_eq(l->token.login, profile_user_text(l->p));
}

/* The server was asked, and does not take the new token for this mailbox. */
static int
say_refused(const struct login *l, const struct probe *k)
{
	struct outcome o = k->outcome;
	const struct hint *h = hint_find(&o);
	const struct hint_names names = profile_hint_names(l->p);
	struct buf words, to_do;
	int code;

	buf_init(&words, 8192);
	buf_init(&to_do, 8192);
	/* A fresh token, and yet no good: it is not the consent's age. */
	if (o.class == OUTCOME_CLASS_F)
		o.class = OUTCOME_CLASS_P;
	tell_add_words(&words, &o, k->server);
	if (is_other_person(l))
		buf_add_fmt(&to_do,
		    "%s has signed in, and the profile's user is %s: begin "
		    "again as that one, or set user",
		    l->token.login, profile_user_text(l->p));
	else if (h != NULL && strstr(h->remedy, "osmtp login") == NULL)
		hint_add_remedy(&to_do, &o, &names);
	else
		buf_add_fmt(&to_do,
		    "see that the person who signs in may use the mailbox %s, "
		    "that SMTP with OAuth is allowed for it at the server, and "
		    "that scope and user are right (%s:%d)",
		    profile_user_text(l->p), l->p->home->path, l->p->line);
	code = login_fail(l, outcome_exit_one(&o),
	    "the submission server does not take the new login: %s; it was "
	    "not stored, and an older one stays as it was",
	    words.data);
	buf_reset(&words);
	hint_add_meaning(&words, &o);
	if (words.len > 0)
		cmd_say(l->call, "what it means: %s", words.data);
	cmd_say(l->call, "what to do: %s", to_do.data);
	buf_clear(&words);
	buf_clear(&to_do);
	return code;
}

/*
 * The server can't be asked just now. An older grant is not given up for one
 * that was not tested; but where there is none, nothing can be lost, and the
 * person need not come back: whether it is taken, mail will show.
 */
static int
end_untested(struct login *l, const struct probe *k)
{
	int code = has_none_before(l) ? store(l) : EX_OK;
	struct buf b;

	if (code != 0)
		return code;
	buf_init(&b, 8192);
	tell_add_words(&b, &k->outcome, k->server);
	code = login_fail(l, outcome_exit_one(&k->outcome),
	    l->stored
		? "the submission server can't be asked: %s; so the new login "
		  "is stored, since there was none, but it is not tested: mail "
		  "is tried with it"
		: "the submission server can't be asked: %s; so the new login "
		  "was not stored, and an older one stays as it was",
	    b.data);
	tell_advice(l->call, &k->outcome, l->p);
	buf_clear(&b);
	return code;
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* The passphrase of the client key, where there is one. */
static int
get_passphrase(struct login *l, struct loop *loop, struct cred **key)
{
	*key = NULL;
	if (!l->p->has_key_passphrase)
		return EX_OK;
	*key = cred_fill(loop, l->p, PROFILE_AUTH_CERT, NULL, stop, loop);
	loop_run(loop);
	if (cred_secret(*key) != NULL)
		return EX_OK;
	return login_fail_by(l, cred_outcome(*key));
}

/* AUTH with the new token: at the first server that can be asked. */
static bool
ask_servers(
    const struct login *l, const struct secret *passphrase, struct probe *k)
{
	for (size_t i = 0; i < l->p->n_servers; i++) {
		const struct probe_order q = { .profile = l->p,
			.server = i,
			.until = PROBE_AUTH,
			.way = PROFILE_AUTH_OAUTH,
			.secret = &l->token.access,
			.key_passphrase = passphrase };

		probe_run(&q, k);
		if (k->ok || k->failed >= PROBE_AUTH)
			break;
	}
	return k->ok;
}

static void
tell_tested(const struct login *l, const struct probe *k)
{
	struct json *j;

	login_tell(
	    l, "%d accepted for %s.", k->outcome.code, profile_user_text(l->p));
	j = login_event(l, "tested");
	json_set_string(j, "server", k->server);
	json_set_string(j, "mechanism", sasl_name(k->mech));
	json_set_number(j, "code", k->outcome.code);
	json_set_string(j, "text", k->outcome.text);
	json_set_string(j, "user", profile_user_text(l->p));
	login_emit(l, j);
}

/* Has the server said no to the token, or only nothing for now? */
static bool
is_answer(const struct probe *k)
{
	return k->failed == PROBE_AUTH && k->outcome.class != OUTCOME_CLASS_L;
}

static int
test(struct login *l)
{
	struct loop *loop = loop_new();
	struct cred *key;
	struct probe k;
	int code = get_passphrase(l, loop, &key);

	memset(&k, 0, sizeof(k));
	if (code == 0) {
		if (!l->json) {
			fputs("Testing the submission server ... ", stdout);
			fflush(stdout);
		}
		if (ask_servers(l, key != NULL ? cred_secret(key) : NULL, &k)) {
			tell_tested(l, &k);
		} else {
			login_tell(l, "no.");
			code = is_answer(&k) ? say_refused(l, &k)
					     : end_untested(l, &k);
		}
	}
	cred_free(key);
	loop_free(loop);
	return code;
}

/* ---- what comes next */

/* When is the next one needed? */
static void
add_next(struct buf *b, const struct login *l)
{
	struct forecast v[FORECAST_MAX];
	struct cred_status s;
	int64_t now = sys_now();
	size_t n, i;

	cred_look(l->p, &s);
	n = forecast_make(l->p, &s, now, v);
	for (i = 0; i < n; i++) {
		if (v[i].what == FORECAST_CONSENT_MAX) {
			buf_add_str(b, v[i].text);
			return;
		}
		if (v[i].what == FORECAST_CONSENT_IDLE) {
			buf_add_fmt(b,
			    "not before %lld days without use; \"osmtp run "
			    "--once\" once a day keeps it fresh",
			    (long long)((v[i].when - now + DAY / 2) / DAY));
			return;
		}
	}
	buf_add_str(b, "not known; \"osmtp profiles\" shows the state");
}

/* ---- the queue */

struct count {
	const struct login *login;
	struct spool *spool;
	size_t n;
};

static bool
count_one(void *ctx, const char *id)
{
	struct count *c = ctx;
	const struct profile *p;
	struct spool_item i = { 0 };
	bool busy;

	if (spool_peek(c->spool, SPOOL_QUEUE, id, &i, &busy, NULL) == 0) {
		p = profile_find(&c->login->conf.set, i.profile);
		if (p != NULL && profile_account(p) == c->login->p &&
		    !i.state.held && !busy)
			c->n++;
	}
	spool_item_clear(&i);
	return true;
}

/* Messages of the account that wait in a queue of ours. */
static size_t
count_queued(const struct login *l)
{
	struct count c = { .login = l };
	const char *path = l->p->home->spool;
	struct stat st;

	if (path == NULL || stat(path, &st) != 0 || st.st_uid != geteuid() ||
	    spool_open(path, &c.spool, NULL) != 0)
		return 0;
	spool_each(c.spool, SPOOL_QUEUE, count_one, &c, NULL);
	spool_close(c.spool);
	return c.n;
}

/* In a child: as osmtp run --once does. */
static void
run_queue(int fd, void *ctx)
{
	const struct login *l = ctx;
	struct runner_order o = { .conf = &l->conf, .home = l->p->home };
	struct runner_tally t;

	close(fd);
	if (spool_open(l->p->home->spool, &o.spool, NULL) != 0)
		return;
	runner_once(&o, &t, NULL);
	spool_close(o.spool);
}

/* Its mail has waited long enough. The child goes on when we are gone. */
static void
send_queued(struct login *l, size_t n)
{
	struct err e = ERR_NONE;
	pid_t pid;
	int fd;

	if (n == 0)
		return;
	login_tell(l,
	    "Queued mail for this account: %zu message%s, will be sent now.", n,
	    n == 1 ? "" : "s");
	if (sys_child(run_queue, l, false, &pid, &fd, &e) != 0)
		cmd_say(l->call, "login: %s", e.text);
	else
		close(fd);
}

int
login_end(struct login *l)
{
	int code = check_scopes(l);
	struct json *j;
	struct buf next;
	size_t queued;

	if (code == 0)
		tell_granted(l);
	if (code == 0)
		code = check_refresh(l);
	if (code == 0)
		code = test(l);
	if (code == 0)
		code = store(l);
	if (code != 0)
		return code;
	login_unlock(l);
	buf_init(&next, 1024);
	add_next(&next, l);
	login_tell(l, "Stored.  Next login needed: %s.", next.data);
	queued = count_queued(l);
	j = login_event(l, "done");
	json_set_string(j, "next", next.data);
	json_set_number(j, "queued", (int64_t)queued);
	login_emit(l, j);
	buf_clear(&next);
	send_queued(l, queued);
	return EX_OK;
}
