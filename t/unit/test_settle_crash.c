/* SPDX-License-Identifier: ISC */
/*
 * settle: calls that fail between the steps of a return, and damaged files: one
 * report, and the message in one place.
 */
#include "settle_aid.h"

/* ---- crashes between the steps of a return */

START_TEST(a_crash_behind_the_report_makes_no_second_one)
{
	struct spool_claim *c = put_claimed(ID_A);
	struct stat before, after;

	say_delivered(0);
	say_refused(1);
	calls_fail(CALL_RENAMEAT2, 1, 0, EIO); /* the move to failed/ */
	calls_fail(CALL_RENAMEAT, 2, 0, EIO);  /* not the state */
	ck_assert_int_ne(settle(c), 0);
	calls_mend();
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ""));
	ck_assert(is_there(SPOOL_QUEUE, REPORT_A, ""));
	ck_assert_int_eq(stat(path_of(SPOOL_QUEUE, REPORT_A, ""), &before), 0);

	open_again();
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(
	    settle_need(spool_item(c), &home.queue, sys_now(), true),
	    SETTLE_NEED_END);
	attempt.result = NULL;
	must_settle(c, SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), REPORT_A " ");
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
	ck_assert_int_eq(stat(path_of(SPOOL_QUEUE, REPORT_A, ""), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(logged("reason=\"there is one already\""), 1);
}
END_TEST

START_TEST(who_sends_the_report_first_moves_its_message)
{
	struct spool_claim *c;
	struct spool_item i;

	say_delivered(0);
	say_refused(1);
	calls_fail(CALL_RENAMEAT2, 1, 0, EIO);
	calls_fail(CALL_RENAMEAT, 2, 0, EIO);
	ck_assert_int_ne(settle(put_claimed(ID_A)), 0);
	calls_mend();
	open_again();

	/* Not while somebody is at work on it. */
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(settle_finish_return(spool, REPORT_A, &home.queue, &e),
	    EX_TEMPFAIL);
	spool_release(c);
	ck_assert_int_eq(
	    settle_finish_return(spool, DELAY_A, &home.queue, &e), 0);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ""));

	ck_assert_int_eq(
	    settle_finish_return(spool, REPORT_A, &home.queue, &e), 0);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), REPORT_A " ");
	i = peek(SPOOL_FAILED, ID_A);
	ck_assert(i.state.returned);
	ck_assert_int_eq(i.state.result[1].kind, OUTCOME_REFUSED);
	spool_item_clear(&i);
	/* Again: there is nothing to do. */
	ck_assert_int_eq(
	    settle_finish_return(spool, REPORT_A, &home.queue, &e), 0);
}
END_TEST

START_TEST(a_message_that_was_put_back_is_left_alone)
{
	put(ID_A);
	ck_assert_int_eq(
	    settle_finish_return(spool, REPORT_A, &home.queue, &e), 0);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ""));
}
END_TEST

START_TEST(without_room_for_a_report_the_message_waits)
{
	struct spool_claim *c = put_claimed(ID_A);
	struct spool_item i;

	say_delivered(0);
	say_refused(1);
	calls_fail(CALL_LINKAT, 2, 0, ENOSPC); /* the first is the state's */
	must_settle(c, SETTLE_WAITS);
	calls_mend();
	ck_assert_str_eq(names_of(SPOOL_QUEUE), ID_A " ");
	i = peek(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(settle_need(&i, &home.queue, sys_now() + HOUR, false),
	    SETTLE_NEED_END);
	spool_item_clear(&i);

	attempt.result = NULL;
	must_settle(claim(SPOOL_QUEUE, ID_A), SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), REPORT_A " ");
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
}
END_TEST

