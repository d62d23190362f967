/* SPDX-License-Identifier: ISC */
/* 8-bit text in a field becomes what every server can take. */
#include "mail/field.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Octets of UTF-8 and of Latin-1, apart from what follows. */
#define OE "\xc3\xb6"
#define UE "\xc3\xbc"
#define L1 "\xf6"

static const struct {
	const char *name;
	const char *value;
	const char *want;
	bool left; /* an address that is not ASCII */
} cases[] = {
	/* nothing to do */
	{ "Subject", " plain  text", " plain  text", false },
	{ "Subject", " a\tb\r\n\tc ", " a\tb\r\n\tc ", false },
	{ "Subject", "", "", false },
	{ "To", " not <an address", " not <an address", false },
	/* octets that no field may have */
	{ "Subject", " a\001b\177c\033[1m", " a\001b\177c\033[1m", false },
	{ "To", " a\001b\r\n <j@x.de>", " a\001b\r\n <j@x.de>", false },
	{ "To", " a\001b\177" OE " <j@x.de>", " a b =?UTF-8?B?w7Y=?= <j@x.de>",
	    false },
	{ "Subject", " a\rb\nc\r\nBcc: x@y", " a b c Bcc: x@y", false },
	{ "Subject", " " OE "\r\n\x01\r\n x", " =?UTF-8?B?w7Y=?= \x01\r\n x",
	    false },
	/* unstructured fields */
	{ "Subject", " J" OE "rg", " =?UTF-8?Q?J=C3=B6rg?=", false },
	{ "Subject", "J" OE "rg", "=?UTF-8?Q?J=C3=B6rg?=", false },
	{ "X-Any", " a J" OE "rg, b", " a =?UTF-8?Q?J=C3=B6rg,?= b", false },
	{ "Comments", " (" OE ")", " =?UTF-8?Q?(=C3=B6)?=", false },
	{ "Subject", " J" L1 "rg", " =?unknown-8bit?Q?J=F6rg?=", false },
	{ "Subject", " a" OE " b c" UE " d", " =?UTF-8?Q?a=C3=B6_b_c=C3=BC?= d",
	    false },
	{ "Subject", " a" OE "  words that are plain  b" UE,
	    " =?UTF-8?B?YcO2?=  words that are plain\r\n  =?UTF-8?B?YsO8?=",
	    false },
	{ "Subject", " a" OE "\r\n\tb" UE, " =?UTF-8?B?YcO2CWLDvA==?=", false },
	/* words that are there stay; the blank between words is not lost */
	{ "Subject", " =?utf-8?q?x?= J" OE "rg",
	    " =?utf-8?q?x?= =?UTF-8?Q?_J=C3=B6rg?=", false },
	{ "Subject", " J" OE "rg  =?utf-8?q?x?=",
	    " =?UTF-8?Q?J=C3=B6rg__?=  =?utf-8?q?x?=", false },
	{ "Subject", " =?utf-8?q?x?= y J" OE "rg",
	    " =?utf-8?q?x?= y =?UTF-8?Q?J=C3=B6rg?=", false },
	{ "Subject", " =?utf-8?q?x J" OE "rg",
	    " =?utf-8?q?x =?UTF-8?Q?J=C3=B6rg?=", false },
	/* names */
	{ "From", " J" OE "rg M" UE "ller <j@x.de>",
	    " =?UTF-8?Q?J=C3=B6rg_M=C3=BCller?= <j@x.de>", false },
	{ "from", " J" OE "rg<j@x.de>", " =?UTF-8?Q?J=C3=B6rg?= <j@x.de>",
	    false },
	{ "To", "a@b,J" OE "rg <j@x.de>", "a@b, =?UTF-8?Q?J=C3=B6rg?= <j@x.de>",
	    false },
	{ "To", " \"Lee, J" OE "rg\" <j@x.de>, \"A, B\" <c@d>",
	    " =?UTF-8?Q?Lee=2C_J=C3=B6rg?= <j@x.de>, \"A, B\" <c@d>", false },
	{ "To", " \"a \\\"" OE "\\\" bcd\" <j@x.de>",
	    " =?UTF-8?Q?a_=22=C3=B6=22_bcd?= <j@x.de>", false },
	{ "To", " x@y J" OE "rg <j@x.de>",
	    " x@y =?UTF-8?Q?J=C3=B6rg?= <j@x.de>", false },
	{ "Cc", " J" L1 "rg <j@x.de>", " =?unknown-8bit?Q?J=F6rg?= <j@x.de>",
	    false },
	{ "Cc", " =?utf-8?q?x?= J" OE "rg <j@x.de>",
	    " =?utf-8?q?x?= =?UTF-8?Q?_J=C3=B6rg?= <j@x.de>", false },
	{ "Reply-To", " Gru" OE "e: a@b, B <c@d>;",
	    " =?UTF-8?Q?Gru=C3=B6e?= : a@b, B <c@d>;", false },
	{ "List-Id", " J" OE "rgs Liste <list.x.de>",
	    " =?UTF-8?Q?J=C3=B6rgs?= Liste <list.x.de>", false },
	{ "Keywords", " J" OE "rg, \"a b\", M" UE "ller",
	    " =?UTF-8?Q?J=C3=B6rg?= , \"a b\", =?UTF-8?Q?M=C3=BCller?=",
	    false },
	/* comments */
	{ "To", " a@b (J" OE "rg)", " a@b (=?UTF-8?Q?J=C3=B6rg?=)", false },
	{ "To", " a@b (x (J" OE "rg) y)", " a@b (x (=?UTF-8?Q?J=C3=B6rg?=) y)",
	    false },
	{ "To", " a@b (J" OE "rg \\) b" UE "r)",
	    " a@b (=?UTF-8?Q?J=C3=B6rg_=29_b=C3=BCr?=)", false },
	{ "To", " a (" OE ") @ (x) b", " a (=?UTF-8?B?w7Y=?=) @ (x) b", false },
	{ "To", " \"(x\"@b (" OE ")", " \"(x\"@b (=?UTF-8?B?w7Y=?=)", false },
	/* addresses */
	{ "To", " J" OE "rg <a@" UE ".de>",
	    " =?UTF-8?Q?J=C3=B6rg?= <a@xn--tda.de>", false },
	{ "To", " J" OE "rg <" OE "@" UE ".de> (" UE ")",
	    " =?UTF-8?Q?J=C3=B6rg?= <" OE "@xn--tda.de>\r\n (=?UTF-8?B?w7w=?=)",
	    true },
	{ "Errors-To", " " OE "@b", " " OE "@b", true },
	{ "Resent-Sender", " " OE, " " OE, true },
	{ "Disposition-Notification-To", " a, " OE "@b", " a, " OE "@b", true },
	{ "To", " <@" UE ",@x:a@b>", " <a@b>", false },
	/* lists that are none */
	{ "From", " J" OE "rg Lee", " =?UTF-8?Q?J=C3=B6rg?= Lee", false },
	{ "From", " J" OE "rg <>", " =?UTF-8?Q?J=C3=B6rg?= <>", false },
	{ "From", " \"J" OE "rg <j@x.de>", " =?UTF-8?Q?\"J=C3=B6rg?= <j@x.de>",
	    false },
	{ "From", " (J" OE "rg j@x.de", " =?UTF-8?Q?(J=C3=B6rg?= j@x.de",
	    false },
	{ "From", " j" L1 "@x.de", " =?unknown-8bit?Q?j=F6=40x=2Ede?=", false },
	{ "To", " a@b, x" OE "y@@b", " a@b, =?UTF-8?B?eMO2eUBAYg==?=", false },
	/* parameters */
	{ "Content-Type", " text/plain; name=\"Gr" OE " 1.txt\"; x=y",
	    " text/plain; name*=UTF-8''Gr%C3%B6%201.txt; x=y", false },
	{ "content-disposition", " attachment;filename=" OE,
	    " attachment; filename*=UTF-8''%C3%B6", false },
	{ "Content-Disposition", " attachment; filename = \"a;\\\"" L1 "\" ",
	    " attachment; filename*=unknown-8bit''a%3B%22%F6 ", false },
	{ "Content-Type", " t" OE "xt/plain (" UE "); x*=" OE "; " OE "=y",
	    " t?xt/plain (?); x*=?; ?=y", false },
	{ "Content-Type", " text/plain; name=", " text/plain; name=", false },
	{ "Content-Type", " a/b; c=d; " OE, " a/b; c=d; ?", false },
	/* neither */
	{ "Message-ID", " <" OE L1 "@b>", " <??@b>", false },
	{ "Received", " from " OE " by x", " from ? by x", false },
	{ "Resent-Date", " " OE, " ?", false },
};

