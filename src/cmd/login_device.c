/* SPDX-License-Identifier: ISC */
/*
 * login_device: a code that the person enters on another device (RFC 8628).
 *
 * Between two questions nothing is to be done but to let the time pass, and to
 * show it where somebody looks. A stop by signal is term's.
 */
#include "cmd/login_part.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/sys.h"
#include "cmd/term.h"

enum { MINUTE = 60 * 1000 };

/* A code that waits for its person. */
struct wait {
	struct login *login;
	struct oauth_device d;
	int64_t end; /* sys_mono() */
	unsigned turn;
	char said[OUTCOME_TEXT_MAX]; /* of the last trouble */
};

static void
nap(int64_t ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* Let the time pass until due; false if the code's life ends before. */
static bool
pass(struct wait *w, int64_t due)
{
	bool drawn = login_draws(w->login);
	int64_t now, step;

	if (due > w->end)
		due = w->end;
	while ((now = sys_mono()) < due) {
		step = due - now;
		if (drawn) {
			login_draw(w->turn++, w->end - now);
			step = step < LOGIN_TICK ? step : LOGIN_TICK;
		}
		nap(step);
	}
	return due < w->end;
}

static void
show_json(const struct wait *w)
{
	const struct oauth_device *d = &w->d;
	struct json *j = login_event(w->login, "code");

	json_set_string(j, "url", d->uri);
	if (d->uri_complete[0] != '\0')
		json_set_string(j, "url_complete", d->uri_complete);
	json_set_string(j, "user_code", d->user_code);
	json_set_number(j, "expires_in", d->life / 1000);
	json_set_number(j, "expires_at", (sys_now() + d->life) / 1000);
	json_set_string(j, "sign_in_as", profile_user_text(w->login->p));
	login_emit(w->login, j);
}

static void
show(const struct wait *w)
{
	const struct login *l = w->login;
	const struct oauth_device *d = &w->d;
	long minutes = (long)((d->life + MINUTE - 1) / MINUTE);
	char clock[16];

	login_tell(l, "  1. On any device open   %s", d->uri);
	login_tell(l,
	    "  2. Enter the code       %s      (valid until %s, "
	    "%ld minute%s)",
	    d->user_code, login_clock(sys_now() + d->life, clock), minutes,
	    minutes == 1 ? "" : "s");
	login_tell(
	    l, "  3. Sign in as           %s\n", profile_user_text(l->p));
	if (d->uri_complete[0] != '\0')
		login_tell(l, "With the code in it:  %s\n", d->uri_complete);
	login_tell(
	    l, "Enter this code only because you started this login yourself.");
	login_warn(l);
	login_tell_waiting(l);
}

/* The server can't answer just now: say so once, and go on. */
static void
say_trouble(struct wait *w, const struct outcome *o)
{
	struct json *j;

	if (o->text[0] == '\0' || strcmp(o->text, w->said) == 0)
		return;
	memcpy(w->said, o->text, sizeof(w->said));
	term_status("%s", "");
	login_tell(w->login, "No answer for now (%s); still waiting.", o->text);
	j = login_event(w->login, "waiting");
	json_set_string(j, "text", o->text);
	login_emit(w->login, j);
}

static int
say_expired(const struct login *l)
{
	return login_fail(l, EX_TEMPFAIL,
	    "the code has expired before it was entered and confirmed; begin "
	    "again: osmtp login %s",
	    l->p->name);
}

/* It came to an end without a token. */
static int
say_end(const struct login *l, const struct outcome *o)
{
	if (strcmp(o->error, "expired_token") == 0)
		return say_expired(l);
	if (strcmp(o->error, "access_denied") == 0 ||
	    strcmp(o->error, "authorization_declined") == 0)
		return login_fail(l, EX_NOPERM,
		    "whoever signed in has declined (%s); nothing was changed",
		    o->text);
	/* Spent, perhaps by a question whose answer got lost. It says nothing
	 * of the consent that there was before. */
	if (strcmp(o->error, "invalid_grant") == 0 ||
	    strcmp(o->error, "bad_verification_code") == 0)
		return login_fail(l, EX_TEMPFAIL,
		    "the code is good no more (%s); begin again: osmtp login "
		    "%s",
		    o->text, l->p->name);
	return login_fail_by(l, o);
}

/* Ask once. */
static enum oauth_poll
poll_once(struct wait *w, struct oauth_trouble *f)
{
	struct login *l = w->login;

	memset(f, 0, sizeof(*f));
	if (!login_prove(l, CRED_NEED_DEVICE, f))
		return f->outcome.class == OUTCOME_CLASS_L ? OAUTH_POLL_PENDING
							   : OAUTH_POLL_FAILED;
	return oauth_device_poll(&l->with.client, &l->with.proof, &w->d,
	    l->p->token_timeout, sys_now(), &l->token, f);
}

static int
poll_on(struct wait *w)
{
	struct oauth_trouble f = { .retry_after = -1 };
	enum oauth_poll got = OAUTH_POLL_PENDING;
	int64_t pause;

	do {
		pause = w->d.interval;
		if (f.retry_after > pause)
			pause = f.retry_after;
		if (!pass(w, sys_mono() + pause)) {
			term_status("%s", "");
			return say_expired(w->login);
		}
		got = poll_once(w, &f);
		if (got == OAUTH_POLL_PENDING)
			say_trouble(w, &f.outcome);
	} while (got == OAUTH_POLL_PENDING);
	term_status("%s", "");
	return got == OAUTH_POLL_TOKEN ? EX_OK : say_end(w->login, &f.outcome);
}

int
login_by_device(struct login *l)
{
	struct oauth_trouble f = { .retry_after = -1 };
	struct wait w = { .login = l };
	int code;

	oauth_device_init(&w.d);
	if (oauth_device_begin(&l->with.client, &l->with.proof,
		l->p->token_timeout, &w.d, &f)) {
		w.end = sys_mono() + w.d.life;
		show(&w);
		show_json(&w);
		code = login_check_shown(l);
		if (code == 0)
			code = poll_on(&w);
	} else {
		code = login_fail_by(l, &f.outcome);
		if (l->way == LOGIN_AUTO &&
		    profile_has_grant(l->p, PROFILE_GRANT_AUTHORIZATION_CODE))
			cmd_say(l->call,
			    "another way: osmtp login %s --browser, or "
			    "--paste",
			    l->p->name);
	}
	oauth_device_clear(&w.d);
	return code;
}
