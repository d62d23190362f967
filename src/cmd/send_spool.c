/* SPDX-License-Identifier: ISC */
/* send_spool: an admitted message becomes durable in the spool. */
#include "cmd/send_part.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/log.h"
#include "gate/spool.h"

/*
 * A sink that goes on when the spool can't: all that was written moves to a
 * file without a name, so that the text is whole and can be kept.
 */
struct rescue {
	struct stream_sink sink; /* first */
	struct spool_draft *draft;
	int fd; /* -1: the spool takes it all */
	struct err why;
};

static int
copy_all(struct stream_source *in, int fd)
{
	struct stream_sink out = stream_to_fd(fd);
	char room[8192];
	ssize_t n;

	while ((n = in->read(in, room, sizeof(room))) > 0)
		if (out.write(&out, room, (size_t)n) != 0)
			return -1;
	return n < 0 ? -1 : 0;
}

/* The spool has failed with errno: begin the file, with what the draft has. */
static int
begin_rescue(struct rescue *r)
{
	static const char *const dirs[] = { "/var/tmp", "/tmp" };
	struct stream_source *text;

	err_set_errno(&r->why, EX_IOERR, errno, "spool: write");
	if (fsio_unnamed(dirs, 2, &r->fd, NULL) != 0)
		return -1;
	text = spool_draft_text(r->draft, NULL);
	return text != NULL ? copy_all(text, r->fd) : -1;
}

static int
rescue_write(struct stream_sink *s, const void *p, size_t n)
{
	struct rescue *r = (struct rescue *)(void *)s;
	struct stream_sink *spool = spool_sink(r->draft);
	struct stream_sink out;

	if (r->fd < 0 && spool->write(spool, p, n) == 0)
		return 0;
	if (r->fd < 0 && begin_rescue(r) != 0)
		return -1;
	out = stream_to_fd(r->fd);
	return out.write(&out, p, n);
}

/* Keep what the draft, or the file in its place, holds. */
static void
keep_rescued(struct send_job *j, struct rescue *r, const struct err *why)
{
	struct stream_source file, *text = NULL;
	struct err e = *why;

	if (r->fd < 0) {
		text = spool_draft_text(r->draft, &e);
	} else if (lseek(r->fd, 0, SEEK_SET) == 0) {
		file = stream_from_fd(r->fd);
		text = &file;
	}
	if (text != NULL)
		send_keep_request(j, text);
	else
		send_say_lost(j, &e);
}

/* Header and body into the draft. EX_NOINPUT, or EX_DATAERR beyond the limit:
 * the text is not whole. */
static int
write_message(struct send_job *j, struct rescue *r, struct err *e)
{
	struct message *m = &j->request.message;
	int code;

	m->how.max_size = j->admission.profile->home->queue.max_message;
	code = message_write_head(m, &r->sink, e);
	if (code == 0)
		code = message_copy_body(m, &j->input.source, &r->sink, e);
	return code;
}

/* The draft is begun: fill and commit it. What fails is told, and kept if it is
 * whole. */
static int
fill_draft(
    struct send_job *j, struct spool_draft *draft, struct spool_claim **claim)
{
	struct rescue r = { { .write = rescue_write }, draft, -1, ERR_NONE };
	struct err e = ERR_NONE;
	int code = write_message(j, &r, &e);
	bool whole = code == 0;

	if (code == 0 && r.fd >= 0) {
		code = r.why.code;
		e = r.why;
	}
	if (code == 0)
		code = spool_commit(draft,
		    message_is_eight_bit(&j->request.message),
		    message_needs_repair(&j->request.message), claim, &e);
	if (code != 0) {
		send_refuse(j, &e);
		if (whole)
			keep_rescued(j, &r, &e);
		else
			send_say_lost(j, &e);
		spool_discard(draft);
	}
	if (r.fd >= 0)
		close(r.fd);
	return code;
}

int
send_into_spool(
    struct send_job *j, struct spool **spool, struct spool_claim **claim)
{
	const struct submit_admission *d = &j->admission;
	const struct profile_home *home = d->profile->home;
	struct spool_item head = { .envelope = d->envelope,
		.profile = d->profile->name,
		.uid = getuid(),
		.accepted = sys_now() };
	struct spool_draft *draft;
	struct err e = ERR_NONE;
	int code;

	code = spool_open(home->spool, spool, &e);
	if (code == 0)
		code = spool_check_room(*spool, 0, home->queue.min_free,
		    (uint64_t)home->queue.min_inodes, &e);
	if (code == 0)
		code = spool_begin(*spool, &head, &draft, &e);
	if (code != 0) {
		send_refuse(j, &e);
		send_keep_rest(j);
		return code;
	}
	code = fill_draft(j, draft, claim);
	if (code == 0)
		log_event(LOG_LEVEL_INFO, d->envelope.id, "queued", "from",
		    d->envelope.sender, "profile", d->profile->name, NULL);
	return code;
}