static struct field
field_of(const char *name, const char *value, size_t n)
{
	struct field f = { mem_dup(name), mem_new(n + 1, 1), n };

	memcpy(f.value, value, n);
	return f;
}

START_TEST(encodes)
{
	struct field f =
	    field_of(cases[_i].name, cases[_i].value, strlen(cases[_i].value));

	ck_assert_msg(field_encode(&f) == cases[_i].left, "%s:%s",
	    cases[_i].name, cases[_i].value);
	ck_assert_str_eq(f.value, cases[_i].want);
	ck_assert_uint_eq(f.value_len, strlen(cases[_i].want));
	/* and a second time nothing is left to do */
	ck_assert_msg(field_encode(&f) == cases[_i].left, "%s", f.value);
	ck_assert_str_eq(f.value, cases[_i].want);
	field_clear(&f);
}
END_TEST

START_TEST(drops_nul)
{
	struct field f = field_of("Subject", " a\0b\0", 5);

	ck_assert(!field_encode(&f));
	ck_assert_str_eq(f.value, " ab");
	ck_assert_uint_eq(f.value_len, 3);
	field_clear(&f);
}
END_TEST

/* n times unit, behind a blank. */
static struct field
field_repeated(const char *name, const char *unit, size_t n)
{
	struct field f;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add_char(&b, ' ');
	while (n-- > 0)
		buf_add_str(&b, unit);
	f = field_of(name, b.data, b.len);
	buf_clear(&b);
	return f;
}

