/* SPDX-License-Identifier: ISC */
/* test_smtpd: dialogues with the server's side of SMTP, whole and in pieces. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "mail/smtpd.h"
#include "unit.h"

static const struct smtpd_settings settings = { "host.test", 1000 };

/* Take the text to its end, in pieces; false: the input has ended. */
static bool
read_text(
    struct smtpd *d, struct buf *log, const char **p, size_t *left, size_t step)
{
	char room[7];
	ssize_t n;
	size_t some;

	while ((n = smtpd_read(d, room, sizeof(room))) != 0) {
		if (n > 0) {
			buf_add(log, room, (size_t)n);
			continue;
		}
		if (errno == EPIPE)
			return false;
		ck_assert_int_eq(errno, EAGAIN);
		some = *left < step ? *left : step;
		if (some == 0)
			smtpd_end(d);
		smtpd_feed(d, *p, some);
		*p += some;
		*left -= some;
	}
	return true;
}

/* What an order says: "[sender ret envid|rcpt notify orcpt|text]". */
static void
add_order(struct buf *log, const struct smtpd_order *o)
{
	size_t i;

	buf_add_fmt(log, "[%s", o->sender);
	if (o->dsn.ret != DSN_RET_UNSAID)
		buf_add_str(
		    log, o->dsn.ret == DSN_RET_FULL ? " full" : " hdrs");
	if (o->dsn.envid != NULL)
		buf_add_fmt(log, " %s", o->dsn.envid);
	for (i = 0; i < o->n_rcpts; i++) {
		buf_add_fmt(log, "|%s", o->rcpts[i].address);
		if (o->rcpts[i].dsn.notify != 0)
			buf_add_fmt(log, " %u", o->rcpts[i].dsn.notify);
		if (o->rcpts[i].dsn.orcpt != NULL)
			buf_add_fmt(log, " %s", o->rcpts[i].dsn.orcpt);
	}
	buf_add_char(log, '|');
}

/*
 * A session, fed step octets at a time: the first replies' codes and the
 * messages in brackets, as they come; "." for a text that was cut. What is
 * answered is 250, or 554 for a text with "refuse" in it.
 */
static char *
talk(const char *p, size_t left, size_t step)
{
	struct smtpd *d = smtpd_new(&settings);
	struct buf log, codes;
	enum smtpd_event ev;
	size_t some, at;
	bool bad, cut = false;
	char *line, *end, *all;

	buf_init(&log, SIZE_MAX / 2);
	buf_init(&codes, SIZE_MAX / 2);
	while ((ev = smtpd_next(d)) != SMTPD_CLOSED) {
		if (ev == SMTPD_MESSAGE) {
			add_order(&log, smtpd_order(d));
			at = log.len;
			cut = !read_text(d, &log, &p, &left, step);
			buf_add_str(&log, cut ? "..." : "]");
			bad = strstr(log.data + at, "refuse") != NULL;
			smtpd_answer(d, bad ? 554 : 250,
			    bad ? "5.0.0" : "2.0.0", bad ? "no" : "yes");
			continue;
		}
		some = left < step ? left : step;
		if (some == 0)
			smtpd_end(d);
		smtpd_feed(d, p, some);
		p += some;
		left -= some;
	}
	for (line = smtpd_replies(d)->data; *line != '\0'; line = end + 2) {
		end = strstr(line, "\r\n");
		ck_assert_ptr_nonnull(end);
		ck_assert_uint_le((size_t)(end - line), 510);
		if (line[3] == ' ')
			buf_add_fmt(&codes, "%.3s ", line);
	}
	all = mem_printf(
	    "%s%s%s", codes.data, log.data, smtpd_has_quit(d) ? "q" : "");
	buf_clear(&codes);
	buf_clear(&log);
	smtpd_free(d);
	return all;
}

#define MAIL  "MAIL FROM:<a@b.test>\r\n"
#define RCPT  "RCPT TO:<c@d.test>\r\n"
#define BEGIN MAIL RCPT "DATA\r\n"
#define LINES "MAIL FROM:<a@b.test>\nRCPT TO:<c@d.test>\nDATA\n"

