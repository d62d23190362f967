/* SPDX-License-Identifier: ISC */
/* explain: why this profile, and what would go out. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "core/submit.h"

static void
print_field(const struct message *m, const char *name)
{
	const struct field *f = message_field(m, name);
	struct buf b;

	if (f == NULL)
		return;
	buf_init(&b, MESSAGE_MAX_HEAD);
	field_unfold(&b, f);
	printf("%s: %s\n", name, b.len > 0 ? b.data : "");
	buf_clear(&b);
}

static void
print_profile(const struct profile *p)
{
	const struct profile *account = profile_account(p);
	size_t i;

	printf("profile: %s (%s, %s:%d)\n", p->name, profile_kind_name(p->kind),
	    p->home->path, p->line);
	for (i = 0; i < p->n_servers; i++) {
		const struct wire_target *t = &p->servers[i].wire;

		if (t->unix_path != NULL)
			printf("server: %s\n", t->unix_path);
		else
			printf("server: %s:%u (%s)\n", t->host, t->port,
			    t->tls == WIRE_TLS	      ? "TLS"
			    : t->tls == WIRE_STARTTLS ? "STARTTLS"
						      : "no TLS");
	}
	printf("auth:");
	for (i = 0; i < account->n_auth; i++)
		printf(
		    "%s %s", i ? "," : "", profile_auth_name(account->auth[i]));
	printf(", as %s\n", profile_user_text(p));
}

static int
explain(const struct cmd_call *c, const struct opts *o,
    struct submit_request *r, const struct conf *conf)
{
	struct submit_admission a;
	struct err e = ERR_NONE;
	int code;

	memset(&a, 0, sizeof(a));
	if (o->n_rcpts > 0) {
		r->sender_given = true;
		if (addr_parse(o->rcpts[0], true, &r->sender, &e) != 0)
			return cmd_complain(c, &e);
	}
	code = submit_admit(r, conf, &a, &e);
	fputs(a.choice.why.len > 0 ? a.choice.why.data : "", stdout);
	if (code == 0) {
		print_profile(a.profile);
		printf("envelope sender: <%s>\n", a.envelope.sender);
		print_field(&r->message, "From");
		print_field(&r->message, "Auto-Submitted");
	} else {
		fflush(stdout);
		cmd_complain(c, &e);
	}
	submit_admission_clear(&a);
	return code;
}

int
cmd_explain(const struct cmd_call *c)
{
	struct submit_request r;
	struct sys_user user;
	struct conf conf;
	struct opts o;
	struct err e = ERR_NONE;
	int code;

	memset(&r, 0, sizeof(r));
	memset(&conf, 0, sizeof(conf));
	memset(&o, 0, sizeof(o));
	code = opts_parse(&o, c->argc, c->argv, &e);
	if (code == 0 &&
	    (o.n_rcpts > 1 || o.mode != OPTS_SEND || o.from_header ||
		o.sender != NULL || o.full_name != NULL || o.ignore_dots ||
		o.verbose || o.now || o.dry_run))
		code = err_set(
		    &e, EX_USAGE, "usage: osmtp explain [-a NAME] [ADDRESS]");
	if (code != 0)
		return cmd_complain(c, &e);
	sys_user_load(&user, getuid());
	r.user = &user;
	r.profile = o.profile;
	code = cmd_load_conf(c, o.conf_file, &user, &conf, &e);
	if (code != 0)
		cmd_complain(c, &e);
	else
		code = explain(c, &o, &r, &conf);
	submit_request_clear(&r);
	conf_clear(&conf);
	sys_user_clear(&user);
	return code;
}
