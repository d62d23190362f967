/* SPDX-License-Identifier: ISC */
/* Test mail/report: the three parts, foreign words, and all limits. */
#include "mail/report.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static const char original_text[] = "From: ann@example.com\r\n"
				    "Message-ID: <one@example.com>\r\n"
				    "\r\n"
				    "Text\r\n"
				    "--=_r1\r\n";

static struct outcome result;
static struct report_rcpt rcpts[3];
static struct report report;

/* A report on one refused recipient, which tests change. */
static void
begin(void)
{
	setenv("TZ", "UTC", 1);
	outcome_set(&result, OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_RCPT,
	    550, "5.1.1 no such user");
	rcpts[0] = (struct report_rcpt){
		.address = "bob@example.net",
		.outcome = &result,
		.advice = "Nobody has this address. Check it.",
	};
	rcpts[1] = rcpts[2] = rcpts[0];
	report = (struct report){
		.kind = REPORT_FAILED,
		.id = "r7",
		.from = "noreply@example.com",
		.to = "ann@example.com",
		.hostname = "test.example.test",
		.queue_id = "q1",
		.server = "relay.example.net:587",
		.now = INT64_C(1700003600000),
		.arrived = INT64_C(1700000000000),
		.until = INT64_C(1700400000000),
		.rcpts = rcpts,
		.n_rcpts = 1,
	};
}

/* Every line ends with CRLF, none is longer than max. */
static void
check_lines(const struct buf *b, size_t max)
{
	const char *line = b->data, *end = b->data + b->len, *lf;

	for (; line < end; line = lf + 1) {
		lf = memchr(line, '\n', (size_t)(end - line));
		ck_assert_ptr_nonnull(lf);
		ck_assert(lf > line && lf[-1] == '\r');
		ck_assert_ptr_null(memchr(line, '\r', (size_t)(lf - 1 - line)));
		ck_assert_msg((size_t)(lf - 1 - line) <= max, "%.*s",
		    (int)(lf - line), line);
	}
}

/* Write the report on text to b. */
static void
write_on(struct buf *b, const char *text, size_t n, bool eight_bit)
{
	struct stream_source in = stream_from_mem(text, n);
	struct stream_sink out = stream_to_buf(b);
	struct err e = ERR_NONE;

	buf_init(b, SIZE_MAX / 2);
	ck_assert_msg(report_write(&report, &in, n, eight_bit, &out, &e) == 0,
	    "%s", e.text);
	check_lines(b, 998);
}

static void
write_report(struct buf *b)
{
	write_on(b, original_text, sizeof(original_text) - 1, false);
}

static void
has(const struct buf *b, const char *part)
{
	ck_assert_msg(strstr(b->data, part) != NULL, "no <%.400s> in:\n%.2400s",
	    part, b->data);
}

static void
has_not(const struct buf *b, const char *part)
{
	ck_assert_msg(strstr(b->data, part) == NULL, "<%.400s> in:\n%.2400s",
	    part, b->data);
}

