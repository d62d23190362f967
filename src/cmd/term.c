/* SPDX-License-Identifier: ISC */
/*
 * term: a person's terminal.
 *
 * What a signal needs to know stands in the one guard, since a handler gets no
 * argument. The handler itself puts the terminal right and speaks, by calls
 * that POSIX allows there, so that it makes no difference where the program
 * waits at that moment: in our loop, or in a library for the network. Then the
 * signal is raised again with its own effect, so that whoever waits for us sees
 * what ended us.
 *
 * Signals that must wait are noted by the handler, not blocked: a library's
 * thread would take one that only we block.
 *
 * In the background the terminal is somebody else's: to change it, or to read
 * from it, would stop us, even in the handler of the signal that is to end us.
 */
#include "cmd/term.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]), STATUS_MAX = 200 };

static struct {
	const char *volatile words;
	volatile sig_atomic_t is_held, pending;
	volatile sig_atomic_t is_taken; /* the terminal at fd is as ours */
	int fd;
	struct termios theirs, ours;
	volatile sig_atomic_t drawn; /* columns of the status line */
	struct sigaction actions[N_SIGNALS];
} guard;

/* ---- signals */

/* Is the terminal ours to change and to read? */
static bool
is_ours(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

/* Does it control us, and is somebody else in the foreground? */
static bool
is_away(int fd)
{
	pid_t front = tcgetpgrp(fd);

	return front != -1 && front != getpgrp();
}

static void
put_right(void)
{
	if (guard.is_taken && is_ours(guard.fd))
		tcsetattr(guard.fd, TCSADRAIN, &guard.theirs);
}

/* What was typed ahead stays. */
static void
take_terminal(void)
{
	tcsetattr(guard.fd, TCSADRAIN, &guard.ours);
	guard.is_taken = true;
}

static void
write_all(const char *s)
{
	size_t n = strlen(s);
	ssize_t got;

	while (n > 0 && (got = write(STDERR_FILENO, s, n)) > 0) {
		s += got;
		n -= (size_t)got;
	}
}

static void on_signal(int number);

static void
set_action(int number, void (*fn)(int))
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = fn;
	act.sa_flags = SA_NODEFER; /* it is raised in its handler */
	sigemptyset(&act.sa_mask);
	sigaction(number, &act, NULL);
}

/* Stop as any program does; behind raise() we go on. In the background then,
 * we take the terminal again once there is something to read. */
static void
be_stopped(void)
{
	bool was_taken = guard.is_taken;

	put_right();
	guard.is_taken = false;
	set_action(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	set_action(SIGTSTP, on_signal);
	if (was_taken && is_ours(guard.fd))
		take_terminal();
}

static void
on_signal(int number)
{
	int saved = errno;

	if (guard.is_held) {
		/* A stop does not make up for an end. */
		if (guard.pending == 0 || guard.pending == SIGTSTP)
			guard.pending = number;
	} else if (number == SIGTSTP) {
		be_stopped();
	} else {
		put_right();
		if (isatty(STDERR_FILENO))
			write_all("\n");
		write_all(guard.words);
		set_action(number, SIG_DFL);
		raise(number);
	}
	errno = saved;
}

void
term_guard(const char *words)
{
	size_t i;

	guard.words = words;
	guard.is_held = guard.pending = 0;
	for (i = 0; i < N_SIGNALS; i++) {
		sigaction(signals[i], NULL, &guard.actions[i]);
		if (guard.actions[i].sa_handler != SIG_IGN)
			set_action(signals[i], on_signal);
	}
}

void
term_unguard(void)
{
	size_t i;

	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &guard.actions[i], NULL);
}

void
term_hold(void)
{
	guard.is_held = 1;
}

void
term_release(const char *words)
{
	guard.words = words;
	guard.is_held = 0;
	if (guard.pending != 0)
		raise(guard.pending);
}

/* ---- lines */

