/* SPDX-License-Identifier: ISC */
/* Results on the disk, one by one; what a crash leaves; cleaning. */
#include "gate/spool.h"

#include "spool_aid.h"

/* ---- saving */

START_TEST(saves_only_changes)
{
	struct spool_claim *c = put_claimed(ID_A);

	calls_mend();
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert(!is_there(SPOOL_QUEUE, ID_A, ".state"));
	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert_int_eq(calls[CALL_FSYNC].count, 2); /* file, folder */
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert_int_eq(spool_move(c, SPOOL_QUEUE, NULL), 0);
	ck_assert_int_eq(calls[CALL_FSYNC].count, 2);
	spool_release(c);
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert_int_eq(calls[CALL_FSYNC].count, 2);
	spool_item(c)->state.held = true;
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert_int_eq(calls[CALL_FSYNC].count, 4);
	spool_release(c);
	ck_assert(is_first_delivered(SPOOL_QUEUE, ID_A));
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

/* What was changed and not saved is forgotten; nothing left to say, no file. */
START_TEST(forgets)
{
	struct spool_claim *c = put_claimed(ID_A);

	spool_item(c)->state.held = true;
	spool_release(c);
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert(!spool_item(c)->state.held);
	spool_item(c)->state.held = true;
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ".state"));
	spool_item(c)->state.held = false;
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert(!is_there(SPOOL_QUEUE, ID_A, ".state"));
	spool_release(c);
}
END_TEST

START_TEST(removes)
{
	struct spool_claim *c = put_claimed(ID_A);

	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	calls_mend();
	ck_assert_int_eq(spool_remove(c, NULL), 0);
	ck_assert_int_eq(calls[CALL_FSYNC].count, 1);
	spool_release(c);
	ck_assert_int_eq(count_in("queue/01"), 0);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_NOINPUT);
}
END_TEST

static const struct {
	const char *label;
	enum spool_aid_call call;
	int from, error, code;
} save_faults[] = {
	{ "no room", CALL_PWRITE, 1, ENOSPC, EX_IOERR },
	{ "no inode", CALL_LINKAT, 1, ENOSPC, EX_CANTCREAT },
	{ "sync", CALL_FSYNC, 1, EIO, EX_IOERR },
	{ "rename", CALL_RENAMEAT, 1, ENOSPC, EX_CANTCREAT },
	{ "sync of the folder", CALL_FSYNC, 2, EIO, EX_IOERR },
};

/* The failure is told, the old state or the new one is whole. */
START_TEST(saves_whole_or_not)
{
	const char *label = save_faults[_i].label;
	struct spool_claim *c = put_claimed(ID_A);
	struct err e = ERR_NONE;

	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_item(c)->state.held = true;
	calls_fail(save_faults[_i].call, save_faults[_i].from, 0,
	    save_faults[_i].error);
	ck_assert_msg(
	    spool_save(c, &e) == save_faults[_i].code, "%s: %s", label, e.text);
	calls_mend();
	ck_assert_int_eq(count_in("new"), 0);
	/* What is known in memory is still known, and can be saved later. */
	ck_assert(spool_item(c)->state.held);
	ck_assert_msg(spool_save(c, NULL) == 0, "%s", label);
	spool_release(c);
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert(spool_item(c)->state.held);
	ck_assert(!spool_item(c)->state.perhaps_sent);
	spool_release(c);
}
END_TEST

START_TEST(tells_a_removal_that_failed)
{
	struct spool_claim *c = put_claimed(ID_A);

	calls_fail(CALL_UNLINKAT, 1, 0, EROFS);
	ck_assert_int_eq(spool_remove(c, NULL), EX_IOERR);
	calls_fail(CALL_UNLINKAT, 0, 0, 0);
	calls_fail(CALL_FSYNC, 1, 0, EIO);
	ck_assert_int_eq(spool_remove(c, NULL), EX_IOERR);
	calls_mend();
	ck_assert_int_eq(spool_remove(c, NULL), 0);
	spool_release(c);
}
END_TEST

