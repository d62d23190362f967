/* SPDX-License-Identifier: ISC */
/*
 * fault: the calls on files of t/osmtp-fault, which is t/osmtp-test linked so
 * that each of them comes here first (the linker's --wrap; the list is in
 * ./calls). The environment says what is to happen:
 *
 *   OSMTP_FAULT_ROOT  calls on files below that folder count, and reads of
 *                     standard input, fork and socketpair
 *   OSMTP_FAULT_LOG   a file to append to
 *   OSMTP_FAULT       list            log each call: "N CALL PATH"
 *                     fail:N:ERRNO    call N fails, and does nothing
 *                     fail+:N:ERRNO   so do all later ones of its name
 *                     short:N         write N writes half
 *                     kill:N          the process dies before call N
 *                     killall:N       the whole process group does
 *                     record          log what was done to files, see record()
 *
 * N counts from 1 over the process and all that it forks, in the order in
 * which they come here. What strikes is logged as "list" would. An ERRNO is a
 * number. These variables are taken out of the environment at the start.
 *
 * The program's own calls come here, not those within libraries. A descriptor
 * counts if it was opened here below the folder; close(2) really closes even
 * where it fails, as Linux does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Both faces of a call that is wrapped. */
#define CALL(type, name, ...)            \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

CALL(int, open, const char *path, int flags, ...);
CALL(int, openat, int dir, const char *path, int flags, ...);
CALL(int, __open_2, const char *path, int flags);
CALL(int, __openat_2, int dir, const char *path, int flags);
CALL(int, mkostemp, char *path, int flags);
CALL(ssize_t, read, int fd, void *p, size_t n);
CALL(ssize_t, __read_chk, int fd, void *p, size_t n, size_t size);
CALL(ssize_t, pread, int fd, void *p, size_t n, off_t at);
CALL(ssize_t, __pread_chk, int fd, void *p, size_t n, off_t at, size_t size);
CALL(ssize_t, write, int fd, const void *p, size_t n);
CALL(ssize_t, pwrite, int fd, const void *p, size_t n, off_t at);
CALL(int, fsync, int fd);
CALL(int, fdatasync, int fd);
CALL(int, syncfs, int fd);
CALL(int, ftruncate, int fd, off_t size);
CALL(int, posix_fallocate, int fd, off_t at, off_t n);
CALL(int, fchmod, int fd, mode_t mode);
CALL(int, fchown, int fd, uid_t uid, gid_t gid);
CALL(int, flock, int fd, int how);
CALL(int, close, int fd);
CALL(int, rename, const char *from, const char *to);
CALL(int, renameat, int a, const char *from, int b, const char *to);
CALL(int, renameat2, int a, const char *from, int b, const char *to,
    unsigned flags);
CALL(int, link, const char *from, const char *to);
CALL(int, linkat, int a, const char *from, int b, const char *to, int flags);
CALL(int, unlink, const char *path);
CALL(int, unlinkat, int dir, const char *path, int flags);
CALL(int, mkdir, const char *path, mode_t mode);
CALL(int, mkdirat, int dir, const char *path, mode_t mode);
CALL(int, socketpair, int domain, int type, int protocol, int fds[2]);
CALL(pid_t, fork, void);

enum { FDS = 1024, KIND_MAX = 16 };

enum act { OFF, LIST, FAIL, FAIL_ON, SHORT, KILL, KILL_ALL, RECORD };

static enum act act;
static unsigned long strike_at; /* N */
static int strike_error;
static char root[PATH_MAX], logfile[PATH_MAX];
static char *paths[FDS]; /* of the descriptors that count */
static pid_t leader;

/* What all processes share. */
static struct {
	atomic_ulong calls;
	atomic_bool failing;  /* FAIL_ON: call N has come .. */
	char kind[KIND_MAX];  /* .. and was this */
	atomic_flag in_order; /* RECORD: held over a call and its line */
} * shared;

/* ---- the plan */

static void
broken(const char *why)
{
	fprintf(stderr, "fault: %s\n", why);
	abort();
}