void
term_open(struct term_lines *t, int fd)
{
	memset(t, 0, sizeof(*t));
	t->fd = fd;
	buf_init(&t->line, TERM_LINE_MAX);
	/* One that does not control us, or is none, is read as a file is. */
	if (tcgetpgrp(fd) == -1 || tcgetattr(fd, &guard.theirs) == -1)
		return;
	guard.ours = guard.theirs;
	guard.ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	guard.ours.c_cc[VMIN] = 1;
	guard.ours.c_cc[VTIME] = 0;
	guard.fd = fd;
	t->is_tty = true;
	if (is_ours(fd))
		take_terminal();
}

/* Only what can't move the cursor is echoed. */
static void
echo(const struct term_lines *t, const char *s)
{
	if (t->is_tty && write(t->fd, s, strlen(s)) == -1)
		return; /* nobody sees it, then */
}

static void
erase(struct term_lines *t, size_t n)
{
	for (; n > 0 && t->line.len > 0; n--) {
		t->line.data[--t->line.len] = '\0';
		echo(t, "\b \b");
	}
}

/* A key of a terminal that does something else than to stand for itself. */
static bool
is_key(const struct term_lines *t, char c, int key)
{
	return t->is_tty && guard.theirs.c_cc[key] != _POSIX_VDISABLE &&
	       (unsigned char)c == guard.theirs.c_cc[key];
}

static void
take(struct term_lines *t, char c)
{
	char shown[2] = { c, '\0' };

	if (is_key(t, c, VERASE) || (t->is_tty && (c == '\b' || c == 0x7f))) {
		erase(t, 1);
	} else if (is_key(t, c, VKILL)) {
		erase(t, t->line.len);
	} else if (!t->is_tty || (unsigned char)c >= ' ') {
		if (!buf_add(&t->line, &c, 1)) {
			t->is_long = true;
			return;
		}
		echo(t, c > ' ' && c < 0x7f ? shown : " ");
	}
}

static enum term_got
end_line(struct term_lines *t)
{
	bool is_long = t->is_long;

	echo(t, "\n");
	t->is_long = false;
	if (is_long) {
		term_next(t);
		return TERM_LONG;
	}
	while (t->line.len > 0 && t->line.data[t->line.len - 1] == '\r')
		t->line.data[--t->line.len] = '\0';
	return TERM_LINE;
}

enum term_got
term_read(struct term_lines *t)
{
	ssize_t got;
	char c;

	if (t->is_tty && is_away(t->fd))
		return TERM_AWAY;
	if (t->is_tty && !guard.is_taken)
		take_terminal();
	got = read(t->fd, &c, 1);
	if (got == -1 && (errno == EINTR || errno == EAGAIN))
		return TERM_MORE;
	if (got <= 0)
		return TERM_END;
	if (c == '\n' || (t->is_tty && c == '\r'))
		return end_line(t);
	if (t->line.len == 0 && is_key(t, c, VEOF))
		return TERM_END;
	take(t, c);
	return TERM_MORE;
}

void
term_next(struct term_lines *t)
{
	buf_wipe(t->line.data, t->line.len);
	buf_reset(&t->line);
}

void
term_close(struct term_lines *t)
{
	if (t->is_tty) {
		put_right();
		guard.is_taken = false;
	}
	term_next(t);
	buf_clear(&t->line);
}

/* ---- a line that changes */

/* How much fits on a line. Its last column is left alone: some terminals go on
 * to the next line behind it, and "\r" would not come back. */
static int
status_room(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == -1 || w.ws_col == 0 ||
	    w.ws_col > STATUS_MAX)
		return STATUS_MAX - 1;
	return w.ws_col - 1;
}

void
term_status(const char *fmt, ...)
{
	int n, room = status_room();
	char text[STATUS_MAX];
	va_list ap;

	if (!isatty(STDERR_FILENO) || is_away(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (n > room)
		n = room;
	text[n] = '\0';
	/* Spaces, not an escape sequence: any terminal knows them. */
	fprintf(stderr, "\r%s", text);
	for (int i = n; i < guard.drawn && i < room; i++)
		fputc(' ', stderr);
	if (n == 0)
		fputc('\r', stderr);
	fflush(stderr);
	guard.drawn = n;
}
