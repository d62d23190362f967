/* SPDX-License-Identifier: ISC */
/* The fields of a message: found, set, completed, checked. */
#include "mail/message.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "aid.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Just read the header of text. */
static void
read_text(struct message *m, const char *text)
{
	struct message_reading how = { 0 };
	struct stream_source in = stream_from_mem(text, strlen(text));
	struct err e = ERR_NONE;

	ck_assert_msg(message_read_head(m, &how, &in, &e) == 0, "%s", e.text);
}

START_TEST(finds_and_removes_fields)
{
	struct message m = { 0 };
	struct stream_sink sink;
	struct err e = ERR_NONE;
	struct buf out;

	read_text(&m, "bcc: a@x,\n\tb@x,\n c@x\nTo: t@x\nBCC : d@x\n"
		      "Bccx: e@x\nSubject: s\n t\nBcc:\n\nBody\n");
	ck_assert_uint_eq(m.n, 6);
	ck_assert_str_eq(
	    message_field(&m, "Bcc")->value, " a@x,\r\n\tb@x,\r\n c@x");
	ck_assert_str_eq(message_field(&m, "subject")->value, " s\r\n t");
	ck_assert_ptr_null(message_field(&m, "Cc"));
	ck_assert_uint_eq(message_remove(&m, "bCC"), 3);
	ck_assert_uint_eq(message_remove(&m, "Bcc"), 0);
	ck_assert_ptr_null(message_field(&m, "Bcc"));
	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	ck_assert_int_eq(message_write_head(&m, &sink, &e), 0);
	ck_assert_str_eq(
	    out.data, "To: t@x\r\nBccx: e@x\r\nSubject: s\r\n t\r\n\r\n");
	message_clear(&m);
	buf_clear(&out);
}
END_TEST

START_TEST(sets_fields)
{
	struct message m = { 0 };
	struct stream_sink sink;
	struct err e = ERR_NONE;
	struct buf out;

	read_text(&m, "A: 1\nfrom: x\n y\nB: 2\nFrom: z\nC: 3\n\n");
	message_set(&m, "From", "new@x");
	message_set(&m, "Date", "today,\r\n\tor not");
	message_set(&m, "Empty", "");
	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	ck_assert_int_eq(message_write_head(&m, &sink, &e), 0);
	ck_assert_str_eq(out.data,
	    "A: 1\r\nfrom: new@x\r\nB: 2\r\nC: 3\r\n"
	    "Date: today,\r\n\tor not\r\nEmpty: \r\n\r\n");
	message_clear(&m);
	/* many more than there is room for at first */
	for (m.n = 0; m.n < 100;) {
		char name[16];

		snprintf(name, sizeof(name), "X-%zu", m.n);
		message_set(&m, name, name);
	}
	ck_assert_str_eq(message_field(&m, "x-99")->value, " X-99");
	message_clear(&m);
	buf_clear(&out);
}
END_TEST

static const char *const unwritable[][2] = { { "A", "b\rc" }, { "A", "b\nc" },
	{ "A", "b\r\nc" }, { "A", "b\r\n" }, { "A", "b\r" }, { "A", "b\n" },
	{ "A", "b\n c" }, { "A", "b\r c" }, { "A", "b\r\nBcc: z" },
	{ "A", "b\r\n\r\n c" }, { "", "b" }, { "A B", "c" }, { "A:", "c" },
	{ "A\r\nB", "c" }, { "\xc3\xb6", "c" } };
static int unwritable_at;

static void
set_unwritable(void)
{
	struct message m = { 0 };

	signal(SIGABRT, SIG_DFL);
	message_set(
	    &m, unwritable[unwritable_at][0], unwritable[unwritable_at][1]);
}

START_TEST(never_sets_bare_line_ends)
{
	char said[4096];
	int status;

	unwritable_at = _i;
	status = aid_child(set_unwritable, said, sizeof(said));
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "case %d was set", _i);
	ck_assert_ptr_nonnull(strstr(said, "message.c"));
}
END_TEST

