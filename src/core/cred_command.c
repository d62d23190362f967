/* SPDX-License-Identifier: ISC */
/*
 * cred_command: a secret, or a token and its life, that a command prints.
 *
 * It gets nothing of ours but PATH, HOME and LANG=C, no input, and no shell.
 * It leads a process group of its own, which is killed with it when its time
 * is up. What it prints behind the line or two that are wanted is of no
 * interest; the end of its pipes is not awaited: a helper that it leaves behind
 * may keep them open.
 *
 * A command that gives a password fails for want of something here. One that
 * gives a token asks a server for it, and so its failure may pass; unless its
 * exit status says otherwise: 77 and 78 as in sysexits.h, 126 and 127 where it
 * was not run at all.
 */
#include "core/cred_part.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"

enum {
	LAST_WORDS = 256,  /* octets shown of what a command complains */
	TELLING = 16,	   /* octets of a secret that are too many there */
	POLL_MS = 100,	   /* how soon its end is seen */
	POLL_MS_CLOSED = 5 /* .. once it has closed its pipes */
};

struct command {
	pid_t pid;
	int out, complaint; /* pipes; -1 once they are at their end */
	char *text;	    /* the front of what it printed */
	size_t n, room;
	char last[2 * LAST_WORDS]; /* the end of what it complained */
	size_t n_last;
};

/* In the child: become the command. */
static _Noreturn void
become(char *const argv[], int out, int complaint)
{
	static const int usual[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE,
		SIGXFSZ };
	const char *path = getenv("PATH"), *home = getenv("HOME");
	char *env[] = { mem_printf("PATH=%s", path != NULL
						  ? path
						  : "/usr/local/bin:/usr/bin:"
						    "/bin"),
		mem_dup("LANG=C"),
		home != NULL ? mem_printf("HOME=%s", home) : NULL, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t i;

	setpgid(0, 0);
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		signal(usual[i], SIG_DFL);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(complaint, STDERR_FILENO) >= 0)
		execve(argv[0], argv, env);
	dprintf(complaint, "%s\n", strerror(errno));
	_exit(127);
}

static int
start_command(struct command *c, char *const argv[], struct err *e)
{
	int out[2], complaint[2];

	if (pipe2(out, O_CLOEXEC) == -1)
		return err_set_errno(e, EX_OSERR, errno, "pipe");
	if (pipe2(complaint, O_CLOEXEC) == -1) {
		close(out[0]);
		close(out[1]);
		return err_set_errno(e, EX_OSERR, errno, "pipe");
	}
	signal(SIGCHLD, SIG_DFL); /* ignored, it would lose the status */
	c->pid = fork();
	if (c->pid == 0)
		become(argv, out[1], complaint[1]);
	if (c->pid == -1)
		err_set_errno(e, EX_OSERR, errno, "fork");
	else
		setpgid(c->pid, c->pid); /* whoever is first */
	close(out[1]);
	close(complaint[1]);
	c->out = out[0];
	c->complaint = complaint[0];
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	fcntl(c->complaint, F_SETFL, O_NONBLOCK);
	return c->pid == -1 ? EX_OSERR : 0;
}

/* Keep what comes as far as it is wanted: the front of the one, the end of
 * the other. */
static void
keep_octets(struct command *c, bool is_text, const char *p, size_t n)
{
	size_t room, drop;

	if (is_text) {
		room = c->room - c->n;
		memcpy(c->text + c->n, p, n < room ? n : room);
		c->n += n < room ? n : room;
		return;
	}
	if (n > LAST_WORDS) {
		p += n - LAST_WORDS;
		n = LAST_WORDS;
	}
	drop = c->n_last + n > sizeof(c->last) ? c->n_last - LAST_WORDS : 0;
	memmove(c->last, c->last + drop, c->n_last - drop);
	c->n_last -= drop;
	memcpy(c->last + c->n_last, p, n);
	c->n_last += n;
}

/* Read what is there of one of the pipes. */
static void
drain(struct command *c, int *fd)
{
	char room[LAST_WORDS];
	ssize_t n;

	if (*fd == -1)
		return;
	while ((n = read(*fd, room, sizeof(room))) > 0)
		keep_octets(c, fd == &c->out, room, (size_t)n);
	buf_wipe(room, sizeof(room));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	close(*fd);
	*fd = -1;
}

/* Until it ends or due has come; false: it was killed. */
static bool
await_command(struct command *c, int64_t due, int *status)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	bool closed;

	while (waitpid(c->pid, status, WNOHANG) != c->pid) {
		if (sys_mono() >= due) {
			kill(-c->pid, SIGKILL);
			waitpid(c->pid, status, 0);
			return false;
		}
		fds[0].fd = c->out; /* -1 is passed over */
		fds[1].fd = c->complaint;
		closed = c->out == -1 && c->complaint == -1;
		poll(fds, 2, closed ? POLL_MS_CLOSED : POLL_MS);
		drain(c, &c->out);
		drain(c, &c->complaint);
	}
	drain(c, &c->out);
	drain(c, &c->complaint);
	return true;
}

/* Does that repeat a part of the secret that is long enough to be of use? It
 * may be cut at either end, so its whole need not be in it. */
static bool
repeats(const char *p, size_t n, const struct secret *s)
{
	size_t len = secret_len(s), k = len < TELLING ? len : TELLING;

	if (k == 0)
		return false;
	for (; n >= k; p++, n--) {
		if (memmem(secret_reveal(s), len, p, k) != NULL)
			return true;
	}
	return false;
}

