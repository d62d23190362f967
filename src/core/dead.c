/* SPDX-License-Identifier: ISC */
/* dead: append a message to dead.letter. */
#include "core/dead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"
#include "mail/addr.h"
#include "mail/field.h"

/* A line is kept whole only as long as "From " and one CR need it. */
struct writer {
	struct stream_sink *out;
	char held[8]; /* the front of a line, at most "From " */
	size_t n_held;
	bool in_line; /* beyond its front */
	bool cr;      /* a CR waits for its LF */
	bool failed;
};

static void
put(struct writer *w, const char *p, size_t n)
{
	if (!w->failed && n > 0 && w->out->write(w->out, p, n) != 0)
		w->failed = true;
}

static void
end_front(struct writer *w)
{
	put(w, w->held, w->n_held);
	w->n_held = 0;
	w->in_line = true;
}

/* One octet of the message, CRs before LF gone. */
static void
put_octet(struct writer *w, char c)
{
	static const char from[] = "From ";

	if (c == '\n') {
		end_front(w);
		put(w, "\n", 1);
		w->in_line = false;
	} else if (w->in_line) {
		put(w, &c, 1);
	} else {
		w->held[w->n_held++] = c;
		if (c != from[w->n_held - 1]) {
			end_front(w);
		} else if (w->n_held == sizeof(from) - 1) {
			put(w, ">", 1); /* no separator may arise here */
			end_front(w);
		}
	}
}

static void
put_text(struct writer *w, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (w->cr && p[i] != '\n')
			put_octet(w, '\r');
		w->cr = p[i] == '\r';
		if (!w->cr)
			put_octet(w, p[i]);
	}
}

/* Names come from outside, and none may begin a message of its own. */
static void
add_name(struct buf *b, const char *name)
{
	text_add_safe(b, name, strlen(name), 2 * ADDR_MAX_LOCAL);
}

static void
put_head(struct writer *w, const struct dead_letter *d)
{
	struct buf b;
	size_t i;

	buf_init(&b, SIZE_MAX / 2);
	buf_add_str(&b, "From ");
	add_name(&b, d->sender[0] ? d->sender : "MAILER-DAEMON");
	buf_add_char(&b, ' ');
	field_add_mbox_date(&b, d->now);
	buf_add_str(&b, "\nX-Undelivered-To:");
	for (i = 0; i < d->n_rcpts; i++) {
		buf_add_str(&b, i ? ",\n " : " ");
		add_name(&b, d->rcpts[i]);
	}
	buf_add_char(&b, '\n');
	put(w, b.data, b.len);
	buf_clear(&b);
}

/* The message before ours may lack the blank line that mbox wants there. */
static void
end_what_stands(struct writer *w, int fd, off_t size)
{
	char last[2] = "\n\n";

	if (size == 0)
		return;
	if (pread(fd, last + (size < 2), size < 2 ? 1 : 2,
		size < 2 ? 0 : size - 2) < 0)
		w->failed = true;
	if (last[1] != '\n')
		put(w, "\n\n", 2);
	else if (last[0] != '\n')
		put(w, "\n", 1);
}

/* A buffered sink, since the writer hands on octets one by one. */
struct block {
	struct stream_sink sink; /* first: is the block, for block_write() */
	struct stream_sink to;
	char *p;
	size_t n;
};

enum { BLOCK = 32 * 1024, LOCK_MS = 10 * 1000 };

static int
block_flush(struct block *b)
{
	int r = b->n ? b->to.write(&b->to, b->p, b->n) : 0;

	b->n = 0;
	return r;
}

static int
block_write(struct stream_sink *s, const void *p, size_t n)
{
	struct block *b = (struct block *)(void *)s;

	if (b->n + n > BLOCK && block_flush(b) != 0)
		return -1;
	if (n > BLOCK)
		return b->to.write(&b->to, p, n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

static int
copy(int fd, off_t size, const struct dead_letter *d, const char *path,
    struct err *e)
{
	struct block b = { { block_write, -1, NULL }, stream_to_fd(fd), NULL,
		0 };
	struct writer w = { .out = &b.sink };
	char *piece = mem_new(1, BLOCK);
	uint64_t all = 0;
	ssize_t n;

	b.p = mem_new(1, BLOCK);
	end_what_stands(&w, fd, size);
	put_head(&w, d);
	while ((n = d->text->read(d->text, piece, BLOCK)) > 0 &&
	       (all += (uint64_t)n) <= d->max)
		put_text(&w, piece, (size_t)n);
	if (w.in_line || w.n_held > 0)
		put_octet(&w, '\n');
	put(&w, "\n", 1);
	if (block_flush(&b) != 0)
		w.failed = true;
	free(piece);
	free(b.p);
	if (n > 0)
		return err_set(e, EX_DATAERR,
		    "dead letter: the message is longer than %llu octets",
		    (unsigned long long)d->max);
	if (n < 0)
		return err_set_errno(
		    e, EX_NOINPUT, errno, "dead letter: message");
	if (w.failed || fsync(fd) != 0)
		return err_set_errno(
		    e, EX_IOERR, errno, "dead letter: %s", path);
	return 0;
}

/* Whose it is comes first: a stranger's file may be locked for ever. */
static int
open_letter(const char *path, struct stat *st, int *fd, struct err *e)
{
	int r;

	*fd = open(path,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	if (*fd < 0 || fstat(*fd, st) != 0)
		return err_set_errno(
		    e, EX_CANTCREAT, errno, "dead letter: %s", path);
	if (!S_ISREG(st->st_mode) || st->st_nlink != 1 ||
	    st->st_uid != geteuid())
		return err_set(e, EX_CANTCREAT,
		    "dead letter: %s: not a plain file of uid %u", path,
		    (unsigned)geteuid());
	r = fsio_lock_fd(*fd, path, sys_mono() + LOCK_MS, e);
	if (r != 0)
		return r;
	if (fchmod(*fd, 0600) != 0 || fstat(*fd, st) != 0)
		return err_set_errno(
		    e, EX_IOERR, errno, "dead letter: %s", path);
	return 0;
}

int
dead_save(const struct sys_user *u, const struct dead_letter *d, char **path,
    struct err *e)
{
	struct stat st;
	char *name;
	int fd = -1;
	int r;

	if (u->home == NULL || u->home[0] != '/')
		return err_set(e, EX_CANTCREAT,
		    "dead letter: uid %u has no home directory",
		    (unsigned)u->uid);
	name = mem_printf("%s/dead.letter", u->home);
	r = open_letter(name, &st, &fd, e);
	if (r == 0) {
		r = copy(fd, st.st_size, d, name, e);
		if (r != 0 && ftruncate(fd, st.st_size) != 0)
			err_wrap(e, "half of it is left");
	}
	if (fd >= 0)
		close(fd);
	if (r == 0)
		*path = name;
	else
		free(name);
	return r;
}
