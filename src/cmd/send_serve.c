/* SPDX-License-Identifier: ISC */
/* send_serve: SMTP on standard input and output, -bs. */
/*
 * Each message goes the way of one on standard input: take, admit, and into the
 * spool before its 250. It is tried at once, but not for every message by a
 * child of its own, of which a client with a thousand would make a thousand:
 * one worker for each queue hears the IDs of what was committed and works
 * through the queue, again and again, until the session has ended and nothing
 * new is there. A worker whose session was killed goes on like any other.
 *
 * A client that does not read its replies (a closed standard output) is gone:
 * what was committed stays, and nothing more is taken.
 */
#include "cmd/send_part.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/runner.h"
#include "mail/smtpd.h"

enum {
	IDLE_MS = 60 * 60 * 1000, /* to speak, or to read: RFC 5321 4.5.3.2.7
				     asks for 5 minutes; a client here costs
				     nothing */
	IDS_READ = 256		  /* of the worker, at once */
};

/* Works through the queue of a configuration file. */
struct worker {
	const struct profile_home *home;
	int fd; /* to it; -1: there is none */
	pid_t pid;
};

struct serve {
	struct stream_source text; /* first: of the message, for its read() */
	struct send_job *job;
	const struct err *bad_conf;
	struct smtpd *smtpd;
	const struct profile_home *home; /* whose log is open */
	struct worker workers[CONF_MAX_SOURCES];
	const struct worker *worker; /* whom the child is to be */
	char *hostname;
	bool is_over; /* the client is gone, or can't be read */
	int code;
};

/* ---- the client */

static void
end_session(struct serve *s, int code)
{
	s->is_over = true;
	s->code = code;
}

/* Piece by piece: a client that lives and reads nothing must not hold us. */
static bool
flush(struct serve *s)
{
	struct buf *b = smtpd_replies(s->smtpd);
	struct stream_sink out = stream_to_fd(STDOUT_FILENO);
	size_t at, n;

	for (at = 0; at < b->len && !s->is_over; at += n) {
		n = b->len - at < PIPE_BUF ? b->len - at : PIPE_BUF;
		if (!sys_wait_for(STDOUT_FILENO, true, IDLE_MS) ||
		    out.write(&out, b->data + at, n) != 0)
			end_session(s, EX_IOERR);
	}
	buf_reset(b);
	return !s->is_over;
}

/* Let the client hear, and hear him. False: the session is over. */
static bool
hear(struct serve *s)
{
	struct stream_source in = stream_from_fd(STDIN_FILENO);
	char room[16384];
	ssize_t n;

	if (!flush(s))
		return false;
	if (!sys_wait_for(STDIN_FILENO, false, IDLE_MS)) {
		smtpd_close(s->smtpd, "4.4.2", "nothing was said for too long");
		flush(s);
		end_session(s, EX_TEMPFAIL);
		return false;
	}
	n = in.read(&in, room, sizeof(room));
	if (n > 0)
		smtpd_feed(s->smtpd, room, (size_t)n);
	else if (n == 0)
		smtpd_end(s->smtpd);
	else
		end_session(s, EX_NOINPUT);
	return !s->is_over;
}

/* The text of a message; -1 where it does not end as it should. */
static ssize_t
read_text(struct stream_source *source, void *p, size_t n)
{
	struct serve *s = (struct serve *)(void *)source;
	ssize_t got;

	do
		got = smtpd_read(s->smtpd, p, n);
	while (got < 0 && errno == EAGAIN && hear(s));
	if (got < 0 && s->code == EX_OK)
		s->code = EX_NOINPUT; /* the end came too early */
	return got;
}

/* ---- workers */

/* Work through the queue; the first of the IDs at once. */
static void
work(struct serve *s, struct spool *spool, const char *id,
    const volatile sig_atomic_t *stop)
{
	struct runner_order o = { .spool = spool,
		.conf = &s->job->conf,
		.home = s->worker->home,
		.stop = stop };
	struct runner_tally tally;
	struct err e = ERR_NONE;

	/* Whoever has it instead of us looks after it. */
	if (spool_claim(spool, SPOOL_QUEUE, id, &o.first, &e) != 0)
		o.first = NULL;
	if (runner_once(&o, &tally, &e) != 0)
		log_event(LOG_LEVEL_ERROR, NULL, "run", "result", "failed",
		    "reason", e.text, NULL);
}

static void
run_worker(int fd, void *ctx)
{
	struct serve *s = ctx;
	const volatile sig_atomic_t *stop = cmd_stop_by_signal();
	char ids[IDS_READ][ENVELOPE_ID_MAX + 1];
	struct spool *spool;
	struct err e = ERR_NONE;
	size_t i;
	ssize_t n;

	for (i = 0; i < CONF_MAX_SOURCES; i++)
		if (s->workers[i].fd >= 0)
			close(s->workers[i].fd);
	if (spool_open(s->worker->home->spool, &spool, &e) != 0) {
		log_event(LOG_LEVEL_ERROR, NULL, "run", "result", "failed",
		    "reason", e.text, NULL);
		return;
	}
	while (!*stop && (n = read(fd, ids, sizeof(ids))) > 0) {
		ids[0][ENVELOPE_ID_MAX] = '\0';
		work(s, spool, ids[0], stop);
	}
	spool_close(spool);
}

static struct worker *
find_worker(struct serve *s, const struct profile_home *home)
{
	struct worker *w = s->workers;

	while (w->home != NULL && w->home != home)
		w++; /* there are no more files than workers */
	w->home = home;
	return w;
}

/* Tell the worker what was committed, a new one if need be. Where it does not
 * listen for now, because it has not read what it was told before, it will work
 * through the queue again all the same. */