static const struct {
	const char *label;
	const char *in;
	const char *want;
} cases[] = {
	{ "nothing", "", "220 " },
	{ "quit", "QUIT\r\n", "220 221 q" },
	{ "quit, then more", "quit\nNOOP\n", "220 221 q" },
	{ "half a command", "QUIT", "220 " },
	{ "helo", "HELO x\r\nEHLO [127.0.0.1]\r\nEHLO\r\n",
	    "220 250 250 501 " },
	{ "a session", "EHLO x\r\n" BEGIN "hi\r\n.\r\nQUIT\r\n",
	    "220 250 250 250 354 250 221 [a@b.test|c@d.test|hi\r\n]q" },
	{ "no hello, LF", LINES "hi\n.\nQUIT\n",
	    "220 250 250 354 250 221 [a@b.test|c@d.test|hi\n]q" },
	{ "empty text", BEGIN ".\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|]" },
	{ "dots", BEGIN "..\r\n.x\r\n...\r\na.\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|.\r\nx\r\n..\r\na.\r\n]" },
	{ "dots, LF", LINES "..\n.x\n.\r\n.\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|.\nx\n\r\n]" },
	{ "LF.LF in CRLF", BEGIN "a\n.\nMAIL FROM:<x@y>\n\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|"
	    "a\n.\nMAIL FROM:<x@y>\n\r\n]" },
	{ "LF.CRLF in CRLF", BEGIN "a\n.\r\nb\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\n.\r\nb\r\n]" },
	{ "CRLF.LF in CRLF", BEGIN "a\r\n.\nb\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\r\n\nb\r\n]" },
	{ "CR.CR in CRLF", BEGIN "a\r.\rb\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\r.\rb\r\n]" },
	{ "LF.CR in CRLF", BEGIN "a\n.\rb\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\n.\rb\r\n]" },
	{ "CRLF.CRCRLF in CRLF", BEGIN "a\r\n.\r\r\nb\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\r\n\r\r\nb\r\n]" },
	{ "CRCRLF.CRCRLF in CRLF", BEGIN "a\r\r\n.\r\r\nb\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\r\r\n\r\r\nb\r\n]" },
	{ "CRLF.CR x in CRLF", BEGIN "a\r\n.\rb\r\n.\r\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\r\n\rb\r\n]" },
	{ "LF.CRLF in LF", LINES "a\n.\r\nb\n.\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\n\r\nb\n]" },
	{ "CR.CR in LF", LINES "a\r.\rb\n.\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\r.\rb\n]" },
	{ "LF.CR in LF", LINES "a\n.\rb\n.\n",
	    "220 250 250 354 250 [a@b.test|c@d.test|a\n\rb\n]" },
	{ "cut text", BEGIN "a\r\n.\r",
	    "220 250 250 354 [a@b.test|c@d.test|a\r\n..." },
	{ "cut before the dot, LF", LINES "a\n.",
	    "220 250 250 354 [a@b.test|c@d.test|a\n..." },
	{ "two messages", BEGIN "1\r\n.\r\n" LINES "2\n.\nQUIT\n",
	    "220 250 250 354 250 250 250 354 250 221 "
	    "[a@b.test|c@d.test|1\r\n][a@b.test|c@d.test|2\n]q" },
	{ "refused, then another",
	    BEGIN "refuse\r\n.\r\n" MAIL "RCPT TO:<e@f.test>\r\nDATA\r\n.\r\n",
	    "220 250 250 354 554 250 250 354 250 "
	    "[a@b.test|c@d.test|refuse\r\n][a@b.test|e@f.test|]" },
	{ "nothing is carried over", MAIL RCPT "RSET\r\nDATA\r\n" RCPT,
	    "220 250 250 250 503 503 " },
	{ "EHLO resets", MAIL RCPT "EHLO x\r\nDATA\r\n",
	    "220 250 250 250 503 " },
	{ "out of order", "RCPT TO:<a@b>\r\nDATA\r\n" MAIL "DATA\r\n" MAIL,
	    "220 503 503 250 554 503 " },
	{ "odd commands",
	    "VRFY a\r\nVRFY\r\nEXPN a\r\nHELP\r\nNOOP x\r\nXYZ\r\nAUTH "
	    "PLAIN\r\n"
	    "\r\nDATA x\r\nRSET x\r\nQUIT x\r\n",
	    "220 252 501 502 214 250 500 502 500 501 501 501 " },
	{ "control characters", "NO\rOP\r\nNOOP \x01\r\nNOOP \x7f\r\n",
	    "220 500 500 500 " },
	{ "not UTF-8", "NOOP \xff\r\nNOOP \xc3\xa4\r\n", "220 500 250 " },
	{ "senders",
	    "MAIL FROM: <a@b>\r\nRSET\r\nMAIL FROM:<>\r\nRSET\r\n"
	    "mail from:<@r,@q:a@b>\r\nRSET\r\nMAIL FROM:root\r\nRSET\r\n"
	    "MAIL FROM:<\"a > b\"@c>\r\nRSET\r\nMAIL FROM:<\xc3\xa4@b>\r\n",
	    "220 250 250 250 250 250 250 250 250 250 250 250 " },
	{ "bad senders",
	    "MAIL FROM:\r\nMAIL <a@b>\r\nMAIL FROM:<a@b\r\nMAIL FROM:<a@@b>\r\n"
	    "MAIL FROM:<a@b>x\r\nMAIL FROM:<\"a@b>\r\nMAIL\r\nMAIL FROM:x y "
	    "z\r\n"
	    "MAIL FROM:<a@b,c@d>\r\n",
	    "220 501 501 501 553 501 501 501 555 553 " },
	{ "bad recipients",
	    MAIL "RCPT TO:<>\r\nRCPT TO:\r\nRCPT TO:<a b>\r\nRCPT TO:<x:;>\r\n"
		 "RCPT TO:<a@b>, <c@d>\r\nDATA\r\n",
	    "220 250 553 501 553 553 501 554 " },
	{ "recipients",
	    MAIL "RCPT TO:<root>\r\nRCPT TO:<\\root>\r\nRCPT TO:<@r:a@b>\r\n"
		 "RCPT TO:<\"a b\"@c>\r\nRCPT TO:<-x@b>\r\nDATA\r\n.\r\n",
	    "220 250 250 250 250 250 250 354 250 "
	    "[a@b.test|root|\\root|a@b|\"a b\"@c|-x@b|]" },
	{ "parameters of MAIL",
	    "MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=hdrs "
	    "ENVID=a+2Bb \r\n" RCPT "DATA\r\n.\r\n",
	    "220 250 250 354 250 [a@b hdrs a+2Bb|c@d.test|]" },
	{ "bad parameters of MAIL",
	    "MAIL FROM:<a> SIZE=1001\r\nMAIL FROM:<a> SIZE=x\r\n"
	    "MAIL FROM:<a> SIZE\r\nMAIL FROM:<a> SIZE=\r\n"
	    "MAIL FROM:<a> BODY=BINARYMIME\r\nMAIL FROM:<a> SMTPUTF8=1\r\n"
	    "MAIL FROM:<a> RET=x\r\nMAIL FROM:<a> ENVID=a+zz\r\n"
	    "MAIL FROM:<a> SIZE=1 size=1\r\nMAIL FROM:<a> AUTH=<>\r\n"
	    "MAIL FROM:<a> NOTIFY=NEVER\r\n",
	    "220 552 501 501 501 501 501 501 501 501 555 555 " },
	{ "sizes of 20 digits, and of 21",
	    "MAIL FROM:<a> SIZE=99999999999999999999\r\n"
	    "MAIL FROM:<a> SIZE=100000000000000000000\r\n",
	    "220 552 501 " },
	{ "parameters of RCPT",
	    MAIL "RCPT TO:<c@d> NOTIFY=success,FAILURE ORCPT=rfc822;c+2Bx@d\r\n"
		 "RCPT TO:<e@f> NOTIFY=NEVER\r\nDATA\r\n.\r\n",
	    "220 250 250 250 354 250 "
	    "[a@b.test|c@d 6 rfc822;c+2Bx@d|e@f 1|]" },
	{ "bad parameters of RCPT",
	    MAIL
	    "RCPT TO:<c@d> NOTIFY=NEVER,SUCCESS\r\nRCPT TO:<c@d> ORCPT=x\r\n"
	    "RCPT TO:<c@d> NOTIFY=x\r\nRCPT TO:<c@d> RET=FULL\r\n"
	    "RCPT TO:<c@d> ORCPT=rfc822;a@b ORCPT=rfc822;a@b\r\n",
	    "220 250 501 501 501 555 501 " },
	{ "a text that nobody waited for",
	    MAIL "DATA\r\nSubject: x\r\n\r\n" BEGIN "x\r\n.\r\n",
	    "220 250 554 421 " },
	{ "the same, MAIL refused",
	    "MAIL FROM:<a@@b>\r\n" RCPT "DATA\r\nHello you\r\n" BEGIN
	    "x\r\n.\r\n",
	    "220 553 503 503 421 " },
	{ "a word behind a refused DATA", MAIL "DATA\r\nXYZ\r\nQUIT\r\n",
	    "220 250 554 500 221 q" },
	{ "DATA is refused, and a new message", MAIL "DATA\r\nRSET\r\nX: y\r\n",
	    "220 250 554 250 500 " },
};

