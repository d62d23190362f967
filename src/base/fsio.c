/* SPDX-License-Identifier: ISC */
/* fsio: files done properly. */

#include "base/fsio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stream.h"
#include "base/sys.h"
#include "base/text.h"

enum { FSIO_LOCK_NAP_MS = 20, FSIO_RANDOM = 6 /* letters of mkostemp(3) */ };

#define FSIO_TEMP ".tmp-"

bool
fsio_is_private(const struct stat *st, const char *group)
{
	char room[4096];
	struct group g, *found = NULL;

	if ((st->st_mode & 077) == 0)
		return true;
	return (st->st_mode & 037) == 0 &&
	       getgrgid_r(st->st_gid, &g, room, sizeof(room), &found) == 0 &&
	       found != NULL && strcmp(found->gr_name, group) == 0;
}

const char *
fsio_mode_text(mode_t mode, char text[8])
{
	snprintf(text, 8, "%04o", (unsigned)mode & 07777);
	return text;
}

int
fsio_check_writers(
    const char *path, const struct stat *st, uid_t a, uid_t b, struct err *e)
{
	char mode[8], other[32] = "";

	fsio_mode_text(st->st_mode, mode);
	if (st->st_uid != a && st->st_uid != b) {
		if (b != a)
			snprintf(
			    other, sizeof(other), " or uid %u", (unsigned)b);
		return err_set(e, EX_CONFIG,
		    "%s: must belong to uid %u%s%s: owner is uid %u, mode %s, "
		    "and we are uid %u",
		    path, (unsigned)a, a == 0 ? " (root)" : "", other,
		    (unsigned)st->st_uid, mode, (unsigned)geteuid());
	}
	if ((st->st_mode & 022) != 0)
		return err_set(e, EX_CONFIG,
		    "%s: must not be writable by group or others (chmod "
		    "go-w): owner is uid %u, mode %s, and we are uid %u",
		    path, (unsigned)st->st_uid, mode, (unsigned)geteuid());
	return 0;
}

/* The directory that path is in. To be freed. */
static char *
fsio_dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_dup(".");
	if (slash == path)
		return mem_dup("/");
	return mem_dup_n(path, (size_t)(slash - path));
}

static int
fsio_open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
fsio_sync_dir(int fd)
{
	return fsync(fd) == -1 && errno != EINVAL ? -1 : 0;
}

/*
 * Make one directory unless it is there; 0, or -1 with errno set. That its
 * name lasts is as good as we can: we may be barred from opening the parent.
 */
static int
fsio_make_dir(const char *path)
{
	struct stat st;
	char *parent;
	int fd;

	if (mkdir(path, 0700) == -1) {
		int saved = errno;

		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
		errno = saved == EEXIST ? ENOTDIR : saved;
		return -1;
	}
	parent = fsio_dir_of(path);
	fd = fsio_open_dir(parent);
	if (fd != -1) {
		fsio_sync_dir(fd);
		close(fd);
	}
	free(parent);
	return 0;
}

int
fsio_make_dirs(const char *path, struct err *e)
{
	char *part = mem_dup(path);
	char *slash = part;
	int rc = 0;

	while (rc == 0 && slash != NULL) {
		slash += strspn(slash, "/");
		slash = strchr(slash, '/');
		if (slash != NULL)
			*slash = '\0';
		if (fsio_make_dir(part) == -1)
			rc = err_set_errno(
			    e, EX_CANTCREAT, errno, "make directory: %s", part);
		if (slash != NULL)
			*slash = '/';
	}
	free(part);
	return rc;
}

