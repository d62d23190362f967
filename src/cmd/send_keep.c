/* SPDX-License-Identifier: ISC */
/* send_keep: what can't be sent is kept: standard input, and dead.letter. */
#include "cmd/send_part.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/log.h"
#include "core/dead.h"

/* Octets that are kept of a message that no configuration sets a limit for. */
#define DEAD_MAX ((uint64_t)50 * 1024 * 1024)

/* ---- input */

static ssize_t
input_read(struct stream_source *s, void *p, size_t n)
{
	struct send_input *i = (struct send_input *)(void *)s;
	ssize_t got = i->in->read(i->in, p, n);

	if (got > 0 && i->remember)
		buf_add(&i->seen, p, (size_t)got);
	return got;
}

void
send_input_begin(struct send_input *i, struct stream_source *in)
{
	i->source = (struct stream_source){ .read = input_read };
	i->standard = stream_from_fd(STDIN_FILENO);
	i->in = in != NULL ? in : &i->standard;
	i->remember = true;
	buf_init(&i->seen, SIZE_MAX / 2); /* as much as a header may have */
}

void
send_input_forget(struct send_input *i)
{
	i->remember = false;
	buf_clear(&i->seen);
}

/* Again from the first octet: what was remembered, then the rest. */
static ssize_t
input_reread(struct stream_source *s, void *p, size_t n)
{
	struct send_input *i = (struct send_input *)(void *)s;
	size_t have = i->seen.len < n ? i->seen.len : n;

	if (have == 0)
		return i->in->read(i->in, p, n);
	memcpy(p, i->seen.data, have);
	buf_drop(&i->seen, have);
	return (ssize_t)have;
}

/* ---- dead letter */

static const char *
id_of(const struct send_job *j)
{
	return j->request.id[0] != '\0' ? j->request.id : NULL;
}

int
send_refuse(struct send_job *j, const struct err *e)
{
	log_event(
	    LOG_LEVEL_ERROR, id_of(j), "refused", "reason", e->text, NULL);
	if (j->reply == NULL)
		return cmd_complain(j->call, e);
	send_answer_error(j, e);
	return e->code;
}

/* The caller has it, and asked for nothing else. */
static bool
is_callers(const struct send_job *j)
{
	return j->opts.now || j->opts.dry_run || j->reply != NULL;
}

void
send_say_lost(struct send_job *j, const struct err *e)
{
	if (is_callers(j))
		return;
	cmd_say(j->call, "the text of the message is gone: %s", e->text);
	log_event(LOG_LEVEL_ERROR, id_of(j), "lost", "reason", e->text, NULL);
}

void
send_keep(struct send_job *j, const struct text_list *rcpts,
    struct stream_source *text)
{
	struct dead_letter d = { .sender = "", .text = text };
	struct err e = ERR_NONE;
	char *path = NULL;

	if (is_callers(j))
		return;
	d.rcpts = (const char *const *)rcpts->v;
	d.n_rcpts = rcpts->n;
	d.max = j->admission.profile != NULL
		    ? j->admission.profile->home->queue.max_message + 64 * 1024
		    : DEAD_MAX;
	d.now = sys_now();
	if (j->admission.envelope.sender != NULL)
		d.sender = j->admission.envelope.sender;
	if (dead_save(&j->user, &d, &path, &e) != 0) {
		send_say_lost(j, &e);
		return;
	}
	cmd_say(j->call, "the message was kept in %s", path);
	log_event(LOG_LEVEL_WARN, id_of(j), "dead-letter", "path", path, NULL);
	free(path);
}

void
send_keep_request(struct send_job *j, struct stream_source *text)
{
	struct text_list rcpts = { NULL, 0 };

	submit_rcpt_texts(&j->request, &rcpts);
	send_keep(j, &rcpts, text);
	text_list_clear(&rcpts);
}

void
send_keep_input(struct send_job *j)
{
	struct text_list rcpts = { NULL, 0 };
	size_t i;

	j->input.remember = false;
	j->input.source.read = input_reread;
	for (i = 0; i < j->opts.n_rcpts; i++)
		text_list_add(&rcpts, j->opts.rcpts[i]);
	send_keep(j, &rcpts, &j->input.source);
	text_list_clear(&rcpts);
}

int
send_store(struct send_job *j, uint64_t max_size, int *fd, struct err *e)
{
	static const char *const dirs[] = { "/var/tmp", "/tmp" };
	struct message *m = &j->request.message;
	struct stream_sink out;
	int code;

	m->how.max_size = max_size;
	code = fsio_unnamed(dirs, 2, fd, e);
	if (code != 0)
		return code;
	out = stream_to_fd(*fd);
	code = message_write_head(m, &out, e);
	if (code == 0)
		code = message_copy_body(m, &j->input.source, &out, e);
	return code;
}

void
send_keep_rest(struct send_job *j)
{
	struct stream_source text;
	struct err e = ERR_NONE;
	int fd = -1;

	if (send_store(j, DEAD_MAX, &fd, &e) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0) {
		text = stream_from_fd(fd);
		send_keep_request(j, &text);
	} else {
		send_say_lost(j, &e);
	}
	if (fd >= 0)
		close(fd);
}