static const struct {
	const char *label;
	const char *head;
	const char *want; /* recipients, or the error text if it has a colon */
} recipients[] = {
	{ "three fields", "To: a@x\nCc: b@x\nBcc: c@x\nFrom: f@x\n",
	    "a@x b@x c@x" },
	{ "any case, number, blanks", "TO : a@x\nto:b@x\nCC: c@x\ncc: d@x\n",
	    "a@x b@x c@x d@x" },
	{ "folds", "To: a@x,\n\tb@x\n ,c@x\n", "a@x b@x c@x" },
	{ "folds, CRLF", "To:\r\n a@x,\r\n\tb@x\r\n", "a@x b@x" },
	{ "group", "To: Team: a@x, b@x;, c@x\n", "a@x b@x c@x" },
	{ "Resent alone", "To: a@x\nBcc: b@x\nResent-Cc: c@x\n", "c@x" },
	{ "all Resent", "Resent-To: a@x\nResent-Bcc: b@x\nResent-To: c@x\n",
	    "a@x b@x c@x" },
	{ "empty Resent counts", "To: a@x\nResent-To:\n", "" },
	{ "others never",
	    "From: a@x\nReply-To: b@x\nSender: c@x\n"
	    "Return-Receipt-To: d@x\nX-To: e@x\n",
	    "" },
	{ "empty To", "To:\nCc: a@x\n", "a@x" },
	{ "nobody", "To: undisclosed-recipients:;\n", "" },
	{ "bare CR adds none", "Subject: a\rBcc: z@x\nTo: a@x\n", "a@x" },
	{ "fields in the body", "To: a@x\n\nCc: b@x\n", "a@x" },
	{ "bad", "To: a@x\nCc: Jane Roe\n",
	    "Cc: address: Jane Roe: a name needs" },
	{ "bare CR in an address", "To: a@x\rb@x\n", "a@x b@x" },
};

static void
add_addresses(struct buf *b, const struct addr_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (i > 0)
			buf_add_char(b, ' ');
		addr_add_to(b, &l->v[i]);
	}
}

START_TEST(finds_recipients)
{
	struct message m = { 0 };
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	struct buf got;
	int code;

	buf_init(&got, SIZE_MAX);
	read_text(&m, recipients[_i].head);
	code = message_recipients(&m, &l, &e);
	if (strchr(recipients[_i].want, ':') != NULL) {
		ck_assert_int_eq(code, EX_DATAERR);
		ck_assert_msg(strncmp(e.text, recipients[_i].want,
				  strlen(recipients[_i].want)) == 0,
		    "%s", e.text);
	} else {
		ck_assert_int_eq(code, 0);
		add_addresses(&got, &l);
		ck_assert_msg(strcmp(got.data, recipients[_i].want) == 0,
		    "%s: got %s", recipients[_i].label, got.data);
	}
	addr_list_clear(&l);
	message_clear(&m);
	buf_clear(&got);
}
END_TEST

START_TEST(reads_addresses)
{
	struct message m = { 0 };
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;

	read_text(&m, "From: A <a@x>, b@x\nFrom: c@x\nSender: a@@x\n");
	ck_assert_int_eq(message_addresses(&m, "from", &l, &e), 0);
	ck_assert_uint_eq(l.n, 2);
	ck_assert_str_eq(l.v[0].name, "A");
	ck_assert_int_eq(message_addresses(&m, "To", &l, &e), 0);
	ck_assert_uint_eq(l.n, 2);
	ck_assert_int_eq(message_addresses(&m, "Sender", &l, &e), EX_DATAERR);
	ck_assert_str_eq(e.text, "Sender: address: a@@x: two at signs");
	addr_list_clear(&l);
	message_clear(&m);
}
END_TEST

START_TEST(completes_fields)
{
	struct message m = { 0 };
	struct stream_sink sink;
	struct err e = ERR_NONE;
	struct buf out;

	read_text(&m, "From: root (Cron Daemon)\nTo: a,\n b@x\nCc: Jane Roe\n"
		      "Reply-To: Anacron <root>\nResent-Sender: \\c\n"
		      "Bcc: d\nX-To: e\nSubject: root\nTo:\n");
	message_complete(&m, "d.example");
	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	ck_assert_int_eq(message_write_head(&m, &sink, &e), 0);
	ck_assert_str_eq(out.data,
	    "From: root@d.example (Cron Daemon)\r\n"
	    "To: a@d.example,\r\n b@x\r\nCc: Jane Roe\r\n"
	    "Reply-To: Anacron <root@d.example>\r\n"
	    "Resent-Sender: c@d.example\r\n"
	    "Bcc: d\r\nX-To: e\r\nSubject: root\r\nTo:\r\n\r\n");
	message_clear(&m);
	buf_clear(&out);
}
END_TEST