static void
check_talk(const char *label, const char *in, size_t n, const char *want)
{
	static const size_t steps[] = { 1, 2, 3, 5, 17, 100000 };
	char *got;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		got = talk(in, n, steps[i]);
		ck_assert_msg(strcmp(got, want) == 0,
		    "%s, by %zu:\n got  %s\n want %s", label, steps[i], got,
		    want);
		free(got);
	}
}

START_TEST(dialogue)
{
	check_talk(cases[_i].label, cases[_i].in, strlen(cases[_i].in),
	    cases[_i].want);
}
END_TEST

START_TEST(nul_is_no_command)
{
	static const char in[] = "NOOP\0\r\n" BEGIN "a\0\n\0.\r\n.\r\n";
	char *got = talk(in, sizeof(in) - 1, 1);

	ck_assert_str_eq(got, "220 500 250 250 354 250 [a@b.test|c@d.test|a");
	free(got);
}
END_TEST

/* A line of n octets: too long from SMTPD_MAX_LINE on, whatever follows. */
static void
check_length(size_t n, const char *end, const char *want)
{
	char *in = mem_new(n + 100, 1);

	memset(in, 'x', n);
	memcpy(in, "NOOP ", 5);
	snprintf(in + n, 100, "%sQUIT\r\n", end);
	check_talk("a long line", in, strlen(in), want);
	free(in);
}

