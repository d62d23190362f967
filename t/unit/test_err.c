/* SPDX-License-Identifier: ISC */
/* Test base/err: what a failure says, and that it can always say it. */

#include "base/err.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "aid.h"

static const struct {
	const char *label;
	const char *given;
	const char *stored;
} safe_cases[] = {
	{ "plain", "open: /etc/x: absent", "open: /etc/x: absent" },
	{ "empty", "", "" },
	{ "line end", "a\r\nb", "a??b" },
	{ "tab", "a\tb", "a?b" },
	{ "escape", "\033[31mred", "?[31mred" },
	{ "delete", "a\177b", "a?b" },
	{ "C1 in UTF-8",
	    "a\xc2\x9b"
	    "31m",
	    "a?31m" },
	{ "C1 alone",
	    "a\x9b"
	    "31m",
	    "a?31m" },
	{ "letters beyond ASCII", "M\xc3\xbcnster", "M\xc3\xbcnster" },
};

START_TEST(controls_are_masked)
{
	struct err e = ERR_NONE;

	ck_assert_int_eq(
	    err_set(&e, EX_CONFIG, "%s", safe_cases[_i].given), EX_CONFIG);
	ck_assert_int_eq(e.code, EX_CONFIG);
	ck_assert_msg(strcmp(e.text, safe_cases[_i].stored) == 0, "%s: %s",
	    safe_cases[_i].label, e.text);
}
END_TEST

START_TEST(no_err_is_fine)
{
	ck_assert_int_eq(err_set(NULL, EX_USAGE, "%d", 1), EX_USAGE);
	ck_assert_int_eq(
	    err_set_errno(NULL, EX_IOERR, ENOENT, "%d", 1), EX_IOERR);
	ck_assert_int_eq(err_wrap(NULL, "%d", 1), EX_SOFTWARE);
}
END_TEST

/* Lengths around the limit: whole up to it, dots beyond. */
START_TEST(too_long_ends_in_dots)
{
	char given[6000];
	struct err e = ERR_NONE;
	size_t n;

	for (n = ERR_TEXT_MAX - 4; n < ERR_TEXT_MAX; n++) {
		memset(given, 'x', n);
		given[n] = '\0';
		err_set(&e, EX_DATAERR, "%s", given);
		ck_assert_str_eq(e.text, given);
	}
	for (; n < sizeof(given); n += 811) {
		memset(given, 'x', n);
		given[n] = '\0';
		err_set(&e, EX_DATAERR, "%s", given);
		ck_assert_uint_eq(strlen(e.text), ERR_TEXT_MAX - 1);
		ck_assert_str_eq(e.text + ERR_TEXT_MAX - 5, "x...");
	}
}
END_TEST

/* What shrinks when it is made safe must not hide that it was cut. */
START_TEST(cut_is_shown_where_masking_shrinks)
{
	char given[9001];
	struct err e = ERR_NONE;
	size_t i;

	for (i = 0; i + 3 < sizeof(given); i += 3)
		memcpy(given + i, "\xe2\x80\xae", 3);
	given[i] = '\0';
	err_set(&e, EX_DATAERR, "%s", given);
	ck_assert_str_eq(e.text + ERR_TEXT_MAX - 5, "?...");
}
END_TEST

START_TEST(text_may_come_from_the_same_err)
{
	struct err e = ERR_NONE;

	err_set(&e, EX_NOINPUT, "inner");
	err_set(&e, EX_CONFIG, "outer: %s", e.text);
	ck_assert_str_eq(e.text, "outer: inner");
	ck_assert_int_eq(e.code, EX_CONFIG);
}
END_TEST

START_TEST(errno_gives_words)
{
	struct err e = ERR_NONE;
	char expected[256];

	snprintf(expected, sizeof(expected), "open: /x: %s", strerror(ENOENT));
	errno = EPERM;
	ck_assert_int_eq(
	    err_set_errno(&e, EX_NOINPUT, ENOENT, "open: %s", "/x"),
	    EX_NOINPUT);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_str_eq(e.text, expected);
}
END_TEST

START_TEST(wrap_puts_context_in_front)
{
	struct err e = ERR_NONE;

	err_set(&e, EX_TEMPFAIL, "connect: refused");
	ck_assert_int_eq(err_wrap(&e, "profile: %s", "work"), EX_TEMPFAIL);
	ck_assert_str_eq(e.text, "profile: work: connect: refused");
	ck_assert(err_is_soft(&e));
	e.code = EX_CONFIG;
	ck_assert(!err_is_soft(&e));
}
END_TEST

static void
break_promise(void)
{
	err_bug_if(1 == 2);
	err_bug_if(1 + 1 == 2);
}

START_TEST(bug_aborts_and_says_where)
{
	char said[512];
	int status = aid_child(break_promise, said, sizeof(said));

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert_ptr_nonnull(strstr(said, "test_err.c:"));
	ck_assert_ptr_nonnull(strstr(said, "1 + 1 == 2"));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, controls_are_masked, 0,
	    sizeof(safe_cases) / sizeof(safe_cases[0]));
	tcase_add_test(tc, no_err_is_fine);
	tcase_add_test(tc, too_long_ends_in_dots);
	tcase_add_test(tc, cut_is_shown_where_masking_shrinks);
	tcase_add_test(tc, text_may_come_from_the_same_err);
	tcase_add_test(tc, errno_gives_words);
	tcase_add_test(tc, wrap_puts_context_in_front);
	tcase_add_test(tc, bug_aborts_and_says_where);
}

int
main(void)
{
	return unit_main("err", add);
}
