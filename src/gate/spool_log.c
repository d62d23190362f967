/* SPDX-License-Identifier: ISC */
/*
 * spool_log: settling in batches.
 *
 * settle.log has its full length from the beginning, written once, so that a
 * record needs no room and a sync of it no journal. A record is written when
 * its result is known; after at most SPOOL_BATCH of them one fdatasync(2) makes
 * them durable, then they are applied without a sync each. Now and then, and at
 * the end, one syncfs(2) makes that durable, too, and the log begins anew.
 *
 * A crash leaves records. Who gets run.lock applies them, from the first one:
 * they tell what is to be, so that it does not matter what is done already.
 * What can't be applied (a state, on a full disk) stays in the log, which does
 * not begin anew until it could be; its message stays locked.
 *
 * If the log itself fails, nothing can be noted any more (spool_check_record),
 * and what is known is applied with a sync each. If syncfs(2) fails, the log
 * stays, and is applied again by the next batch, which writes all anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "gate/spool_part.h"

#define RUN_LOCK "run.lock"

enum {
	LOG_SIZE = 256 * 1024,
	LOG_FRAME = 128,	/* more than a record needs beside its state */
	LOG_ENOUGH = 16 * 1024, /* room with which an attempt may begin */
	LOG_OLD_MS = 2000	/* so long others can't have what is noted */
};

/* A record that is not applied yet. */
struct note {
	struct spool_want want;
	int fd; /* of the claim that was ended meanwhile, or -1 */
};

struct spool_log {
	int lock; /* run.lock */
	int fd;
	size_t end;	/* behind the last record */
	uint32_t chain; /* the checksum there */
	struct note *v; /* at most one of an ID */
	size_t n, cap;
	unsigned fresh; /* records since the last sync */
	int64_t since;	/* sys_mono() of the first record */
	bool failed;	/* nothing is noted any more */
	bool is_void;	/* what was noted last may not be there */
};

static int
log_fail(const struct spool *s, int code, const char *what, struct err *e)
{
	return spool_fail(s, code, errno, what, SPOOL_LOG, e);
}

/* ---- notes */

static struct note *
note_of(const struct spool_log *g, const char *id)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (strcmp(g->v[i].want.id, id) == 0)
			return &g->v[i];
	}
	return NULL;
}

static void
note_end(struct note *note)
{
	spool_want_clear(&note->want);
	if (note->fd != -1)
		close(note->fd);
}

/* Put w in, instead of what was known of its ID; it is ours then. */
static void
note_put(struct spool_log *g, struct spool_want *w)
{
	struct note *note = note_of(g, w->id);

	if (note != NULL) {
		spool_want_clear(&note->want);
	} else {
		if (g->n == g->cap) {
			g->cap = g->cap > 0 ? 2 * g->cap : SPOOL_BATCH;
			g->v = mem_grow(g->v, g->cap, sizeof(*g->v));
		}
		note = &g->v[g->n++];
		note->fd = -1;
	}
	note->want = *w;
}

/* Where is the file that w is of? False if it is nowhere. */
static bool
find_place(struct spool *s, const struct spool_want *w, unsigned *place)
{
	char name[SPOOL_NAME_MAX];
	struct stat st;
	unsigned i;

	for (i = 0; i <= SPOOL_PLACES; i++) {
		/* First where it is to be, in case that is done. */
		*place = i == 0 ? w->to : i - 1;
		if (*place == SPOOL_GONE)
			continue;
		spool_name(name, *place, w->id, "");
		if (fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtim.tv_sec == w->written.tv_sec &&
		    st.st_mtim.tv_nsec == w->written.tv_nsec)
			return true;
	}
	return false;
}

/* Apply all that can be; what can't stays. */
static void
apply_notes(struct spool *s, struct spool_log *g, bool sync)
{
	unsigned place;
	size_t i, left = 0;

	for (i = 0; i < g->n; i++) {
		const struct spool_want *w = &g->v[i].want;

		if (!find_place(s, w, &place) ||
		    spool_apply(s, place, w, sync, NULL) == 0)
			note_end(&g->v[i]);
		else
			g->v[left++] = g->v[i];
	}
	g->n = left;
}

/* ---- the file */

