/* SPDX-License-Identifier: ISC */
/*
 * login_code: an authorization code, which comes back from the person's
 * browser: to a port of ours, or copied out of it and pasted here. Both are
 * waited for at the same time; the first answer that is one wins, and what is
 * none changes nothing.
 *
 * The port is open before the address is shown, so that no other program of
 * this host can take it in between. A port that somebody else has ends it: the
 * browser would bring the code to him.
 */
#include "cmd/login_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"
#include "cmd/term.h"
#include "gate/listen.h"

enum {
	WAIT = 10 * 60 * 1000, /* ms; a code lives no longer, either */
	PAGE_WAIT = 3 * 1000,  /* for the last page to reach its browser */
	PAGE_TICK = 20,
	AWAY = 500,	   /* until the terminal is looked at again */
	PASTE_PORT = 8642, /* in the address that is copied and never opened */
	COMPLAINTS = 5	   /* about what comes to the port */
};

struct visit {
	struct login *login;
	struct loop *loop;
	struct listen *listen; /* NULL with --paste */
	struct term_lines lines;
	bool reads;    /* lines */
	bool prompted; /* the cursor stands behind a prompt */
	struct oauth_code q;
	struct secret code;
	pid_t browser;
	int browser_fd; /* -1: none was started */
	struct loop_timer deadline, tick, away, drawing;
	int64_t end; /* sys_mono() */
	bool draws;  /* the time that is left */
	unsigned turn;
	int64_t page_end;
	unsigned complaints;
	bool done; /* code is there, or status says why not */
	int status;
};

/* ---- the prompt */

static void
prompt(struct visit *v)
{
	if (v->login->json || !v->reads)
		return;
	fputs("> ", stdout);
	fflush(stdout);
	v->prompted = true;
}

/* ---- the time that is left, where there is no prompt */

static void
on_drawing(void *ctx)
{
	struct visit *v = ctx;
	int64_t now = sys_mono();

	v->draws = true;
	login_draw(v->turn++, v->end > now ? v->end - now : 0);
	loop_timer_start(v->loop, &v->drawing, now + LOGIN_TICK, on_drawing, v);
}

static void
stop_drawing(struct visit *v)
{
	if (v->draws)
		term_status("%s", "");
	v->draws = false;
	loop_timer_stop(v->loop, &v->drawing);
}

/* Something else is to be said: on a line of its own. */
static void
leave_prompt(struct visit *v)
{
	stop_drawing(v);
	if (v->prompted)
		putchar('\n');
	fflush(stdout);
	v->prompted = false;
}

/* ---- it is over */

static void
on_tick(void *ctx)
{
	struct visit *v = ctx;

	if (v->listen == NULL || listen_is_idle(v->listen) ||
	    sys_mono() >= v->page_end)
		loop_stop(v->loop);
	else
		loop_timer_start(
		    v->loop, &v->tick, sys_mono() + PAGE_TICK, on_tick, v);
}

/* Stop, once the browser has its page. */
static void
finish(struct visit *v, int status)
{
	v->done = true;
	v->status = status;
	v->page_end = sys_mono() + PAGE_WAIT;
	loop_timer_start(v->loop, &v->tick, sys_mono(), on_tick, v);
}

static void
on_deadline(void *ctx)
{
	struct visit *v = ctx;

	leave_prompt(v);
	if (!v->done)
		finish(
		    v, login_fail(v->login, EX_TEMPFAIL,
			   "nobody came back within %d minutes; begin again: "
			   "osmtp login %s",
			   WAIT / 60000, v->login->p->name));
}

/* The server says no, whatever way that came here. */
static void
refuse(struct visit *v, const struct err *e)
{
	finish(v,
	    login_fail(v->login, e->code, "%s; nothing was changed", e->text));
}

/* ---- from a browser */

/* Anybody can send something: it must not bury the prompt. */
static void
complain(struct visit *v, const struct err *e)
{
	if (v->complaints++ >= COMPLAINTS)
		return;
	leave_prompt(v);
	cmd_say(v->login->call,
	    "login: what came to port %u is not the answer: %s",
	    listen_port(v->listen), e->text);
	prompt(v);
}