START_TEST(failed_is_reported_whole)
{
	struct buf b;

	write_report(&b);
	ck_assert_str_eq(b.data,
	    "From: Mail Delivery System <noreply@example.com>\r\n"
	    "To: ann@example.com\r\n"
	    "Subject: Undelivered mail: bob@example.net\r\n"
	    "Date: Tue, 14 Nov 2023 23:13:20 +0000\r\n"
	    "Message-ID: <r7@test.example.test>\r\n"
	    "In-Reply-To: <one@example.com>\r\n"
	    "References: <one@example.com>\r\n"
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    " boundary=\"=_r7\"\r\n"
	    "\r\n"
	    "\r\n"
	    "--=_r7\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "\r\n"
	    "This is the mail system at test.example.test.\r\n"
	    "\r\n"
	    "The message that was accepted on Tue, 14 Nov 2023 22:13:20 +0000 "
	    "could not be\r\n"
	    "delivered to:\r\n"
	    "\r\n"
	    "    bob@example.net\r\n"
	    "\r\n"
	    "  relay.example.net:587 said: 550 5.1.1 no such user\r\n"
	    "  Nobody has this address. Check it.\r\n"
	    "\r\n"
	    "Nothing more is tried for the recipients above. The message is "
	    "attached.\r\n"
	    "\r\n"
	    "Queue ID: q1\r\n"
	    "\r\n"
	    "--=_r7\r\n"
	    "Content-Type: message/delivery-status\r\n"
	    "\r\n"
	    "Reporting-MTA: dns; test.example.test\r\n"
	    "X-Queue-ID: q1\r\n"
	    "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
	    "\r\n"
	    "Final-Recipient: rfc822; bob@example.net\r\n"
	    "Action: failed\r\n"
	    "Status: 5.1.1\r\n"
	    "Remote-MTA: dns; relay.example.net\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
	    "Last-Attempt-Date: Tue, 14 Nov 2023 23:13:20 +0000\r\n"
	    "\r\n"
	    "--=_r7\r\n"
	    "Content-Type: message/rfc822\r\n"
	    "\r\n"
	    "From: ann@example.com\r\n"
	    "Message-ID: <one@example.com>\r\n"
	    "\r\n"
	    "Text\r\n"
	    "--=_r1\r\n"
	    "\r\n"
	    "--=_r7--\r\n");
	buf_clear(&b);
}
END_TEST

START_TEST(delay_has_another_story)
{
	struct buf b;

	outcome_set(&result, OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_RCPT,
	    450, "try again");
	report.kind = REPORT_DELAYED;
	write_report(&b);
	has(&b, "Subject: Delayed mail (still being tried): bob@example.net\r");
	has(&b, "has not been\r\ndelivered yet to:\r\n");
	has(&b, "Do not send it again: it is tried until Sun, 19 Nov 2023 ");
	has(&b, "Action: delayed\r\nStatus: 4.0.0\r\n");
	has(&b, "\r\nWill-Retry-Until: Sun, 19 Nov 2023 13:20:00 +0000\r\n");
	has(&b, "Content-Type: text/rfc822-headers\r\n\r\n"
		"From: ann@example.com\r\nMessage-ID: <one@example.com>\r\n"
		"\r\n--=_r7--\r\n");
	buf_clear(&b);
}
END_TEST

START_TEST(relayed_has_good_news)
{
	struct buf b;

	outcome_set(&result, OUTCOME_DELIVERED, OUTCOME_CLASS_NONE,
	    OUTCOME_AT_FINAL, 250, "2.0.0 queued as 1");
	rcpts[0].advice = "";
	rcpts[0].orcpt = "rfc822;root@example.com";
	report.kind = REPORT_RELAYED;
	report.ret = DSN_RET_FULL; /* of failures alone */
	report.envid = "a+2Bb+3D1";
	write_report(&b);
	has(&b, "Subject: Mail that was handed on: bob@example.net\r\n");
	has(&b, "was handed\r\non, for:\r\n\r\n    bob@example.net\r\n\r\n"
		"  relay.example.net:587 said: 250 2.0.0 queued as 1\r\n\r\n"
		"You asked to hear of that. ");
	has(&b, "\r\n\r\nOriginal-Envelope-Id: a+b=1\r\nReporting-MTA: ");
	has(&b, "\r\n\r\nOriginal-Recipient: rfc822; root@example.com\r\n"
		"Final-Recipient: rfc822; bob@example.net\r\n"
		"Action: relayed\r\nStatus: 2.0.0\r\n"
		"Remote-MTA: dns; relay.example.net\r\n");
	has(&b, "Content-Type: text/rfc822-headers\r\n");
	has_not(&b, "Text\r\n");
	buf_clear(&b);
}
END_TEST

START_TEST(ret_says_what_is_returned)
{
	struct buf b;

	report.ret = DSN_RET_HDRS;
	write_report(&b);
	has(&b, "The header of the message is\r\nattached.");
	has(&b, "Content-Type: text/rfc822-headers\r\n\r\n"
		"From: ann@example.com\r\n");
	has_not(&b, "Text\r\n");
	buf_clear(&b);
	report.ret = DSN_RET_FULL;
	write_report(&b);
	has(&b, "Content-Type: message/rfc822\r\n");
	has(&b, "Text\r\n");
	buf_clear(&b);
}
END_TEST

