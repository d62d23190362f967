/* SPDX-License-Identifier: ISC */
/* Parameters of RFC 3461: read, written, refused. */
#include "mail/dsn.h"

#include <string.h>

#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const struct {
	const char *text;
	unsigned want; /* 0: refused */
	const char *words;
} notifies[] = {
	{ "never", DSN_NEVER, "NEVER" },
	{ "NEVER", DSN_NEVER, "NEVER" },
	{ "success", DSN_SUCCESS, "SUCCESS" },
	{ "Failure", DSN_FAILURE, "FAILURE" },
	{ "delay,failure", DSN_DELAY | DSN_FAILURE, "FAILURE,DELAY" },
	{ "delay,DELAY,delay", DSN_DELAY, "DELAY" },
	{ "failure,Delay,success", DSN_SUCCESS | DSN_FAILURE | DSN_DELAY,
	    "SUCCESS,FAILURE,DELAY" },
	{ "", 0, NULL },
	{ ",", 0, NULL },
	{ "success,", 0, NULL },
	{ ",success", 0, NULL },
	{ "success,,delay", 0, NULL },
	{ "success delay", 0, NULL },
	{ " success", 0, NULL },
	{ "never,success", 0, NULL },
	{ "delay,never", 0, NULL },
	{ "succes", 0, NULL },
	{ "successful", 0, NULL },
	{ "success\r\nRCPT TO:<a@b>", 0, NULL },
};

START_TEST(reads_notify)
{
	struct err e = ERR_NONE;
	unsigned got = 99;
	struct buf b;
	int code = dsn_parse_notify(notifies[_i].text, &got, &e);

	if (notifies[_i].want == 0) {
		ck_assert_int_eq(code, EX_DATAERR);
		ck_assert_uint_eq(got, 99);
		ck_assert_ptr_nonnull(strstr(e.text, "notify: "));
		ck_assert_ptr_null(strpbrk(e.text, "\r\n"));
		return;
	}
	ck_assert_int_eq(code, 0);
	ck_assert_uint_eq(got, notifies[_i].want);
	buf_init(&b, 64);
	dsn_add_notify(&b, got);
	ck_assert_str_eq(b.data, notifies[_i].words);
	buf_clear(&b);
}
END_TEST

START_TEST(knows_who_wants_what)
{
	ck_assert(dsn_wants_failure(0));
	ck_assert(dsn_wants_delay(0));
	ck_assert(!dsn_wants_success(0));
	ck_assert(!dsn_wants_failure(DSN_NEVER));
	ck_assert(!dsn_wants_delay(DSN_NEVER));
	ck_assert(!dsn_wants_success(DSN_NEVER));
	ck_assert(!dsn_wants_failure(DSN_SUCCESS | DSN_DELAY));
	ck_assert(!dsn_wants_delay(DSN_SUCCESS | DSN_FAILURE));
	ck_assert(dsn_wants_success(DSN_SUCCESS));
	ck_assert(dsn_wants_failure(DSN_FAILURE));
	ck_assert(dsn_wants_delay(DSN_DELAY));
}
END_TEST

START_TEST(reads_ret)
{
	struct err e = ERR_NONE;
	enum dsn_ret r = DSN_RET_UNSAID;

	ck_assert_int_eq(dsn_parse_ret("Full", &r, &e), 0);
	ck_assert_str_eq(dsn_ret_name(r), "FULL");
	ck_assert_int_eq(dsn_parse_ret("hdrs", &r, &e), 0);
	ck_assert_str_eq(dsn_ret_name(r), "HDRS");
	ck_assert_int_eq(dsn_parse_ret("", &r, &e), EX_DATAERR);
	ck_assert_int_eq(dsn_parse_ret("body", &r, &e), EX_DATAERR);
	ck_assert_str_eq(e.text, "return: body: it is full or hdrs");
	ck_assert_int_eq(r, DSN_RET_HDRS);
	ck_assert_str_eq(dsn_ret_name(DSN_RET_UNSAID), "");
}
END_TEST

static const struct {
	const char *text;
	const char *want; /* NULL: refused */
} envids[] = {
	{ "QQ314159", "QQ314159" },
	{ "<a.b@c.example>", "<a.b@c.example>" },
	{ "a+b=c", "a+2Bb+3Dc" },
	{ "+41", "+2B41" },
	{ "!~", "!~" },
	{ "", NULL },
	{ "id SIZE=1", NULL },
	{ "id\tx", NULL },
	{ "id\r\nRCPT TO:<a@b>", NULL },
	{ "id\n", NULL },
	{ "caf\xc3\xa9", NULL },
	{ "del\x7f", NULL },
	{ "\x01", NULL },
};

