/* SPDX-License-Identifier: ISC */
/*
 * token: a valid access token on standard output, for another program.
 *
 * The one command that shows a secret: it was asked for, by somebody who may
 * send by the profile and so could use the token anyway.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/tell.h"
#include "core/cred.h"

/* The profile, if its account has tokens and the user may have them. */
static int
find(const struct conf *conf, const char *name, const struct sys_user *user,
    const struct profile **out, struct err *e)
{
	const struct profile *p;
	int code = profile_look_up(&conf->set, "token", name, &p, e);

	if (code == 0)
		code = profile_permit(p, "token", user, e);
	if (code != 0)
		return code;
	if (!profile_has_way(profile_account(p), PROFILE_AUTH_OAUTH))
		return err_set(e, EX_CONFIG,
		    "token: profile \"%s\": there is no token: it does not "
		    "sign in with OAuth (%s:%d)",
		    p->name, p->home->path, p->line);
	*out = p;
	return 0;
}

static const char *
tls_name(enum wire_tls tls)
{
	return tls == WIRE_TLS	      ? "tls"
	       : tls == WIRE_STARTTLS ? "starttls"
				      : "none";
}

/* The mechanism that takes a token: the first allowed, else the best. */
static const char *
mechanism(const struct profile *account)
{
	for (size_t i = 0; i < account->n_sasl; i++)
		if (sasl_proof(account->sasl[i]) == SASL_TOKEN)
			return sasl_name(account->sasl[i]);
	return sasl_name(SASL_XOAUTH2);
}

static void
set_expiry(struct json *j, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[64];
	struct tm tm;

	if (ms == 0 || gmtime_r(&t, &tm) == NULL)
		return;
	if (strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		json_set_string(j, "expires", text);
	json_set_number(j, "expires_at", ms / 1000);
}

/* Token, and all that it takes to use it. */
static void
print_json(const struct profile *p, const struct cred *k)
{
	const struct wire_target *to = &p->servers[0].wire;
	struct json *j = json_new();

	json_set_string(j, "profile", p->name);
	json_set_string(j, "token", secret_reveal(cred_secret(k)));
	json_set_string(
	    j, "server", to->unix_path != NULL ? to->unix_path : to->host);
	if (to->unix_path == NULL)
		json_set_number(j, "port", to->port);
	json_set_string(j, "tls", tls_name(to->tls));
	json_set_string(j, "user", profile_user_text(p));
	json_set_string(j, "mechanism", mechanism(profile_account(p)));
	set_expiry(j, cred_expires(k));
	tell_print(j);
}

/* Why there is none: on standard error, and for a program that reads JSON. */
static int
say_why(const struct cmd_call *c, const struct cmd_named *a,
    const struct profile *p, const struct outcome *o)
{
	struct json *j;
	struct buf b;

	if (a->json) {
		j = json_new();
		json_set_string(j, "profile", p->name);
		tell_set_outcome(j, o, p);
		tell_print(j);
	}
	buf_init(&b, 8192);
	tell_add_words(&b, o, "");
	cmd_say(c, "token: profile \"%s\": %s", p->name, b.data);
	buf_clear(&b);
	tell_advice(c, o, p);
	return outcome_exit_one(o);
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

static int
fetch(const struct cmd_call *c, const struct cmd_named *a,
    const struct profile *p)
{
	struct loop *l = loop_new();
	struct cred *k = cred_fill(l, p, PROFILE_AUTH_OAUTH, NULL, stop, l);
	int code = EX_OK;

	loop_run(l);
	if (cred_secret(k) == NULL)
		code = say_why(c, a, p, cred_outcome(k));
	else if (a->json)
		print_json(p, k);
	else
		puts(secret_reveal(cred_secret(k)));
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cmd_say(c, "token: standard output can't be written");
		code = EX_IOERR;
	}
	cred_free(k);
	loop_free(l);
	return code;
}

int
cmd_token(const struct cmd_call *c)
{
	const struct profile *p = NULL;
	struct sys_user user = { 0 };
	struct conf conf = { 0 };
	struct err e = ERR_NONE;
	struct cmd_named a;
	int code = cmd_parse_named(c, "[--json] [-C FILE]", &a, &e);

	if (code != 0)
		return cmd_complain(c, &e);
	sys_user_load(&user, getuid());
	code = cmd_load_conf(c, a.conf_file, &user, &conf, &e);
	if (code == 0)
		code = find(&conf, a.name, &user, &p, &e);
	if (code != 0)
		cmd_complain(c, &e);
	else {
		if (log_open(&p->home->log, &e) != 0)
			cmd_complain(c, &e);
		code = fetch(c, &a, p);
		tell_ahead(c, p);
	}
	conf_clear(&conf);
	sys_user_clear(&user);
	return code;
}