/* What was encoded to be harmless is harmless when it is decoded. */
START_TEST(encoded_words_begin_no_field)
{
	struct buf b;

	report.envid = "a+0D+0AAction:+20none+7F+C3+A9";
	rcpts[0].orcpt = "x;b+0D+0A+0D+0AFinal-Recipient:+20no+C3+A9";
	write_report(&b);
	has(&b, "\r\nOriginal-Envelope-Id: a+0D+0AAction: none+7F??\r\n");
	has(&b, "\r\nOriginal-Recipient: x; b+0D+0A+0D+0AFinal-Recipient: "
		"no??\r\n");
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *label;
	enum report_kind report;
	enum outcome_kind kind;
	int code;
	const char *text;
	const char *want;
} status_cases[] = {
	{ "enhanced", REPORT_FAILED, OUTCOME_REFUSED, 554, "5.7.1 x", "5.7.1" },
	{ "plain 5xx", REPORT_FAILED, OUTCOME_REFUSED, 554, "x", "5.0.0" },
	{ "ours", REPORT_FAILED, OUTCOME_REFUSED, 0, "x", "5.0.0" },
	{ "time is over", REPORT_FAILED, OUTCOME_LATER, 450, "4.2.2 x",
	    "4.2.2" },
	{ "time over, plain", REPORT_FAILED, OUTCOME_LATER, 451, "x", "4.0.0" },
	{ "time over, ours", REPORT_FAILED, OUTCOME_LATER, 0, "x", "4.0.0" },
	{ "account 5xx, at last", REPORT_FAILED, OUTCOME_LATER, 535, "x",
	    "5.0.0" },
	{ "unclear", REPORT_FAILED, OUTCOME_UNCLEAR, 0, "x", "4.0.0" },
	{ "never tried", REPORT_FAILED, OUTCOME_OPEN, 0, "", "4.0.0" },
	{ "good words of a refusal", REPORT_FAILED, OUTCOME_REFUSED, 550,
	    "2.0.0 x", "5.0.0" },
	{ "a refusal of 4", REPORT_FAILED, OUTCOME_REFUSED, 550, "4.4.1 x",
	    "4.4.1" },
	{ "relayed", REPORT_RELAYED, OUTCOME_DELIVERED, 250, "2.1.5 x",
	    "2.1.5" },
	{ "relayed, plain", REPORT_RELAYED, OUTCOME_DELIVERED, 250, "x",
	    "2.0.0" },
	{ "relayed, odd words", REPORT_RELAYED, OUTCOME_DELIVERED, 250,
	    "5.1.1 x", "2.0.0" },
	{ "delayed", REPORT_DELAYED, OUTCOME_LATER, 450, "4.2.1 x", "4.2.1" },
	{ "delayed, account", REPORT_DELAYED, OUTCOME_LATER, 535, "5.7.8 x",
	    "4.7.8" },
	{ "delayed, plain 5xx", REPORT_DELAYED, OUTCOME_LATER, 535, "x",
	    "4.0.0" },
};

