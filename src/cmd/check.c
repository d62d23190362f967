/* SPDX-License-Identifier: ISC */
/*
 * check: every step from the configuration to an accepted recipient, each with
 * its cause and its remedy. Nothing is sent, and nothing but the token cache is
 * changed.
 *
 * Exit status as of monitoring plugins: 0 all is well, 1 warnings, 2 failures;
 * of several profiles the gravest. 64 for a wrong command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/check_part.h"
#include "cmd/tell.h"
#include "core/forecast.h"

enum { ALL_WELL, WARNINGS, FAILURES };

static int
parse(const struct cmd_call *c, struct check_asked *a, struct err *e)
{
	memset(a, 0, sizeof(*a));
	for (int i = 1; i < c->argc; i++) {
		const char *word = c->argv[i];
		bool more = i + 1 < c->argc;

		if (strcmp(word, "--json") == 0)
			a->json = true;
		else if (strcmp(word, "-v") == 0)
			a->verbose = true;
		else if (strcmp(word, "--to") == 0 && more)
			a->rcpt = c->argv[++i];
		else if (strcmp(word, "-C") == 0 && more)
			a->conf_file = c->argv[++i];
		else if (word[0] == '-')
			return err_set(e, EX_USAGE,
			    "check: %s: unknown option, or no value behind it",
			    word);
		else if (a->profile != NULL)
			return err_set(e, EX_USAGE,
			    "check: %s: one profile, or all of them: usage: "
			    "osmtp check [NAME] [--to ADDRESS] [--json] [-v] "
			    "[-C FILE]",
			    word);
		else
			a->profile = word;
	}
	return 0;
}

/* The recipient must be an address before anything is asked for it. */
static int
check_rcpt(const struct check_asked *a, struct err *e)
{
	struct addr to = { 0 };
	int rc;

	if (a->rcpt == NULL)
		return 0;
	rc = addr_parse(a->rcpt, false, &to, e);
	if (rc == 0 && addr_is_bare(&to))
		rc = err_set(e, EX_USAGE, "it has no domain");
	addr_clear(&to);
	if (rc != 0)
		err_wrap(e, "check: --to %s", a->rcpt);
	return rc != 0 ? (e->code = EX_USAGE) : 0;
}

/* ---- one profile */

static void
check_forecasts(struct check *k)
{
	struct forecast v[FORECAST_MAX];
	struct cred_status status;
	struct check_step s;
	int64_t now = sys_now();
	size_t n;

	memset(&status, 0, sizeof(status));
	if (k->account->has_oauth)
		cred_look(k->profile, &status);
	n = forecast_make(k->profile, &status, now, v);
	for (size_t i = 0; i < n; i++) {
		check_step_begin(&s, "forecast");
		buf_add_str(&s.text, v[i].text);
		s.expires = v[i].when;
		if (forecast_threshold(&v[i], now) >= 0) {
			s.mark = CHECK_WARN;
			buf_add_str(&s.remedy, v[i].remedy);
		}
		check_step_end(k, &s);
	}
}

static int
check_profile(const struct cmd_call *c, const struct check_asked *a,
    const struct profile *p)
{
	struct check k = {
		.asked = a, .profile = p, .account = profile_account(p)
	};
	struct err e = ERR_NONE;

	if (log_open(&p->home->log, &e) != 0)
		cmd_complain(c, &e);
	k.loop = loop_new();
	check_report_begin(&k);
	check_files(&k);
	check_servers(&k);
	check_forecasts(&k);
	for (size_t i = 0; i < PROFILE_MAX_AUTH; i++)
		cred_free(k.cred[i]);
	cred_free(k.key);
	loop_free(k.loop);
	return check_report_end(&k);
}

/* ---- all of them */

static int
check_set(const struct cmd_call *c, const struct check_asked *a,
    const struct conf *conf, const struct sys_user *user)
{
	const struct profile_set *set = &conf->set;
	const struct profile *named = NULL;
	int worst = ALL_WELL, code;
	struct err e = ERR_NONE;

	if (a->profile != NULL &&
	    profile_look_up(set, "check", a->profile, &named, &e) != 0) {
		cmd_complain(c, &e);
		return FAILURES;
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct profile *p = &set->v[i];

		if (named != NULL && p != named)
			continue;
		if (profile_permit(p, "check", user, &e) == 0) {
			code = check_profile(c, a, p);
		} else {
			cmd_complain(c, &e);
			code = named != NULL ? FAILURES : ALL_WELL;
		}
		if (code > worst)
			worst = code;
	}
	return worst;
}

/* The configuration can't be read: that is a failure, too. */
static void
tell_no_conf(
    const struct cmd_call *c, const struct check_asked *a, const struct err *e)
{
	struct json *j, *step;

	cmd_complain(c, e);
	if (!a->json)
		return;
	j = json_new();
	step = json_new();
	json_set_string(step, "step", "configuration");
	json_set_string(step, "result", "failed");
	json_set_string(step, "text", e->text);
	json_append_object(j, "steps", step);
	json_set_string(j, "result", "failed");
	json_set_number(j, "status", FAILURES);
	tell_print(j);
}

int
cmd_check(const struct cmd_call *c)
{
	struct sys_user user = { 0 };
	struct conf conf = { 0 };
	struct err e = ERR_NONE;
	struct check_asked a;
	int code = parse(c, &a, &e);

	if (code == 0)
		code = check_rcpt(&a, &e);
	if (code != 0)
		return cmd_complain(c, &e);
	sys_user_load(&user, getuid());
	if (cmd_load_conf(c, a.conf_file, &user, &conf, &e) != 0) {
		tell_no_conf(c, &a, &e);
		code = FAILURES;
	} else {
		code = check_set(c, &a, &conf, &user);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cmd_say(c, "check: standard output can't be written");
		code = FAILURES;
	}
	conf_clear(&conf);
	sys_user_clear(&user);
	return code;
}
