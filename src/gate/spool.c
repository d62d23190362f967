/* SPDX-License-Identifier: ISC */
/*
 * spool: the queue on disk; here: folders, names, temporary files.
 *
 * The states of a message. hh: the last two characters of ID, which are
 * random; NAME: random, 16 digits. "Locked": by flock(2), of one process and of
 * those that it forks, and gone with them.
 *
 * STATE     FILES                        A CRASH LEAVES            SWEPT BY
 *
 * building  a locked file in new/        nothing; .NAME unlocked   spool_sweep,
 *           without a name; where that                             after a week
 *           can't be, new/.NAME
 * named     queue/hh/ID, locked; synced  nothing, or it is ready:  -
 *           are file and folder, in this it is whole, or can be
 *           order; the caller was told   told by its trailer not
 *           nothing                      to be (bad)
 * ready     queue/hh/ID [+ ID.state]     the same                  -
 * claimed   the same, locked             ready                     the kernel
 * settling  the same, and new/.NAME for  .NAME; the old state or   spool_sweep,
 *           a state to be renamed        the new one               after a week
 *           the same, and a record in    the same; the record if   the next
 *           settle.log                   it was synced             batch or
 *                                                                  claim
 * moving    ID, and ID.state in both     ID in one place, with     spool_sweep
 *           places, the new one first    its state there; the      once ID is
 *                                        other state               gone
 * failed    failed/hh/ID [+ ID.state];   the same                  spool_sweep,
 *           its report, if one is due,                             after
 *           is queue/hh/R + ID                                     keep_failed
 * bad       bad/ID [+ ID.state]          the same                  a person
 * removing  ID.state alone               the same                  spool_sweep
 * gone      nothing                      nothing                   -
 *
 * Between processes: who holds the lock of a message's file alone reads and
 * writes its state, moves and removes it. A lock may be had on a file that has
 * lost its name meanwhile, so that the name is looked at again behind it. A
 * lister holds a shared lock for a moment. Who holds run.lock alone writes
 * settle.log; it keeps the locks of what it has noted there until it is
 * applied, so that a record of an item whose lock is to be had was left by a
 * process that is gone.
 *
 * Syncs: a file is synced after it got its name, then its folder. A sync that
 * failed is never tried again to learn more: it would succeed, and mean
 * nothing.
 */
#include "gate/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/sys.h"
#include "gate/spool_part.h"

static const char *const folders[] = { [SPOOL_QUEUE] = "queue",
	[SPOOL_FAILED] = "failed",
	[SPOOL_BAD] = "bad",
	[SPOOL_NEW] = "new" };

static const char id_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

int
spool_fail(const struct spool *s, int code, int errnum, const char *what,
    const char *name, struct err *e)
{
	return err_set_errno(e, code, errnum, "%s: %s/%s", what, s->path, name);
}

/* ---- items */

void
spool_item_clear(struct spool_item *i)
{
	envelope_clear(&i->envelope);
	free(i->profile);
	free(i->state.result);
	*i = (struct spool_item){ 0 };
}

bool
spool_is_open(const struct spool_item *i)
{
	size_t n;
	enum outcome_kind kind;

	for (n = 0; n < i->envelope.n_rcpts; n++) {
		kind = i->state.result[n].kind;
		if (kind != OUTCOME_DELIVERED && kind != OUTCOME_REFUSED)
			return true;
	}
	return false;
}

/* ---- names */

bool
spool_is_id(const char *text)
{
	if (*text == 'R' || *text == 'D' || *text == 'S')
		text++;
	return strspn(text, id_digits) == ENVELOPE_ID_LENGTH &&
	       text[ENVELOPE_ID_LENGTH] == '\0';
}

/* The hh of an ID. */
static const char *
hash_of(const char *id)
{
	return id + strlen(id) - 2;
}

