/* SPDX-License-Identifier: ISC */
/* Test base/fsio: modes, whole replacements, locks, files without a name. */

#include "base/fsio.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>

#include "aid.h"
#include "base/sys.h"

enum { NOBODY = 65534 };

/* Entries of a directory, "." and ".." aside. */
static int
entries(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			n++;
	}
	closedir(d);
	return n;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(mode_is_octal)
{
	char text[8];

	ck_assert_str_eq(fsio_mode_text(0640, text), "0640");
	ck_assert_str_eq(fsio_mode_text(0, text), "0000");
	ck_assert_str_eq(fsio_mode_text(S_IFREG | 04755, text), "4755");
	ck_assert_str_eq(fsio_mode_text((mode_t)-1, text), "7777");
}
END_TEST

START_TEST(dirs_are_made_private)
{
	struct err e = ERR_NONE;

	ck_assert_int_eq(fsio_make_dirs(aid_path("a/b//c/"), &e), 0);
	ck_assert_uint_eq(mode_of(aid_path("a")), 0700);
	ck_assert_uint_eq(mode_of(aid_path("a/b/c")), 0700);
	/* What is there stays as it is. */
	ck_assert_int_eq(chmod(aid_path("a"), 0755), 0);
	ck_assert_int_eq(fsio_make_dirs(aid_path("a/b/d"), &e), 0);
	ck_assert_int_eq(fsio_make_dirs(aid_path("a/b/d"), &e), 0);
	ck_assert_uint_eq(mode_of(aid_path("a")), 0755);
	ck_assert_int_eq(fsio_make_dirs("/", &e), 0);
	ck_assert_int_eq(e.code, 0);
}
END_TEST

START_TEST(dirs_need_no_file_in_the_way)
{
	struct err e = ERR_NONE;

	aid_write(aid_path("file"), "");
	ck_assert_int_eq(fsio_make_dirs(aid_path("file"), &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, strerror(ENOTDIR)));
	ck_assert_int_eq(
	    fsio_make_dirs(aid_path("file/sub/sub"), &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, "/file: "));
	ck_assert_int_eq(fsio_make_dirs("", &e), EX_CANTCREAT);
}
END_TEST

