/* SPDX-License-Identifier: ISC */
/* send_queue: through the queue: durable first, then a first attempt. */
/*
 * The message is in the spool (send_spool) before an octet of it goes out. A
 * child that shares the claim makes the attempt, so that the caller is answered
 * in time whatever a server does: at timeouts.foreground this process ends with
 * 0 and the child goes on. The two speak in frames over a socket:
 *
 *   child   LINE     a line of the dialogue, for -v
 *   child   VERDICT  struct verdict, troubles, results
 *   parent  one octet: the caller has been told, and has the text
 *   child   SETTLED  struct settled: what is recorded
 *
 * A parent that is gone, or was told too late, sends no octet; then the
 * message is settled as in any run of the queue, with a report. The child goes
 * on with older mail.
 */
#include "cmd/send_part.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "cmd/tell.h"
#include "core/account.h"
#include "core/runner.h"
#include "gate/spool.h"

enum {
	ANSWER_MS = 60 * 1000, /* the caller waits no longer for anything */
	ACK_MS = 60 * 1000,
	FRAME_MAX = 64 * 1024 * 1024
};

enum frame_kind { FRAME_SENT, FRAME_RECEIVED, FRAME_VERDICT, FRAME_SETTLED };

struct frame {
	enum frame_kind kind;
	size_t n; /* octets that follow */
};

struct verdict {
	char server[128];
	size_t n_trouble;
};

struct settled {
	int code; /* nothing could be recorded */
	enum settle_end end;
	char words[256];
};

struct attempt {
	struct send_job *job;
	struct spool *spool;
	struct spool_claim *claim;
	int fd; /* to the other process */
	/* The parent's. */
	struct loop *loop;
	struct loop_timer due;
	struct buf in;
	struct verdict verdict;
	struct outcome *trouble, *result; /* NULL: no verdict */
	struct settled settled;
	bool is_settled, is_late;
	int code; /* exit status */
};

/* ---- the child */

static bool
write_frame(int fd, enum frame_kind kind, const void *p, size_t n)
{
	struct stream_sink out = stream_to_fd(fd);
	struct frame f = { kind, n };

	return out.write(&out, &f, sizeof(f)) == 0 &&
	       out.write(&out, p, n) == 0;
}

static void
pass_line(void *ctx, bool sent, const char *line)
{
	const struct attempt *a = ctx;

	write_frame(
	    a->fd, sent ? FRAME_SENT : FRAME_RECEIVED, line, strlen(line) + 1);
}

/* Has the parent told its caller? */
static bool
is_told(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char octet;
	int n;

	do
		n = poll(&p, 1, ACK_MS);
	while (n < 0 && errno == EINTR);
	return n == 1 && read(fd, &octet, 1) == 1;
}

static bool
pass_verdict(void *ctx, const struct outcome *result, const struct deliver *d)
{
	const struct attempt *a = ctx;
	size_t n = a->job->admission.envelope.n_rcpts;
	struct verdict v = { .n_trouble = 0 };
	const struct outcome *trouble = deliver_troubles(d, &v.n_trouble);
	struct buf b, server;
	bool ok;

	buf_init(&server, sizeof(v.server) - 1);
	buf_add(&server, deliver_server(d),
	    strnlen(deliver_server(d), sizeof(v.server) - 1));
	memcpy(v.server, server.data, server.len);
	buf_clear(&server);
	buf_init(&b, FRAME_MAX);
	buf_add(&b, &v, sizeof(v));
	buf_add(&b, trouble, v.n_trouble * sizeof(*trouble));
	buf_add(&b, result, n * sizeof(*result));
	ok = write_frame(a->fd, FRAME_VERDICT, b.data, b.len);
	buf_clear(&b);
	return ok && is_told(a->fd);
}

static void
pass_settled(void *ctx, int code, enum settle_end end, const char *words)
{
	const struct attempt *a = ctx;
	struct settled s = { .code = code, .end = end };

	if (words != NULL)
		memcpy(s.words, words, strnlen(words, sizeof(s.words) - 1));
	write_frame(a->fd, FRAME_SETTLED, &s, sizeof(s));
}

static void
run_child(int fd, void *ctx)
{
	struct attempt *a = ctx;
	struct send_job *j = a->job;
	struct runner_order o = { .spool = a->spool,
		.conf = &j->conf,
		.home = j->admission.profile->home,
		.first = a->claim,
		.first_done = pass_verdict,
		.first_settled = pass_settled,
		.ctx = a,
		.trace_ctx = a,
		.stop = cmd_stop_by_signal() };
	struct runner_tally tally;
	struct err e = ERR_NONE;

	a->fd = fd;
	if (j->opts.verbose)
		o.trace = pass_line;
	if (runner_once(&o, &tally, &e) != 0)
		log_event(LOG_LEVEL_ERROR, NULL, "run", "result", "failed",
		    "reason", e.text, NULL);
}