START_TEST(reads_envid)
{
	struct err e = ERR_NONE;
	char *got = NULL;
	int code = dsn_parse_envid(envids[_i].text, &got, &e);
	struct buf b;

	if (envids[_i].want == NULL) {
		ck_assert_int_eq(code, EX_DATAERR);
		ck_assert_ptr_null(got);
		ck_assert_ptr_null(strpbrk(e.text, "\r\n\t"));
		return;
	}
	ck_assert_int_eq(code, 0);
	ck_assert_str_eq(got, envids[_i].want);
	ck_assert(dsn_is_xtext(got, DSN_MAX_ENVID));
	buf_init(&b, 1000);
	dsn_add_decoded(&b, got);
	ck_assert_str_eq(b.data, envids[_i].text);
	buf_clear(&b);
	free(got);
}
END_TEST

START_TEST(limits_envid)
{
	char text[DSN_MAX_ENVID + 2];
	struct err e = ERR_NONE;
	char *got = NULL;

	memset(text, 'a', sizeof(text));
	text[DSN_MAX_ENVID] = '\0';
	ck_assert_int_eq(dsn_parse_envid(text, &got, &e), 0);
	ck_assert_uint_eq(strlen(got), DSN_MAX_ENVID);
	free(got);
	got = NULL;
	text[DSN_MAX_ENVID - 1] = '='; /* which is three */
	ck_assert_int_eq(dsn_parse_envid(text, &got, &e), EX_DATAERR);
	text[DSN_MAX_ENVID - 1] = 'a';
	text[DSN_MAX_ENVID] = 'a';
	text[DSN_MAX_ENVID + 1] = '\0';
	ck_assert_int_eq(dsn_parse_envid(text, &got, &e), EX_DATAERR);
	ck_assert_ptr_null(got);
	ck_assert(!dsn_is_xtext(text, DSN_MAX_ENVID));
	ck_assert(dsn_is_xtext(text, DSN_MAX_ENVID + 1));
}
END_TEST

static const struct {
	const char *text;
	bool xtext;
	const char *decoded;
} xtexts[] = {
	{ "abc", true, "abc" },
	{ "+2B+3D", true, "+=" },
	{ "a+20b", true, "a b" },
	{ "+C3+A9", true, "\xc3\xa9" },
	{ "a+0D+0Ab", true, "a+0D+0Ab" }, /* controls stay as they are */
	{ "a+00b", true, "a+00b" },
	{ "+7F", true, "+7F" },
	{ "", false, "" },
	{ "+", false, "+" },
	{ "+2", false, "+2" },
	{ "+2b", false, "+2b" },
	{ "+G0", false, "+G0" },
	{ "a=b", false, "a=b" },
	{ "a b", false, "a b" },
	{ "caf\xc3\xa9", false, "caf\xc3\xa9" },
	{ "a\nb", false, "a\nb" },
};

START_TEST(knows_xtext)
{
	struct buf b;

	ck_assert(dsn_is_xtext(xtexts[_i].text, 100) == xtexts[_i].xtext);
	buf_init(&b, 100);
	dsn_add_decoded(&b, xtexts[_i].text);
	ck_assert_str_eq(b.data, xtexts[_i].decoded);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *text;
	bool want;
} orcpts[] = {
	{ "rfc822;bob@example.org", true },
	{ "RFC822;b+2Bc@example.org", true },
	{ "utf-8;b\\x{E9}@example.org", true },
	{ "x400;/c=de", false },
	{ "rfc822;a b@c", false },
	{ "rfc822;a@b SIZE=1", false },
	{ "rfc822;", false },
	{ ";a@b", false },
	{ "rfc822", false },
	{ "", false },
	{ "rfc 822;a@b", false },
	{ "rfc=822;a@b", false },
	{ "rfc\n;a@b", false },
	{ "a;b;c", true },
};

START_TEST(knows_orcpt)
{
	ck_assert(dsn_is_orcpt(orcpts[_i].text) == orcpts[_i].want);
}
END_TEST

START_TEST(limits_orcpt)
{
	char text[DSN_MAX_ORCPT + 2] = "rfc822;";

	memset(text + 7, 'a', sizeof(text) - 7);
	text[DSN_MAX_ORCPT + 1] = '\0';
	ck_assert(!dsn_is_orcpt(text));
	text[DSN_MAX_ORCPT] = '\0';
	ck_assert(dsn_is_orcpt(text));
	memset(text, 'a', DSN_MAX_ORCPT);
	text[DSN_MAX_ORCPT - 1] = ';';
	ck_assert(!dsn_is_orcpt(text));
}
END_TEST