START_TEST(inserts_fields)
{
	struct message m = { 0 };
	struct stream_sink sink;
	struct err e = ERR_NONE;
	struct buf out;
	int i;

	message_prepend(&m, "Z", "last");
	message_prepend(&m, "A", "first");
	message_insert(&m, 1, "B", "b\r\n c");
	message_insert(&m, 3, "End", "");
	for (i = 0; i < 20; i++)
		message_prepend(&m, "Received", "x");
	ck_assert_uint_eq(message_count_fields(&m, "RECEIVED"), 20);
	ck_assert_uint_eq(message_count_fields(&m, "Receive"), 0);
	ck_assert_uint_eq(message_remove(&m, "Received"), 20);
	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	ck_assert_int_eq(message_write_head(&m, &sink, &e), 0);
	ck_assert_str_eq(
	    out.data, "A: first\r\nB: b\r\n c\r\nZ: last\r\nEnd: \r\n\r\n");
	message_clear(&m);
	buf_clear(&out);
}
END_TEST

static const struct {
	const char *head;
	int begin, end; /* -1: none */
} blocks[] = {
	{ "From: a@x\nTo: b@x\n", -1, -1 },
	{ "Resent-From: a@x\nFrom: b@x\n", 0, 1 },
	{ "Received: x\nRESENT-to: a@x\nFrom: b@x\n", 1, 2 },
	{ "Resent-From: a@x\nSubject: s\nResent-Date: d\nTo: b@x\n", 0, 3 },
	{ "Resent-From: a@x\nResent-To: b@x\nResent-To: c@x\nResent-Date: d\n",
	    0, 4 },
	{ "Resent-From: a@x\nResent-To: b@x\nResent-From: c@x\nResent-Date: "
	  "d\n",
	    0, 2 },
	{ "Resent-To: b@x\nReceived: x\nResent-From: c@x\nResent-Date: d\n", 0,
	    1 },
	{ "Resentful: a@x\nX-Resent-To: b@x\n", -1, -1 },
};

START_TEST(finds_the_last_resending)
{
	struct message m = { 0 };
	size_t begin = 99, end = 99;

	read_text(&m, blocks[_i].head);
	ck_assert_int_eq(
	    message_resent_block(&m, &begin, &end), blocks[_i].begin >= 0);
	if (blocks[_i].begin >= 0) {
		ck_assert_uint_eq(begin, (size_t)blocks[_i].begin);
		ck_assert_uint_eq(end, (size_t)blocks[_i].end);
	}
	message_clear(&m);
}
END_TEST

START_TEST(tidies_each_field)
{
	static const struct {
		const char *head, *want;
		bool utf8;
	} v[] = {
		{ "", "\r\n", false },
		{ "A: b\n", "A: b\r\n\r\n", false },
		{ "Subject: \xc3\xb6\nTo: J\xc3\xb6 <a@x>\n",
		    "Subject: =?UTF-8?B?w7Y=?=\r\n"
		    "To: =?UTF-8?B?SsO2?= <a@x>\r\n\r\n",
		    false },
		{ "To: \xc3\xb6@x\nSubject: y\n",
		    "To: \xc3\xb6@x\r\nSubject: y\r\n\r\n", true },
		{ "A: b\nTo: \xc3\xb6@x\nCc: c@x\n",
		    "A: b\r\nTo: \xc3\xb6@x\r\nCc: c@x\r\n\r\n", true },
	};
	struct message m = { 0 };
	struct stream_sink sink;
	struct err e = ERR_NONE;
	struct buf out;
	int i;

	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	for (i = 0; i < N(v); i++) {
		read_text(&m, v[i].head);
		ck_assert_int_eq(message_tidy(&m), v[i].utf8);
		ck_assert_int_eq(message_write_head(&m, &sink, &e), 0);
		ck_assert_str_eq(out.data, v[i].want);
		ck_assert_int_eq(message_is_eight_bit(&m), v[i].utf8);
		message_clear(&m);
		buf_reset(&out);
	}
	buf_clear(&out);
}
END_TEST

