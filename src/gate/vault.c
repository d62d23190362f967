/* SPDX-License-Identifier: ISC */
/*
 * vault: named blobs in a private directory.
 *
 * NAME.blob holds a blob, NAME.lock is locked while somebody renews it. The
 * lock is a file of its own that is never removed: a blob is replaced by
 * rename, and a lock on the old inode would protect nothing.
 */
#include "gate/vault.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

#define MARK "osmtp-vault " /* whatever the version */
#define FORM MARK "1 plain\n"

enum {
	MARK_LEN = sizeof(MARK) - 1,
	FORM_LEN = sizeof(FORM) - 1,
	MAX_FILE = FORM_LEN + VAULT_MAX_BLOB,
	MAX_NAME = 200 /* encoded; leaves room for suffixes below NAME_MAX */
};

/* The path of the file that holds name's suffix, or NULL with *e set. */
static char *
path_of(const char *dir, const char *name, const char *suffix, struct err *e)
{
	struct buf encoded;
	char *path = NULL;

	buf_init(&encoded, MAX_NAME);
	text_add_percent(&encoded, name, strlen(name));
	if (encoded.full || encoded.len == 0)
		err_set(e, EX_CANTCREAT, "%s: \"%.40s\": not usable as a name",
		    dir, name);
	else
		path = mem_printf("%s/%s%s", dir, encoded.data, suffix);
	buf_clear(&encoded);
	return path;
}

/* Read at most n octets up to the end of the file; -1 with errno. */
static ssize_t
read_whole(int fd, char *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, p + have, n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* The content without its first line goes to out. */
static int
unpack(const char *path, const char *p, size_t n, struct secret *out,
    struct err *e)
{
	if (n >= FORM_LEN && memcmp(p, FORM, FORM_LEN) == 0) {
		if (n > MAX_FILE)
			return err_set(e, EX_DATAERR,
			    "%s: longer than %d octets", path, MAX_FILE);
		secret_set(out, p + FORM_LEN, n - FORM_LEN);
		return 0;
	}
	if (n >= MARK_LEN && memcmp(p, MARK, MARK_LEN) == 0)
		return err_set(e, EX_DATAERR,
		    "%s: written in a form that this version does not know",
		    path);
	return err_set(
	    e, EX_DATAERR, "%s: not a file of osmtp, or damaged", path);
}

/* Is the blob ours alone? Whoever may read it could use it. */
static int
check_private(const char *path, const struct stat *st, struct err *e)
{
	char mode[8];

	if (st->st_uid == geteuid() && (st->st_mode & 077) == 0)
		return 0;
	return err_set(e, EX_NOPERM,
	    "%s: must belong to uid %u with mode 0600: owner is uid %u, mode "
	    "%s",
	    path, (unsigned)geteuid(), (unsigned)st->st_uid,
	    fsio_mode_text(st->st_mode, mode));
}

static int
read_blob(const char *path, struct secret *out, struct err *e)
{
	enum { ROOM = MAX_FILE + 1 }; /* one more shows what is too long */
	struct stat st;
	char *content;
	ssize_t n;
	int fd, rc;

	errno = 0;
	rc = fsio_open_read(path, &fd, &st, e);
	if (rc != 0) {
		if (errno == EACCES || errno == EPERM)
			rc = EX_NOPERM;
		else if (errno != ENOENT && errno != ENOTDIR)
			rc = EX_DATAERR;
		if (e != NULL)
			e->code = rc;
		return rc;
	}
	rc = check_private(path, &st, e);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	content = mem_new(ROOM, 1);
	n = read_whole(fd, content, ROOM);
	if (n < 0)
		rc = err_set_errno(e, EX_DATAERR, errno, "%s: read", path);
	else
		rc = unpack(path, content, (size_t)n, out, e);
	buf_wipe(content, ROOM);
	free(content);
	close(fd);
	return rc;
}

int
vault_read(const char *dir, const char *name, struct secret *out, struct err *e)
{
	char *path = path_of(dir, name, ".blob", e);
	int rc;

	if (path == NULL)
		return EX_CANTCREAT;
	rc = read_blob(path, out, e);
	free(path);
	return rc;
}

/* Make dir, and refuse one in which others could replace our files. */
static int
private_dir(const char *dir, struct err *e)
{
	struct stat st;
	char mode[8];
	int rc;

	rc = fsio_make_dirs(dir, e);
	if (rc != 0)
		return rc;
	if (stat(dir, &st) != 0)
		return err_set_errno(e, EX_CANTCREAT, errno, "%s", dir);
	if (st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return 0;
	return err_set(e, EX_CANTCREAT,
	    "%s: must belong to uid %u and not be writable by others: owner "
	    "is uid %u, mode %s",
	    dir, (unsigned)geteuid(), (unsigned)st.st_uid,
	    fsio_mode_text(st.st_mode, mode));
}

int
vault_write(
    const char *dir, const char *name, const struct secret *blob, struct err *e)
{
	size_t len = secret_len(blob);
	char *content, *path;
	int rc;

	if (len > VAULT_MAX_BLOB)
		return err_set(e, EX_CANTCREAT,
		    "%s: \"%s\": longer than %d octets", dir, name,
		    VAULT_MAX_BLOB);
	rc = private_dir(dir, e);
	if (rc != 0)
		return rc;
	path = path_of(dir, name, ".blob", e);
	if (path == NULL)
		return EX_CANTCREAT;
	content = mem_new(FORM_LEN + len, 1);
	memcpy(content, FORM, FORM_LEN);
	memcpy(content + FORM_LEN, secret_reveal(blob), len);
	rc = fsio_replace(path, 0600, content, FORM_LEN + len, e);
	buf_wipe(content, FORM_LEN + len);
	free(content);
	free(path);
	return rc;
}

int
vault_remove(const char *dir, const char *name, struct err *e)
{
	char *path = path_of(dir, name, ".blob", e);
	int rc = 0;

	if (path == NULL)
		return EX_CANTCREAT;
	if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
		rc = err_set_errno(e, EX_IOERR, errno, "%s: remove", path);
	free(path);
	return rc;
}

int
vault_lock(
    const char *dir, const char *name, int64_t due, int *fd, struct err *e)
{
	char *path;
	int rc;

	rc = private_dir(dir, e);
	if (rc != 0)
		return rc;
	path = path_of(dir, name, ".lock", e);
	if (path == NULL)
		return EX_CANTCREAT;
	rc = fsio_lock(path, due, fd, e);
	free(path);
	return rc;
}