/* Lines of at most 76 octets, each of which begins with a blank. */
static void
check_lines(const struct field *f)
{
	size_t column = strlen(f->name) + 1;
	const char *at = f->value;
	const char *cr;

	while ((cr = strchr(at, '\r')) != NULL) {
		ck_assert_uint_le(column + (size_t)(cr - at), 76);
		ck_assert_int_eq(cr[1], '\n');
		ck_assert_int_eq(cr[2], ' ');
		ck_assert_int_ne(cr[3], ' ');
		column = 0;
		at = cr + 2;
	}
	ck_assert_uint_le(column + strlen(at), 76);
}

START_TEST(folds_words)
{
	static const struct {
		const char *name, *unit;
	} v[] = {
		{ "Subject", OE },
		{ "Subject", "w" OE "rd " },
		{ "Subject", "a plain text of six words w" OE "rd " },
		{ "A-rather-long-name-of-some-fifty-octets-or-a-few-more", OE },
		{ "To", "J" OE "rg <joerg@some.example.com>,\r\n " },
		{ "To", "a@b (J" OE "rg Meier), " },
		{ "Cc", "\"Lee, J" OE "rg\" <j@x>," },
		{ "To", OE },
		{ "Subject", L1 "abc" },
	};
	struct field f = field_repeated(v[_i].name, v[_i].unit, 100);

	field_encode(&f);
	if (v[_i].unit[0] != OE[0] || strcmp(v[_i].name, "To") != 0)
		check_lines(&f);
	field_clear(&f);
}
END_TEST

/* A long name of a file is cut between characters, and numbered. */
START_TEST(makes_sections)
{
	static const char value[] =
	    " attachment; filename=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" OE
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.txt\"; size=1";
	struct field f =
	    field_of("Content-Disposition", value, sizeof(value) - 1);

	ck_assert(!field_encode(&f));
	ck_assert_str_eq(f.value,
	    " attachment;\r\n"
	    " filename*0*=UTF-8''aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%C3%B6"
	    "bbbbbbbbbb;\r\n"
	    " filename*1*=bbbbbbbbbbbbbbbbbbbbbbbbbb.txt; size=1");
	field_clear(&f);
}
END_TEST

/* 1 MB of what could cost more than its length. */
static const char *const heavy[] = { OE, L1, OE " ", OE " a ", "=?", "=?a",
	"=?a?q?" OE, "\"" OE, "(" OE, ")" OE, OE ",", OE ":", "<" OE, OE "\\",
	OE "@b,", "a@" OE ",", "<@" OE ",", OE ";a=", "\r\n " OE, "\"\"" OE,
	OE "                 a ", "\xf0\x9f" };

START_TEST(is_fast)
{
	static const char *const names[] = { "Subject", "To", "Content-Type",
		"Date" };
	size_t n = 1024 * 1024 / strlen(heavy[_i / N(names)]);
	struct field f =
	    field_repeated(names[_i % N(names)], heavy[_i / N(names)], n);
	clock_t begun = clock();

	field_encode(&f);
	field_fold(&f);
	ck_assert_msg(clock() - begun < 8 * CLOCKS_PER_SEC, "%s: %s",
	    names[_i % N(names)], heavy[_i / N(names)]);
	field_clear(&f);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, encodes, 0, N(cases));
	tcase_add_test(tc, drops_nul);
	tcase_add_loop_test(tc, folds_words, 0, 9);
	tcase_add_test(tc, makes_sections);
	tcase_add_loop_test(tc, is_fast, 0, N(heavy) * 4);
}

int
main(void)
{
	return unit_main("field_encode", add);
}
