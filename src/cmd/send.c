/* SPDX-License-Identifier: ISC */
/* send: the sendmail command: take a message, admit it, deliver it. */
/*
 * The body is copied into a file without a name before anything is sent, so
 * that a slow writer holds no server, a read error sends nothing, and the text
 * can still go to dead.letter when the server has refused it. There is no
 * queue yet: what is not delivered when this command ends is told, and kept
 * there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/stream.h"
#include "base/text.h"
#include "cmd/advice.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "core/dead.h"
#include "core/deliver.h"
#include "core/submit.h"

/* Octets that are kept of a message that no configuration sets a limit for. */
#define DEAD_MAX ((uint64_t)50 * 1024 * 1024)

/* Standard input, remembered until the header is understood. */
struct input {
	struct stream_source source; /* first: is the input, for input_read() */
	struct stream_source in;
	struct buf seen;
	bool remember;
};

struct job {
	const struct cmd_call *call;
	struct opts opts;
	struct sys_user user;
	struct conf conf;
	struct input input;
	struct submit_request request;
	struct submit_admission admission;
	int fd; /* the message, canonical */
	struct loop *loop;
	struct wire *wire;
	struct deliver_order order;
	struct deliver *deliver;
};

/* ---- input */

static ssize_t
input_read(struct stream_source *s, void *p, size_t n)
{
	struct input *i = (struct input *)(void *)s;
	ssize_t got = i->in.read(&i->in, p, n);

	if (got > 0 && i->remember)
		buf_add(&i->seen, p, (size_t)got);
	return got;
}

static void
input_begin(struct input *i)
{
	i->source = (struct stream_source){ .read = input_read };
	i->in = stream_from_fd(STDIN_FILENO);
	i->remember = true;
	buf_init(&i->seen, SIZE_MAX / 2); /* as much as a header may have */
}

static void
input_forget(struct input *i)
{
	i->remember = false;
	buf_clear(&i->seen);
}

/* Again from the first octet: what was remembered, then the rest. */
static ssize_t
input_reread(struct stream_source *s, void *p, size_t n)
{
	struct input *i = (struct input *)(void *)s;
	size_t have = i->seen.len < n ? i->seen.len : n;

	if (have == 0)
		return i->in.read(&i->in, p, n);
	memcpy(p, i->seen.data, have);
	buf_drop(&i->seen, have);
	return (ssize_t)have;
}

/* ---- dead letter */

static void
say_lost(struct job *j, const struct err *e)
{
	cmd_say(j->call, "the text of the message is gone: %s", e->text);
	log_event(LOG_LEVEL_ERROR, j->request.id[0] ? j->request.id : NULL,
	    "lost", "reason", e->text, NULL);
}

/* Keep text for these recipients, and say where; or say that it is gone. With
 * --now and --dry-run the caller has the text and asked for nothing else. */
static void
keep(struct job *j, const struct text_list *rcpts, struct stream_source *text)
{
	struct dead_letter d = { .sender = "", .text = text };
	struct err e = ERR_NONE;
	char *path = NULL;

	if (j->opts.now || j->opts.dry_run)
		return;
	d.rcpts = (const char *const *)rcpts->v;
	d.n_rcpts = rcpts->n;
	d.max = j->admission.profile != NULL
		    ? j->admission.profile->home->max_message + 64 * 1024
		    : DEAD_MAX;
	d.now = sys_now();
	if (j->admission.envelope.sender != NULL)
		d.sender = j->admission.envelope.sender;
	if (dead_save(&j->user, &d, &path, &e) != 0) {
		say_lost(j, &e);
		return;
	}
	cmd_say(j->call, "the message was kept in %s", path);
	log_event(LOG_LEVEL_WARN, j->request.id[0] ? j->request.id : NULL,
	    "dead-letter", "path", path, NULL);
	free(path);
}

static void
keep_draft(struct job *j, const struct text_list *rcpts)
{
	struct stream_source text = stream_from_fd(j->fd);

	if (lseek(j->fd, 0, SEEK_SET) == 0)
		keep(j, rcpts, &text);
}

/* The header was not understood: keep the input as it came. */
static void
keep_input(struct job *j)
{
	struct text_list rcpts = { NULL, 0 };
	size_t i;

	j->input.remember = false;
	j->input.source.read = input_reread;
	for (i = 0; i < j->opts.n_rcpts; i++)
		text_list_add(&rcpts, j->opts.rcpts[i]);
	keep(j, &rcpts, &j->input.source);
	text_list_clear(&rcpts);
}

/* ---- steps */