static struct listen_page
on_redirect(void *ctx, const char *query)
{
	static const struct listen_page
	    good = { 200, "Back to osmtp",
		    "The answer has arrived. You can close this page; the "
		    "terminal shows how it goes on." },
	    none = { 200, "osmtp waits",
		    "A login is under way, and its answer will come to this "
		    "address." },
	    late = { 400, "Already done",
		    "This login has had its answer; nothing was done with "
		    "this one." },
	    refused = { 400, "Not granted",
		    "The consent was not given. The terminal shows the "
		    "reason." },
	    foreign = { 400, "Not the answer",
		    "This is no answer to the login that waits here; nothing "
		    "was done with it." };
	struct visit *v = ctx;
	struct err e = ERR_NONE;

	if (v->done)
		return late;
	if (query[0] == '\0')
		return none;
	switch (oauth_code_read(&v->q, query, false, &v->code, &e)) {
	case 0:
		leave_prompt(v);
		finish(v, EX_OK);
		return good;
	case EX_NOPERM:
		leave_prompt(v);
		refuse(v, &e);
		return refused;
	default:
		complain(v, &e);
		return foreign;
	}
}

/* ---- from the terminal */

static void on_input(void *ctx, int fd, unsigned events);

static void
read_on(void *ctx)
{
	struct visit *v = ctx;

	loop_watch(v->loop, v->lines.fd, LOOP_READ, on_input, v);
}

static void
stop_reading(struct visit *v)
{
	loop_watch(v->loop, v->lines.fd, 0, NULL, NULL);
	v->reads = false;
}

/* In the background: what is typed is not for us. */
static void
look_away(struct visit *v)
{
	loop_watch(v->loop, v->lines.fd, 0, NULL, NULL);
	loop_timer_start(v->loop, &v->away, sys_mono() + AWAY, read_on, v);
}

/* No more will be pasted. Without a port that is the end. */
static void
on_paste_end(struct visit *v)
{
	stop_reading(v);
	if (v->listen == NULL)
		finish(
		    v, login_fail(v->login, EX_TEMPFAIL,
			   "standard input has ended, and no answer was in it; "
			   "begin again: osmtp login %s",
			   v->login->p->name));
}

static void
take_paste(struct visit *v)
{
	struct err e = ERR_NONE;

	if (memchr(v->lines.line.data, '\0', v->lines.line.len) != NULL) {
		cmd_say(v->login->call,
		    "login: what was pasted is not the answer: it is no text");
		prompt(v);
		return;
	}
	if (v->lines.line.data[strspn(v->lines.line.data, " \t")] == '\0') {
		prompt(v);
		return;
	}
	switch (
	    oauth_code_read(&v->q, v->lines.line.data, true, &v->code, &e)) {
	case 0:
		finish(v, EX_OK);
		break;
	case EX_NOPERM:
		refuse(v, &e);
		break;
	default:
		cmd_say(v->login->call,
		    "login: what was pasted is not the answer: %s", e.text);
		prompt(v);
	}
	if (v->done)
		stop_reading(v);
}

static void
on_input(void *ctx, int fd, unsigned events)
{
	struct visit *v = ctx;
	enum term_got got;

	(void)fd;
	(void)events;
	stop_drawing(v); /* somebody types */
	got = term_read(&v->lines);
	if (got == TERM_AWAY)
		look_away(v);
	if (got == TERM_MORE || got == TERM_AWAY)
		return;
	if (v->lines.is_tty && got != TERM_END)
		v->prompted = false; /* the line's end was echoed */
	leave_prompt(v);
	if (v->done) {
		stop_reading(v);
		return;
	}
	if (got == TERM_LONG) {
		cmd_say(v->login->call,
		    "login: what was pasted is longer than any answer");
		prompt(v);
	} else if (got == TERM_LINE || v->lines.line.len > 0) {
		take_paste(v);
	}
	if (got == TERM_END && !v->done)
		on_paste_end(v);
	term_next(&v->lines);
}

