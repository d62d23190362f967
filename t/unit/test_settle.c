/* SPDX-License-Identifier: ISC */
/*
 * settle: what stands in the spool, in the account's file and in the log after
 * an attempt.
 */
#include "settle_aid.h"

/* ---- simple ends */

START_TEST(what_is_delivered_is_gone)
{
	say_delivered(0);
	say_delivered(1);
	must_settle(put_claimed(ID_A), SETTLE_DONE);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_str_eq(names_of(SPOOL_FAILED), "");
	ck_assert_int_eq(logged("event=settle result=done attempts=1"), 1);
	/* A good day writes no file on the account. */
	ck_assert_int_ne(access(home.state, F_OK), 0);
}
END_TEST

START_TEST(what_is_put_off_waits)
{
	struct spool_item i;
	int64_t now = sys_now();

	say_delivered(0);
	say_later(1);
	must_settle(put_claimed(ID_A), SETTLE_WAITS);
	i = peek(SPOOL_QUEUE, ID_A);
	ck_assert_uint_eq(i.state.attempts, 1);
	ck_assert_int_ge(i.state.next, now + 48 * 1000);
	ck_assert_int_le(i.state.next, now + 73 * 1000);
	ck_assert_str_eq(i.state.server, "mail.example.com:587");
	ck_assert_int_eq(i.state.result[0].kind, OUTCOME_DELIVERED);
	ck_assert_int_eq(i.state.result[1].kind, OUTCOME_LATER);
	spool_item_clear(&i);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), ID_A " ");

	/* Who has it is not overwritten by a later attempt. */
	say_refused(0);
	must_settle(claim(SPOOL_QUEUE, ID_A), SETTLE_WAITS);
	ck_assert(is_first_delivered(SPOOL_QUEUE, ID_A));
}
END_TEST

START_TEST(what_was_told_leaves_nothing)
{
	say_refused(0);
	say_refused(1);
	attempt.told = true;
	must_settle(put_claimed(ID_A), SETTLE_DONE);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_str_eq(names_of(SPOOL_FAILED), "");
}
END_TEST

START_TEST(a_result_that_is_not_recorded_is_told)
{
	struct spool_claim *c = put_claimed(ID_A);

	say_later(0);
	say_later(1);
	calls_fail(CALL_FSYNC, 1, 0, EIO);
	calls_fail(CALL_PWRITE, 1, 0, ENOSPC);
	ck_assert_int_ne(settle(c), 0);
	calls_mend();
	ck_assert_int_eq(logged("event=settle"), 0);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
}
END_TEST

/* ---- reports */

/* All of the report's text. */
static const char *
report_text(const char *id)
{
	static char text[64 * 1024];
	struct spool_claim *c = claim(SPOOL_QUEUE, id);
	ssize_t n = spool_read(c, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	spool_release(c);
	return text;
}

static void
is_report(const char *id, const char *profile, const char *to)
{
	struct spool_item i = peek(SPOOL_QUEUE, id);

	ck_assert(i.report);
	ck_assert_str_eq(i.profile, profile);
	ck_assert_str_eq(i.envelope.sender, "");
	ck_assert_uint_eq(i.envelope.n_rcpts, 1);
	ck_assert_str_eq(i.envelope.rcpts[0], to);
	ck_assert_uint_eq(i.uid, 1000);
	spool_item_clear(&i);
}

START_TEST(what_is_refused_is_returned)
{
	struct spool_item i;
	const char *text;

	say_delivered(0);
	say_refused(1);
	must_settle(put_claimed(ID_A), SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), REPORT_A " ");
	is_report(REPORT_A, "default", "ann@example.com");
	text = report_text(REPORT_A);
	ck_assert_ptr_nonnull(strstr(text, "From: Mail Delivery System "
					   "<box@example.com>\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "X-Queue-ID: " ID_A "\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "example.net"));
	ck_assert_ptr_nonnull(strstr(text, "550"));
	ck_assert_ptr_null(strstr(text, "bob@example.org"));
	ck_assert_ptr_nonnull(strstr(text, "second line"));
	i = peek(SPOOL_FAILED, ID_A);
	ck_assert(i.state.returned);
	ck_assert(!i.state.by_pause);
	ck_assert_int_eq(i.state.result[1].kind, OUTCOME_REFUSED);
	spool_item_clear(&i);
}
END_TEST