void
spool_name(char name[SPOOL_NAME_MAX], unsigned place, const char *id,
    const char *suffix)
{
	if (place == SPOOL_BAD)
		snprintf(name, SPOOL_NAME_MAX, "bad/%s%s", id, suffix);
	else
		snprintf(name, SPOOL_NAME_MAX, "%s/%s/%s%s", folders[place],
		    hash_of(id), id, suffix);
}

bool
spool_is_at_home(const char *folder, const char *name)
{
	return spool_is_id(name) &&
	       (*folder == '\0' || strcmp(folder, hash_of(name)) == 0);
}

/* The folder that name is in; "." if there is no slash. */
static void
folder_of(const char *name, char folder[SPOOL_NAME_MAX])
{
	const char *slash = strrchr(name, '/');
	int len = slash != NULL ? (int)(slash - name) : 0;

	snprintf(folder, SPOOL_NAME_MAX, "%.*s", len, name);
	if (len == 0)
		snprintf(folder, SPOOL_NAME_MAX, ".");
}

/* ---- folders */

int
spool_sync_folder(struct spool *s, const char *name)
{
	char folder[SPOOL_NAME_MAX];
	int fd, rc, saved;

	folder_of(name, folder);
	fd = openat(s->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = fsio_sync_dir(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

/* Make the folder that name is in, and those above it, for good: 0, or -1
 * with errno set. */
static int
make_folder(struct spool *s, const char *name)
{
	char folder[SPOOL_NAME_MAX];
	int saved;

	folder_of(name, folder);
	if (mkdirat(s->fd, folder, 0700) == 0) {
		if (spool_sync_folder(s, folder) == 0)
			return 0;
		saved = errno;
		unlinkat(s->fd, folder, AT_REMOVEDIR);
		errno = saved;
		return -1;
	}
	if (errno == EEXIST)
		return 0;
	if (errno != ENOENT || strchr(folder, '/') == NULL ||
	    make_folder(s, folder) == -1)
		return -1;
	return make_folder(s, name);
}

/* Is the spool ours, and closed to others? */
static int
check_owner(const struct spool *s, struct err *e)
{
	struct stat st;
	char mode[8];

	if (fstat(s->fd, &st) == -1)
		return err_set_errno(e, EX_NOPERM, errno, "spool: %s", s->path);
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return err_set(e, EX_NOPERM,
		    "spool: %s: owner uid %u, mode %s; it must belong to us "
		    "(uid %u), and others may not write there",
		    s->path, (unsigned)st.st_uid,
		    fsio_mode_text(st.st_mode, mode), (unsigned)geteuid());
	return 0;
}

/* The folders; the last one is there only if all are. */
static int
make_folders(struct spool *s, struct err *e)
{
	static const char *const names[] = { "new/", "queue/", "failed/",
		"bad/" };
	struct stat st;
	size_t i;

	if (fstatat(s->fd, "bad", &st, 0) == 0)
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (make_folder(s, names[i]) == -1)
			return spool_fail(s, EX_CANTCREAT, errno,
			    "make directory", names[i], e);
	}
	return 0;
}

static int
open_root(struct spool *s, struct err *e)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, code;

	s->fd = open(s->path, flags);
	if (s->fd == -1 && errno == ENOENT) {
		code = fsio_make_dirs(s->path, e);
		if (code != 0)
			return code;
		s->fd = open(s->path, flags);
	}
	if (s->fd != -1)
		return 0;
	return err_set_errno(e, errno == EACCES ? EX_NOPERM : EX_CANTCREAT,
	    errno, "spool: %s (we are uid %u)", s->path, (unsigned)geteuid());
}

int
spool_open(const char *path, struct spool **out, struct err *e)
{
	struct spool *s = mem_new(1, sizeof(*s));
	int code;

	s->path = mem_dup(path);
	s->fd = -1;
	s->reserve.fd = -1;
	code = open_root(s, e);
	if (code == 0)
		code = check_owner(s, e);
	if (code == 0)
		code = make_folders(s, e);
	if (code == 0)
		*out = s;
	else
		spool_close(s);
	return code;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->log != NULL)
		spool_batch_end(s, NULL);
	spool_temp_close(s, &s->reserve);
	if (s->fd != -1)
		close(s->fd);
	free(s->path);
	free(s);
}