/* ---- a browser of ours */

/* How to come by the answer, if no browser of ours is to bring it. */
static void
show_ways(const struct visit *v)
{
	const struct login *l = v->login;
	const char *host = l->p->redirect_host;
	unsigned port = v->listen != NULL ? listen_port(v->listen) : 0;
	struct buf name;

	if (v->listen == NULL) {
		login_tell(l,
		    "Sign in as %s. When the browser can't show the page %s,\n"
		    "copy the whole address from its address bar and paste it "
		    "here:",
		    profile_user_text(l->p), v->q.redirect_uri);
		return;
	}
	buf_init(&name, 512);
	sys_hostname(&name);
	login_tell(l,
	    "Sign in as %s. If your browser runs on another machine, either\n"
	    "  a) first run there:   ssh -L %u:%s:%u %s      and then open "
	    "the address%s",
	    profile_user_text(l->p), port,
	    strcmp(host, "::1") == 0 ? "[::1]" : "127.0.0.1", port, name.data,
	    v->reads ? ", or" : "");
	if (v->reads)
		login_tell(l,
		    "  b) open the address, sign in, and when the browser "
		    "can't show the page %s:%u,\n"
		    "     copy the whole address from its address bar and "
		    "paste it here:",
		    host, port);
	buf_clear(&name);
}

/* The browser, or what should start it, has ended. */
static void
on_browser_end(void *ctx, int fd, unsigned events)
{
	struct visit *v = ctx;
	char octet;
	bool failed = read(fd, &octet, 1) == 1;

	(void)events;
	loop_watch(v->loop, fd, 0, NULL, NULL);
	if (failed && !v->done) {
		leave_prompt(v);
		cmd_say(v->login->call, "login: no browser could be started");
		show_ways(v);
		prompt(v);
	}
}

/* Is one wanted, and was it started? */
static bool
start_browser(struct visit *v)
{
	const struct login *l = v->login;

	if (l->way == LOGIN_PASTE ||
	    (l->way == LOGIN_AUTO && !login_has_desktop()))
		return false;
	if (!login_open_browser(v->q.url, &v->browser, &v->browser_fd)) {
		if (l->way == LOGIN_BROWSER)
			cmd_say(l->call,
			    "login: there is no browser to start: neither in "
			    "$BROWSER nor by xdg-open");
		return false;
	}
	loop_watch(v->loop, v->browser_fd, LOOP_READ, on_browser_end, v);
	return true;
}

/* ---- all of it */

static int
open_port(struct visit *v)
{
	const struct login *l = v->login;
	struct err e = ERR_NONE;
	int code;

	if (l->way == LOGIN_PASTE)
		return EX_OK;
	code = listen_open(v->loop, l->p->redirect_host, l->p->redirect_port,
	    "/", on_redirect, v, &v->listen, &e);
	if (code == EX_UNAVAILABLE)
		return login_fail(l, EX_TEMPFAIL,
		    "%s; end the program that has it, or change "
		    "oauth.redirect_port (%s:%d)",
		    e.text, l->p->home->path, l->p->line);
	return code != 0 ? login_fail(l, code, "%s", e.text) : EX_OK;
}

static void
make_request(struct visit *v)
{
	const struct login *l = v->login;
	const struct oauth_meta *meta = &l->with.meta;
	unsigned port = l->p->redirect_port;
	char *uri;

	if (v->listen != NULL)
		port = listen_port(v->listen);
	else if (port == 0)
		port = PASTE_PORT;
	/* Without a path: so it is registered, and some servers compare it
	 * letter by letter but for the port. */
	uri = mem_printf(strchr(l->p->redirect_host, ':') != NULL
			     ? "http://[%s]:%u"
			     : "http://%s:%u",
	    l->p->redirect_host, port);
	oauth_code_begin(&l->with.client, uri,
	    l->p->preset != NULL ? l->p->preset->authorize : NULL,
	    profile_user_text(l->p), meta->iss_in_answer ? meta->issuer : NULL,
	    &v->q);
	free(uri);
}