START_TEST(read_gives_all)
{
	struct err e = ERR_NONE;
	const char *path = aid_path("file");
	struct stat st;
	struct buf b;
	int fd = -1;

	aid_write(path, "content\n");
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(fsio_open_read(path, &fd, &st, &e), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	buf_init(&b, 8);
	ck_assert_int_eq(fsio_read_all(fd, path, &b, &e), 0);
	ck_assert_str_eq(b.data, "content\n");
	ck_assert_int_eq(e.code, 0);
	buf_clear(&b);
	close(fd);
}
END_TEST

START_TEST(read_is_bounded)
{
	struct err e = ERR_NONE;
	const char *path = aid_path("file");
	struct stat st;
	struct buf b;
	int fd = -1;

	aid_write(path, "content\n");
	ck_assert_int_eq(fsio_open_read(path, &fd, &st, &e), 0);
	buf_init(&b, 7);
	ck_assert_int_eq(fsio_read_all(fd, path, &b, &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert_ptr_nonnull(strstr(e.text, "larger than 7 octets"));
	close(fd);
	ck_assert_int_eq(fsio_read_all(-1, path, &b, &e), EX_IOERR);
	buf_clear(&b);
}
END_TEST

START_TEST(absent_is_told_apart)
{
	struct err e = ERR_NONE;
	struct stat st;
	int fd = -1;

	errno = 0;
	ck_assert_int_eq(
	    fsio_open_read(aid_path("none"), &fd, &st, &e), EX_NOINPUT);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(e.code, EX_NOINPUT);
	ck_assert_ptr_nonnull(strstr(e.text, aid_path("none")));
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(only_regular_files_open)
{
	struct err e = ERR_NONE;
	struct stat st;
	int fd = -1;

	ck_assert_int_eq(mkfifo(aid_path("fifo"), 0600), 0);
	ck_assert_int_eq(
	    fsio_open_read(aid_path("fifo"), &fd, &st, &e), EX_NOINPUT);
	ck_assert_int_ne(errno, ENOENT);
	ck_assert_ptr_nonnull(strstr(e.text, "not a regular file"));
	ck_assert_int_eq(fsio_open_read(aid_dir, &fd, &st, &e), EX_NOINPUT);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(fd, -1);
}
END_TEST

/* Root may read anything, so root becomes somebody else for this. */
START_TEST(no_access_says_between_whom)
{
	struct err shut = ERR_NONE, inside = ERR_NONE;
	const char *path = aid_path("secret");
	uid_t us = geteuid();
	int fd = -1, shut_errno;
	char words[64];
	struct stat st;

	aid_write(path, "x");
	ck_assert_int_eq(mkdir(aid_path("closed"), 0), 0);
	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert_int_eq(chmod(aid_dir, 0711), 0);
	if (us == 0)
		ck_assert_int_eq(seteuid(NOBODY), 0);
	fsio_open_read(path, &fd, &st, &shut);
	shut_errno = errno;
	fsio_open_read(aid_path("closed/x"), &fd, &st, &inside);
	snprintf(words, sizeof(words),
	    "(owner uid %u, mode 0000; we are uid %u)", (unsigned)us,
	    (unsigned)geteuid());
	ck_assert_int_eq(seteuid(us), 0);
	ck_assert_int_eq(shut.code, EX_NOINPUT);
	ck_assert_int_eq(shut_errno, EACCES);
	ck_assert_ptr_nonnull(strstr(shut.text, path));
	ck_assert_ptr_nonnull(strstr(shut.text, words));
	ck_assert_int_eq(inside.code, EX_NOINPUT);
	ck_assert_ptr_nonnull(strstr(inside.text, "directory above it"));
	ck_assert_int_eq(chmod(aid_path("closed"), 0700), 0);
}
END_TEST

START_TEST(replace_sets_content_and_mode)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	const char *path = aid_path("file");
	struct err e = ERR_NONE;
	mode_t old;
	char text[64];
	int rc;

	aid_write(path, "old, and longer than the new");
	old = umask(masks[_i]);
	rc = fsio_replace(path, 0644, "new", 3, &e);
	umask(old);
	ck_assert_msg(rc == 0, "%s", e.text);
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "new");
	ck_assert_uint_eq(mode_of(path), 0644);
	ck_assert_int_eq(fsio_replace(path, 0600, NULL, 0, &e), 0);
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "");
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(entries(aid_dir), 1);
}
END_TEST

START_TEST(replace_makes_what_is_not_there)
{
	struct err e = ERR_NONE;
	char text[64], here[PATH_MAX];

	ck_assert_int_eq(fsio_replace(aid_path("a"), 0600, "1", 1, &e), 0);
	ck_assert_str_eq(aid_read(aid_path("a"), text, sizeof(text)), "1");
	/* A name without a directory is in the current one. */
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_int_eq(chdir(aid_dir), 0);
	ck_assert_int_eq(fsio_replace("b", 0600, "2", 1, &e), 0);
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_str_eq(aid_read(aid_path("b"), text, sizeof(text)), "2");
}
END_TEST

START_TEST(replace_swaps_a_link_for_a_file)
{
	struct err e = ERR_NONE;
	char text[64];

	aid_write(aid_path("target"), "kept");
	ck_assert_int_eq(symlink("target", aid_path("link")), 0);
	ck_assert_int_eq(fsio_replace(aid_path("link"), 0600, "new", 3, &e), 0);
	ck_assert_str_eq(
	    aid_read(aid_path("target"), text, sizeof(text)), "kept");
	ck_assert_str_eq(aid_read(aid_path("link"), text, sizeof(text)), "new");
}
END_TEST

START_TEST(failed_rename_leaves_nothing)
{
	const char *path = aid_path("dir");
	struct err e = ERR_NONE;

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(fsio_replace(path, 0600, "x", 1, &e), EX_CANTCREAT);
	ck_assert_int_eq(e.code, EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert_int_eq(entries(aid_dir), 1);
	ck_assert_int_eq(entries(path), 0);
	ck_assert_int_eq(
	    fsio_replace(aid_path("none/x"), 0600, "x", 1, &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, "none/x"));
	ck_assert_int_eq(fsio_replace(path, 0600, "x", 1, NULL), EX_CANTCREAT);
}
END_TEST

START_TEST(failed_write_leaves_the_old)
{
	static const char much[20000];
	struct rlimit old, tight;
	const char *path = aid_path("file");
	struct err e = ERR_NONE;
	char text[64];
	int rc;

	aid_write(path, "old");
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 10000;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
	rc = fsio_replace(path, 0600, much, sizeof(much), &e);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	ck_assert_int_eq(rc, EX_IOERR);
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert_ptr_nonnull(strstr(e.text, strerror(EFBIG)));
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "old");
	ck_assert_int_eq(entries(aid_dir), 1);
}
END_TEST

/* Only root can give a file away; a group of our own anybody can. */
START_TEST(replace_like_another)
{
	const char *path = aid_path("file");
	struct err e = ERR_NONE;
	struct stat like, st;
	char text[64];

	aid_write(path, "old");
	ck_assert_int_eq(stat(path, &like), 0);
	like.st_mode = S_IFREG | 0640;
	if (geteuid() == 0)
		like.st_uid = like.st_gid = NOBODY;
	ck_assert_int_eq(fsio_replace_like(path, &like, "new", 3, &e), 0);
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "new");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(st.st_uid, like.st_uid);
	ck_assert_uint_eq(st.st_gid, like.st_gid);
	if (geteuid() != 0) {
		like.st_uid = 0;
		ck_assert_int_eq(
		    fsio_replace_like(path, &like, "x", 1, &e), EX_CANTCREAT);
		ck_assert_ptr_nonnull(strstr(e.text, "set owner"));
		ck_assert_str_eq(aid_read(path, text, sizeof(text)), "new");
	}
	ck_assert_int_eq(entries(aid_dir), 1);
}
END_TEST