START_TEST(long_lines)
{
	check_length(SMTPD_MAX_LINE, "\r\n", "220 250 221 q");
	check_length(SMTPD_MAX_LINE, "\n", "220 250 221 q");
	check_length(SMTPD_MAX_LINE + 1, "\r\n", "220 500 221 q");
	check_length(SMTPD_MAX_LINE + 1, "\n", "220 500 221 q");
	check_length(SMTPD_MAX_LINE * 3, "\r\n", "220 500 221 q");
}
END_TEST

START_TEST(a_line_without_end_is_not_kept)
{
	struct smtpd *d = smtpd_new(&settings);
	static char block[65536];
	int i;

	memset(block, 'x', sizeof(block));
	for (i = 0; i < 10000; i++) {
		smtpd_feed(d, block, sizeof(block));
		ck_assert_int_eq(smtpd_next(d), SMTPD_HUNGRY);
	}
	smtpd_feed(d, "\r\nQUIT\r\n", 8);
	ck_assert_int_eq(smtpd_next(d), SMTPD_CLOSED);
	ck_assert_ptr_nonnull(strstr(smtpd_replies(d)->data, "\r\n500 5.5.2 "));
	ck_assert(smtpd_has_quit(d));
	smtpd_free(d);
}
END_TEST

/* Errors end a session; bad addresses, which may be many, do not. */
START_TEST(errors_are_counted)
{
	struct buf in;
	char *got;
	int i;

	buf_init(&in, SIZE_MAX / 2);
	buf_add_str(&in, MAIL);
	for (i = 0; i < 2 * SMTPD_MAX_ERRORS; i++)
		buf_add_str(&in, "RCPT TO:<a@@b>\r\n");
	for (i = 0; i < 2 * SMTPD_MAX_ERRORS; i++)
		buf_add_str(&in, "XYZ\r\n");
	got = talk(in.data, in.len, 1000);
	ck_assert_uint_eq(
	    strlen(got), 4 * (2 + 2 * SMTPD_MAX_ERRORS + SMTPD_MAX_ERRORS));
	ck_assert_str_eq(got + strlen(got) - 8, "500 421 ");
	free(got);
	buf_clear(&in);
}
END_TEST

START_TEST(recipients_are_limited)
{
	struct smtpd *d = smtpd_new(&settings);
	size_t i;

	smtpd_feed(d, MAIL, strlen(MAIL));
	for (i = 0; i < SMTPD_MAX_RCPTS; i++)
		smtpd_feed(d, RCPT, strlen(RCPT));
	ck_assert_int_eq(smtpd_next(d), SMTPD_HUNGRY);
	ck_assert_ptr_null(strstr(smtpd_replies(d)->data, "452"));
	buf_reset(smtpd_replies(d));
	smtpd_feed(d, RCPT "DATA\r\n", strlen(RCPT "DATA\r\n"));
	ck_assert_int_eq(smtpd_next(d), SMTPD_MESSAGE);
	ck_assert_int_eq(strncmp(smtpd_replies(d)->data, "452 4.5.3 ", 10), 0);
	ck_assert_uint_eq(smtpd_order(d)->n_rcpts, SMTPD_MAX_RCPTS);
	smtpd_free(d);
}
END_TEST