START_TEST(what_is_refused_in_a_batch_is_returned)
{
	say_delivered(0);
	say_refused(1);
	put(ID_A);
	ck_assert_msg(spool_batch_begin(spool, &e) == 0, "%s", e.text);
	must_settle(claim(SPOOL_QUEUE, ID_A), SETTLE_RETURNED);
	ck_assert_msg(spool_batch_end(spool, &e) == 0, "%s", e.text);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), REPORT_A " ");
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
}
END_TEST

/* A message of the null sender, or a report. */
static struct spool_claim *
put_unanswerable(const char *id, bool report)
{
	struct spool_item head = make_head(id);
	struct spool_draft *d;
	struct spool_claim *c;

	ck_assert_int_eq(envelope_restore_sender(&head.envelope, "", NULL), 0);
	head.report = report;
	ck_assert_int_eq(spool_begin(spool, &head, &d, &e), 0);
	ck_assert_int_eq(
	    spool_sink(d)->write(spool_sink(d), TEXT, strlen(TEXT)), 0);
	ck_assert_int_eq(spool_commit(d, false, false, &c, &e), 0);
	spool_item_clear(&head);
	return c;
}

START_TEST(the_null_sender_is_not_answered)
{
	say_refused(0);
	say_refused(1);
	must_settle(put_unanswerable(ID_A, false), SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
	/* Nor where the administrator would be told. */
	attempt.profile = &profiles[SYSTEM];
	ck_assert_int_eq(
	    addr_parse("ops@example.com", false, &conf.admin, &e), 0);
	must_settle(put_unanswerable(ID_B, false), SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
}
END_TEST

/* Nothing that becomes of a report is answered, or pauses anything. */
START_TEST(a_refused_report_ends_in_failed)
{
	say_trouble(OUTCOME_CLASS_C, OUTCOME_AT_MAIL, 550);
	must_settle(put_unanswerable(REPORT_A, true), SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_str_eq(names_of(SPOOL_FAILED), REPORT_A " ");
	ck_assert_int_eq(account_now(), ACCOUNT_OK);
	ck_assert_int_eq(logged("error id=" REPORT_A " event=settle "
				"result=\"report failed\""),
	    1);
	ck_assert_int_eq(logged("event=alert"), 0);

	/* But a login that fails is the account's trouble. */
	say_trouble(OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 535);
	must_settle(put_unanswerable("R" ID_B, true), SETTLE_WAITS);
	ck_assert_int_eq(account_now(), ACCOUNT_MISCONFIGURED);
}
END_TEST

START_TEST(system_mail_is_reported_to_the_administrator)
{
	say_refused(0);
	say_refused(1);
	attempt.profile = &profiles[SYSTEM];
	must_settle(put_claimed(ID_A), SETTLE_RETURNED);
	is_report(REPORT_A, "noreply", "ann@example.com"); /* there is none */
	ck_assert_int_eq(
	    addr_parse("ops@example.com", false, &conf.admin, &e), 0);
	must_settle(put_claimed(ID_B), SETTLE_RETURNED);
	is_report("R" ID_B, "noreply", "ops@example.com");
	/* A person's mail is the person's affair. */
	attempt.profile = &profiles[BOX];
	must_settle(put_claimed(ID_C), SETTLE_RETURNED);
	is_report("R" ID_C, "default", "ann@example.com");
}
END_TEST

/* A profile that rewrites has one address; another may name the daemon. */
START_TEST(a_report_is_from_the_daemon_or_the_profile)
{
	say_refused(0);
	say_refused(1);
	attempt.profile = &profiles[SYSTEM];
	must_settle(put_claimed(ID_A), SETTLE_RETURNED);
	ck_assert_ptr_nonnull(
	    strstr(report_text(REPORT_A), "System <noreply@example.com>\r\n"));
	profiles[SYSTEM].rewrite = false;
	must_settle(put_claimed(ID_B), SETTLE_RETURNED);
	ck_assert_ptr_nonnull(strstr(
	    report_text("R" ID_B), "System <MAILER-DAEMON@d.example.com>\r\n"));
}
END_TEST

/* ---- what was wanted (RFC 3461) */

START_TEST(a_report_is_about_those_of_whom_it_is_wanted)
{
	struct spool_item i;
	const char *text;

	say_refused(0);
	say_refused(1);
	must_settle(put_wish(ID_A, DSN_FAILURE, DSN_NEVER), SETTLE_RETURNED);
	is_report(REPORT_A, "default", "ann@example.com");
	i = peek(SPOOL_QUEUE, REPORT_A);
	ck_assert_uint_eq(envelope_wish(&i.envelope, 0)->notify, DSN_NEVER);
	spool_item_clear(&i);
	text = report_text(REPORT_A);
	ck_assert_ptr_nonnull(strstr(text, "Original-Envelope-Id: QQ+1\r\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "\r\n\r\nOriginal-Recipient: rfc822; root@example.com\r\n"
	    "Final-Recipient: rfc822; bob@example.org\r\n"));
	ck_assert_ptr_null(strstr(text, "example.net"));
	ck_assert_ptr_null(strstr(text, "second line")); /* RET=HDRS */
}
END_TEST

START_TEST(nobody_is_told_who_does_not_want_it)
{
	say_refused(0);
	say_refused(1);
	must_settle(put_wish(ID_A, DSN_NEVER, DSN_SUCCESS | DSN_DELAY),
	    SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
	ck_assert_int_eq(logged("event=report result=none "
				"reason=\"not wanted (NOTIFY)\""),
	    1);
}
END_TEST

START_TEST(a_delay_is_told_to_whom_it_matters)
{
	struct spool_claim *c = put_wish(ID_A, DSN_DELAY, DSN_FAILURE);
	struct spool_state *s = &spool_item(c)->state;
	const char *text;

	say_later(0);
	say_later(1);
	s->attempts = 9;
	s->able = 4 * HOUR;
	s->last = sys_now() - 1000;
	must_settle(c, SETTLE_WAITS);
	text = report_text(DELAY_A);
	ck_assert_ptr_nonnull(strstr(text, "bob@example.org"));
	ck_assert_ptr_null(strstr(text, "example.net"));
}
END_TEST

START_TEST(who_was_relayed_is_told_of)
{
	const char *text;

	ck_assert_int_eq(
	    addr_parse("ops@example.com", false, &conf.admin, &e), 0);
	attempt.profile = &profiles[SYSTEM];
	say_relayed(0);
	say_delivered(1);
	must_settle(put_wish(ID_A, DSN_SUCCESS, DSN_FAILURE), SETTLE_DONE);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), RELAY_A " ");
	ck_assert_str_eq(names_of(SPOOL_FAILED), "");
	/* Not the administrator: whoever asked. */
	is_report(RELAY_A, "noreply", "ann@example.com");
	text = report_text(RELAY_A);
	ck_assert_ptr_nonnull(strstr(text, "Action: relayed\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "bob@example.org"));
	ck_assert_ptr_null(strstr(text, "example.net"));
}
END_TEST

/* In one report, when the message ends; beside one on those who failed. */
START_TEST(who_was_relayed_is_told_of_at_the_end)
{
	struct spool_item i;

	say_relayed(0);
	say_later(1);
	must_settle(put_wish(ID_A, DSN_SUCCESS, 0), SETTLE_WAITS);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), ID_A " ");
	open_again();
	say_refused(1);
	must_settle(claim(SPOOL_QUEUE, ID_A), SETTLE_RETURNED);
	ck_assert(is_there(SPOOL_QUEUE, RELAY_A, ""));
	ck_assert(is_there(SPOOL_QUEUE, REPORT_A, ""));
	ck_assert_ptr_null(strstr(report_text(REPORT_A), "bob@example.org"));
	ck_assert_ptr_null(strstr(report_text(RELAY_A), "example.net"));
	i = peek(SPOOL_FAILED, ID_A);
	ck_assert_int_eq(i.state.result[0].kind, OUTCOME_DELIVERED);
	ck_assert(!i.state.result[0].relayed); /* not again */
	spool_item_clear(&i);
}
END_TEST

START_TEST(the_null_sender_hears_of_no_success)
{
	say_relayed(0);
	say_relayed(1);
	must_settle(put_unanswerable(ID_A, false), SETTLE_DONE);
	must_settle(put_unanswerable(REPORT_A, true), SETTLE_DONE);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	home.queue.reports_per_hour = 0;
	must_settle(put_wish(ID_B, DSN_SUCCESS, DSN_SUCCESS), SETTLE_DONE);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_int_eq(logged("reason=queue.reports_per_hour"), 1);
}
END_TEST

static void
pause_box(void)
{
	struct account a;
	struct outcome o;

	outcome_set(
	    &o, OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_AUTH, 535, "no");
	account_load(&profiles[BOX], &a);
	account_note(&a, &profiles[BOX], &o, "", "", sys_now(), 0);
	ck_assert_int_eq(account_save(&profiles[BOX], &a, &e), 0);
	account_clear(&a);
}

START_TEST(a_report_takes_a_way_that_is_open)
{
	struct spool_claim *c = put_claimed(ID_A);
	struct spool_state *s = &spool_item(c)->state;

	pause_box();
	say_refused(0);
	say_refused(1);
	s->result[0] = result[0];
	s->result[1] = result[1];
	attempt.result = NULL; /* it had ended before the pause */
	must_settle(c, SETTLE_RETURNED);
	is_report(REPORT_A, "noreply", "ann@example.com");
	ck_assert_ptr_nonnull(
	    strstr(report_text(REPORT_A), "<noreply@example.com>"));

	/* `default` of another file is not delivered from here. */
	struct profile_home other = home;
	profiles[SYSTEM].home = &other;
	c = put_claimed(ID_B);
	s = &spool_item(c)->state;
	s->result[0] = result[0];
	s->result[1] = result[1];
	must_settle(c, SETTLE_RETURNED);
	is_report("R" ID_B, "default", "ann@example.com");
}
END_TEST

START_TEST(there_is_a_limit_of_reports)
{
	say_refused(0);
	say_refused(1);
	home.queue.reports_per_hour = 1;
	must_settle(put_claimed(ID_A), SETTLE_RETURNED);
	must_settle(put_claimed(ID_B), SETTLE_RETURNED);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), REPORT_A " ");
	ck_assert_int_eq(logged("reason=queue.reports_per_hour"), 1);
	/* A file of it that is lost or odd limits nothing. */
	spew(aid_path("spool/reports"), "what?\n", 6);
	must_settle(put_claimed(ID_C), SETTLE_RETURNED);
	is_report("R" ID_C, "default", "ann@example.com");
}
END_TEST