START_TEST(status_follows_class_and_words)
{
	struct buf b, want;

	outcome_set(&result, status_cases[_i].kind, OUTCOME_CLASS_T,
	    OUTCOME_AT_RCPT, status_cases[_i].code, status_cases[_i].text);
	report.kind = status_cases[_i].report;
	buf_init(&want, 64);
	buf_add_fmt(&want, "\r\nStatus: %s\r\n", status_cases[_i].want);
	write_report(&b);
	has(&b, want.data);
	buf_clear(&want);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *label;
	enum outcome_stage stage;
	int code;
	const char *server;
	const char *text;
	const char *words;
	const char *remote;
	const char *diagnostic;
} word_cases[] = {
	{ "server", OUTCOME_AT_FINAL, 554, "a.example:25", "no",
	    "  a.example:25 said: 554 no\r\n", "Remote-MTA: dns; a.example\r\n",
	    "Diagnostic-Code: smtp; 554 no\r\n" },
	{ "literal", OUTCOME_AT_FINAL, 554, "[::1]:25", "no",
	    "  [::1]:25 said: 554 no\r\n", "Remote-MTA: dns; [::1]\r\n",
	    "Diagnostic-Code: smtp; 554 no\r\n" },
	{ "socket", OUTCOME_AT_FINAL, 554, "/run/lmtp", "no",
	    "  /run/lmtp said: 554 no\r\n", NULL,
	    "Diagnostic-Code: smtp; 554 no\r\n" },
	{ "no server", OUTCOME_AT_FINAL, 554, "", "no",
	    "  The server said: 554 no\r\n", NULL,
	    "Diagnostic-Code: smtp; 554 no\r\n" },
	{ "token", OUTCOME_AT_TOKEN, 400, "a.example:25", "invalid_grant",
	    "  The token endpoint said: 400 invalid_grant\r\n", NULL,
	    "Diagnostic-Code: x-osmtp; 400 invalid_grant\r\n" },
	{ "ours", OUTCOME_AT_CONNECT, 0, "a.example:25", "timed out",
	    "  The reason: timed out\r\n", "Remote-MTA: dns; a.example\r\n",
	    "Diagnostic-Code: x-osmtp; timed out\r\n" },
};

START_TEST(words_say_whose_they_are)
{
	struct buf b;

	outcome_set(&result, OUTCOME_LATER, OUTCOME_CLASS_L,
	    word_cases[_i].stage, word_cases[_i].code, word_cases[_i].text);
	report.server = word_cases[_i].server;
	write_report(&b);
	has(&b, word_cases[_i].words);
	if (word_cases[_i].remote != NULL)
		has(&b, word_cases[_i].remote);
	else
		has_not(&b, "Remote-MTA");
	has(&b, word_cases[_i].diagnostic);
	has(&b, "It was tried for as long as the configuration allows.");
	buf_clear(&b);
}
END_TEST

START_TEST(unclear_may_have_arrived)
{
	struct buf b;

	outcome_set(&result, OUTCOME_UNCLEAR, OUTCOME_CLASS_T, OUTCOME_AT_FINAL,
	    0, "no reply");
	write_report(&b);
	has(&b, "may have arrived");
	buf_clear(&b);
}
END_TEST

START_TEST(never_tried_has_no_diagnosis)
{
	struct buf b;

	result = (struct outcome){ .kind = OUTCOME_OPEN };
	report.server = "";
	write_report(&b);
	has(&b, "It could not be tried.");
	has_not(&b, "Diagnostic-Code");
	has_not(&b, "Last-Attempt-Date");
	buf_clear(&b);
}
END_TEST

START_TEST(one_story_is_told_once)
{
	struct outcome other = result;
	struct buf b;

	rcpts[1].address = "carol@example.net";
	rcpts[2].address = "dave@example.net";
	memcpy(other.text, "full", 5);
	rcpts[2].outcome = &other;
	report.n_rcpts = 3;
	write_report(&b);
	has(&b, "Subject: Undelivered mail: bob@example.net and 2 more\r\n");
	has(&b, "\r\n\r\n    bob@example.net\r\n    carol@example.net\r\n\r\n"
		"  relay.example.net:587 said: 550 5.1.1 no such user\r\n"
		"  Nobody has this address. Check it.\r\n\r\n"
		"    dave@example.net\r\n\r\n"
		"  relay.example.net:587 said: 550 full\r\n");
	has(&b, "\r\n\r\nFinal-Recipient: rfc822; bob@example.net\r\n");
	has(&b, "\r\n\r\nFinal-Recipient: rfc822; carol@example.net\r\n");
	has(&b, "\r\n\r\nFinal-Recipient: rfc822; dave@example.net\r\n");
	buf_clear(&b);
}
END_TEST

START_TEST(other_advice_is_another_story)
{
	struct buf b;

	rcpts[1].advice = "Other advice.";
	report.n_rcpts = 2;
	write_report(&b);
	has(&b, "  Nobody has this address. Check it.\r\n");
	has(&b, "  Other advice.\r\n");
	buf_clear(&b);
}
END_TEST

