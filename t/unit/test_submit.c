/* SPDX-License-Identifier: ISC */
/* take and admit: what a message becomes, by profile and by what is missing. */
#include "core/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_aid.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { NOW_MS = 1000 };

#define DATE "Date: Thu, 1 Jan 1970 00:00:01 +0000\r\n"

/* Three profiles; the first is for local senders. */
static const char settings[] =
    "domain = \"d.example\"; hostname = \"h.d.example\";\n"
    "default = \"plain\"; local_names = [ \"localhost\" ];\n"
    "profiles = {\n"
    "plain = { kind = \"system\"; address = \"p@d.example\";\n"
    "  rewrite = false; auto_submitted = false; " SERVER OPEN "};\n"
    "sys = { kind = \"system\"; address = \"s@d.example\";\n"
    "  also = [ \"t@d.example\" ]; " SERVER OPEN "};\n"
    "box = { kind = \"mailbox\"; address = \"b@d.example\";\n"
    "  users = \"*\"; " SERVER OPEN "}; };\n";

static struct submit_request r;
static struct submit_admission a;

static void
begin_submit(void)
{
	begin();
	setenv("TZ", "UTC", 1);
	mem_replace(&me.gecos, mem_dup("Alice Doe"));
	must_load(settings, 0);
	memset(&r, 0, sizeof(r));
	memset(&a, 0, sizeof(a));
}

static void
end_submit(void)
{
	submit_admission_clear(&a);
	submit_request_clear(&r);
	end();
}

/* take text; the recipient is x@y.example unless the header names some. */
static int
take(const char *text, struct submit_options o)
{
	static char rcpt[] = "x@y.example";
	static char *rcpts[] = { rcpt };
	struct stream_source in = stream_from_mem(text, strlen(text));

	o.rcpts = rcpts;
	o.n_rcpts = o.from_header ? 0 : 1;
	submit_admission_clear(&a);
	submit_request_clear(&r);
	e = (struct err)ERR_NONE;
	return submit_take(&r, &o, &me, "h.d.example", NOW_MS, &in, &e);
}

/* The header, with ID in place of the ID. */
static char *
head_text(void)
{
	struct buf b, out;
	struct stream_sink sink;
	const char *p, *at;

	buf_init(&b, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&b);
	ck_assert_int_eq(message_write_head(&r.message, &sink, &e), 0);
	for (p = b.data; (at = strstr(p, r.id)) != NULL;
	     p = at + strlen(r.id)) {
		buf_add(&out, p, (size_t)(at - p));
		buf_add_str(&out, "ID");
	}
	buf_add_str(&out, p);
	buf_clear(&b);
	return buf_take(&out);
}