/* Fill a new one; it counts only once its head is there. */
static int
make_file(struct spool *s, int fd)
{
	char *zeros = mem_new(LOG_SIZE, 1);
	int rc = spool_pwrite(fd, zeros, LOG_SIZE, 0);

	free(zeros);
	if (rc == 0)
		rc = fsync(fd);
	return rc == 0 ? spool_sync_folder(s, SPOOL_LOG) : -1;
}

/* Begin anew: 0, or -1 with errno set. In one sector, with the first record. */
static int
begin_file(struct spool_log *g)
{
	char head[2 * SPOOL_LOG_HEAD] = { 0 };
	uint64_t chance;

	sys_random(&chance, sizeof(chance));
	spool_record_make_head(head, chance, &g->chain);
	g->end = SPOOL_LOG_HEAD;
	g->since = 0;
	if (spool_pwrite(g->fd, head, sizeof(head), 0) == -1)
		return -1;
	return fdatasync(g->fd);
}

/* Nothing but NULs: made, and never begun? */
static bool
is_blank(const char *p, size_t n)
{
	while (n > 0 && p[n - 1] == '\0')
		n--;
	return n == 0;
}

/*
 * Read the n octets of a log at p into notes. EX_CONFIG. One that is damaged
 * has no records that could be told from junk: it is as an empty one.
 */
static int
parse_log(struct spool_log *g, const char *p, size_t n, struct err *e)
{
	struct spool_want w;
	struct err why = ERR_NONE;
	size_t len;
	int code;

	if (n < SPOOL_LOG_HEAD || is_blank(p, SPOOL_LOG_HEAD))
		return 0;
	code = spool_record_check_head(p, &g->chain, &why);
	if (code != 0)
		return code == EX_CONFIG
			   ? err_set(
				 e, code, "open: " SPOOL_LOG ": %s", why.text)
			   : 0;
	g->end = SPOOL_LOG_HEAD;
	for (;;) {
		w = (struct spool_want){ 0 };
		len = spool_record_parse(p + g->end, n - g->end, &g->chain, &w);
		if (len == 0)
			return 0;
		note_put(g, &w);
		g->end += len;
	}
}

/* Notes of what the log holds; g->end is 0 if it must begin anew. EX_CONFIG,
 * EX_IOERR. */
static int
load(struct spool *s, struct spool_log *g, struct err *e)
{
	char *p = mem_new(LOG_SIZE, 1);
	struct stat st;
	size_t n = 0;
	int code = 0;

	if (fstat(g->fd, &st) == -1)
		code = log_fail(s, EX_IOERR, "read", e);
	else
		n = st.st_size < LOG_SIZE ? (size_t)st.st_size : LOG_SIZE;
	if (code == 0 && spool_pread(g->fd, p, n, 0) == -1)
		code = log_fail(s, EX_IOERR, "read", e);
	if (code == 0)
		code = parse_log(g, p, n, e);
	free(p);
	return code;
}

/* What was applied becomes durable, and the log begins anew; unless something
 * could not be applied. EX_IOERR. */
static int
checkpoint(struct spool *s, struct spool_log *g, struct err *e)
{
	if (g->n > 0 || g->end == SPOOL_LOG_HEAD)
		return 0;
	if (g->end > SPOOL_LOG_HEAD && syncfs(s->fd) == -1) {
		g->failed = true;
		return log_fail(s, EX_IOERR, "sync what is in", e);
	}
	if (begin_file(g) == -1) {
		g->failed = g->is_void = true;
		return log_fail(s, EX_IOERR, "write", e);
	}
	return 0;
}