START_TEST(a_long_delay_is_told_once)
{
	struct spool_claim *c = put_claimed(ID_A);
	struct spool_state *s = &spool_item(c)->state;
	struct spool_item i;

	say_delivered(0);
	say_later(1);
	s->attempts = 9;
	s->able = 4 * HOUR - 1;
	s->last = sys_now() - 1000;
	must_settle(c, SETTLE_WAITS);
	is_report(DELAY_A, "default", "ann@example.com");
	ck_assert_ptr_nonnull(strstr(report_text(DELAY_A), "Action: delayed"));
	i = peek(SPOOL_QUEUE, ID_A);
	ck_assert(i.state.warned);
	spool_item_clear(&i);

	c = claim(SPOOL_QUEUE, DELAY_A);
	ck_assert_int_eq(spool_remove(c, &e), 0);
	spool_release(c);
	c = claim(SPOOL_QUEUE, ID_A);
	spool_item(c)->state.last -= HOUR;
	must_settle(c, SETTLE_WAITS);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), ID_A " ");
}
END_TEST

START_TEST(a_warning_that_fails_is_not_made_up_for)
{
	struct spool_claim *c = put_claimed(ID_A);
	struct spool_state *s = &spool_item(c)->state;

	say_later(0);
	say_later(1);
	s->attempts = 9;
	s->able = 4 * HOUR;
	s->last = sys_now() - 1000;
	calls_fail(CALL_LINKAT, 2, 0, ENOSPC); /* the first is the state's */
	must_settle(c, SETTLE_WAITS);
	calls_mend();
	ck_assert_str_eq(names_of(SPOOL_QUEUE), ID_A " ");
	ck_assert_int_eq(logged("event=report result=failed"), 1);
}
END_TEST

