/* SPDX-License-Identifier: ISC */
/*
 * ask: a secret from a terminal or from standard input.
 *
 * Echo is off from before the prompt until after the answer. Signals that
 * would end or stop us are held back but for the time in which ppoll(2) waits,
 * so that none can slip in between: each comes first to us, who put the
 * terminal right, and then does what it always does. After a stop we ask
 * again.
 */
#include "cmd/ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static volatile sig_atomic_t caught;

static void
catch_signal(int number)
{
	caught = number;
}

/* Our hold on terminal and signals. */
struct hold {
	struct termios terminal;
	sigset_t mask;
	struct sigaction actions[N_SIGNALS];
};

/* False with errno; then too let_go() must follow. h->terminal is filled. */
static bool
take_hold(struct hold *h)
{
	struct termios silent = h->terminal;
	struct sigaction ours;
	sigset_t held;
	size_t i;

	memset(&ours, 0, sizeof(ours));
	ours.sa_handler = catch_signal;
	sigemptyset(&ours.sa_mask);
	sigemptyset(&held);
	for (i = 0; i < N_SIGNALS; i++)
		sigaddset(&held, signals[i]);
	caught = 0;
	sigprocmask(SIG_BLOCK, &held, &h->mask);
	for (i = 0; i < N_SIGNALS; i++) {
		sigaction(signals[i], NULL, &h->actions[i]);
		if (h->actions[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &ours, NULL);
	}
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ICANON | ECHONL;
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
}

static void
let_go(const struct hold *h)
{
	size_t i;

	tcsetattr(STDIN_FILENO, TCSAFLUSH, &h->terminal);
	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &h->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &h->mask, NULL);
}

/* One line without its end. False: a signal came, or errno is set. */
static bool
read_hidden(const struct hold *h, char *line, size_t *n)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	*n = 0;
	while (*n < ASK_MAX) {
		if (ppoll(&p, 1, NULL, &h->mask) == -1) {
			if (errno == EINTR && caught == 0)
				continue; /* it did nothing to us */
			return false;
		}
		switch (read(STDIN_FILENO, line + *n, 1)) {
		case -1:
			return false;
		case 0:
			return true;
		}
		if (line[*n] == '\n')
			return true;
		++*n;
	}
	errno = EMSGSIZE;
	return false;
}

/* Ask once. */
static int
ask_hidden(const char *prompt, char *line, size_t *n, struct err *e)
{
	struct hold h;
	int failed;

	do {
		if (tcgetattr(STDIN_FILENO, &h.terminal) == -1)
			return err_set_errno(e, EX_IOERR, errno, "terminal");
		errno = 0;
		if (take_hold(&h)) {
			fprintf(stderr, "%s: ", prompt);
			fflush(stderr);
			failed = read_hidden(&h, line, n) ? 0 : errno;
		} else {
			failed = errno;
		}
		let_go(&h);
		if (caught != 0)
			raise(caught);
	} while (caught == SIGTSTP);
	if (failed != 0)
		return err_set_errno(e, EX_IOERR, failed, "terminal");
	return 0;
}

static int
from_terminal(
    const char *what, char *line, char *again, size_t *n, struct err *e)
{
	size_t other;
	int rc;

	rc = ask_hidden(what, line, n, e);
	if (rc == 0 && *n > 0) {
		rc = ask_hidden("Once more", again, &other, e);
		if (rc == 0 && (*n != other || memcmp(line, again, *n) != 0))
			rc = err_set(e, EX_DATAERR, "%s: the two differ", what);
	}
	return rc;
}

/* All of standard input, which must be one line. */
static int
from_input(const char *what, char *line, size_t *n, struct err *e)
{
	const char *lf;
	size_t have = 0;
	ssize_t got;

	while (have < ASK_MAX + 2) { /* CR LF */
		got = read(STDIN_FILENO, line + have, ASK_MAX + 2 - have);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return err_set_errno(
			    e, EX_IOERR, errno, "standard input");
		if (got == 0)
			break;
		have += (size_t)got;
	}
	lf = memchr(line, '\n', have);
	if (lf != NULL && lf + 1 != line + have)
		return err_set(e, EX_DATAERR,
		    "%s: standard input has more than one line", what);
	*n = lf != NULL ? (size_t)(lf - line) : have;
	if (lf != NULL && *n > 0 && line[*n - 1] == '\r')
		--*n;
	if (*n > ASK_MAX)
		return err_set(e, EX_DATAERR,
		    "%s: standard input has more than %d octets", what,
		    ASK_MAX);
	return 0;
}

int
ask_secret(const char *what, struct secret *out, struct err *e)
{
	enum { ROOM = ASK_MAX + 2 };
	char *line = mem_new(2 * ROOM, 1);
	size_t n = 0;
	int rc;

	if (isatty(STDIN_FILENO))
		rc = from_terminal(what, line, line + ROOM, &n, e);
	else
		rc = from_input(what, line, &n, e);
	if (rc == 0 && n == 0)
		rc = err_set(e, EX_DATAERR, "%s: nothing was given", what);
	if (rc == 0 && memchr(line, '\0', n) != NULL)
		rc = err_set(
		    e, EX_DATAERR, "%s: there is a NUL octet in it", what);
	if (rc == 0)
		secret_set(out, line, n);
	buf_wipe(line, 2 * ROOM);
	mem_replace(&line, NULL);
	return rc;
}
