/* SPDX-License-Identifier: ISC */
/* Test base/text. */

#include "base/text.h"

#include <string.h>

#include "unit.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

START_TEST(classes_are_ascii)
{
	static const char alpha[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	static const char digits[] = "0123456789";
	int c;

	for (c = -128; c < 256; c++) {
		bool a = c > 0 && strchr(alpha, c) != NULL && c < 128;
		bool d = c > 0 && strchr(digits, c) != NULL && c < 128;

		ck_assert_msg(text_is_alpha(c) == a, "alpha %d", c);
		ck_assert_msg(text_is_digit(c) == d, "digit %d", c);
		ck_assert_msg(text_is_alnum(c) == (a || d), "alnum %d", c);
		ck_assert_msg(
		    text_is_blank(c) == (c == ' ' || c == '\t'), "blank %d", c);
		if (!a)
			ck_assert_int_eq(text_lower(c), c);
	}
	ck_assert_int_eq(text_lower('A'), 'a');
	ck_assert_int_eq(text_lower('Z'), 'z');
	ck_assert_int_eq(text_lower('q'), 'q');
}
END_TEST

START_TEST(case_is_folded)
{
	ck_assert(text_case_eq("Subject", "sUBJECT"));
	ck_assert(text_case_eq("", ""));
	ck_assert(!text_case_eq("a", ""));
	ck_assert(!text_case_eq("@", "`"));
	ck_assert(!text_case_eq("\xc4", "\xe4"));
	ck_assert_int_lt(text_case_cmp("ABC", "abd"), 0);
	ck_assert_int_gt(text_case_cmp("b", "A"), 0);
	ck_assert_int_lt(text_case_cmp("ab", "ABC"), 0);
	ck_assert_int_gt(text_case_cmp("\xff", "z"), 0);
	ck_assert(text_case_eq_n("HELO x", "helo y", 5));
	ck_assert(!text_case_eq_n("HELO x", "helo y", 6));
	ck_assert(text_case_eq_n("ab", "AB", 9));
	ck_assert(!text_case_eq_n("ab", "ABC", 3));
	ck_assert(text_case_eq_n("a", "b", 0));
	ck_assert(text_starts("osmtp.conf", "osmtp"));
	ck_assert(text_starts("x", ""));
	ck_assert(!text_starts("osm", "osmtp"));
	ck_assert(!text_starts("Osmtp", "osmtp"));
}
END_TEST

static const struct {
	const char *s;
	uint64_t max;
	bool ok;
	uint64_t n;
} uint_cases[] = {
	{ "0", 0, true, 0 },
	{ "1", 0, false, 0 },
	{ "65535", 65535, true, 65535 },
	{ "65536", 65535, false, 0 },
	{ "007", 9, true, 7 },
	{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, false, 0 },
	{ "99999999999999999999999", UINT64_MAX, false, 0 },
	{ "", 9, false, 0 },
	{ "-1", 9, false, 0 },
	{ "+1", 9, false, 0 },
	{ " 1", 9, false, 0 },
	{ "1 ", 9, false, 0 },
	{ "1x", 99, false, 0 },
	{ "0x1", 99, false, 0 },
};

START_TEST(uint_is_strict)
{
	uint64_t n = 4711;
	bool ok = text_parse_uint(uint_cases[_i].s, uint_cases[_i].max, &n);

	ck_assert_msg(ok == uint_cases[_i].ok, "'%s'", uint_cases[_i].s);
	ck_assert_uint_eq(n, ok ? uint_cases[_i].n : 4711);
}
END_TEST

static const struct {
	const char *s;
	int64_t ms; /* -1: refused */
} duration_cases[] = {
	{ "0", 0 },
	{ "0s", 0 },
	{ "500ms", 500 },
	{ "90s", 90000 },
	{ "5m", 300000 },
	{ "4h", 14400000 },
	{ "5d", 432000000 },
	{ "106751991167d", 106751991167 * INT64_C(86400000) },
	{ "106751991168d", -1 },
	{ "9223372036854775807ms", INT64_MAX },
	{ "9223372036854775808ms", -1 },
	{ "90", -1 },
	{ "00", -1 },
	{ "", -1 },
	{ "s", -1 },
	{ "5 m", -1 },
	{ "5M", -1 },
	{ "5mm", -1 },
	{ "1h30m", -1 },
	{ "-5m", -1 },
	{ "1.5h", -1 },
};

START_TEST(duration_has_a_unit)
{
	int64_t ms = -1;
	bool ok = text_parse_duration(duration_cases[_i].s, &ms);

	ck_assert_msg(
	    ok == (duration_cases[_i].ms != -1), "'%s'", duration_cases[_i].s);
	ck_assert_int_eq(ms, duration_cases[_i].ms);
}
END_TEST

static const struct {
	const char *s;
	bool ok;
	uint64_t n;
} size_cases[] = {
	{ "0", true, 0 },
	{ "1000", true, 1000 },
	{ "64k", true, 65536 },
	{ "64K", true, 65536 },
	{ "50M", true, 52428800 },
	{ "1g", true, 1073741824 },
	{ "17179869183G", true, UINT64_C(17179869183) << 30 },
	{ "17179869184G", false, 0 },
	{ "18446744073709551615", true, UINT64_MAX },
	{ "18446744073709551616", false, 0 },
	{ "", false, 0 },
	{ "k", false, 0 },
	{ "64kB", false, 0 },
	{ "64 k", false, 0 },
	{ "64t", false, 0 },
	{ "-1k", false, 0 },
};

START_TEST(size_has_a_letter)
{
	uint64_t n = 0;
	bool ok = text_parse_size(size_cases[_i].s, &n);

	ck_assert_msg(ok == size_cases[_i].ok, "'%s'", size_cases[_i].s);
	ck_assert_uint_eq(n, size_cases[_i].n);
}
END_TEST

static const struct {
	int64_t ms;
	const char *s;
} spoken_cases[] = {
	{ 0, "0" },
	{ 250, "250ms" },
	{ 1000, "1s" },
	{ 1500, "1500ms" },
	{ 60000, "1m" },
	{ 90000, "90s" },
	{ 3600000, "1h" },
	{ 5400000, "90m" },
	{ 86400000, "1d" },
	{ -5000, "-5s" },
	{ INT64_MIN, "-9223372036854775808ms" },
};

START_TEST(duration_is_spoken)
{
	int64_t back;
	struct buf b;

	buf_init(&b, 64);
	text_add_duration(&b, spoken_cases[_i].ms);
	ck_assert_str_eq(b.data, spoken_cases[_i].s);
	if (spoken_cases[_i].ms >= 0) {
		ck_assert(text_parse_duration(b.data, &back));
		ck_assert_int_eq(back, spoken_cases[_i].ms);
	}
	buf_clear(&b);
}
END_TEST

/* RFC 4648, 10; and all octets. */
static const struct {
	const char *plain;
	const char *coded;
} base64_cases[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/" },
};

START_TEST(base64_goes_both_ways)
{
	const char *plain = base64_cases[_i].plain;
	const char *coded = base64_cases[_i].coded;
	struct buf b;

	buf_init(&b, 64);
	text_add_base64(&b, plain, strlen(plain));
	ck_assert_str_eq(b.data, coded);
	buf_reset(&b);
	ck_assert(text_add_unbase64(&b, coded, strlen(coded)));
	ck_assert_uint_eq(b.len, strlen(plain));
	ck_assert_mem_eq(b.data, plain, b.len);
	buf_clear(&b);
}
END_TEST

START_TEST(base64_of_every_octet)
{
	unsigned char all[256];
	struct buf coded, plain;
	size_t i, n;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)(i * 167 + 13);
	buf_init(&coded, 1024);
	buf_init(&plain, 1024);
	for (n = sizeof(all) - 3; n <= sizeof(all); n++) {
		buf_reset(&coded);
		buf_reset(&plain);
		text_add_base64(&coded, all, n);
		ck_assert_uint_eq(coded.len, (n + 2) / 3 * 4);
		ck_assert(text_add_unbase64(&plain, coded.data, coded.len));
		ck_assert_uint_eq(plain.len, n);
		ck_assert_mem_eq(plain.data, all, n);
	}
	buf_clear(&coded);
	buf_clear(&plain);
}
END_TEST

