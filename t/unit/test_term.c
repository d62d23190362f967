/* SPDX-License-Identifier: ISC */
/* Test cmd/term, on a pseudo terminal. */

#include "cmd/term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "aid.h"
#include "base/mem.h"

/*
 * A program at a terminal: act() runs in a child whose terminal is the slave;
 * what it says on standard output is its answer.
 */
struct scene {
	int master;
	int answer; /* read end */
	pid_t pid;
	struct termios before;
	int keep; /* the slave, so that its state can be looked at */
};

static struct scene scene;

static void
begin(void (*act)(void))
{
	int fds[2], slave;

	memset(&scene, 0, sizeof(scene));
	scene.master = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(scene.master, 0);
	ck_assert_int_eq(grantpt(scene.master), 0);
	ck_assert_int_eq(unlockpt(scene.master), 0);
	scene.keep = open(ptsname(scene.master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(scene.keep, 0);
	ck_assert_int_eq(tcgetattr(scene.keep, &scene.before), 0);
	ck_assert_int_eq(pipe(fds), 0);
	fflush(NULL);
	scene.pid = fork();
	ck_assert_int_ge(scene.pid, 0);
	if (scene.pid == 0) {
		setsid();
		slave = open(ptsname(scene.master), O_RDWR);
		dup2(slave, STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		dup2(slave, STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		act();
		fflush(NULL);
		_exit(0);
	}
	close(fds[1]);
	scene.answer = fds[0];
}

static void
type_n(const char *s, size_t n)
{
	struct pollfd p = { .fd = scene.master, .events = POLLIN | POLLOUT };
	char echo[4096];

	/* The echo is taken away meanwhile, or both would wait. */
	while (n > 0) {
		ssize_t got;

		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		if (p.revents & POLLIN)
			ck_assert_int_ge(
			    read(scene.master, echo, sizeof(echo)), 0);
		if ((p.revents & POLLOUT) == 0)
			continue;
		got = write(scene.master, s, n < 256 ? n : 256);
		ck_assert_int_gt(got, 0);
		s += got;
		n -= (size_t)got;
	}
}

static void
type(const char *s)
{
	type_n(s, strlen(s));
}

/* Wait until the child has said text; what it echoes is taken away. */
static void
await(const char *text)
{
	struct pollfd p[] = { { .fd = scene.answer, .events = POLLIN },
		{ .fd = scene.master, .events = POLLIN } };
	size_t len = 0, n = strlen(text);
	char got[256], echo[4096];

	while (len < n) {
		ck_assert_int_gt(poll(p, 2, 20000), 0);
		if (p[1].revents & POLLIN)
			ck_assert_int_ge(
			    read(scene.master, echo, sizeof(echo)), 0);
		if (p[0].revents == 0)
			continue;
		ck_assert_int_eq(read(scene.answer, got + len, 1), 1);
		len++;
	}
	ck_assert_int_eq(memcmp(got, text, n), 0);
}

/* What the terminal shows, until words are among it. */
static void
shows(const char *words)
{
	char seen[65536];
	size_t len = 0;
	ssize_t n;

	do {
		n = read(scene.master, seen + len, sizeof(seen) - 1 - len);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		seen[len] = '\0';
	} while (strstr(seen, words) == NULL);
}

static bool
is_as_before(void)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(scene.keep, &now), 0);
	return now.c_lflag == scene.before.c_lflag &&
	       now.c_iflag == scene.before.c_iflag &&
	       memcmp(now.c_cc, scene.before.c_cc, sizeof(now.c_cc)) == 0;
}

/* The child's end; it left the terminal as it was. */
static int
ended(void)
{
	int status;

	ck_assert_int_eq(waitpid(scene.pid, &status, 0), scene.pid);
	ck_assert(is_as_before());
	close(scene.master);
	close(scene.keep);
	close(scene.answer);
	return status;
}

/* ---- lines */

/* Says away, once, where the terminal is not ours. */
static enum term_got
read_one(struct term_lines *t)
{
	enum term_got got;
	bool said = false;

	while ((got = term_read(t)) == TERM_MORE || got == TERM_AWAY) {
		if (got == TERM_MORE)
			continue;
		if (!said)
			fputs("away\n", stdout);
		fflush(stdout);
		said = true;
		poll(NULL, 0, 10);
	}
	return got;
}

/* Say ready, then each line as "KIND LENGTH TEXT". */
static void
act_read(void)
{
	static const char kinds[] = { 'm', 'l', 'x', 'e' };
	struct term_lines t;
	enum term_got got;

	term_guard("bye\n");
	term_open(&t, STDIN_FILENO);
	fputs("ready\n", stdout);
	fflush(stdout);
	do {
		got = read_one(&t);
		printf("%c %zu %.20s\n", kinds[got], t.line.len, t.line.data);
		fflush(stdout);
		term_next(&t);
	} while (got != TERM_END);
	term_close(&t);
}

START_TEST(lines_of_a_terminal)
{
	char *longest = mem_new(20000, 1);

	memset(longest, 'x', 19999);
	longest[19998] = '\n';
	begin(act_read);
	await("ready\n");
	ck_assert(!is_as_before());
	type("one\n");
	await("l 3 one\n");
	type("a\x7f\x7fhelp\x7f\b me\x15two\n");
	await("l 3 two\n");
	type("\033\001b\n");
	await("l 1 b\n");
	type_n(longest, 19999);
	await("l 19998 xxxxxxxxxxxxxxxxxxxx\n");
	type("x\004\n\004");
	await("l 1 x\n");
	await("e 0 \n");
	ck_assert_int_eq(ended(), 0);
	free(longest);
}
END_TEST

START_TEST(a_line_that_is_too_long)
{
	enum { MUCH = TERM_LINE_MAX + 2 };
	char *text = mem_new(MUCH + 1, 1);

	memset(text, 'x', MUCH - 1);
	text[MUCH - 1] = '\n';
	begin(act_read);
	await("ready\n");
	type_n(text, MUCH);
	await("x 0 \n");
	type("short\n\004");
	await("l 5 short\n");
	await("e 0 \n");
	ck_assert_int_eq(ended(), 0);
	free(text);
}
END_TEST

START_TEST(lines_of_a_pipe)
{
	struct term_lines t;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "one\r\n\x7f\004\n\nrest", 13), 13);
	close(fds[1]);
	term_open(&t, fds[0]);
	ck_assert(!t.is_tty);
	ck_assert_int_eq(read_one(&t), TERM_LINE);
	ck_assert_str_eq(t.line.data, "one");
	term_next(&t);
	ck_assert_int_eq(read_one(&t), TERM_LINE);
	ck_assert_str_eq(t.line.data, "\x7f\004");
	term_next(&t);
	ck_assert_int_eq(read_one(&t), TERM_LINE);
	ck_assert_str_eq(t.line.data, "");
	ck_assert_int_eq(read_one(&t), TERM_END);
	ck_assert_str_eq(t.line.data, "rest");
	term_close(&t);
	close(fds[0]);
	term_open(&t, fds[0]);
	ck_assert_int_eq(term_read(&t), TERM_END);
	term_close(&t);
}
END_TEST

