/* SPDX-License-Identifier: ISC */
/* send: the sendmail command: take a message, admit it, deliver it. */
/*
 * Two ways lead on from an admitted message: through the queue (send_queue), or
 * straight to the server (send_direct) where there is none or the caller wants
 * none. What can't go either way is kept (send_keep). A client of -bs gives any
 * number of messages (send_serve).
 */
#include "cmd/send_part.h"
#include "cmd/tell.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Header and operands. What fails here has left the text in memory. */
static int
take(struct send_job *j, struct err *e)
{
	const struct opts *o = &j->opts;
	struct submit_options s = { .profile = o->profile,
		.sender = o->sender,
		.full_name = o->full_name,
		.own_name = getenv("NAME"),
		.from_header = o->from_header,
		.dot_ends = !o->ignore_dots,
		.no_aliases = o->no_aliases,
		.dsn = o->dsn,
		.notify = o->notify,
		.rcpts = o->rcpts,
		.n_rcpts = o->n_rcpts };
	char *host = conf_hostname(&j->conf);
	int code;

	code = submit_take(
	    &j->request, &s, &j->user, host, sys_now(), &j->input.source, e);
	free(host);
	return code;
}

void
send_warn_of_runner(const struct send_job *j)
{
	const struct profile_home *h = j->admission.profile->home;

	if (!h->runner)
		return;
	if (j->reply == NULL)
		cmd_say(j->call,
		    "%s: runner: acts as false for now: this command delivers "
		    "by itself",
		    h->path);
	log_event(LOG_LEVEL_WARN, j->request.id, "runner", "file", h->path,
	    "acts-as", "false", NULL);
}

/* Read the rest although nothing will be sent, so that it can be kept. */
static int
refuse_and_keep(struct send_job *j, const struct err *why)
{
	send_refuse(j, why);
	send_keep_rest(j);
	return why->code;
}

static int
send_message(struct send_job *j)
{
	struct err e = ERR_NONE;
	struct err bad_conf = ERR_NONE;
	const struct profile_home *home;
	int code;

	cmd_load_conf(
	    j->call, j->opts.conf_file, &j->user, &j->conf, &bad_conf);
	if (take(j, &e) != 0) {
		send_refuse(j, &e);
		if (e.code == EX_NOINPUT) /* nobody knows what is missing */
			send_say_lost(j, &e);
		else
			send_keep_input(j);
		return e.code;
	}
	send_input_forget(&j->input);
	if (bad_conf.code != 0)
		return refuse_and_keep(j, &bad_conf);
	if (submit_admit(&j->request, &j->conf, &j->admission, &e) != 0)
		return refuse_and_keep(j, &e);
	home = j->admission.profile->home;
	if (log_open(&home->log, &e) != 0)
		cmd_say(j->call, "%s; logging to syslog", e.text);
	if (j->opts.dry_run)
		return send_show(j);
	send_warn_of_runner(j);
	if (j->opts.now || home->spool == NULL)
		code = send_directly(j);
	else
		code = send_queued(j);
	tell_ahead(j->call, j->admission.profile);
	return code;
}

static void
job_clear(struct send_job *j)
{
	submit_admission_clear(&j->admission);
	submit_request_clear(&j->request);
	send_input_forget(&j->input);
	conf_clear(&j->conf);
	sys_user_clear(&j->user);
}

static int
check_usage(const struct cmd_call *c, const struct opts *o, struct err *e)
{
	if (o->n_rcpts == 0 && !o->from_header)
		return err_set(e, EX_USAGE,
		    "usage: no recipient: give addresses, or -t to take them "
		    "from the header");
	if (c->stdin_closed)
		return err_set(e, EX_NOINPUT,
		    "standard input: is closed; the message is read from it");
	return 0;
}

/* Serve a client, who may send many. */
static int
serve(struct send_job *j)
{
	struct err e = ERR_NONE;
	int code;

	if (j->opts.dry_run || j->opts.json)
		err_set(&e, EX_USAGE, "option %s: not with -bs",
		    j->opts.json ? "--json" : "--dry-run");
	else if (j->call->stdin_closed)
		err_set(&e, EX_NOINPUT,
		    "standard input: is closed; commands are read from it");
	if (e.code != 0)
		return cmd_complain(j->call, &e);
	sys_user_load(&j->user, getuid());
	cmd_load_conf(j->call, j->opts.conf_file, &j->user, &j->conf, &e);
	code = send_serve(j, &e);
	job_clear(j);
	return code;
}

/* Read the message and send it. */
static int
send_input(struct send_job *j)
{
	struct err e = ERR_NONE;
	int code = check_usage(j->call, &j->opts, &e);

	if (code != 0)
		return cmd_complain(j->call, &e);
	sys_user_load(&j->user, getuid());
	send_input_begin(&j->input, NULL);
	code = send_message(j);
	job_clear(j);
	return code;
}

static int
run_mode(struct send_job *j)
{
	const struct cmd_call *c = j->call;

	switch (j->opts.mode) {
	case OPTS_LIST_QUEUE:
	case OPTS_COUNT_QUEUE:
		return cmd_mailq(c, &j->opts);
	case OPTS_RUN_QUEUE:
		return cmd_run_queue(c, &j->opts);
	case OPTS_INIT_ALIASES:
		return cmd_aliases(c, j->opts.conf_file);
	case OPTS_VERIFY:
		return cmd_verify(c, &j->opts);
	case OPTS_NOTHING:
		return EX_OK;
	case OPTS_SERVE:
		return serve(j);
	default:
		return send_input(j);
	}
}

int
cmd_send(const struct cmd_call *c)
{
	struct send_job j = { .call = c };
	struct err e = ERR_NONE;
	int code;

	j.opts.mode = opts_mode_of(c->program);
	if (opts_parse(&j.opts, c->argc, c->argv, &e) != 0) {
		cmd_say(c, "%s; %s", e.text, opts_usage);
		code = e.code;
	} else {
		log_set_label(j.opts.label);
		code = run_mode(&j);
	}
	opts_clear(&j.opts);
	return code;
}