/* ---- accounts */

START_TEST(trouble_of_the_account_is_noted_there_alone)
{
	say_trouble(OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 535);
	must_settle(put_claimed(ID_A), SETTLE_WAITS);
	ck_assert(!is_there(SPOOL_QUEUE, ID_A, ".state"));
	ck_assert_int_eq(account_now(), ACCOUNT_MISCONFIGURED);
	must_settle(put_claimed(ID_B), SETTLE_WAITS);
	ck_assert(!is_there(SPOOL_QUEUE, ID_B, ".state"));
	ck_assert_int_eq(logged("error event=alert account=default "
				"state=misconfigured class=C stage=AUTH "
				"code=535"),
	    1);
	ck_assert_int_eq(logged("event=resumed"), 0);

	say_delivered(0);
	say_refused(1);
	must_settle(claim(SPOOL_QUEUE, ID_B), SETTLE_RETURNED);
	ck_assert_int_eq(account_now(), ACCOUNT_OK);
	ck_assert_int_eq(
	    logged("event=resumed account=default was=misconfigured"), 1);
}
END_TEST

START_TEST(a_sender_that_is_refused_pauses_itself)
{
	say_trouble(OUTCOME_CLASS_C, OUTCOME_AT_MAIL, 550);
	must_settle(put_claimed(ID_A), SETTLE_WAITS);
	must_settle(put_claimed(ID_B), SETTLE_WAITS);
	ck_assert_int_eq(account_now(), ACCOUNT_OK);
	ck_assert_int_eq(
	    logged("event=alert account=default state=sender_refused "
		   "sender=ann@example.com"),
	    1);
}
END_TEST