/* Say why path does not open; where access is what fails, between whom. */
static int
fsio_say_closed(const char *path, int errnum, struct err *e)
{
	unsigned us = (unsigned)geteuid();
	struct stat st;
	char mode[8];

	if (errnum != EACCES)
		err_set_errno(e, EX_NOINPUT, errnum, "open: %s", path);
	else if (stat(path, &st) == -1)
		err_set(e, EX_NOINPUT,
		    "open: %s: %s (a directory above it is closed to uid %u)",
		    path, strerror(errnum), us);
	else
		err_set(e, EX_NOINPUT,
		    "open: %s: %s (owner uid %u, mode %s; we are uid %u)", path,
		    strerror(errnum), (unsigned)st.st_uid,
		    fsio_mode_text(st.st_mode, mode), us);
	errno = errnum;
	return EX_NOINPUT;
}

int
fsio_open_read(const char *path, int *fd, struct stat *st, struct err *e)
{
	int f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (f == -1)
		return fsio_say_closed(path, errno, e);
	if (fstat(f, st) == -1) {
		rc = fsio_say_closed(path, errno, e);
	} else if (!S_ISREG(st->st_mode)) {
		rc = err_set(
		    e, EX_NOINPUT, "open: %s: not a regular file", path);
		errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	} else {
		*fd = f;
		return 0;
	}
	close(f);
	return rc;
}

int
fsio_read_all(int fd, const char *path, struct buf *b, struct err *e)
{
	struct stream_source s = stream_from_fd(fd);
	char chunk[8192];
	ssize_t got;
	int rc = 0;

	while (rc == 0 && (got = s.read(&s, chunk, sizeof(chunk))) != 0) {
		if (got == -1)
			rc =
			    err_set_errno(e, EX_IOERR, errno, "read: %s", path);
		else if (!buf_add(b, chunk, (size_t)got))
			rc = err_set(e, EX_DATAERR,
			    "read: %s: larger than %zu octets", path, b->max);
	}
	buf_wipe(chunk, sizeof(chunk)); /* it may be a key */
	return rc;
}

/*
 * A file on its way to replace another: temp stands beside path until it takes
 * its name. The directory is opened first: later is too late to fail.
 */
struct fsio_reserve {
	char *path;
	char *dir;
	char *temp; /* NULL: there is none, or it has its final name */
	mode_t mode;
	uid_t uid; /* -1: as it comes */
	gid_t gid;
	int dir_fd;
	int fd;
};

static const char *
fsio_base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* A template for mkostemp(3): hidden, and named after path. To be freed. */
static char *
fsio_template(const char *dir, const char *path)
{
	return mem_printf("%s/.%s" FSIO_TEMP "XXXXXX", dir, fsio_base_of(path));
}

/* Is that the name of a temporary file for path? */
static bool
fsio_is_temp(const char *name, const char *path)
{
	const char *base = fsio_base_of(path);
	size_t n = strlen(base);

	return name[0] == '.' && strncmp(name + 1, base, n) == 0 &&
	       text_starts(name + 1 + n, FSIO_TEMP) &&
	       strlen(name + 1 + n) == strlen(FSIO_TEMP) + FSIO_RANDOM;
}

void
fsio_sweep(const char *path)
{
	char *dir = fsio_dir_of(path);
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(dir);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (fsio_is_temp(entry->d_name, path) &&
		    fstatat(dirfd(d), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_uid == geteuid())
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d != NULL)
		closedir(d);
	free(dir);
}

static void
fsio_drop_temp(struct fsio_reserve *r)
{
	if (r->temp != NULL)
		unlink(r->temp);
	free(r->temp);
	r->temp = NULL;
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
}

/* Make the temporary file, instead of one that has its final name. */
static int
fsio_make_temp(struct fsio_reserve *r, struct err *e)
{
	char *temp = fsio_template(r->dir, r->path);
	int fd = mkostemp(temp, O_CLOEXEC);

	if (fd == -1) {
		free(temp);
		return err_set_errno(
		    e, EX_CANTCREAT, errno, "make temporary file");
	}
	fsio_drop_temp(r);
	r->temp = temp;
	r->fd = fd;
	/* First the owner: that may take bits of the mode away. */
	if ((r->uid != (uid_t)-1 && fchown(fd, r->uid, r->gid) == -1) ||
	    fchmod(fd, r->mode) == -1)
		return err_set_errno(e, EX_CANTCREAT, errno,
		    "set owner and mode of temporary file");
	return 0;
}