START_TEST(beyond_ascii_travels_in_seven_bits)
{
	const char *c;
	struct buf b;

	rcpts[0].address = "m\xc3\xbcller+a@\xe4\xbe\x8b.example";
	rcpts[0].advice = "Pr\xc3\xbc"
			  "fen = gut.";
	outcome_set(&result, OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_RCPT,
	    550, "unbekannt: m\xc3\xbcller \xf0\x9f\x93\xa7");
	write_report(&b);
	for (c = b.data; *c != '\0'; c++)
		ck_assert_int_gt(*c, 0);
	has(&b, "Subject: Undelivered mail: 1 recipient\r\n");
	has(&b, "text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	has(&b, "\r\n    m=C3=BCller+a@=E4=BE=8B.example\r\n");
	has(&b, "\r\n  Pr=C3=BCfen =3D gut.\r\n");
	has(&b, "Final-Recipient: utf-8; m\\x{FC}ller\\x{2B}a@\\x{4F8B}."
		"example\r\n");
	has(&b, "Diagnostic-Code: smtp; 550 unbekannt: m??ller ????\r\n");
	buf_clear(&b);
}
END_TEST

START_TEST(sender_beyond_ascii_is_written_as_it_is)
{
	struct buf b;

	report.to = "j\xc3\xbcrgen@example.com";
	write_report(&b);
	has(&b, "\r\nTo: j\xc3\xbcrgen@example.com\r\n");
	buf_clear(&b);
}
END_TEST

START_TEST(foreign_words_end_no_line)
{
	struct buf b;
	static const char words[] = "a\r\nb\x01\x7f\r\n\r\n--=_r7--\r\nz";

	memcpy(result.text, words, sizeof(words));
	rcpts[0].address = "\"x\r\nY: z\"@example.net";
	rcpts[0].advice = "one\ntwo\r\n--=_r7";
	report.to = "a\r\nBcc: x@example.com";
	report.queue_id = "q\n1";
	write_report(&b);
	has(&b, "\r\nTo: a??Bcc: x@example.com\r\n");
	has(&b, "Diagnostic-Code: smtp; 550 a??b??????"
		"--=_r7--??z\r\n");
	has(&b, "Final-Recipient: rfc822; \"x??Y: z\"@example.net\r\n");
	has(&b, "\r\n  one?two??"
		"--=_r7\r\n");
	has(&b, "\r\nX-Queue-ID: q?1\r\n");
	has_not(&b, "\nBcc:");
	buf_clear(&b);
}
END_TEST

/* Long words of every kind: with blanks, without, with many. */
START_TEST(lines_are_folded)
{
	static char address[800];
	char *text = result.text;
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(result.text) - 1; i++)
		text[i] = i % 9 == 8 ? ' ' : 'a' + (char)(i % 9);
	text[300] = text[301] = text[302] = ' ';
	write_report(&b);
	check_lines(&b, 78);
	has(&b, "Diagnostic-Code: smtp; 550 abcdefgh abcdefgh abcdefgh abcdefgh"
		" abcdefgh\r\n abcdefgh ");
	has(&b, "\r\n  abcdefgh ");
	has_not(&b, "\r\n  \r\n");
	buf_clear(&b);
	memset(address, 'x', sizeof(address) - 1);
	memcpy(address + 780, "@example.net", 13);
	rcpts[0].address = report.to = address;
	memset(text, 'y', sizeof(result.text) - 1);
	write_report(&b);
	buf_clear(&b);
	for (i = 0; i + 2 < sizeof(address); i += 2)
		memcpy(address + i, "\xc3\xa4", 2);
	address[780] = '\0';
	write_report(&b);
	has(&b, "Final-Recipient: utf-8;\r\n \\x{E4}");
	has(&b, "\r\n    =C3=A4");
	buf_clear(&b);
}
END_TEST