/* "kind:N:ERRNO", the numbers as far as they are there. */
static void
read_plan(const char *plan)
{
	static const struct {
		const char *word;
		enum act act;
	} words[] = { { "list", LIST }, { "fail", FAIL }, { "fail+", FAIL_ON },
		{ "short", SHORT }, { "kill", KILL }, { "killall", KILL_ALL },
		{ "record", RECORD } };
	size_t len = strcspn(plan, ":"), i;
	char *end;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len &&
		    strncmp(plan, words[i].word, len) == 0)
			act = words[i].act;
	if (act == OFF)
		broken("unknown plan");
	if (plan[len] == ':') {
		strike_at = strtoul(plan + len + 1, &end, 10);
		if (*end == ':')
			strike_error = (int)strtoul(end + 1, &end, 10);
		if (*end != '\0')
			broken("not a number");
	}
}

static void
take(const char *name, char out[PATH_MAX])
{
	const char *value = getenv(name);

	if (value == NULL || strlen(value) >= PATH_MAX)
		broken("OSMTP_FAULT_ROOT and OSMTP_FAULT_LOG must be set");
	snprintf(out, PATH_MAX, "%s", value);
	unsetenv(name);
}

static void __attribute__((constructor)) begin(void)
{
	static char input[] = "(standard input)";
	const char *plan = getenv("OSMTP_FAULT");

	if (plan == NULL)
		return;
	take("OSMTP_FAULT_ROOT", root);
	take("OSMTP_FAULT_LOG", logfile);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		broken("no shared memory");
	read_plan(plan);
	unsetenv("OSMTP_FAULT");
	leader = getpid();
	paths[STDIN_FILENO] = strdup(input);
}

/* Append one line, in one write. */
static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	char *line;
	va_list ap;
	int n, fd;

	va_start(ap, fmt);
	n = vasprintf(&line, fmt, ap);
	va_end(ap);
	fd = __real_open(
	    logfile, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	/* Without a descriptor left, what was to be said is not. */
	if (n < 0 || (fd != -1 && __real_write(fd, line, (size_t)n) != n))
		broken("cannot log");
	if (fd != -1)
		__real_close(fd);
	free(line);
}

/* All that begin with us; only we ourselves where somebody else is in the
 * group, too. */
static void
die(void)
{
	kill(act == KILL_ALL && getpgrp() == leader ? 0 : getpid(), SIGKILL);
	for (;;)
		pause();
}

/*
 * A call comes: is it to fail, with errno set? path: of its file if that one
 * counts, else NULL.
 */
static bool
strikes(const char *kind, const char *path)
{
	unsigned long n;
	bool now;

	if (act == OFF || act == RECORD || path == NULL)
		return false;
	n = atomic_fetch_add(&shared->calls, 1) + 1;
	now = n == strike_at;
	if (act == FAIL_ON && now) {
		snprintf(shared->kind, KIND_MAX, "%s", kind);
		atomic_store(&shared->failing, true);
	} else if (act == FAIL_ON && atomic_load(&shared->failing)) {
		now = strcmp(kind, shared->kind) == 0;
	}
	if (act == LIST || now)
		note("%lu %s %s\n", n, kind, path);
	if (!now || act == LIST)
		return false;
	if (act == KILL || act == KILL_ALL)
		die();
	errno = strike_error;
	return act == FAIL || act == FAIL_ON;
}

/* Octets to write of n: half of them, where this write is to be short. */
static size_t
shortened(size_t n)
{
	if (act == SHORT && n > 1 && atomic_load(&shared->calls) == strike_at)
		return n / 2;
	return n;
}

/* ---- which files count */

static const char *
path_of(int fd)
{
	return fd >= 0 && fd < FDS ? paths[fd] : NULL;
}

static void
set_path(int fd, const char *path)
{
	if (fd < 0 || fd >= FDS)
		return;
	free(paths[fd]);
	paths[fd] = path != NULL ? strdup(path) : NULL;
}