/* like: whose owner, group and mode it gets, else those of the moment. */
static int
fsio_begin(struct fsio_reserve *r, const char *path, mode_t mode,
    const struct stat *like, struct err *e)
{
	r->path = mem_dup(path);
	r->dir = fsio_dir_of(path);
	r->temp = NULL;
	r->mode = like != NULL ? like->st_mode & 07777 : mode;
	r->uid = like != NULL ? like->st_uid : (uid_t)-1;
	r->gid = like != NULL ? like->st_gid : (gid_t)-1;
	r->fd = -1;
	r->dir_fd = fsio_open_dir(r->dir);
	if (r->dir_fd == -1)
		return err_set_errno(e, EX_CANTCREAT, errno, "open directory");
	return fsio_make_temp(r, e);
}

static void
fsio_end(struct fsio_reserve *r)
{
	fsio_drop_temp(r);
	if (r->dir_fd != -1)
		close(r->dir_fd);
	free(r->dir);
	free(r->path);
}

/* Give the temporary file its content for good; 0, or -1 with errno set. What
 * is there already is written over first and cut then: that needs no space. */
static int
fsio_write_temp(const struct fsio_reserve *r, const void *p, size_t n)
{
	struct stream_sink s = stream_to_fd(r->fd);

	if (lseek(r->fd, 0, SEEK_SET) == -1 || s.write(&s, p, n) == -1 ||
	    ftruncate(r->fd, (off_t)n) == -1)
		return -1;
	return fsync(r->fd);
}

/* Keep the old content under that name. It is for a person to look at: where
 * there is none, or no second name can be had, that is no failure. */
static void
fsio_keep_old(const struct fsio_reserve *r, const char *keep)
{
	if (keep == NULL)
		return;
	unlink(keep);
	(void)!link(r->path, keep);
}

static int
fsio_put(struct fsio_reserve *r, const void *p, size_t n, const char *keep,
    struct err *e)
{
	int rc = 0;

	/* Its predecessor has the final name: it must not be written over. */
	if (r->temp == NULL) {
		rc = fsio_make_temp(r, e);
		keep = NULL;
	}
	if (rc != 0)
		return rc;
	if (fsio_write_temp(r, p, n) == -1)
		return err_set_errno(e, EX_IOERR, errno, "write");
	fsio_keep_old(r, keep);
	if (rename(r->temp, r->path) == -1)
		return err_set_errno(e, EX_CANTCREAT, errno, "rename");
	free(r->temp);
	r->temp = NULL;
	if (fsio_sync_dir(r->dir_fd) == -1)
		return err_set_errno(e, EX_IOERR, errno, "sync directory");
	return 0;
}

static int
fsio_replace_as(const char *path, mode_t mode, const struct stat *like,
    const void *p, size_t n, struct err *e)
{
	struct fsio_reserve r;
	int rc = fsio_begin(&r, path, mode, like, e);

	if (rc == 0)
		rc = fsio_put(&r, p, n, NULL, e);
	if (rc != 0)
		err_wrap(e, "replace: %s", path);
	fsio_end(&r);
	return rc;
}

int
fsio_replace(
    const char *path, mode_t mode, const void *p, size_t n, struct err *e)
{
	return fsio_replace_as(path, mode, NULL, p, n, e);
}

int
fsio_replace_like(const char *path, const struct stat *like, const void *p,
    size_t n, struct err *e)
{
	return fsio_replace_as(path, 0, like, p, n, e);
}

/* Octets are written, not only allocated: some file systems take space for
 * a second writing of what was never written once. */
