/* SPDX-License-Identifier: ISC */
/*
 * spool_claim: a message in the queue, found, locked, read.
 *
 * All is decided on the descriptor: opened without following a link or waiting
 * for a FIFO, then locked; then the name is looked at again, since a lock can
 * be had on a file that was removed or moved meanwhile. A lister locks it
 * shared for a moment, so that a claim that fails is tried again shortly.
 *
 * What is no message of ours under its own name is put into bad/ by who finds
 * it with a claim: nobody could do anything else with it, and every run would
 * find it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/mem.h"
#include "gate/spool_part.h"

enum {
	CLAIM_FIRST = 4096, /* read at once: most heads are shorter */
	CLAIM_CHUNK = 64 * 1024,
	CLAIM_TRIES = 3,
	CLAIM_NAP_MS = 2,
	CLAIM_STATE_MAX = 64 * 1024 * 1024
};

/* What a file in the spool is to us while it is looked at. */
struct find {
	struct spool *spool;
	unsigned place;
	const char *id;
	char name[SPOOL_NAME_MAX];
	int fd;
	struct stat st;
};

static int
find_fail(
    const struct find *f, int code, int errnum, const char *what, struct err *e)
{
	return spool_fail(f->spool, code, errnum, what, f->name, e);
}

static int
is_damaged(const struct find *f, const char *why, struct err *e)
{
	return err_set(
	    e, EX_DATAERR, "damaged: %s/%s: %s", f->spool->path, f->name, why);
}