/* Room that was seen is room that is kept. */
START_TEST(keeps_room_for_a_result)
{
	struct spool_claim *c = put_claimed(ID_A);

	ck_assert_int_eq(spool_check_record(spool, NULL), 0);
	ck_assert_int_eq(spool_check_record(spool, NULL), 0);
	ck_assert_int_ne(spool->reserve.fd, -1);
	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert_int_eq(spool->reserve.fd, -1);
	spool_release(c);
	ck_assert(is_first_delivered(SPOOL_QUEUE, ID_A));
	ck_assert_int_eq(spool_check_record(spool, NULL), 0);
	open_again();
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

START_TEST(sees_that_nothing_can_be_recorded)
{
	struct err e = ERR_NONE;

	if (geteuid() == 0)
		return; /* who may write anywhere */
	ck_assert_int_eq(chmod(aid_path("spool/new"), 0500), 0);
	ck_assert_int_eq(spool_check_record(spool, &e), EX_CANTCREAT);
	ck_assert_int_eq(chmod(aid_path("spool/new"), 0700), 0);
	ck_assert_int_eq(spool_check_record(spool, &e), 0);
}
END_TEST

/* ---- moving */

START_TEST(moves_to_and_fro)
{
	struct spool_claim *c = put_claimed(ID_A);

	deliver_first(c);
	spool_item(c)->state.returned = true;
	ck_assert_int_eq(spool_move(c, SPOOL_FAILED, NULL), 0);
	spool_release(c);
	ck_assert_int_eq(count_in("queue/01"), 0);
	ck_assert_int_eq(count_in("failed/01"), 2);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_NOINPUT);
	c = claim(SPOOL_FAILED, ID_A);
	ck_assert(spool_item(c)->state.returned);
	spool_item(c)->state =
	    (struct spool_state){ .result = spool_item(c)->state.result };
	memset(spool_item(c)->state.result, 0,
	    2 * sizeof(*spool_item(c)->state.result));
	ck_assert_int_eq(spool_move(c, SPOOL_QUEUE, NULL), 0);
	spool_release(c);
	ck_assert_int_eq(count_in("failed/01"), 0);
	ck_assert_int_eq(count_in("queue/01"), 1);
}
END_TEST

/* One that is there already keeps its state. */
START_TEST(never_moves_over_another)
{
	struct spool_claim *c = put_claimed(ID_A);

	deliver_first(c);
	ck_assert_int_eq(spool_move(c, SPOOL_FAILED, NULL), 0);
	spool_release(c);
	c = put_claimed(ID_A);
	spool_item(c)->state.held = true;
	ck_assert_int_eq(spool_move(c, SPOOL_FAILED, NULL), EX_CANTCREAT);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_release(c);
	ck_assert(is_first_delivered(SPOOL_FAILED, ID_A));
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
}
END_TEST

static size_t
sweep(int64_t now, int64_t keep)
{
	struct err e = ERR_NONE;
	size_t n = 99;

	ck_assert_msg(spool_sweep(spool, now, keep, &n, &e) == 0, "%s", e.text);
	return n;
}

#define DAY INT64_C(86400000)
#define NOW INT64_C(1800000000000)

/* Stopped after each call that changes a name: one message, with a state that
 * is there, and a second try ends it. */