START_TEST(reserve_then_fill)
{
	const char *path = aid_path("file"), *keep = aid_path("kept");
	struct fsio_reserve *r = NULL;
	struct err e = ERR_NONE;
	mode_t old = umask(0777);
	char text[64];

	ck_assert_int_eq(fsio_reserve(path, 0640, 10000, &r, &e), 0);
	umask(old);
	ck_assert_int_eq(entries(aid_dir), 1);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(fsio_fill(r, "first", 5, keep, &e), 0);
	fsio_unreserve(r);
	/* Cut to its length; there was nothing to keep. */
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "first");
	ck_assert_uint_eq(mode_of(path), 0640);
	ck_assert_int_eq(entries(aid_dir), 1);

	ck_assert_int_eq(fsio_reserve(path, 0600, 4, &r, &e), 0);
	ck_assert_int_eq(fsio_fill(r, "2nd", 3, keep, &e), 0);
	fsio_unreserve(r);
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "2nd");
	ck_assert_str_eq(aid_read(keep, text, sizeof(text)), "first");
	ck_assert_int_eq(fsio_reserve(path, 0600, 4, &r, &e), 0);
	ck_assert_int_eq(fsio_fill(r, "3rd", 3, keep, &e), 0);
	fsio_unreserve(r);
	ck_assert_str_eq(aid_read(keep, text, sizeof(text)), "2nd");
	ck_assert_int_eq(entries(aid_dir), 2);
}
END_TEST

START_TEST(reserve_that_is_given_up)
{
	const char *path = aid_path("file");
	struct fsio_reserve *r = NULL;
	struct err e = ERR_NONE;
	char text[64];

	aid_write(path, "old");
	ck_assert_int_eq(fsio_reserve(path, 0600, 10, &r, &e), 0);
	fsio_unreserve(r);
	fsio_unreserve(NULL);
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "old");
	ck_assert_int_eq(entries(aid_dir), 1);
	ck_assert_int_eq(
	    fsio_reserve(aid_path("none/x"), 0600, 1, &r, &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, "none/x"));
}
END_TEST

/* Where there is no room, that is known before anything is put in. */
START_TEST(reserve_without_room)
{
	struct fsio_reserve *r = NULL;
	struct rlimit old, tight;
	struct err e = ERR_NONE;
	int rc;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 10000;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
	rc = fsio_reserve(aid_path("file"), 0600, 20000, &r, &e);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	ck_assert_int_eq(rc, EX_IOERR);
	ck_assert_ptr_nonnull(strstr(e.text, strerror(EFBIG)));
	ck_assert_ptr_null(r);
	ck_assert_int_eq(entries(aid_dir), 0);
}
END_TEST