/* ---- the parent */

/* How many recipients have which kind of result. */
static size_t
count(const struct attempt *a, enum outcome_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < a->job->admission.envelope.n_rcpts; i++)
		n += a->result[i].kind == kind;
	return n;
}

static bool
is_all_refused(const struct attempt *a)
{
	return a->result != NULL &&
	       count(a, OUTCOME_REFUSED) == a->job->admission.envelope.n_rcpts;
}

/* The text behind a claim, as a source. */
struct claim_text {
	struct stream_source source; /* first */
	struct spool_claim *claim;
	uint64_t at;
};

static ssize_t
read_claim(struct stream_source *s, void *p, size_t n)
{
	struct claim_text *t = (struct claim_text *)(void *)s;
	ssize_t got = spool_read(t->claim, p, n, t->at);

	if (got > 0)
		t->at += (uint64_t)got;
	return got;
}

static void
keep_refused(struct attempt *a)
{
	const struct envelope *v = &a->job->admission.envelope;
	struct claim_text t = { { .read = read_claim }, a->claim, 0 };
	struct text_list rcpts = { NULL, 0 };
	size_t i;

	for (i = 0; i < v->n_rcpts; i++)
		text_list_add(&rcpts, v->rcpts[i]);
	send_keep(a->job, &rcpts, &t.source);
	text_list_clear(&rcpts);
}

/* The verdict has come: tell it, and say that it was told. */
static void
take_verdict(struct attempt *a, const char *p, size_t n)
{
	const struct send_job *j = a->job;
	const struct envelope *v = &j->admission.envelope;
	size_t results = v->n_rcpts * sizeof(*a->result), troubles;
	struct tell t = {
		.call = j->call, .profile = j->admission.profile, .envelope = v
	};

	err_bug_if(n < sizeof(a->verdict) + results);
	memcpy(&a->verdict, p, sizeof(a->verdict));
	troubles = n - sizeof(a->verdict) - results;
	a->trouble = mem_new(troubles + 1, 1);
	memcpy(a->trouble, p + sizeof(a->verdict), troubles);
	a->result = mem_new(v->n_rcpts, sizeof(*a->result));
	memcpy(a->result, p + n - results, results);
	t.result = a->result;
	t.server = a->verdict.server;
	t.trouble = a->trouble;
	t.n_trouble = a->verdict.n_trouble;
	if (count(a, OUTCOME_DELIVERED) < v->n_rcpts)
		tell_lines(&t);
	if (is_all_refused(a))
		keep_refused(a);
	if (write(a->fd, "", 1) != 1)
		a->is_late = true; /* the child is gone; the queue has it */
}

static void
take_frame(struct attempt *a, const struct frame *f, const char *p)
{
	switch (f->kind) {
	case FRAME_SENT:
	case FRAME_RECEIVED:
		send_show_line(NULL, f->kind == FRAME_SENT, p);
		break;
	case FRAME_VERDICT:
		take_verdict(a, p, f->n);
		break;
	case FRAME_SETTLED:
		memcpy(&a->settled, p, sizeof(a->settled));
		a->is_settled = true;
		loop_stop(a->loop);
		break;
	}
}

static void
read_child(void *ctx, int fd, unsigned events)
{
	struct attempt *a = ctx;
	char room[16384];
	struct frame f;
	ssize_t n;

	(void)events;
	n = read(fd, room, sizeof(room));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* it has ended without a word */
		loop_stop(a->loop);
		return;
	}
	buf_add(&a->in, room, (size_t)n);
	while (a->in.len >= sizeof(f)) {
		memcpy(&f, a->in.data, sizeof(f));
		if (a->in.len - sizeof(f) < f.n)
			return;
		take_frame(a, &f, a->in.data + sizeof(f));
		buf_drop(&a->in, sizeof(f) + f.n);
	}
}

static void
be_late(void *ctx)
{
	struct attempt *a = ctx;

	a->is_late = true;
	loop_stop(a->loop);
}

static void
wait_for_child(struct attempt *a)
{
	int64_t wait = a->job->admission.profile->foreground;

	a->loop = loop_new();
	buf_init(&a->in, FRAME_MAX);
	loop_watch(a->loop, a->fd, LOOP_READ, read_child, a);
	loop_timer_start(a->loop, &a->due,
	    sys_mono() + (wait < ANSWER_MS ? wait : ANSWER_MS), be_late, a);
	loop_run(a->loop);
	loop_timer_stop(a->loop, &a->due);
	loop_free(a->loop);
	buf_clear(&a->in);
}