static const struct {
	const char *label;
	struct submit_options how;
	const char *text, *sender, *want;
} cases[] = {
#define TRACE	"Received: by h.d.example (osmtp) id ID;\r\n\t" DATE_OF
#define DATE_OF "Thu, 1 Jan 1970 00:00:01 +0000\r\n"
#define NAMED	"Message-ID: <ID@h.d.example>\r\n"
#define GIVEN	"Date: d\nMessage-ID: <m@x>\n"
#define KEPT	"Date: d\r\nMessage-ID: <m@x>\r\n"
	{ "nothing", { .profile = NULL }, "", "alice@d.example",
	    TRACE DATE NAMED "From: Alice Doe <alice@d.example>\r\n\r\n" },
	{ "all is there", { .profile = NULL }, "From: r (C)\n" GIVEN "\n",
	    "alice@d.example", TRACE "From: r@d.example (C)\r\n" KEPT "\r\n" },
	{ "an empty From", { .profile = NULL }, "From: \n" GIVEN,
	    "alice@d.example",
	    TRACE "From: Alice Doe <alice@d.example>\r\n" KEPT "\r\n" },
	{ "NAME", { .own_name = "Al" }, GIVEN, "alice@d.example",
	    TRACE KEPT "From: Al <alice@d.example>\r\n\r\n" },
	{ "an empty NAME", { .own_name = "" }, GIVEN, "alice@d.example",
	    TRACE KEPT "From: alice@d.example\r\n\r\n" },
	{ "-F", { .full_name = "F (x)", .own_name = "Al" }, GIVEN,
	    "alice@d.example",
	    TRACE KEPT "From: \"F (x)\" <alice@d.example>\r\n\r\n" },
	{ "an empty -F", { .full_name = "", .own_name = "Al" }, GIVEN,
	    "alice@d.example", TRACE KEPT "From: alice@d.example\r\n\r\n" },
	{ "-f of another", { .sender = "q@z", .own_name = "Al" }, GIVEN, "q@z",
	    TRACE KEPT "From: q@z\r\n\r\n" },
	{ "-f of another host's", { .sender = "alice@z" }, GIVEN, "alice@z",
	    TRACE KEPT "From: alice@z\r\n\r\n" },
	{ "-f of oneself", { .sender = "alice" }, GIVEN, "alice@d.example",
	    TRACE KEPT "From: Alice Doe <alice@d.example>\r\n\r\n" },
	{ "the null sender", { .sender = "<>" }, GIVEN, "",
	    TRACE KEPT "From: Alice Doe <alice@d.example>\r\n\r\n" },
	{ "rewritten", { .profile = "sys" }, "From: Q <q@z>\nSender: w\n" GIVEN,
	    "s@d.example",
	    TRACE "From: alice on h <s@d.example>\r\n" KEPT
		  "Reply-To: Q <q@z>\r\n"
		  "Auto-Submitted: auto-generated\r\n\r\n" },
	{ "rewritten, local", { .profile = "sys" },
	    "From: root (Cron Daemon)\n" GIVEN, "s@d.example",
	    TRACE "From: alice on h <s@d.example>\r\n" KEPT
		  "Auto-Submitted: auto-generated\r\n\r\n" },
	{ "a sender in also", { .profile = "sys", .sender = "t@d.example" },
	    GIVEN, "t@d.example",
	    TRACE KEPT "From: alice on h <t@d.example>\r\n"
		       "Auto-Submitted: auto-generated\r\n\r\n" },
	{ "a mailbox", { .profile = "box", .own_name = "Al" }, GIVEN,
	    "b@d.example", TRACE KEPT "From: b@d.example\r\n\r\n" },
	{ "resent", { .profile = NULL }, "Resent-To: q\nFrom: f@z\n" GIVEN,
	    "alice@d.example",
	    TRACE "Resent-From: Alice Doe <alice@d.example>\r\n"
		  "Resent-" DATE "Resent-" NAMED
		  "Resent-To: q@d.example\r\nFrom: f@z\r\n" KEPT "\r\n" },
	{ "resent, rewritten", { .profile = "sys" },
	    "Resent-From: q@z\nFrom: f@z\n" GIVEN, "s@d.example",
	    TRACE "Resent-" DATE "Resent-" NAMED "Resent-From: q@z\r\n"
		  "From: alice on h <s@d.example>\r\n" KEPT "Reply-To: f@z\r\n"
		  "Auto-Submitted: auto-generated\r\n\r\n" },
	{ "fields that go", { .profile = NULL },
	    "Bcc: h@z\nReturn-Path: <r@z>\nFrom: f@z\nRESENT-BCC: i@z\n" GIVEN
	    "bcc : j@z,\n k@z\n",
	    "alice@d.example", TRACE "From: f@z\r\n" KEPT "\r\n" },
	{ "by -bs", { .helo = "[127.0.0.1]", .esmtp = true },
	    "From: f@z\n" GIVEN, "alice@d.example",
	    "Received: from [127.0.0.1] by h.d.example (osmtp) with ESMTP id "
	    "ID;\r\n\t" DATE_OF "From: f@z\r\n" KEPT "\r\n" },
	{ "by -bs, a name that is none", { .helo = "a\r\nX: b" },
	    "From: f@z\n" GIVEN, "alice@d.example",
	    "Received: by h.d.example (osmtp) with SMTP id ID;\r\n\t" DATE_OF
	    "From: f@z\r\n" KEPT "\r\n" },
};

START_TEST(makes_the_header)
{
	char *head;

	ck_assert_msg(take(cases[_i].text, cases[_i].how) == 0, "%s: %s",
	    cases[_i].label, e.text);
	ck_assert_msg(submit_admit(&r, &c, &a, &e) == 0, "%s: %s",
	    cases[_i].label, e.text);
	head = head_text();
	ck_assert_msg(strcmp(head, cases[_i].want) == 0, "%s: got\n%s\nnot\n%s",
	    cases[_i].label, head, cases[_i].want);
	ck_assert_msg(strcmp(a.envelope.sender, cases[_i].sender) == 0,
	    "%s: sender %s", cases[_i].label, a.envelope.sender);
	ck_assert_uint_eq(a.envelope.n_rcpts, 1);
	free(head);
}
END_TEST

