/* SPDX-License-Identifier: ISC */
/*
 * explain: why this profile, and what would go out: osmtp explain for a sender,
 * sendmail -bv for recipients.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "cmd/tell.h"
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

/* The decision: which rule led to which profile, and to which sender. */
static void
print_choice(const struct submit_admission *a)
{
	fputs(a->choice.why.len > 0 ? a->choice.why.data : "", stdout);
	if (a->profile != NULL && a->envelope.sender != NULL) {
		print_profile(a->profile);
		printf("envelope sender: <%s>\n", a->envelope.sender);
	}
	fflush(stdout);
}

/* What explain and verify know of the caller. */
struct asked {
	const struct cmd_call *call;
	const struct opts *opts;
	struct sys_user user;
	struct conf conf;
	bool is_told; /* the choice, which is the same for all recipients */
};

/* A request as the caller's message would make it. */
static int
begin_request(struct asked *q, const char *sender, struct submit_request *r,
    struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->user = &q->user;
	r->profile = q->opts->profile;
	r->full_name = q->opts->full_name;
	r->no_aliases = q->opts->no_aliases;
	r->sender_given = sender != NULL;
	if (sender == NULL)
		return 0;
	return addr_parse(
	    sender[0] != '\0' ? sender : "<>", true, &r->sender, e);
}

static int
explain(struct asked *q)
{
	const struct opts *o = q->opts;
	struct submit_admission a;
	struct submit_request r;
	struct err e = ERR_NONE;
	int code;

	memset(&a, 0, sizeof(a));
	code = begin_request(q, o->n_rcpts > 0 ? o->rcpts[0] : NULL, &r, &e);
	if (code == 0) {
		code = submit_admit(&r, &q->conf, &a, &e);
		print_choice(&a);
	}
	if (code == 0) {
		print_field(&r.message, "From");
		print_field(&r.message, "Auto-Submitted");
	} else {
		cmd_complain(q->call, &e);
	}
	submit_admission_clear(&a);
	submit_request_clear(&r);
	return code;
}

/* ---- -bv: recipients, one by one */

static void
print_rcpt(const struct addr *given, const struct envelope *v)
{
	char *text = addr_text(given);
	struct buf b;
	size_t i;

	buf_init(&b, SIZE_MAX / 2);
	buf_add_fmt(&b, "recipient: %s ->", text);
	for (i = 0; i < v->n_rcpts; i++)
		buf_add_fmt(&b, "%s <%s>", i > 0 ? "," : "", v->rcpts[i]);
	tell_print_text(b.data, b.len);
	buf_clear(&b);
	free(text);
}

static int
verify_one(struct asked *q, const struct addr *rcpt)
{
	struct submit_admission a;
	struct submit_request r;
	struct err e = ERR_NONE;
	int code;

	memset(&a, 0, sizeof(a));
	code = begin_request(q, q->opts->sender, &r, &e);
	addr_list_add(&r.rcpts, rcpt);
	if (code == 0) {
		code = submit_admit(&r, &q->conf, &a, &e);
		if (!q->is_told)
			print_choice(&a);
		q->is_told = true;
	}
	if (code == 0) {
		print_rcpt(rcpt, &a.envelope);
		fflush(stdout);
	} else {
		cmd_complain(q->call, &e);
	}
	submit_admission_clear(&a);
	submit_request_clear(&r);
	return code;
}

static int
read_operand(const char *text, struct addr_list *out, struct err *e)
{
	if (strpbrk(text, "\r\n") != NULL)
		err_set(e, EX_DATAERR, "%s: a line end in it", text);
	else if (addr_parse_list(text, strlen(text), out, e) == 0)
		return 0;
	return err_wrap(e, "recipient");
}

static int
complain_of_none(const struct cmd_call *c)
{
	struct err e = ERR_NONE;

	err_set(&e, EX_USAGE, "option -bv: give addresses to look at");
	return cmd_complain(c, &e);
}

/* The code of the first that has nowhere to go. */
static int
verify(struct asked *q)
{
	const struct opts *o = q->opts;
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	int first = 0, code;
	size_t i, k;

	for (i = 0; i < o->n_rcpts; i++) {
		code = read_operand(o->rcpts[i], &l, &e);
		if (code != 0)
			cmd_complain(q->call, &e);
		first = first != 0 ? first : code;
	}
	for (k = 0; k < l.n; k++) {
		code = verify_one(q, &l.v[k]);
		first = first != 0 ? first : code;
	}
	if (l.n == 0 && first == 0) /* operands with nothing in them */
		first = complain_of_none(q->call);
	addr_list_clear(&l);
	return first;
}

/* ---- the commands */

static int
with_conf(
    const struct cmd_call *c, const struct opts *o, int (*act)(struct asked *q))
{
	struct asked q = { .call = c, .opts = o };
	struct err e = ERR_NONE;
	int code;

	sys_user_load(&q.user, getuid());
	code = cmd_load_conf(c, o->conf_file, &q.user, &q.conf, &e);
	if (code != 0)
		cmd_complain(c, &e);
	else
		code = act(&q);
	conf_clear(&q.conf);
	sys_user_clear(&q.user);
	return code;
}

int
cmd_verify(const struct cmd_call *c, const struct opts *o)
{
	return o->n_rcpts == 0 ? complain_of_none(c) : with_conf(c, o, verify);
}

int
cmd_explain(const struct cmd_call *c)
{
	struct opts o = { .mode = OPTS_SEND };
	struct err e = ERR_NONE;
	int code = opts_parse(&o, c->argc, c->argv, &e);

	if (code == 0 &&
	    (o.n_rcpts > 1 || o.mode != OPTS_SEND || o.from_header ||
		o.sender != NULL || o.full_name != NULL || o.ignore_dots ||
		o.verbose || o.now || o.dry_run))
		code = err_set(
		    &e, EX_USAGE, "usage: osmtp explain [-a NAME] [ADDRESS]");
	if (code != 0)
		cmd_complain(c, &e);
	else
		code = with_conf(c, &o, explain);
	opts_clear(&o);
	return code;
}