const char *
spool_path(const struct spool *s)
{
	return s->path;
}

int
spool_check_room(const struct spool *s, uint64_t size, uint64_t min_free,
    uint64_t min_inodes, struct err *e)
{
	struct statvfs v;
	uint64_t room;

	if (fstatvfs(s->fd, &v) == -1)
		return err_set_errno(
		    e, EX_TEMPFAIL, errno, "spool: %s", s->path);
	room = (uint64_t)v.f_bavail * v.f_frsize;
	if (size > room || room - size < min_free)
		return err_set(e, EX_TEMPFAIL,
		    "spool: %s: %llu MB are free; %llu MB must be left beside "
		    "the message's %llu MB",
		    s->path, (unsigned long long)room >> 20,
		    (unsigned long long)min_free >> 20,
		    (unsigned long long)size >> 20);
	/* Some file systems have as many as they have room. */
	if (v.f_files > 0 && v.f_favail < min_inodes)
		return err_set(e, EX_TEMPFAIL,
		    "spool: %s: %llu files more can be made; %llu must be left",
		    s->path, (unsigned long long)v.f_favail,
		    (unsigned long long)min_inodes);
	return 0;
}

/* ---- temporary files */

static void
make_hidden_name(char name[SPOOL_NAME_MAX])
{
	uint64_t chance;

	sys_random(&chance, sizeof(chance));
	snprintf(
	    name, SPOOL_NAME_MAX, "new/.%016llx", (unsigned long long)chance);
}

/* An unnamed file, if it can be given a name later: for that we need /proc, as
 * AT_EMPTY_PATH of linkat(2) is not for everybody. */