/* ---- the answer */

/* The exit status: refused only where nothing of it stays in the queue. */
static int
exit_status(const struct attempt *a)
{
	if (!is_all_refused(a) || !a->is_settled || a->settled.code != 0)
		return EX_OK;
	return outcome_exit(a->result, a->job->admission.envelope.n_rcpts);
}

/* Does it stay, and why, if nothing else has said so? */
static void
say_queued(const struct attempt *a)
{
	const struct send_job *j = a->job;
	const char *id = j->admission.envelope.id;

	if (a->is_late)
		cmd_say(j->call,
		    "queued as %s: not done yet; it goes on in the background",
		    id);
	else if (a->result == NULL)
		cmd_say(j->call,
		    "queued as %s: the attempt ended without a result", id);
	else if (!a->is_settled)
		cmd_say(j->call,
		    "queued as %s: the attempt ended before its result was "
		    "recorded",
		    id);
	else if (a->settled.code != 0)
		cmd_say(j->call,
		    "queued as %s: the result could not be recorded: %s", id,
		    a->settled.words);
	else if (count(a, OUTCOME_LATER) + count(a, OUTCOME_UNCLEAR) > 0)
		cmd_say(j->call, "queued as %s: will be tried again", id);
}

/* One line of JSON on what became of it. */
static void
print_json(const struct attempt *a, const struct outcome *result, int code)
{
	const struct send_job *j = a->job;
	struct tell t = { .call = j->call,
		.profile = j->admission.profile,
		.envelope = &j->admission.envelope,
		.result = result,
		.server = a->verdict.server,
		.trouble = a->trouble,
		.n_trouble = a->verdict.n_trouble };
	struct json *line;

	if (!j->opts.json)
		return;
	line = tell_json(&t);
	json_set_bool(line, "queued",
	    !a->is_settled || a->settled.code != 0 ||
		a->settled.end == SETTLE_WAITS);
	json_set_number(line, "exit", code);
	tell_print(line);
}

/* It waits without an attempt: each recipient is open, for this reason. */
static void
print_waiting(const struct attempt *a, const struct outcome *why)
{
	size_t i, n = a->job->admission.envelope.n_rcpts;
	struct outcome *result = mem_new(n, sizeof(*result));

	for (i = 0; why != NULL && i < n; i++)
		result[i] = *why;
	print_json(a, result, EX_OK);
	free(result);
}

/* Let a child try it, and answer. */
static int
try_now(struct attempt *a)
{
	const struct send_job *j = a->job;
	struct err e = ERR_NONE;
	pid_t pid;

	if (sys_child(run_child, a, log_uses_stderr(), &pid, &a->fd, &e) != 0) {
		cmd_say(j->call, "queued as %s: %s", j->admission.envelope.id,
		    e.text);
		print_waiting(a, NULL);
		return EX_OK;
	}
	if (j->opts.delivery == OPTS_BACKGROUND) {
		print_waiting(a, NULL);
	} else {
		wait_for_child(a);
		say_queued(a);
		a->code = exit_status(a);
		if (a->result != NULL)
			print_json(a, a->result, a->code);
		else
			print_waiting(a, NULL);
	}
	close(a->fd);
	return a->code;
}

/* The account is in trouble, and its next probe is not due. */
static bool
is_paused(struct attempt *a)
{
	const struct send_job *j = a->job;
	const char *id = j->admission.envelope.id;
	const struct profile *p = j->admission.profile;
	const struct outcome *why;
	struct account account;
	struct buf b;

	account_load(p, &account);
	why =
	    account_trouble(&account, j->admission.envelope.sender, sys_now());
	if (why != NULL) {
		buf_init(&b, 8192);
		tell_add_words(&b, why, account.server);
		cmd_say(j->call, "queued as %s: profile %s is paused: %s", id,
		    profile_account(p)->name, b.data);
		buf_clear(&b);
		tell_advice(j->call, why, p);
		print_waiting(a, why);
	}
	account_clear(&account);
	return why != NULL;
}

int
send_queued(struct send_job *j)
{
	struct attempt a = { .job = j, .fd = -1 };
	int code = send_into_spool(j, &a.spool, &a.claim);

	if (code == 0 && j->opts.delivery == OPTS_QUEUE_ONLY)
		print_waiting(&a, NULL);
	else if (code == 0 && !is_paused(&a))
		code = try_now(&a);
	spool_release(a.claim);
	spool_close(a.spool);
	free(a.trouble);
	free(a.result);
	return code;
}