static bool
is_below_root(const char *path)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

/* The whole path of a name, if it counts; good until two more were asked for.
 * The name of a descriptor in /proc is the file's own. */
static const char *
place(int dir, const char *path)
{
	static const char self[] = "/proc/self/fd/";
	static char rooms[2][PATH_MAX];
	static unsigned turn;
	char *room = rooms[turn++ % 2];

	if (act == OFF)
		return NULL;
	if (strncmp(path, self, sizeof(self) - 1) == 0)
		return path_of((int)strtol(path + sizeof(self) - 1, NULL, 10));
	if (*path == '/')
		snprintf(room, PATH_MAX, "%s", path);
	else if (path_of(dir) != NULL && *path == '\0')
		return path_of(dir);
	else if (path_of(dir) != NULL)
		snprintf(room, PATH_MAX, "%s/%s", path_of(dir), path);
	else
		return NULL;
	return is_below_root(room) ? room : NULL;
}

/* ---- the record */

/*
 * A line for each act that succeeded, its parts divided by tabs. INODE stands
 * for a file; one that is gone may give its number to another.
 *
 *   open INODE FOLDER PATH    a folder: its number from here on
 *   open INODE new PATH       a file that was not there
 *   open INODE old PATH       one that was; "cut" if it was emptied, too
 *   open INODE unnamed -      a file without a name
 *   write INODE OFFSET TIME HEX    the time that the file has then
 *   size INODE OCTETS         grow INODE OCTETS
 *   sync INODE                syncall
 *   link INODE PATH           rename FROM TO       unlink PATH    mkdir PATH
 */
#define record(...)                        \
	do {                               \
		if (act == RECORD)         \
			note(__VA_ARGS__); \
	} while (0)

/* What is between these two happens, in the record as in the world, with
 * nothing in between. */
static void
order_begin(void)
{
	if (act == RECORD)
		while (atomic_flag_test_and_set(&shared->in_order))
			usleep(100);
}

static void
order_end(void)
{
	if (act == RECORD)
		atomic_flag_clear(&shared->in_order);
}

static unsigned long
inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (unsigned long)st.st_ino : 0;
}

static void
record_write(int fd, const void *p, ssize_t n, off_t at)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = p;
	struct stat st;
	char *hex;
	ssize_t i;

	if (act != RECORD || n <= 0 || path_of(fd) == NULL)
		return;
	hex = malloc((size_t)n * 2 + 1);
	if (hex == NULL)
		broken("no memory");
	for (i = 0; i < n; i++) {
		hex[2 * i] = digits[in[i] >> 4];
		hex[2 * i + 1] = digits[in[i] & 15];
	}
	hex[2 * n] = '\0';
	if (fstat(fd, &st) == -1)
		broken("no such file");
	note("write\t%lu\t%lld\t%lld.%09ld\t%s\n", (unsigned long)st.st_ino,
	    (long long)at, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
	    hex);
	free(hex);
}

static void
record_sync(int fd, int rc)
{
	if (rc == 0 && path_of(fd) != NULL)
		record("sync\t%lu\n", inode(fd));
}

static void
record_rename(const char *from, const char *to, int rc)
{
	if (rc == 0 && from != NULL && to != NULL)
		record("rename\t%s\t%s\n", from, to);
}

static void
record_open(int fd, const char *path, int flags, bool was_there)
{
	struct stat st;

	if (act != RECORD || fstat(fd, &st) == -1)
		return;
	if (S_ISDIR(st.st_mode))
		note("open\t%lu\tfolder\t%s\n", (unsigned long)st.st_ino, path);
	else if ((flags & O_TMPFILE) == O_TMPFILE)
		note("open\t%lu\tunnamed\t-\n", (unsigned long)st.st_ino);
	else
		note("open\t%lu\t%s\t%s\n", (unsigned long)st.st_ino,
		    !was_there	      ? "new"
		    : flags & O_TRUNC ? "cut"
				      : "old",
		    path);
}

/* ---- opening and closing */

