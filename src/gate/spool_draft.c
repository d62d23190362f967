/* SPDX-License-Identifier: ISC */
/*
 * spool_draft: a message on its way into the queue.
 *
 * Octets gather in a buffer, so that a small message is one write. If a write
 * fails, the buffer still takes what was handed over, since dead.letter wants
 * all of it.
 *
 * The commit is: trailer, name, sync of the file, sync of its folder. The name
 * comes before the sync, so that one sync covers both; a file system that can
 * sync a name without its file or a file without its name is told of both. If
 * a sync fails, the file is void, whatever a second one would say: its name is
 * taken away. The folder is synced once more then, for the sake of the name
 * that is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/mem.h"
#include "gate/spool_part.h"

enum { DRAFT_BUFFER = 64 * 1024 };

struct spool_draft {
	struct stream_sink sink;
	struct stream_source text;
	struct spool *spool;
	struct spool_temp temp;
	struct spool_item item;
	struct spool_measure measure;
	uint32_t crc;	  /* of head and text so far */
	uint64_t written; /* octets in the file; behind them comes the buffer */
	struct buf buffer;
	uint64_t read; /* octets of text that were read again */
	int failed;    /* errno of a write */
};

/* Write what is in the buffer: 0, or -1 with errno set. */
static int
draft_flush(struct spool_draft *d)
{
	if (d->failed == 0 && spool_pwrite(d->temp.fd, d->buffer.data,
				  d->buffer.len, d->written) == -1)
		d->failed = errno;
	if (d->failed != 0) {
		errno = d->failed;
		return -1;
	}
	d->written += d->buffer.len;
	buf_reset(&d->buffer);
	return 0;
}

/* Take n octets, into the buffer if the file takes no more. */
static int
draft_add(struct spool_draft *d, const void *p, size_t n)
{
	int rc = 0;

	if (d->buffer.len > 0 && d->buffer.len + n > DRAFT_BUFFER)
		rc = draft_flush(d);
	buf_add(&d->buffer, p, n);
	if (rc == 0 && d->buffer.len >= DRAFT_BUFFER)
		rc = draft_flush(d);
	return rc;
}

static int
draft_write(struct stream_sink *s, const void *p, size_t n)
{
	struct spool_draft *d = (struct spool_draft *)s;

	d->crc = crc_add(d->crc, p, n);
	d->measure.text += n;
	return draft_add(d, p, n);
}

/* Copy what head tells, by way of its text: what a reader will find. */
static int
draft_begin(struct spool_draft *d, const struct spool_item *head, struct err *e)
{
	struct buf text;
	int code;

	buf_init(&text, SPOOL_HEAD_MAX);
	code = spool_file_add_head(&text, head, &d->item, e);
	if (code == 0 && spool_temp_open(d->spool, &d->temp) == -1)
		code =
		    spool_fail(d->spool, EX_CANTCREAT, errno, "make", "new", e);
	if (code == 0) {
		d->measure.head = text.len;
		d->measure.head_crc = crc_add(0, text.data, text.len);
		d->crc = d->measure.head_crc;
		if (draft_add(d, text.data, text.len) == -1)
			code = spool_fail(
			    d->spool, EX_IOERR, errno, "write", "new", e);
	}
	buf_clear(&text);
	return code;
}

int
spool_begin(struct spool *s, const struct spool_item *head,
    struct spool_draft **out, struct err *e)
{
	struct spool_draft *d = mem_new(1, sizeof(*d));
	int code;

	d->sink.write = draft_write;
	d->spool = s;
	d->temp.fd = -1;
	buf_init(&d->buffer, SIZE_MAX);
	code = draft_begin(d, head, e);
	if (code == 0)
		*out = d;
	else
		spool_discard(d);
	return code;
}

struct stream_sink *
spool_sink(struct spool_draft *d)
{
	return &d->sink;
}

void
spool_discard(struct spool_draft *d)
{
	if (d == NULL)
		return;
	spool_temp_close(d->spool, &d->temp);
	spool_item_clear(&d->item);
	buf_clear(&d->buffer);
	free(d);
}

