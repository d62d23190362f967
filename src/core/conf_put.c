/* SPDX-License-Identifier: ISC */
/*
 * conf_put: values put into a configuration file.
 *
 * The whole configuration as it would be, includes in their places, is loaded
 * from a file without a name; only if it is good, and says what was meant, the
 * file is replaced.
 */
#include "core/conf_put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/stream.h"
#include "base/sys.h"
#include "base/text.h"

enum { LOCK_MS = 10 * 1000 };

/* ---- keys as paths of settings */

/* keep owns what the path borrows. */
static struct conf_edit_path
path_of(const char *profile, const char *key, struct text_list *keep)
{
	struct conf_edit_path path = { { "profiles", profile, key }, 3 };
	const char *dot = strchr(key, '.');
	char *group;

	if (dot == NULL)
		return path;
	group = mem_dup_n(key, (size_t)(dot - key));
	text_list_add(keep, group);
	free(group);
	path.names[2] = keep->v[keep->n - 1];
	path.names[3] = dot + 1;
	path.n = 4;
	return path;
}

int
conf_put_where(const struct conf_source *s, const char *profile,
    const char *key, char **path, unsigned *line, struct err *e)
{
	struct text_list keep = { 0 };
	struct conf_edit_path where = path_of(profile, key, &keep);
	int rc = conf_edit_where(s, &where, path, line, e);

	text_list_clear(&keep);
	return rc;
}

/* ---- is it good? */

typedef bool judge_fn(const void *ctx, const struct profile *p);

/* Load the candidates, with the one at path in place of the chosen one, and ask
 * about the profile in it. *fits is left alone where that fails. */
static int
judge(const struct conf_put *q, const char *path, judge_fn *fn, bool *fits,
    struct err *e)
{
	struct conf_source v[CONF_MAX_SOURCES];
	struct conf conf;
	size_t i;
	int rc;

	for (i = 0; i < q->n_files; i++) {
		v[i] = q->files[i];
		if (&q->files[i] != q->file || strcmp(path, v[i].path) == 0)
			continue;
		v[i].path = (char *)path;
		v[i].given = true; /* no fault of it is passed over */
		v[i].owners[0] = geteuid();
	}
	memset(&conf, 0, sizeof(conf));
	rc = conf_load_files(&conf, v, q->n_files, q->user, e);
	if (rc == 0)
		*fits = false;
	for (i = 0; rc == 0 && i < conf.set.n; i++) {
		const struct profile *p = &conf.set.v[i];

		if (strcmp(p->home->path, path) == 0 &&
		    strcmp(p->name, q->profile) == 0)
			*fits = fn(q->ctx, p);
	}
	conf_clear(&conf);
	return rc;
}

static int
check_same(const struct conf_put *q, struct err *e)
{
	bool same = false;
	int rc;

	if (q->is_same == NULL)
		return 0;
	rc = judge(q, q->file->path, q->is_same, &same, e);
	if (rc == 0 && !same)
		rc = err_set(e, EX_TEMPFAIL,
		    "%s: somebody has changed \"%s\" in the meantime; nothing "
		    "was changed: try again",
		    q->file->path, q->profile);
	return rc;
}

/* Would the configuration be good with the change? */
static int
check_good(const struct conf_put *q, const struct conf_edit *c, struct err *e)
{
	struct err why = ERR_NONE;
	struct stream_sink sink;
	char *path, *tail;
	bool good = false;
	int fd, rc;

	rc = fsio_unnamed(NULL, 0, &fd, e);
	if (rc != 0)
		return rc;
	sink = stream_to_fd(fd);
	path = mem_printf("/proc/self/fd/%d", fd);
	if (sink.write(&sink, c->whole, c->whole_n) == -1) {
		rc = err_set_errno(e, EX_IOERR, errno, "check: write");
	} else if (judge(q, path, q->is_good, &good, &why) != 0) {
		tail = why.text;
		if (text_starts(why.text, path))
			tail += strlen(path);
		rc = err_set(e, EX_CONFIG,
		    "%s%s (as it would be; nothing was changed)",
		    tail != why.text ? c->path : "", tail);
	} else if (!good) {
		rc = err_set(e, EX_CONFIG,
		    "%s: it would not be read as it was written; nothing was "
		    "changed",
		    c->path);
	}
	free(path);
	close(fd);
	return rc;
}