/* An answer in mid-text waits for the end of it. */
START_TEST(early_answer)
{
	struct smtpd *d = smtpd_new(&settings);
	static const char rest[] = "b\r\n.\r\nNOOP\r\n";

	smtpd_feed(d, BEGIN "a\r\n", strlen(BEGIN "a\r\n"));
	ck_assert_int_eq(smtpd_next(d), SMTPD_MESSAGE);
	buf_reset(smtpd_replies(d));
	smtpd_answer(d, 552, "5.3.4", "larger\nthan\tthis\x80");
	ck_assert_uint_eq(smtpd_replies(d)->len, 0);
	ck_assert_int_eq(smtpd_next(d), SMTPD_HUNGRY);
	ck_assert_uint_eq(smtpd_replies(d)->len, 0);
	smtpd_feed(d, rest, strlen(rest));
	ck_assert_int_eq(smtpd_next(d), SMTPD_HUNGRY);
	ck_assert_str_eq(smtpd_replies(d)->data,
	    "552-5.3.4 larger\r\n552 5.3.4 than?this?\r\n250 2.0.0 ok\r\n");
	smtpd_free(d);
}
END_TEST

START_TEST(early_answer_and_no_end)
{
	struct smtpd *d = smtpd_new(&settings);

	smtpd_feed(d, BEGIN "a\r\n", strlen(BEGIN "a\r\n"));
	ck_assert_int_eq(smtpd_next(d), SMTPD_MESSAGE);
	buf_reset(smtpd_replies(d));
	smtpd_answer(d, 552, "5.3.4", "no");
	smtpd_end(d);
	ck_assert_int_eq(smtpd_next(d), SMTPD_CLOSED);
	ck_assert_uint_eq(smtpd_replies(d)->len, 0);
	ck_assert(!smtpd_has_quit(d));
	smtpd_free(d);
}
END_TEST

START_TEST(long_answers_have_many_lines)
{
	struct smtpd *d = smtpd_new(&settings);
	char text[1200], room[8];
	const char *p, *end;
	int lines = 0;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[300] = ' ';
	smtpd_feed(d, BEGIN ".\r\n", strlen(BEGIN ".\r\n"));
	ck_assert_int_eq(smtpd_next(d), SMTPD_MESSAGE);
	ck_assert_int_eq(smtpd_read(d, room, sizeof(room)), 0);
	buf_reset(smtpd_replies(d));
	smtpd_answer(d, 554, "5.0.0", text);
	ck_assert_int_eq(smtpd_next(d), SMTPD_HUNGRY);
	for (p = smtpd_replies(d)->data; *p != '\0'; p = end + 2) {
		end = strstr(p, "\r\n");
		lines++;
		ck_assert_uint_le((size_t)(end - p), 510);
		ck_assert_int_eq(p[3], end[2] == '\0' ? ' ' : '-');
	}
	ck_assert_int_eq(lines, 4);
	smtpd_free(d);
}
END_TEST

START_TEST(greeting_and_ehlo)
{
	struct smtpd *d = smtpd_new(&settings);

	ck_assert_str_eq(
	    smtpd_replies(d)->data, "220 host.test ESMTP osmtp\r\n");
	buf_reset(smtpd_replies(d));
	smtpd_feed(d, "ehlo a(b)\"c\r\n", 13);
	ck_assert_int_eq(smtpd_next(d), SMTPD_HUNGRY);
	ck_assert_str_eq(smtpd_replies(d)->data,
	    "250-host.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n"
	    "250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n"
	    "250 DSN\r\n");
	ck_assert_str_eq(smtpd_order(d)->helo, "a?b??c");
	ck_assert(smtpd_order(d)->esmtp);
	smtpd_feed(d, "helo me\r\n", 9);
	ck_assert_int_eq(smtpd_next(d), SMTPD_HUNGRY);
	ck_assert_str_eq(smtpd_order(d)->helo, "me");
	ck_assert(!smtpd_order(d)->esmtp);
	smtpd_free(d);
}
END_TEST

static void
add(TCase *tc)
{
	int n = (int)(sizeof(cases) / sizeof(cases[0]));

	tcase_add_loop_test(tc, dialogue, 0, n);
	tcase_add_test(tc, nul_is_no_command);
	tcase_add_test(tc, long_lines);
	tcase_add_test(tc, a_line_without_end_is_not_kept);
	tcase_add_test(tc, errors_are_counted);
	tcase_add_test(tc, recipients_are_limited);
	tcase_add_test(tc, early_answer);
	tcase_add_test(tc, early_answer_and_no_end);
	tcase_add_test(tc, long_answers_have_many_lines);
	tcase_add_test(tc, greeting_and_ehlo);
}

int
main(void)
{
	return unit_main("smtpd", add);
}