/* The last line of what it complained, unless the secret is in it. */
static void
add_last_words(struct buf *b, const struct command *c, const struct secret *s)
{
	const char *p = c->last, *lf;
	size_t n = c->n_last;

	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	lf = memrchr(p, '\n', n);
	if (lf != NULL) {
		n -= (size_t)(lf + 1 - p);
		p = lf + 1;
	}
	if (n == 0)
		return;
	if (repeats(p, n, s))
		buf_add_str(b, ": what it said is not shown: it repeats what "
			       "it printed");
	else {
		buf_add_str(b, ": ");
		text_add_safe(b, p, n, LAST_WORDS);
	}
}

/* What a failure with that exit status means. */
static int
code_of(int status, bool asks_server)
{
	if (!asks_server)
		return EX_CONFIG;
	switch (WIFEXITED(status) ? WEXITSTATUS(status) : 0) {
	case EX_NOPERM:
		return EX_NOPERM;
	case EX_CONFIG:
	case 126:
	case 127:
		return EX_CONFIG;
	default:
		return EX_TEMPFAIL;
	}
}

/* How it ended: an error unless with status 0. */
static int
judge_end(const struct command *c, int status, bool asks_server,
    const struct secret *s, struct err *e)
{
	int code = code_of(status, asks_server);
	struct buf words;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	buf_init(&words, ERR_TEXT_MAX);
	add_last_words(&words, c, s);
	if (WIFEXITED(status))
		err_set(e, code, "exit status %d%s", WEXITSTATUS(status),
		    words.len > 0 ? words.data : "");
	else
		err_set(e, code, "ended by signal %d%s", WTERMSIG(status),
		    words.len > 0 ? words.data : "");
	buf_clear(&words);
	return code;
}

/* Run it for at most timeout_ms: with what it printed in c->text, and its
 * status; or an error of ours. Then end_command(). */
static int
run_command(struct command *c, char *const argv[], size_t room,
    int64_t timeout_ms, int *status, struct err *e)
{
	struct buf after;
	int rc;

	memset(c, 0, sizeof(*c));
	c->out = c->complaint = -1;
	c->room = room;
	c->text = mem_new(room, 1);
	rc = start_command(c, argv, e);
	if (rc == 0 && !await_command(c, sys_mono() + timeout_ms, status)) {
		buf_init(&after, 32);
		text_add_duration(&after, timeout_ms);
		rc = err_set(e, EX_TEMPFAIL,
		    "not ready after %s (timeouts.token): killed", after.data);
		buf_clear(&after);
	}
	return rc;
}

static void
end_command(struct command *c)
{
	if (c->out != -1)
		close(c->out);
	if (c->complaint != -1)
		close(c->complaint);
	buf_wipe(c->text, c->room);
	free(c->text);
	buf_wipe(c, sizeof(*c));
}

int
cred_secret_run(
    char *const argv[], int64_t timeout_ms, struct secret *out, struct err *e)
{
	struct command c;
	int status = 0, rc, judged;

	rc = run_command(&c, argv, CRED_SECRET_ROOM, timeout_ms, &status, e);
	if (rc == 0) {
		rc = cred_secret_take_line(c.text, c.n, out, e);
		judged = judge_end(&c, status, false, out, e);
		rc = judged != 0 ? judged : rc;
	}
	if (rc != 0)
		err_wrap(e, "command: %s", argv[0]);
	end_command(&c);
	return rc;
}

/* The length of the line at p, of n octets, without its end; *next gets where
 * the one behind it begins. */
static size_t
line_length(const char *p, size_t n, size_t *next)
{
	const char *lf = memchr(p, '\n', n);
	size_t len = lf != NULL ? (size_t)(lf - p) : n;

	*next = lf != NULL ? len + 1 : n;
	if (lf != NULL && len > 0 && p[len - 1] == '\r')
		len--;
	return len;
}

/* Seconds, or nothing: -1. */
static int
take_life(const char *p, size_t n, int64_t *life, struct err *e)
{
	enum { DIGITS = 20 };
	char digits[DIGITS + 1];
	uint64_t number = 0;

	*life = -1;
	if (n == 0)
		return 0;
	memcpy(digits, p, n < DIGITS ? n : DIGITS);
	digits[n < DIGITS ? n : DIGITS] = '\0';
	if (n > DIGITS || !text_parse_uint(digits, UINT64_MAX, &number))
		return err_set(e, EX_CONFIG,
		    "line 2 is to be the token's life in seconds, or empty");
	*life = number < OAUTH_MAX_LIFE ? (int64_t)number : OAUTH_MAX_LIFE;
	return 0;
}

int
cred_secret_take_token(
    const char *p, size_t n, struct secret *token, int64_t *life, struct err *e)
{
	size_t next, len = line_length(p, n, &next), end;

	secret_set(token, p, len);
	if (!cred_secret_is_word(token))
		return err_set(e, EX_CONFIG,
		    len == 0 ? "line 1 is to be the token: it is empty"
		    : len > OAUTH_MAX_TOKEN
			? "line 1 is to be the token: it is too long"
			: "line 1 is to be the token: it holds octets that no "
			  "token may have");
	len = line_length(p + next, n - next, &end);
	return take_life(p + next, len, life, e);
}

int
cred_secret_run_token(char *const argv[], int64_t timeout_ms,
    struct secret *token, int64_t *life, struct err *e)
{
	enum { ROOM = OAUTH_MAX_TOKEN + 256 };
	int status = 0, rc, judged;
	struct command c;

	rc = run_command(&c, argv, ROOM, timeout_ms, &status, e);
	if (rc == 0) {
		rc = cred_secret_take_token(c.text, c.n, token, life, e);
		judged = judge_end(&c, status, true, token, e);
		rc = judged != 0 ? judged : rc;
	}
	if (rc != 0) {
		secret_clear(token);
		err_wrap(e, "command: %s", argv[0]);
	}
	end_command(&c);
	return rc;
}