static const struct {
	const char *address, *want;
} made[] = {
	{ "bob@example.org", "rfc822;bob@example.org" },
	{ "b+c=d@example.org", "rfc822;b+2Bc+3Dd@example.org" },
	{ "\"a b\"@example.org", "rfc822;\"a+20b\"@example.org" },
	{ "b\xc3\xa9@example.org", "utf-8;b\\x{E9}@example.org" },
	{ "\xe2\x82\xac+@\xf0\x9f\x98\x80.example",
	    "utf-8;\\x{20AC}\\x{2B}@\\x{1F600}.example" },
	{ "\"\xc3\xa9\\\"\"@example.org",
	    "utf-8;\"\\x{E9}\\x{5C}\"\"@example.org" },
	{ "b\xe9@example.org", "rfc822;b+E9@example.org" },
};

START_TEST(makes_orcpt)
{
	char *got = dsn_make_orcpt(made[_i].address);

	ck_assert_str_eq(got, made[_i].want);
	ck_assert(dsn_is_orcpt(got));
	free(got);
}
END_TEST

START_TEST(makes_no_long_orcpt)
{
	char text[DSN_MAX_ORCPT];

	memset(text, 'a', sizeof(text));
	text[DSN_MAX_ORCPT - 7] = '\0';
	free(dsn_make_orcpt(text));
	text[0] = '=';
	ck_assert_ptr_null(dsn_make_orcpt(text));
}
END_TEST

START_TEST(copies_wishes)
{
	struct dsn_wish a = { DSN_RET_HDRS, (char *)(void *)"id" };
	struct dsn_rcpt r = { DSN_NEVER, (char *)(void *)"rfc822;a@b" };
	struct dsn_rcpt none = { 0 };
	struct dsn_wish b = { 0 };
	struct dsn_rcpt s = { 0 };

	dsn_wish_copy(&b, &a);
	ck_assert_int_eq(b.ret, DSN_RET_HDRS);
	ck_assert_str_eq(b.envid, "id");
	ck_assert_ptr_ne(b.envid, a.envid);
	dsn_wish_clear(&b);
	ck_assert_ptr_null(b.envid);
	dsn_rcpt_copy(&s, &r);
	ck_assert_uint_eq(s.notify, DSN_NEVER);
	ck_assert_str_eq(s.orcpt, "rfc822;a@b");
	dsn_rcpt_merge(&s, &none);
	ck_assert_uint_eq(s.notify, 0);
	ck_assert_str_eq(s.orcpt, "rfc822;a@b");
	dsn_rcpt_merge(&s, &r);
	ck_assert_uint_eq(s.notify, 0);
	s.notify = DSN_NEVER;
	dsn_rcpt_merge(&s, &r);
	ck_assert_uint_eq(s.notify, DSN_NEVER);
	r.notify = DSN_SUCCESS;
	dsn_rcpt_merge(&s, &r);
	ck_assert_uint_eq(s.notify, DSN_SUCCESS);
	r.notify = DSN_DELAY;
	dsn_rcpt_merge(&s, &r);
	ck_assert_uint_eq(s.notify, DSN_SUCCESS | DSN_DELAY);
	s.notify = DSN_SUCCESS;
	dsn_rcpt_merge(&s, &none);
	ck_assert_uint_eq(s.notify, DSN_SUCCESS | DSN_FAILURE | DSN_DELAY);
	dsn_rcpt_copy(&s, &none);
	dsn_rcpt_merge(&s, &r);
	ck_assert_uint_eq(s.notify, DSN_FAILURE | DSN_DELAY);
	ck_assert_str_eq(s.orcpt, "rfc822;a@b");
	dsn_rcpt_copy(&s, &none);
	ck_assert_ptr_null(s.orcpt);
	dsn_rcpt_clear(&s);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, reads_notify, 0, N(notifies));
	tcase_add_test(tc, knows_who_wants_what);
	tcase_add_test(tc, reads_ret);
	tcase_add_loop_test(tc, reads_envid, 0, N(envids));
	tcase_add_test(tc, limits_envid);
	tcase_add_loop_test(tc, knows_xtext, 0, N(xtexts));
	tcase_add_loop_test(tc, knows_orcpt, 0, N(orcpts));
	tcase_add_test(tc, limits_orcpt);
	tcase_add_loop_test(tc, makes_orcpt, 0, N(made));
	tcase_add_test(tc, makes_no_long_orcpt);
	tcase_add_test(tc, copies_wishes);
}

int
main(void)
{
	return unit_main("dsn", add);
}
