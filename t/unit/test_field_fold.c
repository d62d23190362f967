/* SPDX-License-Identifier: ISC */
/* Lines of a field that are too long for SMTP. */
#include "mail/field.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Append n times s. */
static void
add_times(struct buf *b, const char *s, size_t n)
{
	while (n-- > 0)
		buf_add_str(b, s);
}

/* A field with head, n times unit, tail. */
static struct field
field_of(const char *name, const char *head, const char *unit, size_t n,
    const char *tail)
{
	struct field f = { .name = mem_dup(name) };
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add_str(&b, head);
	add_times(&b, unit, n);
	buf_add_str(&b, tail);
	f.value_len = b.len;
	f.value = buf_take(&b);
	return f;
}

/* Each line short enough, each fold before a blank, no line of blanks. */
static void
check_lines(const struct field *f)
{
	size_t column = strlen(f->name) + 1;
	const char *at = f->value;
	const char *end;

	for (;; at = end + 2) {
		end = strstr(at, "\r\n");
		if (end == NULL)
			end = at + strlen(at);
		ck_assert_uint_le(column + (size_t)(end - at), FIELD_MAX_LINE);
		if (at > f->value) {
			ck_assert(text_is_blank(*at));
			ck_assert_uint_lt(
			    strspn(at, " \t"), (size_t)(end - at));
		}
		if (*end == '\0')
			break;
		column = 0;
	}
}

static const struct {
	const char *name, *head, *unit;
	size_t n;
	const char *tail;
	bool same;  /* unfolded it is as before */
	bool whole; /* nothing changes */
} cases[] = {
	{ "Subject", " ", "a", 989, "", true, true }, /* 998 octets */
	{ "Subject", " ", "a", 990, "", true, false },
	{ "Subject", " ", "a", 997, "", true, false },
	{ "Subject", " ", "a", 998, "", false, false },
	{ "Subject", "", "a", 990, "", true, true },
	{ "Subject", "", "a", 991, "", true, false },
	{ "Subject", " ", "word ", 250, "end", true, false },
	{ "Subject", " ", "word\t  ", 3000, "", true, false },
	{ "Subject", " x\r\n ", "word ", 250, "\r\n y", true, false },
	{ "Subject", " a", " ", 300, "b", true, true },
	{ "Subject", " a", " ", 3000, "b", false, false },
	{ "Subject", " ", " ", 3000, "b", true, false },
	{ "Subject", " a", " ", 3000, "", true, false },
	{ "Subject", "a ", "b", 3000, " c", false, false },
	/* lines of blanks go, whatever their length */
	{ "Subject", " a\r\n", "\t\r\n", 3, " b", true, false },
	{ "Subject", " a", "\r\n ", 3, "", true, false },
	{ "Subject", "", "\r\n ", 3, "b", true, false },
	{ "Subject", "\r\n b", "", 0, "", true, true },
	{ "To", " a@b", ", someone@example.com", 1000, "", true, false },
	{ "To", "a@b", ",someone@example.com", 1000, "", false, false },
};

START_TEST(folds)
{
	struct field f = field_of(cases[_i].name, cases[_i].head,
	    cases[_i].unit, cases[_i].n, cases[_i].tail);
	char *before = mem_dup(f.value);
	struct buf was, is;

	buf_init(&was, SIZE_MAX);
	buf_init(&is, SIZE_MAX);
	field_unfold(&was, &f);
	field_fold(&f);
	ck_assert_uint_eq(strlen(f.value), f.value_len);
	check_lines(&f);
	field_unfold(&is, &f);
	ck_assert(cases[_i].same == (strcmp(was.data, is.data) == 0));
	ck_assert(cases[_i].whole == (strcmp(before, f.value) == 0));
	free(before);
	/* and a second time nothing is left to do */
	before = mem_dup(f.value);
	field_fold(&f);
	ck_assert_str_eq(f.value, before);
	free(before);
	buf_clear(&was);
	buf_clear(&is);
	field_clear(&f);
}
END_TEST