/* ---- signals */

START_TEST(a_signal_puts_the_terminal_right)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	int status;

	for (size_t i = 0; i < 4; i++) {
		begin(act_read);
		await("ready\n");
		if (signals[i] == SIGINT)
			type("half\003");
		else
			kill(scene.pid, signals[i]);
		shows("\r\nbye\r\n");
		status = ended();
		ck_assert(WIFSIGNALED(status));
		ck_assert_int_eq(WTERMSIG(status), signals[i]);
	}
}
END_TEST

/* A shell with one job, since only within a session can a job be stopped. It
 * does as fg, bg and kill do, for f, b and k, once the job has stopped. */
static void
mind_job(pid_t job)
{
	int c;

	tcsetpgrp(STDIN_FILENO, getpgrp());
	fputs("stopped\n", stdout);
	fflush(stdout);
	while ((c = getchar()) != EOF) {
		if (c == 'f')
			tcsetpgrp(STDIN_FILENO, job);
		if (c == 'k')
			kill(job, SIGTERM);
		if (c != '\n')
			kill(job, SIGCONT);
		if (c == 'f' || c == 'k')
			return;
	}
}

static void
act_shell(void)
{
	int status;
	pid_t job;

	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		tcsetpgrp(STDIN_FILENO, getpid());
		signal(SIGTTOU, SIG_DFL);
		act_read();
		fflush(NULL);
		_exit(0);
	}
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status))
		mind_job(job);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
}

