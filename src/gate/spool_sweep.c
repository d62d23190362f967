/* SPDX-License-Identifier: ISC */
/*
 * spool_sweep: what nobody needs any more.
 *
 * A hidden file in new/ that is not locked has lost its process; it is left
 * for a week nevertheless. A state is alone if its message is in no place: one
 * that is being moved is found in one of them, since it is looked for in the
 * queue twice.
 *
 * What is purged by its age might be purged by a wrong clock. So the times of
 * the file "swept" tell when the last sweep was (modified) and since when the
 * clock has been steady (accessed): it is if no sweep was long before the next
 * one or behind it. Only after a day of that is a message old.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "gate/spool_part.h"

#define SWEPT  "swept"
#define DAY_MS INT64_C(86400000)

struct sweep {
	struct spool *spool;
	unsigned place;
	int64_t now, keep_failed;
	size_t n;
};

static int64_t
ms_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

/* ---- drafts that lost their process */

static bool
sweep_draft(void *ctx, const char *folder, const char *name)
{
	struct sweep *w = ctx;
	char path[SPOOL_NAME_MAX];
	struct stat st;
	int fd;

	(void)folder;
	if (name[0] != '.' || strlen(name) != 17)
		return true;
	memcpy(path, "new/", 4);
	memcpy(path + 4, name, 18);
	fd = openat(w->spool->fd, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return true;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    w->now - ms_of(&st.st_mtim) > 7 * DAY_MS &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    unlinkat(w->spool->fd, path, 0) == 0)
		w->n++;
	close(fd);
	return true;
}

/* ---- states without a message */

static bool
has_message(struct spool *s, const char *id)
{
	static const unsigned order[] = { SPOOL_QUEUE, SPOOL_FAILED, SPOOL_BAD,
		SPOOL_QUEUE };
	char name[SPOOL_NAME_MAX];
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		spool_name(name, order[i], id, "");
		if (fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
		    errno != ENOENT)
			return true;
	}
	return false;
}

static bool
sweep_state(void *ctx, const char *folder, const char *name)
{
	struct sweep *w = ctx;
	char id[ENVELOPE_ID_MAX + 1], path[SPOOL_NAME_MAX];
	size_t len = strlen(name), end = sizeof(SPOOL_STATE) - 1;

	if (len < end || len - end >= sizeof(id) ||
	    strcmp(name + len - end, SPOOL_STATE) != 0)
		return true;
	memcpy(id, name, len - end);
	id[len - end] = '\0';
	if (!spool_is_at_home(folder, id) || has_message(w->spool, id))
		return true;
	spool_name(path, w->place, id, SPOOL_STATE);
	if (unlinkat(w->spool->fd, path, 0) == 0)
		w->n++;
	return true;
}

/* ---- failed messages */

/* Has the clock been steady for a day? Notes that it was looked at. */
static bool
is_steady(const struct sweep *w)
{
	int64_t gap = w->keep_failed > 7 * DAY_MS ? w->keep_failed : 7 * DAY_MS;
	int64_t last, since;
	struct timespec times[2];
	struct stat st;
	bool steady = false;
	int fd = openat(w->spool->fd, SWEPT,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd == -1)
		return false;
	if (fstat(fd, &st) == 0) {
		last = ms_of(&st.st_mtim);
		since = ms_of(&st.st_atim);
		if (w->now < last || w->now - last > gap || since > last)
			since = w->now;
		times[0] = (struct timespec){ since / 1000,
			(long)(since % 1000) * 1000000 };
		times[1] = (struct timespec){ w->now / 1000,
			(long)(w->now % 1000) * 1000000 };
		steady = futimens(fd, times) == 0 && w->now - since >= DAY_MS;
	}
	close(fd);
	return steady;
}

/* Its state tells; with none, nobody knows why it is there. */
static bool
is_old(const struct sweep *w, const struct spool_state *s)
{
	return s->last > 0 && !s->by_pause && !s->perhaps_sent &&
	       w->now - s->last > w->keep_failed;
}

static bool
sweep_failed(void *ctx, const char *id)
{
	struct sweep *w = ctx;
	struct spool_claim *c;

	if (spool_claim(w->spool, SPOOL_FAILED, id, &c, NULL) != 0)
		return true;
	if (is_old(w, &spool_item(c)->state) && spool_remove(c, NULL) == 0)
		w->n++;
	spool_release(c);
	return true;
}

int
spool_sweep(
    struct spool *s, int64_t now, int64_t keep_failed, size_t *n, struct err *e)
{
	struct sweep w = { .spool = s, .now = now, .keep_failed = keep_failed };
	int code = spool_walk(s, SPOOL_NEW, sweep_draft, &w, e);

	for (; code == 0 && w.place < SPOOL_PLACES; w.place++)
		code = spool_walk(s, w.place, sweep_state, &w, e);
	if (code == 0 && is_steady(&w) && keep_failed > 0)
		code = spool_each(s, SPOOL_FAILED, sweep_failed, &w, e);
	*n = w.n;
	return code;
}
