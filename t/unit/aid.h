/* SPDX-License-Identifier: ISC */
/*
 * aid: what several unit tests need: a directory of their own, whole small
 * files, and a child whose end and last words are looked at.
 */
#ifndef T_AID_H
#define T_AID_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static char aid_dir[PATH_MAX / 2];

static inline int
aid_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Fixtures: make aid_dir, and remove it with all that is in it. */
static inline void
aid_make_dir(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(aid_dir, sizeof(aid_dir), "%s/osmtp-unit.XXXXXX",
	    base != NULL && *base != '\0' ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(aid_dir));
}

static inline void
aid_remove_dir(void)
{
	nftw(aid_dir, aid_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* "aid_dir/name"; good until eight more were asked for. */
static inline const char *
aid_path(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, PATH_MAX, "%s/%s", aid_dir, name);
	return path;
}

static inline void
aid_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* What the descriptor gives until its end, in a buffer of size octets. */
static inline const char *
aid_drain(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	return text;
}

static inline const char *
aid_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	aid_drain(fd, text, size);
	close(fd);
	return text;
}

/*
 * Run fn in a child; its standard error goes to text. Returns the status of
 * waitpid(2). A child that comes back from fn exits with 0.
 */
static inline int
aid_child(void (*fn)(void), char *text, size_t size)
{
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		fn();
		_exit(0);
	}
	close(fds[1]);
	aid_drain(fds[0], text, size);
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

#endif
