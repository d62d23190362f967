/* SPDX-License-Identifier: ISC */
/*
 * spool_settle: results, on the disk.
 *
 * A result is a wish: ID is to be in that place, or gone, with that state. It
 * is applied at once, or noted in settle.log and applied with a batch; the
 * same function does both, and may find any part of it done. Removing needs no
 * room on the disk, so that a full queue drains.
 *
 * A state is written under a hidden name, synced, renamed. Room for one is
 * taken before an attempt (spool_check_record), so that what comes of it can
 * be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "gate/spool_part.h"

enum { SETTLE_RESERVE = 8 * 1024 };

/* ---- applying */

/* The file whose content it is to be: the one reserved, or a new one. */
static int
take_temp(struct spool *s, struct spool_temp *t)
{
	if (s->reserve.fd == -1)
		return spool_temp_open(s, t);
	*t = s->reserve;
	s->reserve.fd = -1;
	return 0;
}

/* Write the state file called name. EX_CANTCREAT, EX_IOERR. */
static int
put_state(struct spool *s, const char *name, const struct buf *text, bool sync,
    struct err *e)
{
	struct spool_temp t;
	int code = 0;

	if (take_temp(s, &t) == -1 || spool_temp_hide(s, &t) == -1)
		code = spool_fail(s, EX_CANTCREAT, errno, "make", name, e);
	else if (spool_pwrite(t.fd, text->data, text->len, 0) == -1 ||
		 ftruncate(t.fd, (off_t)text->len) == -1)
		code = spool_fail(s, EX_IOERR, errno, "write", name, e);
	else if (sync && fsync(t.fd) == -1)
		code = spool_fail(s, EX_IOERR, errno, "sync", name, e);
	else if (spool_rename(s, t.name, name, true) == -1)
		code = spool_fail(s, EX_CANTCREAT, errno, "rename to", name, e);
	else
		t.name[0] = '\0';
	spool_temp_close(s, &t);
	return code;
}

/* Unlink name if it is there. EX_IOERR. */
static int
drop(struct spool *s, const char *name, struct err *e)
{
	if (unlinkat(s->fd, name, 0) == -1 && errno != ENOENT)
		return spool_fail(s, EX_IOERR, errno, "remove", name, e);
	return 0;
}

/* The state where the message is to be, if it is to have one. */
static int
apply_state(
    struct spool *s, const struct spool_want *w, bool sync, struct err *e)
{
	char name[SPOOL_NAME_MAX];

	spool_name(name, w->to, w->id, SPOOL_STATE);
	if (w->state.len == 0)
		return drop(s, name, e);
	return put_state(s, name, &w->state, sync, e);
}

static int
apply_removal(
    struct spool *s, unsigned from, const struct spool_want *w, struct err *e)
{
	char name[SPOOL_NAME_MAX], state[SPOOL_NAME_MAX];
	int code;

	spool_name(name, from, w->id, "");
	spool_name(state, from, w->id, SPOOL_STATE);
	code = drop(s, name, e);
	return code == 0 ? drop(s, state, e) : code;
}

static int
apply_move(struct spool *s, unsigned from, const struct spool_want *w,
    bool sync, struct err *e)
{
	char old[SPOOL_NAME_MAX], new[SPOOL_NAME_MAX];
	struct stat st;
	int code;

	spool_name(old, from, w->id, "");
	spool_name(new, w->to, w->id, "");
	/* Else that one would have our state for a moment. */
	if (fstatat(s->fd, new, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return spool_fail(s, EX_CANTCREAT, EEXIST, "move to", new, e);
	code = apply_state(s, w, sync, e);
	if (code != 0)
		return code;
	if (spool_rename(s, old, new, false) == -1)
		return spool_fail(s, EX_CANTCREAT, errno, "move to", new, e);
	spool_name(old, from, w->id, SPOOL_STATE);
	return drop(s, old, e);
}

static int
sync_place(struct spool *s, unsigned place, const char *id, struct err *e)
{
	char name[SPOOL_NAME_MAX];

	spool_name(name, place, id, "");
	if (spool_sync_folder(s, name) == -1)
		return spool_fail(
		    s, EX_IOERR, errno, "sync the directory of", name, e);
	return 0;
}

int
spool_apply(struct spool *s, unsigned from, const struct spool_want *w,
    bool sync, struct err *e)
{
	int code;

	if (w->to == SPOOL_GONE)
		code = apply_removal(s, from, w, e);
	else if (w->to != from)
		code = apply_move(s, from, w, sync, e);
	else
		code = apply_state(s, w, sync, e);
	if (code == 0 && sync && w->to != SPOOL_GONE)
		code = sync_place(s, w->to, w->id, e);
	if (code == 0 && sync && w->to != from)
		code = sync_place(s, from, w->id, e);
	return code;
}

/* ---- the interface */

static int
settle(struct spool_claim *c, unsigned to, struct err *e)
{
	struct spool *s = c->spool;
	struct spool_want w = { .to = to };
	int code = 0;

	err_bug_if(c->place == SPOOL_GONE);
	if (c->damaged && to != c->place && to < SPOOL_BAD)
		return err_set(e, EX_DATAERR, "move: %s: it is damaged",
		    c->item.envelope.id);
	memcpy(w.id, c->item.envelope.id, sizeof(w.id));
	buf_init(&w.state, SIZE_MAX);
	if (to != SPOOL_GONE)
		spool_state_add_to(&w.state, &c->item);
	if (to == c->place && w.state.len == c->saved.len &&
	    memcmp(w.state.data, c->saved.data, w.state.len) == 0) {
		buf_clear(&w.state);
		return 0;
	}
	code = s->log != NULL ? spool_log_note(s, c, &w, e)
			      : spool_apply(s, c->place, &w, true, e);
	if (code == 0) {
		c->place = to;
		buf_clear(&c->saved);
		c->saved = w.state;
	} else {
		buf_clear(&w.state);
	}
	return code;
}

int
spool_save(struct spool_claim *c, struct err *e)
{
	return settle(c, c->place, e);
}

int
spool_remove(struct spool_claim *c, struct err *e)
{
	return settle(c, SPOOL_GONE, e);
}

int
spool_move(struct spool_claim *c, enum spool_place to, struct err *e)
{
	return settle(c, to, e);
}

/* Take room for a state; the space is there, not only promised. */
static int
reserve(struct spool *s, struct err *e)
{
	int error;

	if (s->reserve.fd != -1)
		return 0;
	if (spool_temp_open(s, &s->reserve) == -1)
		return spool_fail(
		    s, EX_CANTCREAT, errno, "reserve room", "new", e);
	error = posix_fallocate(s->reserve.fd, 0, SETTLE_RESERVE);
	if (error == 0)
		return 0;
	spool_temp_close(s, &s->reserve);
	return spool_fail(s, EX_IOERR, error, "reserve room", "new", e);
}

int
spool_check_record(struct spool *s, struct err *e)
{
	struct statvfs v;

	if (fstatvfs(s->fd, &v) == 0 && (v.f_flag & ST_RDONLY) != 0)
		return spool_fail(
		    s, EX_CANTCREAT, EROFS, "record results", SPOOL_LOG, e);
	return s->log != NULL ? spool_log_check(s, e) : reserve(s, e);
}