/* Unfolding gives back just what was folded. */
START_TEST(folding_adds_and_drops_nothing)
{
	struct buf b, flat;
	const char *c;
	size_t i;

	for (i = 0; i < sizeof(result.text) - 1; i++)
		result.text[i] = i * i % 7 < 2 ? ' ' : 'a' + (char)(i % 26);
	write_report(&b);
	buf_init(&flat, 65536);
	for (c = strstr(b.data, "Diagnostic-Code:"); *c != '\0'; c++)
		if (strncmp(c, "\r\n ", 3) == 0)
			c++;
		else
			buf_add_char(&flat, *c);
	ck_assert_ptr_nonnull(strstr(flat.data, result.text));
	buf_clear(&flat);
	buf_clear(&b);
}
END_TEST

START_TEST(boundary_is_not_in_the_original)
{
	static const char text[] = "A: b\r\n\r\n--=_r7\r\n--=_r7.2--\r\n";
	struct buf b;

	write_on(&b, text, sizeof(text) - 1, false);
	has(&b, " boundary=\"=_r7.3\"\r\n");
	has(&b,
	    "\r\n\r\nA: b\r\n\r\n--=_r7\r\n--=_r7.2--\r\n\r\n--=_r7.3--\r\n");
	has_not(&b, "In-Reply-To");
	buf_clear(&b);
	report.id = "0123456789012345678901234567890123456789012345678901 \"x";
	write_report(&b);
	has(&b, " boundary=\"=_0123456789012345678901234567890123456789012345\""
		"\r\n");
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *label;
	const char *value;
	bool good;
} id_cases[] = {
	{ "plain", "<a@b>", true },
	{ "folded", "\r\n <a@b>", true },
	{ "bare", "a@b", false },
	{ "two", "<a@b> <c@d>", false },
	{ "joined", "<a@b><c@d>", false },
	{ "blank", "<a b>", false },
	{ "empty", "<>", false },
	{ "8-bit", "<\xc3\xa4@b>", false },
	{ "control", "<a\x01@b>", false },
};

START_TEST(only_a_good_message_id_is_quoted)
{
	struct buf b, text;

	buf_init(&text, 1024);
	buf_add_fmt(
	    &text, "X: y\r\nmessage-id: %s\r\n\r\n", id_cases[_i].value);
	write_on(&b, text.data, text.len, false);
	if (id_cases[_i].good) {
		has(&b, "\r\nIn-Reply-To: <a@b>\r\nReferences: <a@b>\r\n");
	} else {
		has_not(&b, "In-Reply-To");
		has_not(&b, "References");
	}
	buf_clear(&text);
	buf_clear(&b);
}
END_TEST

