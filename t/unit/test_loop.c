/* SPDX-License-Identifier: ISC */
/* Test base/loop: order, and call-backs that pull the rug away. */

#include "base/loop.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "aid.h"
#include "base/sys.h"

/* What the call-backs of a test share; each notes its letter in story. */
struct scene {
	struct loop *l;
	char story[64];
	int fds[3][2]; /* pipes */
	struct loop_timer timers[4];
	int count;
};

static struct scene scene;

static void
note(char c)
{
	size_t len = strlen(scene.story);

	ck_assert_uint_lt(len + 1, sizeof(scene.story));
	scene.story[len] = c;
	scene.story[len + 1] = '\0';
}

static void
open_scene(void)
{
	int i;

	memset(&scene, 0, sizeof(scene));
	scene.l = loop_new();
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(pipe(scene.fds[i]), 0);
}

static void
close_scene(void)
{
	int i;

	loop_free(scene.l);
	for (i = 0; i < 3; i++) {
		close(scene.fds[i][0]);
		close(scene.fds[i][1]);
	}
}

static void
fill_pipe(int i)
{
	ck_assert_int_eq(write(scene.fds[i][1], "x", 1), 1);
}

/* Timer call-backs; ctx is a letter. */
static void
on_timer(void *ctx)
{
	note(*(const char *)ctx);
}

static void
on_timer_end(void *ctx)
{
	(void)ctx;
	loop_stop(scene.l);
}

static void
start(int i, int64_t due, const char *letter)
{
	loop_timer_start(scene.l, &scene.timers[i], due, on_timer,
	    (void *)(uintptr_t)letter);
}

/* Note the letter, and forget the descriptor. */
static void
on_fd_once(void *ctx, int fd, unsigned events)
{
	note(*(const char *)ctx);
	note((char)('0' + events));
	loop_watch(scene.l, fd, 0, NULL, NULL);
}

static void
watch(int fd, unsigned events, const char *letter)
{
	loop_watch(scene.l, fd, events, on_fd_once, (void *)(uintptr_t)letter);
}

START_TEST(nothing_to_do_ends)
{
	loop_run(scene.l);
	loop_watch(scene.l, 900, 0, NULL, NULL);
	loop_run(scene.l);
	loop_free(NULL);
}
END_TEST

START_TEST(timers_fire_in_order_of_due)
{
	int64_t now = loop_now(scene.l);

	ck_assert_int_le(sys_mono() - now, 5000);
	start(0, now + 40, "c");
	start(1, now + 20, "a");
	start(2, now + 60, "d");
	start(3, now + 20, "b");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "abcd");
	ck_assert_int_ge(loop_now(scene.l), now + 60);
	ck_assert_int_ge(sys_mono(), loop_now(scene.l));
}
END_TEST

START_TEST(overdue_timers_keep_their_order)
{
	start(0, 3, "c");
	start(1, 1, "a");
	start(2, 2, "b");
	start(3, INT64_MIN, "_");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "_abc");
	ck_assert(!scene.timers[0].on);
}
END_TEST

START_TEST(start_replaces_and_stop_stops)
{
	int64_t now = loop_now(scene.l);

	start(0, now + 10, "a");
	start(1, now + 20, "b");
	start(2, now + 1000000, "c");
	start(0, now + 30, "d");
	loop_timer_stop(scene.l, &scene.timers[2]);
	loop_timer_stop(scene.l, &scene.timers[2]);
	loop_timer_stop(scene.l, &scene.timers[3]);
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "bd");
}
END_TEST

/* Stops the timer that is due in the same turn, and starts itself once more. */
static void
on_timer_meddle(void *ctx)
{
	(void)ctx;
	note('m');
	loop_timer_stop(scene.l, &scene.timers[1]);
	if (scene.count++ == 0)
		loop_timer_start(
		    scene.l, &scene.timers[0], 0, on_timer_meddle, NULL);
}

START_TEST(timers_may_stop_each_other)
{
	loop_timer_start(scene.l, &scene.timers[0], 1, on_timer_meddle, NULL);
	start(1, 2, "x");
	start(2, 3, "z");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "mzm");
}
END_TEST

