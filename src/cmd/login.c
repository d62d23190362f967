/* SPDX-License-Identifier: ISC */
/*
 * login: get a person's consent for an account.
 *
 *   1  whose account it is, and that a login is what it needs
 *   2  nobody else is at it; what will come can be kept: before anybody is
 *      troubled
 *   3  a way: a code for another device, or a browser that comes back, or what
 *      the person copies out of it
 *   4  the end: scopes, refresh token, a real AUTH; only then the old grant
 *      gives place to the new one
 *
 * Whatever ends it before, a signal included, nothing was changed.
 */
#include "cmd/login_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/term.h"

/* ---- what was asked for */

static int
set_way(struct login *l, enum login_way way, struct err *e)
{
	if (l->way != LOGIN_AUTO && l->way != way)
		return err_set(e, EX_USAGE,
		    "login: --device, --browser, --paste: only one of them");
	l->way = way;
	return 0;
}

static int
parse(struct login *l, struct err *e)
{
	const struct cmd_call *c = l->call;
	struct cmd_named a = { 0 };
	int code = 0;

	for (int i = 1; i < c->argc && code == 0; i++) {
		const char *word = c->argv[i];

		if (strcmp(word, "--device") == 0)
			code = set_way(l, LOGIN_DEVICE, e);
		else if (strcmp(word, "--browser") == 0)
			code = set_way(l, LOGIN_BROWSER, e);
		else if (strcmp(word, "--paste") == 0)
			code = set_way(l, LOGIN_PASTE, e);
		else
			code = cmd_take_named(c, &i, &a, e);
	}
	if (code == 0 && a.name == NULL)
		code = err_set(e, EX_USAGE,
		    "login: usage: osmtp login NAME [--device|--browser|"
		    "--paste] [--json] [-C FILE]");
	l->name = a.name;
	l->conf_file = a.conf_file;
	l->json = a.json;
	return code;
}

/* Is a login what this account needs? */
static int
check_need(const struct login *l)
{
	const struct profile *p = l->p;

	if (!profile_has_way(p, PROFILE_AUTH_OAUTH))
		return login_fail(l, EX_CONFIG,
		    "it does not sign in with OAuth, so there is nothing to "
		    "log in to (%s:%d)",
		    p->home->path, p->line);
	if (profile_needs_login(p))
		return EX_OK;
	if (profile_has_grant(p, PROFILE_GRANT_REFRESH_TOKEN))
		return login_fail(l, EX_CONFIG,
		    "its refresh token is in the configuration, so there is "
		    "nothing to log in to; for a login, add device_code or "
		    "authorization_code to oauth.grant (%s:%d)",
		    p->home->path, p->line);
	return login_fail(l, EX_CONFIG,
	    "it needs no person: nothing to log in to; run \"osmtp check "
	    "%s\"",
	    p->name);
}

/* The account that the name stands for. */
static int
find(struct login *l)
{
	const struct profile *p;
	struct err e = ERR_NONE;

	if (profile_look_up(&l->conf.set, "login", l->name, &p, &e) != 0)
		return login_give_up(l, &e);
	l->p = profile_account(p);
	if (l->p != p)
		login_tell(l,
		    "Profile \"%s\" sends through the account of \"%s\"; this "
		    "is a login for that one.",
		    p->name, l->p->name);
	if (profile_permit(l->p, "login", &l->user, &e) != 0)
		return login_give_up(l, &e);
	return check_need(l);
}

/* ---- the way */

static int
say_absent_grant(const struct login *l, enum profile_grant g)
{
	return login_fail(l, EX_CONFIG,
	    "oauth.grant does not name %s; add it there, or leave the way "
	    "open (%s:%d)",
	    profile_grant_name(g), l->p->home->path, l->p->line);
}

/* Fill l->with for that need; *f says why not. */
static bool
load(struct login *l, enum cred_need need, struct oauth_trouble *f)
{
	cred_client_clear(&l->with);
	memset(&l->with, 0, sizeof(l->with));
	return cred_client_load(&l->with, l->p, need, f);
}

bool
login_prove(struct login *l, enum cred_need need, struct oauth_trouble *f)
{
	return l->with.client.client_auth != OAUTH_AUTH_JWT || load(l, need, f);
}

