/* SPDX-License-Identifier: ISC */
/* Header fields and dates. */
#include "mail/field.h"

#include <locale.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const struct {
	const char *label;
	const char *line;
	size_t length, value;
} names[] = {
	{ "plain", "To: a", 2, 3 },
	{ "no blank behind", "To:a", 2, 3 },
	{ "empty", "To:", 2, 3 },
	{ "blank before the colon", "To : a", 2, 4 },
	{ "blanks before the colon", "To \t : a", 2, 6 },
	{ "odd characters", "X-!#\"~(): a", 8, 9 },
	{ "two colons", "sh: 1: not found", 2, 3 },
	{ "no colon", "Hello", 0, 0 },
	{ "no name", ": x", 0, 0 },
	{ "blank in the name", "Note well: x", 0, 0 },
	{ "8-bit name",
	    "Gr\xc3\xb6\xc3\x9f"
	    "e: x",
	    0, 0 },
	{ "blank first", " To: a", 0, 0 },
	{ "control in the name", "T\001o: a", 0, 0 },
	{ "CR in the name", "To\r: a", 0, 0 },
	{ "DEL in the name", "T\177o: a", 0, 0 },
	{ "nothing", "", 0, 0 },
};

START_TEST(finds_names)
{
	size_t value = 0;

	ck_assert_msg(field_name_length(names[_i].line, strlen(names[_i].line),
			  &value) == names[_i].length,
	    "%s", names[_i].label);
	ck_assert_msg(value == names[_i].value, "%s", names[_i].label);
}
END_TEST

START_TEST(bounds_names)
{
	char line[FIELD_MAX_NAME + 3];
	size_t value = 0;

	memset(line, 'n', sizeof(line));
	line[FIELD_MAX_NAME] = ':';
	ck_assert_uint_eq(
	    field_name_length(line, sizeof(line), &value), FIELD_MAX_NAME);
	ck_assert_uint_eq(value, FIELD_MAX_NAME + 1);
	line[FIELD_MAX_NAME] = 'n';
	line[FIELD_MAX_NAME + 1] = ':';
	ck_assert_uint_eq(field_name_length(line, sizeof(line), &value), 0);
	memset(line + 1, ' ', FIELD_MAX_NAME);
	ck_assert_uint_eq(field_name_length(line, sizeof(line), &value), 0);
	/* octets behind n are not looked at */
	ck_assert_uint_eq(field_name_length("To:", 2, &value), 0);
}
END_TEST

static const struct {
	const char *label;
	const char *value;
	size_t n;
	const char *want;
	size_t want_n;
} folded[] = {
	{ "plain", " a b", 4, "a b", 3 },
	{ "fold", " a\r\n b", 6, "a b", 3 },
	{ "fold with tab", " a\r\n\tb", 6, "a\tb", 3 },
	{ "folds in a row", "a\r\n \r\n b", 8, "a  b", 4 },
	{ "fold first", "\r\n a", 4, "a", 1 },
	{ "fold last", "a\r\n ", 4, "a", 1 },
	{ "blanks inside kept", "a  b", 4, "a  b", 4 },
	{ "NUL kept", "a\0b\0", 4, "a\0b\0", 4 },
	{ "empty", "", 0, "", 0 },
	{ "blanks only", " \t\r\n ", 5, "", 0 },
};

START_TEST(unfolds)
{
	struct field f = { .name = mem_dup("X"),
		.value = mem_dup_n(folded[_i].value, folded[_i].n),
		.value_len = folded[_i].n };
	struct buf b;

	buf_init(&b, 100);
	field_unfold(&b, &f);
	ck_assert_msg(b.len == folded[_i].want_n &&
			  memcmp(b.data, folded[_i].want, b.len) == 0,
	    "%s: got %s", folded[_i].label, b.data);
	buf_clear(&b);
	field_clear(&f);
	ck_assert_ptr_null(f.name);
	ck_assert_ptr_null(f.value);
}
END_TEST

START_TEST(compares_names)
{
	struct field f = { .name = (char *)(uintptr_t) "Reply-To" };

	ck_assert(field_is(&f, "Reply-To"));
	ck_assert(field_is(&f, "rEPLY-tO"));
	ck_assert(!field_is(&f, "Reply"));
	ck_assert(!field_is(&f, "Reply-Too"));
}
END_TEST

static const struct {
	const char *label;
	const char *zone;
	int64_t now;
	const char *want;
} dates[] = {
	{ "UTC", "UTC0", 1700000000000, "Tue, 14 Nov 2023 22:13:20 +0000" },
	{ "east", "EAST-5:30", 1700000000000,
	    "Wed, 15 Nov 2023 03:43:20 +0530" },
	{ "west", "WEST3:30", 1700000000000,
	    "Tue, 14 Nov 2023 18:43:20 -0330" },
	{ "less than an hour west", "WST0:30", 1700000000000,
	    "Tue, 14 Nov 2023 21:43:20 -0030" },
	{ "winter", "CET-1CEST,M3.5.0,M10.5.0/3", 1700000000000,
	    "Tue, 14 Nov 2023 23:13:20 +0100" },
	{ "summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1688212800000,
	    "Sat, 1 Jul 2023 14:00:00 +0200" },
	{ "milliseconds are cut", "UTC0", 1700000000999,
	    "Tue, 14 Nov 2023 22:13:20 +0000" },
	{ "the beginning", "UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ "before it", "UTC0", -1, "Wed, 31 Dec 1969 23:59:59 +0000" },
	{ "a leap day", "UTC0", 1709164800000,
	    "Thu, 29 Feb 2024 00:00:00 +0000" },
};

START_TEST(dates_are_right)
{
	struct buf b;

	ck_assert_int_eq(setenv("TZ", dates[_i].zone, 1), 0);
	setlocale(LC_ALL, "de_DE.UTF-8"); /* where there is one */
	buf_init(&b, 100);
	field_add_date(&b, dates[_i].now);
	ck_assert_msg(strcmp(b.data, dates[_i].want) == 0, "%s: got %s",
	    dates[_i].label, b.data);
	buf_clear(&b);
}
END_TEST

START_TEST(mbox_dates_are_right)
{
	struct buf b;

	ck_assert_int_eq(setenv("TZ", "EAST-5:30", 1), 0);
	buf_init(&b, 100);
	field_add_mbox_date(&b, 1700000000000);
	ck_assert_str_eq(b.data, "Tue Nov 14 22:13:20 2023");
	buf_reset(&b);
	field_add_mbox_date(&b, 1688212800000);
	ck_assert_str_eq(b.data, "Sat Jul  1 12:00:00 2023");
	buf_clear(&b);
}
END_TEST

START_TEST(brief_dates_are_local)
{
	struct buf b;

	ck_assert_int_eq(setenv("TZ", "EAST-5:30", 1), 0);
	buf_init(&b, 100);
	field_add_brief_date(&b, 1700000000000);
	ck_assert_str_eq(b.data, "Wed Nov 15 03:43:20");
	buf_clear(&b);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, finds_names, 0, N(names));
	tcase_add_test(tc, bounds_names);
	tcase_add_loop_test(tc, unfolds, 0, N(folded));
	tcase_add_test(tc, compares_names);
	tcase_add_loop_test(tc, dates_are_right, 0, N(dates));
	tcase_add_test(tc, mbox_dates_are_right);
	tcase_add_test(tc, brief_dates_are_local);
}

int
main(void)
{
	return unit_main("field", add);
}