/* A power cut must not leave the report without the results that it is on. */
START_TEST(results_are_durable_before_the_report)
{
	say_delivered(0);
	say_refused(1);
	put(ID_A);
	ck_assert_int_eq(spool_batch_begin(spool, &e), 0);
	calls_mend();
	calls_fail(CALL_LINKAT, 1, 0, ENOSPC); /* the report's name */
	must_settle(claim(SPOOL_QUEUE, ID_A), SETTLE_WAITS);
	ck_assert_int_eq(logged("event=report result=failed"), 1);
	ck_assert_int_gt(calls[CALL_FDATASYNC].count, 0);
	calls_mend();
	ck_assert_int_eq(spool_batch_end(spool, &e), 0);
	ck_assert(is_first_delivered(SPOOL_QUEUE, ID_A));
}
END_TEST

/* A message all of whose syncs, links .. fail in turn from the n-th on, then
 * mended and settled again: one report, and the message in failed/. */
START_TEST(any_call_may_fail)
{
	enum spool_aid_call call = (enum spool_aid_call)(_i % CALLS);
	int n = _i / CALLS + 1;
	struct spool_claim *c = put_claimed(ID_A);
	int code;

	say_delivered(0);
	say_refused(1);
	calls_mend();
	calls_fail(call, n, 0, EIO);
	code = settle(c);
	calls_mend();
	open_again();
	if (code == 0 && end == SETTLE_RETURNED) {
		ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
	} else if (claim_code(SPOOL_QUEUE, ID_A) == 0) {
		c = claim(SPOOL_QUEUE, ID_A);
		if (settle_need(spool_item(c), &home.queue, sys_now(), true) ==
		    SETTLE_NEED_END)
			attempt.result = NULL;
		must_settle(c, SETTLE_RETURNED);
	}
	ck_assert_str_eq(names_of(SPOOL_QUEUE), REPORT_A " ");
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
	ck_assert(is_first_delivered(SPOOL_FAILED, ID_A));
}
END_TEST

/* ---- crashes between the steps of one that was relayed */

/* Behind its report, with the message still there. */
static void
crash_behind_relayed(void)
{
	say_relayed(0);
	say_relayed(1);
	calls_fail(CALL_RENAMEAT2, 1, 0, EIO);
	calls_fail(CALL_RENAMEAT, 2, 0, EIO);
	calls_fail(CALL_UNLINKAT, 1, 0, EIO);
	ck_assert_int_ne(settle(put_wish(ID_A, DSN_SUCCESS, DSN_SUCCESS)), 0);
	calls_mend();
	open_again();
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ""));
	ck_assert(is_there(SPOOL_QUEUE, RELAY_A, ""));
}

START_TEST(a_crash_behind_relayed_makes_no_second_report)
{
	struct spool_claim *c;

	crash_behind_relayed();
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(
	    settle_need(spool_item(c), &home.queue, sys_now(), true),
	    SETTLE_NEED_END);
	attempt.result = NULL;
	must_settle(c, SETTLE_DONE);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), RELAY_A " ");
	ck_assert_int_eq(logged("reason=\"there is one already\""), 1);
}
END_TEST

/* Whoever sends it first notes in the message that it is made. */
START_TEST(relayed_is_noted_before_its_report_goes)
{
	struct spool_claim *c;

	crash_behind_relayed();
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(
	    settle_finish_return(spool, RELAY_A, &home.queue, &e), EX_TEMPFAIL);
	spool_release(c);
	ck_assert_int_eq(
	    settle_finish_return(spool, RELAY_A, &home.queue, &e), 0);
	c = claim(SPOOL_QUEUE, RELAY_A); /* it is sent */
	ck_assert_int_eq(spool_remove(c, &e), 0);
	spool_release(c);
	attempt.result = NULL;
	must_settle(claim(SPOOL_QUEUE, ID_A), SETTLE_DONE);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_int_eq(
	    settle_finish_return(spool, RELAY_A, &home.queue, &e), 0);
}
END_TEST

/* As any_call_may_fail, for one relayed and the other refused: two reports,
 * each once, though the first is sent before the message is settled again. */
