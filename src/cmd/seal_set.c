/* SPDX-License-Identifier: ISC */
/*
 * seal_set: osmtp seal --set.
 *
 * The file is changed under a lock on it. First the whole configuration as it
 * would be then, includes in their places, is loaded from a file without a
 * name; only if it is good, and the value is what we put there, the file is
 * replaced.
 */
#include "cmd/seal_part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/stream.h"
#include "core/conf_edit.h"

enum { LOCK_MS = 10 * 1000 };

/* Load the candidates, with the one at path in place of the chosen one, and
 * look whether the secret is that blob. */
static int
try_files(
    const struct seal_job *s, const char *path, const char *blob, struct err *e)
{
	struct conf_source v[CONF_MAX_SOURCES];
	const struct profile_secret *secret = NULL;
	struct conf conf;
	size_t i;
	int rc;

	for (i = 0; i < s->n_files; i++) {
		v[i] = s->files[i];
		if (&s->files[i] != s->file)
			continue;
		v[i].path = (char *)path;
		v[i].given = true; /* no fault of it is passed over */
		v[i].owners[0] = geteuid();
	}
	memset(&conf, 0, sizeof(conf));
	rc = conf_load_files(&conf, v, s->n_files, &s->user, e);
	for (i = 0; rc == 0 && i < conf.set.n; i++) {
		const struct profile *p = &conf.set.v[i];

		if (strcmp(p->home->path, path) == 0 &&
		    strcmp(p->name, s->profile) == 0)
			secret = seal_secret_of(p, s->field);
	}
	if (rc == 0 && (secret == NULL || secret->form != PROFILE_SEALED ||
			   strcmp(secret->text, blob) != 0))
		rc = err_set(e, EX_CONFIG,
		    "%s: it would not be read as it was written", path);
	conf_clear(&conf);
	return rc;
}

/* Would the configuration be good with the change? */
static int
check_change(const struct seal_job *s, const struct conf_edit *c,
    const char *blob, struct err *e)
{
	struct err why = ERR_NONE;
	struct stream_sink sink;
	char *path, *tail;
	int fd, rc;

	rc = fsio_unnamed(NULL, 0, &fd, e);
	if (rc != 0)
		return rc;
	sink = stream_to_fd(fd);
	path = mem_printf("/proc/self/fd/%d", fd);
	if (sink.write(&sink, c->whole, c->whole_n) == -1)
		rc = err_set_errno(e, EX_IOERR, errno, "check: write");
	else if (try_files(s, path, blob, &why) != 0) {
		tail = why.text;
		if (text_starts(why.text, path))
			tail += strlen(path);
		rc = err_set(e, EX_CONFIG,
		    "%s%s (with the sealed secret in its place; nothing was "
		    "changed)",
		    tail != why.text ? c->path : "", tail);
	}
	free(path);
	close(fd);
	return rc;
}

/*
 * Prepare the change, and lock the file that it is for: found once to know
 * which file to lock, and once with nobody beside us.
 */
static int
lock_and_edit(const struct seal_job *s, const struct conf_edit_path *path,
    const char *blob, int64_t due, struct conf_edit *c, int *fd, struct err *e)
{
	struct conf_edit first = { 0 };
	int rc = conf_edit_set(s->file, path, blob, &first, e);

	if (rc == 0)
		rc = fsio_lock(first.path, due, fd, e);
	if (rc == 0) {
		rc = conf_edit_set(s->file, path, blob, c, e);
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
seal_set(const struct seal_job *s, const char *blob, struct err *e)
{
	struct conf_edit_path path = { { "profiles", s->profile, s->field },
		3 };
	const char *dot = strchr(s->field, '.');
	struct conf_edit c = { 0 };
	char *group = NULL;
	int64_t due = sys_mono() + LOCK_MS;
	int fd, rc;

	if (dot != NULL) {
		group = mem_dup_n(s->field, (size_t)(dot - s->field));
		path.names[2] = group;
		path.names[3] = dot + 1;
		path.n = 4;
	}
	do
		rc = lock_and_edit(s, &path, blob, due, &c, &fd, e);
	while (rc == EX_TEMPFAIL && sys_mono() < due);
	if (rc == 0) {
		rc = check_change(s, &c, blob, e);
		if (rc == 0)
			rc = fsio_replace_like(c.path, &c.like, c.text, c.n, e);
		close(fd);
	}
	if (rc == 0)
		printf("%s:%u: %s.%s is sealed\n", c.path, c.line, s->profile,
		    s->field);
	conf_edit_clear(&c);
	free(group);
	return rc;
}