/* Take run.lock; false with errno set, EWOULDBLOCK if another has it. */
static bool
take_lock(struct spool *s, struct spool_log *g)
{
	g->lock = openat(s->fd, RUN_LOCK,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	return g->lock != -1 && flock(g->lock, LOCK_EX | LOCK_NB) == 0;
}

static void
log_free(struct spool_log *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		note_end(&g->v[i]);
	free(g->v);
	if (g->fd != -1)
		close(g->fd);
	if (g->lock != -1) {
		/* A child that we forked does not work through the queue. */
		flock(g->lock, LOCK_UN);
		close(g->lock);
	}
	free(g);
}

static struct spool_log *
log_new(void)
{
	struct spool_log *g = mem_new(1, sizeof(*g));

	g->lock = -1;
	g->fd = -1;
	return g;
}

/* Open settle.log, making it where it is absent or cut. EX_CANTCREAT. */
static int
open_file(struct spool *s, struct spool_log *g, struct err *e)
{
	struct stat st;

	g->fd = openat(s->fd, SPOOL_LOG,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (g->fd == -1 || fstat(g->fd, &st) == -1)
		return log_fail(s, EX_CANTCREAT, "open", e);
	if (st.st_size == LOG_SIZE || make_file(s, g->fd) == 0)
		return 0;
	return log_fail(s, EX_CANTCREAT, "make", e);
}

/* With run.lock: take what the log holds, apply it, begin anew. */
static int
recover(struct spool *s, struct spool_log *g, struct err *e)
{
	int code = load(s, g, e);

	if (code != 0)
		return code;
	apply_notes(s, g, false);
	return checkpoint(s, g, e);
}

/* ---- the batch */

int
spool_batch_begin(struct spool *s, struct err *e)
{
	struct spool_log *g = log_new();
	int code = 0;

	err_bug_if(s->log != NULL);
	if (!take_lock(s, g))
		code = errno == EWOULDBLOCK
			   ? err_set(e, EX_TEMPFAIL,
				 "lock: %s/" RUN_LOCK
				 ": another process works through the queue",
				 s->path)
			   : spool_fail(
				 s, EX_CANTCREAT, errno, "lock", RUN_LOCK, e);
	if (code == 0)
		code = open_file(s, g, e);
	if (code == 0)
		code = recover(s, g, e);
	if (code == 0)
		s->log = g;
	else
		log_free(g);
	return code;
}

int
spool_flush(struct spool *s, struct err *e)
{
	struct spool_log *g = s->log;
	int code = 0;

	if (g == NULL || (g->fresh == 0 && g->n == 0))
		return 0;
	if (g->fresh > 0 && fdatasync(g->fd) == -1) {
		g->failed = g->is_void = true;
		code = log_fail(s, EX_IOERR, "sync", e);
	}
	g->fresh = 0;
	apply_notes(s, g, g->failed);
	if (code == 0 && !g->failed &&
	    (g->end > LOG_SIZE / 2 || sys_mono() - g->since > LOG_OLD_MS))
		code = checkpoint(s, g, e);
	return code;
}

bool
spool_is_flushed(const struct spool *s)
{
	return s->log == NULL || s->log->fresh == 0;
}

int
spool_batch_end(struct spool *s, struct err *e)
{
	struct spool_log *g = s->log;
	int code;

	if (g == NULL)
		return 0;
	code = spool_flush(s, e);
	if (code == 0 && !g->failed)
		code = checkpoint(s, g, e);
	/* Where that could not be synced, the log has it, to do it again; but
	 * if it is the log that is void, there will be a new one. */
	if (g->is_void && g->n == 0 && syncfs(s->fd) == 0 &&
	    unlinkat(s->fd, SPOOL_LOG, 0) == 0)
		spool_sync_folder(s, SPOOL_LOG);
	s->log = NULL;
	log_free(g);
	return code;
}

/* ---- noting */

/* Make room for n octets; false if there can be none. */
static bool
make_room(struct spool *s, struct spool_log *g, size_t n)
{
	if (g->end + n <= LOG_SIZE)
		return true;
	return spool_flush(s, NULL) == 0 && checkpoint(s, g, NULL) == 0 &&
	       g->end + n <= LOG_SIZE;
}

/* What is too large for the log, and is not in it, goes to the disk at once. */
static int
note_large(struct spool *s, const struct spool_claim *c,
    const struct spool_want *w, struct err *e)
{
	if (s->log->end == SPOOL_LOG_HEAD)
		return spool_apply(s, c->place, w, true, e);
	return err_set(e, EX_IOERR,
	    "record: %s/" SPOOL_LOG
	    ": is full of results that can't be applied",
	    s->path);
}

/* Write it behind the others; if that fails, the log has failed. */
static void
write_record(struct spool_log *g, const struct spool_want *w)
{
	uint32_t chain = g->chain;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	spool_record_add_to(&b, w, &chain);
	if (spool_pwrite(g->fd, b.data, b.len, g->end) == -1) {
		g->failed = g->is_void = true;
	} else {
		if (g->end == SPOOL_LOG_HEAD)
			g->since = sys_mono();
		g->end += b.len;
		g->chain = chain;
	}
	buf_clear(&b);
}

/* Can't be noted: apply it at once, or keep it for the end of the batch. */
static int
apply_now(struct spool *s, struct spool_log *g, const char *id, struct err *e)
{
	apply_notes(s, g, true);
	if (note_of(g, id) == NULL)
		return 0;
	return err_set(e, EX_IOERR,
	    "record: %s: neither in %s/" SPOOL_LOG " nor beside it", id,
	    s->path);
}

int
spool_log_note(struct spool *s, struct spool_claim *c,
    const struct spool_want *w, struct err *e)
{
	struct spool_log *g = s->log;
	struct spool_want note = *w;
	struct stat st;

	if (fstat(c->fd, &st) == -1)
		return log_fail(s, EX_IOERR, "record", e);
	note.written = st.st_mtim;
	if (!g->failed && !make_room(s, g, LOG_FRAME + w->state.len) &&
	    !g->failed)
		return note_large(s, c, &note, e);
	if (!g->failed)
		write_record(g, &note);
	buf_init(&note.state, SIZE_MAX);
	buf_add(&note.state, w->state.data, w->state.len);
	note_put(g, &note);
	if (g->failed)
		return apply_now(s, g, note.id, e);
	g->fresh++;
	return g->fresh < SPOOL_BATCH ? 0 : spool_flush(s, e);
}

void
spool_log_unlock(struct spool *s, const char *id, int fd)
{
	struct note *note = s->log != NULL ? note_of(s->log, id) : NULL;

	if (note != NULL && note->fd == -1)
		note->fd = fd;
	else
		close(fd);
}

int
spool_log_check(struct spool *s, struct err *e)
{
	struct spool_log *g = s->log;

	if (g->failed)
		return err_set(e, EX_IOERR,
		    "record results: %s/" SPOOL_LOG
		    ": a write or sync of it has failed",
		    s->path);
	if (make_room(s, g, LOG_ENOUGH))
		return 0;
	return err_set(e, EX_IOERR,
	    "record results: %s/" SPOOL_LOG
	    ": is full of results that can't be applied",
	    s->path);
}

/* ---- claims */

static int
is_pending(const struct spool *s, const char *id, struct err *e)
{
	return err_set(e, EX_TEMPFAIL,
	    "claim: %s/" SPOOL_LOG ": holds results of %s that are not applied",
	    s->path, id);
}

int
spool_log_before_claim(struct spool *s, const char *id, struct err *e)
{
	if (s->log == NULL || note_of(s->log, id) == NULL)
		return 0;
	spool_flush(s, NULL);
	return note_of(s->log, id) == NULL ? 0 : is_pending(s, id, e);
}

/* Has the log of fd a first record? Else nothing of it needs to be read. */
static bool
has_records(int fd)
{
	char p[SPOOL_LOG_HEAD + 1];

	return spool_pread(fd, p, sizeof(p), 0) == 0 &&
	       p[SPOOL_LOG_HEAD] != '\0';
}

/* Open a log that was left; g->fd is -1 if there is none. EX_TEMPFAIL. */
static int
open_left(struct spool *s, struct spool_log *g, struct err *e)
{
	if (g->fd != -1)
		close(g->fd);
	g->fd = openat(
	    s->fd, SPOOL_LOG, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (g->fd == -1 && errno != ENOENT)
		return log_fail(s, EX_TEMPFAIL, "open", e);
	return 0;
}

/* Apply it if nobody else does; else see what is in it. */
static int
catch_up(struct spool *s, struct spool_log *g, struct err *e)
{
	int code;

	if (!take_lock(s, g))
		return load(s, g, e);
	code = open_left(s, g, e); /* the one of before may be another's */
	if (code == 0 && g->fd != -1)
		code = recover(s, g, e);
	return code;
}

int
spool_log_catch_up(struct spool *s, const char *id, struct err *e)
{
	struct spool_log *g;
	struct err why = ERR_NONE;
	int code;

	if (s->log != NULL)
		return 0;
	g = log_new();
	code = open_left(s, g, &why);
	if (code == 0 && g->fd != -1 && has_records(g->fd))
		code = catch_up(s, g, &why);
	if (code == 0 && note_of(g, id) != NULL)
		code = is_pending(s, id, &why);
	log_free(g);
	if (code != 0)
		err_set(
		    e, code == EX_CONFIG ? code : EX_TEMPFAIL, "%s", why.text);
	return code == 0 || code == EX_CONFIG ? code : EX_TEMPFAIL;
}