/* Header and operands. What fails here has left the text in memory. */
static int
take(struct job *j, struct err *e)
{
	const struct opts *o = &j->opts;
	struct submit_options s = { .profile = o->profile,
		.sender = o->sender,
		.full_name = o->full_name,
		.from_header = o->from_header,
		.dot_ends = !o->ignore_dots,
		.rcpts = o->rcpts,
		.n_rcpts = o->n_rcpts };
	struct buf host;
	int code;

	buf_init(&host, 1024);
	if (j->conf.hostname != NULL)
		buf_add_str(&host, j->conf.hostname);
	else
		sys_hostname(&host);
	code = submit_take(&j->request, &s, &j->user, host.data, sys_now(),
	    &j->input.source, e);
	buf_clear(&host);
	return code;
}

/* Head as it stands, and body, into the file without a name. */
static int
store(struct job *j, uint64_t max_size, struct err *e)
{
	static const char *const dirs[] = { "/var/tmp", "/tmp" };
	struct message *m = &j->request.message;
	struct stream_sink out;
	int code;

	m->how.max_size = max_size;
	code = fsio_unnamed(dirs, 2, &j->fd, e);
	if (code != 0)
		return code;
	out = stream_to_fd(j->fd);
	code = message_write_head(m, &out, e);
	if (code == 0)
		code = message_copy_body(m, &j->input.source, &out, e);
	return code;
}

/* Not to be sent: keep it for the recipients as they were given. */
static void
keep_request(struct job *j)
{
	struct text_list rcpts = { NULL, 0 };

	submit_rcpt_texts(&j->request, &rcpts);
	keep_draft(j, &rcpts);
	text_list_clear(&rcpts);
}

static void
finish_envelope(struct job *j)
{
	struct envelope *v = &j->admission.envelope;

	v->size = (uint64_t)lseek(j->fd, 0, SEEK_CUR);
	v->eight_bit = message_is_eight_bit(&j->request.message);
}

static void
print_safe(FILE *f, const char *p, size_t n)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	text_add_safe(&b, p, n, SIZE_MAX / 4);
	fwrite(b.data, 1, b.len, f);
	buf_clear(&b);
}

/* What would go out, for --dry-run. */
static int
show(const struct job *j)
{
	const struct submit_admission *a = &j->admission;
	const struct message *m = &j->request.message;
	struct buf head;
	struct stream_sink out;
	struct err e = ERR_NONE;
	const char *line;
	const char *end;
	size_t i;

	fputs(a->choice.why.data ? a->choice.why.data : "", stdout);
	printf("profile: %s (%s)\n", a->profile->name,
	    profile_kind_name(a->profile->kind));
	printf("sender: <%s>\n", a->envelope.sender);
	for (i = 0; i < a->envelope.n_rcpts; i++)
		printf("recipient: <%s>\n", a->envelope.rcpts[i]);
	printf("size: %llu\n\n", (unsigned long long)a->envelope.size);
	buf_init(&head, SIZE_MAX / 2);
	out = stream_to_buf(&head);
	if (message_write_head(m, &out, &e) == 0) {
		for (line = head.data; *line != '\0'; line = end + 1) {
			end = strchr(line, '\n');
			print_safe(stdout, line, (size_t)(end - line) - 1);
			putchar('\n');
		}
	}
	buf_clear(&head);
	return EX_OK;
}

static void
show_line(void *ctx, bool sent, const char *line)
{
	(void)ctx;
	fputs(sent ? "> " : "< ", stdout);
	print_safe(stdout, line, strlen(line));
	putchar('\n');
	fflush(stdout);
}

static void
stop_loop(void *ctx)
{
	loop_stop(ctx);
}

static void
deliver(struct job *j)
{
	j->order.profile = j->admission.profile;
	j->order.envelope = &j->admission.envelope;
	j->order.fd = j->fd;
	j->order.somebody_waits = true;
	if (j->opts.verbose)
		j->order.trace = show_line;
	j->loop = loop_new();
	j->wire = wire_new(j->loop);
	j->deliver =
	    deliver_start(j->loop, j->wire, &j->order, stop_loop, j->loop);
	loop_run(j->loop);
}

/* ---- telling */

/* "WHO: what: 550 words (STAGE, server)". */
static void
tell_one(const struct job *j, const char *who, const char *what,
    const struct outcome *o)
{
	const char *server = deliver_server(j->deliver);
	char code[16] = "";

	if (o->code != 0 && !o->ours)
		snprintf(code, sizeof(code), "%d ", o->code);
	cmd_say(j->call, "%s: %s: %s%s (%s%s%s)", who, what, code, o->text,
	    outcome_stage_name(o->stage),
	    server[0] && o->stage != OUTCOME_AT_TOKEN ? ", " : "",
	    o->stage != OUTCOME_AT_TOKEN ? server : "");
}

/* Where several ways to authenticate have failed, each has its words. */
static void
tell_ways(const struct job *j)
{
	const struct profile *p = j->admission.profile;
	size_t n;
	const struct outcome *o = deliver_troubles(j->deliver, &n);
	size_t i;

	for (i = 0; n > 1 && i < n; i++)
		tell_one(j, profile_auth_name(p->auth[i]), "refused", &o[i]);
}