START_TEST(fill_again_after_a_failure)
{
	const char *path = aid_path("file");
	struct fsio_reserve *r = NULL;
	struct err e = ERR_NONE;
	char text[64];

	ck_assert_int_eq(fsio_reserve(path, 0600, 100, &r, &e), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(
	    fsio_fill(r, "a longer text", 13, NULL, &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(fsio_fill(r, "text", 4, NULL, &e), 0);
	fsio_unreserve(r);
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "text");
	ck_assert_int_eq(entries(aid_dir), 1);
}
END_TEST

/* What has its final name is never written over in place. */
START_TEST(fill_again_after_success)
{
	const char *path = aid_path("file"), *keep = aid_path("kept");
	struct fsio_reserve *r = NULL;
	struct err e = ERR_NONE;
	char text[64];
	int fd;

	aid_write(path, "old");
	ck_assert_int_eq(fsio_reserve(path, 0600, 100, &r, &e), 0);
	ck_assert_int_eq(fsio_fill(r, "first", 5, keep, &e), 0);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(fsio_fill(r, "second", 6, keep, &e), 0);
	fsio_unreserve(r);
	ck_assert_str_eq(aid_drain(fd, text, sizeof(text)), "first");
	close(fd);
	ck_assert_str_eq(aid_read(path, text, sizeof(text)), "second");
	ck_assert_str_eq(aid_read(keep, text, sizeof(text)), "old");
	ck_assert_int_eq(entries(aid_dir), 2);
}
END_TEST

/* Only what the functions above have left; a file of somebody's own that is
 * hidden, too, stays. */
START_TEST(sweep_removes_what_was_left)
{
	static const char *const left[] = { ".key.tmp-aB3dE6",
		".key.tmp-000000" },
				 *const own[] = { ".key.backup",
					 ".key.tmp-aB3dE67", ".key.tmp-aB3d",
					 ".key2.tmp-aB3dE6", "key.tmp-aB3dE6",
					 ".ke.tmp-aB3dE6", ".tmp-aB3dE6",
					 "key" };
	size_t i;

	for (i = 0; i < 2; i++)
		aid_write(aid_path(left[i]), "half a k");
	for (i = 0; i < 8; i++)
		aid_write(aid_path(own[i]), "own");
	ck_assert_int_eq(mkdir(aid_path(".key.tmp-folder"), 0700), 0);
	fsio_sweep(aid_path("key"));
	ck_assert_int_eq(entries(aid_dir), 9);
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(access(aid_path(own[i]), F_OK), 0);
	fsio_sweep(aid_path("none/key"));
}
END_TEST

/* .. by the names that they really have. */
START_TEST(sweep_knows_the_names)
{
	const char *path = aid_path("file");
	struct fsio_reserve *r = NULL;
	struct err e = ERR_NONE;

	ck_assert_int_eq(fsio_reserve(path, 0600, 10, &r, &e), 0);
	ck_assert_int_eq(entries(aid_dir), 1);
	fsio_sweep(path);
	ck_assert_int_eq(entries(aid_dir), 0);
	fsio_unreserve(r);
}
END_TEST

START_TEST(directories_are_synced)
{
	int fd = open(aid_dir, O_RDONLY | O_DIRECTORY);

	ck_assert_int_eq(fsio_sync_dir(fd), 0);
	close(fd);
	ck_assert_int_eq(fsio_sync_dir(fd), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(lock_excludes_until_closed)
{
	const char *path = aid_path("lock");
	struct err e = ERR_NONE;
	int first = -1, second = -1;
	int64_t begun;

	ck_assert_int_eq(fsio_lock(path, 0, &first, &e), 0);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(fcntl(first, F_GETFD), FD_CLOEXEC);
	begun = sys_mono();
	ck_assert_int_eq(
	    fsio_lock(path, begun + 100, &second, &e), EX_TEMPFAIL);
	ck_assert_int_ge(sys_mono() - begun, 100);
	ck_assert(err_is_soft(&e));
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert_int_eq(second, -1);
	close(first);
	ck_assert_int_eq(fsio_lock(path, 0, &second, &e), 0);
	close(second);
}
END_TEST

/* Hold the lock for a while in a child; in time, we get it. */
START_TEST(lock_waits_for_another)
{
	const struct timespec nap = { 0, 100 * 1000000 };
	const char *path = aid_path("lock");
	struct err e = ERR_NONE;
	int fds[2], fd = -1, status;
	int64_t begun;
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (fsio_lock(path, 0, &fd, &e) != 0 ||
		    write(fds[1], "x", 1) != 1)
			_exit(1);
		nanosleep(&nap, NULL);
		_exit(0);
	}
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	begun = sys_mono();
	ck_assert_int_eq(fsio_lock(path, begun + 20000, &fd, &e), 0);
	ck_assert_int_ge(sys_mono() - begun, 50);
	close(fd);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Who waited for a file that was replaced holds no lock that others see. */
START_TEST(lock_is_of_the_file_that_is_there)
{
	const struct timespec nap = { 0, 100 * 1000000 };
	const char *path = aid_path("lock");
	struct err e = ERR_NONE;
	int fd = -1, other = -1, status, old;
	pid_t pid;

	ck_assert_int_eq(fsio_lock(path, 0, &old, &e), 0);
	pid = fork();
	if (pid == 0) {
		nanosleep(&nap, NULL);
		_exit(unlink(path) != 0 || flock(old, LOCK_UN) != 0);
	}
	ck_assert_int_eq(fsio_lock(path, sys_mono() + 20000, &fd, &e), 0);
	ck_assert_int_eq(fsio_lock(path, 0, &other, &e), EX_TEMPFAIL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(old);
	close(fd);
}
END_TEST

START_TEST(lock_that_cannot_be_made)
{
	struct err e = ERR_NONE;
	int fd = -1;

	ck_assert_int_eq(
	    fsio_lock(aid_path("none/lock"), 0, &fd, &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, "none/lock"));
	aid_write(aid_path("file"), "");
	ck_assert_int_eq(symlink("file", aid_path("link")), 0);
	ck_assert_int_eq(fsio_lock(aid_path("link"), 0, &fd, &e), EX_CANTCREAT);
	ck_assert_int_eq(fd, -1);
}
END_TEST

static void
check_unnamed(const char *const *dirs, size_t n, bool in_dir)
{
	struct err e = ERR_NONE;
	struct stat st, dir;
	int fd = -1;
	char text[8];

	ck_assert_int_eq(fsio_unnamed(dirs, n, &fd, &e), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(stat(aid_dir, &dir), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert(!in_dir || st.st_dev == dir.st_dev);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(fd, "text", 4), 4);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_str_eq(aid_drain(fd, text, sizeof(text)), "text");
	ck_assert_int_eq(entries(aid_dir), 0);
	close(fd);
}

START_TEST(unnamed_has_no_name)
{
	const char *dirs[3] = { NULL, aid_path("none"), aid_dir };
	mode_t old = umask(0777);

	check_unnamed(dirs, 3, true);
	check_unnamed(dirs, 2, false);
	check_unnamed(NULL, 0, false);
	umask(old);
}
END_TEST

START_TEST(private_by_mode_and_group)
{
	struct group *g = getgrgid(getgid());
	const char *own = g != NULL ? g->gr_name : "";
	struct stat st;

	memset(&st, 0, sizeof(st));
	st.st_gid = getgid();
	st.st_mode = S_IFREG | 0600;
	ck_assert(fsio_is_private(&st, "no-such-group"));
	st.st_mode = S_IFREG | 0640;
	ck_assert(!fsio_is_private(&st, "no-such-group"));
	ck_assert(g == NULL || fsio_is_private(&st, own));
	st.st_mode = S_IFREG | 0660;
	ck_assert(!fsio_is_private(&st, own));
	st.st_mode = S_IFREG | 0644;
	ck_assert(!fsio_is_private(&st, own));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, aid_make_dir, aid_remove_dir);
	tcase_add_test(tc, mode_is_octal);
	tcase_add_test(tc, dirs_are_made_private);
	tcase_add_test(tc, dirs_need_no_file_in_the_way);
	tcase_add_test(tc, read_gives_all);
	tcase_add_test(tc, read_is_bounded);
	tcase_add_test(tc, absent_is_told_apart);
	tcase_add_test(tc, only_regular_files_open);
	tcase_add_test(tc, no_access_says_between_whom);
	tcase_add_loop_test(tc, replace_sets_content_and_mode, 0, 4);
	tcase_add_test(tc, replace_makes_what_is_not_there);
	tcase_add_test(tc, replace_swaps_a_link_for_a_file);
	tcase_add_test(tc, failed_rename_leaves_nothing);
	tcase_add_test(tc, failed_write_leaves_the_old);
	tcase_add_test(tc, replace_like_another);
	tcase_add_test(tc, reserve_then_fill);
	tcase_add_test(tc, reserve_that_is_given_up);
	tcase_add_test(tc, reserve_without_room);
	tcase_add_test(tc, fill_again_after_a_failure);
	tcase_add_test(tc, fill_again_after_success);
	tcase_add_test(tc, sweep_removes_what_was_left);
	tcase_add_test(tc, sweep_knows_the_names);
	tcase_add_test(tc, directories_are_synced);
	tcase_add_test(tc, lock_excludes_until_closed);
	tcase_add_test(tc, lock_waits_for_another);
	tcase_add_test(tc, lock_is_of_the_file_that_is_there);
	tcase_add_test(tc, lock_that_cannot_be_made);
	tcase_add_test(tc, unnamed_has_no_name);
	tcase_add_test(tc, private_by_mode_and_group);
}

int
main(void)
{
	return unit_main("fsio", add);
}