static void
call_worker(struct serve *s, const struct profile_home *home, const char *id)
{
	char text[ENVELOPE_ID_MAX + 1] = "";
	struct worker *w = find_worker(s, home);
	struct err e = ERR_NONE;

	memcpy(text, id, strlen(id));
	if (w->fd >= 0 && (write(w->fd, text, sizeof(text)) >= 0 ||
			      errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (w->fd >= 0) { /* it has died */
		close(w->fd);
		sys_reap(w->pid);
	}
	w->fd = -1;
	s->worker = w;
	if (sys_child(run_worker, s, log_uses_stderr(), &w->pid, &w->fd, &e) !=
	    0)
		log_event(LOG_LEVEL_WARN, id, "run", "result", "failed",
		    "reason", e.text, NULL);
	else if (write(w->fd, text, sizeof(text)) < 0)
		log_event(LOG_LEVEL_WARN, id, "run", "result", "failed", NULL);
}

/* ---- a message */

/* What the client has said, as if it stood on a command line. */
static int
take(struct serve *s, const struct smtpd_order *o, struct err *e)
{
	struct send_job *j = s->job;
	char **rcpts = mem_new(o->n_rcpts, sizeof(*rcpts));
	struct dsn_rcpt *dsn = mem_new(o->n_rcpts, sizeof(*dsn));
	struct submit_options how = { .profile = j->opts.profile,
		.sender = o->sender,
		.full_name = j->opts.full_name,
		.own_name = getenv("NAME"),
		.no_aliases = j->opts.no_aliases,
		.dsn = o->dsn,
		.helo = o->helo,
		.esmtp = o->esmtp,
		.rcpts = rcpts,
		.rcpt_dsn = dsn,
		.n_rcpts = o->n_rcpts };
	size_t i;
	int code;

	for (i = 0; i < o->n_rcpts; i++) {
		rcpts[i] = o->rcpts[i].address;
		dsn[i] = o->rcpts[i].dsn;
	}
	code = submit_take(&j->request, &how, &j->user, s->hostname, sys_now(),
	    &j->input.source, e);
	free(rcpts);
	free(dsn);
	return code;
}

static void
heed_log(struct serve *s, const struct profile_home *home)
{
	struct err e = ERR_NONE;

	if (s->home == home)
		return;
	s->home = home;
	if (log_open(&home->log, &e) != 0)
		log_event(LOG_LEVEL_WARN, NULL, "log", "result", "failed",
		    "reason", e.text, NULL);
	send_warn_of_runner(s->job);
}

/* It is admitted: into the queue, or to the server. */
static void
pass_on(struct serve *s)
{
	struct send_job *j = s->job;
	const struct profile_home *home = j->admission.profile->home;
	const char *id = j->admission.envelope.id;
	struct spool *spool = NULL;
	struct spool_claim *claim = NULL;
	int code;

	if (j->opts.now || home->spool == NULL) {
		send_directly(j);
		return;
	}
	code = send_into_spool(j, &spool, &claim);
	spool_release(claim);
	spool_close(spool);
	if (code != 0)
		return;
	j->reply->code = 250;
	memcpy(j->reply->enhanced, "2.0.0", sizeof("2.0.0"));
	buf_add_fmt(&j->reply->text, "queued as %s", id);
	if (j->opts.delivery != OPTS_QUEUE_ONLY)
		call_worker(s, home, id);
}

static void
serve_message(struct serve *s)
{
	struct send_job *j = s->job;
	struct send_reply reply = { .code = 0 };
	struct err e = *s->bad_conf;

	buf_init(&reply.text, SIZE_MAX / 2);
	j->reply = &reply;
	send_input_begin(&j->input, &s->text);
	send_input_forget(&j->input); /* the client has it */
	if (e.code == 0)
		take(s, smtpd_order(s->smtpd), &e);
	if (e.code == 0)
		submit_admit(&j->request, &j->conf, &j->admission, &e);
	if (e.code != 0) {
		send_refuse(j, &e);
	} else {
		heed_log(s, j->admission.profile->home);
		pass_on(s);
	}
	if (!s->is_over)
		smtpd_answer(
		    s->smtpd, reply.code, reply.enhanced, reply.text.data);
	submit_admission_clear(&j->admission);
	submit_request_clear(&j->request);
	buf_clear(&reply.text);
}

/* ---- the session */

/* The largest that any file takes; the profile's is held to its own. */
static uint64_t
max_message(const struct conf *c)
{
	uint64_t max = 0;
	size_t i;

	for (i = 0; i < c->n_homes; i++)
		if (c->homes[i].queue.max_message > max)
			max = c->homes[i].queue.max_message;
	return max;
}

static void
serve_session(struct serve *s)
{
	enum smtpd_event ev;

	while (flush(s) && (ev = smtpd_next(s->smtpd)) != SMTPD_CLOSED) {
		if (ev == SMTPD_HUNGRY)
			hear(s);
		else if (flush(s)) /* 354, and what came before it */
			serve_message(s);
	}
	flush(s);
}

int
send_serve(struct send_job *j, const struct err *bad_conf)
{
	struct smtpd_settings how = { .max_message = max_message(&j->conf) };
	struct serve s = {
		.text = { .read = read_text }, .job = j, .bad_conf = bad_conf
	};
	size_t i;

	for (i = 0; i < CONF_MAX_SOURCES; i++)
		s.workers[i].fd = -1;
	s.hostname = conf_hostname(&j->conf);
	how.hostname = s.hostname;
	s.smtpd = smtpd_new(&how);
	serve_session(&s);
	smtpd_free(s.smtpd);
	for (i = 0; i < CONF_MAX_SOURCES; i++)
		if (s.workers[i].fd >= 0)
			close(s.workers[i].fd);
	free(s.hostname);
	return s.code;
}