static const struct {
	const char *label, *text;
	size_t n;
	bool want;
} repairs[] = {
#define TEXT(s) s, sizeof(s) - 1
	{ "plain", TEXT("A: b\n\nx\n"), false },
	{ "8-bit", TEXT("A: \xc3\xb6\n\n\xc3\xb6\n"), false },
	{ "NUL in the body", TEXT("A: b\n\nx\0\n"), true },
	{ "NUL in the header", TEXT("A: b\0\n\nx\n"), false },
	{ "binary", TEXT("content-transfer-encoding: Binary\n\nx\n"), true },
	{ "binary, folded",
	    TEXT("Content-Transfer-Encoding:\n binary (c)\n\nx"), true },
	{ "no such word", TEXT("Content-Transfer-Encoding: binaryx\n\nx\n"),
	    false },
	{ "8bit", TEXT("Content-Transfer-Encoding: 8bit\n\nx\n"), false },
#undef TEXT
};

/* message_needs_repair() of text. */
static bool
needs_repair(const char *text, size_t n)
{
	struct message_reading how = { 0 };
	struct stream_source in = stream_from_mem(text, n);
	struct stream_sink sink;
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct buf out;
	bool needs;

	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	ck_assert_int_eq(message_read_head(&m, &how, &in, &e), 0);
	ck_assert_int_eq(message_copy_body(&m, &in, &sink, &e), 0);
	needs = message_needs_repair(&m);
	message_clear(&m);
	buf_clear(&out);
	return needs;
}

START_TEST(tells_what_needs_repair)
{
	ck_assert_msg(
	    needs_repair(repairs[_i].text, repairs[_i].n) == repairs[_i].want,
	    "%s", repairs[_i].label);
}
END_TEST

START_TEST(long_lines_need_repair)
{
	char text[2000];
	int n = snprintf(text, sizeof(text), "A: b\n\n%0998d\n", 0);

	ck_assert(!needs_repair(text, (size_t)n));
	n = snprintf(text, sizeof(text), "A: b\n\n%0999d\n", 0);
	ck_assert(needs_repair(text, (size_t)n));
	/* "Subject: " and 989 are 998 */
	n = snprintf(text, sizeof(text), "Subject: %0989d\n\nx\n", 0);
	ck_assert(!needs_repair(text, (size_t)n));
	n = snprintf(text, sizeof(text), "Subject: %0990d\n\nx\n", 0);
	ck_assert(needs_repair(text, (size_t)n));
	n = snprintf(text, sizeof(text), "A: b\n %0998d\n c\n\nx\n", 0);
	ck_assert(needs_repair(text, (size_t)n));
}
END_TEST

START_TEST(tells_eight_bit)
{
	static const struct {
		const char *text;
		bool want;
	} v[] = {
		{ "A: b\n\nx\n", false },
		{ "A: \xc3\xb6\n\nx\n", true },
		{ "A: b\n \xc3\xb6\n\nx\n", true },
		{ "A: b\n\n\xc3\xb6\n", true },
		{ "A: b\n\n.\n\xc3\xb6\n", false },
	};
	struct message_reading how = { .dot_ends = true };
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct stream_source in;
	struct stream_sink sink;
	struct buf out;
	int i;

	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	for (i = 0; i < N(v); i++) {
		in = stream_from_mem(v[i].text, strlen(v[i].text));
		ck_assert_int_eq(message_read_head(&m, &how, &in, &e), 0);
		ck_assert_int_eq(message_copy_body(&m, &in, &sink, &e), 0);
		ck_assert_msg(
		    message_is_eight_bit(&m) == v[i].want, "%s", v[i].text);
		message_clear(&m);
	}
	buf_clear(&out);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, finds_and_removes_fields);
	tcase_add_test(tc, sets_fields);
	tcase_add_loop_test(tc, never_sets_bare_line_ends, 0, N(unwritable));
	tcase_add_loop_test(tc, finds_recipients, 0, N(recipients));
	tcase_add_test(tc, reads_addresses);
	tcase_add_test(tc, completes_fields);
	tcase_add_test(tc, inserts_fields);
	tcase_add_loop_test(tc, finds_the_last_resending, 0, N(blocks));
	tcase_add_test(tc, tidies_each_field);
	tcase_add_loop_test(tc, tells_what_needs_repair, 0, N(repairs));
	tcase_add_test(tc, long_lines_need_repair);
	tcase_add_test(tc, tells_eight_bit);
}

int
main(void)
{
	return unit_main("message_fields", add);
}