/*
 * Choose between device and code, and get ready for it. Without a wish the
 * device comes first where the profile has it: it needs neither a browser here
 * nor a port. A server without a device endpoint leaves the code.
 */
static int
choose_way(struct login *l, bool *by_device)
{
	bool device = profile_has_grant(l->p, PROFILE_GRANT_DEVICE_CODE);
	bool code = profile_has_grant(l->p, PROFILE_GRANT_AUTHORIZATION_CODE);
	struct oauth_trouble f = { .retry_after = -1 }, other = f;

	if (l->way == LOGIN_DEVICE && !device)
		return say_absent_grant(l, PROFILE_GRANT_DEVICE_CODE);
	if ((l->way == LOGIN_BROWSER || l->way == LOGIN_PASTE) && !code)
		return say_absent_grant(l, PROFILE_GRANT_AUTHORIZATION_CODE);
	*by_device = l->way == LOGIN_DEVICE || (l->way == LOGIN_AUTO && device);
	if (load(l, *by_device ? CRED_NEED_DEVICE : CRED_NEED_AUTHORIZE, &f))
		return EX_OK;
	if (*by_device && l->way == LOGIN_AUTO && code &&
	    load(l, CRED_NEED_AUTHORIZE, &other)) {
		*by_device = false;
		return EX_OK;
	}
	return login_fail_by(l, &f.outcome);
}

/* Whose login it is, and what it will allow. */
static void
introduce(const struct login *l)
{
	const struct wire_target *to = &l->p->servers[0].wire;
	char *address = addr_text(&l->p->address);
	struct buf b;

	buf_init(&b, 4096);
	buf_add_fmt(&b, "%s, ", address);
	if (l->p->preset != NULL)
		buf_add_fmt(&b, "preset %s, ", l->p->preset->name);
	if (to->unix_path != NULL)
		buf_add_str(&b, to->unix_path);
	else
		buf_add_fmt(&b, "%s:%u", to->host, to->port);
	login_tell(l, "Account  %s  (%s)\n", l->p->name, b.data);
	buf_clear(&b);
	free(address);
}

void
login_unlock(struct login *l)
{
	if (l->lock >= 0)
		close(l->lock);
	l->lock = -1;
}

static int
run(struct login *l)
{
	struct err e = ERR_NONE;
	bool by_device = false;
	int code;

	code = cred_login_lock(l->p, &l->lock, &e);
	if (code != 0)
		l->lock = -1;
	else
		code = cred_consent_check(l->p, &e);
	if (code != 0)
		return login_fail(l, code, "%s", e.text);
	code = choose_way(l, &by_device);
	if (code != 0)
		return code;
	introduce(l);
	code = by_device ? login_by_device(l) : login_by_code(l);
	return code == 0 ? login_end(l) : code;
}

int
cmd_login(const struct cmd_call *c)
{
	struct login l = { .call = c, .lock = -1 };
	struct err e = ERR_NONE;
	int code = parse(&l, &e);

	if (code != 0)
		return cmd_complain(c, &e);
	sys_user_load(&l.user, getuid());
	oauth_token_init(&l.token);
	l.last_words =
	    mem_printf("%s: login: stopped; nothing was changed\n", c->program);
	l.stored_words =
	    mem_printf("%s: login: stopped; it is stored\n", c->program);
	code = cmd_load_conf(c, l.conf_file, &l.user, &l.conf, &e);
	code = code != 0 ? login_give_up(&l, &e) : find(&l);
	if (code == 0) {
		if (log_open(&l.p->home->log, &e) != 0)
			cmd_complain(c, &e);
		term_guard(l.last_words);
		code = run(&l);
		term_unguard();
	}
	if (code == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
		cmd_say(c, "login: it is stored, but standard output can't be "
			   "written");
		code = EX_IOERR;
	}
	login_unlock(&l);
	free(l.last_words);
	free(l.stored_words);
	cred_client_clear(&l.with);
	oauth_token_clear(&l.token);
	conf_clear(&l.conf);
	sys_user_clear(&l.user);
	return code;
}