static void
show_json(const struct visit *v)
{
	struct json *j = login_event(v->login, "url");

	json_set_string(j, "url", v->q.url);
	json_set_string(j, "redirect_uri", v->q.redirect_uri);
	json_set_bool(j, "listens", v->listen != NULL);
	json_set_bool(j, "reads", v->reads);
	json_set_number(j, "expires_in", WAIT / 1000);
	json_set_string(j, "sign_in_as", profile_user_text(v->login->p));
	login_emit(v->login, j);
}

/*
 * Is standard input to be read? It may be meant for somebody else where a
 * browser of ours brings the answer, unless it is a terminal.
 */
static bool
wants_input(const struct visit *v, bool browser)
{
	const struct login *l = v->login;

	if (l->way == LOGIN_PASTE)
		return true;
	if (l->call->stdin_closed)
		return false;
	return !browser || isatty(STDIN_FILENO);
}

static void
show(struct visit *v, bool browser)
{
	const struct login *l = v->login;

	login_warn(l);
	if (!browser) {
		login_tell(
		    l, "Open this address in a browser:\n  %s\n", v->q.url);
		return;
	}
	login_tell(l,
	    "Your browser opens. If it does not, open this address:\n  %s\n"
	    "and sign in as %s.",
	    v->q.url, profile_user_text(l->p));
	login_tell_waiting(l);
}

/* Wait for the answer, whatever way it comes. */
static int
await(struct visit *v)
{
	bool browser = start_browser(v);

	v->reads = wants_input(v, browser);
	show(v, browser);
	show_json(v);
	if (v->reads) {
		term_open(&v->lines, STDIN_FILENO);
		read_on(v);
	}
	if (!browser) {
		show_ways(v);
		prompt(v);
		v->status = login_check_shown(v->login);
		if (v->status != 0)
			return v->status;
	}
	v->end = sys_mono() + WAIT;
	loop_timer_start(v->loop, &v->deadline, v->end, on_deadline, v);
	if (browser && login_draws(v->login))
		on_drawing(v);
	loop_run(v->loop);
	stop_drawing(v);
	loop_timer_stop(v->loop, &v->deadline);
	loop_timer_stop(v->loop, &v->tick);
	loop_timer_stop(v->loop, &v->away);
	return v->status;
}

/* A code that is spent or does not fit is no matter of the configuration, nor
 * of the consent that there was before. */
static int
redeem(struct visit *v)
{
	struct oauth_trouble f = { .retry_after = -1 };
	struct login *l = v->login;

	if (!login_prove(l, CRED_NEED_AUTHORIZE, &f))
		return login_fail_by(l, &f.outcome);
	if (oauth_code_redeem(&l->with.client, &l->with.proof, &v->q, &v->code,
		l->p->token_timeout, sys_now(), &l->token, &f))
		return EX_OK;
	if (f.outcome.class == OUTCOME_CLASS_P)
		return login_fail(l, EX_TEMPFAIL,
		    "the answer was not taken (%s); begin again: osmtp login "
		    "%s",
		    f.outcome.text, l->p->name);
	return login_fail_by(l, &f.outcome);
}

int
login_by_code(struct login *l)
{
	struct visit v = { .login = l, .browser_fd = -1, .lines.fd = -1 };
	int code;

	v.loop = loop_new();
	secret_init(&v.code);
	secret_init(&v.q.verifier);
	buf_init(&v.lines.line, 0);
	code = open_port(&v);
	if (code == 0) {
		make_request(&v);
		code = await(&v);
	}
	term_close(&v.lines);
	listen_close(v.listen);
	loop_free(v.loop);
	if (v.browser_fd >= 0)
		close(v.browser_fd);
	if (code == 0)
		code = redeem(&v);
	secret_clear(&v.code);
	oauth_code_clear(&v.q);
	return code;
}