static const char *const unbase64_bad[] = {
	"Z",
	"Zg",
	"Zg=",
	"Zm9vYg",
	"Z===",
	"====",
	"Zg==Zg==",
	"Z=8=",
	"Zm 9",
	"Zm9v\n",
	"Zm9v\r\n\r\n",
	"-_-_",
	"Zm9\xc3",
};

START_TEST(unbase64_refuses)
{
	struct buf b;

	buf_init(&b, 64);
	buf_add_str(&b, "kept");
	ck_assert_msg(
	    !text_add_unbase64(&b, unbase64_bad[_i], strlen(unbase64_bad[_i])),
	    "'%s'", unbase64_bad[_i]);
	ck_assert_str_eq(b.data, "kept");
	buf_clear(&b);
}
END_TEST

START_TEST(unbase64_is_whole_or_nothing)
{
	struct buf b;

	buf_init(&b, 5);
	buf_add_str(&b, "abc");
	ck_assert(!text_add_unbase64(&b, "Zm9v", 4));
	ck_assert(b.full);
	ck_assert_str_eq(b.data, "abc");
	ck_assert(text_add_unbase64(&b, "Zm8=", 4));
	ck_assert_str_eq(b.data, "abcfo");
	/* An octet of value zero is no letter. */
	ck_assert(!text_add_unbase64(&b, "A\0AA", 4));
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *plain, *coded;
} base64url_cases[] = {
	{ "", "" },
	{ "f", "Zg" },
	{ "fo", "Zm8" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg" },
	{ "fooba", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "-_-_" },
	{ "\xff\xfe", "__4" },
};

START_TEST(base64url_goes_both_ways)
{
	const char *plain = base64url_cases[_i].plain;
	const char *coded = base64url_cases[_i].coded;
	struct buf b;

	buf_init(&b, strlen(coded));
	text_add_base64url(&b, plain, strlen(plain));
	ck_assert(!b.full);
	ck_assert_str_eq(b.data, coded);
	buf_clear(&b);
	buf_init(&b, strlen(plain));
	ck_assert(text_add_unbase64url(&b, coded, strlen(coded)));
	ck_assert(!b.full);
	ck_assert_uint_eq(b.len, strlen(plain));
	ck_assert_mem_eq(b.data, plain, b.len);
	buf_clear(&b);
}
END_TEST

static const char *const unbase64url_bad[] = {
	"Z",
	"Zm9vY", /* six bits are no octet */
	"Zg==",
	"Zm8=", /* padding */
	"Zh",
	"Zm9", /* bits left over */
	"+/+/",
	"Zm9v\n",
	" Zg",
	"Zm9\xc3",
};

START_TEST(unbase64url_refuses)
{
	const char *coded = unbase64url_bad[_i];
	struct buf b;

	buf_init(&b, 64);
	buf_add_str(&b, "kept");
	ck_assert_msg(
	    !text_add_unbase64url(&b, coded, strlen(coded)), "'%s'", coded);
	ck_assert_str_eq(b.data, "kept");
	buf_clear(&b);
}
END_TEST

START_TEST(unbase64url_is_whole_or_nothing)
{
	struct buf b;

	buf_init(&b, 5);
	buf_add_str(&b, "abc");
	ck_assert(!text_add_unbase64url(&b, "Zm9v", 4));
	ck_assert(b.full);
	ck_assert_str_eq(b.data, "abc");
	ck_assert(text_add_unbase64url(&b, "Zm8", 3));
	ck_assert_str_eq(b.data, "abcfo");
	buf_clear(&b);
}
END_TEST

START_TEST(percent_keeps_unreserved)
{
	struct buf b;

	buf_init(&b, 256);
	text_add_percent(&b, "azAZ09-._~", 10);
	ck_assert_str_eq(b.data, "azAZ09-._~");
	buf_reset(&b);
	text_add_percent(&b, " &=+/%\0\xc3\xbc", 9);
	ck_assert_str_eq(b.data, "%20%26%3D%2B%2F%25%00%C3%BC");
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *label;
	const char *given;
	size_t max;
	const char *shown;
} safe_cases[] = {
	{ "fits", "hello", 5, "hello" },
	{ "one too long", "hello!", 5, "he..." },
	{ "empty", "", 5, "" },
	{ "room for dots only", "hello", 3, "..." },
	{ "less room than that", "hello", 2, ".." },
	{ "no room", "hello", 0, "" },
	{ "controls", "a\r\n\t\033\177", 50, "a?????" },
	{ "C1", "a\xc2\x85z", 50, "a?z" },
	{ "right to left", "a\xe2\x80\xaez", 50, "a?z" },
	{ "line separator", "a\xe2\x80\xa8z", 50, "a?z" },
	{ "isolate", "a\xe2\x81\xa6z", 50, "a?z" },
	{ "stray octets", "a\xff\x80z", 50, "a??z" },
	{ "unfinished", "a\xe2\x82", 50, "a??" },
	{ "letters beyond ASCII", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7", 50,
	    "\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7" },
	{ "not cut within a letter",
	    "abc\xc3\xbc"
	    "defg",
	    7, "abc..." },
	{ "letter fits before the dots",
	    "abc\xc3\xbc"
	    "defg",
	    8, "abc\xc3\xbc..." },
	{ "masking makes it fit", "ab\xe2\x80\xae", 3, "ab?" },
};

START_TEST(safe_is_safe)
{
	struct buf b;

	buf_init(&b, 256);
	text_add_safe(&b, safe_cases[_i].given, strlen(safe_cases[_i].given),
	    safe_cases[_i].max);
	ck_assert_msg(strcmp(b.data, safe_cases[_i].shown) == 0, "%s: '%s'",
	    safe_cases[_i].label, b.data);
	buf_clear(&b);
}
END_TEST

START_TEST(safe_masks_nul)
{
	struct buf b;

	buf_init(&b, 256);
	text_add_safe(&b, "a\0b", 3, SIZE_MAX);
	ck_assert_str_eq(b.data, "a?b");
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *label;
	const char *s;
	bool ok;
} utf8_cases[] = {
	{ "empty", "", true },
	{ "ASCII", "abc\x7f", true },
	{ "two", "\xc2\x80\xdf\xbf", true },
	{ "three", "\xe0\xa0\x80\xef\xbf\xbf", true },
	{ "four", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true },
	{ "around the surrogates", "\xed\x9f\xbf\xee\x80\x80", true },
	{ "overlong two", "\xc0\x80", false },
	{ "overlong two, last", "\xc1\xbf", false },
	{ "overlong three", "\xe0\x9f\xbf", false },
	{ "overlong four", "\xf0\x8f\xbf\xbf", false },
	{ "surrogate", "\xed\xa0\x80", false },
	{ "last surrogate", "\xed\xbf\xbf", false },
	{ "beyond", "\xf4\x90\x80\x80", false },
	{ "five", "\xf8\x88\x80\x80\x80", false },
	{ "continuation alone", "a\x80", false },
	{ "unfinished", "\xe2\x82", false },
	{ "interrupted", "\xe2\x82z", false },
	{ "ISO 8859-1", "M\xfcnster", false },
};

START_TEST(utf8_is_rfc_3629)
{
	ck_assert_msg(text_is_utf8(utf8_cases[_i].s,
			  strlen(utf8_cases[_i].s)) == utf8_cases[_i].ok,
	    "%s", utf8_cases[_i].label);
}
END_TEST

START_TEST(ascii_has_seven_bits)
{
	ck_assert(text_is_ascii("", 0));
	ck_assert(text_is_ascii("a\0\177", 3));
	ck_assert(!text_is_ascii("a\x80", 2));
	ck_assert(!text_is_ascii("\xff"
				 "a",
	    2));
	ck_assert(text_is_ascii("a\x80", 1));
}
END_TEST

static const char *const words[] = { "tls", "tags", "tenant", "tenants",
	"timeout", "facility", "user", "users", "a" };

static const struct {
	const char *given;
	const char *near;
} nearest_cases[] = {
	{ "timeout", "timeout" },
	{ "TimeOut", "timeout" },
	{ "timeuot", "timeout" },  /* a swap is one */
	{ "itmeuot", "timeout" },  /* two swaps */
	{ "tiemuto", NULL },	   /* three */
	{ "timeouts", "timeout" }, /* one more */
	{ "timeo", "timeout" },	   /* two less */
	{ "time", NULL },	   /* three less */
	{ "tsl", "tls" },
	{ "tax", NULL }, /* two of four, where one may be */
	{ "teb", NULL }, /* two of three */
	{ "tlsx", "tls" },
	{ "tenan", "tenant" }, /* nearer than tenants */
	{ "userx", "user" },   /* as near as users, and first */
	{ "xyz", NULL },
	{ "faculty", "facility" },
	{ "facultea", NULL },
	{ "01234567890123456789012345678901234567890123456789012345678901234567"
	  "89",
	    NULL },
};

START_TEST(nearest_is_near)
{
	const char *found = text_nearest(
	    nearest_cases[_i].given, words, sizeof(words) / sizeof(words[0]));

	if (nearest_cases[_i].near == NULL)
		ck_assert_msg(
		    found == NULL, "%s: %s", nearest_cases[_i].given, found);
	else
		ck_assert_pstr_eq(found, nearest_cases[_i].near);
}
END_TEST

START_TEST(nearest_of_none)
{
	ck_assert_ptr_null(text_nearest("x", NULL, 0));
}
END_TEST

START_TEST(list_owns)
{
	struct text_list l = { 0 };
	char s[] = "Mail";

	ck_assert(!text_list_has(&l, "Mail"));
	text_list_add(&l, s);
	s[0] = 'F';
	text_list_add(&l, "adm");
	ck_assert_uint_eq(l.n, 2);
	ck_assert_ptr_null(l.v[2]);
	ck_assert(text_list_has(&l, "Mail"));
	ck_assert(text_list_has(&l, "adm"));
	ck_assert(!text_list_has(&l, "mail"));
	ck_assert(text_list_has_case(&l, "mail"));
	ck_assert(!text_list_has_case(&l, "mai"));
	text_list_clear(&l);
	ck_assert_uint_eq(l.n, 0);
	ck_assert_ptr_null(l.v);
	text_list_clear(&l);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, classes_are_ascii);
	tcase_add_test(tc, case_is_folded);
	tcase_add_loop_test(tc, uint_is_strict, 0, COUNT(uint_cases));
	tcase_add_loop_test(tc, duration_has_a_unit, 0, COUNT(duration_cases));
	tcase_add_loop_test(tc, size_has_a_letter, 0, COUNT(size_cases));
	tcase_add_loop_test(tc, duration_is_spoken, 0, COUNT(spoken_cases));
	tcase_add_loop_test(tc, base64_goes_both_ways, 0, COUNT(base64_cases));
	tcase_add_test(tc, base64_of_every_octet);
	tcase_add_loop_test(tc, unbase64_refuses, 0, COUNT(unbase64_bad));
	tcase_add_test(tc, unbase64_is_whole_or_nothing);
	tcase_add_loop_test(
	    tc, base64url_goes_both_ways, 0, COUNT(base64url_cases));
	tcase_add_loop_test(tc, unbase64url_refuses, 0, COUNT(unbase64url_bad));
	tcase_add_test(tc, unbase64url_is_whole_or_nothing);
	tcase_add_test(tc, percent_keeps_unreserved);
	tcase_add_loop_test(tc, safe_is_safe, 0, COUNT(safe_cases));
	tcase_add_test(tc, safe_masks_nul);
	tcase_add_test(tc, ascii_has_seven_bits);
	tcase_add_loop_test(tc, utf8_is_rfc_3629, 0, COUNT(utf8_cases));
	tcase_add_loop_test(tc, nearest_is_near, 0, COUNT(nearest_cases));
	tcase_add_test(tc, nearest_of_none);
	tcase_add_test(tc, list_owns);
}

int
main(void)
{
	return unit_main("text", add);
}