static void
on_timer_again(void *ctx)
{
	(void)ctx;
	if (scene.count++ == 1000)
		loop_stop(scene.l);
	loop_timer_start(scene.l, &scene.timers[0], 0, on_timer_again, NULL);
}

/* A timer that is always due leaves descriptors their turn. */
START_TEST(timers_do_not_starve_descriptors)
{
	fill_pipe(0);
	watch(scene.fds[0][0], LOOP_READ, "r");
	on_timer_again(NULL);
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "r1");
	loop_timer_stop(scene.l, &scene.timers[0]);
}
END_TEST

START_TEST(only_what_was_asked_for)
{
	fill_pipe(0);
	watch(scene.fds[0][0], LOOP_READ, "r");
	watch(scene.fds[1][1], LOOP_WRITE, "w");
	watch(scene.fds[1][0], LOOP_READ, "x");
	start(0, loop_now(scene.l) + 30, "t");
	loop_timer_start(scene.l, &scene.timers[1], loop_now(scene.l) + 60,
	    on_timer_end, NULL);
	loop_run(scene.l);
	ck_assert_int_eq(strlen(scene.story), 5);
	ck_assert_ptr_nonnull(strstr(scene.story, "r1"));
	ck_assert_ptr_nonnull(strstr(scene.story, "w2"));
	ck_assert_int_eq(scene.story[4], 't');
}
END_TEST

START_TEST(hang_up_shows_as_what_was_asked)
{
	close(scene.fds[0][1]);
	watch(scene.fds[0][0], LOOP_READ, "r");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "r1");
	/* The reader is gone: an error for the writer. */
	close(scene.fds[1][0]);
	watch(scene.fds[1][1], LOOP_WRITE, "w");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "r1w2");
	scene.fds[0][1] = scene.fds[1][0] = -1;
}
END_TEST

START_TEST(watch_replaces)
{
	fill_pipe(0);
	watch(scene.fds[0][0], LOOP_READ, "a");
	watch(scene.fds[0][0], LOOP_READ | LOOP_WRITE, "b");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "b1");
}
END_TEST

/* The first to be called forgets the other, whose event is known already. */
static void
on_fd_forget_other(void *ctx, int fd, unsigned events)
{
	int other = fd == scene.fds[0][0] ? scene.fds[1][0] : scene.fds[0][0];

	(void)ctx;
	note((char)('0' + events));
	loop_watch(scene.l, other, 0, NULL, NULL);
	loop_watch(scene.l, fd, 0, NULL, NULL);
}

START_TEST(forgotten_is_not_called)
{
	fill_pipe(0);
	fill_pipe(1);
	loop_watch(
	    scene.l, scene.fds[0][0], LOOP_READ, on_fd_forget_other, NULL);
	loop_watch(
	    scene.l, scene.fds[1][0], LOOP_READ, on_fd_forget_other, NULL);
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "1");
}
END_TEST

/*
 * The first to be called closes the other, and watches something new under
 * the same number, which is not ready.
 */
static void
on_fd_swap_other(void *ctx, int fd, unsigned events)
{
	int other = fd == scene.fds[0][0] ? scene.fds[1][0] : scene.fds[0][0];

	(void)ctx;
	(void)events;
	note('s');
	loop_watch(scene.l, fd, 0, NULL, NULL);
	loop_watch(scene.l, other, 0, NULL, NULL);
	ck_assert_int_eq(dup2(scene.fds[2][0], other), other);
	watch(other, LOOP_READ, "n");
	loop_timer_start(scene.l, &scene.timers[0], loop_now(scene.l) + 50,
	    on_timer_end, NULL);
}

START_TEST(reused_number_gets_no_old_event)
{
	fill_pipe(0);
	fill_pipe(1);
	loop_watch(scene.l, scene.fds[0][0], LOOP_READ, on_fd_swap_other, NULL);
	loop_watch(scene.l, scene.fds[1][0], LOOP_READ, on_fd_swap_other, NULL);
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "s");
	fill_pipe(2);
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "sn1");
}
END_TEST