static int
open_unnamed(struct spool *s)
{
	if (access("/proc/self/fd", X_OK) == -1)
		return -1;
	return openat(s->fd, "new", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int
spool_temp_open(struct spool *s, struct spool_temp *t)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	t->name[0] = '\0';
	t->fd = open_unnamed(s);
	if (t->fd == -1) {
		make_hidden_name(t->name);
		t->fd = openat(s->fd, t->name, flags, 0600);
		if (t->fd == -1 && errno == ENOENT &&
		    make_folder(s, t->name) == 0)
			t->fd = openat(s->fd, t->name, flags, 0600);
		if (t->fd == -1)
			return -1;
	}
	if (flock(t->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	flags = errno;
	spool_temp_close(s, t);
	errno = flags;
	return -1;
}

void
spool_temp_close(struct spool *s, struct spool_temp *t)
{
	if (t->fd == -1)
		return;
	if (t->name[0] != '\0')
		unlinkat(s->fd, t->name, 0);
	close(t->fd);
	t->fd = -1;
}

/* rename(2) that replaces nothing. Where the kernel can't see to that, looking
 * first is enough: nobody but us makes this name now. */
static int
rename_new(int dir, const char *from, const char *to)
{
	struct stat st;

	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (fstatat(dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(dir, from, dir, to);
}

int
spool_rename(struct spool *s, const char *from, const char *to, bool replace)
{
	int tries, rc;

	for (tries = 0;; tries++) {
		rc = replace ? renameat(s->fd, from, s->fd, to)
			     : rename_new(s->fd, from, to);
		if (rc == 0 || errno != ENOENT || tries > 0)
			return rc;
		if (make_folder(s, to) == -1)
			return -1;
	}
}

/* linkat(2) of a descriptor. */
static int
link_fd(struct spool *s, int fd, const char *to)
{
	char from[32];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, s->fd, to, AT_SYMLINK_FOLLOW);
}

int
spool_temp_link(struct spool *s, struct spool_temp *t, const char *name)
{
	int rc;

	if (t->name[0] != '\0') {
		rc = spool_rename(s, t->name, name, false);
	} else {
		rc = link_fd(s, t->fd, name);
		if (rc == -1 && errno == ENOENT && make_folder(s, name) == 0)
			rc = link_fd(s, t->fd, name);
	}
	if (rc == 0)
		t->name[0] = '\0';
	return rc;
}

int
spool_temp_hide(struct spool *s, struct spool_temp *t)
{
	char name[SPOOL_NAME_MAX];

	if (t->name[0] != '\0')
		return 0;
	make_hidden_name(name);
	if (link_fd(s, t->fd, name) == -1)
		return -1;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return 0;
}

/* ---- octets */

int
spool_pread(int fd, void *p, size_t n, uint64_t at)
{
	char *to = p;
	ssize_t got;

	for (; n > 0; to += got, at += (size_t)got, n -= (size_t)got) {
		do
			got = pread(fd, to, n, (off_t)at);
		while (got == -1 && errno == EINTR);
		if (got == 0)
			errno = EBADMSG;
		if (got <= 0)
			return -1;
	}
	return 0;
}

int
spool_pwrite(int fd, const void *p, size_t n, uint64_t at)
{
	const char *from = p;
	ssize_t put;

	for (; n > 0; from += put, at += (size_t)put, n -= (size_t)put) {
		do
			put = pwrite(fd, from, n, (off_t)at);
		while (put == -1 && errno == EINTR);
		if (put <= 0)
			return -1;
	}
	return 0;
}

/* ---- walking */

struct walk {
	bool (*fn)(void *ctx, const char *folder, const char *name);
	void *ctx;
	bool stopped;
};

/* "hh"? */
static bool
is_hash(const char *name)
{
	return strspn(name, id_digits) == 2 && name[2] == '\0';
}

static DIR *
open_dir(struct spool *s, const char *name)
{
	int fd = openat(
	    s->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;

	if (d == NULL && fd != -1)
		close(fd);
	return d;
}

/* Show what is in the folder, or in its hh if it has such; 0, or -1 with
 * errno set. */
static int
walk_folder(struct spool *s, struct walk *w, const char *path, const char *hash,
    bool hashed)
{
	char inner[SPOOL_NAME_MAX];
	DIR *d = open_dir(s, path);
	struct dirent *entry;
	int rc = 0, saved;

	if (d == NULL) /* may have gone, or be no folder */
		return *hash != '\0' && (errno == ENOENT || errno == ENOTDIR ||
					    errno == ELOOP)
			   ? 0
			   : -1;
	errno = 0;
	while (rc == 0 && !w->stopped && (entry = readdir(d)) != NULL) {
		if (!hashed) {
			w->stopped = !w->fn(w->ctx, hash, entry->d_name);
		} else if (is_hash(entry->d_name)) {
			snprintf(inner, sizeof(inner), "%.8s/%.2s", path,
			    entry->d_name);
			rc = walk_folder(s, w, inner, entry->d_name, false);
		}
		if (rc == 0)
			errno = 0;
	}
	if (rc == 0 && !w->stopped && errno != 0)
		rc = -1;
	saved = errno;
	closedir(d);
	errno = saved;
	return rc;
}

int
spool_walk(struct spool *s, unsigned place,
    bool (*fn)(void *ctx, const char *folder, const char *name), void *ctx,
    struct err *e)
{
	struct walk w = { .fn = fn, .ctx = ctx };

	if (walk_folder(s, &w, folders[place], "", place < SPOOL_BAD) == -1)
		return spool_fail(
		    s, EX_NOINPUT, errno, "list", folders[place], e);
	return 0;
}

struct each {
	bool (*fn)(void *ctx, const char *id);
	void *ctx;
};

static bool
show_id(void *ctx, const char *folder, const char *name)
{
	struct each *each = ctx;

	return !spool_is_at_home(folder, name) || each->fn(each->ctx, name);
}

int
spool_each(struct spool *s, enum spool_place place,
    bool (*fn)(void *ctx, const char *id), void *ctx, struct err *e)
{
	struct each each = { fn, ctx };

	return spool_walk(s, place, show_id, &each, e);
}