/* ---- putting */

/*
 * Prepare the change, and lock the file that it is for: found once to know
 * which file to lock, and once with nobody beside us.
 */
static int
lock_and_edit(const struct conf_put *q, const struct conf_edit_value *v,
    int64_t due, struct conf_edit *c, int *fd, struct err *e)
{
	struct conf_edit first = { 0 };
	int rc = conf_edit_set_all(q->file, v, q->n_values, &first, e);

	if (rc == 0)
		rc = fsio_lock(first.path, due, fd, e);
	if (rc == 0) {
		fsio_sweep(first.path); /* secrets may lie in it */
		rc = conf_edit_set_all(q->file, v, q->n_values, c, e);
		if (rc == 0 && strcmp(first.path, c->path) != 0)
			rc = err_set(e, EX_TEMPFAIL,
			    "%s: somebody is changing it: try again",
			    first.path);
		if (rc != 0) {
			conf_edit_clear(c);
			close(*fd);
		}
	}
	conf_edit_clear(&first);
	return rc;
}

int
conf_put(const struct conf_put *q, char **path, unsigned *line, struct err *e)
{
	struct conf_edit_value v[CONF_EDIT_VALUES];
	int64_t due = sys_mono() + LOCK_MS;
	struct text_list keep = { 0 };
	struct conf_edit c = { 0 };
	size_t i;
	int fd, rc;

	err_bug_if(q->n_values == 0 || q->n_values > CONF_EDIT_VALUES);
	for (i = 0; i < q->n_values; i++) {
		v[i].path = path_of(q->profile, q->values[i].key, &keep);
		v[i].text = q->values[i].text;
	}
	do
		rc = lock_and_edit(q, v, due, &c, &fd, e);
	while (rc == EX_TEMPFAIL && sys_mono() < due);
	if (rc == 0) {
		rc = check_same(q, e);
		if (rc == 0)
			rc = check_good(q, &c, e);
		if (rc == 0)
			rc = fsio_replace_like(c.path, &c.like, c.text, c.n, e);
		close(fd);
	}
	if (rc == 0) {
		*path = mem_dup(c.path);
		*line = c.line;
	}
	conf_edit_clear(&c);
	text_list_clear(&keep);
	return rc;
}

/* The directory that path is in. To be freed. */
static char *
dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_dup(".");
	return slash == path ? mem_dup("/")
			     : mem_dup_n(path, (size_t)(slash - path));
}

/* May we give a file of ours to that group? */
static bool
is_our_group(gid_t gid)
{
	gid_t *v;
	bool found = gid == getegid() || geteuid() == 0;
	int i, n = getgroups(0, NULL);

	v = mem_new(n > 0 ? (size_t)n : 1, sizeof(*v));
	n = n > 0 ? getgroups(n, v) : 0;
	for (i = 0; i < n && !found; i++)
		found = v[i] == gid;
	free(v);
	return found;
}

int
conf_put_check(const char *path, struct err *e)
{
	char *real = realpath(path, NULL), *dir;
	struct stat st;
	int rc = 0;

	if (real == NULL || stat(real, &st) == -1) {
		rc = err_set_errno(e, EX_NOPERM, errno, "%s", path);
		free(real);
		return rc;
	}
	dir = dir_of(real);
	if (geteuid() != 0 && st.st_uid != geteuid())
		rc = err_set(e, EX_NOPERM,
		    "%s: it belongs to uid %u, and we are uid %u: run this as "
		    "its owner or as root",
		    real, (unsigned)st.st_uid, (unsigned)geteuid());
	else if (!is_our_group(st.st_gid))
		rc = err_set(e, EX_NOPERM,
		    "%s: its group is gid %u, which we are not in, and the "
		    "file that replaces it must have it, too",
		    real, (unsigned)st.st_gid);
	else if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == -1)
		rc =
		    err_set_errno(e, errno == EACCES ? EX_NOPERM : EX_CANTCREAT,
			errno, "%s: can't be replaced: %s", real, dir);
	free(dir);
	free(real);
	return rc;
}