START_TEST(any_call_may_fail_with_relayed)
{
	enum spool_aid_call call = (enum spool_aid_call)(_i % CALLS);
	int n = _i / CALLS + 1, sent = 0;
	struct spool_claim *c = put_wish(ID_A, DSN_SUCCESS, 0);
	int code;

	say_relayed(0);
	say_refused(1);
	calls_mend();
	calls_fail(call, n, 0, EIO);
	code = settle(c);
	calls_mend();
	open_again();
	if (is_there(SPOOL_QUEUE, RELAY_A, "")) {
		c = claim(SPOOL_QUEUE, RELAY_A);
		ck_assert_int_eq(
		    settle_finish_return(spool, RELAY_A, &home.queue, &e), 0);
		ck_assert_int_eq(spool_remove(c, &e), 0);
		spool_release(c);
		sent++;
	}
	if (!(code == 0 && end == SETTLE_RETURNED) &&
	    claim_code(SPOOL_QUEUE, ID_A) == 0) {
		c = claim(SPOOL_QUEUE, ID_A);
		if (settle_need(spool_item(c), &home.queue, sys_now(), true) ==
		    SETTLE_NEED_END)
			attempt.result = NULL;
		must_settle(c, SETTLE_RETURNED);
	}
	sent += is_there(SPOOL_QUEUE, RELAY_A, "");
	ck_assert_int_eq(sent, 1);
	ck_assert(is_there(SPOOL_QUEUE, REPORT_A, ""));
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
	ck_assert(is_first_delivered(SPOOL_FAILED, ID_A));
}
END_TEST

/* ---- damage */

START_TEST(what_is_damaged_is_set_aside)
{
	char text[4096];
	size_t n;
	struct spool_claim *c;

	put(ID_A);
	n = slurp(path_of(SPOOL_QUEUE, ID_A, ""), text, sizeof(text));
	text[n - 70] ^= 1; /* in its text */
	spew(path_of(SPOOL_QUEUE, ID_A, ""), text, n);
	c = claim(SPOOL_QUEUE, ID_A);
	while (spool_read(c, text, sizeof(text), 0) > 0)
		;
	ck_assert(spool_is_damaged(c));
	say_later(0);
	say_later(1);
	must_settle(c, SETTLE_DAMAGED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_str_eq(names_of(SPOOL_BAD), ID_A " ");
	ck_assert_int_eq(
	    logged("error id=" ID_A " event=settle result=damaged"), 1);
}
END_TEST

/* It is only seen while the report quotes it: no report on half of it. */
START_TEST(damage_that_a_report_finds_is_no_report)
{
	char text[4096];
	size_t n;

	put(ID_A);
	n = slurp(path_of(SPOOL_QUEUE, ID_A, ""), text, sizeof(text));
	text[n - 70] ^= 1;
	spew(path_of(SPOOL_QUEUE, ID_A, ""), text, n);
	say_refused(0);
	say_refused(1);
	must_settle(claim(SPOOL_QUEUE, ID_A), SETTLE_DAMAGED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_str_eq(names_of(SPOOL_BAD), ID_A " ");
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end_all);
	tcase_add_test(tc, a_crash_behind_the_report_makes_no_second_one);
	tcase_add_test(tc, who_sends_the_report_first_moves_its_message);
	tcase_add_test(tc, a_message_that_was_put_back_is_left_alone);
	tcase_add_test(tc, without_room_for_a_report_the_message_waits);
	tcase_add_test(tc, results_are_durable_before_the_report);
	tcase_add_loop_test(tc, any_call_may_fail, 0, CALLS * 8);
	tcase_add_test(tc, a_crash_behind_relayed_makes_no_second_report);
	tcase_add_test(tc, relayed_is_noted_before_its_report_goes);
	tcase_add_loop_test(tc, any_call_may_fail_with_relayed, 0, CALLS * 12);
	tcase_add_test(tc, what_is_damaged_is_set_aside);
	tcase_add_test(tc, damage_that_a_report_finds_is_no_report);
}

int
main(void)
{
	return unit_main("settle_crash", add);
}