static int
open_it(const char *kind, int dir, const char *path, int flags, mode_t mode)
{
	const char *whole = place(dir, path);
	bool was_there;
	int fd;

	if (strikes(kind, whole))
		return -1;
	order_begin();
	was_there = whole != NULL && access(whole, F_OK) == 0;
	fd = __real_openat(dir, path, flags, mode);
	if (fd != -1)
		set_path(fd, whole);
	if (fd != -1 && whole != NULL)
		record_open(fd, whole, flags, was_there);
	order_end();
	return fd;
}

/* The mode of an open that has one; flags is its last named parameter. */
#define TAKE_MODE(mode, flags)                        \
	do {                                          \
		va_list ap;                           \
                                                      \
		va_start(ap, flags);                  \
		if ((flags & O_CREAT) != 0 ||         \
		    (flags & O_TMPFILE) == O_TMPFILE) \
			mode = va_arg(ap, mode_t);    \
		va_end(ap);                           \
	} while (0)

int
__wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	return open_it("open", AT_FDCWD, path, flags, mode);
}

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	TAKE_MODE(mode, flags);
	return open_it("open", dir, path, flags, mode);
}

int
__wrap___open_2(const char *path, int flags)
{
	return open_it("open", AT_FDCWD, path, flags, 0);
}

int
__wrap___openat_2(int dir, const char *path, int flags)
{
	return open_it("open", dir, path, flags, 0);
}

int
__wrap_mkostemp(char *path, int flags)
{
	const char *whole = place(AT_FDCWD, path);
	int fd;

	if (strikes("open", whole))
		return -1;
	order_begin();
	fd = __real_mkostemp(path, flags);
	if (fd != -1)
		set_path(fd, whole != NULL ? path : NULL);
	if (fd != -1 && whole != NULL)
		record_open(fd, path, flags, false);
	order_end();
	return fd;
}

int
__wrap_close(int fd)
{
	bool fails = strikes("close", path_of(fd));
	int saved = errno;
	int rc = __real_close(fd);

	set_path(fd, NULL);
	if (!fails)
		return rc;
	errno = saved;
	return -1;
}

/* ---- octets */

ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	return strikes("read", path_of(fd)) ? -1 : __real_read(fd, p, n);
}

ssize_t
__wrap___read_chk(int fd, void *p, size_t n, size_t size)
{
	return strikes("read", path_of(fd)) ? -1
					    : __real___read_chk(fd, p, n, size);
}

ssize_t
__wrap_pread(int fd, void *p, size_t n, off_t at)
{
	return strikes("read", path_of(fd)) ? -1 : __real_pread(fd, p, n, at);
}

ssize_t
__wrap___pread_chk(int fd, void *p, size_t n, off_t at, size_t size)
{
	return strikes("read", path_of(fd))
		   ? -1
		   : __real___pread_chk(fd, p, n, at, size);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	ssize_t put;
	off_t end;

	if (strikes("write", path_of(fd)))
		return -1;
	n = path_of(fd) != NULL ? shortened(n) : n;
	order_begin();
	put = __real_write(fd, p, n);
	end = act == RECORD ? lseek(fd, 0, SEEK_CUR) : 0;
	record_write(fd, p, put, end - put);
	order_end();
	return put;
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t put;

	if (strikes("write", path_of(fd)))
		return -1;
	n = path_of(fd) != NULL ? shortened(n) : n;
	order_begin();
	put = __real_pwrite(fd, p, n, at);
	record_write(fd, p, put, at);
	order_end();
	return put;
}

int
__wrap_ftruncate(int fd, off_t size)
{
	int rc;

	if (strikes("ftruncate", path_of(fd)))
		return -1;
	order_begin();
	rc = __real_ftruncate(fd, size);
	if (rc == 0 && path_of(fd) != NULL)
		record("size\t%lu\t%lld\n", inode(fd), (long long)size);
	order_end();
	return rc;
}