START_TEST(two_lost_links_are_the_accounts)
{
	say(0, OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_DATA, 0);
	say(1, OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_RCPT, 450);
	must_settle(put_claimed(ID_A), SETTLE_WAITS);
	ck_assert_int_eq(account_now(), ACCOUNT_OK);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ".state"));

	attempt.lost_links = true;
	result[1] = result[0];
	must_settle(put_claimed(ID_B), SETTLE_WAITS);
	ck_assert_int_eq(account_now(), ACCOUNT_PAUSED);
	ck_assert(!is_there(SPOOL_QUEUE, ID_B, ".state"));
}
END_TEST

START_TEST(a_second_unclear_end_is_the_accounts_too)
{
	say(0, OUTCOME_UNCLEAR, OUTCOME_CLASS_T, OUTCOME_AT_FINAL, 0);
	result[1] = result[0];
	attempt.lost_links = true;
	must_settle(put_claimed(ID_A), SETTLE_WAITS);
	ck_assert_int_eq(account_now(), ACCOUNT_PAUSED);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ".state"));
}
END_TEST

START_TEST(a_later_way_is_announced_once)
{
	struct outcome why;

	outcome_set(&why, OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_TOKEN, 400,
	    "invalid_grant");
	say_delivered(0);
	say_delivered(1);
	attempt.trouble = &why;
	must_settle(put_claimed(ID_A), SETTLE_DONE);
	must_settle(put_claimed(ID_B), SETTLE_DONE);
	ck_assert_int_eq(account_now(), ACCOUNT_DEGRADED);
	ck_assert_int_eq(logged("event=alert"), 1);
	attempt.trouble = NULL;
	must_settle(put_claimed(ID_C), SETTLE_DONE);
	ck_assert_int_eq(account_now(), ACCOUNT_OK);
	ck_assert_int_eq(logged("event=resumed"), 1);
}
END_TEST