START_TEST(eight_bits_are_declared)
{
	static const char text[] = "A: b\r\n\r\n\xc3\xbc\r\n";
	struct buf b;

	write_on(&b, text, sizeof(text) - 1, true);
	has(&b, "boundary=\"=_r7\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
	has(&b,
	    "message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nA: b");
	has(&b, "charset=us-ascii\r\n\r\n");
	buf_clear(&b);
}
END_TEST

/* text: a header, a blank line, and x up to a size in all. */
static void
fill(struct buf *b, const char *head, size_t size)
{
	buf_init(b, SIZE_MAX / 2);
	buf_add_str(b, head);
	while (b->len + 2 < size)
		buf_add_char(b, b->len % 70 == 0 ? ' ' : 'x');
	buf_add_str(b, "\r\n");
}

START_TEST(large_original_gives_its_header)
{
	struct buf b, text;
	char *c;

	fill(&text, "A: b\r\nC: d\r\n\r\n", REPORT_WHOLE_MAX);
	for (c = text.data + 80; c + 80 < text.data + text.len; c += 80)
		memcpy(c, "\r\n", 2);
	write_on(&b, text.data, text.len, false);
	has(&b, "Content-Type: message/rfc822\r\n");
	has(&b, text.data);
	buf_clear(&b);
	buf_add_str(&text, "\r\n");
	write_on(&b, text.data, text.len, false);
	has(&b, "Content-Type: text/rfc822-headers\r\n\r\n"
		"A: b\r\nC: d\r\n\r\n--=_r7--\r\n");
	has(&b, "The header of the message is");
	ck_assert_uint_lt(b.len, 4096);
	buf_clear(&b);
	buf_clear(&text);
}
END_TEST

START_TEST(large_header_is_cut_at_a_line)
{
	struct buf b, text;

	buf_init(&text, SIZE_MAX / 2);
	while (text.len < (size_t)REPORT_WHOLE_MAX * 2)
		buf_add_fmt(&text, "X%zu: some words\r\n", text.len);
	buf_add_str(&text, "\r\nthe text\r\n");
	write_on(&b, text.data, text.len, false);
	has(&b, ": some words\r\n\r\n--=_r7--\r\n");
	has_not(&b, "the text");
	buf_clear(&b);
	buf_reset(&text);
	buf_add_str(&text, "\r\nno header\r\n");
	while (text.len <= REPORT_WHOLE_MAX)
		buf_add_str(&text, "more\r\n");
	write_on(&b, text.data, text.len, false);
	has(&b, "text/rfc822-headers\r\n\r\n\r\n--=_r7--\r\n");
	buf_clear(&b);
	buf_clear(&text);
}
END_TEST

static ssize_t
read_failing(struct stream_source *s, void *p, size_t n)
{
	(void)s;
	(void)p;
	(void)n;
	errno = EBADMSG;
	return -1;
}

START_TEST(failures_are_told_apart)
{
	struct stream_source in = stream_from_mem(original_text, 20);
	struct stream_sink out;
	struct err e = ERR_NONE;
	struct buf b;

	buf_init(&b, 100);
	out = stream_to_buf(&b);
	ck_assert_int_eq(
	    report_write(&report, &in, 21, false, &out, &e), EX_NOINPUT);
	ck_assert_str_eq(e.text, "report: original: ends too early");
	ck_assert_uint_eq(b.len, 0);
	in.read = read_failing;
	ck_assert_int_eq(
	    report_write(&report, &in, 21, false, &out, &e), EX_NOINPUT);
	ck_assert_ptr_nonnull(strstr(e.text, "original: cannot be read: "));
	in = stream_from_mem(original_text, 20);
	ck_assert_int_eq(
	    report_write(&report, &in, 20, false, &out, &e), EX_IOERR);
	ck_assert_ptr_nonnull(strstr(e.text, "report: cannot be written: "));
	buf_clear(&b);
}
END_TEST

START_TEST(many_recipients_are_no_trouble)
{
	static struct report_rcpt many[5000];
	struct buf b;
	size_t i;

	for (i = 0; i < 5000; i++)
		many[i] = rcpts[0];
	report.rcpts = many;
	report.n_rcpts = 5000;
	write_report(&b);
	has(&b, "bob@example.net and 4999 more\r\n");
	buf_clear(&b);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, failed_is_reported_whole);
	tcase_add_test(tc, delay_has_another_story);
	tcase_add_test(tc, relayed_has_good_news);
	tcase_add_test(tc, ret_says_what_is_returned);
	tcase_add_test(tc, encoded_words_begin_no_field);
	tcase_add_loop_test(
	    tc, status_follows_class_and_words, 0, COUNT(status_cases));
	tcase_add_loop_test(tc, words_say_whose_they_are, 0, COUNT(word_cases));
	tcase_add_test(tc, unclear_may_have_arrived);
	tcase_add_test(tc, never_tried_has_no_diagnosis);
	tcase_add_test(tc, one_story_is_told_once);
	tcase_add_test(tc, other_advice_is_another_story);
	tcase_add_test(tc, beyond_ascii_travels_in_seven_bits);
	tcase_add_test(tc, sender_beyond_ascii_is_written_as_it_is);
	tcase_add_test(tc, foreign_words_end_no_line);
	tcase_add_test(tc, lines_are_folded);
	tcase_add_test(tc, folding_adds_and_drops_nothing);
	tcase_add_test(tc, boundary_is_not_in_the_original);
	tcase_add_loop_test(
	    tc, only_a_good_message_id_is_quoted, 0, COUNT(id_cases));
	tcase_add_test(tc, eight_bits_are_declared);
	tcase_add_test(tc, large_original_gives_its_header);
	tcase_add_test(tc, large_header_is_cut_at_a_line);
	tcase_add_test(tc, failures_are_told_apart);
	tcase_add_test(tc, many_recipients_are_no_trouble);
}

int
main(void)
{
	return unit_main("report", add);
}