START_TEST(breaks_before_blanks)
{
	struct field f = field_of("Subject", " ", "twelve  octets ", 70, "");

	field_fold(&f);
	ck_assert_int_eq(strncmp(f.value,
			     " twelve  octets twelve  octets twelve  octets "
			     "twelve  octets twelve\r\n  octets",
			     77),
	    0);
	field_clear(&f);
}
END_TEST

/* The longest name leaves no room on its line. */
START_TEST(knows_long_names)
{
	char name[FIELD_MAX_NAME + 1];
	struct field f;

	memset(name, 'n', FIELD_MAX_NAME);
	name[FIELD_MAX_NAME] = '\0';
	f = field_of(name, "", "a", 2000, "");
	field_fold(&f);
	check_lines(&f);
	ck_assert_int_eq(strncmp(f.value, "\r\n a", 4), 0);
	field_clear(&f);
	f = field_of(name, " ", "a", 1, "");
	field_fold(&f);
	ck_assert_str_eq(f.value, "\r\n a");
	field_clear(&f);
}
END_TEST

/* What must not be cut: n times unit, where a cut may be behind mark only. */
static const struct {
	const char *head, *unit, *mark;
} wholes[] = {
	{ "", "\xc3\xb6", "\xb6" },
	{ "a", "\xc3\xb6", "\xb6" },
	{ "aa", "\xf0\x9f\x93\xa7", "\xa7" },
	{ "", "\\\\", "\\" },
	{ "a", "\\,", "," },
	{ "a", "\\\xc3\xb6", "\xb6" },
	{ "", "=?utf-8?q?some_word?=", "=" },
	{ "", "some.one@example.com,", "," },
	{ "", "\"some,one\"@example.com,", "," },
	{ "", "<1.2.3@example.com>", ">" },
	{ "", "(a,b)some.one@example.com;", ";" },
};

START_TEST(keeps_whole)
{
	const char *unit = wholes[_i].unit;
	size_t n = strlen(unit);
	struct field f = field_of("To", wholes[_i].head, unit, 3000, "");
	const char *at = f.value;
	const char *cr;
	size_t cuts = 0;

	field_fold(&f);
	check_lines(&f);
	at = f.value + strspn(f.value, "\r\n ") + strlen(wholes[_i].head);
	while ((cr = strchr(at, '\r')) != NULL) {
		ck_assert_uint_eq((size_t)(cr - at) % n, 0);
		ck_assert_int_eq(cr[-1], wholes[_i].mark[0]);
		at = cr + 3;
		cuts++;
	}
	ck_assert_uint_ge(cuts, 3000 * n / 998);
	ck_assert_uint_le(cuts, 3000 * n / 900 + 1);
	field_clear(&f);
}
END_TEST

static const char *const heavy[] = { " ", "a", ",", "\\", "\"", "(", ")", "=?",
	"=?a?q?", "=?a?q?a", "\x80", "\xc3", "a ", "\r\n ", "\t\r\n\t", " \"",
	"=?aaaaaaaaaaaaaaaaaa" };

START_TEST(is_fast)
{
	size_t n = 2 * 1024 * 1024 / strlen(heavy[_i]);
	struct field f = field_of("Subject", " x", heavy[_i], n, "");
	clock_t begun = clock();

	field_fold(&f);
	ck_assert_msg(clock() - begun < 8 * CLOCKS_PER_SEC, "%s", heavy[_i]);
	check_lines(&f);
	field_clear(&f);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, folds, 0, N(cases));
	tcase_add_test(tc, breaks_before_blanks);
	tcase_add_test(tc, knows_long_names);
	tcase_add_loop_test(tc, keeps_whole, 0, N(wholes));
	tcase_add_loop_test(tc, is_fast, 0, N(heavy));
}

int
main(void)
{
	return unit_main("field_fold", add);
}