/* A line for each recipient unless all is well; what to do, once a reason. */
static int
tell(struct job *j)
{
	const struct envelope *v = &j->admission.envelope;
	const struct outcome *o = deliver_outcomes(j->deliver);
	struct text_list lost = { NULL, 0 };
	struct text_list said = { NULL, 0 };
	int code = outcome_exit(o, v->n_rcpts);
	struct buf b;
	size_t i;

	buf_init(&b, 4096);
	for (i = 0; i < v->n_rcpts; i++) {
		if (code != EX_OK)
			tell_one(j, v->rcpts[i],
			    o[i].kind == OUTCOME_UNCLEAR
				? "unclear, may have been delivered"
				: outcome_kind_name(o[i].kind),
			    &o[i]);
		if (o[i].kind == OUTCOME_DELIVERED)
			continue;
		text_list_add(&lost, v->rcpts[i]);
		buf_reset(&b);
		advice_add(&b, &o[i], j->admission.profile);
		if (b.len > 0 && !text_list_has(&said, b.data)) {
			text_list_add(&said, b.data);
			cmd_say(j->call, "what to do: %s", b.data);
		}
	}
	tell_ways(j);
	if (lost.n > 0)
		keep_draft(j, &lost);
	buf_clear(&b);
	text_list_clear(&lost);
	text_list_clear(&said);
	return code;
}

/* ---- the command */

static void
warn_of_runner(const struct job *j)
{
	const struct profile_home *h = j->admission.profile->home;

	if (!h->runner)
		return;
	cmd_say(j->call,
	    "%s: runner: acts as false for now: this command delivers by "
	    "itself",
	    h->path);
	log_event(LOG_LEVEL_WARN, j->request.id, "runner", "file", h->path,
	    "acts-as", "false", NULL);
}

static int
refuse(struct job *j, const struct err *e)
{
	log_event(LOG_LEVEL_ERROR, j->request.id[0] ? j->request.id : NULL,
	    "refused", "reason", e->text, NULL);
	return cmd_complain(j->call, e);
}

/* Read the rest although nothing will be sent, so that it can be kept. */
static int
refuse_and_keep(struct job *j, const struct err *why)
{
	struct err e = ERR_NONE;

	refuse(j, why);
	if (store(j, DEAD_MAX, &e) == 0)
		keep_request(j);
	else
		say_lost(j, &e);
	return why->code;
}

static int
send_message(struct job *j)
{
	struct err e = ERR_NONE;
	struct err bad_conf = ERR_NONE;

	cmd_load_conf(
	    j->call, j->opts.conf_file, &j->user, &j->conf, &bad_conf);
	if (take(j, &e) != 0) {
		refuse(j, &e);
		if (e.code != EX_NOINPUT)
			keep_input(j);
		return e.code;
	}
	input_forget(&j->input);
	if (bad_conf.code != 0)
		return refuse_and_keep(j, &bad_conf);
	if (submit_admit(&j->request, &j->conf, &j->admission, &e) != 0)
		return refuse_and_keep(j, &e);
	if (log_open(&j->admission.profile->home->log, &e) != 0)
		cmd_say(j->call, "%s; logging to syslog", e.text);
	if (store(j, j->admission.profile->home->max_message, &e) != 0) {
		refuse(j, &e);
		if (!j->opts.now)
			say_lost(j, &e);
		return e.code;
	}
	if (message_check_wire(&j->request.message, &e) != 0) {
		refuse(j, &e);
		keep_request(j);
		return e.code;
	}
	finish_envelope(j);
	if (j->opts.dry_run)
		return show(j);
	warn_of_runner(j);
	deliver(j);
	return tell(j);
}

static void
job_clear(struct job *j)
{
	deliver_free(j->deliver);
	wire_free(j->wire);
	loop_free(j->loop);
	if (j->fd >= 0)
		close(j->fd);
	submit_admission_clear(&j->admission);
	submit_request_clear(&j->request);
	input_forget(&j->input);
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

int
cmd_send(const struct cmd_call *c)
{
	struct job j = { .call = c, .fd = -1 };
	struct err e = ERR_NONE;
	int code;

	if (opts_parse(&j.opts, c->argc, c->argv, &e) != 0)
		return cmd_complain(c, &e);
	if (j.opts.mode == OPTS_LIST_QUEUE)
		return cmd_queue(c);
	if (j.opts.mode == OPTS_INIT_ALIASES)
		return cmd_aliases(c);
	if (check_usage(c, &j.opts, &e) != 0)
		return cmd_complain(c, &e);
	sys_user_load(&j.user, getuid());
	input_begin(&j.input);
	code = send_message(&j);
	job_clear(&j);
	return code;
}