/* ---- a pause that is too long */

START_TEST(what_waits_too_long_comes_back)
{
	struct spool_claim *c;
	struct spool_item i;

	put(ID_A);
	c = put_claimed(ID_B);
	spool_item(c)->state.held = true;
	ck_assert_int_eq(spool_save(c, &e), 0);
	spool_release(c);
	c = put_claimed(ID_C); /* somebody is at work on it */

	ck_assert_int_eq(settle_give_up(spool, &profiles[SYSTEM], &e), 0);
	ck_assert_str_eq(names_of(SPOOL_FAILED), "");
	ck_assert_int_eq(settle_give_up(spool, &profiles[BOX], &e), 0);
	spool_release(c);
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_A " ");
	i = peek(SPOOL_FAILED, ID_A);
	ck_assert(i.state.by_pause && !i.state.returned);
	spool_item_clear(&i);
	ck_assert_int_eq(logged("error event=alert profile=default "), 1);

	/* A message that was returned stays where it is. */
	say_refused(0);
	say_refused(1);
	must_settle(claim(SPOOL_QUEUE, ID_C), SETTLE_RETURNED);
	ck_assert_int_eq(settle_take_back(spool, &profiles[SYSTEM], &e), 0);
	ck_assert(!is_there(SPOOL_QUEUE, ID_A, ""));
	ck_assert_int_eq(settle_take_back(spool, &profiles[BOX], &e), 0);
	ck_assert_str_eq(names_of(SPOOL_FAILED), ID_C " ");
	i = peek(SPOOL_QUEUE, ID_A);
	ck_assert(!i.state.by_pause);
	spool_item_clear(&i);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end_all);
	tcase_add_test(tc, what_is_delivered_is_gone);
	tcase_add_test(tc, what_is_put_off_waits);
	tcase_add_test(tc, what_was_told_leaves_nothing);
	tcase_add_test(tc, a_result_that_is_not_recorded_is_told);
	tcase_add_test(tc, what_is_refused_is_returned);
	tcase_add_test(tc, a_report_is_from_the_daemon_or_the_profile);
	tcase_add_test(tc, what_is_refused_in_a_batch_is_returned);
	tcase_add_test(tc, the_null_sender_is_not_answered);
	tcase_add_test(tc, a_refused_report_ends_in_failed);
	tcase_add_test(tc, system_mail_is_reported_to_the_administrator);
	tcase_add_test(tc, a_report_is_about_those_of_whom_it_is_wanted);
	tcase_add_test(tc, nobody_is_told_who_does_not_want_it);
	tcase_add_test(tc, a_delay_is_told_to_whom_it_matters);
	tcase_add_test(tc, who_was_relayed_is_told_of);
	tcase_add_test(tc, who_was_relayed_is_told_of_at_the_end);
	tcase_add_test(tc, the_null_sender_hears_of_no_success);
	tcase_add_test(tc, a_report_takes_a_way_that_is_open);
	tcase_add_test(tc, there_is_a_limit_of_reports);
	tcase_add_test(tc, a_long_delay_is_told_once);
	tcase_add_test(tc, a_warning_that_fails_is_not_made_up_for);
	tcase_add_test(tc, trouble_of_the_account_is_noted_there_alone);
	tcase_add_test(tc, a_sender_that_is_refused_pauses_itself);
	tcase_add_test(tc, two_lost_links_are_the_accounts);
	tcase_add_test(tc, a_second_unclear_end_is_the_accounts_too);
	tcase_add_test(tc, a_later_way_is_announced_once);
	tcase_add_test(tc, what_waits_too_long_comes_back);
}

int
main(void)
{
	return unit_main("settle", add);
}