int
__wrap_posix_fallocate(int fd, off_t at, off_t n)
{
	int rc;

	if (strikes("fallocate", path_of(fd)))
		return errno;
	order_begin();
	rc = __real_posix_fallocate(fd, at, n);
	if (rc == 0 && path_of(fd) != NULL)
		record("grow\t%lu\t%lld\n", inode(fd), (long long)(at + n));
	order_end();
	return rc;
}

/* ---- syncs */

int
__wrap_fsync(int fd)
{
	int rc;

	if (strikes("sync", path_of(fd)))
		return -1;
	order_begin();
	rc = __real_fsync(fd);
	record_sync(fd, rc);
	order_end();
	return rc;
}

int
__wrap_fdatasync(int fd)
{
	int rc;

	if (strikes("sync", path_of(fd)))
		return -1;
	order_begin();
	rc = __real_fdatasync(fd);
	record_sync(fd, rc);
	order_end();
	return rc;
}

int
__wrap_syncfs(int fd)
{
	int rc;

	if (strikes("sync", path_of(fd)))
		return -1;
	order_begin();
	rc = __real_syncfs(fd);
	if (rc == 0 && path_of(fd) != NULL)
		record("syncall\n");
	order_end();
	return rc;
}

/* ---- what a file is, who has it */

int
__wrap_fchmod(int fd, mode_t mode)
{
	return strikes("fchmod", path_of(fd)) ? -1 : __real_fchmod(fd, mode);
}

int
__wrap_fchown(int fd, uid_t uid, gid_t gid)
{
	return strikes("fchown", path_of(fd)) ? -1
					      : __real_fchown(fd, uid, gid);
}

int
__wrap_flock(int fd, int how)
{
	return strikes("flock", path_of(fd)) ? -1 : __real_flock(fd, how);
}

/* ---- names */

int
__wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	const char *source = place(a, from), *target = place(b, to);
	int rc;

	if (strikes("rename", target))
		return -1;
	order_begin();
	rc = __real_renameat2(a, from, b, to, flags);
	record_rename(source, target, rc);
	order_end();
	return rc;
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	return __wrap_renameat2(a, from, b, to, 0);
}

int
__wrap_rename(const char *from, const char *to)
{
	return __wrap_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
__wrap_linkat(int a, const char *from, int b, const char *to, int flags)
{
	const char *target = place(b, to);
	struct stat st;
	int rc;

	if (strikes("link", target))
		return -1;
	order_begin();
	rc = __real_linkat(a, from, b, to, flags);
	if (rc == 0 && target != NULL && lstat(target, &st) == 0)
		record("link\t%lu\t%s\n", (unsigned long)st.st_ino, target);
	order_end();
	return rc;
}

int
__wrap_link(const char *from, const char *to)
{
	return __wrap_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
__wrap_unlinkat(int dir, const char *path, int flags)
{
	const char *whole = place(dir, path);
	int rc;

	if (strikes("unlink", whole))
		return -1;
	order_begin();
	rc = __real_unlinkat(dir, path, flags);
	if (rc == 0 && whole != NULL)
		record("unlink\t%s\n", whole);
	order_end();
	return rc;
}

int
__wrap_unlink(const char *path)
{
	return __wrap_unlinkat(AT_FDCWD, path, 0);
}

int
__wrap_mkdirat(int dir, const char *path, mode_t mode)
{
	const char *whole = place(dir, path);
	int rc;

	if (strikes("mkdir", whole))
		return -1;
	order_begin();
	rc = __real_mkdirat(dir, path, mode);
	if (rc == 0 && whole != NULL)
		record("mkdir\t%s\n", whole);
	order_end();
	return rc;
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	return __wrap_mkdirat(AT_FDCWD, path, mode);
}

/* ---- children */

int
__wrap_socketpair(int domain, int type, int protocol, int fds[2])
{
	if (strikes("socketpair", "-"))
		return -1;
	return __real_socketpair(domain, type, protocol, fds);
}

pid_t
__wrap_fork(void)
{
	return strikes("fork", "-") ? -1 : __real_fork();
}
