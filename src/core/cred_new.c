/* SPDX-License-Identifier: ISC */
/*
 * cred_new: a new secret in place of one.
 *
 * A file of which the first line is the secret is replaced under a lock on it,
 * and only if it is still the one that was looked at.
 */
#include "core/cred_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/sys.h"

enum { LOCK_MS = 10 * 1000 };

bool
cred_new_is_old(const struct profile *p, const struct profile_secret *from,
    const struct secret *s)
{
	struct outcome o;
	struct secret old;
	bool same;

	secret_init(&old);
	same = cred_secret_read(p, from, OUTCOME_AT_AUTH, &old, &o) &&
	       cred_secret_is_same(&old, s);
	secret_clear(&old);
	return same;
}

static bool
is_as_it_was(const struct stat *was, const struct stat *st)
{
	return was->st_dev == st->st_dev && was->st_ino == st->st_ino &&
	       was->st_size == st->st_size &&
	       was->st_mtim.tv_sec == st->st_mtim.tv_sec &&
	       was->st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

/* The new content of the file, which is open and locked. */
static int
make_content(int fd, const char *path, const struct secret *s,
    struct secret *out, struct err *e)
{
	const char *rest;
	struct buf old;
	int rc;

	buf_init(&old, CRED_FILE_MAX);
	rc = fsio_read_all(fd, path, &old, e);
	if (rc == 0) {
		rest = memchr(old.data, '\n', old.len);
		secret_set(out, secret_reveal(s), secret_len(s));
		if (rest != NULL)
			secret_add(
			    out, rest, old.len - (size_t)(rest - old.data));
	}
	if (old.len > 0)
		buf_wipe(old.data, old.len);
	buf_clear(&old);
	return rc;
}

int
cred_new_store(const char *path, const struct stat *was, const struct secret *s,
    struct err *e)
{
	char *real = realpath(path, NULL);
	struct secret content;
	struct stat st;
	int fd, rc;

	if (real == NULL)
		return err_set_errno(e, EX_NOINPUT, errno, "%s", path);
	rc = fsio_lock(real, sys_mono() + LOCK_MS, &fd, e);
	if (rc == 0) {
		fsio_sweep(real); /* a secret may lie in it */
		secret_init(&content);
		if (fstat(fd, &st) == -1 || !is_as_it_was(was, &st))
			rc = err_set(e, EX_TEMPFAIL,
			    "%s: somebody has changed it in the meantime; "
			    "nothing was changed: try again",
			    path);
		if (rc == 0)
			rc = make_content(fd, path, s, &content, e);
		if (rc == 0)
			rc = fsio_replace_like(real, &st,
			    secret_reveal(&content), secret_len(&content), e);
		secret_clear(&content);
		close(fd);
	}
	free(real);
	return rc;
}