/* EX_NOINPUT, EX_DATAERR for what is no file, EX_TEMPFAIL. */
static int
find_open(struct find *f, struct spool *s, unsigned place, const char *id,
    struct err *e)
{
	*f = (struct find){ .spool = s, .place = place, .id = id };
	spool_name(f->name, place, id, "");
	f->fd = openat(s->fd, f->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (f->fd == -1 && errno == ENOENT)
		return find_fail(f, EX_NOINPUT, errno, "open", e);
	if (f->fd == -1 && (errno == ELOOP || errno == ENXIO))
		return is_damaged(f, "is not a regular file", e);
	if (f->fd == -1 || fstat(f->fd, &f->st) == -1)
		return find_fail(f, EX_TEMPFAIL, errno, "open", e);
	if (!S_ISREG(f->st.st_mode))
		return is_damaged(f, "is not a regular file", e);
	return 0;
}

static void
find_close(struct find *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

/* ---- reading what is not the text */

/* The first octets: the head, or a part of it. */
static int
read_first(const struct find *f, char p[CLAIM_FIRST], size_t *n, struct err *e)
{
	struct err why = ERR_NONE;

	*n = f->st.st_size < CLAIM_FIRST ? (size_t)f->st.st_size : CLAIM_FIRST;
	if (spool_pread(f->fd, p, *n, 0) == -1)
		return find_fail(f, EX_TEMPFAIL, errno, "read", e);
	switch (spool_check_version(p, *n, "osmtp-item", &why)) {
	case 0:
		return 0;
	case EX_CONFIG:
		return err_set(e, EX_CONFIG, "open: %s/%s: %s", f->spool->path,
		    f->name, why.text);
	default:
		return is_damaged(f, why.text, e);
	}
}

/* The head itself, of which n octets are at first. */
static int
read_head(const struct find *f, const char *first, size_t n,
    struct spool_measure *m, struct spool_item *i, struct err *e)
{
	struct err why = ERR_NONE;
	char *head = mem_new((size_t)m->head + 1, 1);
	int code = 0;

	if (n > m->head)
		n = (size_t)m->head;
	memcpy(head, first, n);
	if (spool_pread(f->fd, head + n, (size_t)m->head - n, n) == -1)
		code = find_fail(f, EX_TEMPFAIL, errno, "read", e);
	else if (!spool_file_check_head(m, crc_add(0, head, (size_t)m->head)))
		code = is_damaged(f, "the checksum of its head is wrong", e);
	else if (spool_file_parse_head(head, (size_t)m->head, i, &why) != 0)
		code = is_damaged(f, why.text, e);
	else if (strcmp(i->envelope.id, f->id) != 0)
		code = is_damaged(f, "is a copy of another message", e);
	free(head);
	return code;
}

/* Measures and item without its state. EX_DATAERR, EX_CONFIG, EX_TEMPFAIL. */
static int
read_item(const struct find *f, struct spool_measure *m, struct spool_item *i,
    struct err *e)
{
	char first[CLAIM_FIRST], trailer[SPOOL_TRAILER];
	uint64_t size = (uint64_t)f->st.st_size;
	size_t n;
	int code = read_first(f, first, &n, e);

	if (code != 0)
		return code;
	if (size < SPOOL_TRAILER)
		return is_damaged(f, "is cut", e);
	if (size == n)
		memcpy(trailer, first + n - SPOOL_TRAILER, SPOOL_TRAILER);
	else if (spool_pread(
		     f->fd, trailer, SPOOL_TRAILER, size - SPOOL_TRAILER) == -1)
		return find_fail(f, EX_TEMPFAIL, errno, "read", e);
	if (!spool_file_parse_trailer(trailer, size, m))
		return is_damaged(f, "is cut, or its end is altered", e);
	code = read_head(f, first, n, m, i, e);
	if (code != 0)
		return code;
	i->envelope.size = m->text;
	i->envelope.eight_bit = m->eight_bit;
	i->envelope.repair = m->repair;
	return 0;
}

/* All of a state file into b: 0, ENOENT, or another errno. */
static int
read_state_file(struct spool *s, const char *name, struct buf *b)
{
	int fd = openat(s->fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char *p = NULL;
	int error = 0;

	if (fd == -1)
		return errno;
	if (fstat(fd, &st) == -1)
		error = errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > CLAIM_STATE_MAX)
		error = EBADMSG;
	if (error == 0) {
		p = mem_new((size_t)st.st_size + 1, 1);
		if (spool_pread(fd, p, (size_t)st.st_size, 0) == -1)
			error = errno;
		else
			buf_add(b, p, (size_t)st.st_size);
	}
	free(p);
	close(fd);
	return error;
}

/*
 * The state beside it, its text into b. None: nothing happened yet. A damaged
 * one: it begins anew, as one that may have been sent. EX_CONFIG, EX_TEMPFAIL.
 */
static int
read_state(
    const struct find *f, struct spool_item *i, struct buf *b, struct err *e)
{
	char name[SPOOL_NAME_MAX];
	struct err why = ERR_NONE;
	int code = EX_DATAERR, error;

	spool_name(name, f->place, f->id, SPOOL_STATE);
	error = read_state_file(f->spool, name, b);
	if (error == ENOENT)
		return 0;
	if (error == 0)
		code = spool_state_parse(b->data, b->len, i, &why);
	else if (error != EBADMSG && error != ELOOP && error != EIO &&
		 error != ENXIO)
		return spool_fail(
		    f->spool, EX_TEMPFAIL, error, "read", name, e);
	if (code == EX_CONFIG)
		return err_set(e, EX_CONFIG, "open: %s/%s: %s", f->spool->path,
		    name, why.text);
	if (code != 0) {
		i->state.perhaps_sent = true;
		buf_reset(b);
	}
	return 0;
}

/* ---- without a claim */

int
spool_peek(struct spool *s, enum spool_place place, const char *id,
    struct spool_item *i, bool *busy, struct err *e)
{
	struct spool_measure m;
	struct find f;
	struct buf text;
	int code = find_open(&f, s, place, id, e);

	*i = (struct spool_item){ 0 };
	buf_init(&text, SIZE_MAX);
	if (code == 0) {
		*busy = flock(f.fd, LOCK_SH | LOCK_NB) == -1;
		if (!*busy)
			flock(f.fd, LOCK_UN);
		code = read_item(&f, &m, i, e);
	}
	if (code == 0)
		code = read_state(&f, i, &text, e);
	if (code != 0)
		spool_item_clear(i);
	buf_clear(&text);
	find_close(&f);
	return code;
}

/* ---- with one */

/* 0, EX_TEMPFAIL. */
static int
lock(const struct find *f, struct err *e)
{
	struct timespec nap = { .tv_nsec = CLAIM_NAP_MS * 1000000L };
	int tries;

	for (tries = 1; flock(f->fd, LOCK_EX | LOCK_NB) == -1; tries++) {
		if (errno != EWOULDBLOCK)
			return find_fail(f, EX_TEMPFAIL, errno, "lock", e);
		if (tries == CLAIM_TRIES)
			return err_set(e, EX_TEMPFAIL,
			    "lock: %s/%s: another process is at work on it",
			    f->spool->path, f->name);
		nanosleep(&nap, NULL);
	}
	return 0;
}

/* Is the file that we have locked still the one of that name? EX_NOINPUT. */
static int
check_name(const struct find *f, struct err *e)
{
	struct stat st;

	if (fstatat(f->spool->fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return find_fail(f, errno == ENOENT ? EX_NOINPUT : EX_TEMPFAIL,
		    errno, "open", e);
	if (st.st_dev != f->st.st_dev || st.st_ino != f->st.st_ino)
		return find_fail(f, EX_NOINPUT, ENOENT, "open", e);
	return 0;
}

/* Put what is damaged where a person looks; if that fails it stays. */
static void
set_aside(const struct find *f)
{
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];

	spool_name(to, SPOOL_BAD, f->id, "");
	if (spool_rename(f->spool, f->name, to, false) == -1)
		return;
	spool_name(from, f->place, f->id, SPOOL_STATE);
	spool_name(to, SPOOL_BAD, f->id, SPOOL_STATE);
	spool_rename(f->spool, from, to, true);
}

/* Item and state of a file that we have locked. What is damaged is claimed
 * only in bad/. */
static int
claim_read(struct spool_claim *c, const struct find *f, struct err *e)
{
	struct err why = ERR_NONE;
	int code = read_item(f, &c->measure, &c->item, &why);

	if (code == EX_DATAERR && f->place == SPOOL_BAD) {
		spool_item_clear(&c->item);
		memcpy(c->item.envelope.id, f->id, strlen(f->id) + 1);
		c->damaged = true;
		return 0;
	}
	if (code == 0)
		code = read_state(f, &c->item, &c->saved, &why);
	if (code == EX_DATAERR)
		set_aside(f);
	return code != 0 ? err_set(e, code, "%s", why.text) : 0;
}

static int
claim_open(struct spool_claim *c, struct find *f, struct err *e)
{
	int code = find_open(f, c->spool, c->place, f->id, e);

	if (code == EX_DATAERR && f->place != SPOOL_BAD)
		set_aside(f);
	if (code == 0)
		code = lock(f, e);
	if (code == 0)
		code = spool_log_catch_up(c->spool, f->id, e);
	if (code == 0)
		code = check_name(f, e);
	if (code == 0)
		code = claim_read(c, f, e);
	return code;
}

int
spool_claim(struct spool *s, enum spool_place place, const char *id,
    struct spool_claim **out, struct err *e)
{
	struct spool_claim *c = mem_new(1, sizeof(*c));
	struct find f = { .id = id, .fd = -1 };
	int code;

	c->spool = s;
	c->fd = -1;
	c->place = place;
	buf_init(&c->saved, SIZE_MAX);
	code = spool_log_before_claim(s, id, e);
	if (code == 0)
		code = claim_open(c, &f, e);
	if (code == 0) {
		c->fd = f.fd;
		c->crc = c->measure.head_crc;
		*out = c;
		return 0;
	}
	find_close(&f);
	spool_release(c);
	return code;
}

void
spool_release(struct spool_claim *c)
{
	if (c == NULL)
		return;
	/* Closed, not unlocked: a child may have taken the claim over. */
	if (c->fd != -1)
		spool_log_unlock(c->spool, c->item.envelope.id, c->fd);
	spool_item_clear(&c->item);
	buf_clear(&c->saved);
	free(c);
}

struct spool_item *
spool_item(struct spool_claim *c)
{
	return &c->item;
}

/* ---- its text */

bool
spool_is_damaged(const struct spool_claim *c)
{
	return c->damaged;
}

/* Read a chunk for what it adds to the checksum, if it is the next one. */
static int
read_chunk(struct spool_claim *c, void *p, size_t n, uint64_t at)
{
	if (spool_pread(c->fd, p, n, c->measure.head + at) == -1)
		return -1;
	if (at == 0) {
		c->seen = 0;
		c->crc = c->measure.head_crc;
	}
	if (at == c->seen) {
		c->crc = crc_add(c->crc, p, n);
		c->seen += n;
	}
	return 0;
}

/* Read all that was not read in a row. */
static int
read_rest(struct spool_claim *c)
{
	uint64_t left = c->measure.text - c->seen;
	char *p = mem_new(CLAIM_CHUNK, 1);
	int rc = 0;

	for (; rc == 0 && left > 0; left = c->measure.text - c->seen)
		rc = read_chunk(
		    c, p, left < CLAIM_CHUNK ? left : CLAIM_CHUNK, c->seen);
	free(p);
	return rc;
}

ssize_t
spool_read(struct spool_claim *c, void *p, size_t n, uint64_t at)
{
	int rc = 0;

	if (c->damaged) {
		errno = EBADMSG;
		return -1;
	}
	if (at >= c->measure.text)
		return 0;
	if (n > c->measure.text - at)
		n = (size_t)(c->measure.text - at);
	if (n > 0)
		rc = read_chunk(c, p, n, at);
	if (rc == 0 && at + n == c->measure.text) {
		rc = read_rest(c);
		if (rc == 0 && !spool_file_check_whole(&c->measure, c->crc)) {
			errno = EBADMSG;
			rc = -1;
		}
	}
	if (rc == -1 && errno == EBADMSG)
		c->damaged = true;
	return rc == -1 ? -1 : (ssize_t)n;
}
