/* SPDX-License-Identifier: ISC */
/*
 * logout: end the consent of an account.
 *
 * The server first, since what is forgotten here can't be revoked any more. A
 * server that can't be asked does not keep anybody from forgetting: then it is
 * said where the consent goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/tell.h"
#include "core/cred.h"

struct logout {
	const struct cmd_call *call;
	struct cmd_named asked;
	struct sys_user user;
	struct conf conf;
	const struct profile *p; /* the account's own */
	bool had;		 /* there was a consent */
	bool revoked;
	char words[ERR_TEXT_MAX]; /* not revoked: why */
};

static int
find(struct logout *l, struct err *e)
{
	const struct profile *p;
	int code =
	    profile_look_up(&l->conf.set, "logout", l->asked.name, &p, e);

	if (code != 0)
		return code;
	l->p = profile_account(p);
	code = profile_permit(l->p, "logout", &l->user, e);
	if (code != 0)
		return code;
	if (l->p->has_oauth && l->p->oauth.grant == OAUTH_REFRESH_TOKEN)
		return 0;
	return err_set(e, EX_CONFIG,
	    "logout: profile \"%s\": no person has consented to it, so there "
	    "is nothing to end (%s:%d)",
	    l->p->name, l->p->home->path, l->p->line);
}

/* Ask the server to end the consent. Whatever fails is kept in l. */
static void
end_there(void *ctx, const struct secret *refresh, const struct err *why)
{
	struct oauth_trouble f = { .retry_after = -1 };
	struct cred_client with = { .asked = false };
	struct logout *l = ctx;

	l->had = why->code != EX_NOINPUT;
	if (refresh == NULL) {
		memcpy(l->words, why->text, sizeof(l->words));
		return;
	}
	l->revoked = cred_client_load(&with, l->p, CRED_NEED_REVOKE, &f) &&
		     oauth_revoke(&with.client, &with.proof, refresh,
			 l->p->token_timeout, &f);
	if (!l->revoked)
		memcpy(l->words, f.outcome.text, sizeof(f.outcome.text));
	cred_client_clear(&with);
}

static bool
has_seed(const struct logout *l)
{
	return l->p->refresh_token.form != PROFILE_NO_SECRET;
}

static void
print_lines(const struct logout *l)
{
	const struct profile *p = l->p;

	if (!l->had)
		printf("Profile \"%s\": no consent was stored; what was cached "
		       "is forgotten.\n",
		    p->name);
	else if (l->revoked)
		printf("Profile \"%s\": revoked at the server, and forgotten "
		       "here.\n",
		    p->name);
	else
		printf("Profile \"%s\": forgotten here, but not revoked at the "
		       "server: %s.\n"
		       "There the consent goes on: end it in the account's "
		       "settings.\n",
		    p->name, l->words);
	if (has_seed(l))
		printf("The refresh token in the configuration stays, and is "
		       "used from now on:\n"
		       "remove refresh_token from profiles.%s.oauth "
		       "(%s:%d).\n",
		    p->name, p->home->path, p->line);
}

static void
print_json(const struct logout *l)
{
	struct json *j = json_new();

	json_set_string(j, "profile", l->p->name);
	json_set_bool(j, "stored", l->had);
	json_set_bool(j, "revoked", l->revoked);
	json_set_bool(j, "configured", has_seed(l));
	if (l->had && !l->revoked)
		json_set_string(j, "trouble", l->words);
	tell_print(j);
}

static int
run(struct logout *l, struct err *e)
{
	int lock, code = cred_login_lock(l->p, &lock, e);

	if (code != 0)
		return code;
	code = cred_consent_forget(l->p, end_there, l, e);
	close(lock);
	if (code != 0)
		return err_wrap(e, "logout: profile \"%s\": not forgotten%s",
		    l->p->name, l->revoked ? ", but revoked" : "");
	if (l->asked.json)
		print_json(l);
	else
		print_lines(l);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_set(
		    e, EX_IOERR, "logout: standard output can't be written");
	return EX_OK;
}

int
cmd_logout(const struct cmd_call *c)
{
	struct logout l = { .call = c };
	struct err e = ERR_NONE;
	int code = cmd_parse_named(c, "[--json] [-C FILE]", &l.asked, &e);

	if (code != 0)
		return cmd_complain(c, &e);
	sys_user_load(&l.user, getuid());
	code = cmd_load_conf(c, l.asked.conf_file, &l.user, &l.conf, &e);
	if (code == 0)
		code = find(&l, &e);
	if (code == 0) {
		struct err f = ERR_NONE;

		if (log_open(&l.p->home->log, &f) != 0)
			cmd_complain(c, &f);
		code = run(&l, &e);
	}
	if (code != 0)
		cmd_complain(c, &e);
	conf_clear(&l.conf);
	sys_user_clear(&l.user);
	return code;
}
