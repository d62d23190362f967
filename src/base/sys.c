/* SPDX-License-Identifier: ISC */
/*
 * sys: the machine as the program sees it.
 *
 * A test's sys includes this file with some functions renamed, so none of the
 * public ones here calls another.
 */

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	SYS_UID_MIN = 1000,	     /* where login.defs is silent */
	SYS_ENTRY_FIRST = 1024,	     /* octets for a passwd or group entry */
	SYS_ENTRY_MAX = 1024 * 1024, /* a group may have many members */
	SYS_GROUPS_MAX = 65536,	     /* of one user; the kernel's limit */
};

static int64_t
sys_read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
sys_now(void)
{
	return sys_read_clock(CLOCK_REALTIME);
}

int64_t
sys_mono(void)
{
	return sys_read_clock(CLOCK_MONOTONIC);
}

void
sys_random(void *p, size_t n)
{
	unsigned char *at = p;
	ssize_t got;

	while (n > 0) {
		got = getrandom(at, n, 0);
		if (got == -1 && errno == EINTR)
			continue;
		err_bug_if(got <= 0);
		at += got;
		n -= (size_t)got;
	}
}

/*
 * The next word of *at, which moves behind it, NUL-terminated in place; NULL
 * at the end of the line or at a comment.
 */
static char *
sys_next_word(char **at)
{
	static const char blanks[] = " \t\r\n";
	char *word = *at + strspn(*at, blanks);
	size_t len = strcspn(word, " \t\r\n#");

	if (len == 0)
		return NULL;
	*at = word + len;
	if (**at == '#')
		**at = '\0';
	else if (**at != '\0')
		*(*at)++ = '\0';
	return word;
}

/*
 * The full name that a line of a hosts file ("address name ...") gives to
 * host, or NULL. Only a name that begins with "host." will do: the canonical
 * name, the first, is "localhost.localdomain" in many a file that lists
 * everything behind 127.0.0.1. The line is cut up.
 */
static const char *
sys_full_name(char *line, const char *host)
{
	size_t len = strlen(host);
	const char *word, *full = NULL;
	bool listed = false;

	if (sys_next_word(&line) == NULL)
		return NULL;
	while ((word = sys_next_word(&line)) != NULL) {
		if (text_case_eq(word, host))
			listed = true;
		else if (full == NULL && text_case_eq_n(word, host, len) &&
			 word[len] == '.' && word[len + 1] != '\0')
			full = word;
	}
	return listed ? full : NULL;
}

/* Append host's full name by that hosts file; false if it knows none. */
static bool
sys_complete_name(struct buf *b, const char *path, const char *host)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	const char *full = NULL;
	size_t cap = 0;

	if (f == NULL)
		return false;
	while (full == NULL && getline(&line, &cap, f) != -1)
		full = sys_full_name(line, host);
	if (full != NULL)
		buf_add_str(b, full);
	free(line);
	fclose(f);
	return full != NULL;
}

void
sys_hostname(struct buf *b)
{
	char host[256];

	if (gethostname(host, sizeof(host)) == -1)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	if (host[0] == '\0')
		buf_add_str(b, "localhost");
	else if (strchr(host, '.') != NULL ||
		 !sys_complete_name(b, "/etc/hosts", host))
		buf_add_str(b, host);
}

/* Append the first line of path without the blanks around it. */
static bool
sys_read_line(struct buf *b, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, *start;
	size_t cap = 0, len = 0;

	if (f == NULL)
		return false;
	if (getline(&line, &cap, f) != -1) {
		start = line + strspn(line, " \t\r\n");
		len = strlen(start);
		while (len > 0 && strchr(" \t\r\n", start[len - 1]) != NULL)
			len--;
		buf_add(b, start, len);
	}
	free(line);
	fclose(f);
	return len > 0;
}

bool
sys_mailname(struct buf *b)
{
	return sys_read_line(b, "/etc/mailname");
}

const char *
sys_confdir(void)
{
	return OSMTP_SYSCONFDIR;
}

const char *
sys_statedir(void)
{
	return OSMTP_STATEDIR;
}

const char *
sys_spooldir(void)
{
	return OSMTP_SPOOLDIR;
}