START_TEST(received_can_be_turned_off)
{
	c.received = false;
	ck_assert_int_eq(take("From: f@z\n", (struct submit_options){ 0 }), 0);
	ck_assert_int_eq(submit_admit(&r, &c, &a, &e), 0);
	ck_assert_ptr_null(message_field(&r.message, "Received"));
}
END_TEST

/* A login of another system's directory is quoted where it must be. */
START_TEST(quotes_a_login)
{
	mem_replace(&me.login, mem_dup("CORP\\al ice"));
	mem_replace(&me.gecos, mem_dup(""));
	ck_assert_int_eq(take("", (struct submit_options){ 0 }), 0);
	ck_assert_msg(submit_admit(&r, &c, &a, &e) == 0, "%s", e.text);
	ck_assert_str_eq(a.envelope.sender, "\"CORP\\\\al ice\"@d.example");
	ck_assert_str_eq(message_field(&r.message, "From")->value,
	    " \"CORP\\\\al ice\"@d.example");
}
END_TEST

START_TEST(counts_servers)
{
	struct buf b;
	int i;

	buf_init(&b, SIZE_MAX);

	for (i = 0; i <= 101; i++) {
		ck_assert_int_eq(
		    take(b.len > 0 ? b.data : "", (struct submit_options){ 0 }),
		    i > SUBMIT_MAX_HOPS ? EX_DATAERR : 0);
		buf_add_str(&b, "received:x\n");
	}
	buf_clear(&b);
	ck_assert_ptr_nonnull(
	    strstr(e.text, "message: 101 Received fields: it goes in"));
}
END_TEST

static const struct {
	const char *text;
	size_t n; /* recipients; 0: refused */
} heads[] = {
	{ "To: a@b, c@d\nCc: a@b\nBcc: e@f\n", 3 },
	{ "To: undisclosed-recipients:;\n", 0 },
	{ "To: undisclosed-recipients:;\nBcc: a@b\n", 1 },
	{ "To: a@b\nResent-To: c@d\nReceived: x\nResent-To: e@f\n", 2 },
	{ " To: a@b\n", 0 },
	{ "To: a@b, Jane Roe\n", 0 },
	{ "From: a@b\nReply-To: c@d\n", 0 },
	{ "", 0 },
};

START_TEST(takes_recipients)
{
	struct submit_options how = { .from_header = true };
	int code = take(heads[_i].text, how);

	if (heads[_i].n == 0) {
		ck_assert_int_eq(code, EX_DATAERR);
		return;
	}
	ck_assert_msg(code == 0, "%s", e.text);
	ck_assert_int_eq(submit_admit(&r, &c, &a, &e), 0);
	ck_assert_uint_eq(a.envelope.n_rcpts, heads[_i].n);
	ck_assert_ptr_null(message_field(&r.message, "Bcc"));
}
END_TEST

/* A host whose name could end a field has none in a Message-ID. */
START_TEST(a_bad_host_is_not_written)
{
	struct stream_source in = stream_from_mem("To: a@b\n", 8);
	struct submit_options how = { .from_header = true };
	char *head;

	ck_assert_int_eq(
	    submit_take(&r, &how, &me, "h\r\nBcc: x@y", NOW_MS, &in, &e), 0);
	head = head_text();
	ck_assert_str_eq(
	    head, "To: a@b\r\n" DATE "Message-ID: <ID@localhost>\r\n\r\n");
	free(head);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin_submit, end_submit);
	tcase_add_loop_test(tc, makes_the_header, 0, N(cases));
	tcase_add_test(tc, received_can_be_turned_off);
	tcase_add_test(tc, quotes_a_login);
	tcase_add_test(tc, counts_servers);
	tcase_add_loop_test(tc, takes_recipients, 0, N(heads));
	tcase_add_test(tc, a_bad_host_is_not_written);
}

int
main(void)
{
	return unit_main("submit", add);
}