START_TEST(half_a_move_is_none)
{
	enum spool_aid_call call = _i == 0 ? CALL_RENAMEAT2 : CALL_UNLINKAT;
	struct spool_claim *c = put_claimed(ID_A);
	unsigned where = _i == 0 ? SPOOL_QUEUE : SPOOL_FAILED;

	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_item(c)->state.returned = true;
	calls_fail(call, 1, 0, EIO);
	ck_assert_int_ne(spool_move(c, SPOOL_FAILED, NULL), 0);
	calls_mend();
	spool_release(c);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ".state"));
	ck_assert(is_there(SPOOL_FAILED, ID_A, ".state"));
	ck_assert(is_there(SPOOL_QUEUE, ID_A, "") !=
		  is_there(SPOOL_FAILED, ID_A, ""));
	ck_assert_uint_eq(sweep(NOW, 0), 0);
	ck_assert(is_first_delivered(where, ID_A));
	c = claim(where, ID_A);
	ck_assert_int_eq(spool_item(c)->state.returned, _i != 0);
	ck_assert_int_eq(spool_remove(c, NULL), 0);
	spool_release(c);
	/* The other state has no message any more. */
	ck_assert_uint_eq(sweep(NOW, 0), 1);
	ck_assert_int_eq(count_in("queue/01") + count_in("failed/01"), 0);
}
END_TEST

/* ---- sweeping */

static void
set_age(const char *path, int64_t days)
{
	struct timespec t[2] = { { (NOW - days * DAY) / 1000, 0 },
		{ (NOW - days * DAY) / 1000, 0 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path, t, 0), 0);
}

START_TEST(sweeps_dead_drafts)
{
	int fd;

	aid_write(aid_path("spool/new/.0123456789abcdef"), "old");
	set_age(aid_path("spool/new/.0123456789abcdef"), 8);
	aid_write(aid_path("spool/new/.1123456789abcdef"), "young");
	set_age(aid_path("spool/new/.1123456789abcdef"), 6);
	aid_write(aid_path("spool/new/.2123456789abcdef"), "in use");
	set_age(aid_path("spool/new/.2123456789abcdef"), 8);
	fd = open(aid_path("spool/new/.2123456789abcdef"), O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	aid_write(aid_path("spool/new/foreign"), "not ours");
	set_age(aid_path("spool/new/foreign"), 800);
	ck_assert_int_eq(
	    symlink("/etc/passwd", aid_path("spool/new/.3123456789abcdef")), 0);
	ck_assert_int_eq(
	    mkfifo(aid_path("spool/new/.4123456789abcdef"), 0600), 0);
	set_age(aid_path("spool/new/.4123456789abcdef"), 8);
	ck_assert_uint_eq(sweep(NOW, 0), 1);
	ck_assert_int_eq(
	    access(aid_path("spool/new/.0123456789abcdef"), F_OK), -1);
	ck_assert_int_eq(count_in("new"), 5);
	close(fd);
}
END_TEST

START_TEST(sweeps_lone_states)
{
	struct spool_claim *c = put_claimed(ID_A);

	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_release(c);
	put(ID_B);
	aid_write(path_of(SPOOL_QUEUE, "1hf7yat00zzzzz02", ".state"), "x");
	aid_write(aid_path("spool/bad/1hf7yat00zzzzz03.state"), "x");
	aid_write(aid_path("spool/queue/02/1hf7yat00zzzzz99.state"), "x");
	aid_write(aid_path("spool/queue/02/notes.state"), "x");
	aid_write(aid_path("spool/queue/02/.state"), "x");
	ck_assert_uint_eq(sweep(NOW, 0), 2);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ".state"));
	ck_assert(!is_there(SPOOL_QUEUE, "1hf7yat00zzzzz02", ".state"));
	ck_assert_int_eq(count_in("queue/02"), 4);
	ck_assert_int_eq(count_in("bad"), 0);
}
END_TEST

static void
put_failed(const char *id, int64_t last, bool by_pause)
{
	struct spool_claim *c = put_claimed(id);

	spool_item(c)->state.last = last;
	spool_item(c)->state.by_pause = by_pause;
	spool_item(c)->state.returned = true;
	ck_assert_int_eq(spool_move(c, SPOOL_FAILED, NULL), 0);
	spool_release(c);
}