START_TEST(a_stop_hands_the_terminal_back)
{
	begin(act_shell);
	await("ready\n");
	type("\032");
	await("stopped\n");
	ck_assert(is_as_before());
	type("f\n");
	type("on\n");
	await("l 2 on\n");
	ck_assert(!is_as_before());
	type("\004");
	await("e 0 \n");
	ck_assert_int_eq(ended(), 0);
}
END_TEST

/* Not stopped again by what it does to the terminal. */
START_TEST(it_goes_on_in_the_background)
{
	begin(act_shell);
	await("ready\n");
	type("\032");
	await("stopped\n");
	type("b\n");
	await("away\n");
	ck_assert(is_as_before());
	type("f\n");
	type("on\n");
	await("l 2 on\n");
	ck_assert(!is_as_before());
	type("\004");
	await("e 0 \n");
	ck_assert_int_eq(ended(), 0);
}
END_TEST

START_TEST(one_that_is_stopped_can_be_ended)
{
	char words[32];

	begin(act_shell);
	await("ready\n");
	type("\032");
	await("stopped\n");
	type("k\n");
	snprintf(words, sizeof(words), "signal %d\n", SIGTERM);
	await(words);
	ck_assert_int_eq(ended(), 0);
}
END_TEST

static void
act_hold(void)
{
	struct term_lines t;

	term_guard("nothing was done\n");
	term_open(&t, STDIN_FILENO);
	term_hold();
	fputs("held\n", stdout);
	fflush(stdout);
	read_one(&t);
	fputs("done\n", stdout);
	fflush(stdout);
	term_release("it is done\n");
	pause();
}

START_TEST(a_signal_waits_for_what_is_held)
{
	int status;

	begin(act_hold);
	await("held\n");
	type("\003go\n");
	shows("it is done\r\n");
	await("done\n");
	status = ended();
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGINT);
}
END_TEST

static void
act_ignore(void)
{
	signal(SIGHUP, SIG_IGN);
	act_read();
}

START_TEST(what_is_ignored_stays_so)
{
	begin(act_ignore);
	await("ready\n");
	kill(scene.pid, SIGHUP);
	type("here\n\004");
	await("l 4 here\n");
	await("e 0 \n");
	ck_assert_int_eq(ended(), 0);
}
END_TEST

static void
act_status(void)
{
	term_status("waiting %d", 10);
	term_status("waiting %d", 9);
	term_status("%s", "");
	fputs("end", stderr);
}

START_TEST(a_status_is_drawn_over)
{
	begin(act_status);
	shows("\rwaiting 10\rwaiting 9 \r         \rend");
	ck_assert_int_eq(ended(), 0);
}
END_TEST

static void
act_narrow(void)
{
	const struct winsize w = { .ws_row = 5, .ws_col = 10 };

	ioctl(STDERR_FILENO, TIOCSWINSZ, &w);
	term_status("%s", "0123456789");
	term_status("%s", "ab");
	fputs("end", stderr);
}

START_TEST(a_status_keeps_to_its_line)
{
	begin(act_narrow);
	shows("\r012345678\rab       end");
	ck_assert_int_eq(ended(), 0);
}
END_TEST

static void
act_behind(void)
{
	pid_t job;

	fputs("begin", stderr);
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		term_status("%s", "waiting");
		_exit(0);
	}
	waitpid(job, NULL, 0);
	fputs("end", stderr);
}

START_TEST(a_status_is_for_the_foreground)
{
	begin(act_behind);
	shows("beginend");
	ck_assert_int_eq(ended(), 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, lines_of_a_terminal);
	tcase_add_test(tc, a_line_that_is_too_long);
	tcase_add_test(tc, lines_of_a_pipe);
	tcase_add_test(tc, a_signal_puts_the_terminal_right);
	tcase_add_test(tc, a_stop_hands_the_terminal_back);
	tcase_add_test(tc, it_goes_on_in_the_background);
	tcase_add_test(tc, one_that_is_stopped_can_be_ended);
	tcase_add_test(tc, a_signal_waits_for_what_is_held);
	tcase_add_test(tc, what_is_ignored_stays_so);
	tcase_add_test(tc, a_status_is_drawn_over);
	tcase_add_test(tc, a_status_keeps_to_its_line);
	tcase_add_test(tc, a_status_is_for_the_foreground);
}

int
main(void)
{
	return unit_main("term", add);
}
