/* SPDX-License-Identifier: ISC */
/* send_direct: deliver without a queue: --now, and spool = "none". */
/*
 * The body is copied into a file without a name before anything is sent, so
 * that a slow writer holds no server, and a read error sends nothing.
 */
#include "cmd/send_part.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/loop.h"
#include "base/text.h"
#include "cmd/tell.h"
#include "core/deliver.h"

void
send_show_line(void *ctx, bool sent, const char *line)
{
	(void)ctx;
	fputs(sent ? "> " : "< ", stdout);
	tell_print_text(line, strlen(line));
	fflush(stdout);
}

/* What would go out, for --dry-run. */
static int
show(struct send_job *j, int fd)
{
	const struct submit_admission *a = &j->admission;
	const struct message *m = &j->request.message;
	struct buf head;
	struct stream_sink out;
	struct err e = ERR_NONE;
	size_t i;

	(void)fd; /* the header is in memory */
	fputs(a->choice.why.data ? a->choice.why.data : "", stdout);
	printf("profile: %s (%s)\n", a->profile->name,
	    profile_kind_name(a->profile->kind));
	printf("sender: <%s>\n", a->envelope.sender);
	for (i = 0; i < a->envelope.n_rcpts; i++)
		printf("recipient: <%s>\n", a->envelope.rcpts[i]);
	printf("size: %llu\n\n", (unsigned long long)a->envelope.size);
	buf_init(&head, SIZE_MAX / 2);
	out = stream_to_buf(&head);
	if (message_write_head(m, &out, &e) == 0)
		tell_print_text(head.data, head.len);
	buf_clear(&head);
	return EX_OK;
}

static ssize_t
read_text(void *ctx, void *p, size_t n, uint64_t at)
{
	const int *fd = ctx;

	return pread(*fd, p, n, (off_t)at);
}

static void
stop_loop(void *ctx)
{
	loop_stop(ctx);
}

/* Each recipient has its line unless all is well. */
static int
tell(const struct send_job *j, const struct deliver *d)
{
	const struct envelope *v = &j->admission.envelope;
	struct tell t = { .call = j->call,
		.profile = j->admission.profile,
		.envelope = v,
		.result = deliver_outcomes(d),
		.server = deliver_server(d) };
	int code = outcome_exit(t.result, v->n_rcpts);
	struct json *line;

	t.trouble = deliver_troubles(d, &t.n_trouble);
	if (j->reply != NULL) {
		send_answer_outcomes(j, &t);
		return code;
	}
	if (code != EX_OK)
		tell_lines(&t);
	if (j->opts.json) {
		line = tell_json(&t);
		json_set_bool(line, "queued", false);
		json_set_number(line, "exit", code);
		tell_print(line);
	}
	return code;
}

static int
deliver(struct send_job *j, int fd)
{
	struct deliver_order order = { .profile = j->admission.profile,
		.envelope = &j->admission.envelope,
		.text = { read_text, &fd },
		.somebody_waits = true };
	struct loop *l = loop_new();
	struct wire *w = wire_new(l);
	struct deliver *d;
	int code;

	if (j->opts.verbose && j->reply == NULL)
		order.trace = send_show_line;
	d = deliver_start(l, w, &order, stop_loop, l);
	loop_run(l);
	code = tell(j, d);
	deliver_free(d);
	wire_free(w);
	loop_free(l);
	return code;
}

/* Store the message, and see that it may go out. */
static int
prepare(struct send_job *j, int *fd, struct err *e)
{
	struct envelope *v = &j->admission.envelope;
	int code;

	code =
	    send_store(j, j->admission.profile->home->queue.max_message, fd, e);
	if (code != 0)
		return code;
	v->size = (uint64_t)lseek(*fd, 0, SEEK_CUR);
	v->eight_bit = message_is_eight_bit(&j->request.message);
	v->repair = message_needs_repair(&j->request.message);
	return 0;
}

/* Do it with the message as it would go out. */
static int
with_text(struct send_job *j, int (*act)(struct send_job *j, int fd))
{
	struct err e = ERR_NONE;
	int fd = -1;
	int code = prepare(j, &fd, &e);

	if (code != 0)
		send_refuse(j, &e);
	else
		code = act(j, fd);
	if (fd >= 0)
		close(fd);
	return code;
}

int
send_directly(struct send_job *j)
{
	return with_text(j, deliver);
}

int
send_show(struct send_job *j)
{
	return with_text(j, show);
}
