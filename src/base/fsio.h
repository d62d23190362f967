/* SPDX-License-Identifier: ISC */
/*
 * fsio: files done properly: owner and mode looked at on the descriptor,
 * whole files replaced atomically and durably, locks, directories of our own.
 *
 * Must not know: what a file means.
 */
#ifndef BASE_FSIO_H
#define BASE_FSIO_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Make path and its missing parents, mode 0700. EX_CANTCREAT. */
int fsio_make_dirs(const char *path, struct err *e);

/*
 * Open path for reading (O_CLOEXEC, O_NONBLOCK so that a FIFO cannot hold us,
 * regular files only) and fill *st. EX_NOINPUT with path, owner, mode and our
 * uid in the text where access is what fails; e->code is EX_NOINPUT, and
 * errno tells ENOENT apart.
 */
int fsio_open_read(const char *path, int *fd, struct stat *st, struct err *e);

/* All of fd into b, which has a maximum: beyond it EX_DATAERR. */
int fsio_read_all(int fd, const char *path, struct buf *b, struct err *e);

/*
 * Replace path by n octets: temporary file beside it, write, fsync, rename,
 * fsync of the directory. mode is set exactly. EX_CANTCREAT or EX_IOERR; the
 * old content is whole then, and no temporary is left. (Where only the last
 * step fails, the new content is there, but a crash may still take it back.)
 */
int fsio_replace(
    const char *path, mode_t mode, const void *p, size_t n, struct err *e);

/* The same with the owner, group and mode of like; EX_CANTCREAT if we may not
 * give them. */
int fsio_replace_like(const char *path, const struct stat *like, const void *p,
    size_t n, struct err *e);

/*
 * The same in two steps, for content that must not be lost once it exists (a
 * one-use refresh token): first the space, then the octets.
 *
 * fsio_reserve() makes the temporary file beside path, fills it to size octets
 * and syncs it: whatever can fail for want of space or permission fails here.
 * fsio_fill() puts n <= size octets into it (padded by the caller, or cut
 * there), syncs, renames, syncs the directory; it may be called again after a
 * failure, also with another content. fsio_unreserve() ends it in any case and
 * removes a temporary file that is left. keep: a hard link to the old content
 * stays there as that name (NULL: it goes).
 *
 * EX_CANTCREAT, EX_IOERR.
 */
struct fsio_reserve;
int fsio_reserve(const char *path, mode_t mode, size_t size,
    struct fsio_reserve **out, struct err *e);
int fsio_fill(struct fsio_reserve *r, const void *p, size_t n, const char *keep,
    struct err *e);
void fsio_unreserve(struct fsio_reserve *r); /* takes NULL */

/*
 * Remove the temporary files of the functions above that were for path and lost
 * their process. To be called under a lock that all who replace path hold, or
 * where one that loses its file need not succeed. What can't be removed stays.
 */
void fsio_sweep(const char *path);

/* Sync an open directory: 0, or -1 with errno. Where the file system can't
 * (EINVAL), that is no failure. */
int fsio_sync_dir(int fd);

/*
 * Take the lock that path stands for (flock; made with mode 0600) and keep it
 * until *fd is closed. Waits until the instant due of sys_mono(), then
 * EX_TEMPFAIL. EX_CANTCREAT if the file can't be made.
 */
int fsio_lock(const char *path, int64_t due, int *fd, struct err *e);

/* The same for a file that is open. EX_TEMPFAIL, EX_CANTCREAT. */
int fsio_lock_fd(int fd, const char *path, int64_t due, struct err *e);

/*
 * A file without a name, mode 0600, in the first of the n directories that
 * takes one (each may be NULL or absent), else in memory. It is gone when *fd
 * is closed. EX_CANTCREAT.
 */
int fsio_unnamed(const char *const *dirs, size_t n, int *fd, struct err *e);

/* May a secret lie in it: mode 0600, or 0640 with that group, or less? */
bool fsio_is_private(const struct stat *st, const char *group);

/* Can nobody but a and b have written what is in it? EX_CONFIG, with owner,
 * mode and our uid: it belongs to another, or group or others may write. */
int fsio_check_writers(
    const char *path, const struct stat *st, uid_t a, uid_t b, struct err *e);

/* "0640", for messages about modes. */
const char *fsio_mode_text(mode_t mode, char text[8]);

#endif
