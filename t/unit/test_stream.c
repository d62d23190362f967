/* SPDX-License-Identifier: ISC */
/* Test base/stream. */

#include "base/stream.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include "aid.h"

enum { MUCH = 300000 }; /* more than a pipe takes */

static void
nap_ms(long ms)
{
	struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

START_TEST(memory_is_read_in_pieces)
{
	struct stream_source s = stream_from_mem("abc\0efg", 7);
	char text[5];

	ck_assert_int_eq(s.read(&s, text, sizeof(text)), 5);
	ck_assert_mem_eq(text, "abc\0e", 5);
	ck_assert_int_eq(s.read(&s, text, sizeof(text)), 2);
	ck_assert_mem_eq(text, "fg", 2);
	ck_assert_int_eq(s.read(&s, text, sizeof(text)), 0);
	ck_assert_int_eq(s.read(&s, text, sizeof(text)), 0);
	s = stream_from_mem(NULL, 0);
	ck_assert_int_eq(s.read(&s, text, sizeof(text)), 0);
}
END_TEST

START_TEST(memory_is_written_until_full)
{
	struct stream_sink s;
	struct buf b;

	buf_init(&b, 6);
	s = stream_to_buf(&b);
	ck_assert_int_eq(s.write(&s, "abc", 3), 0);
	errno = 0;
	ck_assert_int_eq(s.write(&s, "defg", 4), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_str_eq(b.data, "abc");
	ck_assert_int_eq(s.write(&s, "def", 3), 0);
	ck_assert_str_eq(b.data, "abcdef");
	buf_clear(&b);
}
END_TEST

START_TEST(failures_are_told)
{
	struct stream_source in = stream_from_fd(-1);
	struct stream_sink out = stream_to_fd(-1);
	char c;

	errno = 0;
	ck_assert_int_eq(in.read(&in, &c, 1), -1);
	ck_assert_int_eq(errno, EBADF);
	errno = 0;
	ck_assert_int_eq(out.write(&out, "x", 1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(out.write(&out, "", 0), 0);
}
END_TEST

static const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
static const struct itimerval never = { { 0, 0 }, { 0, 0 } };

static int
write_two_halves(int fd, const char *text)
{
	struct stream_sink out = stream_to_fd(fd);

	nap_ms(30);
	if (out.write(&out, text, MUCH / 2) != 0)
		return 1;
	nap_ms(30);
	return out.write(&out, text + MUCH / 2, MUCH / 2) != 0;
}

static void
read_slowly(int fd, const char *text)
{
	struct stream_source in = stream_from_fd(fd);
	char chunk[4096];
	size_t total = 0;
	ssize_t got;

	while ((got = in.read(&in, chunk, sizeof(chunk))) > 0) {
		ck_assert_mem_eq(chunk, text + total, (size_t)got);
		total += (size_t)got;
		if (total < 10000)
			nap_ms(20);
	}
	ck_assert_int_eq(got, 0);
	ck_assert_uint_eq(total, MUCH);
}

/*
 * A child writes through a sink what we read through a source; the writer
 * finds the pipe full, the reader finds it empty, and timer rings for both.
 */
static void
pass(int flags, const struct itimerval *timer)
{
	static char text[MUCH];
	int fds[2], status, i;
	pid_t pid;

	for (i = 0; i < MUCH; i++)
		text[i] = (char)(i % 251);
	ck_assert_int_eq(pipe2(fds, flags), 0);
	pid = fork();
	setitimer(ITIMER_REAL, timer, NULL);
	if (pid == 0) {
		close(fds[0]);
		_exit(write_two_halves(fds[1], text));
	}
	close(fds[1]);
	read_slowly(fds[0], text);
	setitimer(ITIMER_REAL, &never, NULL);
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(blocking_pipe)
{
	pass(0, &never);
}
END_TEST

START_TEST(non_blocking_pipe)
{
	pass(O_NONBLOCK, &never);
}
END_TEST

static volatile sig_atomic_t rings;

static void
ring(int sig)
{
	(void)sig;
	rings++;
}

/* Each side is interrupted time and again, and nobody notices. */
START_TEST(signals_are_no_failure)
{
	struct sigaction act = { .sa_handler = ring }, old;

	sigaction(SIGALRM, &act, &old);
	pass(0, &often);
	pass(O_NONBLOCK, &often);
	sigaction(SIGALRM, &old, NULL);
	ck_assert_int_gt(rings, 0);
}
END_TEST

START_TEST(descriptor_stays_ours)
{
	struct stream_source in;
	int fd = memfd_create("test", 0);
	char c;

	ck_assert_int_eq(write(fd, "ab", 2), 2);
	ck_assert_int_eq(lseek(fd, 1, SEEK_SET), 1);
	in = stream_from_fd(fd);
	ck_assert_int_eq(in.read(&in, &c, 1), 1);
	ck_assert_int_eq(c, 'b');
	ck_assert_int_eq(in.read(&in, &c, 1), 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, memory_is_read_in_pieces);
	tcase_add_test(tc, memory_is_written_until_full);
	tcase_add_test(tc, failures_are_told);
	tcase_add_test(tc, blocking_pipe);
	tcase_add_test(tc, non_blocking_pipe);
	tcase_add_test(tc, signals_are_no_failure);
	tcase_add_test(tc, descriptor_stays_ours);
}

int
main(void)
{
	return unit_main("stream", add);
}