/* Many new watches make the table move under the call-back's feet. */
static void
on_fd_add_many(void *ctx, int fd, unsigned events)
{
	int high = fcntl(scene.fds[1][0], F_DUPFD, 500);

	(void)events;
	ck_assert_int_ge(high, 500);
	ck_assert_ptr_eq(ctx, &scene);
	note('m');
	fill_pipe(1);
	watch(high, LOOP_READ, "h");
	loop_watch(scene.l, fd, 0, NULL, NULL);
}

START_TEST(call_backs_may_add)
{
	fill_pipe(0);
	loop_watch(scene.l, scene.fds[0][0], LOOP_READ, on_fd_add_many, &scene);
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "mh1");
}
END_TEST

/* What arrived in time comes before the timer that bounds the wait. */
static void
on_fd_stop_timer(void *ctx, int fd, unsigned events)
{
	(void)ctx;
	(void)events;
	note('r');
	loop_timer_stop(scene.l, &scene.timers[0]);
	loop_watch(scene.l, fd, 0, NULL, NULL);
}

START_TEST(descriptors_come_before_timers)
{
	fill_pipe(0);
	loop_watch(scene.l, scene.fds[0][0], LOOP_READ, on_fd_stop_timer, NULL);
	start(0, 0, "t");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "r");
}
END_TEST

static void
on_timer_stop_loop(void *ctx)
{
	note(*(const char *)ctx);
	loop_stop(scene.l);
}

/* Stopped in the midst of a turn; what is left is for the next run. */
START_TEST(stop_is_at_once_and_loses_nothing)
{
	static char a = 'a';

	loop_timer_start(scene.l, &scene.timers[0], 1, on_timer_stop_loop, &a);
	start(1, 2, "b");
	start(2, 3, "c");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "a");
	start(3, 0, "d");
	loop_timer_stop(scene.l, &scene.timers[2]);
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "abd");
}
END_TEST

static void
on_fd_stop_loop(void *ctx, int fd, unsigned events)
{
	on_fd_once(ctx, fd, events);
	loop_stop(scene.l);
}

START_TEST(stop_leaves_descriptors_for_later)
{
	static char letter = 'f';
	int i;

	for (i = 0; i < 2; i++) {
		fill_pipe(i);
		loop_watch(scene.l, scene.fds[i][0], LOOP_READ, on_fd_stop_loop,
		    &letter);
	}
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "f1");
	loop_run(scene.l);
	ck_assert_str_eq(scene.story, "f1f1");
}
END_TEST

static void
ignore(int sig)
{
	(void)sig;
}

START_TEST(signals_only_interrupt)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction act = { .sa_handler = ignore }, old;
	int64_t now = loop_now(scene.l);

	sigaction(SIGALRM, &act, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	start(0, now + 100, "t");
	loop_run(scene.l);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	ck_assert_str_eq(scene.story, "t");
	ck_assert_int_ge(sys_mono(), now + 100);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, open_scene, close_scene);
	tcase_add_test(tc, nothing_to_do_ends);
	tcase_add_test(tc, timers_fire_in_order_of_due);
	tcase_add_test(tc, overdue_timers_keep_their_order);
	tcase_add_test(tc, start_replaces_and_stop_stops);
	tcase_add_test(tc, timers_may_stop_each_other);
	tcase_add_test(tc, timers_do_not_starve_descriptors);
	tcase_add_test(tc, only_what_was_asked_for);
	tcase_add_test(tc, hang_up_shows_as_what_was_asked);
	tcase_add_test(tc, watch_replaces);
	tcase_add_test(tc, forgotten_is_not_called);
	tcase_add_test(tc, reused_number_gets_no_old_event);
	tcase_add_test(tc, call_backs_may_add);
	tcase_add_test(tc, descriptors_come_before_timers);
	tcase_add_test(tc, stop_is_at_once_and_loses_nothing);
	tcase_add_test(tc, stop_leaves_descriptors_for_later);
	tcase_add_test(tc, signals_only_interrupt);
}

int
main(void)
{
	return unit_main("loop", add);
}
