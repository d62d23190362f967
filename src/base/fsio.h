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

/* "0640", for messages about modes. */
const char *fsio_mode_text(mode_t mode, char text[8]);

#endif