/* ---- reading it again */

static ssize_t
draft_read(struct stream_source *s, void *p, size_t n)
{
	struct spool_draft *d =
	    (struct spool_draft *)((char *)s -
				   offsetof(struct spool_draft, text));
	uint64_t at = d->measure.head + d->read;
	uint64_t left = d->measure.text - d->read;

	if (n > left)
		n = (size_t)left;
	if (at < d->written) {
		if (n > d->written - at)
			n = (size_t)(d->written - at);
		if (spool_pread(d->temp.fd, p, n, at) == -1)
			return -1;
	} else if (n > 0) {
		memcpy(p, d->buffer.data + (at - d->written), n);
	}
	d->read += n;
	return (ssize_t)n;
}

struct stream_source *
spool_draft_text(struct spool_draft *d, struct err *e)
{
	(void)e; /* what was not written is still in memory */
	d->text.read = draft_read;
	d->read = 0;
	return &d->text;
}

/* ---- the commit */

/* The trailer, and all that is not written yet: 0, or -1 with errno set. */
static int
draft_end(struct spool_draft *d)
{
	char trailer[SPOOL_TRAILER];

	spool_file_make_trailer(trailer, &d->measure, d->crc);
	if (d->failed == 0)
		buf_add(&d->buffer, trailer, sizeof(trailer));
	return draft_flush(d);
}

/*
 * Take the name away again. An answer that was lost on its way may have hidden
 * a link that was made: so this is done after any failure.
 */
static int
draft_withdraw(struct spool_draft *d, const char *name, int code, struct err *e)
{
	if (unlinkat(d->spool->fd, name, 0) == -1 && errno != ENOENT) {
		err_wrap(e, "it may still be sent");
		if (e != NULL)
			e->code = EX_TEMPFAIL;
		return EX_TEMPFAIL;
	}
	spool_sync_folder(d->spool, name);
	return code;
}

static struct spool_claim *
draft_claim(struct spool_draft *d)
{
	struct spool_claim *c = mem_new(1, sizeof(*c));

	c->spool = d->spool;
	c->fd = d->temp.fd;
	c->place = SPOOL_QUEUE;
	c->item = d->item;
	c->item.envelope.size = d->measure.text;
	c->item.envelope.eight_bit = d->measure.eight_bit;
	c->item.envelope.repair = d->measure.repair;
	c->measure = d->measure;
	c->crc = d->measure.head_crc;
	buf_init(&c->saved, SIZE_MAX);
	d->temp.fd = -1;
	d->item = (struct spool_item){ 0 };
	return c;
}

/* Is that the name of our file, whatever the call said that was to give it? */
static bool
has_name(const struct spool_draft *d, const char *name)
{
	struct stat ours, there;

	return fstat(d->temp.fd, &ours) == 0 &&
	       fstatat(d->spool->fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

int
spool_commit(struct spool_draft *d, bool eight_bit, bool repair,
    struct spool_claim **out, struct err *e)
{
	struct spool *s = d->spool;
	char name[SPOOL_NAME_MAX];
	int code = 0;

	spool_name(name, SPOOL_QUEUE, d->item.envelope.id, "");
	d->measure.eight_bit = eight_bit;
	d->measure.repair = repair;
	if (draft_end(d) == -1)
		return spool_fail(s, EX_IOERR, errno, "write", name, e);
	if (spool_temp_link(s, &d->temp, name) == -1) {
		code = spool_fail(s, EX_CANTCREAT, errno, "make", name, e);
		if (!has_name(d, name))
			return code;
	} else if (fsync(d->temp.fd) == -1) {
		code = spool_fail(s, EX_IOERR, errno, "sync", name, e);
	} else if (spool_sync_folder(s, name) == -1) {
		code = spool_fail(
		    s, EX_IOERR, errno, "sync the directory of", name, e);
	}
	if (code != 0)
		return draft_withdraw(d, name, code, e);
	*out = draft_claim(d);
	spool_discard(d);
	return 0;
}