static int
fsio_take_space(const struct fsio_reserve *r, size_t size)
{
	static const char blank[4096];
	struct stream_sink s = stream_to_fd(r->fd);
	size_t k;

	for (; size > 0; size -= k) {
		k = size < sizeof(blank) ? size : sizeof(blank);
		if (s.write(&s, blank, k) == -1)
			return -1;
	}
	return fsync(r->fd);
}

int
fsio_reserve(const char *path, mode_t mode, size_t size,
    struct fsio_reserve **out, struct err *e)
{
	struct fsio_reserve *r = mem_new(1, sizeof(*r));
	int rc = fsio_begin(r, path, mode, NULL, e);

	if (rc == 0 && fsio_take_space(r, size) == -1)
		rc = err_set_errno(e, EX_IOERR, errno, "write");
	if (rc == 0) {
		*out = r;
		return 0;
	}
	err_wrap(e, "reserve space: %s", path);
	fsio_unreserve(r);
	return rc;
}

int
fsio_fill(struct fsio_reserve *r, const void *p, size_t n, const char *keep,
    struct err *e)
{
	int rc = fsio_put(r, p, n, keep, e);

	if (rc != 0)
		err_wrap(e, "replace: %s", r->path);
	return rc;
}

void
fsio_unreserve(struct fsio_reserve *r)
{
	if (r == NULL)
		return;
	fsio_end(r);
	free(r);
}

static void
fsio_nap(void)
{
	const struct timespec nap = { 0, FSIO_LOCK_NAP_MS * 1000000L };

	nanosleep(&nap, NULL);
}

/* Lock fd before due; 0, or -1 with errno set (EWOULDBLOCK: it was late). */
static int
fsio_wait_lock(int fd, int64_t due)
{
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EINTR &&
		    (errno != EWOULDBLOCK || sys_mono() >= due))
			return -1;
		fsio_nap();
	}
	return 0;
}

/* Is fd still the file that path names? It may be replaced as we wait. */
static bool
fsio_is_at(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int
fsio_lock_fd(int fd, const char *path, int64_t due, struct err *e)
{
	if (fsio_wait_lock(fd, due) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(e, EX_TEMPFAIL,
		    "lock: %s: another process holds it; try again later",
		    path);
	return err_set_errno(e, EX_CANTCREAT, errno, "lock: %s", path);
}

int
fsio_lock(const char *path, int64_t due, int *fd, struct err *e)
{
	int f, rc;

	for (;;) {
		f = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (f == -1)
			return err_set_errno(
			    e, EX_CANTCREAT, errno, "lock: %s", path);
		rc = fsio_lock_fd(f, path, due, e);
		if (rc == 0 && fsio_is_at(f, path)) {
			*fd = f;
			return 0;
		}
		close(f);
		if (rc != 0)
			return rc;
	}
}

/* Not every file system knows O_TMPFILE. -1 with errno set. */
static int
fsio_unnamed_in(const char *dir)
{
	/* O_EXCL: nor can it ever be given a name. */
	int fd = open(dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	char *temp;

	if (fd != -1)
		return fd;
	temp = fsio_template(dir, "osmtp");
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd != -1)
		unlink(temp);
	free(temp);
	return fd;
}

int
fsio_unnamed(const char *const *dirs, size_t n, int *fd, struct err *e)
{
	int f = -1;
	size_t i;

	for (i = 0; i < n && f == -1; i++) {
		if (dirs[i] != NULL)
			f = fsio_unnamed_in(dirs[i]);
	}
	if (f == -1)
		f = memfd_create("osmtp", MFD_CLOEXEC);
	if (f == -1)
		return err_set_errno(
		    e, EX_CANTCREAT, errno, "make temporary file");
	/* Exactly, whatever the umask or the kernel think. */
	if (fchmod(f, 0600) == -1) {
		err_set_errno(
		    e, EX_CANTCREAT, errno, "make temporary file: set mode");
		close(f);
		return EX_CANTCREAT;
	}
	*fd = f;
	return 0;
}