START_TEST(purges_what_is_old)
{
	struct spool_claim *c;

	put_failed(ID_A, NOW - 31 * DAY, false);
	put_failed(ID_B, NOW - 29 * DAY, false);
	put_failed(ID_C, NOW - 310 * DAY, true);
	put_failed("1hf7yat00aaaad04", NOW - 310 * DAY, false);
	aid_write(path_of(SPOOL_FAILED, "1hf7yat00aaaad04", ".state"), "junk");
	put_failed("1hf7yat00aaaae05", NOW - 310 * DAY, false);
	unlink(path_of(SPOOL_FAILED, "1hf7yat00aaaae05", ".state"));
	put_failed("1hf7yat00aaaaf06", NOW - 31 * DAY, false);
	put_failed("1hf7yat00aaaag07", NOW - 310 * DAY, false);
	c = claim(SPOOL_FAILED, "1hf7yat00aaaag07");
	spool_item(c)->state.perhaps_sent = true;
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_release(c);
	c = claim(SPOOL_FAILED, "1hf7yat00aaaaf06");
	sweep(NOW - 2 * DAY, 30 * DAY); /* the first look at the clock */
	ck_assert_uint_eq(sweep(NOW, 0), 0);
	ck_assert_uint_eq(sweep(NOW, 30 * DAY), 1);
	ck_assert(!is_there(SPOOL_FAILED, ID_A, ""));
	ck_assert(!is_there(SPOOL_FAILED, ID_A, ".state"));
	spool_release(c);
	ck_assert_uint_eq(sweep(NOW, 30 * DAY), 1);
	ck_assert(!is_there(SPOOL_FAILED, "1hf7yat00aaaaf06", ""));
	ck_assert_uint_eq(sweep(NOW + 300 * DAY, 30 * DAY), 0);
	ck_assert_uint_eq(strlen(names_of(SPOOL_FAILED)), 5 * 17);
}
END_TEST

/* Ten years ahead for an hour, or back: nothing goes. */
START_TEST(trusts_no_jump_of_the_clock)
{
	put_failed(ID_A, NOW - 1 * DAY, false);
	sweep(NOW - 3 * DAY, 30 * DAY);
	ck_assert_uint_eq(sweep(NOW, 30 * DAY), 0);
	ck_assert_uint_eq(sweep(NOW + 3650 * DAY, 30 * DAY), 0);
	ck_assert_uint_eq(sweep(NOW + 3650 * DAY + 3600000, 30 * DAY), 0);
	ck_assert_uint_eq(sweep(NOW - 3650 * DAY, 30 * DAY), 0);
	ck_assert_uint_eq(sweep(NOW + 2 * DAY, 30 * DAY), 0);
	ck_assert(is_there(SPOOL_FAILED, ID_A, ""));
	/* Really later, with sweeps in between. */
	ck_assert_uint_eq(sweep(NOW + 20 * DAY, 30 * DAY), 0);
	ck_assert_uint_eq(sweep(NOW + 40 * DAY, 30 * DAY), 1);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, spool_aid_begin, spool_aid_end);
	tcase_add_test(tc, saves_only_changes);
	tcase_add_test(tc, forgets);
	tcase_add_test(tc, removes);
	tcase_add_loop_test(tc, saves_whole_or_not, 0,
	    (int)(sizeof(save_faults) / sizeof(save_faults[0])));
	tcase_add_test(tc, tells_a_removal_that_failed);
	tcase_add_test(tc, keeps_room_for_a_result);
	tcase_add_test(tc, sees_that_nothing_can_be_recorded);
	tcase_add_test(tc, moves_to_and_fro);
	tcase_add_test(tc, never_moves_over_another);
	tcase_add_loop_test(tc, half_a_move_is_none, 0, 2);
	tcase_add_test(tc, sweeps_dead_drafts);
	tcase_add_test(tc, sweeps_lone_states);
	tcase_add_test(tc, purges_what_is_old);
	tcase_add_test(tc, trusts_no_jump_of_the_clock);
}

int
main(void)
{
	return unit_main("spool_settle", add);
}