const char *
sys_ca_file(void)
{
	static const char *const places[] = {
		"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Alpine */
		"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora and kin */
		"/etc/ssl/ca-bundle.pem",	      /* SUSE */
		"/etc/ssl/cert.pem",
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return places[0];
}

const char *
sys_aliases_file(void)
{
	return "/etc/aliases";
}

/* The full name up to the comma; '&' stands for the login, capitalised. */
static char *
sys_expand_gecos(const char *gecos, const char *login)
{
	struct buf b;
	const char *p;

	buf_init(&b, SIZE_MAX);
	for (p = gecos; *p != '\0' && *p != ','; p++) {
		if (*p != '&') {
			buf_add_char(&b, *p);
			continue;
		}
		buf_add_str(&b, login);
		if (*login >= 'a' && *login <= 'z')
			b.data[b.len - strlen(login)] += 'A' - 'a';
	}
	return buf_take(&b);
}

/* Add the name of that group, if it has one. */
static void
sys_add_group(struct text_list *groups, gid_t gid)
{
	size_t cap = SYS_ENTRY_FIRST;
	char *mem = mem_new(cap, 1);
	struct group entry, *found = NULL;

	while (getgrgid_r(gid, &entry, mem, cap, &found) == ERANGE &&
	       cap < SYS_ENTRY_MAX) {
		cap *= 2;
		mem = mem_grow(mem, cap, 1);
	}
	if (found != NULL && !text_list_has(groups, found->gr_name))
		text_list_add(groups, found->gr_name);
	free(mem);
}

static void
sys_add_groups(struct text_list *groups, const char *login, gid_t primary)
{
	int n = 32, cap, i;
	gid_t *gids = NULL;

	sys_add_group(groups, primary);
	do {
		cap = n;
		gids = mem_grow(gids, (size_t)cap, sizeof(*gids));
		if (getgrouplist(login, primary, gids, &n) != -1)
			break;
		/* Some libraries do not say how many there are. */
		n = n > cap ? n : 2 * cap;
	} while (n <= SYS_GROUPS_MAX);
	for (i = 0; i < n && n <= cap; i++)
		sys_add_group(groups, gids[i]);
	free(gids);
}

void
sys_user_load(struct sys_user *u, uid_t uid)
{
	size_t cap = SYS_ENTRY_FIRST;
	char *mem = mem_new(cap, 1);
	struct passwd entry, *found = NULL;

	*u = (struct sys_user){ .uid = uid };
	while (getpwuid_r(uid, &entry, mem, cap, &found) == ERANGE &&
	       cap < SYS_ENTRY_MAX) {
		cap *= 2;
		mem = mem_grow(mem, cap, 1);
	}
	if (found == NULL) {
		u->login = mem_printf("uid%lu", (unsigned long)uid);
		u->gecos = mem_dup("");
	} else {
		u->known = true;
		u->login = mem_dup(found->pw_name);
		u->gecos = sys_expand_gecos(
		    found->pw_gecos != NULL ? found->pw_gecos : "", u->login);
		if (found->pw_dir != NULL && found->pw_dir[0] != '\0')
			u->home = mem_dup(found->pw_dir);
		sys_add_groups(&u->groups, u->login, found->pw_gid);
	}
	free(mem);
}

void
sys_user_clear(struct sys_user *u)
{
	free(u->login);
	free(u->gecos);
	free(u->home);
	text_list_clear(&u->groups);
	*u = (struct sys_user){ 0 };
}

/* UID_MIN as that login.defs sets it. */
static uint64_t
sys_uid_min(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, *at;
	const char *word;
	size_t cap = 0;
	uint64_t min = SYS_UID_MIN;

	if (f == NULL)
		return min;
	while (getline(&line, &cap, f) != -1) {
		at = line;
		word = sys_next_word(&at);
		if (word == NULL || strcmp(word, "UID_MIN") != 0)
			continue;
		word = sys_next_word(&at);
		if (word != NULL)
			text_parse_uint(word, UINT32_MAX, &min);
	}
	free(line);
	fclose(f);
	return min;
}

bool
sys_is_system_uid(uid_t uid)
{
	return uid != 0 && uid < sys_uid_min("/etc/login.defs");
}

bool
sys_fix_std(void)
{
	bool in_closed = false;
	int fd;

	/* open(2) takes the lowest free number: the one just found closed. */
	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
			continue;
		if (fd == 0)
			in_closed = true;
		/* Without devices, something that takes no data will do. */
		if (open("/dev/null", O_RDWR) == -1)
			err_bug_if(open("/", O_RDONLY | O_DIRECTORY) == -1);
	}
	return in_closed;
}

/* Signals that must not end a child in the midst of its work. */
static const int sys_child_ignores[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

enum {
	SYS_CHILD_IGNORES =
	    sizeof(sys_child_ignores) / sizeof(sys_child_ignores[0])
};

static _Noreturn void
sys_run_child(void (*fn)(int fd, void *ctx), void *ctx, bool keep_stderr,
    int fd, const sigset_t *mask)
{
	int null = open("/dev/null", O_RDWR);
	size_t i;

	/* Whoever reads what the parent writes must not wait for a child. */
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (!keep_stderr)
			dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	for (i = 0; i < SYS_CHILD_IGNORES; i++)
		signal(sys_child_ignores[i], SIG_IGN);
	sigprocmask(SIG_SETMASK, mask, NULL);
	fn(fd, ctx);
	_exit(0);
}

int
sys_child(void (*fn)(int fd, void *ctx), void *ctx, bool keep_stderr,
    pid_t *pid, int *out_fd, struct err *e)
{
	sigset_t blocked, mask;
	int fds[2], saved;
	size_t i;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return err_set_errno(e, EX_OSERR, errno, "child: socket");
	/* Blocked until the child ignores them: none may reach it before. */
	sigemptyset(&blocked);
	for (i = 0; i < SYS_CHILD_IGNORES; i++)
		sigaddset(&blocked, sys_child_ignores[i]);
	sigprocmask(SIG_BLOCK, &blocked, &mask);
	child = fork();
	if (child == 0) {
		close(fds[0]);
		sys_run_child(fn, ctx, keep_stderr, fds[1], &mask);
	}
	saved = errno;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(fds[1]);
	if (child == -1) {
		close(fds[0]);
		return err_set_errno(e, EX_OSERR, saved, "child: fork");
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*pid = child;
	*out_fd = fds[0];
	return 0;
}

bool
sys_wait_for(int fd, bool to_write, int64_t ms)
{
	struct pollfd p = { .fd = fd, .events = to_write ? POLLOUT : POLLIN };
	int64_t due = sys_read_clock(CLOCK_MONOTONIC) + ms, left = ms;
	int n = 0;

	while (n <= 0 && left >= 0) {
		n = poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX);
		left = due - sys_read_clock(CLOCK_MONOTONIC);
		if (n == 0 && left <= 0)
			return false;
	}
	return true;
}

void
sys_reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}
