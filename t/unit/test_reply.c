/* SPDX-License-Identifier: ISC */
/* test_reply: SMTP replies out of a stream, whole and in pieces. */
#include <stdio.h>
#include <string.h>

#include "gate/reply.h"
#include "unit.h"

static const struct {
	const char *label;
	const char *octets;
	enum reply_state state;
	int code;
	const char *text;
	size_t left; /* octets not taken */
} cases[] = {
	{ "one line", "250 ok\r\n", REPLY_DONE, 250, "ok", 0 },
	{ "bare LF", "250 ok\n", REPLY_DONE, 250, "ok", 0 },
	{ "code alone", "250\r\n", REPLY_DONE, 250, "", 0 },
	{ "code and blank", "250 \r\n", REPLY_DONE, 250, "", 0 },
	{ "many lines", "250-a\r\n250-b\r\n250 c\r\n", REPLY_DONE, 250, "a b c",
	    0 },
	{ "next reply stays", "250 ok\r\n354 go\r\n", REPLY_DONE, 250, "ok",
	    8 },
	{ "unfinished line", "250 o", REPLY_MORE, 0, NULL, 0 },
	{ "unfinished reply", "250-a\r\n", REPLY_MORE, 0, NULL, 0 },
	{ "two CRs: one is text", "250 ok\r\r\n", REPLY_DONE, 250, "ok\r", 0 },
	{ "codes differ", "250-a\r\n251 b\r\n", REPLY_BAD, 0, NULL, 0 },
	{ "1xx", "150 a\r\n", REPLY_BAD, 0, NULL, 0 },
	{ "6xx", "650 a\r\n", REPLY_BAD, 0, NULL, 0 },
	{ "two digits", "25 a\r\n", REPLY_BAD, 0, NULL, 0 },
	{ "four digits", "2500 a\r\n", REPLY_BAD, 0, NULL, 0 },
	{ "no code", "hello\r\n", REPLY_BAD, 0, NULL, 0 },
	{ "empty line", "\r\n", REPLY_BAD, 0, NULL, 0 },
	{ "blank first", " 250 ok\r\n", REPLY_BAD, 0, NULL, 0 },
};

static void
check_case(size_t i, size_t step)
{
	struct reply r;
	const char *p = cases[i].octets;
	size_t n = strlen(p);
	size_t at = 0;
	size_t used;
	enum reply_state state = REPLY_MORE;

	reply_init(&r);
	while (at < n && state == REPLY_MORE) {
		state = reply_take(
		    &r, p + at, at + step < n ? step : n - at, &used);
		at += used;
	}
	ck_assert_msg(state == cases[i].state, "%s by %zu: state %d",
	    cases[i].label, step, (int)state);
	if (state == REPLY_DONE) {
		ck_assert_msg(
		    r.code == cases[i].code, "%s: code", cases[i].label);
		ck_assert_msg(
		    strcmp(r.text.len ? r.text.data : "", cases[i].text) == 0,
		    "%s: text", cases[i].label);
		ck_assert_msg(
		    n - at == cases[i].left, "%s: left", cases[i].label);
	}
	reply_clear(&r);
}

START_TEST(whole)
{
	check_case((size_t)_i, 1000);
}
END_TEST

START_TEST(by_octet)
{
	check_case((size_t)_i, 1);
}
END_TEST

START_TEST(endless_line_is_bad)
{
	struct reply r;
	char block[4096];
	size_t used;
	size_t sent = 0;
	enum reply_state state = REPLY_MORE;

	memset(block, 'a', sizeof(block));
	reply_init(&r);
	while (state == REPLY_MORE && sent < 10 * REPLY_MAX_OCTETS) {
		state = reply_take(&r, block, sizeof(block), &used);
		sent += used;
	}
	ck_assert_int_eq(state, REPLY_BAD);
	ck_assert_uint_le(sent, REPLY_MAX_OCTETS);
	ck_assert_uint_le(r.line.cap, 2 * REPLY_MAX_KEPT);
	reply_clear(&r);
}
END_TEST

START_TEST(long_line_is_kept_in_part)
{
	static char line[8000];
	struct reply r;
	size_t used;

	memset(line, 'a', sizeof(line));
	memcpy(line, "550 ", 4);
	line[sizeof(line) - 1] = '\n';
	reply_init(&r);
	ck_assert_int_eq(reply_take(&r, line, sizeof(line), &used), REPLY_DONE);
	ck_assert_int_eq(r.code, 550);
	ck_assert_uint_le(r.text.len, REPLY_MAX_KEPT);
	reply_clear(&r);
}
END_TEST

START_TEST(too_many_lines_are_bad)
{
	struct reply r;
	size_t used;
	int i;
	enum reply_state state = REPLY_MORE;

	reply_init(&r);
	for (i = 0; i < REPLY_MAX_LINES && state == REPLY_MORE; i++)
		state = reply_take(&r, "250-a\r\n", 7, &used);
	ck_assert_int_eq(state, REPLY_MORE);
	ck_assert_int_eq(reply_take(&r, "250-a\r\n", 7, &used), REPLY_BAD);
	reply_clear(&r);
}
END_TEST

START_TEST(reset_begins_anew)
{
	struct reply r;
	size_t used;

	reply_init(&r);
	ck_assert_int_eq(
	    reply_take(&r, "550-x\r\n550 y\r\n", 14, &used), REPLY_DONE);
	ck_assert(reply_has_begun(&r));
	reply_reset(&r);
	ck_assert(!reply_has_begun(&r));
	ck_assert_int_eq(reply_take(&r, "250 z\r\n", 7, &used), REPLY_DONE);
	ck_assert_str_eq(r.text.data, "z");
	reply_clear(&r);
}
END_TEST

static void
add(TCase *tc)
{
	int n = (int)(sizeof(cases) / sizeof(cases[0]));

	tcase_add_loop_test(tc, whole, 0, n);
	tcase_add_loop_test(tc, by_octet, 0, n);
	tcase_add_test(tc, endless_line_is_bad);
	tcase_add_test(tc, long_line_is_kept_in_part);
	tcase_add_test(tc, too_many_lines_are_bad);
	tcase_add_test(tc, reset_begins_anew);
}

int
main(void)
{
	return unit_main("reply", add);
}
